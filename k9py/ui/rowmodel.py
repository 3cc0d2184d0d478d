"""Which rows a table shows and in what order; knows nothing of screens.

Sort keys are computed once per row and kept, so that one changed row costs a binary search and sorting by another
column one pass. Positions are never stored: they follow from the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter

import msgspec

from k9py.kube.rows import Row
from k9py.resources.model import MISSING, Column, RowContext, SortKey, Tone

BULK_SHARE = 8
"""From 1/8 of the rows on, sorting anew is cheaper than moving rows one by one."""

Predicate = Callable[[Row], bool]


class Entry(msgspec.Struct, gc=False, eq=False):
    """One row with what was computed from it. ``gc=False``: 50,000 of them must not slow every collection."""

    key: str
    row: Row
    value: SortKey = None
    """Sort key of the current sort column."""
    shown: bool = True
    """False when the filter hides the row."""
    born: float | None = None
    """When the row appeared, by the table's clock; None for rows that were there from the start."""
    before: Row | None = None
    """The row as it was when the present window of change began."""
    since: float = 0.0
    """When that window began."""
    cells: tuple[str, ...] = ()
    tones: tuple[Tone, ...] = ()
    stale: bool = True
    """Cells and tones are to be computed before they are shown."""
    measured: int = -1
    """The generation of column widths these cells were measured for."""


class Delta(msgspec.Struct):
    """What applying a change did."""

    moved: bool
    """Rows came, went or changed places."""
    gone: set[str]
    """Uids that are no longer in the table."""


class RowModel:
    """Rows by key, and the ordered list of those the filter lets through."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.order: list[Entry] = []
        self.context = RowContext(now=0.0)
        self._predicate: Predicate | None = None
        self._column: Column | None = None
        self.descending = False
        self.filling = False
        """True during a first list: rows that arrive were there before, so they do not count as new."""

    @property
    def sort_column(self) -> Column | None:
        """The column rows are ordered by; None orders them by key."""
        return self._column

    @property
    def filtered(self) -> bool:
        """True when a filter is set."""
        return self._predicate is not None

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Row]:
        return (entry.row for entry in self.order)

    # -- whole contents ------------------------------------------------------------------------------------------

    def reset(self, rows: Iterable[Row]) -> None:
        """Replace everything; no row counts as new."""
        self.entries = {row.key: Entry(row.key, row) for row in rows}
        self._filter_all()
        self._key_all()
        self._sort()

    def set_sort(self, column: Column | None, *, descending: bool) -> None:
        """Order by a column; rows of equal value stay in the order of their keys."""
        if column is self._column:
            if descending != self.descending:
                self.descending = descending
                self._sort()
            return
        self._column = column
        self.descending = descending
        self._key_all()
        self._sort()

    def set_filter(self, predicate: Predicate | None) -> None:
        """Show only rows for which the predicate is true; None shows all."""
        if predicate is None and self._predicate is None:
            return
        self._predicate = predicate
        self._filter_all()
        self._sort()

    def set_context(self, context: RowContext) -> None:
        """Take new surroundings: cells are stale, and so are sort keys and filters that read them."""
        self.context = context
        for entry in self.entries.values():
            entry.stale = True
        if self._column is not None and self._column.live:
            self._key_all()
            self._filter_all()
            self._sort()
        elif self._predicate is not None:
            self._filter_all()
            self._sort()

    def stale_all(self) -> None:
        """Have every row's cells computed anew before it is shown next."""
        for entry in self.entries.values():
            entry.stale = True
            entry.cells = ()

    # -- changes -------------------------------------------------------------------------------------------------

    def apply(self, upserts: Mapping[str, Row], removed: Iterable[str], now: float) -> Delta:
        """Bring in changed, new and removed rows, by key; cost grows with their number, not with the table."""
        delta = Delta(moved=False, gone=set())
        doomed = [key for key in removed if key in self.entries]
        if (len(upserts) + len(doomed)) * BULK_SHARE > len(self.entries):
            self._apply_bulk(upserts, doomed, now, delta)
            return delta
        for key in doomed:
            entry = self.entries.pop(key)
            delta.gone.add(entry.row.uid)
            if entry.shown:
                self._take_out(entry)
                delta.moved = True
        column, note = self._column, self._note_change
        steady = self._predicate is None and (column is None or column.by_place)
        for key, row in upserts.items():
            known = self.entries.get(key)
            if known is None:
                self._add(Entry(key, row, born=None if self.filling else now), delta)
            elif known.row is row:
                continue
            elif steady and not (row.broken or known.row.broken):
                note(known, row, now, delta)  # nothing it could move by, or be hidden for
            else:
                self._replace(known, row, now, delta)
        return delta

    def position(self, entry: Entry) -> int:
        """Return the index of a shown entry."""
        index = self._search(entry)
        if index < len(self.order) and self.order[index] is entry:
            return index
        # Only values that do not order (a column's fault) get here; finding the row beats failing.
        return self.order.index(entry)

    def _apply_bulk(self, upserts: Mapping[str, Row], doomed: list[str], now: float, delta: Delta) -> None:
        before = self.order
        for key in doomed:
            delta.gone.add(self.entries.pop(key).row.uid)
        for key, row in upserts.items():
            known = self.entries.get(key)
            if known is None:
                known = self.entries[key] = Entry(key, row, born=None if self.filling else now)
            elif known.row is row:
                continue
            else:
                self._note_change(known, row, now, delta)
            known.shown = self._predicate is None or self._predicate(row)
            known.value = self._value(row)
        self._sort()
        delta.moved = delta.moved or before != self.order

    def _add(self, entry: Entry, delta: Delta) -> None:
        self.entries[entry.key] = entry
        entry.value = self._value(entry.row)
        entry.shown = self._predicate is None or self._predicate(entry.row)
        if entry.shown:
            self.order.insert(self._search(entry), entry)
            delta.moved = True

    def _replace(self, entry: Entry, row: Row, now: float, delta: Delta) -> None:
        column = self._column
        keeps_value = column is not None and column.by_place and not (row.broken or entry.row.broken)
        value = entry.value if keeps_value else self._value(row)
        shown = self._predicate is None or self._predicate(row)
        stays = shown == entry.shown and (value == entry.value or not shown)
        if not stays and entry.shown:
            self._take_out(entry)
        self._note_change(entry, row, now, delta)
        moved = not stays and (entry.shown or shown)
        entry.value = value
        entry.shown = shown
        if moved:
            if shown:
                self.order.insert(self._search(entry), entry)
            delta.moved = True

    @staticmethod
    def _note_change(entry: Entry, row: Row, now: float, delta: Delta) -> None:
        """Put the new row in place, remembering the old one for the change marks."""
        if entry.row.uid != row.uid:
            delta.gone.add(entry.row.uid)
            entry.born, entry.before = now, None
        elif entry.before is None:
            entry.before, entry.since = entry.row, now
        entry.row = row
        entry.stale = True

    # -- order ---------------------------------------------------------------------------------------------------

    def _value(self, row: Row) -> SortKey:
        if self._column is None:
            return 0
        if row.broken:
            return None
        value = self._column.sort(row, self.context)
        # NaN is below and above nothing: it would break every search.
        return value if value == value else MISSING

    def _key_all(self) -> None:
        column = self._column
        if column is None:
            for entry in self.entries.values():
                entry.value = 0
            return
        sort, context = column.sort, self.context
        for entry in self.entries.values():
            row = entry.row
            value = None if row.broken else sort(row, context)
            entry.value = value if value == value else MISSING

    def _filter_all(self) -> None:
        predicate = self._predicate
        for entry in self.entries.values():
            entry.shown = predicate is None or predicate(entry.row)

    def _sort(self) -> None:
        """Order by value, then by key: two stable passes, the first over input that is nearly sorted."""
        order = [entry for entry in self.entries.values() if entry.shown]
        order.sort(key=attrgetter("key"))
        if self._column is not None:
            broken = [entry for entry in order if entry.value is None]
            if broken:
                order = [entry for entry in order if entry.value is not None]
            order.sort(key=attrgetter("value"), reverse=self.descending)
            order += broken
        self.order = order

    def _comes_before(self, one: Entry, other: Entry) -> bool:
        if one.value != other.value:
            if one.value is None or other.value is None:
                return other.value is None
            return bool(one.value > other.value if self.descending else one.value < other.value)
        return one.key < other.key

    def _search(self, entry: Entry) -> int:
        """Return the first index whose entry does not come before this one."""
        low, high = 0, len(self.order)
        while low < high:
            middle = (low + high) // 2
            if self._comes_before(self.order[middle], entry):
                low = middle + 1
            else:
                high = middle
        return low

    def _take_out(self, entry: Entry) -> None:
        del self.order[self.position(entry)]
