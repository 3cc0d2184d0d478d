"""Before something is deleted it is said what goes with it and who has to agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k9py.changes import edits
from k9py.changes.model import DeleteOptions, Effect, NoticeKind, State
from k9py.core.errors import NotFound
from k9py.ui.changing.reviewtext import undo_sentence
from tests.changes.conftest import NS, Lab, Object, config_map, deployment, namespace


def _owned(kind: str, name: str, owner: Object, api_version: str = "apps/v1", **labels: str) -> Object:
    reference = {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": True,
    }  # fmt: skip
    metadata = {"name": name, "namespace": NS, "labels": labels, "ownerReferences": [reference]}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


async def test_what_a_deployment_made_goes_with_it(lab: Lab) -> None:
    lab.store.create("deployments.apps", deployment("web", replicas=2))
    live = {**lab.live("deployments.apps", "web"), "apiVersion": "apps/v1", "kind": "Deployment"}
    lab.store.create("replicasets.apps", _owned("ReplicaSet", "web-1", live, app="web"))
    made = {**lab.live("replicasets.apps", "web-1"), "apiVersion": "apps/v1", "kind": "ReplicaSet"}
    spec = live["spec"]["template"]["spec"]
    for name in ("web-1-a", "web-1-b"):
        lab.store.create("pods", {**_owned("Pod", name, made, "v1", app="web"), "spec": spec})
    metadata = {"name": "other", "namespace": NS, "labels": {"app": "web"}}
    lab.store.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    change = (await lab.gate.plan([edits.delete(live)])).changes[0]
    assert change.effect is Effect.DELETES
    assert [notice.text for notice in change.notices if notice.kind is NoticeKind.GOES_TOO] == [
        "1 ReplicaSet: web-1", "2 pods: web-1-a, web-1-b",
    ]  # fmt: skip


def _bound_claim(lab: Lab, policy: str) -> Object:
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"},
              "persistentVolumeReclaimPolicy": policy}  # fmt: skip
    lab.store.create("persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume",
                                           "metadata": {"name": "v"}, "spec": volume})  # fmt: skip
    claim: Object = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": NS}}
    claim["spec"] = {"accessModes": ["ReadWriteOnce"], "volumeName": "v",
                     "resources": {"requests": {"storage": "1Gi"}}}  # fmt: skip
    lab.store.create("persistentvolumeclaims", claim)
    return claim


@pytest.mark.parametrize(
    ("policy", "kind", "told"),
    [
        ("Delete", NoticeKind.LOST, "volume v and its data: its reclaim policy is Delete"),
        ("Retain", NoticeKind.ADVICE, "volume v keeps its data, and no other claim gets it: Retain"),
    ],
)
async def test_what_becomes_of_the_data_of_a_claim_is_what_its_volume_says(
    lab: Lab, policy: str, kind: NoticeKind, told: str
) -> None:
    change = (await lab.gate.plan([edits.delete(_bound_claim(lab, policy))])).changes[0]
    assert [(notice.kind, notice.text) for notice in change.notices if "volume" in notice.text] == [(kind, told)]


async def test_orphans_are_not_told_to_go(lab: Lab) -> None:
    lab.store.create("deployments.apps", deployment("web"))
    wish = replace(edits.delete(deployment("web")), deletion=DeleteOptions("Orphan"))
    change = (await lab.gate.plan([wish])).changes[0]
    assert not [notice for notice in change.notices if notice.kind is NoticeKind.GOES_TOO]
    await lab.gate.carry_out(await lab.gate.plan([wish]), lab.yes)
    assert b'"Orphan"' in (lab.network.writes[-1].body or b"")


async def test_the_contents_of_a_namespace_are_counted(lab: Lab) -> None:
    for number in range(7):
        lab.store.create("configmaps", config_map(f"m{number}"))
    change = (await lab.gate.plan([edits.delete(namespace(NS))])).changes[0]
    texts = [notice.text for notice in change.notices]
    assert "7 configmaps: m0, m1, m2, m3, m4, …" in texts


async def test_finalizers_are_named(lab: Lab) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/guard"]
    lab.store.create("configmaps", held)
    change = (await lab.gate.plan([edits.delete(held)])).changes[0]
    assert "it stays until example.com/guard lets it go" in [notice.text for notice in change.notices]


@pytest.mark.parametrize(("policy", "is_lost"), [("Retain", False), ("Delete", True)])
async def test_what_a_volume_holds_is_called_lost_only_where_somebody_deletes_it(
    lab: Lab, policy: str, is_lost: bool
) -> None:
    disk = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/d"},
            "persistentVolumeReclaimPolicy": policy}  # fmt: skip
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": disk}
    lab.store.create("persistentvolumes", volume)
    plan = await lab.gate.plan([edits.delete(volume)])
    assert any(notice.kind is NoticeKind.LOST for notice in plan.changes[0].notices) is is_lost
    assert ("what the volume holds is not touched" in undo_sentence(plan)) is not is_lost


async def test_what_is_not_there_is_an_error_unless_it_may_be_gone(lab: Lab) -> None:
    change = (await lab.gate.plan([edits.delete(config_map("a"))])).changes[0]
    assert isinstance(change.troubles[0].error, NotFound)
    outcome = await lab.one(edits.delete(config_map("a"), may_be_gone=True))
    assert outcome.state is State.UNCHANGED


async def test_what_is_deleted_meanwhile_is_done(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("a"))
    plan = await lab.gate.plan([edits.delete(config_map("a"))])
    lab.network.before(lambda sent: sent.writes, lambda: lab.store.delete("configmaps", NS, "a"))
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert (outcome.state, outcome.text) == (State.WRITTEN, "it was gone already")


async def test_several_deletions_go_in_the_reverse_order_of_making(lab: Lab) -> None:
    objects = [namespace("old"), config_map("a"), deployment("web")]
    for kind, obj in zip(("namespaces", "configmaps", "deployments.apps"), objects, strict=True):
        lab.store.create(kind, obj)
    plan = await lab.gate.plan([edits.delete(obj) for obj in objects])
    assert [change.ref.kind for change in plan.changes] == ["Deployment", "ConfigMap", "Namespace"]
