"""The end of a write for kinds that start nothing by themselves, and for work that ends."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.changes.board import read_board
from k9py.changes.steps import Board, BoardState, Snapshot

NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
LATER = "2023-11-14T22:10:00Z"

Object = dict[str, Any]


def board(kind: str, *, spec: Object | None = None, status: Object | None = None, **around: Any) -> Board:
    obj = {"kind": kind, "metadata": {"name": "x", "uid": "u", "generation": 1}, "spec": spec or {}, "status": status}
    return read_board("x", Snapshot(obj, NOW, **around), uid="u", generation=1)


def told(found: Board) -> list[tuple[str, str, str]]:
    return [(step.id, step.state.value, step.text) for step in found.steps[1:]]


def test_a_cron_job_ends_with_its_next_and_its_last_run() -> None:
    found = board("CronJob", spec={"schedule": "*/5 * * * *"}, status={"lastScheduleTime": LATER, "active": [{}]})
    assert told(found) == [
        ("next", "done", "runs next in 100s, at 22:15 UTC"),
        ("last", "done", "started last 3m20s ago; 1 of its Jobs runs now"),
    ]
    assert found.state is BoardState.CONVERGED


def test_a_cron_job_far_ahead_names_the_day_in_its_own_time_zone() -> None:
    found = board("CronJob", spec={"schedule": "30 4 1 * *", "timeZone": "Europe/Berlin"})
    assert told(found)[0][2] == "runs next in 16d, at 2023-12-01 04:30 Europe/Berlin"
    assert told(found)[1] == ("last", "skipped", "it has not started anything yet")


def test_a_suspended_cron_job_is_not_said_to_run() -> None:
    found = board("CronJob", spec={"schedule": "* * * * *", "suspend": True})
    assert told(found)[0] == ("next", "skipped", "suspended: it starts nothing until suspend is taken off")
    assert found.state is BoardState.CONVERGED


def test_a_schedule_that_never_comes_is_blocked() -> None:
    assert board("CronJob", spec={"schedule": "0 0 30 2 *"}).state is BoardState.BLOCKED


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        ({}, "running", "its pods are being counted"),
        ({"observedGeneration": 1, "expectedPods": 0}, "skipped", "no pod it is about is there yet"),
        ({"observedGeneration": 1, "expectedPods": 3, "currentHealthy": 3, "disruptionsAllowed": 1}, "done",
         "3 of 3 pods healthy; 1 may be evicted now"),
        ({"observedGeneration": 1, "expectedPods": 1, "currentHealthy": 1}, "done",
         "1 of 1 pods healthy; none may be evicted now"),
    ],
)  # fmt: skip
def test_a_disruption_budget_ends_with_what_it_allows(status: Object, state: str, text: str) -> None:
    assert told(board("PodDisruptionBudget", status=status)) == [("active", state, text)]


def test_a_network_policy_says_which_pods_it_is_about_and_promises_nothing() -> None:
    pods = [{"metadata": {"name": "mysql-0"}}]
    assert told(board("NetworkPolicy", pods=pods))[0][2].startswith("is about pod mysql-0; the network plugin")
    assert board("NetworkPolicy").state is BoardState.CONVERGED


def test_a_service_without_a_selector_and_one_that_is_a_name_wait_for_no_pods() -> None:
    assert told(board("Service")) == [("endpoints", "skipped", "it selects no pods: its addresses are made by hand")]
    named = board("Service", spec={"type": "ExternalName", "externalName": "db.example.com"})
    assert told(named) == [("endpoints", "skipped", "it answers with the name db.example.com")]


def test_a_claim_whose_class_waits_for_a_pod_is_not_blocked() -> None:
    kind = {"metadata": {"name": "local"}, "volumeBindingMode": "WaitForFirstConsumer"}
    found = board("PersistentVolumeClaim", status={"phase": "Pending"}, storage_class=kind)
    assert told(found) == [("bound", "skipped", "storage class local makes a volume for the first pod that uses it")]
    assert found.state is BoardState.CONVERGED


def test_an_autoscaler_whose_target_stands_at_zero_is_not_waited_for() -> None:
    off = {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}
    found = board("HorizontalPodAutoscaler", status={"conditions": [off]})
    assert found.state is BoardState.CONVERGED


def job(spec: Object | None = None, status: Object | None = None, *pods: Object) -> Board:
    return board("Job", spec=spec, status=status, pods=pods)


def job_pod(phase: str) -> Object:
    started = (
        [{"name": "main", "imageID": "i", "state": {"running": {"startedAt": LATER}}}] if phase == "Running" else []
    )
    return {
        "metadata": {"name": "x-1", "ownerReferences": [{"uid": "u"}]}, "spec": {"nodeName": "n"},
        "status": {"phase": phase, "containerStatuses": started,
                   "conditions": [{"type": "PodScheduled", "status": "True"}]},
    }  # fmt: skip


def test_a_job_that_runs_is_followed_to_its_end() -> None:
    running = job(None, None, job_pod("Running"))
    assert told(running)[-1] == ("complete", "running", "it runs to its end")
    assert running.state is BoardState.RUNNING
    several = job({"completions": 3, "parallelism": 1}, {"succeeded": 1}, job_pod("Running"))
    assert told(several)[-1][2] == "1 of 3 runs complete"
    done = job(None, {"conditions": [{"type": "Complete", "status": "True"}]})
    assert told(done) == [("complete", "done", "the Job is complete")]


def test_a_job_that_failed_names_the_pod_whose_log_tells_why() -> None:
    failed = job(None, {"conditions": [{"type": "Failed", "status": "True", "message": "backoff"}]}, job_pod("Failed"))
    assert failed.blocked is not None
    assert (failed.blocked.pod, failed.blocked.evidence) == ("x-1", ("backoff",))


def test_a_suspended_job_is_not_waited_for() -> None:
    assert job({"suspend": True}).state is BoardState.CONVERGED
