"""The form as a list of lines: the line under the cursor is typed in, in its place."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.events import Click, Key, MouseScrollDown, MouseScrollUp, Paste, Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from k9py.core.text import safe_line
from k9py.manifests.forms.fields import Input
from k9py.resources.model import Tone
from k9py.ui.celltext import cut, width
from k9py.ui.forms.line import LineEdit
from k9py.ui.forms.owner import Owner
from k9py.ui.forms.rows import FormRow, RowKind
from k9py.ui.look import Look

LABEL_MOST = 22
"""Cells of the labels at most: beyond, the value is too far from its label to be read with it."""
LABEL_SHARE = 3
"""The labels take at most one cell in so many."""
INDENT = 2
DEEPEST = 4
"""Levels that are indented; deeper ones would leave no room."""
SAID_LINES = 3
"""Lines of one complaint; the whole of it is behind f1."""
AROUND = 2
"""Lines kept in sight above and below the cursor."""


class FormList(Widget, can_focus=True):
    """Shows rows; typing changes the one under the cursor."""

    DEFAULT_CSS = """
    FormList { width: 1fr; height: 1fr; }
    """

    def __init__(self, look: Look, owner: Owner, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._look = look
        self._owner = owner
        self._rows: Sequence[FormRow] = ()
        self._at = -1
        """Index of the row under the cursor; -1 while there is none."""
        self._line = LineEdit()
        self.is_dirty = False
        """True while something typed was not taken yet."""
        self.reveals = False
        """True when the secret under the cursor is shown."""
        self._lines: list[tuple[int, str]] = []
        """Per line on screen: index of its row, and the complaint it shows instead of the row."""
        self._line_at: dict[int, int] = {}
        self._top = 0
        self._label_width = LABEL_MOST
        self.passed_up: Key | None = None
        """The last key that meant nothing here."""

    # ------------------------------------------------------------------ rows

    @property
    def rows(self) -> Sequence[FormRow]:
        """What is shown."""
        return self._rows

    @property
    def row(self) -> FormRow | None:
        """The row under the cursor."""
        return self._rows[self._at] if 0 <= self._at < len(self._rows) else None

    @property
    def typed(self) -> str:
        """What stands in the line under the cursor."""
        return self._line.text

    @property
    def is_chosen(self) -> bool:
        """True while what is typed next replaces the value under the cursor."""
        row = self.row
        return self._line.is_chosen and row is not None and not (row.is_choice or row.fixed)

    def set_rows(self, rows: Sequence[FormRow]) -> None:
        """Show these; the cursor stays on its row, or goes to the nearest one there is."""
        before, at = self.row, self._at
        self._rows = rows
        place = before.place if before is not None else None
        self._at = next((index for index, row in enumerate(rows) if row.place == place), -1)
        if self._at < 0:
            self._at = self._nearest(at)
            self._load(chosen=True)
        elif not self.is_dirty and self.row is not None and self.row.text != self._line.text:
            self._load()
        self._lay_out()
        self._show_cursor()
        self.refresh()

    def _nearest(self, at: int) -> int:
        stops = [index for index, row in enumerate(self._rows) if row.is_focused]
        return min(stops, key=lambda index: abs(index - at), default=-1)

    def _load(self, *, chosen: bool = False) -> None:
        """Take the text of the row under the cursor to be typed in; ``chosen`` when one just came to it."""
        row = self.row
        self._line = LineEdit(
            row.text if row is not None else "", lines=row is not None and row.takes_lines, chosen=chosen
        )
        self.is_dirty = False
        self.reveals = False

    def flush(self) -> None:
        """Hand over what was typed."""
        row = self.row
        if self.is_dirty and row is not None:
            self.is_dirty = False
            self._owner.take(row, self._line.text)

    def retype(self, text: str) -> None:
        """Put a text in the line under the cursor, as if it were being typed."""
        self._line = LineEdit(text, lines=self._line.keeps_lines)
        self._typed()

    def forget(self) -> None:
        """Throw away what was typed and not taken."""
        self._load()
        self.refresh()

    # ------------------------------------------------------------------ moving

    def step(self, by: int) -> bool:
        """Go on by so many fields; False at the end."""
        self.flush()
        stops = [index for index, row in enumerate(self._rows) if row.is_focused]
        if not stops:
            return False
        here = next((place for place, index in enumerate(stops) if index >= self._at), len(stops) - 1)
        to = min(max(0, here + by), len(stops) - 1)
        if stops[to] == self._at:
            return False
        self._go(stops[to])
        return True

    def page(self, by: int) -> None:
        """Go on by a screen."""
        self.step(by * max(1, self.size.height - AROUND))

    def go_to(self, place: tuple[int, str, str]) -> bool:
        """Put the cursor on a row; False when it is not there."""
        self.flush()
        for index, row in enumerate(self._rows):
            if row.place == place and row.is_focused:
                self._go(index)
                return True
        return False

    def go_below(self, index: int) -> None:
        """Put the cursor on the first row at or below one that can take it."""
        self.flush()
        stop = next((at for at in range(index, len(self._rows)) if self._rows[at].is_focused), -1)
        if stop >= 0:
            self._go(stop)
            self._show_block(index)
            self.refresh()

    def _show_block(self, index: int) -> None:
        """Scroll as little as it takes to have a heading and all that belongs to it in sight, the heading at least."""
        first, depth = self._line_at.get(index, 0), self._rows[index].depth
        behind = (at for at in range(index + 1, len(self._rows)) if self._rows[at].depth <= depth)
        last = self._line_at.get(next(behind, -1), len(self._lines))
        self._top = max(0, min(first, max(self._top, last - self.size.height)))

    def _go(self, index: int) -> None:
        if index == self._at:
            return
        self._at = index
        self._load(chosen=True)
        self._show_cursor()
        self.refresh()
        self._owner.moved()

    # ------------------------------------------------------------------ keys

    def on_key(self, event: Key) -> None:
        """Type into the row under the cursor; every other key is somebody else's."""
        if not self._owner.is_ready:
            return  # the screen takes it behind those typed before it
        if self.take_key(event):
            event.stop()
            event.prevent_default()
        else:
            self.passed_up = event

    def take_key(self, event: Key) -> bool:
        """Do what a key means in the row under the cursor; False when it means nothing there."""
        row = self.row
        if row is None:
            return False
        was_chosen = self._line.is_chosen
        if event.is_printable and event.character:
            self._type(row, event.character)
        elif not self._edit(row, event.key):
            return False
        if was_chosen and self.row is row and not self._line.is_chosen:
            self._owner.moved()  # what typing would do next is another thing now
        return True

    def _type(self, row: FormRow, character: str) -> None:
        if row.kind is RowKind.LIST:
            if character in "+ ":
                self._owner.add(row)
            else:
                self._owner.refuse(f"{row.label} is a list: + adds to it")
        elif row.refusal:
            self._owner.refuse(row.refusal)
        elif row.input is Input.SWITCH and row.is_choice:
            wanted = {"y": "yes", "n": "no", " ": "no" if row.text == "yes" else "yes"}.get(character.lower())
            if wanted is None:
                self._owner.refuse("y or n; space turns it round")
            else:
                self._owner.take(row, wanted)
        elif row.is_choice:
            self._owner.choose(row, character.strip())
        else:
            self._insert(character)

    def _insert(self, text: str) -> None:
        left_out = self._line.insert(text)
        if left_out > 0 and len(text) > 1:
            self._owner.refuse(f"{left_out:,} characters were left out: they cannot stand in this field")
        self._typed()

    def _typed(self) -> None:
        self.is_dirty = True
        self._repaint_row()
        self._owner.typing()

    def _edit(self, row: FormRow, key: str) -> bool:
        """Do what a key means in a line; False when it means nothing there."""
        if row.kind is RowKind.LIST:
            return False
        if row.is_choice:
            return self._turn(row, key)
        if key == "enter" and "\n" in self._line.text and not self.is_dirty and not row.refusal:
            self._owner.open_value(row)
            return True
        if self._line.move(key):
            self._repaint_row()
            return True
        if row.refusal:
            return False
        before = self._line.text
        if not self._line.erase(key):
            return False
        if self._line.text != before:
            self._typed()
        return True

    def _turn(self, row: FormRow, key: str) -> bool:
        """Go through the words of a choice, or take it back."""
        if key not in ("left", "right", "backspace", "delete"):
            return False
        if row.refusal:
            self._owner.refuse(row.refusal)
        elif key in ("backspace", "delete"):
            self._owner.take(row, "")
        elif row.choices:
            at = row.choices.index(row.text) if row.text in row.choices else -1
            step = 1 if key == "right" else -1
            self._owner.take(row, row.choices[(at + step) % len(row.choices) if at >= 0 else 0])
        return True

    def on_paste(self, event: Paste) -> None:
        """Paste into the row under the cursor: text only, never keys."""
        event.stop()
        event.prevent_default()
        row = self.row
        if row is None or row.kind is RowKind.LIST or row.is_choice:
            self._owner.refuse("Nothing can be pasted here")
        elif row.refusal:
            self._owner.refuse(row.refusal)
        else:
            self._insert(event.text)

    def on_click(self, event: Click) -> None:
        """Go to the row clicked."""
        event.stop()
        self.focus()
        line = self._top + event.y
        if line < len(self._lines):
            index = self._lines[line][0]
            if self._rows[index].is_focused:
                self.flush()
                self._go(min(index, len(self._rows) - 1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll three lines."""
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll three lines back."""
        event.stop()
        self._scroll(-3)

    def _scroll(self, by: int) -> None:
        self._top = min(max(0, self._top + by), self._last_top)
        self.refresh()

    # ------------------------------------------------------------------ layout

    def on_resize(self, event: Resize) -> None:
        """Break the complaints anew and keep the cursor in sight."""
        self._lay_out()
        self._show_cursor()
        self.refresh()

    def _lay_out(self) -> None:
        """Find out which lines there are."""
        across = self.size.width or 80
        labels = [width(self._look.glyphs.own(row.label)) + self._indent(row) for row in self._rows if row.is_focused]
        self._label_width = min(max(labels, default=0), LABEL_MOST, max(8, across // LABEL_SHARE))
        self._lines, self._line_at = [], {}
        for index, row in enumerate(self._rows):
            self._line_at[index] = len(self._lines)
            self._lines.append((index, ""))
            for said in row.said:
                wrapped = textwrap.wrap(safe_line(said.text), max(20, across - 8), max_lines=SAID_LINES,
                                        placeholder=f" {self._look.glyphs.ellipsis}")  # fmt: skip
                sign = self._look.glyphs.bad if said.is_error else self._look.glyphs.warn
                self._lines += [(index, f"{sign if place == 0 else ' '} {line}") for place, line in enumerate(wrapped)]

    @property
    def _last_top(self) -> int:
        """The first line on screen when the last one is on it too: no room is left empty below."""
        return max(0, len(self._lines) - self.size.height)

    def _indent(self, row: FormRow) -> int:
        return INDENT * min(max(0, row.depth - 1), DEEPEST)

    def _show_cursor(self) -> None:
        """Scroll as little as it takes to have the cursor's row, with what is said of it, in sight."""
        height = self.size.height
        if self._at < 0 or not height:
            return
        first = self._line_at[self._at]
        last = first + sum(1 for index, _ in self._lines[first:] if index == self._at) - 1
        around = min(AROUND, (height - 1) // 2)
        top = max(self._top, min(last + around, len(self._lines) - 1) - height + 1)
        top = min(top, max(0, first - around))
        self._top = max(0, min(top, self._last_top))

    def line_of(self, row: FormRow) -> int | None:
        """Return the line of the widget a row is on; None when it is out of sight."""
        index = next((at for at, known in enumerate(self._rows) if known.place == row.place), None)
        line = self._line_at[index] - self._top if index is not None else -1
        return line if 0 <= line < self.size.height else None

    @property
    def value_column(self) -> int:
        """Where values begin."""
        return self._label_width + 4

    # ------------------------------------------------------------------ painting

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self._lay_out()
        self.refresh()

    def reveal(self) -> None:
        """Show the secret under the cursor, or hide it again."""
        self.reveals = not self.reveals
        self._repaint_row()

    def on_focus(self) -> None:
        """Show the caret."""
        self._repaint_row()

    def on_blur(self) -> None:
        """Hide the caret."""
        self._repaint_row()

    def _repaint_row(self) -> None:
        line = self._line_at.get(self._at, -1) - self._top
        if 0 <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Fill what the container gives."""
        return container.width

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        across, look = self.size.width, self._look
        if self._top + y >= len(self._lines):
            return Strip.blank(across, look.base)
        index, said = self._lines[self._top + y]
        row = self._rows[index]
        if said:
            bad = not said.startswith(look.glyphs.warn) and any(one.is_error for one in row.said)
            segments = [Segment(f"     {look.glyphs.own(said)}", look.style(Tone.BAD if bad else Tone.WARN))]
        elif row.kind in (RowKind.PART, RowKind.GROUP):
            segments = self._heading(row, across)
        elif row.kind is RowKind.ITEM:
            segments = self._item(row)
        else:
            segments = self._field(row, across, is_current=index == self._at)
        return Strip(segments).adjust_cell_length(across, look.base)

    def _heading(self, row: FormRow, across: int) -> list[Segment]:
        look = self._look
        label = look.glyphs.own(safe_line(row.label))
        if row.kind is RowKind.GROUP and row.depth:
            return [Segment(" " * (2 + self._indent(row)), look.base), Segment(label, look.style(Tone.DIM))]
        lead = look.glyphs.rule * (1 if row.kind is RowKind.GROUP else 2)
        tone = look.style(Tone.ACCENT) + Style(bold=True if row.kind is RowKind.PART else None)
        rest = max(0, across - width(label) - len(lead) - 4)
        return [
            Segment(f" {lead} ", look.rule),
            Segment(label, tone),
            Segment(f" {look.glyphs.rule * rest}", look.rule),
        ]

    def _item(self, row: FormRow) -> list[Segment]:
        look, indent = self._look, " " * (2 + self._indent(row))
        return [Segment(f"{indent}{row.label} ", look.style(Tone.DIM)),
                Segment(safe_line(row.text), look.style(Tone.ACCENT))]  # fmt: skip

    def _field(self, row: FormRow, across: int, *, is_current: bool) -> list[Segment]:
        look, glyphs = self._look, self._look.glyphs
        bad, warned = any(one.is_error for one in row.said), bool(row.said)
        indent = self._indent(row)
        label = cut(glyphs.own(safe_line(row.label)), self._label_width - indent, glyphs.ellipsis)
        label += " " * (self._label_width - indent - width(label))
        pointer = glyphs.cursor if is_current else " "
        sign = f" {glyphs.bad}" if bad else f" {glyphs.warn}" if warned else ""
        room = max(1, across - self.value_column - len(sign) - 1)
        label_style = (
            look.cursor if is_current and self.has_focus else look.style(Tone.PLAIN if is_current else Tone.DIM)
        )
        value = self._value(row, room, is_current=is_current)
        tone = look.style(Tone.BAD if bad else Tone.WARN)
        return [Segment(f" {pointer}{' ' * indent}", look.base), Segment(label, label_style), Segment("  ", look.base),
                *value, Segment(sign, tone)]  # fmt: skip

    def _value(self, row: FormRow, room: int, *, is_current: bool) -> list[Segment]:
        look, glyphs = self._look, self._look.glyphs
        if is_current and self.has_focus and not row.is_choice and row.kind is not RowKind.LIST and not row.refusal:
            return self._caret(row, room)
        text = self._line.text if is_current and self.is_dirty else row.text
        if row.kind is RowKind.LIST:
            adds = "+ adds" if is_current else ""
            return [Segment(f"{row.text or '-'}  ", look.base), Segment(adds, look.style(Tone.DIM))]
        if not text:
            words = "needed" if row.required else row.hint
            return [Segment(cut(glyphs.own(words), room, glyphs.ellipsis), look.style(Tone.DIM)), *self._opens(row)]
        shown = glyphs.own(cut(safe_line(self._masked(row, text, is_current)[: 4 * room]), room, glyphs.ellipsis))
        style = look.style(Tone.DIM) if row.refusal else look.base
        fixed = "  fixed" if row.fixed and is_current else ""
        return [Segment(shown, style), Segment(fixed, look.style(Tone.DIM)), *self._opens(row)]

    def _opens(self, row: FormRow) -> list[Segment]:
        opens = row.is_choice and row.input is Input.CHOICE and not row.fixed
        return [Segment(f" {self._look.glyphs.down}", self._look.style(Tone.DIM))] if opens else []

    def _masked(self, row: FormRow, text: str, is_current: bool) -> str:
        if not row.secret or (is_current and self.reveals):
            return text
        return self._look.glyphs.gap * min(len(text), 8)

    def _caret(self, row: FormRow, room: int) -> list[Segment]:
        look = self._look
        line = self._line
        if row.secret and not self.reveals:
            line = LineEdit(look.glyphs.gap * len(self._line.text), chosen=self._line.is_chosen)
            line.caret = self._line.caret
        before, under, behind = (look.glyphs.own(part) for part in line.window(room))
        caret = look.bar + Style(reverse=True)
        text = look.cursor if line.is_chosen else look.bar
        rest = room - width(before) - width(under) - width(behind)
        hint = ("needed" if row.required else row.hint) if not self._line.text else ""
        hint = cut(hint, max(0, rest - 1), look.glyphs.ellipsis)
        pad = " " * max(0, rest - width(hint))
        return [Segment(before, text), Segment(under, caret), Segment(behind, look.bar),
                Segment(hint, look.style(Tone.DIM, raised=True)), Segment(pad, look.bar)]  # fmt: skip
