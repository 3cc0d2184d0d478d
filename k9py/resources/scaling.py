"""What keeps the number of pods right: HorizontalPodAutoscalers and PodDisruptionBudgets."""

from __future__ import annotations

import msgspec

from k9py.kube.rows import Row
from k9py.resources.cells import TAIL, identity
from k9py.resources.model import (
    HEALTHY,
    MISSING,
    NONE_TEXT,
    ColumnMaker,
    Drill,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    Target,
    fixed,
    unreadable,
)
from k9py.resources.podobject import Condition
from k9py.resources.projecting import Meta, ObjectProjection, Shared
from k9py.resources.structs import IntOrString, LabelSelector, ObjectReference, condition, message_of, selector_of

UNKNOWN = "<unknown>"

TARGETS_SHOWN = 2
"""Metrics in the TARGETS cell; kubectl says how many more there are."""


class _MetricTarget(msgspec.Struct, gc=False, rename="camel"):
    type: str | None = None
    value: str | None = None
    average_value: str | None = None
    average_utilization: int | None = None


class _MetricSource(msgspec.Struct, gc=False):
    """Any of resource, containerResource, pods, object, external; of the specification or the status."""

    name: str | None = None
    metric: ObjectReference | None = None
    target: _MetricTarget | None = None
    current: _MetricTarget | None = None


class _Metric(msgspec.Struct, gc=False, rename="camel"):
    type: str | None = None
    resource: _MetricSource | None = None
    container_resource: _MetricSource | None = None
    pods: _MetricSource | None = None
    object: _MetricSource | None = None
    external: _MetricSource | None = None

    def source(self) -> _MetricSource | None:
        """Return the one that is set."""
        return self.resource or self.container_resource or self.pods or self.object or self.external


class AutoscalerSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of an autoscaler's specification."""

    scale_target_ref: ObjectReference | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    metrics: list[_Metric] | None = None


class AutoscalerStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of an autoscaler's status."""

    current_replicas: int | None = None
    desired_replicas: int | None = None
    current_metrics: list[_Metric] | None = None
    conditions: list[Condition] | None = None


class AutoscalerObject(msgspec.Struct, gc=False):
    """A horizontal pod autoscaler."""

    metadata: Meta | None = None
    spec: AutoscalerSpec | None = None
    status: AutoscalerStatus | None = None


class AutoscalerRow(Row, gc=False):
    """One autoscaler in a list."""

    reference: str = ""
    """``Kind/name`` of what it scales."""
    targets: str = ""
    minimum: int | None = None
    maximum: int = 0
    replicas: int = 0
    desired: int = 0
    disabled: str = ""
    """Why it does not scale, such as metrics it cannot get."""
    limited: str = ""
    """Why it wants other than it may."""


def _fill_autoscaler(row: AutoscalerRow, scaler: AutoscalerObject, _shared: Shared) -> None:
    spec, status = scaler.spec or AutoscalerSpec(), scaler.status or AutoscalerStatus()
    target = spec.scale_target_ref
    row.reference = f"{target.kind}/{target.name}" if target else ""
    row.targets = _targets(spec.metrics or [], status.current_metrics or [])
    row.minimum, row.maximum = spec.min_replicas, spec.max_replicas or 0
    row.replicas, row.desired = status.current_replicas or 0, status.desired_replicas or 0
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(status.conditions, kind)
        if found is not None and found.status == "False" and not row.disabled:
            row.disabled = message_of(found)
    found = condition(status.conditions, "ScalingLimited")
    if found is not None and found.status == "True":
        row.limited = message_of(found)


def _targets(wanted: list[_Metric], current: list[_Metric]) -> str:
    if not wanted:
        return NONE_TEXT
    texts = _metric_texts(wanted, current)
    shown = ", ".join(texts[:TARGETS_SHOWN])
    return f"{shown} + {len(texts) - TARGETS_SHOWN} more..." if len(texts) > TARGETS_SHOWN else shown


def metric_texts(scaler: AutoscalerObject) -> list[str]:
    """Return every metric of an autoscaler as ``name: now/goal``."""
    spec, status = scaler.spec or AutoscalerSpec(), scaler.status or AutoscalerStatus()
    wanted = spec.metrics or []
    texts = _metric_texts(wanted, status.current_metrics or [])
    names = [source.metric.name if (source := one.source()) and source.metric else None for one in wanted]
    return [f"{name}: {text}" if name else text for name, text in zip(names, texts, strict=True)]


def _metric_texts(wanted: list[_Metric], current: list[_Metric]) -> list[str]:
    texts = []
    for index, metric in enumerate(wanted):
        now = current[index].source() if index < len(current) else None
        texts.append(_target_text(metric, now.current if now is not None else None))
    return texts


def _target_text(metric: _Metric, now: _MetricTarget | None) -> str:
    source = metric.source() or _MetricSource()
    target, now = source.target or _MetricTarget(), now or _MetricTarget()
    if metric.resource is not None or metric.container_resource is not None:
        if target.average_value is not None:
            return f"{source.name}: {now.average_value or UNKNOWN}/{target.average_value}"
        used = UNKNOWN if now.average_utilization is None else f"{now.average_utilization}%"
        goal = "<auto>" if target.average_utilization is None else f"{target.average_utilization}%"
        return f"{source.name}: {used}/{goal}"
    if target.average_value is not None:
        note = "" if metric.pods is not None else " (avg)"
        return f"{now.average_value or UNKNOWN}/{target.average_value}{note}"
    return f"{now.value or UNKNOWN}/{target.value}"


_scaler = ColumnMaker(AutoscalerRow)

_AUTOSCALER = (
    *identity(namespaced=True),
    _scaler("reference", "REFERENCE", lambda row, _: row.reference, width=16, rank=5, max_width=50),
    _scaler("targets", "TARGETS", lambda row, _: row.targets, rank=2, max_width=50),
    _scaler(
        "minpods", "MINPODS", lambda row, _: "<unset>" if row.minimum is None else str(row.minimum),
        sort=lambda row, _: MISSING if row.minimum is None else row.minimum, align="right", rank=7,
        measure=Measure.NUMBER,
    ),
    _scaler("maxpods", "MAXPODS", lambda row, _: str(row.maximum), sort=lambda row, _: row.maximum, align="right",
            rank=6, measure=Measure.NUMBER),
    _scaler("replicas", "REPLICAS", lambda row, _: str(row.replicas), sort=lambda row, _: row.replicas, align="right",
            rank=3, measure=Measure.NUMBER),
    _scaler("desired", "DESIRED", lambda row, _: str(row.desired), sort=lambda row, _: row.desired, align="right",
            rank=60, wide=True, measure=Measure.NUMBER),
    *TAIL,
)  # fmt: skip


def autoscaler_health(row: Row, _ctx: RowContext) -> Health:
    """Return how an autoscaler is doing: without metrics, at its limit, scaling."""
    assert isinstance(row, AutoscalerRow)
    if row.broken:
        return unreadable(row)
    if row.disabled:
        return Health(Level.BAD, f"does not scale: {row.disabled}", "events")
    if row.limited:
        if row.desired >= row.maximum > 0:
            return Health(Level.WARN, f"at its maximum of {row.maximum} and wants more: {row.limited}", "open")
        return Health(Level.OK, row.limited, "describe")
    if row.desired and row.desired != row.replicas:
        return Health(Level.BUSY, f"scaling from {row.replicas} to {row.desired}", "open")
    return HEALTHY


_SCALED_KINDS = {
    "Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
}  # fmt: skip


def _scaled(row: Row) -> Target | None:
    assert isinstance(row, AutoscalerRow)
    kind, _, name = row.reference.partition("/")
    if not name:
        return None
    resource = _SCALED_KINDS.get(kind, kind.lower())
    return Target(resource, namespace=row.namespace, name=name, title=f"what {row.name} scales")


class BudgetSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a disruption budget's specification."""

    min_available: IntOrString | None = None
    max_unavailable: IntOrString | None = None
    selector: LabelSelector | None = None


class BudgetStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a disruption budget's status."""

    disruptions_allowed: int | None = None
    current_healthy: int | None = None
    desired_healthy: int | None = None
    expected_pods: int | None = None
    conditions: list[Condition] | None = None


class BudgetObject(msgspec.Struct, gc=False):
    """A pod disruption budget."""

    metadata: Meta | None = None
    spec: BudgetSpec | None = None
    status: BudgetStatus | None = None


class BudgetRow(Row, gc=False):
    """One disruption budget in a list."""

    minimum: str = ""
    maximum: str = ""
    allowed: int = 0
    current: int = 0
    desired: int = 0
    expected: int = 0
    selector: str = ""


def _fill_budget(row: BudgetRow, budget: BudgetObject, _shared: Shared) -> None:
    spec, status = budget.spec or BudgetSpec(), budget.status or BudgetStatus()
    row.minimum = "N/A" if spec.min_available is None else str(spec.min_available)
    row.maximum = "N/A" if spec.max_unavailable is None else str(spec.max_unavailable)
    row.allowed = status.disruptions_allowed or 0
    row.current, row.desired = status.current_healthy or 0, status.desired_healthy or 0
    row.expected = status.expected_pods or 0
    row.selector = selector_of(spec.selector)


_budget = ColumnMaker(BudgetRow)

_BUDGET = (
    *identity(namespaced=True),
    _budget("min-available", "MIN AVAILABLE", lambda row, _: row.minimum, align="right", rank=5),
    _budget("max-unavailable", "MAX UNAVAILABLE", lambda row, _: row.maximum, align="right", rank=6),
    _budget("allowed-disruptions", "ALLOWED DISRUPTIONS", lambda row, _: str(row.allowed), align="right", rank=3,
            sort=lambda row, _: row.allowed, measure=Measure.NUMBER),
    _budget("current", "CURRENT", lambda row, _: str(row.current), sort=lambda row, _: row.current, align="right",
            rank=20, measure=Measure.NUMBER),
    _budget("desired", "DESIRED", lambda row, _: str(row.desired), sort=lambda row, _: row.desired, align="right",
            rank=21, measure=Measure.NUMBER),
    _budget("expected", "EXPECTED", lambda row, _: str(row.expected), sort=lambda row, _: row.expected, align="right",
            rank=22, measure=Measure.NUMBER),
    *TAIL,
)  # fmt: skip


def budget_health(row: Row, _ctx: RowContext) -> Health:
    """Return whether a budget protects something and lets nodes be drained."""
    assert isinstance(row, BudgetRow)
    if row.broken:
        return unreadable(row)
    if not row.expected:
        return Health(Level.WARN, "no pod matches its selector, so it protects nothing", "describe")
    if row.current < row.desired:
        return Health(Level.BAD, f"{row.current} healthy pods of the {row.desired} it asks for", "open")
    if not row.allowed:
        return Health(Level.WARN, "no pod may be evicted, so draining a node would wait", "describe")
    return HEALTHY


def _budget_pods(row: Row) -> Target | None:
    assert isinstance(row, BudgetRow)
    if not row.selector:
        return None
    title = f"pods under budget {row.name}"
    return Target("pods", namespace=row.namespace, label_selector=row.selector, title=title)


AUTOSCALERS = KindSpec(
    id="horizontalpodautoscalers.autoscaling",
    projection=lambda: ObjectProjection(AutoscalerObject, AutoscalerRow, _fill_autoscaler),
    columns=fixed(_AUTOSCALER),
    health=autoscaler_health,
    drill=Drill("target", "what it scales", _scaled),
    purpose="Autoscalers change the number of pods by what they use.",
)
BUDGETS = KindSpec(
    id="poddisruptionbudgets.policy",
    projection=lambda: ObjectProjection(BudgetObject, BudgetRow, _fill_budget),
    columns=fixed(_BUDGET),
    health=budget_health,
    drill=Drill("pods", "its pods", _budget_pods),
    purpose="Disruption budgets say how many pods may be evicted at once.",
)

SPECS = (AUTOSCALERS, BUDGETS)
