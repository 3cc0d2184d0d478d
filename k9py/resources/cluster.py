"""Kinds about the cluster itself: namespaces, custom resource definitions, leases, quotas, limits, priorities."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.core.ages import age, time_or_zero
from k9py.core.errors import QuantityError
from k9py.core.quantity import parse
from k9py.kube.rows import Row
from k9py.resources.cells import AGE, LABELS, NAME, TAIL, identity
from k9py.resources.model import (
    HEALTHY,
    MISSING,
    NONE_TEXT,
    TONE_OF,
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
from k9py.resources.projecting import Meta, ObjectProjection, Shared, intern
from k9py.resources.storage import users_of
from k9py.resources.structs import condition, message_of

QUOTA_NEARLY = 0.9
"""Share of a quota from which it is worth a warning."""


class _Phase(msgspec.Struct, gc=False):
    phase: str | None = None
    conditions: list[Condition] | None = None


class NamespaceObject(msgspec.Struct, gc=False):
    """A namespace."""

    metadata: Meta | None = None
    status: _Phase | None = None


class NamespaceRow(Row, gc=False):
    """One namespace in a list."""

    status: str = ""
    blocked: str = ""
    """What keeps it from going away."""


def _fill_namespace(row: NamespaceRow, found: NamespaceObject, _shared: Shared) -> None:
    status = found.status or _Phase()
    row.status = intern(status.phase or "")
    messages = [message_of(one) for one in status.conditions or () if one.status == "True"]
    row.blocked = "; ".join(messages)


_namespace = ColumnMaker(NamespaceRow)

_NAMESPACE = (
    NAME,
    _namespace("status", "STATUS", lambda row, _: row.status, width=6, rank=1,
               tone=lambda row, ctx: TONE_OF[_namespace_health(row, ctx).level]),
    LABELS,
    AGE,
)  # fmt: skip


def _namespace_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, NamespaceRow)
    if row.broken:
        return unreadable(row)
    if row.status == "Terminating":
        if row.blocked:
            return Health(Level.WARN, f"going away, but: {row.blocked}", "describe")
        return Health(Level.BUSY, "going away with everything in it")
    return HEALTHY


def _namespace_pods(row: Row) -> Target:
    return Target("pods", namespace=row.name, title=f"pods in {row.name}")


class _Names(msgspec.Struct, gc=False, rename="camel"):
    plural: str | None = None
    kind: str | None = None
    short_names: list[str] | None = None


class _Version(msgspec.Struct, gc=False):
    name: str | None = None
    served: bool | None = None
    storage: bool | None = None


class _DefinitionSpec(msgspec.Struct, gc=False):
    group: str | None = None
    scope: str | None = None
    names: _Names | None = None
    versions: list[_Version] | None = None


class _DefinitionStatus(msgspec.Struct, gc=False):
    conditions: list[Condition] | None = None


class DefinitionObject(msgspec.Struct, gc=False):
    """A custom resource definition, without its schemas."""

    metadata: Meta | None = None
    spec: _DefinitionSpec | None = None
    status: _DefinitionStatus | None = None


class DefinitionRow(Row, gc=False):
    """One custom resource definition in a list."""

    group: str = ""
    kind: str = ""
    plural: str = ""
    versions: str = ""
    scope: str = ""
    short_names: str = ""
    refused: str = ""
    """Why its kind is not served."""


def _fill_definition(row: DefinitionRow, found: DefinitionObject, _shared: Shared) -> None:
    spec, status = found.spec or _DefinitionSpec(), found.status or _DefinitionStatus()
    names = spec.names or _Names()
    row.group, row.kind, row.plural = intern(spec.group or ""), names.kind or "", names.plural or ""
    row.versions = intern(",".join(one.name or "" for one in spec.versions or () if one.served))
    row.scope = intern(spec.scope or "")
    row.short_names = ",".join(names.short_names or ())
    for kind in ("NamesAccepted", "Established"):
        found_condition = condition(status.conditions, kind)
        if found_condition is not None and found_condition.status == "False" and not row.refused:
            row.refused = message_of(found_condition)


_definition = ColumnMaker(DefinitionRow)

_DEFINITION = (
    NAME,
    _definition("group", "GROUP", lambda row, _: row.group, rank=8, max_width=40),
    _definition("kind", "KIND", lambda row, _: row.kind, rank=4, max_width=40),
    _definition("versions", "VERSIONS", lambda row, _: row.versions, rank=6, max_width=30),
    _definition("scope", "SCOPE", lambda row, _: row.scope, rank=7),
    _definition("short-names", "SHORT NAMES", lambda row, _: row.short_names or NONE_TEXT, wide=True, rank=60),
    *TAIL,
)


def _definition_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, DefinitionRow)
    if row.broken:
        return unreadable(row)
    if row.refused:
        return Health(Level.BAD, f"its kind is not served: {row.refused}", "describe")
    return Health(Level.BUSY, "being deleted with all its objects") if row.deleting else HEALTHY


def _objects(row: Row) -> Target | None:
    assert isinstance(row, DefinitionRow)
    return Target(f"{row.plural}.{row.group}", title=f"objects of {row.kind}") if row.plural else None


class _LeaseSpec(msgspec.Struct, gc=False, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    renew_time: str | None = None


class LeaseObject(msgspec.Struct, gc=False):
    """A lease."""

    metadata: Meta | None = None
    spec: _LeaseSpec | None = None


class LeaseRow(Row, gc=False):
    """One lease in a list."""

    holder: str = ""
    renewed: float = 0.0
    duration: int = 0


def _fill_lease(row: LeaseRow, lease: LeaseObject, _shared: Shared) -> None:
    spec = lease.spec or _LeaseSpec()
    row.holder = spec.holder_identity or ""
    row.renewed, row.duration = time_or_zero(spec.renew_time), spec.lease_duration_seconds or 0


_lease = ColumnMaker(LeaseRow)

_LEASE = (
    *identity(namespaced=True),
    _lease("holder", "HOLDER", lambda row, _: row.holder, rank=3, max_width=70),
    _lease("renewed", "RENEWED", lambda row, ctx: age(row.renewed, ctx.now), align="right", rank=60, wide=True,
           live=True, measure=Measure.DURATION,
           sort=lambda row, ctx: ctx.now - row.renewed if row.renewed else MISSING),
    *TAIL,
)  # fmt: skip


class _QuotaStatus(msgspec.Struct, gc=False):
    hard: dict[str, Any] | None = None
    used: dict[str, Any] | None = None


class QuotaObject(msgspec.Struct, gc=False):
    """A resource quota."""

    metadata: Meta | None = None
    status: _QuotaStatus | None = None


class QuotaRow(Row, gc=False):
    """One resource quota in a list."""

    request: str = ""
    limit: str = ""
    fullest: float = 0.0
    """Largest share used, 1 when one of the resources is used up."""
    full: str = ""
    """Names of the resources that are used up or nearly."""


def _fill_quota(row: QuotaRow, quota: QuotaObject, _shared: Shared) -> None:
    status = quota.status or _QuotaStatus()
    requests: list[str] = []
    limits: list[str] = []
    full: list[str] = []
    for name, hard in sorted((status.hard or {}).items()):
        used = (status.used or {}).get(name, "0")
        (limits if name.startswith("limits.") else requests).append(f"{name}: {used}/{hard}")
        share = _share(used, hard)
        row.fullest = max(row.fullest, share)
        if share >= QUOTA_NEARLY:
            full.append(f"{name} {used} of {hard}")
    row.request, row.limit, row.full = ", ".join(requests), ", ".join(limits), ", ".join(full)


def _share(used: Any, hard: Any) -> float:
    try:
        allowed = parse(str(hard))
        return float(parse(str(used)) / allowed) if allowed else 0.0
    except QuantityError:
        return 0.0


_quota = ColumnMaker(QuotaRow)

_QUOTA = (
    *identity(namespaced=True),
    _quota("request", "REQUEST", lambda row, _: row.request, rank=3, max_width=90),
    _quota("limit", "LIMIT", lambda row, _: row.limit, rank=5, max_width=60),
    _quota("used%", "%USED", lambda row, _: f"{100 * row.fullest:.0f}", sort=lambda row, _: 100 * row.fullest,
           align="right", rank=4, measure=Measure.PERCENT, description="The fullest resource of the quota"),
    *TAIL,
)  # fmt: skip


def _quota_health(row: Row, _ctx: RowContext) -> Health:
    assert isinstance(row, QuotaRow)
    if row.broken:
        return unreadable(row)
    if row.fullest >= 1:
        return Health(Level.BAD, f"used up, new objects are refused: {row.full}", "describe")
    return Health(Level.WARN, f"nearly used up: {row.full}", "describe") if row.full else HEALTHY


class _Limits(msgspec.Struct, gc=False):
    type: str | None = None


class _LimitSpec(msgspec.Struct, gc=False):
    limits: list[_Limits] | None = None


class LimitRangeObject(msgspec.Struct, gc=False):
    """A limit range."""

    metadata: Meta | None = None
    spec: _LimitSpec | None = None


class LimitRangeRow(Row, gc=False):
    """One limit range in a list."""

    types: str = ""


def _fill_limits(row: LimitRangeRow, found: LimitRangeObject, _shared: Shared) -> None:
    limits = (found.spec.limits if found.spec else None) or ()
    row.types = ",".join(dict.fromkeys(one.type or "" for one in limits))


_limits = ColumnMaker(LimitRangeRow)

_LIMIT_RANGE = (
    *identity(namespaced=True),
    _limits("types", "TYPES", lambda row, _: row.types or NONE_TEXT, rank=5),
    *TAIL,
)


class PriorityObject(msgspec.Struct, gc=False, rename="camel"):
    """A priority class."""

    metadata: Meta | None = None
    value: int | None = None
    global_default: bool | None = None
    preemption_policy: str | None = None


class PriorityRow(Row, gc=False):
    """One priority class in a list."""

    value: int = 0
    default: bool = False
    preemption: str = ""


def _fill_priority(row: PriorityRow, found: PriorityObject, _shared: Shared) -> None:
    row.value, row.default = found.value or 0, bool(found.global_default)
    row.preemption = intern(found.preemption_policy or "")


_priority = ColumnMaker(PriorityRow)

_PRIORITY = (
    NAME,
    _priority("value", "VALUE", lambda row, _: str(row.value), sort=lambda row, _: row.value, align="right", rank=3,
              measure=Measure.NUMBER),
    _priority("global-default", "GLOBAL-DEFAULT", lambda row, _: str(row.default).lower(), rank=6),
    _priority("preemptionpolicy", "PREEMPTIONPOLICY", lambda row, _: row.preemption, rank=20),
    *TAIL,
)  # fmt: skip

SPECS = (
    KindSpec(
        id="namespaces",
        projection=lambda: ObjectProjection(NamespaceObject, NamespaceRow, _fill_namespace),
        columns=fixed(_NAMESPACE),
        health=_namespace_health,
        drill=Drill("pods", "pods in it", _namespace_pods),
        purpose="Namespaces keep names, rights and quotas apart.",
    ),
    KindSpec(
        id="customresourcedefinitions.apiextensions.k8s.io",
        projection=lambda: ObjectProjection(DefinitionObject, DefinitionRow, _fill_definition),
        columns=fixed(_DEFINITION),
        health=_definition_health,
        drill=Drill("objects", "its objects", _objects),
        purpose="Custom resource definitions add kinds to the cluster.",
    ),
    KindSpec(
        id="leases.coordination.k8s.io",
        projection=lambda: ObjectProjection(LeaseObject, LeaseRow, _fill_lease),
        columns=fixed(_LEASE),
        purpose="Leases say who leads, and that a node still lives.",
    ),
    KindSpec(
        id="resourcequotas",
        projection=lambda: ObjectProjection(QuotaObject, QuotaRow, _fill_quota),
        columns=fixed(_QUOTA),
        health=_quota_health,
        purpose="Quotas bound what a namespace may use.",
    ),
    KindSpec(
        id="limitranges",
        projection=lambda: ObjectProjection(LimitRangeObject, LimitRangeRow, _fill_limits),
        columns=fixed(_LIMIT_RANGE),
        purpose="Limit ranges give containers default and largest resources.",
    ),
    KindSpec(
        id="priorityclasses.scheduling.k8s.io",
        projection=lambda: ObjectProjection(PriorityObject, PriorityRow, _fill_priority),
        columns=fixed(_PRIORITY),
        default_sort=("value", True),
        relations=(users_of("pc", "priority class"),),
        purpose="Priority classes say which pods go first.",
    ),
)
