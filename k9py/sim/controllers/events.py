"""Writing Events as the components do: one object per thing that happens, counted when it happens again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k9py.core.ages import time_or_zero
from k9py.core.errors import Forbidden, NotFound
from k9py.sim.engine import Engine
from k9py.sim.objects import micro_timestamp, timestamp
from k9py.sim.store import Store

EVENT_TTL = 3600.0
"""Seconds an event lives after it was last seen (the API server's default)."""
SIMILAR = 10
"""Events of one reason about one object with different messages, within SIMILAR_PERIOD, after which they are one."""
SIMILAR_PERIOD = 600.0
COMBINED = "(combined from similar events): "
MAX_MESSAGE = 1024
"""Characters of a message; the recorder cuts longer ones."""
MODERN_COMPONENTS = frozenset({"default-scheduler"})
"""Components that write events.k8s.io events: a micro time and a series instead of counts."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports."""

    component: str
    host: str = ""


@dataclass(slots=True)
class _Draft:
    """An event of the past that is not stored yet."""

    event: Object
    first: float
    last: float
    more: int = 0
    """Sightings after the first."""


class Recorder:
    """Writes and counts events."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._known: dict[tuple[str, ...], tuple[str, str]] = {}
        self._similar: dict[tuple[str, ...], tuple[float, set[str]]] = {}
        """When an object last had an event of a reason, and the messages it had."""
        self._drafts: dict[tuple[str, str], _Draft] = {}
        """Events of the past while it is replayed: most are forgotten before it ends, so none is stored until then."""
        engine.on_leap(lambda _gap: self._leapt())

    def warn(self, obj: Object, reason: str, message: str, source: Source, *, field: str = "") -> None:
        """Write a Warning about an object."""
        self._record("Warning", obj, reason, message, source, field)

    def note(self, obj: Object, reason: str, message: str, source: Source, *, field: str = "") -> None:
        """Write a Normal event about an object."""
        self._record("Normal", obj, reason, message, source, field)

    def _record(self, kind: str, obj: Object, reason: str, message: str, source: Source, field: str) -> None:
        meta = obj["metadata"]
        message = message[:MAX_MESSAGE]
        if self._is_one_of_many((meta.get("uid", ""), field, kind, reason, source.component, source.host), message):
            self._combine(kind, obj, reason, message, source, field)
            return
        self._write(kind, obj, reason, message, source, field)

    def _is_one_of_many(self, about: tuple[str, ...], message: str) -> bool:
        """Return True when there were too many events like this one of late."""
        now = self._engine.now
        last, messages = self._similar.get(about, (now, set()))
        if now - last > SIMILAR_PERIOD:
            messages = set()
        messages.add(message)
        self._similar[about] = (now, messages)
        return len(messages) >= SIMILAR

    def _combine(self, kind: str, obj: Object, reason: str, message: str, source: Source, field: str) -> None:
        """Count one more of many, showing the newest message."""
        key = (obj["metadata"].get("uid", ""), field, kind, reason, COMBINED, source.component, source.host)
        text = COMBINED + message
        known = self._known.get(key)
        if known and self._reword(known, text):
            self._count(known)
            return
        name = self._write(kind, obj, reason, text, source, field)
        if name:
            self._known[key] = name

    def _write(
        self, kind: str, obj: Object, reason: str, message: str, source: Source, field: str
    ) -> tuple[str, str] | None:
        """Write or count an event; return its namespace and name, None when its namespace is going or gone."""
        meta = obj["metadata"]
        key = (meta.get("uid", ""), field, kind, reason, message, source.component, source.host)
        known = self._known.get(key)
        if known and self._count(known):
            return known
        involved = {
            "kind": obj.get("kind", ""),
            "namespace": meta.get("namespace"),
            "name": meta["name"],
            "uid": meta.get("uid"),
            "apiVersion": obj.get("apiVersion"),
            "resourceVersion": meta.get("resourceVersion"),
            "fieldPath": field or None,
        }
        namespace = meta.get("namespace") or "default"
        name = f"{meta['name']}.{int(self._engine.now * 1e9) & 0xFFFFFFFFFFFFFFFF:x}"
        while (namespace, name) in self._drafts or self._store.find("events", namespace, name):
            name = name[:-3] + f"{self._engine.random.randrange(4096):03x}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {part: value for part, value in involved.items() if value},
            "reason": reason,
            "message": message,
            "type": kind,
        }
        event |= self._dates(source)
        if not self._engine.clock.live:
            self._drafts[namespace, name] = _Draft(event, self._engine.now, self._engine.now)
        else:
            try:
                self._store.create("events", event)
            except (Forbidden, NotFound):
                return None
        self._known[key] = (namespace, name)
        self._engine.after(EVENT_TTL, lambda: self._expire(key, namespace, name), name="event expires")
        return namespace, name

    def _dates(self, source: Source) -> Object:
        now = self._engine.now
        reporter = {"reportingComponent": source.component, "reportingInstance": source.host}
        if source.component in MODERN_COMPONENTS:
            instance = f"{source.component}-control-plane"
            return {
                "source": {},
                "firstTimestamp": None,
                "lastTimestamp": None,
                "eventTime": micro_timestamp(now),
                "action": "Scheduling",
                "reportingComponent": source.component,
                "reportingInstance": instance,
            }
        origin = {"component": source.component} | ({"host": source.host} if source.host else {})
        stamp = timestamp(now)
        return {
            "source": origin,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "eventTime": None,
            **reporter,
        }

    def _reword(self, known: tuple[str, str], text: str) -> bool:
        """Give an event another message; False when it is gone."""
        draft = self._drafts.get(known)
        if draft is not None:
            draft.event["message"] = text
            return True
        if self._store.find("events", *known) is None:
            return False
        self._store.modify("events", *known, lambda event: event.update(message=text))
        return True

    def _count(self, known: tuple[str, str]) -> bool:
        """Count one more; False when the event is gone."""
        draft = self._drafts.get(known)
        if draft is None:
            return self._write_count(known, 1, self._engine.now)
        draft.more += 1
        draft.last = self._engine.now
        return True

    def flush(self) -> None:
        """Store the events of the past that still live, each as if it had been stored at its time."""
        clock, now = self._engine.clock, self._engine.now
        for known, draft in self._drafts.items():
            if draft.last < now - EVENT_TTL:
                continue
            clock.replay(draft.first)
            try:
                self._store.create("events", draft.event)
            except (Forbidden, NotFound):
                continue
            finally:
                clock.replay(now)
            if draft.more:
                self._write_count(known, draft.more, draft.last)
        self._drafts.clear()

    def _write_count(self, known: tuple[str, str], more: int, last: float) -> bool:
        def again(event: Object) -> None:
            if event.get("eventTime"):
                seen = event.get("series", {}).get("count", 1) + more
                event["series"] = {"count": seen, "lastObservedTime": micro_timestamp(last)}
            else:
                event["count"] = event.get("count", 1) + more
                event["lastTimestamp"] = timestamp(last)

        try:
            self._store.modify("events", *known, again)
        except NotFound:
            return False
        return True

    def _leapt(self) -> None:
        """Forget what is older than events live."""
        oldest = self._engine.now - EVENT_TTL
        for known in [known for known, draft in self._drafts.items() if draft.last < oldest]:
            del self._drafts[known]

    def _expire(self, key: tuple[str, ...], namespace: str, name: str) -> None:
        last = self._last_seen(namespace, name)
        # A counted event lives on from its last sighting; the known key is what keeps counting it.
        if last is not None and last > self._engine.now - EVENT_TTL:
            self._engine.after(EVENT_TTL / 4, lambda: self._expire(key, namespace, name), name="event expires")
            return
        self._known.pop(key, None)
        if last is not None and self._drafts.pop((namespace, name), None) is None:
            self._store.delete("events", namespace, name)

    def _last_seen(self, namespace: str, name: str) -> float | None:
        """Return when an event was last counted; None when it is gone."""
        draft = self._drafts.get((namespace, name))
        if draft is not None:
            return draft.last
        event = self._store.peek("events", namespace, name)
        if event is None:
            return None
        series = event.get("series") or {}
        seen = event.get("lastTimestamp") or series.get("lastObservedTime") or event.get("eventTime")
        return time_or_zero(seen)
