"""Events of an object: what the cluster said about it, repeated ones folded into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k9py.core.ages import time_or_zero
from k9py.core.refs import ObjectRef
from k9py.kube.verbs import decode_object
from k9py.kube.watching import PAGE_SIZE
from k9py.kube.wire import Transport

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of a static pod whose value the kubelet uses as the pod's uid in events."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One Event, or several that say the same."""

    type: str
    """``Normal`` or ``Warning``."""
    reason: str
    message: str
    count: int
    first: float
    """Unix seconds of the first time, 0 when unknown."""
    last: float
    source: str
    """Who reported it: component, and its node after a comma."""
    field: str
    """Which part of the object, such as ``spec.containers{api}``; may be empty."""


async def happenings_of(transport: Transport, ref: ObjectRef, *, mirror_uid: str = "") -> list[Happening]:
    """Return an object's events, oldest first.

    They are asked for by kind and name and kept by uid, since a kubelet reports on its node under the node's name and
    on a static pod under the uid in the :data:`MIRROR` annotation, given here as ``mirror_uid``.
    """
    selector = f"involvedObject.kind={ref.kind},involvedObject.name={ref.name}"
    # Events about objects without a namespace are kept in "default".
    path = f"/api/v1/namespaces/{ref.namespace or 'default'}/events"
    if ref.namespace:
        selector += f",involvedObject.namespace={ref.namespace}"
    items: list[dict[str, Any]] = []
    token = ""
    while True:
        query = [("fieldSelector", selector), ("limit", str(PAGE_SIZE))]
        query += [("continue", token)] if token else []
        answer = await transport.request("GET", path, query=query, headers={"Accept": "application/json"})
        page = decode_object(answer.body, "the list of events")
        items += page.get("items") or ()
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            break
    ours = {"", ref.uid, mirror_uid, ref.name if ref.kind == "Node" else ref.uid}
    return fold([item for item in items if not ref.uid or (item.get("involvedObject") or {}).get("uid", "") in ours])


def fold(items: list[dict[str, Any]]) -> list[Happening]:
    """Return events merged by what they say, oldest last time first."""
    merged: dict[tuple[str, ...], Happening] = {}
    for item in items:
        one = _read(item)
        key = (one.type, one.reason, one.message, one.source, one.field)
        before = merged.get(key)
        if before is not None:
            one = Happening(
                one.type,
                one.reason,
                one.message,
                before.count + one.count,
                min(filter(None, (before.first, one.first)), default=0.0),
                max(before.last, one.last),
                one.source,
                one.field,
            )
        merged[key] = one
    return sorted(merged.values(), key=lambda happening: (happening.last, happening.first))


def _read(item: dict[str, Any]) -> Happening:
    series = item.get("series") or {}
    reported = time_or_zero(item.get("eventTime"))
    created = time_or_zero((item.get("metadata") or {}).get("creationTimestamp"))
    first = time_or_zero(item.get("firstTimestamp")) or reported or created
    last = time_or_zero(series.get("lastObservedTime")) or time_or_zero(item.get("lastTimestamp")) or reported or first
    source = item.get("source") or {}
    component = source.get("component") or item.get("reportingComponent") or ""
    host = source.get("host") or ""
    return Happening(
        type=str(item.get("type") or "Normal"),
        reason=str(item.get("reason") or ""),
        message=str(item.get("message") or "").strip(),
        count=int(series.get("count") or item.get("count") or 1),
        first=first,
        last=max(first, last),
        source=", ".join(filter(None, (component, host))),
        field=str((item.get("involvedObject") or {}).get("fieldPath") or ""),
    )
