"""Tables as kubectl prints them: left-aligned columns, three spaces apart, as wide as their widest cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from k9py.core.text import cell_width, safe_line

GAP = 3
"""Spaces between two columns."""


class TableWriter:
    """Lays out rows; widths only grow, so that rows printed later still stand under the same header."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = tuple(titles)
        self._widths = [cell_width(title) for title in self.titles]

    def lines(self, rows: Iterable[Sequence[str]], *, header: bool = True) -> list[str]:
        """Return the rows, with the header first if wanted; cells are made harmless for a terminal."""
        cells = [[safe_line(cell) for cell in row] for row in rows]
        for row in cells:
            for index, cell in enumerate(row):
                width = cell_width(cell)
                if width > self._widths[index]:
                    self._widths[index] = width
        head = [self._line(self.titles)] if header else []
        return [*head, *(self._line(row) for row in cells)]

    def _line(self, row: Sequence[str]) -> str:
        last = len(row) - 1
        return "".join(
            cell if index == last else cell + " " * (width - cell_width(cell) + GAP)
            for index, (cell, width) in enumerate(zip(row, self._widths, strict=True))
        ).rstrip()


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, header: bool = True) -> None:
    """Print a whole table at once."""
    print("\n".join(TableWriter(titles).lines(rows, header=header)))
