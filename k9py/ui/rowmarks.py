"""Which rows a person marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from k9py.kube.rows import Row
from k9py.ui.rowmodel import Entry


def mark_id(row: Row) -> str:
    """Return what a mark is about: one object, not a name; rows without a uid fall back to their key."""
    return row.uid or row.key


class Marks:
    """A set of marked objects; every change says whether there was one."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, row: Row) -> bool:
        return bool(self._ids) and mark_id(row) in self._ids

    def toggle(self, row: Row) -> bool:
        """Mark a row, or unmark it; the next range starts here."""
        self._last = mark_id(row)
        return self._take(self._ids ^ {self._last})

    def add_range(self, order: Sequence[Entry], cursor: int) -> bool:
        """Mark every row from the one toggled last to the cursor's."""
        start = next((i for i, entry in enumerate(order) if mark_id(entry.row) == self._last), cursor)
        low, high = sorted((start, cursor))
        return self.add_all(order[low : high + 1])

    def add_all(self, entries: Sequence[Entry]) -> bool:
        """Mark all of these."""
        return self._take(self._ids | {mark_id(entry.row) for entry in entries})

    def invert(self, entries: Sequence[Entry]) -> bool:
        """Mark what is not marked among these, and unmark the rest of them."""
        return self._take(self._ids ^ {mark_id(entry.row) for entry in entries})

    def clear(self) -> bool:
        """Unmark everything."""
        return self._take(frozenset())

    def drop(self, uids: Collection[str]) -> bool:
        """Unmark objects that are gone, so that no action hits another one of the same name."""
        return bool(self._ids) and self._take(self._ids.difference(uids))

    def keep(self, entries: Collection[Entry]) -> bool:
        """Unmark everything that is not among these."""
        return bool(self._ids) and self._take(self._ids & {mark_id(entry.row) for entry in entries})

    def _take(self, ids: frozenset[str]) -> bool:
        if ids == self._ids:
            return False
        self._ids = ids
        return True
