"""One resource's objects as encoded bytes, in key order, with the changes that led to them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from k9py.sim import statuses

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
_VERSION_KEY = b'"resourceVersion":"'


class Facts(msgspec.Struct, gc=False):
    """What the store itself reads of an object's metadata."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None


class Stored:
    """One version of one object; it never changes. ``raw`` starts with kind and apiVersion."""

    __slots__ = ("_recent", "_view", "labels", "name", "namespace", "raw", "uid", "version")

    def __init__(self, facts: Facts, version: int, raw: bytes, recent: deque[Stored]) -> None:
        self.namespace = facts.namespace
        self.name = facts.name
        self.uid = facts.uid
        self.labels = facts.labels
        self.version = version
        self.raw = raw
        self._recent = recent
        self._view: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """``namespace/name``, or the name of a cluster-scoped object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def view(self) -> dict[str, Any]:
        """Return the decoded object, shared between readers: it must not be changed."""
        view = self._view
        if view is None:
            view = self._view = self.copy()
            if len(self._recent) == self._recent.maxlen:
                self._recent[0].forget_view()
            self._recent.append(self)
        return view

    def forget_view(self) -> None:
        """Drop the decoded form; the bytes are enough to build it again."""
        self._view = None

    def under(self, version: int, raw: bytes) -> Stored:
        """Return the same object under another version and with other bytes."""
        facts = Facts(self.name, self.namespace, self.uid, self.labels)
        return Stored(facts, version, raw, self._recent)

    def copy(self) -> dict[str, Any]:
        """Decode a private object the caller may change."""
        decoded: dict[str, Any] = msgspec.json.decode(self.raw)
        return decoded


@dataclass(frozen=True, slots=True)
class Change:
    """One write: ``current`` after it (for DELETED the last state under the deletion's version)."""

    type: ChangeType
    resource: str
    current: Stored
    previous: Stored | None
    version: int


@dataclass(frozen=True, slots=True)
class StoredKind:
    """What a collection holds: its id (``deployments.apps``) and the version objects are kept in."""

    id: str
    api_version: str
    kind: str
    namespaced: bool

    @property
    def prefix(self) -> bytes:
        """The bytes every object of this kind starts with; a list of built-in kinds leaves them out."""
        return f'{{"kind":"{self.kind}","apiVersion":"{self.api_version}",'.encode()


class Collection:
    """The objects of one resource and the ring of their changes."""

    def __init__(self, kind: StoredKind, *, history: int, version: int) -> None:
        self.kind = kind
        self.prefix_length = len(kind.prefix)
        self.objects: dict[str, Stored] = {}
        self.keys: list[str] = []
        self.floor = version
        """Changes up to this version may be forgotten; a watch can resume from it or anything newer."""
        self.changes: deque[Change] = deque()
        self._history = history

    def commit(self, change: Change) -> None:
        """Apply a change and remember it."""
        key = change.current.key
        if change.type == "DELETED":
            del self.objects[key]
            del self.keys[bisect_left(self.keys, key)]
        else:
            if key not in self.objects:
                insort(self.keys, key)
            self.objects[key] = change.current
        self.changes.append(change)
        while len(self.changes) > self._history:
            self.floor = self.changes.popleft().version

    def compact(self, version: int) -> None:
        """Forget the changes up to a version."""
        while self.changes and self.changes[0].version <= version:
            self.changes.popleft()
        self.floor = max(self.floor, version)

    def since(self, version: int) -> list[Change]:
        """Return the changes after a version, oldest first; raises Gone when some are forgotten."""
        if version < self.floor:
            raise statuses.too_old(version, self.floor)
        newer: list[Change] = []
        for change in reversed(self.changes):
            if change.version <= version:
                break
            newer.append(change)
        newer.reverse()
        return newer

    def span(self, namespace: str) -> tuple[int, int]:
        """Return the slice of :attr:`keys` that lies in a namespace; all of them for an empty one."""
        if not namespace:
            return 0, len(self.keys)
        return bisect_left(self.keys, f"{namespace}/"), bisect_left(self.keys, f"{namespace}0")

    def select(self, namespace: str = "") -> Iterator[Stored]:
        """Yield the objects of a namespace, or all, in key order."""
        first, last = self.span(namespace)
        for key in self.keys[first:last]:
            yield self.objects[key]

    def as_of(self, version: int) -> tuple[list[str], dict[str, Stored]]:
        """Return keys and objects as they stood at a version; raises Gone when that is forgotten."""
        newer = self.since(version)
        if not newer:
            return self.keys, self.objects
        objects = dict(self.objects)
        for change in reversed(newer):
            key = change.current.key
            if change.previous is None:
                objects.pop(key, None)
            else:
                objects[key] = change.previous
        return sorted(objects), objects


def with_version(raw: bytes, version: int) -> bytes:
    """Return the encoded object under another resource version, without decoding it."""
    start = raw.index(_VERSION_KEY) + len(_VERSION_KEY)
    end = raw.index(b'"', start)
    return b"%b%d%b" % (raw[:start], version, raw[end:])
