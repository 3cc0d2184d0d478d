"""What keys do in the editor: typing, moving, selecting, changing lines, undo, the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k9py.ui.editor import motions
from k9py.ui.editor.document import Act, Document, Place
from k9py.ui.editor.layout import layout

if TYPE_CHECKING:
    from k9py.ui.editor.widget import Completion, TextEditor


BURST_KEYS = 4
"""Keys waiting at once that no person types."""


class Acts:
    """Carries out what keys mean in one editor; ``handlers`` are the actions of the registry."""

    def __init__(self, editor: TextEditor) -> None:
        self._editor = editor
        self._in_burst = False
        self._goal: int | None = None
        """The cell the caret wants to be in while it goes up and down through shorter lines."""
        self._moves: dict[str, Callable[[Place], Place]] = {
            "left": self._left,
            "right": self._right,
            "ctrl+left": lambda place: motions.word_left(self._document.lines, place),
            "alt+left": lambda place: motions.word_left(self._document.lines, place),
            "ctrl+right": lambda place: motions.word_right(self._document.lines, place),
            "alt+right": lambda place: motions.word_right(self._document.lines, place),
            "home": lambda place: (place[0], motions.smart_home(self._document.lines[place[0]], place[1])),
            "end": lambda place: (place[0], len(self._document.lines[place[0]])),
            "ctrl+home": lambda _: (0, 0),
            "ctrl+end": lambda _: self._document.end,
        }
        self._rows: dict[str, Callable[[], int]] = {
            "up": lambda: -1,
            "down": lambda: 1,
            "pageup": lambda: 1 - editor.page_height,
            "pagedown": lambda: editor.page_height - 1,
        }
        self._changes: dict[str, Callable[[], None]] = {
            "enter": self.enter,
            "backspace": lambda: self._erase(self._left),
            "delete": lambda: self._erase(self._right),
            "ctrl+backspace": lambda: self._erase(self._moves["ctrl+left"]),
            "ctrl+w": lambda: self._erase(self._moves["ctrl+left"]),
            "ctrl+delete": lambda: self._erase(self._moves["ctrl+right"]),
            "tab": self.tab,
            "shift+tab": lambda: self._lines(motions.outdent),
        }
        self.handlers: dict[str, Callable[[], None]] = {
            "editor.undo": self.undo,
            "editor.redo": self.redo,
            "editor.cut": self.cut,
            "editor.copy": self.copy,
            "editor.paste": self.paste,
            "editor.all": self.select_all,
            "editor.comment": lambda: self._lines(motions.toggle_comment),
            "editor.delete-line": self.delete_line,
            "editor.duplicate": lambda: self._lines(motions.duplicate),
            "editor.line-up": lambda: self._lines(lambda document: motions.move_lines(document, -1)),
            "editor.complete": lambda: self._editor.complete(),
            "editor.line-down": lambda: self._lines(lambda document: motions.move_lines(document, 1)),
        }

    @property
    def _document(self) -> Document:
        return self._editor.document

    # ------------------------------------------------------------------ keys

    def key(self, key: str) -> bool:
        """Do what a key means in a text; False when it means nothing here."""
        plain = key.replace("shift+", "")
        selects = key != plain
        if plain in self._rows:
            self._row(self._rows[plain](), select=selects)
        elif plain in self._moves:
            self._move(plain, select=selects)
        elif key in self._changes:
            if not self._editor.read_only:
                self._goal = None
                self._changes[key]()
        elif key == "escape" and not self._document.selection.is_empty:
            self.move_to(self._document.caret)
        else:
            return False
        return True

    def type(self, character: str) -> None:
        """Type one character over what is selected."""
        if self._editor.read_only:
            return
        self._goal = None
        selection = self._document.selection
        act = Act.TYPE if selection.is_empty else Act.WHOLE
        self._document.replace(selection.start, selection.end, character, act=act)
        self._editor.edited()

    def insert(self, text: str) -> None:
        """Put a text over what is selected, as one step."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self._editor.read_only or not text:
            return
        self._goal = None
        selection = self._document.selection
        self._document.replace(selection.start, selection.end, text)
        self._editor.edited()

    def take(self, completion: Completion) -> None:
        """Put a completion where its beginning was typed."""
        document = self._document
        line, column = document.selection.start
        text = document.lines[line]
        count = completion.replaces if completion.replaces >= 0 else motions.typed_before(text, column)
        start = column - count
        # What follows the first line of a completion stands as deep as that line.
        fresh = completion.text.replace("\n", "\n" + " " * start)
        if fresh.endswith(": ") and text[column:].startswith(":"):
            fresh = fresh[:-2]
        document.replace((line, start), (line, column), fresh)
        self._editor.edited()

    # ------------------------------------------------------------------ moving

    def move_to(self, place: Place, *, select: bool = False) -> None:
        """Move the caret; ``select`` keeps the other end of the selection."""
        self._goal = None
        self._set(place, select=select)

    def _set(self, place: Place, *, select: bool) -> None:
        document = self._document
        line, column = document.clamp(place)
        place = line, layout(document.lines[line]).snapped(column)
        if document.select(place, document.selection.anchor if select else None):
            self._editor.caret_moved()

    def _move(self, name: str, *, select: bool) -> None:
        selection = self._document.selection
        if not select and not selection.is_empty and name in ("left", "right"):
            self.move_to(selection.start if name == "left" else selection.end)
        else:
            self.move_to(self._moves[name](self._document.caret), select=select)

    def _row(self, by: int, *, select: bool) -> None:
        """Go up or down, as near to the same cell as the line allows."""
        document = self._document
        line, column = document.caret
        if self._goal is None:
            self._goal = layout(document.lines[line]).cell(column)
        target = line + by
        if not 0 <= target < len(document.lines):
            end = 0 if target < 0 else len(document.lines) - 1
            place = (end, layout(document.lines[end]).column(self._goal)) if end != line else \
                (end, 0 if target < 0 else len(document.lines[end]))  # fmt: skip
        else:
            place = target, layout(document.lines[target]).column(self._goal)
        self._set(place, select=select)

    def _left(self, place: Place) -> Place:
        line, column = place
        if column:
            return line, layout(self._document.lines[line]).before(column)
        return (line - 1, len(self._document.lines[line - 1])) if line else place

    def _right(self, place: Place) -> Place:
        line, column = place
        if column < len(self._document.lines[line]):
            return line, layout(self._document.lines[line]).behind(column)
        return (line + 1, 0) if line + 1 < len(self._document.lines) else place

    def select_all(self) -> None:
        """Select the whole text."""
        if self._document.select(self._document.end, (0, 0)):
            self._editor.caret_moved()

    # ------------------------------------------------------------------ changing

    def enter(self) -> None:
        """Begin another line where YAML would have it."""
        selection = self._document.selection
        if self._is_burst():
            fresh = "\n"
        else:
            fresh = motions.new_line(self._document, in_text=self._editor.is_in_text(selection.start[0]))
        self._document.replace(selection.start, selection.end, fresh)
        self._editor.edited()

    def _is_burst(self) -> bool:
        """Return whether the keys of a paste are coming in: such a text brings its own indent."""
        ahead = self._editor.typed_ahead()
        self._in_burst = ahead >= BURST_KEYS or (self._in_burst and ahead > 0)
        return self._in_burst

    def tab(self) -> None:
        """Push the selected lines in; without a selection go on to the next level of indent."""
        document = self._document
        if not document.selection.is_empty:
            self._lines(motions.indent)
            return
        line, column = document.caret
        width = motions.INDENT - layout(document.lines[line]).cell(column) % motions.INDENT
        document.replace(document.caret, document.caret, " " * width)
        self._editor.edited()

    def _erase(self, to: Callable[[Place], Place]) -> None:
        """Erase what is selected, else up to where a move would lead."""
        document = self._document
        selection = document.selection
        if not selection.is_empty:
            document.replace(selection.start, selection.end, "")
        else:
            other = to(document.caret)
            if other == document.caret:
                return
            other = self._level(other)
            document.replace(min(document.caret, other), max(document.caret, other), "", act=Act.ERASE)
        self._editor.edited()

    def _level(self, other: Place) -> Place:
        """Let backspace in the indent of a line go back one whole level."""
        line, column = self._document.caret
        if other == (line, column - 1) and not self._document.lines[line][:column].strip(" "):
            return line, (column - 1) // motions.INDENT * motions.INDENT
        return other

    def _lines(self, change: Callable[[Document], bool]) -> None:
        """Change whole lines."""
        if not self._editor.read_only and change(self._document):
            self._goal = None
            self._editor.edited()

    def delete_line(self) -> None:
        """Delete the selected lines."""
        if self._editor.read_only:
            return
        start, end = motions.whole_lines(self._document)
        column = self._document.caret[1]
        self._document.replace(start, end, "")
        self._document.select((min(start[0] + (start[1] > 0), self._document.end[0]), column))
        self._editor.edited()

    def undo(self) -> None:
        """Take back the last step."""
        if self._document.undo():
            self._editor.edited()
        else:
            self._editor.say("There is nothing to undo")

    def redo(self) -> None:
        """Do again what was taken back."""
        if self._document.redo():
            self._editor.edited()
        else:
            self._editor.say("There is nothing to do again")

    # ------------------------------------------------------------------ clipboard

    def copy(self) -> None:
        """Copy what is selected, else the line of the caret."""
        text = self._document.selected or self._document.lines[self._document.caret[0]] + "\n"
        self._editor.app.copy_to_clipboard(text)

    def cut(self) -> None:
        """Copy and erase what is selected, else the line of the caret."""
        self.copy()
        if self._document.selection.is_empty:
            self.delete_line()
        elif not self._editor.read_only:
            self._erase(self._left)

    def paste(self) -> None:
        """Insert what was copied here."""
        if self._editor.app.clipboard:
            self.insert(self._editor.app.clipboard)
        else:
            self._editor.say("Nothing was copied here; the terminal's own paste works too")
