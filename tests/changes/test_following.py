"""After the write: the board goes step by step, stops at the first that is blocked, and says why."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from k9py.changes import edits
from k9py.changes.advice import advice_for
from k9py.changes.board import read_board
from k9py.changes.follow import Follower
from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.leaving import read_deletion
from k9py.changes.model import Answer, PlannedChange, Question, Wish
from k9py.changes.standing import STAYS, STAYS_AGAIN, is_settled, probes_text
from k9py.changes.steps import Board, BoardState, Snapshot, StepState
from k9py.core.clock import ManualClock, SystemClock
from k9py.core.refs import ObjectRef
from k9py.core.tasks import TaskSet
from k9py.kube.aio import connect
from k9py.kube.discovery import Discovery
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.permissions import Permissions
from k9py.sim.simulation import Simulation
from k9py.sim.worlds.ground import node, storage_class
from k9py.sim.worlds.model import Step, World
from tests.changes.conftest import NS, Object, deployment, namespace

NOW = 1_700_000_000.0


class _WorldClock:
    """A sleep lets the simulated world go on by as much."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.advance(seconds)


class Living:
    """A gate on a cluster in which things happen."""

    def __init__(self, gate: Gate, follower: Follower, simulation: Simulation) -> None:
        self.gate = gate
        self.follower = follower
        self.simulation = simulation

    async def write(self, wish: Wish, *, limit: float = 120.0) -> list[Board]:
        """Write one wish and return its boards."""

        async def yes(question: Question) -> Answer:
            return Answer(go=True, typed=question.type_this)

        report = await self.gate.carry_out(await self.gate.plan([wish]), yes)
        return [board async for board in self.follower.follow(report.outcomes[0], limit=limit)]


@pytest.fixture
async def living(tmp_path: Path) -> AsyncIterator[Living]:
    manual = ManualClock()
    ground = [node("node-1", 1), node("node-2", 2), storage_class("standard", default=True), namespace(NS)]
    simulation = Simulation(World("lab", "two nodes", (Step("1h", ground),), rehearsal=60.0), clock=manual)
    simulation.replay()
    simulation.open()
    await simulation.server.start()
    await manual.advance(1.0)
    config = tmp_path / "kubeconfig"
    config.write_text(simulation.server.kubeconfig_text(), "utf-8")
    target = Kubeconfig.load([str(config)], dict(os.environ)).target()
    transport = await connect(target, clock=SystemClock())
    clock, tasks, ids = _WorldClock(manual), TaskSet(), itertools.count()
    discovery = Discovery(transport, server=target.server, clock=clock, cache_dir=None)
    await discovery.refresh()
    journal = Journal(tmp_path / "journal.jsonl", now=clock.now, new_id=lambda: f"id{next(ids)}")
    gate = Gate(
        transport, discovery, Permissions(transport, clock, tasks), clock=clock, journal=journal,
        policy=Policy("sim"), namespace=NS,
    )  # fmt: skip
    yield Living(gate, Follower(transport, discovery, clock=clock), simulation)
    await tasks.close()
    await transport.close()
    await simulation.server.close()


def _states(board: Board) -> dict[str, str]:
    return {step.id: step.state.value for step in board.steps}


async def test_a_deployment_is_followed_until_its_pods_are_ready(living: Living) -> None:
    boards = await living.write(edits.apply(deployment("web", "nginx:1.27", replicas=2)))
    assert boards[-1].state is BoardState.CONVERGED, boards[-1]
    assert set(_states(boards[-1]).values()) == {"done"}
    assert list(_states(boards[-1])) == [
        "applied", "replicaset", "pods", "scheduled", "pulled", "started", "ready", "retired",
    ]  # fmt: skip
    assert boards[0].state is BoardState.RUNNING


async def test_an_image_that_is_not_there_stops_the_board_at_the_pull(living: Living) -> None:
    boards = await living.write(edits.apply(deployment("web", "registry.example/missing:1")))
    blocked = boards[-1].blocked
    assert blocked is not None
    assert (blocked.id, "registry.example/missing:1" in blocked.text) == ("pulled", True)
    assert blocked.evidence
    assert _states(boards[-1])["scheduled"] == "done"
    assert _states(boards[-1])["ready"] == "waiting"


async def test_a_pod_no_node_fits_stops_the_board_at_the_scheduler(living: Living) -> None:
    big = deployment("web")
    resources = {"requests": {"cpu": "500"}}
    big["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    boards = await living.write(edits.apply(big))
    blocked = boards[-1].blocked
    assert blocked is not None
    assert blocked.id == "scheduled"
    assert "nodes are available" in blocked.evidence[0]


async def test_a_container_that_ends_right_after_its_start_is_not_taken_for_a_success(living: Living) -> None:
    boards = await living.write(edits.apply(deployment("web", "registry.example/crash:1")))
    blocked = boards[-1].blocked
    assert blocked is not None, boards[-1]
    assert blocked.id == "started"
    assert "ends again and again" in blocked.text or "exit code" in blocked.text


async def test_a_scale_that_somebody_overrules_is_told(living: Living) -> None:
    await living.write(edits.apply(deployment("web", "nginx:1.27")))
    boards = await living.write(edits.scale({**deployment("web")}, 2))
    assert boards[-1].state is BoardState.CONVERGED
    web = _service("web") | {"kind": "Deployment", "spec": {"replicas": 3}}
    board = read_board("deployment.apps/web", Snapshot(web, NOW), uid="web", generation=0, replicas=2)
    assert board.state is BoardState.SUPERSEDED
    assert board.steps[-1].text == "somebody set 3 replicas since, not 2"


async def test_pods_without_a_probe_have_to_stay_and_those_with_one_are_believed() -> None:
    started = datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    main: Object = {"name": "main", "image": "web:1"}
    pod: Object = {
        "spec": {"containers": [main]},
        "status": {"containerStatuses": [{"name": "main", "state": {"running": {"startedAt": started}}}]},
    }
    assert [is_settled([pod], NOW + after) for after in (0, STAYS)] == [False, True]
    pod["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"exitCode": 1}}
    assert [is_settled([pod], NOW + after) for after in (STAYS, STAYS_AGAIN)] == [False, True]
    main["readinessProbe"] = {"httpGet": {"path": "/health", "port": 8080}}
    assert is_settled([pod], NOW)
    assert probes_text([pod, pod]) == "GET /health on 8080"


def _service(name: str, **spec: Any) -> Object:
    meta = {"name": name, "uid": name}
    return {"kind": "Service", "metadata": meta, "spec": {"selector": {"app": name}, **spec}, "status": {}}


def _slice(name: str) -> Object:
    return {
        "metadata": {"labels": {"kubernetes.io/service-name": name}},
        "endpoints": [{"conditions": {"ready": True}}],
    }


def _answering(**container: Any) -> Object:
    spec = {"containers": [{"name": "main", **container}]}
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": "p", "labels": {"app": "web"}}, "spec": spec, "status": status}


def test_a_service_says_who_asks_its_pods_whether_they_answer() -> None:
    probe = {"readinessProbe": {"tcpSocket": {"port": "http"}}}
    for container, state in ((probe, StepState.DONE), ({}, StepState.SKIPPED)):
        snapshot = Snapshot(_service("web"), NOW, pods=[_answering(**container)], slices=[_slice("web")])
        board = read_board("service/web", snapshot, uid="web", generation=0)
        assert (board.steps[-1].id, board.steps[-1].state) == ("answering", state)
        assert board.state is BoardState.CONVERGED


def test_an_ingress_is_blocked_by_a_service_that_is_not_there() -> None:
    paths = [{"backend": {"service": {"name": name}}} for name in ("web", "api")]
    rules = [{"http": {"paths": paths}}]
    ingress: Object = {"kind": "Ingress", "metadata": {"uid": "i"}, "spec": {"rules": rules}}
    there = [_service("web")]
    snapshot = Snapshot(ingress, NOW, pods=[_answering()], services=there, slices=[_slice("web")])
    board = read_board("ingress/i", snapshot, uid="i", generation=0)
    assert board.blocked is not None
    assert board.blocked.evidence == ("there is no Service api",)
    paths.pop()
    ingress["status"] = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    board = read_board("ingress/i", snapshot, uid="i", generation=0)
    assert board.state is BoardState.CONVERGED
    assert board.steps[-1].text == "reached at 10.0.0.1"


async def test_a_deletion_is_followed_until_it_is_gone(living: Living) -> None:
    await living.write(edits.apply(deployment("web")))
    boards = await living.write(edits.delete(deployment("web")))
    assert boards[-1].state is BoardState.CONVERGED
    assert _states(boards[-1]) == {"applied": "done", "gone": "done"}


async def test_nothing_is_followed_that_was_not_written(living: Living) -> None:
    await living.write(edits.apply(deployment("web")))
    assert await living.write(edits.apply(deployment("web"))) == []


# boards from recorded moments


def _deployment(**status: Any) -> Object:
    metadata = {"name": "web", "namespace": NS, "uid": "d1", "generation": 1,
                "annotations": {"deployment.kubernetes.io/revision": "1"}}  # fmt: skip
    return {**deployment("web"), "metadata": metadata, "status": {"observedGeneration": 1, **status}}


def _owned(kind: str, name: str, uid: str, owner: str, **more: Any) -> Object:
    metadata = {
        "name": name, "uid": uid, "labels": {"app": "web"}, "ownerReferences": [{"uid": owner}],
        "annotations": {"deployment.kubernetes.io/revision": "1"},
    }  # fmt: skip
    return {"kind": kind, "metadata": metadata, **more}


REPLICASET = _owned("ReplicaSet", "web-1", "r1", "d1")


def _pod(**status: Any) -> Object:
    containers = [{"name": "main", "image": "web:1", **status.pop("container", {})}]
    return _owned("Pod", "web-1-a", "p1", "r1", spec={"nodeName": "n", "containers": containers}, status=status)


def _waiting(reason: str, message: str = "") -> list[Object]:
    return [{"name": "main", "state": {"waiting": {"reason": reason, "message": message}}}]


def _board(pod: Object | None, *events: Object, services: list[Object] | None = None, **more: Any) -> Board:
    pods = [pod] if pod is not None else []
    snapshot = Snapshot(
        more.pop("obj", _deployment()), NOW, [REPLICASET], pods, services or [], more.pop("slices", []), events
    )
    return read_board("deployment.apps/web", snapshot, uid="d1", generation=1)


def _event(uid: str, reason: str, message: str) -> Object:
    return {"type": "Warning", "reason": reason, "message": message, "involvedObject": {"uid": uid},
            "lastTimestamp": "2023-11-14T22:00:00Z"}  # fmt: skip


@pytest.mark.parametrize(
    ("pod", "step", "text"),
    [
        (_pod(containerStatuses=_waiting("InvalidImageName", "bad"), container={"image": "Not:Valid:x"}), "pulled",
         "the image name Not:Valid:x is not valid"),
        (_pod(containerStatuses=_waiting("ErrImagePull", "manifest unknown")), "pulled",
         "the image web:1 was not found"),
        (_pod(containerStatuses=_waiting("ImagePullBackOff", "401 Unauthorized")), "pulled",
         "the registry does not give out the image web:1: credentials are missing or wrong"),
        (_pod(containerStatuses=_waiting("ErrImagePull", "pull access denied, repository does not exist or")), "pulled",
         "the image web:1 does not exist, or its registry wants credentials"),
        (_pod(containerStatuses=_waiting("CreateContainerConfigError", 'configmap "x" not found')), "pulled",
         "container main of web-1-a lacks something it refers to"),
        (_pod(containerStatuses=[{"name": "main", "imageID": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                                  "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]), "started",
         "container main of web-1-a ends again and again: it used more memory than its limit (OOMKilled)"),
        (_pod(containerStatuses=[{"name": "main", "imageID": "i", "ready": False,
                                  "state": {"running": {"startedAt": "2023-11-14T22:00:00Z"}}}],
              container={"readinessProbe": {"periodSeconds": 5}}), "ready",
         "container main of web-1-a runs for 800 s and is not ready: its readiness probe fails"),
    ],
)  # fmt: skip
def test_a_pod_that_does_not_go_on_is_explained(pod: Object, step: str, text: str) -> None:
    event = _event("p1", "Unhealthy", "Readiness probe failed: HTTP 500")
    board = _board(pod, event)
    assert board.blocked is not None
    assert (board.state, board.blocked.id, board.blocked.text) == (BoardState.BLOCKED, step, text)
    if step == "ready":
        assert board.blocked.evidence == ("Readiness probe failed: HTTP 500",)


def test_a_probe_that_still_has_time_blocks_nothing() -> None:
    started = [{"name": "main", "imageID": "i", "ready": False, "state": {"running": {"startedAt":
               "2023-11-14T22:13:10Z"}}}]  # fmt: skip
    board = _board(_pod(containerStatuses=started, container={"readinessProbe": {"initialDelaySeconds": 60}}))
    assert board.state is BoardState.RUNNING
    assert board.current is not None
    assert board.current.id == "ready"


def test_a_quota_that_forbids_pods_is_quoted() -> None:
    board = _board(None, _event("r1", "FailedCreate", "exceeded quota: small"))
    assert board.blocked is not None
    assert (board.blocked.id, board.blocked.evidence) == ("pods", ("exceeded quota: small",))


def test_a_quota_that_forbids_the_last_pods_blocks_once_no_old_pod_could_make_room() -> None:
    failing = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    for old, blocked in ((0, True), (1, False)):
        obj = _deployment(replicas=1 + old, conditions=[failing])
        obj["spec"]["replicas"] = 2
        board = _board(_pod(), obj=obj)
        assert (board.blocked is not None) is blocked
        step = next(one for one in board.steps if one.id == "pods")
        assert step.evidence == ("exceeded quota: small",)


def test_a_service_that_selects_no_pod_says_so() -> None:
    spec = {"selector": {"app": "wbe"}}
    service: Object = {"kind": "Service", "metadata": {"name": "web", "uid": "s1"}, "spec": spec}
    board = read_board("service/web", Snapshot(service, NOW), uid="s1", generation=0)
    assert board.blocked is not None
    assert board.blocked.evidence == ("web selects app=wbe, and no pod has these labels",)


def test_endpoints_are_part_of_a_workload_with_a_service() -> None:
    ready = _pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    service: Object = {"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}}
    labels = {"kubernetes.io/service-name": "web"}
    ends: list[Object] = [{"metadata": {"labels": labels}, "endpoints": [{"conditions": {"ready": True}}]}]
    board = _board(ready, services=[service], slices=ends, obj=_deployment(replicas=1, updatedReplicas=1))
    assert board.state is BoardState.CONVERGED
    assert _states(board)["endpoints"] == "done"


def _service_board(*pods: Object, events: list[Object] | None = None) -> Board:
    service: Object = {
        "kind": "Service",
        "metadata": {"name": "web", "uid": "s1"},
        "spec": {"selector": {"app": "web"}},
    }
    return read_board("service/web", Snapshot(service, NOW, pods=pods, events=events or []), uid="s1", generation=0)


def test_a_service_whose_pods_are_still_starting_is_on_its_way_and_not_blocked() -> None:
    started = [{"name": "main", "imageID": "i", "ready": False, "state": {"running": {"startedAt":
               "2023-11-14T22:13:10Z"}}}]  # fmt: skip
    board = _service_board(_pod(containerStatuses=started, container={"readinessProbe": {"initialDelaySeconds": 5}}))
    assert board.state is BoardState.RUNNING
    assert board.current is not None
    assert (board.current.text, board.current.evidence) == ("web has 0 ready addresses", ("its pod is not ready yet",))


def test_a_service_whose_pod_cannot_start_names_the_pod_and_the_reason() -> None:
    blocked = _service_board(_pod(containerStatuses=_waiting("ErrImagePull", "manifest unknown"))).blocked
    assert blocked is not None
    assert (blocked.pod, blocked.container, blocked.evidence) == ("web-1-a", "main", ("the image web:1 was not found",))


def test_addresses_of_a_workload_wait_for_its_pods() -> None:
    service: Object = {"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}}
    board = _board(_pod(phase="Pending"), services=[service])
    assert (board.state, _states(board)["endpoints"]) == (BoardState.RUNNING, "waiting")


@pytest.mark.parametrize(
    ("message", "age", "state"),
    [("no metrics returned", 30, BoardState.RUNNING), ("no metrics returned", 200, BoardState.BLOCKED),
     ("missing request for cpu in container web", 30, BoardState.BLOCKED)],
)  # fmt: skip
def test_an_autoscaler_whose_pods_are_not_measured_yet_is_given_time(message: str, age: int, state: BoardState) -> None:
    made = datetime.fromtimestamp(NOW - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    failing = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": message}
    scaler: Object = {
        "kind": "HorizontalPodAutoscaler", "metadata": {"uid": "h1", "creationTimestamp": made},
        "status": {"conditions": [failing]},
    }  # fmt: skip
    board = read_board("hpa/web", Snapshot(scaler, NOW), uid="h1", generation=0)
    assert board.state is state
    assert board.steps[-1].evidence == (message,)


def test_replicas_set_by_an_autoscaler_right_after_the_write_do_not_supersede_it() -> None:
    newer = _deployment(replicas=1)
    written = {**newer["spec"], "replicas": 1}
    newer["metadata"]["generation"] = 2
    newer["status"]["observedGeneration"] = 2
    newer["spec"] = {**newer["spec"], "replicas": 2}
    snapshot = Snapshot(newer, NOW, [REPLICASET], [_pod(phase="Pending")])
    board = read_board("deployment.apps/web", snapshot, uid="d1", generation=1, spec=written)
    assert board.state is BoardState.RUNNING
    assert "set to 2 by something else" in board.steps[1].text
    other = read_board("deployment.apps/web", snapshot, uid="d1", generation=1, spec={**written, "paused": False})
    assert other.state is BoardState.SUPERSEDED


def test_somebody_who_changes_it_again_supersedes_the_board() -> None:
    newer = _deployment()
    newer["metadata"]["generation"] = 2
    assert _board(None, obj=newer).state is BoardState.SUPERSEDED


def test_an_object_that_went_away_is_gone() -> None:
    other = _deployment()
    other["metadata"]["uid"] = "another"
    assert _board(None, obj=other).state is BoardState.GONE


def test_a_deletion_names_the_finalizers_it_waits_for() -> None:
    held: Object = {"kind": "ConfigMap", "metadata": {"uid": "c1", "finalizers": ["example.com/guard"]}}
    board = read_deletion("configmap/a", Snapshot(held, NOW), uid="c1")
    assert board.blocked is not None
    assert board.blocked.text == "waits for example.com/guard"
    assert board.blocked.state is StepState.BLOCKED
    assert board.blocked.evidence == ("example.com/guard: until the controller of example.com takes it out",)


def test_what_a_deletion_waits_for_comes_with_a_way_out_and_with_the_cost_of_force() -> None:
    held: Object = {"kind": "PersistentVolumeClaim",
                    "metadata": {"uid": "c1", "finalizers": ["kubernetes.io/pvc-protection"]}}  # fmt: skip
    step = read_deletion("persistentvolumeclaim/a", Snapshot(held, NOW), uid="c1").blocked
    assert step is not None
    change = PlannedChange(edits.delete(held), ObjectRef("PersistentVolumeClaim", NS, "a", "v1"))
    todo, by_hand = (one.text for one in advice_for(change, step))
    assert todo == "end the pods that use it"
    assert by_hand.endswith("it goes at once, but pods lose a volume they are writing to")


async def test_what_is_blocked_is_followed_on_while_somebody_looks(living: Living) -> None:
    boards: list[Board] = []

    async def yes(question: Question) -> Answer:
        return Answer(go=True, typed=question.type_this)

    plan = await living.gate.plan([edits.apply(deployment("web", "registry.example/missing:1"))])
    report = await living.gate.carry_out(plan, yes)
    mended = False
    async for board in living.follower.follow(report.outcomes[0], limit=120.0, stays=lambda: True):
        boards.append(board)
        if board.blocked is not None and not mended:
            mended = True
            await living.gate.carry_out(await living.gate.plan([edits.apply(deployment("web", "nginx:1.27"))]), yes)
    assert mended
    assert boards[-1].state is BoardState.SUPERSEDED


@pytest.mark.parametrize(
    ("binding", "state"), [("Immediate", BoardState.RUNNING), ("WaitForFirstConsumer", BoardState.CONVERGED)]
)
def test_a_claim_is_followed_to_its_volume_where_one_is_made_at_once(binding: str, state: BoardState) -> None:
    claim: Object = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c1"}, "spec": {},
                     "status": {"phase": "Pending"}}  # fmt: skip
    kind: Object = {"metadata": {"name": "fast"}, "provisioner": "example.com/fast", "volumeBindingMode": binding}
    board = read_board("persistentvolumeclaim/data", Snapshot(claim, NOW, storage_class=kind), uid="c1", generation=0)
    assert board.state is state


def test_evidence_that_repeats_itself_in_more_words_is_told_once() -> None:
    said = "rpc error: not found"
    events = [_event("p1", "Failed", f'Failed to pull image "web:1": {said}'), _event("p1", "Failed", "Error: it")]
    board = _board(_pod(containerStatuses=_waiting("ErrImagePull", said)), *events)
    assert board.blocked is not None
    assert board.blocked.evidence == (said, "Error: it")
