"""Questions whose answers are recorded: asked of both servers by the cases, of the real one alone to record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.contract.client import TABLE, Answer, Api, Object
from tests.contract.objects import container
from tests.contract.space import CLUSTER_WIDE, PREFIX, Space, good

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "recorded"
_KINDS = {
    "ingresses": "Ingress", "networkpolicies": "NetworkPolicy", "priorityclasses": "PriorityClass",
    "storageclasses": "StorageClass", "ingressclasses": "IngressClass", "runtimeclasses": "RuntimeClass",
    "endpoints": "Endpoints", "validatingadmissionpolicies": "ValidatingAdmissionPolicy", "ipaddresses": "IPAddress",
    "csistoragecapacities": "CSIStorageCapacity", "volumeattributesclasses": "VolumeAttributesClass",
    "deviceclasses": "DeviceClass",
}  # fmt: skip
_WORDS = (
    "ConfigMap Secret Service ServiceAccount Pod PodTemplate ReplicationController ResourceQuota LimitRange Node "
    "Namespace PersistentVolume PersistentVolumeClaim Event Deployment ReplicaSet StatefulSet DaemonSet Job CronJob "
    "HorizontalPodAutoscaler PodDisruptionBudget EndpointSlice Role RoleBinding ClusterRole ClusterRoleBinding "
    "CSIDriver VolumeAttachment Lease CustomResourceDefinition ValidatingWebhookConfiguration "
    "MutatingWebhookConfiguration CertificateSigningRequest ValidatingAdmissionPolicyBinding ControllerRevision "
    "CSINode ResourceClaim ResourceClaimTemplate ResourceSlice FlowSchema PriorityLevelConfiguration APIService"
)
KIND_OF = {f"{word.lower()}s": word for word in _WORDS.split()} | _KINDS
UNLIKE = {"Age", "Created", "Created At", "Last Schedule", "First Seen", "Last Seen", "Requestor"}
"""Columns whose cells differ from run to run."""
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GROUP = re.compile(r'("|tests\.|v1\.)N\.')
"""The namespace's word as the first of a group's, such as ``tests.N.example.com``."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def recorded(name: str) -> dict[str, Any]:
    """Return what the real server answered, by case."""
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


def load_cases(name: str) -> dict[str, Object]:
    """Return the cases of a YAML file by their names."""
    cases = [case for case in yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text()) if case]
    return {case["case"]: case for case in cases}


def complete(case: Object, space: Space) -> Object:
    """Return a case's object with its kind, a name, and the words that stand for the case's namespace."""
    plural = case["of"]
    name = f"{space.name}x" if plural in CLUSTER_WIDE else case["case"]
    obj: Object = json.loads(json.dumps(case.get("object") or {}))
    if "pod" in case:
        obj["spec"] = {"schedulerName": "nobody", "containers": [container()], **case["pod"]}
    version = PREFIX[plural].removeprefix("/apis/").removeprefix("/api/")
    obj = {"apiVersion": version, "kind": KIND_OF[plural], **obj}
    obj.setdefault("metadata", {}).setdefault("name", name)
    text = json.dumps(obj).replace('"NS"', f'"{space.name}"').replace('"N"', f'"{name}"')
    completed: Object = json.loads(_GROUP.sub(rf"\g<1>{name}.", text))
    return completed


async def columns(api: Api, plural: str) -> list[list[Any]]:
    """Return name, type, format and priority of a kind's columns."""
    table = await api.read(PREFIX[plural] + "/" + plural, accept=TABLE, limit="1")
    return [[c["name"], c["type"], c["format"], c["priority"]] for c in table["columnDefinitions"]]


async def cells(space: Space, case: Object) -> dict[str, Any]:
    """Return the row a server makes of a case's object, by column; nothing of it is kept."""
    plural, obj = case["of"], complete(case, space)
    if "status" in case:
        made = await space.create(plural, obj)
        name = made["metadata"]["name"]
        body = {"status": case["status"]}
        path = space.path(plural, name, "status")
        answer = await space.api.send(
            "PATCH", path, body, content="application/merge-patch+json", accept=TABLE, dryRun="All"
        )
        await space.delete(plural, name)
    else:
        answer = await space.api.send("POST", space.path(plural), obj, accept=TABLE, dryRun="All")
    table = good(answer)
    [row] = table["rows"]
    names = [column["name"] for column in table["columnDefinitions"]]
    return {name: _plain(cell, space) for name, cell in zip(names, row["cells"], strict=False) if name not in UNLIKE}


def _plain(cell: Any, space: Space) -> Any:
    return _UID.sub("UID", cell.replace(space.name, "NAME")) if isinstance(cell, str) else cell


def verdict(answer: Answer) -> list[Any]:
    """Return what a refusal says to a machine: status, reason, causes."""
    if answer.status < 400:
        return [answer.status]
    return [answer.status, answer.reason, sorted(map(list, answer.causes))]


async def refusal(space: Space, case: Object) -> list[Any]:
    """Return how a server refuses a case's object, or what is done to it afterwards."""
    plural, obj = case["of"], complete(case, space)
    if "change" not in case:
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        return verdict(await space.try_create(plural, obj, **query))
    made = await space.create(plural, obj)
    return verdict(await space.try_patch(plural, made["metadata"]["name"], case["change"], dryRun="All"))


async def completed(space: Space, case: Object) -> Object:
    """Return what a server makes of a case's object, without what differs from run to run."""
    made = good(await space.try_create(case["of"], complete(case, space), dryRun="All"))
    for field in ("uid", "creationTimestamp", "resourceVersion", "managedFields", "namespace", "name"):
        made["metadata"].pop(field, None)
    text = json.dumps(made).replace(space.name, "NAME")
    text = re.sub(r"kube-api-access-\w{5}", "kube-api-access", text)
    text = re.sub(r'"(clusterIP|clusterIPs|nodePort)": (\[[^]]*\]|"[\d.]+"|\d+)', r'"\1": "some"', text)
    plain: Object = json.loads(_TIME.sub("TIME", _UID.sub("UID", text)))
    return plain
