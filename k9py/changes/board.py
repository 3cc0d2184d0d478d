"""What happens after a write, step by step, read from the objects: where it stands, what blocks it and the evidence.

Pure: a snapshot in, a board out. Only the pods of the newest revision count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from k9py.changes.blocking import pod_trouble, warnings_of
from k9py.changes.model import Object
from k9py.changes.standing import is_settled, probes_text

REVISION = "deployment.kubernetes.io/revision"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""Provisioner of the classes whose volumes somebody makes by hand."""
_REVISION_HASH = "controller-revision-hash"


class StepState(Enum):
    """Where one step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    """There is nothing to do here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of what happens after a write."""

    id: str
    """``applied``, ``replicaset``, ``pods``, ``scheduled``, ``pulled``, ``started``, ``ready``, ``retired``,
    ``endpoints``, ``answering``, ``address``, ``bound``, ``active``, ``gone``."""
    state: StepState
    text: str
    evidence: tuple[str, ...] = ()
    """What the cluster said about it."""
    pod: str = ""
    """The pod that shows what it is blocked by; empty where there is none."""
    container: str = ""
    """The container of that pod."""


class BoardState(Enum):
    """How it stands as a whole."""

    RUNNING = "running"
    CONVERGED = "converged"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"
    """Somebody wrote the object again: this is no longer the newest change."""
    GONE = "gone"
    """The object was deleted, or another one has its name."""


@dataclass(frozen=True, slots=True)
class Board:
    """The steps of one object."""

    title: str
    steps: tuple[Step, ...]
    state: BoardState
    settled: bool = True
    """False while pods that are ready have not run long enough to tell that they stay."""

    @property
    def blocked(self) -> Step | None:
        """The step that does not go on, with its evidence."""
        return next((step for step in self.steps if step.state is StepState.BLOCKED), None)

    @property
    def current(self) -> Step | None:
        """The first step that is not done."""
        return next((s for s in self.steps if s.state not in (StepState.DONE, StepState.SKIPPED)), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read at one moment."""

    object: Object | None = field(repr=False)
    now: float
    """Unix seconds by the server's clock."""
    replicasets: Sequence[Object] = field(default=(), repr=False)
    pods: Sequence[Object] = field(default=(), repr=False)
    services: Sequence[Object] = field(default=(), repr=False)
    slices: Sequence[Object] = field(default=(), repr=False)
    events: Sequence[Object] = field(default=(), repr=False)
    """Warnings of the namespace."""
    storage_class: Object | None = field(default=None, repr=False)
    """The storage class a claim names, while it is not bound."""


WITH_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"})
"""Kinds whose pods are followed."""


def read_board(title: str, snapshot: Snapshot, *, uid: str, generation: int, replicas: int | None = None) -> Board:
    """Return where an object stands; ``uid`` and ``generation`` are those of the write that is followed.

    ``replicas`` are those it was scaled to: the answer to that names no generation.
    """
    obj = snapshot.object
    if obj is None or (uid and _meta(obj).get("uid") != uid):
        return Board(title, (Step("applied", StepState.DONE, "it was written, and is gone"),), BoardState.GONE)
    steps = [Step("applied", StepState.DONE, "the server has it")]
    kind = str(obj.get("kind"))
    if generation and int(_meta(obj).get("generation") or 0) > generation and kind in WITH_PODS - {"Pod"}:
        steps.append(Step("superseded", StepState.SKIPPED, "somebody changed it again"))
        return Board(title, tuple(steps), BoardState.SUPERSEDED)
    now = (obj.get("spec") or {}).get("replicas")
    if replicas is not None and now != replicas:
        steps.append(Step("superseded", StepState.SKIPPED, f"somebody set {now} replicas since, not {replicas}"))
        return Board(title, tuple(steps), BoardState.SUPERSEDED)
    settled = True
    if kind in WITH_PODS:
        steps += _workload_steps(obj, kind, snapshot)
        settled = is_settled([obj] if kind == "Pod" else snapshot.pods, snapshot.now)
    elif kind == "Service":
        steps += _service_steps(obj, snapshot)
    elif kind == "Ingress":
        steps += _ingress_steps(obj, snapshot)
    elif kind in _SINGLE:
        steps.append(_SINGLE[kind](obj, snapshot))
    return Board(title, tuple(steps), _overall(steps), settled)


def read_deletion(title: str, snapshot: Snapshot, *, uid: str) -> Board:
    """Return where a deletion stands."""
    steps = [Step("applied", StepState.DONE, "the server took the deletion")]
    obj = snapshot.object
    if obj is None or _meta(obj).get("uid") != uid:
        return Board(title, (*steps, Step("gone", StepState.DONE, "it is gone")), BoardState.CONVERGED)
    finalizers = [str(name) for name in _meta(obj).get("finalizers") or ()]
    reasons = tuple(
        str(one.get("message")) for one in _conditions(obj)
        if obj.get("kind") == "Namespace" and one.get("status") == "True" and one.get("message")
        and str(one.get("type")).startswith("Namespace")
    )  # fmt: skip
    if finalizers or reasons:
        text = f"waits for {', '.join(finalizers)}" if finalizers else "waits for what is in it"
        state = StepState.BLOCKED if finalizers else StepState.RUNNING
        return Board(title, (*steps, Step("gone", state, text, reasons)), _overall([Step("gone", state, text)]))
    return Board(title, (*steps, Step("gone", StepState.RUNNING, "it is being stopped")), BoardState.RUNNING)


def _overall(steps: Iterable[Step]) -> BoardState:
    states = {step.state for step in steps}
    if StepState.BLOCKED in states:
        return BoardState.BLOCKED
    return BoardState.CONVERGED if states <= {StepState.DONE, StepState.SKIPPED} else BoardState.RUNNING


def _meta(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj.get("metadata") or {}


def _conditions(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((obj.get("status") or {}).get("conditions") or ())


def _condition(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next((one for one in _conditions(obj) if one.get("type") == name), {})


# workloads


def _workload_steps(obj: Object, kind: str, snapshot: Snapshot) -> list[Step]:
    status = obj.get("status") or {}
    generation = int(_meta(obj).get("generation") or 0)
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
        finished = _job_end(obj)
        if finished is not None:
            return [*steps, finished]
    steps += _pod_steps(kind, wanted, pods, maker, obj, snapshot)
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        steps.append(_retired_step(kind, status, wanted, pods))
    if kind != "Job" and wanted:
        services = [one for one in snapshot.services if any(_selects(one, pod) for pod in pods)]
        endpoints = _endpoints_step(services, snapshot) if services else None
        steps += [endpoints] if endpoints else []
        if endpoints or probes_text(pods):
            steps.append(_answering_step(pods, wanted))
    late = _condition(obj, "Progressing")
    if late.get("reason") == "ProgressDeadlineExceeded" and not any(s.state is StepState.BLOCKED for s in steps):
        first = next((i for i, s in enumerate(steps) if s.state in (StepState.RUNNING, StepState.WAITING)), None)
        if first is not None:
            said = (str(late.get("message") or ""),)
            steps[first] = Step(steps[first].id, StepState.BLOCKED, "no progress within the rollout's deadline", said)
    return steps


def _replicaset_step(obj: Object, snapshot: Snapshot) -> tuple[Step, Object | None]:
    revision = (_meta(obj).get("annotations") or {}).get(REVISION)
    own = [one for one in snapshot.replicasets if _owned_by(one, obj)]
    newest = next((one for one in own if (_meta(one).get("annotations") or {}).get(REVISION) == revision), None)
    if newest is not None:
        return Step("replicaset", StepState.DONE, f"ReplicaSet {_meta(newest).get('name')}"), newest
    failure = _condition(obj, "ReplicaFailure")
    said = [str(failure["message"])] if failure.get("status") == "True" and failure.get("message") else []
    said += warnings_of(snapshot.events, obj)
    if said:
        return Step("replicaset", StepState.BLOCKED, "the ReplicaSet cannot be made", tuple(said)), None
    return Step("replicaset", StepState.RUNNING, "the ReplicaSet is being made"), None


def _owned_by(obj: Object, owner: Object) -> bool:
    return any(one.get("uid") == _meta(owner).get("uid") for one in _meta(obj).get("ownerReferences") or ())


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
    own = [pod for pod in snapshot.pods if _owned_by(pod, maker) and not _meta(pod).get("deletionTimestamp")]
    status = obj.get("status") or {}
    if kind == "StatefulSet" and status.get("updateRevision"):
        return [p for p in own if (_meta(p).get("labels") or {}).get(_REVISION_HASH) == status["updateRevision"]]
    if kind == "DaemonSet":
        newest = max(own, key=lambda pod: str(_meta(pod).get("creationTimestamp")), default=None)
        if newest is not None and status.get("updatedNumberScheduled") != status.get("currentNumberScheduled"):
            label = (_meta(newest).get("labels") or {}).get(_REVISION_HASH)
            return [pod for pod in own if (_meta(pod).get("labels") or {}).get(_REVISION_HASH) == label]
    return own


def _job_end(obj: Object) -> Step | None:
    failed, complete = _condition(obj, "Failed"), _condition(obj, "Complete")
    if failed.get("status") == "True":
        return Step("ready", StepState.BLOCKED, "the Job failed", (str(failed.get("message") or failed.get("reason")),))
    if complete.get("status") == "True":
        return Step("ready", StepState.DONE, "the Job is complete")
    return None


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
        (str(_meta(pod).get("name")), trouble)
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
    failures = [_condition(one, "ReplicaFailure") for one in (maker, obj)]
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
    if status.get("phase") == "Succeeded" or _condition(pod, "Ready").get("status") == "True":
        return 4
    containers = list(status.get("containerStatuses") or ())
    states = [one.get("state") or {} for one in containers]
    if containers and all(state.get("running") for state in states):
        return 3
    every = [*(status.get("initContainerStatuses") or ()), *containers]
    if every and all(one.get("imageID") or (one.get("state") or {}).get("running") for one in every):
        return 2
    scheduled = _condition(pod, "PodScheduled").get("status") == "True" or (pod.get("spec") or {}).get("nodeName")
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


# services and the rest


def _selects(service: Object, pod: Object) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = _meta(pod).get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _endpoints_step(services: Sequence[Object], snapshot: Snapshot) -> Step | None:
    parts, evidence = [], []
    done = True
    for service in services:
        spec = service.get("spec") or {}
        if not spec.get("selector"):
            continue
        name = str(_meta(service).get("name"))
        mine = [s for s in snapshot.slices if (_meta(s).get("labels") or {}).get("kubernetes.io/service-name") == name]
        addresses = [end for one in mine for end in one.get("endpoints") or ()]
        ready = sum(1 for end in addresses if (end.get("conditions") or {}).get("ready") is not False)
        parts.append(f"{name} has {ready} ready address{'es' if ready != 1 else ''}")
        if not ready:
            done = False
            if not any(_selects(service, pod) for pod in snapshot.pods):
                chosen = ",".join(f"{key}={value}" for key, value in spec["selector"].items())
                evidence.append(f"{name} selects {chosen}, and no pod has these labels")
            elif addresses:
                evidence.append(f"{len(addresses)} of its pods are not ready")
    if not parts:
        return None
    state = StepState.DONE if done else StepState.BLOCKED if evidence and services else StepState.RUNNING
    return Step("endpoints", state, "; ".join(parts), tuple(evidence))


def _service_steps(obj: Object, snapshot: Snapshot) -> list[Step]:
    steps = [step for step in [_endpoints_step([obj], snapshot)] if step]
    chosen = [pod for pod in snapshot.pods if _selects(obj, pod) and not _meta(pod).get("deletionTimestamp")]
    if chosen:
        steps.append(_answering_step(chosen, 1))
    if (obj.get("spec") or {}).get("type") == "LoadBalancer":
        steps.append(_address_step(obj, "its external address is still to come"))
    return steps


def _answering_step(pods: Sequence[Object], wanted: int) -> Step:
    """Return whether pods answer those who ask them: their nodes, by the readiness probe."""
    asked = probes_text(pods)
    if not asked:
        return Step("answering", StepState.SKIPPED, "nobody asks whether it answers: there is no readiness probe")
    ready = sum(1 for pod in pods if _condition(pod, "Ready").get("status") == "True")
    if ready >= wanted:
        return Step("answering", StepState.DONE, f"{'it answers' if wanted == 1 else f'{ready} answer'} {asked}")
    return Step("answering", StepState.WAITING, f"asked for {asked}")


def _ingress_steps(obj: Object, snapshot: Snapshot) -> list[Step]:
    """Return where the requests an Ingress takes would go, and where it takes them."""
    names = _backends(obj)
    there = {str(_meta(one).get("name")): one for one in snapshot.services}
    missing = tuple(f"there is no Service {name}" for name in names if name not in there)
    if missing:
        steps = [Step("endpoints", StepState.BLOCKED, "what it leads to is not there", missing)]
    else:
        found = _endpoints_step([there[name] for name in names], snapshot)
        steps = [found] if found else []
    return [*steps, _address_step(obj, "no controller has given it an address yet")]


def _backends(obj: Object) -> list[str]:
    """Return the Services an Ingress leads to, each once."""
    spec = obj.get("spec") or {}
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    backends = [spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)]
    names = [str((one.get("service") or {}).get("name") or "") for one in backends]
    return [name for name in dict.fromkeys(names) if name]


def _address_step(obj: Object, waits: str) -> Step:
    given = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    places = [str(one.get("hostname") or one.get("ip")) for one in given]
    if places:
        return Step("address", StepState.DONE, f"reached at {', '.join(places)}")
    # Not waited for: many clusters have nobody who gives one.
    return Step("address", StepState.SKIPPED, waits)


def _claim_step(obj: Object, snapshot: Snapshot) -> Step:
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    if phase == "Bound":
        return Step("bound", StepState.DONE, f"bound to volume {(obj.get('spec') or {}).get('volumeName')}")
    if phase == "Lost":
        return Step("bound", StepState.BLOCKED, "its volume is lost")
    said = warnings_of(snapshot.events, obj, reasons=("ProvisioningFailed", "FailedBinding"))
    if said:
        return Step("bound", StepState.BLOCKED, "no volume for it", tuple(said))
    kind = snapshot.storage_class or {}
    if kind.get("volumeBindingMode") == "Immediate" and kind.get("provisioner") != NO_PROVISIONER:
        return Step("bound", StepState.RUNNING, f"storage class {_meta(kind).get('name')} makes a volume")
    # Most storage classes bind a claim only when a pod uses it, so waiting is the good end of making one.
    return Step("bound", StepState.SKIPPED, "waits for a volume, or for the first pod that uses it")


def _space_step(obj: Object, _snapshot: Snapshot) -> Step:
    active = (obj.get("status") or {}).get("phase") == "Active"
    return Step("active", StepState.DONE if active else StepState.RUNNING, "active" if active else "being made")


def _definition_step(obj: Object, _snapshot: Snapshot) -> Step:
    named, ready = _condition(obj, "NamesAccepted"), _condition(obj, "Established")
    if named.get("status") == "False":
        return Step("active", StepState.BLOCKED, "its names are not accepted", (str(named.get("message")),))
    if ready.get("status") == "True":
        return Step("active", StepState.DONE, "the server serves it")
    return Step("active", StepState.RUNNING, "the server takes it up")


def _autoscaler_step(obj: Object, _snapshot: Snapshot) -> Step:
    for name in ("AbleToScale", "ScalingActive"):
        condition = _condition(obj, name)
        if condition.get("status") == "False" and condition.get("reason") != "ScalingDisabled":
            return Step("active", StepState.BLOCKED, "it cannot scale", (str(condition.get("message")),))
    if _condition(obj, "ScalingActive").get("status") == "True":
        return Step("active", StepState.DONE, "it reads its metrics")
    return Step("active", StepState.RUNNING, "it has not read its metrics yet")


_SINGLE = {
    "PersistentVolumeClaim": _claim_step,
    "Namespace": _space_step,
    "CustomResourceDefinition": _definition_step,
    "HorizontalPodAutoscaler": _autoscaler_step,
}
