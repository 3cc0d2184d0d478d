"""The table of live rows: a widget on the line API with a scroll offset of its own.

A change costs what it changes: cells are computed for visible rows only, strips are kept, and only the lines that
differ from what was painted last are painted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from k9py.core.clock import Clock, SystemClock
from k9py.kube.rows import Row
from k9py.resources.model import Column, RowContext, Tone
from k9py.ui.columnlayout import FROZEN, Layout, lay_out
from k9py.ui.glyphs import UNICODE, Glyphs
from k9py.ui.rowmodel import Entry, Predicate, RowModel
from k9py.ui.rowpaint import GUTTER, NO_CHANGE, Change, Palette, RowPainter

STRIP_CACHE = 512
"""Strips kept: some ten screens. A strip takes about 3 KB, so 50,000 of them would not do."""
SAMPLE_PAGES = 3
"""Pages from the top measured for column widths, so that the first scroll does not move them."""
WHEEL_LINES = 3


class RowTable(ScrollView, can_focus=True):
    """Rows of one kind, live.

    The owner feeds it: :meth:`set_columns`, :meth:`reset` with all rows, :meth:`apply` with a drain's changes,
    :meth:`tick` once a second while visible. It answers with the messages below. Selection, sort, filter and marks
    live here.
    """

    DEFAULT_CSS = """
    RowTable {
        overflow: hidden hidden;
        background: $background;
        color: $foreground;
        height: 1fr;
        & > .row-table--header { color: $text-muted; text-style: bold; }
        & > .row-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        & > .row-table--cursor-blurred { background: $panel; color: $foreground; }
        & > .row-table--ok { color: $text-success; }
        & > .row-table--warn { color: $text-warning; }
        & > .row-table--bad { color: $text-error; }
        & > .row-table--dim { color: $text-muted; }
        & > .row-table--new { color: $text-success; }
        & > .row-table--accent { color: $text-accent; }
        & > .row-table--marked { color: $text-accent; text-style: bold; }
        & > .row-table--changed { color: $text-warning; }
        & > .row-table--going { color: $text-error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header", "row-table--cursor", "row-table--cursor-blurred", "row-table--ok", "row-table--warn",
        "row-table--bad", "row-table--dim", "row-table--new", "row-table--accent", "row-table--marked",
        "row-table--changed", "row-table--going",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home,g", "first", "First row", show=False, id="table.first"),
        Binding("end,G", "last", "Last row", show=False, id="table.last"),
        Binding("left", "sideways(-1)", "Columns to the left", show=False, id="table.left"),
        Binding("right", "sideways(1)", "Columns to the right", show=False, id="table.right"),
        Binding("enter", "activate", "Open", show=False, id="table.activate"),
        Binding("space", "mark", "Mark", show=False, id="table.mark"),
        Binding("ctrl+@,ctrl+space", "mark_range", "Mark range", show=False, id="table.mark-range"),
        Binding("ctrl+backslash", "mark_none", "Clear marks", show=False, id="table.mark-none"),
    ]

    @dataclass
    class Highlighted(Message):
        """Another row is under the cursor, or the one there changed; None when the table is empty."""

        table: RowTable
        row: Row | None

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    @dataclass
    class Activated(Message):
        """Enter or a click on the selected row."""

        table: RowTable
        row: Row

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    @dataclass
    class SortChanged(Message):
        """The person chose another order (by a click on a title)."""

        table: RowTable
        column: Column
        descending: bool

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    @dataclass
    class MarksChanged(Message):
        """Rows were marked or unmarked, also because marked ones went away."""

        table: RowTable
        count: int

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    @dataclass
    class Pasted(Message):
        """Text was pasted onto the table: for the filter or for nobody, never for the keys."""

        table: RowTable
        text: str

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        clock: Clock | None = None,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock or SystemClock()
        self._model = RowModel()
        self._painter = RowPainter(columns, glyphs)
        self._widths: list[int] = [0] * len(columns)
        self._width_generation = 0
        self._skip = 0
        self._cursor = 0
        self._held: Entry | None = None
        self._top = 0
        self._touched = False
        self._marked: set[str] = set()
        self._last_marked: str | None = None
        self._strips: dict[str, tuple[Change, Strip]] = {}
        self._cursor_strip: tuple[str, Change, bool, Strip] | None = None
        self._lines: list[Strip] = []
        self._announced: Row | None = None
        self._empty: tuple[str, ...] = ()
        self._palette_stale = True

    # -- what the owner asks -------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns set by the owner, also those there is no room for."""
        return self._painter.columns

    @property
    def row_count(self) -> int:
        """Rows the filter lets through."""
        return len(self._model)

    @property
    def total_count(self) -> int:
        """Rows, hidden ones too."""
        return len(self._model.entries)

    @property
    def cursor_index(self) -> int:
        """Position of the cursor among the shown rows."""
        return self._cursor

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor; None when nothing is shown."""
        order = self._model.order
        return order[self._cursor].row if self._cursor < len(order) else None

    @property
    def rows(self) -> list[Row]:
        """The shown rows in their order."""
        return list(self._model)

    @property
    def context(self) -> RowContext:
        """What cells are computed with beside their row."""
        return self._model.context

    @property
    def sorting(self) -> tuple[str, bool] | None:
        """Column id and whether descending; None when rows are in the order of their keys."""
        column = self._model.sort_column
        return (column.id, self._model.descending) if column else None

    @property
    def marked_rows(self) -> list[Row]:
        """Marked rows, shown ones first in their order, then those the filter hides."""
        shown = [entry.row for entry in self._model.order if _mark_id(entry.row) in self._marked]
        hidden = [
            entry.row
            for entry in self._model.entries.values()
            if not entry.shown and _mark_id(entry.row) in self._marked
        ]
        return shown + hidden

    @property
    def chosen_rows(self) -> list[Row]:
        """What an action is about: the marked rows, else the row under the cursor."""
        if self._marked:
            return self.marked_rows
        row = self.cursor_row
        return [row] if row is not None else []

    @property
    def visible_rows(self) -> list[Row]:
        """The rows on the screen."""
        return [entry.row for entry in self._visible()]

    # -- what the owner tells ------------------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show these columns; keeps the sort when its column id is still there."""
        sort = self.sorting
        self._painter = RowPainter(columns, self._painter.glyphs)
        self._palette_stale = True
        self._skip = 0
        self._model.stale_all()
        if sort is not None:
            column = self._column(sort[0])
            self._model.set_sort(column, descending=sort[1] if column else False)
        self._forget_widths()
        self._rearranged()

    def set_glyphs(self, glyphs: Glyphs) -> None:
        """Use another set of signs."""
        self._painter.glyphs = glyphs
        self._forget_strips()
        self._sync()

    def set_context(self, context: RowContext) -> None:
        """Compute cells with other surroundings; also call it when their contents changed, such as new samples."""
        self._model.set_context(context)
        self._rearranged()

    def set_empty(self, *lines: str) -> None:
        """Say what stands where rows would be when there are none; plain text."""
        if lines != self._empty:
            self._empty = lines
            self._sync()

    def reset(self, rows: Iterable[Row]) -> None:
        """Replace all rows. The cursor stays on its key when that is still there."""
        held = self._held
        self._model.reset(rows)
        self._held = self._model.entries.get(held.key) if held is not None else None
        self._strips.clear()
        self._cursor_strip = None
        known = {_mark_id(entry.row) for entry in self._model.entries.values()} if self._marked else set()
        self._forget_widths()
        self._keep_marks(known)
        self._rearranged()

    def apply(self, upserts: Mapping[str, Row], removed: Iterable[str] = ()) -> None:
        """Bring in changed and new rows by key, and take out the removed keys."""
        delta = self._model.apply(upserts, removed, self._clock.monotonic())
        if delta.gone and self._marked & delta.gone:
            self._keep_marks(self._marked - delta.gone)
        if delta.moved:
            self._rearranged()
        else:
            self._sync()

    def set_sort(self, column_id: str, *, descending: bool = False) -> None:
        """Order by a column; an unknown id orders by key. The cursor stays on its row."""
        self._model.set_sort(self._column(column_id), descending=descending)
        self._relayout()
        self._rearranged()

    def set_filter(self, predicate: Predicate | None) -> None:
        """Show only rows the predicate is true for; None shows all."""
        self._model.set_filter(predicate)
        self._rearranged()

    def select(self, find: Callable[[Row], bool]) -> bool:
        """Put the cursor on the first shown row that fits; returns whether there is one."""
        for index, entry in enumerate(self._model.order):
            if find(entry.row):
                self._move_to(index)
                return True
        return False

    def tick(self, now: float, *, ages: bool = True) -> None:
        """Take the server's time (Unix seconds): marks fade, and with ``ages`` live cells are computed again."""
        self._model.context.now = now
        if ages:
            for entry in self._visible():
                entry.stale = True
        self._sync()

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._set_marks(set())

    # -- actions -------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self._cursor + step)

    def action_page(self, pages: int) -> None:
        """Move the cursor and the view by pages, one row of overlap."""
        step = max(1, self._body_height() - 1) * pages
        self._top = max(0, min(self._top + step, len(self._model) - self._body_height()))
        self._move_to(self._cursor + step)

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._move_to(len(self._model) - 1)

    def action_sideways(self, step: int) -> None:
        """Scroll the columns that are not frozen."""
        layout = self._painter.layout
        if (step > 0 and not layout.hidden_right) or (step < 0 and not self._skip):
            return
        moving = sum(column.id not in FROZEN for column in self.columns)
        self._skip = max(0, min(self._skip + step, moving - 1))
        self._relayout()
        self._sync()

    def action_activate(self) -> None:
        """Open the selected row."""
        row = self.cursor_row
        if row is not None:
            self.post_message(self.Activated(self, row))

    def action_mark(self) -> None:
        """Mark or unmark the selected row and go to the next."""
        row = self.cursor_row
        if row is None:
            return
        mark = _mark_id(row)
        self._last_marked = mark
        self._set_marks(self._marked ^ {mark})
        self._move_to(self._cursor + 1)

    def action_mark_range(self) -> None:
        """Mark every row from the one marked last to the selected one."""
        order = self._model.order
        if not order:
            return
        start = next((i for i, e in enumerate(order) if _mark_id(e.row) == self._last_marked), self._cursor)
        low, high = sorted((start, self._cursor))
        self._set_marks(self._marked | {_mark_id(entry.row) for entry in order[low : high + 1]})

    def action_mark_all(self) -> None:
        """Mark every row the filter lets through."""
        self._set_marks(self._marked | {_mark_id(entry.row) for entry in self._model.order})

    def action_mark_invert(self) -> None:
        """Mark what is not marked among the shown rows, and unmark the rest of them."""
        self._set_marks(self._marked ^ {_mark_id(entry.row) for entry in self._model.order})

    def action_mark_none(self) -> None:
        """Unmark everything."""
        self.clear_marks()

    # -- events --------------------------------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the columns out for the new width."""
        self.virtual_size = Size(self.size.width, self.size.height)
        self._relayout()
        self._place_view()
        self._sync()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys go to."""
        self._palette_stale = True
        self._sync()

    def on_blur(self) -> None:
        """Show the cursor as one that waits."""
        self._palette_stale = True
        self._sync()

    def on_paste(self, event: events.Paste) -> None:
        """Hand pasted text to the owner, whole; it must never run as keys."""
        event.stop()
        self.post_message(self.Pasted(self, event.text))

    def on_click(self, event: events.Click) -> None:
        """Select a row, open it when it is selected already, or sort by the title."""
        if event.y == 0:
            self._click_title(event.x - GUTTER)
            return
        index = self._top + event.y - 1
        if index >= len(self._model):
            return
        if index == self._cursor and event.chain > 1:
            self.action_activate()
        else:
            self._move_to(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down a few rows."""
        event.stop()
        self.action_move(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up a few rows."""
        event.stop()
        self.action_move(-WHEEL_LINES)

    def notify_style_update(self) -> None:
        """Take new colours after a change of theme."""
        super().notify_style_update()
        self._palette_stale = True
        self._sync()

    # -- painting ------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return painted lines as they are; borders and padding are not for this widget."""
        if len(self._lines) != self.size.height or self._palette_stale:
            self._sync()
        lines = self._lines[crop.y : crop.bottom]
        if crop.x or crop.width != self.size.width:
            lines = [line.crop(crop.x, crop.right) for line in lines]
        return lines

    def render_line(self, y: int) -> Strip:
        """Return one painted line."""
        return self.render_lines(Region(0, y, self.size.width, 1))[0]

    def _sync(self) -> None:
        """Bring the painted lines up to date and have those that differ painted again."""
        width, height = self.size
        if not width or not height or not self.is_mounted:
            return
        if self._palette_stale:
            self._take_palette()
        self._measure()
        old = self._lines
        self._lines = new = self._paint(height)
        self._park_cursor()
        if len(old) != len(new):
            self.refresh()
        else:
            self._refresh_lines([y for y in range(height) if new[y] is not old[y] and new[y] != old[y]], width)
        self._announce()

    def _paint(self, height: int) -> list[Strip]:
        model, painter = self._model, self._painter
        lines = [self._finished(painter.header(model.sort_column, descending=model.descending))]
        now = self._clock.monotonic()
        lines += [
            self._line(entry, now, cursor=index == self._cursor)
            for index, entry in enumerate(self._visible(), self._top)
        ]
        if not model.order and self._empty:
            lines.append(self._finished(painter.blank()))
            lines += [self._finished(painter.message(text)) for text in self._empty]
        blank = self._finished(painter.blank())
        return (lines + [blank] * (height - len(lines)))[:height]

    def _line(self, entry: Entry, now: float, *, cursor: bool) -> Strip:
        painter, context = self._painter, self._model.context
        change = painter.change(entry, context, now)
        marked = bool(self._marked) and _mark_id(entry.row) in self._marked
        if cursor:
            known = self._cursor_strip
            if known is not None and known[:3] == (entry.key, change, marked):
                return known[3]
            strip = self._finished(painter.strip(entry, change, cursor=True, marked=marked))
            self._cursor_strip = (entry.key, change, marked, strip)
            return strip
        cached = self._strips.get(entry.key)
        if cached is not None and cached[0] == change:
            return cached[1]
        strip = self._finished(painter.strip(entry, change, cursor=False, marked=marked))
        if len(self._strips) >= STRIP_CACHE:
            self._strips.clear()
        self._strips[entry.key] = (change, strip)
        return strip

    def _finished(self, strip: Strip) -> Strip:
        """Apply the app's filters (no colour, ANSI colours) once, when a strip is made."""
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def _refresh_lines(self, lines: Sequence[int], width: int) -> None:
        """Ask for these lines, neighbours as one region."""
        regions: list[Region] = []
        for y in lines:
            if regions and regions[-1].bottom == y:
                regions[-1] = Region(0, regions[-1].y, width, regions[-1].height + 1)
            else:
                regions.append(Region(0, y, width, 1))
        if regions:
            self.refresh(*regions)

    def _take_palette(self) -> None:
        style = self.get_component_rich_style
        cursor = "row-table--cursor" if self.has_focus else "row-table--cursor-blurred"
        self._painter.palette = Palette(
            base=self.rich_style,
            header=style("row-table--header"),
            cursor=style(cursor),
            tones={tone: style(f"row-table--{tone.value}") for tone in Tone if tone is not Tone.PLAIN},
            marked=style("row-table--marked"),
            changed=style("row-table--changed"),
            going=style("row-table--going"),
        )
        self._palette_stale = False
        self._forget_strips()

    def _park_cursor(self) -> None:
        """Keep the terminal's own cursor on the selected row, where screen readers and magnifiers look."""
        if self.has_focus and self._model.order:
            line = 1 + self._cursor - self._top
            self.app.cursor_position = self.region.offset + Offset(min(GUTTER, self.size.width - 1), line)

    def _announce(self) -> None:
        row = self.cursor_row
        if row is not self._announced:
            self._announced = row
            self.post_message(self.Highlighted(self, row))

    # -- layout --------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Widen columns to what is visible; they never shrink while somebody scrolls."""
        painter, context, generation = self._painter, self._model.context, self._width_generation
        grew = False
        for entry in self._visible():
            if entry.stale and painter.compute(entry, context):
                self._strips.pop(entry.key, None)
                self._cursor_strip = None
            if entry.measured != generation:
                entry.measured = generation
                grew = painter.measure(entry, self._widths) or grew
        if grew or painter.layout.width != max(0, self.size.width - GUTTER):
            self._relayout()

    def _forget_widths(self) -> None:
        """Measure anew: the contents are others."""
        self._widths = [0] * len(self.columns)
        self._width_generation += 1
        painter, context = self._painter, self._model.context
        for entry in self._model.order[: self._body_height() * SAMPLE_PAGES]:
            painter.compute(entry, context)
            painter.measure(entry, self._widths)
            entry.measured = self._width_generation
        self._relayout()

    def _relayout(self) -> None:
        painter = self._painter
        width = max(0, self.size.width - GUTTER)
        titles = painter.titles(self._model.sort_column)
        layout = lay_out(self.columns, self._widths, titles, width, self._skip) if width else Layout((), 0)
        if layout != painter.layout:
            painter.layout = layout
            self._forget_strips()

    def _forget_strips(self) -> None:
        self._strips.clear()
        self._cursor_strip = None

    def _body_height(self) -> int:
        """Lines for rows: all but the header."""
        return max(0, self.size.height - 1)

    def _visible(self) -> list[Entry]:
        return self._model.order[self._top : self._top + self._body_height()]

    def _column(self, column_id: str) -> Column | None:
        return next((column for column in self.columns if column.id == column_id), None)

    def _click_title(self, x: int) -> None:
        for slot in self._painter.layout.slots:
            if slot.x <= x < slot.x + slot.width:
                column = self.columns[slot.index]
                descending = column is self._model.sort_column and not self._model.descending
                self.set_sort(column.id, descending=descending)
                self.post_message(self.SortChanged(self, column, descending))

    # -- cursor and marks ----------------------------------------------------------------------------------------

    def _move_to(self, index: int) -> None:
        """Put the cursor on a row by hand and bring it into view."""
        self._touched = True
        self._cursor = max(0, min(index, len(self._model) - 1))
        self._held = self._model.order[self._cursor] if self._model.order else None
        self._place_view()
        self._sync()

    def _place_view(self) -> None:
        """Move the view as little as needed to show the cursor and no emptiness below the last row."""
        body = self._body_height()
        if not body:
            return
        self._top = min(max(self._top, self._cursor - body + 1), self._cursor)
        self._top = max(0, min(self._top, len(self._model) - body))

    def _rearranged(self) -> None:
        """Find the cursor's row again after rows moved, and keep it on its line of the screen where possible."""
        model, held = self._model, self._held
        line = self._cursor - self._top
        if held is not None and self._touched and held.shown and model.entries.get(held.key) is held:
            self._cursor = model.position(held)
            # A view at the top stays there: new rows must be seen coming.
            if self._top > 0 or self._cursor >= self._body_height():
                self._top = self._cursor - line
        elif not self._touched:
            self._cursor = self._top = 0
        self._cursor = max(0, min(self._cursor, len(model) - 1))
        self._held = model.order[self._cursor] if model.order else None
        self._place_view()
        self._sync()

    def _set_marks(self, marks: set[str]) -> None:
        if marks == self._marked:
            return
        self._marked = marks
        self._forget_strips()
        self._sync()
        self.post_message(self.MarksChanged(self, len(marks)))

    def _keep_marks(self, known: set[str]) -> None:
        """Drop the marks of rows that are gone, so that no action hits another object of the same name."""
        self._set_marks(self._marked & known)


def _mark_id(row: Row) -> str:
    """A mark is about one object, not about a name; rows without a uid fall back to their key."""
    return row.uid or row.key


__all__ = ["NO_CHANGE", "RowTable"]
