"""The table of live rows: a widget on the line API with a scroll offset of its own.

Only the lines that differ from what was painted last are painted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from k9py.core.clock import Clock, SystemClock
from k9py.kube.rows import Row
from k9py.resources.model import Column, RowContext, Tone
from k9py.ui.glyphs import UNICODE, Glyphs
from k9py.ui.rowmodel import Predicate
from k9py.ui.rowpaint import GUTTER, Palette
from k9py.ui.rowview import RowView

WHEEL_LINES = 3
"""Rows one step of the mouse wheel moves the cursor."""


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
    class Told(Message):
        """What every message of a table says: whose it is."""

        table: RowTable

        @property
        def control(self) -> RowTable:
            """The table."""
            return self.table

    @dataclass
    class Highlighted(Told):
        """Another row is under the cursor, or the one there changed; None when the table is empty."""

        row: Row | None

    @dataclass
    class Activated(Told):
        """Enter or a click on the selected row."""

        row: Row

    @dataclass
    class SortChanged(Told):
        """The person chose another order (by a click on a title)."""

        column: Column
        descending: bool

    @dataclass
    class MarksChanged(Told):
        """Rows were marked or unmarked, also because marked ones went away."""

        count: int

    @dataclass
    class Pasted(Told):
        """Text was pasted onto the table: for the filter or for nobody, never for the keys."""

        text: str

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
        self._view = RowView(columns, clock or SystemClock(), glyphs, self._finished)
        self._lines: list[Strip] = []
        self._announced: Row | None = None
        self._palette_stale = True

    # -- what the owner asks -------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns set by the owner, also those there is no room for."""
        return self._view.columns

    @property
    def row_count(self) -> int:
        """Rows the filter lets through."""
        return len(self._view.model)

    @property
    def total_count(self) -> int:
        """Rows, hidden ones too."""
        return len(self._view.model.entries)

    @property
    def cursor_index(self) -> int:
        """Position of the cursor among the shown rows."""
        return self._view.cursor

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor; None when nothing is shown."""
        order = self._view.model.order
        return order[self._view.cursor].row if order else None

    @property
    def rows(self) -> list[Row]:
        """The shown rows in their order."""
        return list(self._view.model)

    @property
    def visible_rows(self) -> list[Row]:
        """The rows on the screen."""
        return [entry.row for entry in self._view.visible()]

    @property
    def context(self) -> RowContext:
        """What cells are computed with beside their row."""
        return self._view.model.context

    @property
    def sorting(self) -> tuple[str, bool] | None:
        """Column id and whether descending; None when rows are in the order of their keys."""
        column = self._view.model.sort_column
        return (column.id, self._view.model.descending) if column else None

    @property
    def marked_rows(self) -> list[Row]:
        """Marked rows, shown ones first in their order, then those the filter hides."""
        model, marks = self._view.model, self._view.marks
        hidden = (entry.row for entry in model.entries.values() if not entry.shown)
        return [row for row in (*model, *hidden) if row in marks] if len(marks) else []

    @property
    def chosen_rows(self) -> list[Row]:
        """What an action is about: the marked rows, else the row under the cursor."""
        row = self.cursor_row
        return self.marked_rows or ([row] if row is not None else [])

    # -- what the owner tells ------------------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[Column], *, every: bool = False) -> None:
        """Show these columns; keeps the sort when its column id is still there.

        With ``every`` none is left out in a narrow pane: the last ones wait at the right to be scrolled to.
        """
        self._view.every = every
        self._view.set_columns(columns)
        self._sync()

    def set_glyphs(self, glyphs: Glyphs) -> None:
        """Use another set of signs."""
        self._view.painter.glyphs = glyphs
        self._view.forget_strips()
        self._sync()

    def set_fade(self, seconds: float) -> None:
        """Keep change marks so long; 0 shows none."""
        self._view.painter.fade = seconds
        self._sync()

    def set_context(self, context: RowContext) -> None:
        """Compute cells with other surroundings; also call it when their contents changed, such as new samples."""
        self._view.set_context(context)
        self._sync()

    def set_empty(self, *lines: str) -> None:
        """Say what stands where rows would be when there are none; plain text."""
        if lines != self._view.empty:
            self._view.empty = lines
            self._sync()

    def reset(self, rows: Iterable[Row]) -> None:
        """Replace all rows. The cursor stays on its key when that is still there."""
        lost = self._view.reset(rows)
        self._sync()
        self._marks_changed(lost)

    def apply(self, upserts: Mapping[str, Row], removed: Iterable[str] = (), *, filling: bool = False) -> None:
        """Bring in changed and new rows by key, and take out the removed keys.

        ``filling`` is for the pages of a first list: their rows were there before and get no change mark.
        """
        self._view.model.filling = filling
        lost = self._view.apply(upserts, removed)
        self._sync()
        self._marks_changed(lost)

    def set_sort(self, column_id: str, *, descending: bool = False) -> None:
        """Order by a column; an unknown id orders by key. The cursor stays on its row."""
        self._view.set_sort(column_id, descending=descending)
        self._sync()

    def set_filter(self, predicate: Predicate | None) -> None:
        """Show only rows the predicate is true for; None shows all."""
        self._view.set_filter(predicate)
        self._sync()

    def select(self, find: Callable[[Row], bool]) -> bool:
        """Put the cursor on the first shown row that fits; returns whether there is one."""
        for index, row in enumerate(self._view.model):
            if find(row):
                self._move_to(index)
                return True
        return False

    def tick(self, now: float, *, ages: bool = True) -> None:
        """Take the server's time (Unix seconds): marks fade, and with ``ages`` live cells are computed again."""
        self._view.model.context.now = now
        if ages:
            for entry in self._view.visible():
                entry.stale = True
        self._sync()

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._marks_changed(self._view.marks.clear())

    # -- actions -------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self._view.cursor + step)

    def action_page(self, pages: int) -> None:
        """Move the cursor and the view by pages, one row of overlap."""
        self._view.page(pages)
        self._sync()

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._move_to(self.row_count - 1)

    def action_sideways(self, step: int) -> None:
        """Scroll the columns that are not frozen."""
        self._view.scroll_columns(step)
        self._sync()

    def action_activate(self) -> None:
        """Open the selected row."""
        row = self.cursor_row
        if row is not None:
            self.post_message(self.Activated(self, row))

    def action_mark(self) -> None:
        """Mark or unmark the selected row and go to the next."""
        row = self.cursor_row
        if row is not None:
            self._marks_changed(self._view.marks.toggle(row))
            self.action_move(1)

    def action_mark_range(self) -> None:
        """Mark every row from the one marked last to the selected one."""
        self._marks_changed(self._view.marks.add_range(self._view.model.order, self._view.cursor))

    def action_mark_all(self) -> None:
        """Mark every row the filter lets through."""
        self._marks_changed(self._view.marks.add_all(self._view.model.order))

    def action_mark_invert(self) -> None:
        """Mark what is not marked among the shown rows, and unmark the rest of them."""
        self._marks_changed(self._view.marks.invert(self._view.model.order))

    def action_mark_none(self) -> None:
        """Unmark everything."""
        self.clear_marks()

    # -- events --------------------------------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the columns out for the new width."""
        self.virtual_size = Size(self.size.width, self.size.height)
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
        """Select a row, open it when it is clicked twice, or sort by the title."""
        if event.y == 0:
            self._click_title(event.x - GUTTER)
            return
        index = self._view.top + event.y - 1
        if index >= self.row_count:
            return
        if index == self._view.cursor and event.chain > 1:
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
        """Take new colours after a change of theme, when they are there: Textual tells before it has them all."""
        super().notify_style_update()
        if self.is_mounted:
            self.call_next(self._restyle)

    def _restyle(self) -> None:
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
        self._view.set_size(width, height)
        if self._palette_stale:
            self._take_palette()
        old = self._lines
        self._lines = new = self._view.lines()
        self._park_cursor()
        if len(old) != len(new):
            self.refresh()
        else:
            self._refresh_lines([y for y in range(height) if new[y] is not old[y] and new[y] != old[y]], width)
        row = self.cursor_row
        if row is not self._announced:
            self._announced = row
            if self.is_attached:
                # Straight to the screen: a held key pays for every pane a message goes through.
                self.screen.post_message(self.Highlighted(self, row))

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
        base = self.rich_style
        cursor = style("row-table--cursor" if self.has_focus else "row-table--cursor-blurred")
        if self.app.no_color or (cursor.color, cursor.bgcolor) == (base.color, base.bgcolor):
            # Without colours the cursor's row is told by what is left.
            cursor += Style(reverse=True) if self.has_focus else Style(underline=True)
        self._palette_stale = False
        self._view.set_palette(
            Palette(
                base=base,
                header=style("row-table--header"),
                cursor=cursor,
                tones={tone: style(f"row-table--{tone.value}") for tone in Tone if tone is not Tone.PLAIN},
                marked=style("row-table--marked"),
                changed=style("row-table--changed"),
                going=style("row-table--going"),
            )
        )

    def _park_cursor(self) -> None:
        """Keep the terminal's own cursor on the selected row, where screen readers and magnifiers look."""
        if self.has_focus and self.row_count:
            line = 1 + self._view.cursor - self._view.top
            self.app.cursor_position = self.region.offset + Offset(min(GUTTER, self.size.width - 1), line)

    def _move_to(self, index: int) -> None:
        self._view.move_to(index)
        self._sync()

    def _marks_changed(self, changed: bool) -> None:
        if changed:
            self._view.forget_strips()
            self._sync()
            self.post_message(self.MarksChanged(self, len(self._view.marks)))

    def _click_title(self, x: int) -> None:
        for slot in self._view.painter.layout.slots:
            if slot.x <= x < slot.x + slot.width:
                column = self.columns[slot.index]
                descending = self.sorting == (column.id, False)
                self.set_sort(column.id, descending=descending)
                self.post_message(self.SortChanged(self, column, descending))
