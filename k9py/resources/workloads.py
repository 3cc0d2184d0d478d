"""Workloads that keep pods running: Deployments, StatefulSets, DaemonSets, ReplicaSets, replication controllers."""

from __future__ import annotations

import msgspec

from k9py.kube.rows import Row
from k9py.resources.causes import refusal_text
from k9py.resources.cells import TAIL, identity, ratio_key, ratio_tone
from k9py.resources.model import (
    HEALTHY,
    NONE_TEXT,
    Column,
    ColumnMaker,
    Drill,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    Target,
    Tone,
    fixed,
    unreadable,
)
from k9py.resources.podobject import Condition
from k9py.resources.projecting import ObjectProjection, Shared, intern
from k9py.resources.structs import (
    Generated,
    LabelSelector,
    Template,
    condition,
    message_of,
    names_and_images,
    plural,
    selector_of,
    selector_text,
)


class WorkloadSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a workload's specification."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: Template | None = None
    paused: bool | None = None
    service_name: str | None = None


class WorkloadStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a workload's status; each kind fills its own fields."""

    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    updated_replicas: int | None = None
    current_revision: str | None = None
    update_revision: str | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    updated_number_scheduled: int | None = None
    number_available: int | None = None
    number_misscheduled: int | None = None
    conditions: list[Condition] | None = None


class WorkloadObject(msgspec.Struct, gc=False):
    """Any workload."""

    metadata: Generated | None = None
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class _PlainSpec(msgspec.Struct, gc=False):
    replicas: int | None = None
    selector: dict[str, str] | None = None
    template: Template | None = None


class ReplicationControllerObject(msgspec.Struct, gc=False):
    """A replication controller, whose selector is a plain map."""

    metadata: Generated | None = None
    spec: _PlainSpec | None = None
    status: WorkloadStatus | None = None


class WorkloadRow(Row, gc=False):
    """One workload in a list."""

    desired: int = 0
    current: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    misplaced: int = 0
    """Daemon pods on nodes where they should not run."""
    selector: str = ""
    service: str = ""
    containers: str = ""
    images: str = ""
    node_selector: str = ""
    paused: bool = False
    seen: bool = True
    """False while the controller has not looked at the newest specification."""
    failure: str = ""
    """Why pods cannot be made, or the rollout has stopped; empty when neither."""
    stuck: bool = False
    """The rollout has exceeded its deadline."""


_NO_SPEC = WorkloadSpec()
_NO_STATUS = WorkloadStatus()


def _fill_common(row: WorkloadRow, workload: WorkloadObject) -> tuple[WorkloadSpec, WorkloadStatus]:
    spec, status = workload.spec or _NO_SPEC, workload.status or _NO_STATUS
    row.selector = intern(selector_of(spec.selector))
    row.containers, row.images = names_and_images(spec.template)
    generation = workload.metadata.generation if workload.metadata else None
    row.seen = (status.observed_generation or 0) >= (generation or 0)
    failed = condition(status.conditions, "ReplicaFailure")
    if failed is not None and failed.status == "True":
        row.failure = refusal_text(message_of(failed))
    return spec, status


def _fill_replicas(row: WorkloadRow, workload: WorkloadObject, _shared: Shared) -> None:
    spec, status = _fill_common(row, workload)
    row.desired = 1 if spec.replicas is None else spec.replicas
    row.current = status.replicas or 0
    row.ready = status.ready_replicas or 0
    row.updated = status.updated_replicas or 0
    row.available = status.available_replicas or 0
    row.paused = bool(spec.paused)
    row.service = spec.service_name or ""
    progressing = condition(status.conditions, "Progressing")
    if progressing is not None and progressing.status == "False":
        row.stuck = progressing.reason == "ProgressDeadlineExceeded"
        row.failure = row.failure or message_of(progressing)


def _fill_daemons(row: WorkloadRow, workload: WorkloadObject, _shared: Shared) -> None:
    spec, status = _fill_common(row, workload)
    row.desired = status.desired_number_scheduled or 0
    row.current = status.current_number_scheduled or 0
    row.ready = status.number_ready or 0
    row.updated = status.updated_number_scheduled or 0
    row.available = status.number_available or 0
    row.misplaced = status.number_misscheduled or 0
    template = spec.template.spec if spec.template else None
    wanted = template.node_selector if template else None
    row.node_selector = ",".join(f"{key}={value}" for key, value in sorted((wanted or {}).items()))


def _fill_controller(row: WorkloadRow, workload: ReplicationControllerObject, shared: Shared) -> None:
    spec = workload.spec or _PlainSpec()
    _fill_replicas(
        row,
        WorkloadObject(
            workload.metadata,
            WorkloadSpec(spec.replicas, LabelSelector(spec.selector), spec.template),
            workload.status,
        ),
        shared,
    )


_workload = ColumnMaker(WorkloadRow)


def _count(id: str, title: str, attribute: str, *, rank: int) -> Column:
    return _workload(
        id, title, lambda row, _: str(getattr(row, attribute)), sort=lambda row, _: getattr(row, attribute),
        align="right", rank=rank, measure=Measure.NUMBER,
        tone=lambda row, _: Tone.WARN if getattr(row, attribute) < row.desired else Tone.PLAIN,
    )  # fmt: skip


_READY_OF = _workload(
    "ready", "READY", lambda row, _: f"{row.ready}/{row.desired}",
    sort=lambda row, _: ratio_key(row.ready, row.desired), tone=lambda row, _: ratio_tone(row.ready, row.desired),
    align="right", rank=2, measure=Measure.RATIO,
)  # fmt: skip
_DESIRED = _workload(
    "desired", "DESIRED", lambda row, _: str(row.desired), sort=lambda row, _: row.desired, align="right", rank=4,
    measure=Measure.NUMBER,
)  # fmt: skip
_CURRENT = _count("current", "CURRENT", "current", rank=5)
_READY = _count("ready", "READY", "ready", rank=3)
_UPDATED = _count("up-to-date", "UP-TO-DATE", "updated", rank=12)
_AVAILABLE = _count("available", "AVAILABLE", "available", rank=11)
_CONTAINERS = _workload("containers", "CONTAINERS", lambda row, _: row.containers, wide=True, rank=71, max_width=40)
_IMAGES = _workload("images", "IMAGES", lambda row, _: row.images, wide=True, rank=70, max_width=70)
_SELECTOR = _workload(
    "selector", "SELECTOR", lambda row, _: selector_text(row.selector), wide=True, rank=73, max_width=50
)
_TEMPLATE = (_CONTAINERS, _IMAGES, _SELECTOR)

_DEPLOYMENT = (*identity(namespaced=True), _READY_OF, _UPDATED, _AVAILABLE, *_TEMPLATE, *TAIL)
_STATEFULSET = (
    *identity(namespaced=True), _READY_OF,
    _workload("service", "SERVICE", lambda row, _: row.service, rank=30, max_width=40), *_TEMPLATE, *TAIL,
)  # fmt: skip
_DAEMONSET = (
    *identity(namespaced=True), _DESIRED, _CURRENT, _READY, _UPDATED, _AVAILABLE,
    _workload("node-selector", "NODE SELECTOR", lambda row, _: row.node_selector or NONE_TEXT, rank=35, max_width=40),
    *_TEMPLATE, *TAIL,
)  # fmt: skip
_REPLICASET = (*identity(namespaced=True), _DESIRED, _CURRENT, _READY, *_TEMPLATE, *TAIL)


def workload_health(row: Row, ctx: RowContext) -> Health:
    """Return how a workload is doing: failures first, then a rollout under way, then what is missing."""
    assert isinstance(row, WorkloadRow)
    if row.broken:
        return unreadable(row)
    if row.deleting:
        return Health(Level.BUSY, "being deleted")
    if row.stuck:
        # "ReplicaSet x has timed out progressing." says no more than that, and in front of the cause it hides it.
        why = "" if row.failure.endswith("has timed out progressing.") else f": {row.failure}"
        return Health(Level.BAD, f"the rollout is stuck{why}", "open")
    if row.failure:
        return Health(Level.BAD, f"pods cannot be made: {row.failure}", "events")
    if not row.seen:
        return Health(Level.BUSY, "the controller has not seen the newest change yet")
    if row.misplaced:
        return Health(Level.WARN, f"{plural(row.misplaced, 'pod')} on nodes where they should not run", "open")
    if not row.desired:
        return Health(Level.DONE, "scaled to zero") if not row.current else Health(Level.BUSY, "scaling to zero")
    return _readiness(row)


def _readiness(row: WorkloadRow) -> Health:
    rolls = row.updated < row.desired or row.current > row.desired
    if row.ready < row.desired:
        missing = f"{row.ready} of {plural(row.desired, 'pod')} ready"
        if row.paused:
            return Health(Level.WARN, f"{missing} and the rollout is paused", "open")
        if row.ready == 0:
            return Health(Level.BAD, f"no pod is ready: {row.desired} desired", "open")
        return Health(Level.WARN, missing, "open")
    if row.paused:
        return Health(Level.WARN, "the rollout is paused", "describe")
    if rolls:
        return Health(Level.BUSY, f"rolling out: {row.updated} of {row.desired} updated")
    return HEALTHY


def _old_replicaset_health(row: Row, ctx: RowContext) -> Health:
    """Return a replica set's health; its updated pods are not counted, and one scaled to zero is history."""
    assert isinstance(row, WorkloadRow)
    if row.broken or row.deleting or row.failure or not row.desired:
        return workload_health(row, ctx)
    if row.ready < row.desired:
        level = Level.BAD if row.ready == 0 else Level.WARN
        return Health(level, f"{row.ready} of {plural(row.desired, 'pod')} ready", "open")
    return HEALTHY


def _pods(kind: str) -> Drill:
    def target(row: Row) -> Target | None:
        assert isinstance(row, WorkloadRow)
        if not row.selector:
            return None
        title = f"pods of {kind} {row.name}"
        return Target("pods", namespace=row.namespace, label_selector=row.selector, title=title)

    return Drill("pods", "its pods", target)


def _replica_sets(row: Row) -> Target | None:
    assert isinstance(row, WorkloadRow)
    uid = row.uid
    return Target(
        "replicasets.apps",
        namespace=row.namespace,
        label_selector=row.selector,
        keep=lambda other: uid in other.owners,
        title=f"replica sets of deployment {row.name}",
    )


def _spec(kind_id: str, columns: tuple[Column, ...], word: str, purpose: str) -> KindSpec:
    daemon = word == "daemon set"
    relations = (Drill("replicasets", "its replica sets", _replica_sets),) if word == "deployment" else ()
    return KindSpec(
        id=kind_id,
        projection=lambda: ObjectProjection(WorkloadObject, WorkloadRow, _fill_daemons if daemon else _fill_replicas),
        columns=fixed(columns),
        health=_old_replicaset_health if word == "replica set" else workload_health,
        drill=_pods(word),
        relations=relations,
        purpose=purpose,
    )


DEPLOYMENTS = _spec(
    "deployments.apps",
    _DEPLOYMENT,
    "deployment",
    "Deployments keep a number of equal pods running and roll out changes.",
)
STATEFULSETS = _spec(
    "statefulsets.apps",
    _STATEFULSET,
    "stateful set",
    "StatefulSets run pods with lasting names and storage of their own.",
)
DAEMONSETS = _spec("daemonsets.apps", _DAEMONSET, "daemon set", "DaemonSets run one pod on every node they select.")
REPLICASETS = _spec(
    "replicasets.apps", _REPLICASET, "replica set", "ReplicaSets keep a number of pods; Deployments make them."
)
REPLICATION_CONTROLLERS = KindSpec(
    id="replicationcontrollers",
    projection=lambda: ObjectProjection(ReplicationControllerObject, WorkloadRow, _fill_controller),
    columns=fixed(_REPLICASET),
    health=_old_replicaset_health,
    drill=_pods("replication controller"),
    purpose="Replication controllers are what ReplicaSets replaced.",
)

SPECS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, REPLICASETS, REPLICATION_CONTROLLERS)
