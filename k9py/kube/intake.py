"""Where the objects of a list go: straight into an empty store, aside when there are rows on screen to keep."""

from __future__ import annotations

from collections.abc import Sequence

from k9py.kube.pacing import Turns
from k9py.kube.rows import Row
from k9py.kube.store import Store

SLICE = 2000
"""Rows compared before the loop gets a turn: about 2 ms."""


class Intake:
    """One list under way."""

    def __init__(self, store: Store, turns: Turns) -> None:
        self._store = store
        self._turns = turns
        self._aside: dict[str, Row] | None = {} if store.rows else None

    def put(self, row: Row) -> None:
        """Take one object."""
        if self._aside is None:
            self._store.put(row)
        else:
            self._aside[row.key] = row

    def put_all(self, rows: Sequence[Row]) -> None:
        """Take a page."""
        for row in rows:
            self.put(row)

    def remove(self, key: str) -> None:
        """Forget an object deleted while the list was under way."""
        if self._aside is None:
            self._store.remove(key)
        else:
            self._aside.pop(key, None)

    async def finish(self) -> None:
        """Swap what was built aside into the store, in one step after comparing in slices."""
        aside = self._aside
        if aside is None:
            return
        keys = list(aside)
        changed: list[str] = []
        for start in range(0, len(keys), SLICE):
            changed += self._store.difference(aside, keys[start : start + SLICE])
            await self._turns.give()
        self._store.swap(aside, changed)
