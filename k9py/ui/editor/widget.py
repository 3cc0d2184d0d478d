"""The editor itself: a text of any length on the line API, repainted line by line as it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.events import Key, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Paste, Resize
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from k9py.resources.model import Tone
from k9py.ui.editor import motions
from k9py.ui.editor.acts import Acts
from k9py.ui.editor.document import Act, Change, Document, Place
from k9py.ui.editor.layout import layout
from k9py.ui.editor.painting import Marks, Painter
from k9py.ui.editor.popup import Offering
from k9py.ui.editor.tokens import Highlighter, Part, Spans
from k9py.ui.look import Look

LINES_AROUND = 2
"""Lines kept in sight above and below the caret while the text scrolls."""

CELLS_AROUND = 8
"""Cells a text moves on sideways beyond the caret, so that a long line does not move with every letter."""

LEAST_DIGITS = 3
"""Digits of the line numbers: a text that grows from 9 to 10 lines does not move sideways."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about a place in the text, from 0."""

    line: int
    column: int
    text: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand where the caret is."""

    text: str
    """What is inserted; ``\\n`` begins another line at the indent of this one."""
    label: str = ""
    """What the list shows; the text when empty."""
    hint: str = ""
    """What it is: a type, ``required``."""
    doc: str = ""
    """One sentence about it."""
    replaces: int = -1
    """Characters before the caret it stands for; -1 for the word typed so far."""


Completer = Callable[[str, int, int], Sequence[Completion]]
"""Returns what may stand at a line and column of a text, best first."""


class TextEditor(Widget, can_focus=True):
    """A text with a caret. What keys do is in :class:`~k9py.ui.editor.acts.Acts`."""

    DEFAULT_CSS = """
    TextEditor { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Changed(Message):
        """A person changed the text."""

        editor: TextEditor

        @property
        def control(self) -> TextEditor:
            """The editor."""
            return self.editor

    @dataclass
    class CaretMoved(Message):
        """The caret is somewhere else."""

        editor: TextEditor

        @property
        def control(self) -> TextEditor:
            """The editor."""
            return self.editor

    @dataclass
    class Said(Message):
        """There is something to tell the person: why a key did nothing."""

        text: str

    def __init__(self, look: Look, text: str = "", *, numbers: bool = True, id: str | None = None) -> None:
        """``numbers`` shows the numbers of the lines."""
        super().__init__(id=id)
        self._look = look
        self._numbers = numbers
        self.document = Document(text)
        """The text and what was done to it; change it through the editor or its acts."""
        self.document.on_change = self._changed
        self.completer: Completer | None = None
        self.read_only = False
        """True when keys move the caret and change nothing."""
        self.typed_ahead: Callable[[], int] = lambda: 0
        """Keys that came and were not looked at yet: many at once are a paste that a terminal did not say is one."""
        self._painter = Painter(look)
        self._highlighter = Highlighter(lambda: self.document.lines)
        self._top = 0
        self._left = 0
        self._notes: dict[int, Note] = {}
        """The worst note of each line."""
        self._all_notes: tuple[Note, ...] = ()
        self._marked = range(0)
        self._found: dict[int, tuple[tuple[int, int], ...]] = {}
        self._shown_marks: dict[int, Marks] = {}
        """What lies over the lines in sight, as they were painted last."""
        self.offering = Offering(self)
        """The list of completions."""
        self._told: Place = (0, 0)
        self._is_dragging = False
        self.acts = Acts(self)
        """What can be done with the text, by name."""

    # ------------------------------------------------------------------ the text

    @property
    def text(self) -> str:
        """The whole text; setting it loads another one and forgets undo."""
        return self.document.text

    @text.setter
    def text(self, text: str) -> None:
        self.document.load(text)
        self._top = self._left = 0
        self.forget_notes()
        self.refresh()
        self._caret_moved()

    def replace_text(self, text: str) -> None:
        """Make the text another one from outside: one step of undo, the caret stays at its line and column."""
        if self.document.set_text(text):
            self._caret_moved()

    @property
    def caret(self) -> Place:
        """Line and column, from 0."""
        return self.document.caret

    def go_to(self, line: int, column: int = 0) -> None:
        """Move the caret, in the middle of the screen when it was out of sight."""
        self.document.select((line, column))
        line = self.caret[0]
        height = self.size.height
        if height and not self._top <= line < self._top + height:
            self._look_at(line - height // 3, self._left)
        self._caret_moved()

    def _changed(self, change: Change) -> None:
        """Repaint what a change of the document made different."""
        below = self._highlighter.changed(change)
        moved = change.new_count - change.old_count
        if moved:
            self._shift_notes(change.first, change.old_count, moved)
            self._found.clear()
            self.repaint(change.first, self._top + self.size.height)
            return
        self._found = {line: found for line, found in self._found.items() if not _in(line, change)}
        self.repaint(change.first, change.first + max(change.new_count, below))

    def edited(self) -> None:
        """A person changed the text: show the caret and tell."""
        self._caret_moved()
        self.offering.again()
        self.post_message(self.Changed(self))

    def is_in_text(self, line: int) -> bool:
        """Return whether a line is the text of a block scalar."""
        return bool(self._spans(line)) and all(part is Part.BLOCK for _, part in self._spans(line))

    def say(self, text: str) -> None:
        """Tell the person why nothing happened."""
        self.post_message(self.Said(text))

    # ------------------------------------------------------------------ what is shown beside it

    def mark_lines(self, first: int, last: int | None = None) -> None:
        """Put a bar beside some lines, both included; an empty range (``last`` before ``first``) takes it away."""
        marked = range(max(0, first), (first if last is None else last) + 1)
        if marked != self._marked:
            changed = [*self._marked, *marked]
            self._marked = marked
            for line in changed:
                self.repaint(line, line + 1)

    def show_problems(self, notes: Sequence[Note]) -> None:
        """Show a sign beside each line with a problem; the text of the caret's line is in :attr:`note`."""
        worst: dict[int, Note] = {}
        for note in notes:
            known = worst.get(note.line)
            if known is None or (note.is_error and not known.is_error):
                worst[note.line] = note
        self._all_notes = tuple(sorted(notes, key=lambda note: (note.line, note.column)))
        if worst != self._notes:
            changed = {*self._notes, *worst}
            self._notes = worst
            for line in changed:
                self.repaint(line, line + 1)

    def forget_notes(self) -> None:
        """Take every sign away."""
        self.show_problems(())

    @property
    def notes(self) -> tuple[Note, ...]:
        """Everything there is to say, in the order of the text."""
        return self._all_notes

    @property
    def note(self) -> Note | None:
        """What there is to say about the caret's line."""
        return self._notes.get(self.caret[0])

    def _shift_notes(self, first: int, old_count: int, by: int) -> None:
        """Keep signs beside their lines while lines come and go above them."""
        if self._notes:
            last = first + old_count

            def move(note: Note) -> Note:
                return Note(note.line + by, note.column, note.text, note.is_error) if note.line >= last else note

            kept = [note for note in self._all_notes if not first < note.line < last]
            self.show_problems([move(note) for note in kept])

    def show_found(self, found: Sequence[tuple[Place, Place]]) -> None:
        """Mark what a search found; stretches that go over the end of a line are marked on their first one."""
        by_line: dict[int, tuple[tuple[int, int], ...]] = {}
        for start, end in found:
            last = end[1] if end[0] == start[0] else len(self.document.lines[start[0]])
            by_line[start[0]] = (*by_line.get(start[0], ()), (start[1], last))
        if by_line != self._found:
            changed = {*self._found, *by_line}
            self._found = by_line
            for line in changed:
                self.repaint(line, line + 1)

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self._painter = Painter(look)
        self.refresh()

    # ------------------------------------------------------------------ scrolling

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._top

    @property
    def page_height(self) -> int:
        """Lines in sight."""
        return max(1, self.size.height)

    @property
    def gutter_width(self) -> int:
        """Cells left of the text."""
        return (1 + max(LEAST_DIGITS, len(str(len(self.document.lines)))) if self._numbers else 1) + 1

    @property
    def text_width(self) -> int:
        """Cells of the text in sight."""
        return max(1, self.size.width - self.gutter_width)

    def scroll_by(self, lines: int) -> None:
        """Scroll without moving the caret."""
        self._look_at(self._top + lines, self._left)

    def _look_at(self, top: int, left: int) -> None:
        top = min(max(0, top), max(0, len(self.document.lines) - 1))
        left = max(0, left)
        if (top, left) != (self._top, self._left):
            self._top, self._left = top, left
            self.refresh()

    def show_caret(self) -> None:
        """Scroll as little as it takes to have the caret in sight."""
        if not self.size:
            return
        line, column = self.caret
        height, width = self.size.height, self.text_width
        around = min(LINES_AROUND, (height - 1) // 2)
        top = min(max(self._top, line + around - height + 1), line - around)
        top = min(max(0, top), max(0, len(self.document.lines) - height))
        cell, left = layout(self.document.lines[line]).cell(column), self._left
        if cell < left:
            left = max(0, cell - min(CELLS_AROUND, width // 2))
        elif cell >= left + width:
            left = cell - width + 1 + min(CELLS_AROUND, width // 2)
        self._look_at(top, left)

    def _caret_moved(self) -> None:
        """Bring the caret into sight, repaint the lines it left and reached, and tell."""
        self.show_caret()
        self.offering.caret_moved()
        self._refresh_marks()
        self._park()
        if self.caret != self._told:
            self._told = self.caret
            self.post_message(self.CaretMoved(self))

    def caret_moved(self) -> None:
        """Something moved the caret through the document."""
        self._caret_moved()

    def _park(self) -> None:
        """Put the terminal's own cursor at the caret, where input methods and screen readers look for it."""
        if self.is_mounted and self.has_focus:
            self.app.cursor_position = self.caret_on_screen

    @property
    def caret_on_screen(self) -> Offset:
        """The cell of the screen the caret is in."""
        line, column = self.caret
        x, y, _, _ = self.content_region
        cell = layout(self.document.lines[line]).cell(column)
        return Offset(x + self.gutter_width + cell - self._left, y + line - self._top)

    # ------------------------------------------------------------------ painting

    def repaint(self, first: int, end: int) -> None:
        """Repaint the lines from ``first`` to before ``end``, as far as they are in sight."""
        low, high = max(first, self._top), min(end, self._top + self.size.height)
        if low < high:
            self.refresh(Region(0, low - self._top, self.size.width, high - low))

    def _refresh_marks(self) -> None:
        """Repaint the lines in sight over which the caret or the selection is no longer as painted."""
        for line in range(self._top, min(self._top + self.size.height, len(self.document.lines))):
            if self._shown_marks.get(line) != self._marks_of(line):
                self.repaint(line, line + 1)

    def _marks_of(self, line: int) -> Marks:
        """Return what lies over a line."""
        selection = self.document.selection
        start, end = selection.start, selection.end
        caret = selection.caret[1] if selection.caret[0] == line and self.has_focus else -1
        selected, to_end = (-1, -1), False
        if start != end and start[0] <= line <= end[0]:
            to_end = line < end[0]
            selected = (start[1] if line == start[0] else 0, len(self.document.lines[line]) if to_end else end[1])
        return Marks(selected, to_end, self._found.get(line, ()), caret)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Fill what the container gives."""
        return container.width

    def render_line(self, y: int) -> Strip:
        """Return one visible line, with the list of completions over it."""
        return self.offering.over(y, self._text_line(y), self._look)

    def _text_line(self, y: int) -> Strip:
        line, width = self._top + y, self.size.width
        if line >= len(self.document.lines):
            self._shown_marks.pop(line, None)
            return Strip.blank(width, self._look.base)
        marks = self._shown_marks[line] = self._marks_of(line)
        text = self.shown_text(line)
        strip = self._painter.paint(text, self._spans(line), marks, self._left, self.text_width)
        return Strip.join([self._gutter(line), strip]).adjust_cell_length(width, self._look.base)

    # ------------------------------------------------------------------ completions

    @property
    def completion(self) -> Completion | None:
        """The chosen completion while the list is open."""
        return self.offering.current

    def complete(self) -> None:
        """Offer what may stand at the caret."""
        self.offering.open()

    def shown_text(self, line: int) -> str:
        """Return what is painted of a line: the line, or one of the same length."""
        return self.document.lines[line]

    def _spans(self, line: int) -> Spans:
        return self._highlighter.spans(line)

    def _gutter(self, line: int) -> Strip:
        glyphs, note = self._look.glyphs, self._notes.get(line)
        sign, tone = " ", Tone.PLAIN
        if note is not None:
            sign, tone = (glyphs.bad, Tone.BAD) if note.is_error else (glyphs.warn, Tone.WARN)
        text = f"{line + 1:>{self.gutter_width - 2}}" if self._numbers else ""
        bar = glyphs.margin if line in self._marked else " "
        return self._painter.gutter(text, Tone.DIM, sign, tone, bar)

    # ------------------------------------------------------------------ events

    def on_focus(self) -> None:
        """Show the caret."""
        self._refresh_marks()
        self._park()

    def on_blur(self) -> None:
        """Hide the caret."""
        self.document.seal()
        self.offering.close()
        self._refresh_marks()

    def on_resize(self, event: Resize) -> None:
        """Keep the caret in sight."""
        self.show_caret()
        self._park()

    def on_key(self, event: Key) -> None:
        """Type, or do what the key means in a text; every other key is somebody else's."""
        if event.is_printable and event.character:
            self.acts.type(event.character)
        elif not self.offering.key(event.key) and not self.acts.key(event.key):
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Paste as one step."""
        event.stop()
        self.acts.insert(event.text)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Put the caret where the mouse is; with shift the selection goes there."""
        event.stop()
        self.focus()
        self._is_dragging = True
        self.capture_mouse()
        self.acts.move_to(self._place_at(event.x, event.y), select=event.shift)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Pull the selection."""
        if self._is_dragging:
            event.stop()
            self.acts.move_to(self._place_at(event.x, event.y), select=True)

    def on_mouse_up(self, event: MouseUp) -> None:
        """The selection is made."""
        if self._is_dragging:
            event.stop()
            self._is_dragging = False
            self.release_mouse()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll three lines, as terminals do."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll three lines back."""
        event.stop()
        self.scroll_by(-3)

    def _place_at(self, x: int, y: int) -> Place:
        line = min(max(0, self._top + y), len(self.document.lines) - 1)
        return line, layout(self.document.lines[line]).column(x - self.gutter_width + self._left)


def _in(line: int, change: Change) -> bool:
    return change.first <= line < change.first + change.old_count


__all__ = ["Act", "Completer", "Completion", "Note", "Part", "TextEditor", "motions"]
