"""Events: what happened to which object, counted and dated as the server repeats them."""

from __future__ import annotations

import msgspec

from k9py.core import ages
from k9py.core.ages import time_or_zero
from k9py.kube.rows import Row
from k9py.resources.cells import LABELS, NAMESPACE
from k9py.resources.model import (
    HEALTHY,
    MISSING,
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
from k9py.resources.projecting import Meta, ObjectProjection, Shared, intern
from k9py.resources.structs import ObjectReference

RECENT = 3600.0
"""Seconds in which a warning still is a problem."""


class _Series(msgspec.Struct, gc=False, rename="camel"):
    count: int | None = None
    last_observed_time: str | None = None


class _Source(msgspec.Struct, gc=False):
    component: str | None = None
    host: str | None = None


class EventObject(msgspec.Struct, gc=False, rename="camel"):
    """An event of the core group."""

    metadata: Meta | None = None
    involved_object: ObjectReference | None = None
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: _Series | None = None
    source: _Source | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None


class EventRow(Row, gc=False):
    """One event in a list."""

    type: str = ""
    reason: str = ""
    message: str = ""
    object: str = ""
    """``kind/name`` with the kind in lower case."""
    object_uid: str = ""
    object_kind: str = ""
    object_name: str = ""
    object_namespace: str = ""
    object_version: str = ""
    subobject: str = ""
    source: str = ""
    count: int = 1
    first: float = 0.0
    last: float = 0.0


def _fill(row: EventRow, event: EventObject, _shared: Shared) -> None:
    row.type, row.reason = intern(event.type or ""), intern(event.reason or "")
    row.message = (event.message or "").strip()
    involved = event.involved_object
    if involved is not None:
        row.object = f"{(involved.kind or '').lower()}/{involved.name or ''}"
        row.object_uid, row.object_kind = involved.uid or "", intern(involved.kind or "")
        row.object_name, row.object_namespace = involved.name or "", intern(involved.namespace or "")
        row.object_version = intern(involved.api_version or "")
        row.subobject = intern(involved.field_path or "")
    row.source = intern(_source(event))
    at = time_or_zero(event.event_time)
    row.first = time_or_zero(event.first_timestamp) or at
    row.last = time_or_zero(event.last_timestamp) or row.first
    row.count = event.count or 1
    if event.series is not None:
        row.last = time_or_zero(event.series.last_observed_time) or row.last
        row.count = event.series.count or row.count


def _source(event: EventObject) -> str:
    source = event.source
    component = (source.component if source else None) or event.reporting_component or ""
    host = (source.host if source else None) or event.reporting_instance or ""
    return f"{component}, {host}" if host else component


_event = ColumnMaker(EventRow)


_COLUMNS = (
    NAMESPACE,
    _event("last-seen", "LAST SEEN", lambda row, ctx: ages.age(row.last, ctx.now), align="right", rank=2, live=True,
           sort=lambda row, ctx: ctx.now - row.last if row.last else MISSING, width=6, short="SEEN",
           measure=Measure.DURATION),
    _event("type", "TYPE", lambda row, _: row.type, width=7, rank=4,
           tone=lambda row, _: Tone.WARN if row.type == "Warning" else Tone.PLAIN),
    _event("reason", "REASON", lambda row, _: row.reason, width=12, max_width=30, rank=3),
    _event("object", "OBJECT", lambda row, _: row.object, width=14, max_width=50, rank=5),
    _event("subobject", "SUBOBJECT", lambda row, _: row.subobject, wide=True, rank=70, max_width=40),
    _event("source", "SOURCE", lambda row, _: row.source, wide=True, rank=71, max_width=40),
    _event("message", "MESSAGE", lambda row, _: row.message, width=20, flex=True, rank=1),
    _event("first-seen", "FIRST SEEN", lambda row, ctx: ages.age(row.first, ctx.now), align="right", wide=True, rank=60,
           live=True, sort=lambda row, ctx: ctx.now - row.first if row.first else MISSING, measure=Measure.DURATION),
    _event("count", "COUNT", lambda row, _: str(row.count), sort=lambda row, _: row.count, align="right", rank=20,
           measure=Measure.NUMBER),
    _event("name", "NAME", lambda row, _: row.name, wide=True, rank=90, max_width=60),
    LABELS,
)  # fmt: skip


def event_health(row: Row, ctx: RowContext) -> Health:
    """Return a warning for a recent event of type Warning."""
    assert isinstance(row, EventRow)
    if row.broken:
        return unreadable(row)
    if row.type in ("Normal", ""):
        return HEALTHY
    level = Level.WARN if row.last and ctx.now - row.last <= RECENT else Level.OK
    return Health(level, _said(row), "open")


def _said(row: EventRow) -> str:
    times = f", {row.count} times" if row.count > 1 else ""
    return f"{row.object}{times}: {row.message}"


def event_notice(row: Row, _ctx: RowContext) -> str:
    """Return the message of an event that is no warning: most panes cut it."""
    assert isinstance(row, EventRow)
    return _said(row) if not row.broken and row.type in ("Normal", "") else ""


def _object(row: Row) -> Target | None:
    assert isinstance(row, EventRow)
    if not row.object_kind:
        return None
    group = row.object_version.partition("/")[0] if "/" in row.object_version else ""
    resource = f"{row.object_kind.lower()}.{group}" if group else row.object_kind.lower()
    return Target(
        resource, namespace=row.object_namespace, name=row.object_name, title=f"what happened to {row.object}"
    )


EVENTS = KindSpec(
    id="events",
    projection=lambda: ObjectProjection(EventObject, EventRow, _fill),
    columns=fixed(_COLUMNS),
    default_sort=("last-seen", False),
    health=event_health,
    notice=event_notice,
    drill=Drill("object", "the object", _object),
    purpose="Events say what happened lately; the server forgets them after an hour.",
)

SPECS = (EVENTS,)
