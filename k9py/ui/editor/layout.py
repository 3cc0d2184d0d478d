"""A line of text as cells: what a terminal shows of it, and which character stands in which cell. Pure."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from rich.cells import split_graphemes

from k9py.core.text import TAB_WIDTH, safe_line

_INVISIBLE = {0x200D: "\ufffd", 0xFE0E: "\ufffd", 0xFE0F: "\ufffd", 0x200B: "\ufffd", 0xAD: "\ufffd"}
"""Joiners and other characters of no width: in a text somebody edits they are shown, for they break manifests."""


class Layout:
    """How a line is shown. Columns count characters of the line, cells what they take on the screen."""

    __slots__ = ("cells", "shown", "starts")

    def __init__(self, shown: str, starts: tuple[int, ...] | None, cells: tuple[int, ...] | None) -> None:
        self.shown = shown
        """What the terminal shows: harmless, tabs as blanks."""
        self.starts = starts
        """Where each column begins in ``shown``, and its end; None when every character stands for itself."""
        self.cells = cells
        """The cell in which each column begins, and the one behind the line; None when it is the column itself."""

    @property
    def width(self) -> int:
        """Cells of the whole line."""
        return self.cells[-1] if self.cells is not None else len(self.shown)

    def cell(self, column: int) -> int:
        """Return the cell a column begins in."""
        return column if self.cells is None else self.cells[min(column, len(self.cells) - 1)]

    def column(self, cell: int) -> int:
        """Return the column whose character covers a cell; the end of the line for cells behind it."""
        if self.cells is None:
            return min(max(0, cell), len(self.shown))
        if cell >= self.cells[-1]:
            return len(self.cells) - 1
        column = max(0, bisect_right(self.cells, max(0, cell)) - 1)
        return self.snapped(column)

    def snapped(self, column: int) -> int:
        """Return the beginning of the character a column is inside of: marks belong to what they stand on."""
        if self.cells is None:
            return column
        while 0 < column < len(self.cells) - 1 and self.cells[column] == self.cells[column - 1]:
            column -= 1
        return column

    def before(self, column: int) -> int:
        """Return the column of the character before, with its marks."""
        return self.snapped(max(0, column - 1))

    def behind(self, column: int) -> int:
        """Return the column behind the character that begins here, with its marks."""
        if self.cells is None:
            return min(column + 1, len(self.shown))
        last = len(self.cells) - 1
        here = self.cells[min(column, last)]
        column = min(column + 1, last)
        while column < last and self.cells[column] == here:
            column += 1
        return column

    def part(self, start: int, end: int) -> str:
        """Return what is shown of the columns from ``start`` to ``end``."""
        if self.starts is None:
            return self.shown[start:end]
        return self.shown[self.starts[start] : self.starts[end]]


@lru_cache(maxsize=8192)
def layout(line: str) -> Layout:
    """Return how a line is shown."""
    if line.isascii() and line.isprintable():
        return Layout(line, None, None)
    shown: list[str] = []
    starts = [0]
    for character in line:
        piece = " " * TAB_WIDTH if character == "\t" else safe_line(character) or "\u241b"
        piece = piece.translate(_INVISIBLE)
        shown.append(piece)
        starts.append(starts[-1] + len(piece))
    text = "".join(shown)
    by_index = [0] * (len(text) + 1)
    cell = 0
    for start, end, cells in split_graphemes(text)[0]:
        for index in range(start, end):
            by_index[index] = cell
        cell += cells
    by_index[len(text)] = cell
    return Layout(text, tuple(starts), tuple(by_index[start] for start in starts))
