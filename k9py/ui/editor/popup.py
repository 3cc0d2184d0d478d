"""The list of completions, drawn over the text below (or above) the caret by the editor itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from k9py.core.text import shorten
from k9py.resources.model import Tone
from k9py.ui.look import Look

if TYPE_CHECKING:
    from k9py.ui.editor.widget import Completion

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
