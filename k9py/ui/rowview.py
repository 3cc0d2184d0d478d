"""What a table shows: the part of the rows in view, the cursor on them, and the strips they are drawn with.

No widget: it can be asked for its lines without a screen. A change costs what it changes, because cells are computed
for visible rows only and strips are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from textual.strip import Strip

from k9py.core.clock import Clock
from k9py.kube.rows import Row
from k9py.resources.model import Column, RowContext
from k9py.ui.columnlayout import FROZEN, Layout, lay_out
from k9py.ui.glyphs import Glyphs
from k9py.ui.rowmarks import Marks
from k9py.ui.rowmodel import Entry, Predicate, RowModel
from k9py.ui.rowpaint import GUTTER, Change, Palette, RowPainter

STRIP_CACHE = 512
"""Strips kept: some ten screens. A strip takes about 3 KB, so 50,000 of them would not do."""
SAMPLE_PAGES = 3
"""Pages from the top measured for column widths, so that the first scroll does not move them."""

Finish = Callable[[Strip], Strip]


class RowView:
    """A window of lines onto ordered rows, its first line the titles."""

    def __init__(self, columns: Sequence[Column], clock: Clock, glyphs: Glyphs, finish: Finish) -> None:
        self.model = RowModel()
        self.painter = RowPainter(columns, glyphs)
        self.marks = Marks()
        self.cursor = 0
        self.top = 0
        self.empty: tuple[str, ...] = ()
        """What stands where rows would be when there are none."""
        self._clock = clock
        self._finish = finish
        """Applied to every strip once, when it is made."""
        self._width = 0
        self._body = 0
        self._widths: list[int] = [0] * len(columns)
        self._width_generation = 0
        self._skip = 0
        self.every = False
        """True when no column may be left out for want of room."""
        self._held: Entry | None = None
        self._touched = False
        """A person moved the cursor; before that it stays on the first row, whichever that is."""
        self._strips: dict[str, tuple[Change, Strip]] = {}
        self._cursor_strip: tuple[str, Change, bool, Strip] | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, also those there is no room for."""
        return self.painter.columns

    def column(self, column_id: str) -> Column | None:
        """Return a column by its id."""
        return next((column for column in self.columns if column.id == column_id), None)

    def visible(self) -> list[Entry]:
        """Return the entries in view."""
        return self.model.order[self.top : self.top + self._body]

    # -- contents ------------------------------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; the order stays when its column is still there."""
        sorted_by = self.model.sort_column
        painter = RowPainter(columns, self.painter.glyphs)
        painter.palette, painter.fade = self.painter.palette, self.painter.fade
        self.painter = painter
        self._skip = 0
        self.model.stale_all()
        if sorted_by is not None:
            column = self.column(sorted_by.id)
            self.model.set_sort(column, descending=column is not None and self.model.descending)
        self._forget_widths()
        self._rearranged()

    def set_context(self, context: RowContext) -> None:
        """Compute everything that depends on the surroundings anew."""
        self.model.set_context(context)
        self._rearranged()

    def set_palette(self, palette: Palette) -> None:
        """Draw with other styles."""
        self.painter.palette = palette
        self.forget_strips()

    def set_sort(self, column_id: str, *, descending: bool) -> None:
        """Order by a column; an unknown id orders by key."""
        self.model.set_sort(self.column(column_id), descending=descending)
        self._lay_out()
        self._rearranged()

    def set_filter(self, predicate: Predicate | None) -> None:
        """Show only rows the predicate is true for."""
        self.model.set_filter(predicate)
        self._rearranged()

    def reset(self, rows: Iterable[Row]) -> bool:
        """Replace all rows, the cursor staying on its key; returns whether marks were lost."""
        held = self._held
        self.model.reset(rows)
        self._held = self.model.entries.get(held.key) if held is not None else None
        self._touched = self._touched and bool(self.model.entries)  # an emptied table is a new list: it starts on top
        self.forget_strips()
        self._forget_widths()
        lost = self.marks.keep(self.model.entries.values())
        self._rearranged()
        return lost

    def apply(self, upserts: Mapping[str, Row], removed: Iterable[str]) -> bool:
        """Bring in changes; returns whether marks were lost."""
        delta = self.model.apply(upserts, removed, self._clock.monotonic())
        if delta.moved:
            self._rearranged()
        return bool(delta.gone) and self.marks.drop(delta.gone)

    # -- geometry ------------------------------------------------------------------------------------------------

    def set_size(self, width: int, height: int) -> None:
        """Take the size of the pane in cells and lines, the line of titles included."""
        if (width, height) != (self._width, self._body + 1):
            self._width, self._body = width, max(0, height - 1)
            self._lay_out()
            self._place()

    def scroll_columns(self, step: int) -> None:
        """Scroll the columns that are not frozen."""
        if step > 0 and not self.painter.layout.hidden_right:
            return
        moving = sum(column.id not in FROZEN for column in self.columns)
        self._skip = max(0, min(self._skip + step, moving - 1))
        self._lay_out()

    def _measure(self) -> None:
        """Widen columns to what is visible; they never shrink while somebody scrolls."""
        painter, context, generation = self.painter, self.model.context, self._width_generation
        grew = False
        for entry in self.visible():
            if entry.stale and painter.compute(entry, context):
                self._strips.pop(entry.key, None)
                self._cursor_strip = None
            if entry.measured != generation:
                entry.measured = generation
                grew = painter.measure(entry, self._widths) or grew
        if grew:
            self._lay_out()

    def _forget_widths(self) -> None:
        """Measure anew: the contents are others."""
        self._widths = [0] * len(self.columns)
        self._width_generation += 1
        painter, context = self.painter, self.model.context
        for entry in self.model.order[: self._body * SAMPLE_PAGES]:
            painter.compute(entry, context)
            painter.measure(entry, self._widths)
            entry.measured = self._width_generation
        self._lay_out()

    def _lay_out(self) -> None:
        painter = self.painter
        width = max(0, self._width - GUTTER)
        sorted_by = self.model.sort_column
        layout = Layout((), 0)
        if width:
            layout = lay_out(
                self.columns, self._widths, painter.titles(sorted_by), width, self._skip,
                every=self.every, sorted_by=sorted_by,
            )  # fmt: skip
        if layout != painter.layout:
            painter.layout = layout
            self.forget_strips()

    # -- cursor --------------------------------------------------------------------------------------------------

    def move_to(self, index: int) -> None:
        """Put the cursor on a row by hand and bring it into view."""
        self._touched = True
        self.cursor = max(0, min(index, len(self.model) - 1))
        self._held = self.model.order[self.cursor] if self.model.order else None
        self._place()

    def page(self, pages: int) -> None:
        """Move cursor and view by pages, one row of overlap."""
        step = max(1, self._body - 1) * pages
        self.top = max(0, min(self.top + step, len(self.model) - self._body))
        self.move_to(self.cursor + step)

    def _place(self) -> None:
        """Move the view as little as needed to show the cursor and no emptiness below the last row."""
        if not self._body:
            return
        self.top = min(max(self.top, self.cursor - self._body + 1), self.cursor)
        self.top = max(0, min(self.top, len(self.model) - self._body))

    def _rearranged(self) -> None:
        """Find the cursor's row again after rows moved, and keep it on its line of the screen where possible."""
        model, held = self.model, self._held
        line = self.cursor - self.top
        if not self._touched:
            self.cursor = self.top = 0
        elif held is not None and held.shown and model.entries.get(held.key) is held:
            self.cursor = model.position(held)
            # A view at the top stays there: new rows must be seen coming.
            if self.top > 0 or self.cursor >= self._body:
                self.top = self.cursor - line
        self.cursor = max(0, min(self.cursor, len(model) - 1))
        self._held = model.order[self.cursor] if model.order else None
        self._place()

    # -- lines ---------------------------------------------------------------------------------------------------

    def lines(self) -> list[Strip]:
        """Return the line of titles and one line for each that follows in the pane."""
        self._measure()
        model, painter, finish = self.model, self.painter, self._finish
        lines = [finish(painter.header(model.sort_column, descending=model.descending))]
        now = self._clock.monotonic()
        lines += [self._line(entry, now, index == self.cursor) for index, entry in enumerate(self.visible(), self.top)]
        blank = finish(painter.blank())
        if not model.order and self.empty:
            lines += [blank, *(finish(line) for text in self.empty for line in painter.message(text))]
        height = self._body + 1
        lines = (lines + [blank] * (height - len(lines)))[:height]
        return lines if self._width >= GUTTER else [line.crop(0, self._width) for line in lines]

    def forget_strips(self) -> None:
        """Have every line drawn anew."""
        self._strips.clear()
        self._cursor_strip = None

    def _line(self, entry: Entry, now: float, cursor: bool) -> Strip:
        change = self.painter.change(entry, self.model.context, now)
        marked = entry.row in self.marks
        if cursor:
            known = self._cursor_strip
            if known is None or known[:3] != (entry.key, change, marked):
                strip = self._finish(self.painter.strip(entry, change, cursor=True, marked=marked))
                self._cursor_strip = known = (entry.key, change, marked, strip)
            return known[3]
        cached = self._strips.get(entry.key)
        if cached is not None and cached[0] == change:
            return cached[1]
        strip = self._finish(self.painter.strip(entry, change, cursor=False, marked=marked))
        if len(self._strips) >= STRIP_CACHE:
            self._strips.clear()
        self._strips[entry.key] = (change, strip)
        return strip
