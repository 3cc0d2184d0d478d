"""What happens after a write, step by step, read from the objects: where it stands, what blocks it and the evidence.

Pure: a snapshot in, a board out. Only the pods of the newest revision count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k9py.changes.blocking import pod_trouble, warnings_of
from k9py.changes.model import Object
from k9py.changes.reaching import SINGLE, answering_step, endpoints_step, ingress_steps, selects, service_steps
from k9py.changes.standing import is_settled, probes_text
from k9py.changes.standingby import STANDING_BY
from k9py.changes.steps import Board, BoardState, Snapshot, Step, StepState, condition, meta, overall

REVISION = "deployment.kubernetes.io/revision"
_REVISION_HASH = "controller-revision-hash"

WITH_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"})
"""Kinds whose pods are followed."""


def read_board(
    title: str,
    snapshot: Snapshot,
    *,
    uid: str,
    generation: int,
    spec: Mapping[str, Any] | None = None,
    replicas: int | None = None,
) -> Board:
    """Return where an object stands; ``uid``, ``generation`` and ``spec`` are those of the write that is followed.

    Another number of replicas is no other change: an autoscaler sets it right after the write. ``replicas`` are those
    it was scaled to: the answer to that names no generation.
    """
    obj = snapshot.object
    if obj is None or (uid and meta(obj).get("uid") != uid):
        return Board(title, (Step("applied", StepState.DONE, "it was written, and is gone"),), BoardState.GONE)
    steps = [Step("applied", StepState.DONE, "the server has it")]
    kind = str(obj.get("kind"))
    if generation and int(meta(obj).get("generation") or 0) > generation and kind in WITH_PODS - {"Pod"}:
        if not _scaled_only(obj.get("spec") or {}, spec):
            steps.append(Step("superseded", StepState.SKIPPED, "somebody changed it again"))
            return Board(title, tuple(steps), BoardState.SUPERSEDED)
        steps.append(Step("scaled", StepState.DONE, f"set to {_wanted(obj, kind)} by something else, after the write"))
    now = (obj.get("spec") or {}).get("replicas")
    if replicas is not None and now != replicas:
        steps.append(Step("superseded", StepState.SKIPPED, f"somebody set {now} replicas since, not {replicas}"))
        return Board(title, tuple(steps), BoardState.SUPERSEDED)
    settled = True
    if kind in WITH_PODS:
        steps += _workload_steps(obj, kind, snapshot)
        settled = is_settled([obj] if kind == "Pod" else snapshot.pods, snapshot.now)
    elif kind == "Service":
        steps += service_steps(obj, snapshot)
    elif kind == "Ingress":
        steps += ingress_steps(obj, snapshot)
    elif kind in STANDING_BY:
        steps += STANDING_BY[kind](obj, snapshot)
    elif kind in SINGLE:
        steps.append(SINGLE[kind](obj, snapshot))
    return Board(title, tuple(steps), overall(steps), settled)


def _scaled_only(now: Mapping[str, Any], then: Mapping[str, Any] | None) -> bool:
    """Return whether two specs differ in their replicas alone."""
    if then is None or now.get("replicas") == then.get("replicas"):
        return False
    return {**now, "replicas": 0} == {**then, "replicas": 0}


# workloads


def _workload_steps(obj: Object, kind: str, snapshot: Snapshot) -> list[Step]:
    status = obj.get("status") or {}
    generation = int(meta(obj).get("generation") or 0)
    steps: list[Step] = []
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        if int(status.get("observedGeneration") or 0) < generation:
            return [Step("pods", StepState.RUNNING, "the controller has not looked at it yet")]
        if (obj.get("spec") or {}).get("paused"):
            return [Step("pods", StepState.SKIPPED, "the rollout is paused")]
    maker = obj
    if kind == "Deployment":
        step, newest = _replicaset_step(obj, snapshot)
        steps.append(step)
        if newest is None:
            return steps
        maker = newest
    wanted = _wanted(obj, kind)
    pods = _newest_pods(obj, kind, maker, snapshot)
    if kind == "Job":
        finished = _job_end(obj, snapshot.pods)
        if finished is not None:
            return [*steps, finished]
        if (obj.get("spec") or {}).get("suspend"):
            return [*steps, Step("pods", StepState.SKIPPED, "suspended: it starts nothing until suspend is taken off")]
    steps += _pod_steps(kind, wanted, pods, maker, obj, snapshot)
    if kind == "Job":
        steps.append(_running_step(obj, steps))
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        steps.append(_retired_step(kind, status, wanted, pods))
    if kind != "Job" and wanted:
        services = [one for one in snapshot.services if any(selects(one, pod) for pod in pods)]
        endpoints = endpoints_step(services, snapshot, of_workload=True) if services else None
        steps += [endpoints] if endpoints else []
        if endpoints or probes_text(pods):
            steps.append(answering_step(pods, wanted))
    late = condition(obj, "Progressing")
    if late.get("reason") == "ProgressDeadlineExceeded" and not any(s.state is StepState.BLOCKED for s in steps):
        first = next((i for i, s in enumerate(steps) if s.state in (StepState.RUNNING, StepState.WAITING)), None)
        if first is not None:
            said = (str(late.get("message") or ""),)
            steps[first] = Step(steps[first].id, StepState.BLOCKED, "no progress within the rollout's deadline", said)
    return steps


def _replicaset_step(obj: Object, snapshot: Snapshot) -> tuple[Step, Object | None]:
    revision = (meta(obj).get("annotations") or {}).get(REVISION)
    own = [one for one in snapshot.replicasets if _owned_by(one, obj)]
    newest = next((one for one in own if (meta(one).get("annotations") or {}).get(REVISION) == revision), None)
    if newest is not None:
        return Step("replicaset", StepState.DONE, f"ReplicaSet {meta(newest).get('name')}"), newest
    failure = condition(obj, "ReplicaFailure")
    said = [str(failure["message"])] if failure.get("status") == "True" and failure.get("message") else []
    said += warnings_of(snapshot.events, obj)
    if said:
        return Step("replicaset", StepState.BLOCKED, "the ReplicaSet cannot be made", tuple(said)), None
    return Step("replicaset", StepState.RUNNING, "the ReplicaSet is being made"), None


def _owned_by(obj: Object, owner: Object) -> bool:
    return any(one.get("uid") == meta(owner).get("uid") for one in meta(obj).get("ownerReferences") or ())


def _wanted(obj: Object, kind: str) -> int:
    """Return how many pods there should be."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if kind == "Pod":
        return 1
    if kind == "DaemonSet":
        return int(status.get("desiredNumberScheduled") or 0)
    if kind == "Job":
        if spec.get("suspend"):
            return 0
        parallelism = 1 if spec.get("parallelism") is None else int(spec["parallelism"])
        return min(parallelism, int(spec.get("completions") or parallelism))
    return 1 if spec.get("replicas") is None else int(spec["replicas"])


def _newest_pods(obj: Object, kind: str, maker: Object, snapshot: Snapshot) -> list[Object]:
    if kind == "Pod":
        return [obj]
    own = [pod for pod in snapshot.pods if _owned_by(pod, maker) and not meta(pod).get("deletionTimestamp")]
    status = obj.get("status") or {}
    if kind == "StatefulSet" and status.get("updateRevision"):
        return [p for p in own if (meta(p).get("labels") or {}).get(_REVISION_HASH) == status["updateRevision"]]
    if kind == "DaemonSet":
        newest = max(own, key=lambda pod: str(meta(pod).get("creationTimestamp")), default=None)
        if newest is not None and status.get("updatedNumberScheduled") != status.get("currentNumberScheduled"):
            label = (meta(newest).get("labels") or {}).get(_REVISION_HASH)
            return [pod for pod in own if (meta(pod).get("labels") or {}).get(_REVISION_HASH) == label]
    return own


def _job_end(obj: Object, pods: Sequence[Object]) -> Step | None:
    failed, complete = condition(obj, "Failed"), condition(obj, "Complete")
    if failed.get("status") == "True":
        ended = [pod for pod in pods if _owned_by(pod, obj) and (pod.get("status") or {}).get("phase") == "Failed"]
        newest = max(ended, key=lambda pod: str(meta(pod).get("creationTimestamp")), default={})
        said = (str(failed.get("message") or failed.get("reason")),)
        return Step("complete", StepState.BLOCKED, "the Job failed", said, str(meta(newest).get("name") or ""))
    if complete.get("status") == "True":
        return Step("complete", StepState.DONE, "the Job is complete")
    return None


def _running_step(obj: Object, before: Sequence[Step]) -> Step:
    """Return how far a Job is that is not at its end."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted = int(spec.get("completions") or 1)
    has_begun = bool(before) and before[-1].state is StepState.DONE
    text = f"{int(status.get('succeeded') or 0)} of {wanted} runs complete" if wanted > 1 else "it runs to its end"
    return Step("complete", StepState.RUNNING if has_begun else StepState.WAITING, text)


_STAGES = ("scheduled", "pulled", "started", "ready")
_WORDS = {
    "scheduled": "have a node", "pulled": "have their images", "started": "have started", "ready": "are ready",
}  # fmt: skip


def _pod_steps(
    kind: str, wanted: int, pods: Sequence[Object], maker: Object, obj: Object, snapshot: Snapshot
) -> list[Step]:
    if not wanted:
        return [Step("pods", StepState.DONE, "no pods are wanted")]
    made = _made_step(wanted, len(pods), maker, obj, snapshot)
    steps = [made] if kind != "Pod" else []
    stages = _STAGES[:-1] if kind == "Job" else _STAGES
    progress = [_stage_of(pod) for pod in pods]
    troubles = [
        (str(meta(pod).get("name")), trouble)
        for pod in pods
        if (trouble := pod_trouble(pod, snapshot.events, snapshot.now)) is not None
    ]
    before = made.state
    for number, stage in enumerate(stages):
        there = sum(1 for one in progress if one > number)
        text = f"{min(there, wanted)} of {wanted} {_WORDS[stage]}" if wanted > 1 else _single(stage, bool(there))
        name, found = next(((pod, one) for pod, one in troubles if one.stage == stage), ("", None))
        if there >= wanted:
            state = StepState.DONE
        elif found is not None:
            steps.append(Step(stage, StepState.BLOCKED, found.text, found.evidence, name, found.container))
            before = StepState.BLOCKED
            continue
        elif before is StepState.DONE or there:
            state = StepState.RUNNING
        else:
            state = StepState.WAITING
        steps.append(Step(stage, state, text))
        before = state
    return steps


def _single(stage: str, there: bool) -> str:
    has = {"scheduled": "has a node", "pulled": "has its images", "started": "has started", "ready": "is ready"}
    no = {
        "scheduled": "waits for a node", "pulled": "the images are being pulled", "started": "is being started",
        "ready": "is not ready yet",
    }  # fmt: skip
    return f"the pod {has[stage]}" if there else no[stage] if stage == "pulled" else f"the pod {no[stage]}"


def _made_step(wanted: int, made: int, maker: Object, obj: Object, snapshot: Snapshot) -> Step:
    text = f"{made} of {wanted} pods made" if wanted > 1 else "the pod is made" if made else "the pod is being made"
    if made >= wanted:
        return Step("pods", StepState.DONE, text)
    failures = [condition(one, "ReplicaFailure") for one in (maker, obj)]
    now = [str(one["message"]) for one in failures if one.get("status") == "True" and one.get("message")]
    said = now or warnings_of(snapshot.events, maker, reasons=("FailedCreate",))
    if said and not made:
        return Step("pods", StepState.BLOCKED, "the pods cannot be made", tuple(dict.fromkeys(said)))
    if now and int((obj.get("status") or {}).get("replicas") or 0) <= made:
        # No old pod is left whose end would make room.
        missing = f"{wanted - made} of {wanted} pods cannot be made"
        return Step("pods", StepState.BLOCKED, missing, tuple(dict.fromkeys(now)))
    return Step("pods", StepState.RUNNING, text, tuple(dict.fromkeys(said)))


def _stage_of(pod: Object) -> int:
    """Return how many of the stages a pod has behind it."""
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded" or condition(pod, "Ready").get("status") == "True":
        return 4
    containers = list(status.get("containerStatuses") or ())
    states = [one.get("state") or {} for one in containers]
    if containers and all(state.get("running") for state in states):
        return 3
    every = [*(status.get("initContainerStatuses") or ()), *containers]
    if every and all(one.get("imageID") or (one.get("state") or {}).get("running") for one in every):
        return 2
    scheduled = condition(pod, "PodScheduled").get("status") == "True" or (pod.get("spec") or {}).get("nodeName")
    return 1 if scheduled else 0


def _retired_step(kind: str, status: Mapping[str, Any], wanted: int, pods: Sequence[Object]) -> Step:
    if kind == "DaemonSet":
        old = int(status.get("currentNumberScheduled") or 0) - int(status.get("updatedNumberScheduled") or 0)
    else:
        # A StatefulSet that was never updated leaves updatedReplicas out.
        updated = status.get("updatedReplicas")
        old = int(status.get("replicas") or 0) - (len(pods) if updated is None else int(updated))
    if old > 0:
        return Step("retired", StepState.RUNNING, f"{old} old pod{'s' if old > 1 else ''} still there")
    if not wanted and int(status.get("replicas") or 0):
        return Step("retired", StepState.RUNNING, f"{status['replicas']} pods are being stopped")
    return Step("retired", StepState.DONE, "no old pods")
