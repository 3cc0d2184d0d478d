"""The list of completions, drawn over the text below (or above) the caret by the editor itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from k9py.core.text import shorten
from k9py.resources.model import Tone
from k9py.ui.look import Look

if TYPE_CHECKING:
    from k9py.ui.editor.widget import Completion, TextEditor

ROWS = 8
"""Completions in sight at once; a third of an 80x24 screen."""

WIDEST = 60
"""Cells of the list at most, so that the text beside it stays readable."""


@dataclass(slots=True)
class Popup:
    """What is offered, and which one is chosen."""

    completions: Sequence[Completion]
    line: int
    """The line it was asked for on."""
    at: int = 0
    _first: int = field(default=0, init=False)

    @property
    def current(self) -> Completion:
        """The chosen one."""
        return self.completions[self.at]

    def step(self, by: int) -> None:
        """Choose a neighbour, around the ends."""
        count = len(self.completions)
        self.at = (self.at + by) % count if abs(by) == 1 else min(max(0, self.at + by), count - 1)
        self._first = min(max(self._first, self.at - ROWS + 1), self.at)

    @property
    def rows(self) -> int:
        """Lines it takes."""
        return min(ROWS, len(self.completions))

    @property
    def width(self) -> int:
        """Cells it takes."""
        widest = max(cell_len(_label(one)) + cell_len(one.hint) + 4 for one in self.completions)
        return min(WIDEST, widest)

    def strip(self, row: int, look: Look, width: int) -> Strip:
        """Return one of its lines."""
        index = self._first + row
        one = self.completions[index]
        is_chosen = index == self.at
        style = look.cursor if is_chosen else look.bar
        hint_style = style if is_chosen else look.style(Tone.DIM, raised=True)
        room = width - cell_len(one.hint) - 3
        label = look.glyphs.own(shorten(_label(one), max(4, room), mark=look.glyphs.ellipsis))
        gap = " " * max(1, width - cell_len(label) - cell_len(one.hint) - 2)
        strip = Strip([Segment(f" {label}{gap}", style), Segment(f"{one.hint} ", hint_style)])
        return strip.adjust_cell_length(width, style)


def _label(one: Completion) -> str:
    return one.label or one.text.replace("\n", " ")


def laid_over(strip: Strip, piece: Strip, at: int, width: int) -> Strip:
    """Return a line with a piece over it."""
    return Strip.join([strip.crop(0, at), piece, strip.crop(at + piece.cell_length, width)])


class Offering:
    """Offers completions in one editor: opens the list, keeps it to what is typed, and paints it over the text."""

    def __init__(self, editor: TextEditor) -> None:
        self._editor = editor
        self._popup: Popup | None = None
        self._painted = range(0)
        """Lines in sight the list was painted over."""

    @property
    def current(self) -> Completion | None:
        """The chosen completion while the list is open."""
        return self._popup.current if self._popup is not None else None

    def open(self) -> None:
        """Offer what may stand at the caret."""
        editor = self._editor
        if editor.completer is None or editor.read_only:
            return
        found = editor.completer(editor.text, *editor.caret)
        if found:
            self._show(found)
        else:
            self.close()
            editor.say("Nothing is known to stand here")

    def _show(self, found: Sequence[Completion]) -> None:
        self._popup = Popup(found, self._editor.caret[0])
        self._repaint()

    def close(self) -> None:
        """Take the list away."""
        if self._popup is not None:
            self._popup = None
            self._repaint()

    def caret_moved(self) -> None:
        """The list belongs to the line it was asked for on."""
        if self._popup is not None and self._editor.caret[0] != self._popup.line:
            self.close()

    def again(self) -> None:
        """Something was typed while the list was open: offer what fits now."""
        editor, popup = self._editor, self._popup
        if popup is None or editor.completer is None:
            return
        found = editor.completer(editor.text, *editor.caret) if editor.caret[0] == popup.line else ()
        if found:
            self._show(found)
        else:
            self.close()

    def key(self, key: str) -> bool:
        """Do what a key means to the list; False when it means nothing there."""
        editor, popup = self._editor, self._popup
        if popup is None:
            return False
        steps = {"up": -1, "down": 1, "pageup": -popup.rows, "pagedown": popup.rows}
        if key in steps:
            popup.step(steps[key])
            self._repaint()
        elif key in ("enter", "tab"):
            chosen = popup.current
            self.close()
            editor.acts.take(chosen)
        elif key == "escape":
            self.close()
        else:
            return False
        # What is said of the caret's place may be about the chosen one.
        editor.post_message(editor.CaretMoved(editor))
        return True

    def _repaint(self) -> None:
        old, self._painted = self._painted, self._rows()
        for y in {*old, *self._painted}:
            self._editor.refresh(Region(0, y, self._editor.size.width, 1))

    def _rows(self) -> range:
        """Return the lines in sight the list takes: below the caret's line, or above where there is more room."""
        editor, popup = self._editor, self._popup
        if popup is None:
            return range(0)
        line = editor.caret[0] - editor.top
        if line + popup.rows < editor.size.height or line < popup.rows:
            return range(line + 1, min(line + 1 + popup.rows, editor.size.height))
        return range(line - popup.rows, line)

    def over(self, y: int, strip: Strip, look: Look) -> Strip:
        """Return a line of the text with the list over it, if it reaches there."""
        editor, popup, rows = self._editor, self._popup, self._rows()
        if popup is None or y not in rows:
            return strip
        width = min(popup.width, editor.size.width)
        at = min(max(0, editor.caret_on_screen.x - editor.content_region.x), max(0, editor.size.width - width))
        return laid_over(strip, popup.strip(y - rows.start, look, width), at, editor.size.width)
