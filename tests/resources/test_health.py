"""The one sentence about the selected row, and the action that follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.resources.actions import ACTIONS
from k9py.resources.model import Level, RowContext
from k9py.resources.registry import known
from tests.resources.objects import CONTEXT, NOW, RUNNING, at, pod, row_of, status

OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": at(240)}}
ERROR = {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": at(60)}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


PODS: list[tuple[str, dict[str, Any], Level, str, str]] = [
    ("a running pod", pod(status(ready=True, state=RUNNING)), Level.OK, "", ""),
    (
        "an OOMKilled container that waits",
        pod(status(state=waiting("CrashLoopBackOff"), lastState=OOM, restartCount=5)),
        Level.BAD,
        "container api keeps crashing: restarted 5 times, last OOMKilled 4m ago at its memory limit of 128Mi",
        "logs.previous",
    ),
    (
        "an OOMKilled container",
        pod(status(state=OOM, restartCount=1)),
        Level.BAD,
        "container api was OOMKilled 4m ago at its memory limit of 128Mi, restarted once",
        "logs.previous",
    ),
    (
        "a crash loop",
        pod(status(state=waiting("CrashLoopBackOff"), lastState=ERROR, restartCount=2)),
        Level.BAD,
        "container api keeps crashing: restarted 2 times, last exit code 1 60s ago",
        "logs.previous",
    ),
    (
        "a missing image",
        pod(status(state=waiting("ImagePullBackOff", "not found")), phase="Pending"),
        Level.BAD,
        "container api: its image was not found",
        "events",
    ),
    (
        "a missing config map",
        pod(status(state=waiting("CreateContainerConfigError", 'configmap "x" not found')), phase="Pending"),
        Level.BAD,
        'container api cannot be created: configmap "x" not found',
        "describe",
    ),
    (
        "an unschedulable pod",
        pod(
            phase="Pending",
            conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}],
        ),
        Level.BAD,
        "no node takes the pod: 0/3 nodes",
        "events",
    ),
    (
        "an evicted pod",
        pod(phase="Failed", reason="Evicted", message="low on memory"),
        Level.BAD,
        "evicted: low on memory",
        "events",
    ),
    (
        "a failing readiness probe",
        pod(status(state=RUNNING, started=True)),
        Level.WARN,
        "container api runs for 9m50s and its readiness probe has not passed",
        "events",
    ),
    (
        "a slow startup probe",
        pod(status(state=RUNNING, started=False)),
        Level.WARN,
        "container api runs for 9m50s and its startup probe has not passed",
        "events",
    ),
    (
        "a pod that came back an hour ago",
        pod(status(ready=True, state=RUNNING, lastState=OOM, restartCount=3)),
        Level.WARN,
        "container api restarted 3 times, last OOMKilled 4m ago at its memory limit of 128Mi",
        "logs.previous",
    ),
    ("a finished pod", pod(status(state={"terminated": {"exitCode": 0, "reason": "Completed"}}), phase="Succeeded"),
     Level.DONE, "", ""),
    ("a pod that starts too slowly", pod(status(state=waiting("ContainerCreating")), phase="Pending"), Level.WARN,
     "still ContainerCreating after 10m on node-1", "events"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("obj", "level", "sentence", "action"), [case[1:] for case in PODS], ids=[case[0] for case in PODS]
)
def test_a_pod_says_what_is_wrong_and_what_to_do(obj: dict[str, Any], level: Level, sentence: str, action: str) -> None:
    spec = known("pods")
    assert spec is not None
    health = spec.health(row_of("pods", obj), CONTEXT)
    assert (health.level, health.sentence, health.action) == (level, sentence, action)


def test_a_terminating_pod_is_busy_and_one_on_a_lost_node_is_bad() -> None:
    spec = known("pods")
    assert spec is not None
    going = pod(status(ready=True, state=RUNNING))
    going["metadata"]["deletionTimestamp"] = at(5)
    assert spec.health(row_of("pods", going), CONTEXT).level is Level.BUSY
    going["status"]["reason"] = "NodeLost"
    lost = spec.health(row_of("pods", going), CONTEXT)
    assert lost.level is Level.BAD
    assert lost.action == "go.node"


def deployment(ready: int, wanted: int = 3, **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "shop", "generation": 2},
        "spec": {"replicas": wanted, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"observedGeneration": 2, "replicas": wanted, "readyReplicas": ready, "availableReplicas": ready,
                   "updatedReplicas": wanted, **fields},
    }  # fmt: skip


STUCK = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
KINDS: list[tuple[str, dict[str, Any], Level, str]] = [
    ("deployments.apps", deployment(3), Level.OK, ""),
    ("deployments.apps", deployment(1), Level.WARN, "1 of 3 pods ready"),
    ("deployments.apps", deployment(0), Level.BAD, "no pod is ready: 3 desired"),
    ("deployments.apps", deployment(0, 0), Level.DONE, "scaled to zero"),
    ("deployments.apps", deployment(3, updatedReplicas=1), Level.BUSY, "rolling out: 1 of 3 updated"),
    ("deployments.apps", deployment(2, conditions=[STUCK]), Level.BAD, "the rollout is stuck: timed out"),
    ("deployments.apps", deployment(2, conditions=[QUOTA]), Level.BAD, "pods cannot be made: exceeded quota"),
    ("deployments.apps", deployment(3, observedGeneration=1), Level.BUSY,
     "the controller has not seen the newest change yet"),
    ("nodes", {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown",
     "message": "Kubelet stopped posting", "lastTransitionTime": at(300)}]}}, Level.BAD,
     "not ready for 5m: Kubelet stopped posting"),
    ("nodes", {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "True"},
     {"type": "MemoryPressure", "status": "True", "message": "low"}]}}, Level.BAD,
     "under pressure: MemoryPressure: low"),
    ("nodes", {"metadata": {"name": "n"}, "spec": {"unschedulable": True}, "status": {"conditions": [{"type": "Ready",
     "status": "True"}]}}, Level.WARN, "cordoned: takes no new pods"),
    ("persistentvolumeclaims", {"metadata": {"name": "c", "creationTimestamp": at(600)}, "spec": {"storageClassName":
     "fast"}, "status": {"phase": "Pending"}}, Level.BAD, "no volume for 10m of class fast"),
    ("persistentvolumeclaims", {"metadata": {"name": "c"}, "status": {"phase": "Bound"}}, Level.OK, ""),
    ("horizontalpodautoscalers.autoscaling", {"metadata": {"name": "h"}, "spec": {"maxReplicas": 5}, "status": {
     "conditions": [{"type": "ScalingActive", "status": "False", "message": "no metrics"}]}}, Level.BAD,
     "does not scale: no metrics"),
    ("horizontalpodautoscalers.autoscaling", {"metadata": {"name": "h"}, "spec": {"maxReplicas": 5}, "status": {
     "desiredReplicas": 5, "conditions": [{"type": "ScalingLimited", "status": "True", "message": "too many"}]}},
     Level.WARN, "at its maximum of 5 and wants more: too many"),
    ("jobs.batch", {"metadata": {"name": "j"}, "status": {"failed": 4, "conditions": [{"type": "Failed", "status":
     "True", "message": "limit reached", "lastTransitionTime": at(60)}]}}, Level.BAD, "failed 60s ago: limit reached"),
    ("resourcequotas", {"metadata": {"name": "q"}, "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}}}, Level.BAD,
     "used up, new objects are refused: pods 2 of 2"),
    ("resourcequotas", {"metadata": {"name": "q"}, "status": {"hard": {"pods": "20"}, "used": {"pods": "2"}}}, Level.OK,
     ""),
    ("poddisruptionbudgets.policy", {"metadata": {"name": "b"}, "status": {"expectedPods": 2, "currentHealthy": 2,
     "desiredHealthy": 2}}, Level.WARN, "no pod may be evicted, so draining a node would wait"),
    ("namespaces", {"metadata": {"name": "n"}, "status": {"phase": "Terminating", "conditions": [{"type": "X", "status":
     "True", "message": "3 pods left"}]}}, Level.WARN, "going away, but: 3 pods left"),
    ("events", {"metadata": {"name": "e"}, "type": "Warning", "reason": "BackOff", "message": "again", "count": 7,
     "lastTimestamp": at(10), "involvedObject": {"kind": "Pod", "name": "p"}}, Level.WARN, "pod/p, 7 times: again"),
    ("cronjobs.batch", {"metadata": {"name": "c"}, "spec": {"suspend": True}}, Level.DONE,
     "suspended: no job is started"),
]  # fmt: skip


@pytest.mark.parametrize(("kind_id", "obj", "level", "sentence"), KINDS)
def test_every_kind_says_how_it_is(kind_id: str, obj: dict[str, Any], level: Level, sentence: str) -> None:
    spec = known(kind_id)
    assert spec is not None
    health = spec.health(row_of(kind_id, obj), CONTEXT)
    assert (health.level, health.sentence) == (level, sentence)


def test_the_whole_message_of_an_event_is_said_once_whatever_its_type() -> None:
    spec = known("events")
    assert spec is not None
    for kind, health, notice in (("Normal", "", "pod/p: New size: 2"), ("Warning", "pod/p: New size: 2", "")):
        involved = {"kind": "Pod", "name": "p"}
        event = {"metadata": {"name": "e"}, "type": kind, "message": "New size: 2", "involvedObject": involved}
        row = row_of("events", event)
        assert (spec.health(row, CONTEXT).sentence, spec.notice(row, CONTEXT)) == (health, notice)


def test_a_service_nobody_answers_for_is_a_problem_once_that_is_known() -> None:
    spec = known("services")
    assert spec is not None
    row = row_of("services", {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}})
    assert not spec.health(row, CONTEXT).problem
    empty = RowContext(now=NOW, ready_endpoints=lambda namespace, name: 0)
    health = spec.health(row, empty)
    assert health.sentence == "no ready pod matches app=web, so nothing answers"


def test_every_action_a_health_names_exists() -> None:
    named = {case[4] for case in PODS} - {""}
    for kind_id, obj, _, _ in KINDS:
        spec = known(kind_id)
        assert spec is not None
        named.add(spec.health(row_of(kind_id, obj), CONTEXT).action)
    assert {action for action in named if action and ACTIONS.get(action) is None} == set()
