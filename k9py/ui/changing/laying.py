"""Long lines broken so that what follows stands under what it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from k9py.ui.textview import Line, line_text

LEAST = 20
"""Cells a broken line has at least, whatever the indent."""


def hanging(lines: Iterable[Line], width: int, indent: int = 3) -> list[Line]:
    """Return lines broken at blanks to ``width`` cells; what follows in a broken line is indented."""
    return [piece for line in lines for piece in _broken(line, width, indent)]


def _broken(line: Line, width: int, indent: int) -> Iterator[Line]:
    text = line_text(line)
    if cell_len(text) <= width:
        yield line
        return
    start, room = 0, max(LEAST, width)
    while start < len(text):
        end = _end(text, start, room)
        cut = _cut(line, start, end)
        yield cut if start == 0 else ((" " * indent, cut[0][1]), *cut)
        start = end
        while start < len(text) and text[start] == " ":
            start += 1
        room = max(LEAST, width - indent)


def _end(text: str, start: int, room: int) -> int:
    """Return where a piece ends: behind the last word that fits, or in a word longer than the room."""
    end, cells = start, 0
    while end < len(text) and (cells := cells + cell_len(text[end])) <= room:
        end += 1
    if end == len(text):
        return end
    blank = text.rfind(" ", start, end + 1)
    return blank if blank > start and text[start:blank].strip() else max(end, start + 1)


def _cut(line: Line, start: int, end: int) -> Line:
    """Return the part of a line between two characters, each with its tone."""
    cut, at = [], 0
    for text, tone in line:
        low, high = max(start, at), min(end, at + len(text))
        if low < high:
            cut.append((text[low - at : high - at], tone))
        at += len(text)
    return tuple(cut)
