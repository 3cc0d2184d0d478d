"""The lines of a description as plain data, and the helpers that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from k9py.core.text import cell_width, safe_line
from k9py.resources.model import NONE_TEXT, Tone

CONTINUED = " "
"""A label that stands for the one above: the text goes under that one's."""

INDENT = 2
"""Spaces per level."""


class Line(NamedTuple):
    """One line of a description. Labels of lines that follow each other at one indent are padded to one width."""

    indent: int
    label: str
    """Without its colon; empty for a line that is only text, :data:`CONTINUED` for one more value."""
    text: str
    tone: Tone = Tone.PLAIN


class Span(NamedTuple):
    """A line as it is shown: what comes before the text, and the text."""

    prefix: str
    text: str
    tone: Tone


def laid_out(lines: Sequence[Line]) -> list[Span]:
    """Return the lines with labels padded, so that the values of one block stand under each other."""
    spans: list[Span] = []
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].label and lines[end].indent == lines[start].indent:
            end += 1
        if end == start:
            line = lines[start]
            spans.append(Span(" " * (INDENT * line.indent), line.text, line.tone))
            start += 1
            continue
        block = lines[start:end]
        width = max((cell_width(line.label) for line in block if line.text), default=0) + 3
        for line in block:
            label = "" if line.label == CONTINUED else f"{line.label}:"
            pad = " " * max(0, width - cell_width(label)) if line.text else ""
            spans.append(Span(f"{' ' * (INDENT * line.indent)}{label}{pad}", line.text, line.tone))
        start = end
    return spans


def plain_text(lines: Sequence[Line]) -> str:
    """Return a description as text, for a file or a pipe."""
    return "".join(f"{span.prefix}{span.text}".rstrip() + "\n" for span in laid_out(lines))


def at(obj: Any, *path: str | int) -> Any:
    """Return the value at a path, None where any part of it is missing."""
    for step in path:
        if isinstance(step, int):
            obj = obj[step] if isinstance(obj, list) and -len(obj) <= step < len(obj) else None
        else:
            obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def items(obj: Any, *path: str | int) -> list[Any]:
    """Return the list at a path, empty where there is none."""
    found = at(obj, *path)
    return found if isinstance(found, list) else []


def fields(obj: Any, *path: str | int) -> dict[str, Any]:
    """Return the map at a path, empty where there is none."""
    found = at(obj, *path)
    return found if isinstance(found, dict) else {}


def shown(value: Any, absent: str = NONE_TEXT) -> str:
    """Return a scalar as text: booleans as kubectl prints them, ``absent`` for nothing."""
    if value is None or value == "":
        return absent
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


class Page:
    """Collects the lines of one description."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._indent = 0

    def pair(self, label: str, value: Any, *, tone: Tone = Tone.PLAIN, absent: str = NONE_TEXT) -> None:
        """Add ``label: value``; further lines of the value go under the first."""
        first, *rest = shown(value, absent).split("\n")
        self.lines.append(Line(self._indent, label, safe_line(first), tone))
        self.lines += [Line(self._indent, CONTINUED, safe_line(line), tone) for line in rest]

    def optional(self, label: str, value: Any, *, tone: Tone = Tone.PLAIN) -> None:
        """Add ``label: value`` when there is a value."""
        if value not in (None, "", [], {}):
            self.pair(label, value, tone=tone)

    def several(self, label: str, values: Iterable[str], *, absent: str = NONE_TEXT) -> None:
        """Add a label with one value a line."""
        texts = list(values)
        self.pair(label, texts[0] if texts else absent)
        self.lines += [Line(self._indent, CONTINUED, safe_line(text)) for text in texts[1:]]

    def mapping(self, label: str, values: Mapping[str, Any] | None, *, sign: str = "=", most: int = 120) -> None:
        """Add a label with one ``key=value`` a line in the order of keys; long values are cut."""
        texts = []
        for key in sorted(values or {}):
            value = shown((values or {})[key], "")
            flat = " ".join(value.split())
            texts.append(f"{key}{sign}{flat if len(flat) <= most else flat[:most] + '…'}")
        self.several(label, texts)

    def text(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        """Add lines without a label."""
        self.lines += [Line(self._indent, "", safe_line(line), tone) for line in text.split("\n")]

    def blank(self) -> None:
        """Add an empty line, unless there is one or nothing comes before."""
        if self.lines and (self.lines[-1].text or self.lines[-1].label):
            self.lines.append(Line(0, "", ""))

    @contextmanager
    def section(self, label: str) -> Iterator[None]:
        """Add a heading; what is added inside ``with`` is indented below it."""
        self.lines.append(Line(self._indent, "", f"{safe_line(label)}:", Tone.ACCENT))
        self._indent += 1
        try:
            yield
        finally:
            self._indent -= 1

    def table(
        self, titles: Sequence[str], rows: Sequence[Sequence[Any]], tone: Callable[[Sequence[Any]], Tone] | None = None
    ) -> None:
        """Add columns of text, the last one unpadded; ``tone`` decides by the row."""
        texts = [[safe_line(shown(cell, "")) for cell in row] for row in rows]
        widths = [max(cell_width(row[index]) for row in [list(titles), *texts]) for index in range(len(titles) - 1)]

        def joined(cells: Sequence[str]) -> str:
            padded = [cell + " " * (width - cell_width(cell)) for cell, width in zip(cells, widths, strict=False)]
            return "  ".join([*padded, cells[-1]]).rstrip()

        self.lines.append(Line(self._indent, "", joined(list(titles)), Tone.DIM))
        for row, cells in zip(rows, texts, strict=True):
            self.lines.append(Line(self._indent, "", joined(cells), tone(row) if tone else Tone.PLAIN))
