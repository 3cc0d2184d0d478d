"""Rows by key, and for each subscriber what changed since it last looked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from k9py.kube.rows import Row


class Changes(msgspec.Struct):
    """What differs since the last drain: the newest row wins, and an add followed by a delete is nothing."""

    upserts: dict[str, Row] = msgspec.field(default_factory=dict)
    """Key to newest row, for objects that are new or changed."""
    removed: dict[str, str] = msgspec.field(default_factory=dict)
    """Key to the uid that went away. An object replaced under its name is an upsert with another uid instead."""
    reset: bool = False
    """Read the rows afresh instead: the first drain, or a change of what is watched."""

    def __bool__(self) -> bool:
        return self.reset or bool(self.upserts) or bool(self.removed)


class Feed:
    """One subscriber's unread changes on one store.

    It remembers, per changed key, which uid the subscriber last saw; the newest row is read from the store when
    drained. So it holds at most one entry per object however long nobody drains it.
    """

    __slots__ = ("_seen", "_store", "_wake")

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._seen: dict[str, str | None] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def note(self, key: str, before: Row | None) -> None:
        """Record that a key changed; ``before`` is the row it had until now."""
        seen = self._seen
        if key in seen:
            if seen[key] is None and key not in self._store.rows:
                del seen[key]
            return
        seen[key] = None if before is None else before.uid
        if len(seen) == 1:
            self._wake()

    def drain_into(self, changes: Changes) -> None:
        """Move the unread changes into ``changes`` and forget them."""
        rows = self._store.rows
        for key, uid in self._seen.items():
            row = rows.get(key)
            if row is not None:
                changes.upserts[key] = row
            elif uid is not None:
                changes.removed[key] = uid
        self._seen.clear()


class Store:
    """The rows of one list-and-watch; its reflector is the only writer."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        """Key to row; read it, never change it."""
        self._feeds: tuple[Feed, ...] = ()

    def open_feed(self, wake: Callable[[], None]) -> Feed:
        """Start recording changes; ``wake`` is called each time the first one arrives in an empty feed."""
        feed = Feed(self, wake)
        self._feeds = (*self._feeds, feed)
        return feed

    def close_feed(self, feed: Feed) -> None:
        """Stop recording for a subscriber that went away."""
        self._feeds = tuple(other for other in self._feeds if other is not feed)

    def put(self, row: Row) -> None:
        """Add or replace one row."""
        key = row.key
        before = self.rows.get(key)
        self.rows[key] = row
        for feed in self._feeds:
            feed.note(key, before)

    def put_all(self, rows: Iterable[Row]) -> None:
        """Add or replace rows, such as a page of a first list."""
        for row in rows:
            self.put(row)

    def remove(self, key: str) -> None:
        """Drop a row; a key that is not there is already gone."""
        before = self.rows.pop(key, None)
        if before is not None:
            for feed in self._feeds:
                feed.note(key, before)

    def difference(self, fresh: dict[str, Row], keys: Iterable[str]) -> list[str]:
        """Return those of ``keys`` whose fresh row is not what the store holds.

        Rows are compared whole: cells of a server-side Table change without a new resource version. An equal row
        is replaced in ``fresh`` by the one held, so that what is cached for it stays valid.
        """
        rows = self.rows
        changed = []
        for key in keys:
            held = rows.get(key)
            if held is not None and held == fresh[key]:
                fresh[key] = held
            else:
                changed.append(key)
        return changed

    def swap(self, fresh: dict[str, Row], changed: Collection[str]) -> None:
        """Take new contents in one step; ``changed`` is their difference, what is not in them is removed."""
        before = self.rows
        gone = before.keys() - fresh.keys()
        self.rows = fresh
        for feed in self._feeds:
            for key in changed:
                feed.note(key, before.get(key))
            for key in gone:
                feed.note(key, before[key])

    def replace(self, fresh: dict[str, Row]) -> None:
        """Swap in new contents, working out the difference here; for lists small enough to compare at once."""
        self.swap(fresh, self.difference(fresh, list(fresh)))
