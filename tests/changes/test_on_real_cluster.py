"""The gate on a real control plane: where it differs from the simulated one, this is right."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.follow import Follower
from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.model import Answer, Choice, Outcome, Plan, Question, State, Wish
from k9py.changes.steps import Board, BoardState
from k9py.changes.surroundings import Surroundings
from k9py.changes.undo import undo_of
from k9py.changes.validating import ManifestValidator
from k9py.core.clock import SystemClock
from k9py.core.errors import NotFound
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.session import Session
from k9py.manifests.kinds import bundled
from tests.cluster import Cluster, ForeignCluster, available, shared_cluster

UNAVAILABLE = available()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(180),
]
PATIENCE = 90.0
"""Seconds a change is followed on a busy machine."""
Object = dict[str, Any]


@pytest.fixture(scope="module")
def cluster() -> Cluster | ForeignCluster:
    return shared_cluster()


class Real:
    """A gate on the real cluster, and a namespace of the test's own."""

    def __init__(self, session: Session, gate: Gate, namespace: str) -> None:
        self.session = session
        self.gate = gate
        self.namespace = namespace
        self.follower = Follower(session.transport, session.discovery, clock=session.clock)

    def thing(self, kind: str, name: str, api_version: str = "v1", **body: Any) -> Object:
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}

    def deployment(self, name: str, image: str, **spec: Any) -> Object:
        labels = {"app": name}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
        whole = {"selector": {"matchLabels": labels}, "template": pod, **spec}
        return self.thing("Deployment", name, "apps/v1", spec=whole)

    async def plan(self, *wishes: Wish) -> Plan:
        return await self.gate.plan(wishes)

    async def write(self, *wishes: Wish) -> list[Outcome]:
        async def yes(question: Question) -> Answer:
            return Answer(go=True, typed=question.type_this)

        return list((await self.gate.carry_out(await self.plan(*wishes), yes)).outcomes)

    async def get(self, word: str, name: str) -> Object:
        return await self.session.get(self.session.discovery.resolve(word), self.namespace, name)

    async def apply_as(self, manager: str, obj: Object, path: str) -> None:
        query = [("fieldManager", manager), ("force", "true")]
        headers = {"Content-Type": "application/apply-patch+yaml"}
        await self.session.transport.request("PATCH", path, query=query, headers=headers, body=json.dumps(obj).encode())

    async def last_board(self, outcome: Outcome) -> Board:
        boards = [board async for board in self.follower.follow(outcome, limit=PATIENCE)]
        return boards[-1]


@pytest.fixture
async def real(cluster: Cluster | ForeignCluster, tmp_path: Path) -> AsyncIterator[Real]:
    clock = SystemClock()
    target = Kubeconfig.load([str(cluster.kubeconfig)], dict(os.environ)).target()
    session = await Session.open(target, clock=clock)
    namespace = f"changes-{secrets.token_hex(4)}"
    journal = Journal(tmp_path / "journal.jsonl", now=clock.now, new_id=lambda: secrets.token_hex(4))
    validator = ManifestValidator(bundled, Surroundings(session.transport, session.discovery, clock))
    gate = Gate(
        session.transport, session.discovery, session.permissions, clock=clock, journal=journal,
        policy=Policy("real"), namespace=namespace, validator=validator,
    )  # fmt: skip
    lab = Real(session, gate, namespace)
    try:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await lab.write(edits.apply(space))
        yield lab
        await session.transport.request("DELETE", f"/api/v1/namespaces/{namespace}")
    finally:
        await session.close()


async def test_what_is_applied_is_ours_and_a_second_time_nothing(real: Real) -> None:
    manifest = real.thing("ConfigMap", "a", data={"x": "1"})
    first, second = [(await real.write(edits.apply(manifest)))[0] for _ in range(2)]
    assert (first.verb, second.verb) == ("created", "unchanged")
    entry = (await real.get("cm", "a"))["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("k9py", "Apply")


async def test_a_trial_of_a_deletion_deletes_nothing(real: Real) -> None:
    await real.write(edits.apply(real.deployment("web", "web:1", replicas=0)))
    before = await real.get("deploy", "web")
    plan = await real.plan(edits.delete(before))
    assert plan.ready
    assert (await real.get("deploy", "web"))["metadata"]["uid"] == before["metadata"]["uid"]
    assert "deletionTimestamp" not in (await real.get("deploy", "web"))["metadata"]
    await real.write(edits.delete(before))
    with pytest.raises(NotFound):
        await real.get("deploy", "web")


async def test_the_servers_conflict_is_read_field_by_field(real: Real) -> None:
    await real.write(edits.apply(real.deployment("web", "web:1", replicas=0)))
    path = f"/apis/apps/v1/namespaces/{real.namespace}/deployments/web"
    await real.apply_as("somebody", real.deployment("web", "theirs:9"), path)
    plan = await real.plan(edits.apply(real.deployment("web", "mine:2", replicas=0)))
    (conflict,) = plan.changes[0].conflicts
    assert conflict.field == "spec.template.spec.containers[main].image"
    assert (conflict.managers, conflict.mine, conflict.theirs) == (("somebody",), "mine:2", "theirs:9")
    (outcome,) = await real.write(edits.resolve_all(plan.changes[0], Choice.FORCE))
    assert outcome.state is State.WRITTEN
    image = (await real.get("deploy", "web"))["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "mine:2"


async def test_an_object_made_anew_is_not_written_to(real: Real) -> None:
    manifest = real.thing("ConfigMap", "a", data={"x": "1"})
    await real.write(edits.apply(manifest))
    apply = await real.plan(edits.apply({**manifest, "data": {"x": "2"}}))
    remove = await real.plan(edits.delete(manifest))
    path = f"/api/v1/namespaces/{real.namespace}/configmaps"
    await real.session.transport.request("DELETE", f"{path}/a")
    await real.session.transport.request("POST", path, body=json.dumps(manifest).encode())

    async def yes(_question: Question) -> Answer:
        return Answer(go=True)

    for plan in (apply, remove):
        (outcome,) = (await real.gate.carry_out(plan, yes)).outcomes
        assert outcome.state is State.FAILED
        assert "made anew meanwhile" in outcome.text
    assert (await real.get("cm", "a"))["data"] == {"x": "1"}


async def test_a_secret_the_server_refuses_is_explained_without_its_value(real: Real) -> None:
    wrong = real.thing("Secret", "s", stringData={"p": 123454321})
    plan = await real.plan(edits.apply(wrong))
    assert plan.changes[0].troubles
    assert "123454321" not in " ".join(str(trouble) for trouble in plan.changes[0].troubles)


async def test_a_namespace_a_kind_and_their_objects_come_in_one_plan(real: Real) -> None:
    group = f"{real.namespace}.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gizmos.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Gizmo", "plural": "gizmos", "singular": "gizmo"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    inner = f"{real.namespace}-inner"
    gizmo = {"apiVersion": f"{group}/v1", "kind": "Gizmo", "metadata": {"name": "g", "namespace": inner}, "size": 3}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inner}}
    outcomes = await real.write(edits.apply(gizmo), edits.apply(definition), edits.apply(space))
    try:
        assert [(one.change.ref.kind, one.verb) for one in outcomes] == [
            ("Namespace", "created"), ("CustomResourceDefinition", "created"), ("Gizmo", "created"),
        ]  # fmt: skip
    finally:
        await real.write(edits.delete(definition), edits.delete(space))


async def test_a_rollout_is_followed_to_its_end_and_to_its_obstacle(real: Real) -> None:
    service = real.thing("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    outcomes = await real.write(edits.apply(real.deployment("web", "web:1", replicas=2)), edits.apply(service))
    boards = await asyncio.gather(*map(real.last_board, outcomes))
    assert [board.state for board in boards] == [BoardState.CONVERGED] * 2, boards
    (outcome,) = await real.write(edits.apply(real.deployment("web", "missing:1", replicas=2)))
    blocked = (await real.last_board(outcome)).blocked
    assert blocked is not None
    assert (blocked.id, blocked.text) == ("pulled", "the image missing:1 was not found")


async def test_changes_are_taken_back(real: Real) -> None:
    journal = real.gate.journal
    await real.write(edits.apply(real.deployment("web", "web:1", replicas=0)))
    await real.write(edits.scale(await real.get("deploy", "web"), 1))
    await real.write(undo_of(journal, journal.entries()[-1]).wish)
    assert (await real.get("deploy", "web"))["spec"]["replicas"] == 0
    await real.write(edits.delete(await real.get("deploy", "web")))
    await real.write(undo_of(journal, journal.entries()[-1]).wish)
    assert (await real.get("deploy", "web"))["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"


async def test_deprecation_warnings_reach_the_plan(real: Real) -> None:
    endpoints = real.thing("Endpoints", "old", subsets=[])
    plan = await real.plan(edits.apply(endpoints))
    assert any("deprecated" in notice.text for notice in plan.changes[0].notices)
