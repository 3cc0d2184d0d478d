"""Before something that is used by name is deleted, it is said who uses it."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.model import NoticeKind
from k9py.core.errors import Forbidden
from tests.changes.conftest import NS, Lab, Object, config_map, deployment, secret


def _using(name: str, **spec: Any) -> Object:
    """Return a Deployment whose pods have more in their spec."""
    made = deployment(name)
    made["spec"]["template"]["spec"] |= spec
    return made


def _pod(name: str, spec: Object, *, owner: Object | None = None, phase: str = "Running") -> Object:
    metadata: Object = {"name": name, "namespace": NS}
    if owner is not None:
        made_by = owner["metadata"]
        reference = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": made_by["name"], "uid": made_by["uid"]}
        metadata["ownerReferences"] = [{**reference, "controller": True}]
        metadata["labels"] = {"pod-template-hash": made_by["name"].rpartition("-")[2]}
    whole = {"containers": [{"name": "main", "image": "web:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole, "status": {"phase": phase}}


def _owner(lab: Lab, kind_id: str, kind: str, name: str) -> Object:
    """Make a workload that owns pods, as the store keeps none whose owner is not there."""
    lab.store.create(kind_id, {**deployment(name), "kind": kind})
    return {**lab.live(kind_id, name), "kind": kind}


def _claim(name: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": name, "namespace": NS}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _account(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NS}}


FROM_MAP: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}
FROM_CLAIM: dict[str, Any] = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}


async def _in_use(lab: Lab, *objects: Object) -> list[str]:
    plan = await lab.gate.plan([edits.delete(obj) for obj in objects])
    return [one.text for change in plan.changes for one in change.notices if one.kind is NoticeKind.IN_USE]


async def test_the_workload_that_mounts_a_config_map_is_named_with_its_pods(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    lab.store.create("deployments.apps", _using("web", **FROM_MAP))
    lab.store.create("deployments.apps", deployment("other"))
    owner = _owner(lab, "replicasets.apps", "ReplicaSet", "web-59f")
    for name in ("web-59f-a", "web-59f-b"):
        lab.store.create("pods", _pod(name, FROM_MAP, owner=owner))
    assert await _in_use(lab, config_map("settings")) == [
        "Deployment web (2 pods): pods that run go on, new ones may not start"
    ]


async def test_a_pod_that_runs_with_what_its_workload_names_no_more_still_counts(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    lab.store.create("deployments.apps", deployment("web"))
    owner = _owner(lab, "replicasets.apps", "ReplicaSet", "web-1a")
    lab.store.create("pods", _pod("web-1a-x", FROM_MAP, owner=owner))
    assert [text.partition(":")[0] for text in await _in_use(lab, config_map("settings"))] == ["Deployment web (1 pod)"]


async def test_a_pod_that_ended_uses_nothing_any_more(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    lab.store.create("pods", _pod("done", FROM_MAP, phase="Succeeded"))
    assert await _in_use(lab, config_map("settings")) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": [{"name": "m", "image": "i", "envFrom": [{"secretRef": {"name": "keys"}}]}]},
        {"containers": [{"name": "m", "image": "i", "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]}]},
        {"volumes": [{"name": "v", "secret": {"secretName": "keys"}}]},
        {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "keys"}}]}}]},
        {"imagePullSecrets": [{"name": "keys"}]},
    ],
    ids=["envFrom", "env", "volume", "projected", "pull"],
)  # fmt: skip
async def test_a_secret_is_found_wherever_a_pod_names_it(lab: Lab, spec: Object) -> None:
    lab.store.create("secrets", secret("keys", a="1"))
    lab.store.create("pods", _pod("one", spec))
    lab.store.create("pods", _pod("two", {}))
    assert [text.partition(":")[0] for text in await _in_use(lab, secret("keys"))] == ["Pod one"]


async def test_an_ingress_that_serves_a_certificate_is_named(lab: Lab) -> None:
    lab.store.create("secrets", secret("tls", a="1"))
    ingress = {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop", "namespace": NS},
        "spec": {"tls": [{"hosts": ["a.example"], "secretName": "tls"}]},
    }  # fmt: skip
    lab.store.create("ingresses.networking.k8s.io", ingress)
    assert await _in_use(lab, secret("tls")) == ["Ingress shop: it serves another certificate, or none"]


async def test_claims_and_service_accounts_say_what_comes_of_it(lab: Lab) -> None:
    lab.store.create("persistentvolumeclaims", _claim("data"))
    lab.store.create("serviceaccounts", _account("robot"))
    owner = _owner(lab, "statefulsets.apps", "StatefulSet", "db")
    lab.store.create("pods", _pod("db-0", {"serviceAccountName": "robot", **FROM_CLAIM}, owner=owner))
    assert sorted(await _in_use(lab, _claim("data"), _account("robot"))) == [
        "StatefulSet db (1 pod): pods that run are refused by the API server, new ones are not made",
        "StatefulSet db (1 pod): pods that run keep it until they end, new ones wait for it",
    ]


async def test_who_is_deleted_together_with_it_does_not_count(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    lab.store.create("deployments.apps", _using("web", **FROM_MAP))
    owner = _owner(lab, "replicasets.apps", "ReplicaSet", "web-59f")
    lab.store.create("pods", _pod("web-59f-a", FROM_MAP, owner=owner))
    assert await _in_use(lab, _using("web", **FROM_MAP), config_map("settings")) == []


async def test_a_workload_written_from_here_is_known_at_once(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    assert await _in_use(lab, config_map("settings")) == []
    await lab.write(edits.apply(_using("web", **FROM_MAP)))
    assert len(await _in_use(lab, config_map("settings"))) == 1


async def test_what_may_not_be_read_is_said_and_stops_nothing(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("settings"))
    refused = Forbidden("pods is forbidden", status=403, reason="Forbidden")
    lab.network.lose_requests(refused, lambda sent: sent.method == "GET" and sent.path.endswith("/pods"))
    change = (await lab.gate.plan([edits.delete(config_map("settings"))])).changes[0]
    assert change.ready
    assert [one.text for one in change.notices] == ["whether any of the pods use it could not be read"]


async def test_nothing_is_looked_up_for_what_nobody_names(lab: Lab) -> None:
    lab.store.create("deployments.apps", deployment("web", replicas=0))
    await lab.gate.plan([edits.delete(deployment("web"))])
    assert not [sent for sent in lab.network.log if sent.path.endswith("/ingresses")]
