"""One case's own namespace, and the paths of everything that lives in it or beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.contract.client import APPLY, JSON_PATCH, MERGE, PATIENCE, STRATEGIC, Answer, Api, Object

GROUPS = {
    "/api/v1": "bindings configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims "
    "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services",
    "/apis/apps/v1": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "/apis/batch/v1": "cronjobs jobs",
    "/apis/autoscaling/v2": "horizontalpodautoscalers",
    "/apis/policy/v1": "poddisruptionbudgets",
    "/apis/networking.k8s.io/v1": "ingresses ingressclasses networkpolicies ipaddresses servicecidrs",
    "/apis/discovery.k8s.io/v1": "endpointslices",
    "/apis/rbac.authorization.k8s.io/v1": "roles rolebindings clusterroles clusterrolebindings",
    "/apis/storage.k8s.io/v1": "storageclasses volumeattachments csidrivers csinodes csistoragecapacities "
    "volumeattributesclasses",
    "/apis/scheduling.k8s.io/v1": "priorityclasses",
    "/apis/node.k8s.io/v1": "runtimeclasses",
    "/apis/coordination.k8s.io/v1": "leases",
    "/apis/admissionregistration.k8s.io/v1": "mutatingwebhookconfigurations validatingwebhookconfigurations "
    "validatingadmissionpolicies validatingadmissionpolicybindings",
    "/apis/apiextensions.k8s.io/v1": "customresourcedefinitions",
    "/apis/apiregistration.k8s.io/v1": "apiservices",
    "/apis/certificates.k8s.io/v1": "certificatesigningrequests",
    "/apis/flowcontrol.apiserver.k8s.io/v1": "flowschemas prioritylevelconfigurations",
    "/apis/resource.k8s.io/v1": "resourceclaims resourceclaimtemplates resourceslices deviceclasses",
}
PREFIX = {plural: prefix for prefix, plurals in GROUPS.items() for plural in plurals.split()}
CLUSTER_WIDE = frozenset({
    "namespaces", "nodes", "persistentvolumes", "ingressclasses", "ipaddresses", "servicecidrs",
    "clusterroles", "clusterrolebindings", "storageclasses", "volumeattachments", "csidrivers", "csinodes",
    "volumeattributesclasses", "priorityclasses", "runtimeclasses", "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
    "customresourcedefinitions", "apiservices", "certificatesigningrequests", "flowschemas",
    "prioritylevelconfigurations", "resourceslices", "deviceclasses",
})  # fmt: skip
Condition = Callable[[Object], object]
Objects = list[Object]


def path_of(plural: str, namespace: str = "", name: str = "", sub: str = "") -> str:
    """Return the path of a collection, an object or what is behind its slash."""
    middle = f"/namespaces/{namespace}" if namespace and plural not in CLUSTER_WIDE else ""
    tail = "".join(f"/{part}" for part in (name, sub) if part)
    return f"{PREFIX[plural]}{middle}/{plural}{tail}"


class Space:
    """A namespace of a case's own."""

    def __init__(self, api: Api, name: str) -> None:
        self.api = api
        self.name = name

    def path(self, plural: str, name: str = "", sub: str = "") -> str:
        return path_of(plural, self.name, name, sub)

    # answers of any kind

    async def try_create(self, plural: str, obj: Object | bytes, **query: str) -> Answer:
        return await self.api.send("POST", self.path(plural), obj, **query)

    async def try_get(self, plural: str, name: str, sub: str = "", **query: str) -> Answer:
        return await self.api.get(self.path(plural, name, sub), **query)

    async def try_update(self, plural: str, name: str, obj: Object, sub: str = "", **query: str) -> Answer:
        return await self.api.send("PUT", self.path(plural, name, sub), obj, **query)

    async def try_patch(
        self, plural: str, name: str, body: Any, content: str = MERGE, sub: str = "", **query: str
    ) -> Answer:
        return await self.api.send("PATCH", self.path(plural, name, sub), body, content=content, **query)

    async def try_apply(self, plural: str, name: str, body: Object, manager: str = "a", **query: str) -> Answer:
        query = {"fieldManager": manager, **query}
        return await self.try_patch(plural, name, body, APPLY, **query)

    async def try_delete(self, plural: str, name: str, options: Object | None = None, **query: str) -> Answer:
        return await self.api.send("DELETE", self.path(plural, name), options, **query)

    # what must succeed, and its body

    async def create(self, plural: str, obj: Object, **query: str) -> Object:
        return good(await self.try_create(plural, obj, **query))

    async def get(self, plural: str, name: str, sub: str = "") -> Object:
        return good(await self.try_get(plural, name, sub))

    async def list(self, plural: str, **query: str) -> list[Object]:
        found: list[Object] = good(await self.api.get(self.path(plural), **query))["items"]
        return found

    async def update(self, plural: str, name: str, obj: Object, sub: str = "", **query: str) -> Object:
        return good(await self.try_update(plural, name, obj, sub, **query))

    async def merge(self, plural: str, name: str, body: Object, sub: str = "", **query: str) -> Object:
        return good(await self.try_patch(plural, name, body, MERGE, sub, **query))

    async def strategic(self, plural: str, name: str, body: Object, sub: str = "", **query: str) -> Object:
        return good(await self.try_patch(plural, name, body, STRATEGIC, sub, **query))

    async def json_patch(self, plural: str, name: str, *steps: Object, **query: str) -> Object:
        return good(await self.try_patch(plural, name, list(steps), JSON_PATCH, **query))

    async def apply(self, plural: str, name: str, body: Object, manager: str = "a", **query: str) -> Object:
        return good(await self.try_apply(plural, name, body, manager, **query))

    async def delete(self, plural: str, name: str, options: Object | None = None, **query: str) -> Object:
        return good(await self.try_delete(plural, name, options, **query))

    # conditions

    async def until(self, plural: str, name: str, holds: Condition, seconds: float = PATIENCE) -> Object:
        """Wait until a condition of one object holds and return the object."""
        chosen = f"metadata.name={name}"

        def look(objects: dict[str, Object]) -> Object | None:
            obj = objects.get(name)
            return obj if obj is not None and holds(obj) else None

        found: Object = await self._wait(plural, look, f"{plural}/{name}", seconds, fieldSelector=chosen)
        return found

    async def until_all(
        self, plural: str, holds: Callable[[Objects], object], seconds: float = PATIENCE, **query: str
    ) -> Objects:
        """Wait until a condition of all objects (that selectors choose) holds and return them, by name."""

        def look(objects: dict[str, Object]) -> Objects | None:
            listed = [objects[name] for name in sorted(objects)]
            return listed if holds(listed) else None

        found: Objects = await self._wait(plural, look, plural, seconds, **query)
        return found

    async def until_gone(self, plural: str, name: str, seconds: float = PATIENCE) -> None:
        """Wait until an object is no more."""
        chosen = f"metadata.name={name}"
        await self._wait(plural, lambda objects: not objects, f"{plural}/{name} gone", seconds, fieldSelector=chosen)

    async def _wait(
        self,
        plural: str,
        look: Callable[[dict[str, Object]], Any],
        what: str,
        seconds: float,
        **query: str,
    ) -> Any:
        listed = good(await self.api.get(self.path(plural), **query))
        objects = {item["metadata"]["name"]: item for item in listed["items"]}
        version = listed["metadata"]["resourceVersion"]
        found = look(objects)
        if found is not None and found is not False:
            return found
        try:
            async with (
                asyncio.timeout(seconds),
                self.api.watch(self.path(plural), resourceVersion=version, **query) as events,
            ):
                while True:
                    kind, obj = await events.next(seconds)
                    name = obj["metadata"]["name"]
                    objects.pop(name, None)
                    if kind != "DELETED":
                        objects[name] = obj
                    found = look(objects)
                    if found is not None and found is not False:
                        return found
        except TimeoutError:
            last = json.dumps([without_noise(obj) for obj in objects.values()])
            raise AssertionError(f"never came: {what}; last seen: {last[:4000]}") from None

    async def until_rolled_out(self, name: str, plural: str = "deployments") -> Object:
        """Wait until every replica of a workload is the newest and available."""
        return await self.until(plural, name, rolled_out)


async def furnished(space: Space) -> Space:
    """Wait for what every namespace gets, which would otherwise come into a case's watches, lists and quotas."""
    await space.until("serviceaccounts", "default", bool)
    await space.until("configmaps", "kube-root-ca.crt", bool)
    return space


def good(answer: Answer) -> Object:
    """Return the body of an answer that must be a success."""
    assert 200 <= answer.status < 300, f"{answer.status} {answer.content[:2000]!r}"
    body: Object = answer.body
    return body


def without_noise(obj: Object) -> Object:
    """Return an object without what only fills a failure's message."""
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def rolled_out(workload: Object) -> bool:
    """Say whether every replica of a Deployment or StatefulSet is the newest and available."""
    status = workload.get("status") or {}
    wanted = workload["spec"].get("replicas", 1)
    counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == workload["metadata"]["generation"] and counts == [wanted] * 3


def condition(obj: Object, kind: str) -> Object:
    """Return one condition of a status, empty when it is not there."""
    found = (obj.get("status") or {}).get("conditions") or []
    return next((item for item in found if item["type"] == kind), {})
