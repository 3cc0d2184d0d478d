"""A line of the editor as a strip: its parts in their styles, under what is selected, found, and the caret."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from k9py.resources.model import Tone
from k9py.ui.editor.layout import layout
from k9py.ui.editor.tokens import Part, Spans
from k9py.ui.look import Look

CACHED_STRIPS = 600
"""Painted lines kept; some ten screens, so that scrolling back costs nothing."""


class Marks(NamedTuple):
    """What lies over a line, as columns; -1 where there is none of it."""

    selected: tuple[int, int] = (-1, -1)
    to_end: bool = False
    """The selection goes on in the line below: the line's end is selected too."""
    found: tuple[tuple[int, int], ...] = ()
    caret: int = -1


PLAIN_LINE = Marks()


class Painter:
    """Paints lines for one look; equal lines are painted once."""

    def __init__(self, look: Look) -> None:
        self.look = look
        tone = look.style
        key, dim = tone(Tone.ACCENT), tone(Tone.DIM)
        self._styles: dict[Part, Style] = {
            Part.PLAIN: look.base,
            Part.KEY: key,
            Part.STRING: tone(Tone.OK),
            Part.NUMBER: tone(Tone.NEW),
            Part.WORD: tone(Tone.NEW),
            Part.COMMENT: dim + Style(italic=True),
            Part.ANCHOR: tone(Tone.WARN) + Style(underline=True),
            Part.MARKER: look.base + Style(bold=True),
            Part.BLOCK: tone(Tone.OK),
            Part.SIGN: dim,
        }
        self._caret = Style(reverse=True)
        self._caret_in_selection = Style(reverse=False, underline=True, bold=True)
        self._selected = Style(reverse=True)
        self._strips: dict[tuple[str, Spans, Marks, int, int], Strip] = {}

    def paint(self, line: str, spans: Spans, marks: Marks, left: int, width: int) -> Strip:
        """Return a line from the cell ``left`` on, ``width`` cells wide."""
        key = (line, spans, marks, left, width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strip(line, spans, marks).crop(left, left + width)
            strip = strip.adjust_cell_length(width, self.look.base)
            if len(self._strips) >= CACHED_STRIPS:
                for old in list(islice(self._strips, CACHED_STRIPS // 2)):
                    del self._strips[old]
            self._strips[key] = strip
        return strip

    def _strip(self, line: str, spans: Spans, marks: Marks) -> Strip:
        shape, own = layout(line), self.look.glyphs.own
        cuts = {0, len(line)}
        cuts.update(end for end, _ in spans)
        start, end = marks.selected
        cuts.update(place for place in (start, end) if 0 <= place <= len(line))
        for found in marks.found:
            cuts.update(found)
        at_end = marks.caret >= len(line)
        if 0 <= marks.caret < len(line):
            cuts.update((marks.caret, shape.behind(marks.caret)))
        segments: list[Segment] = []
        ordered = sorted(cuts)
        parts = iter(spans)
        part_end, part = next(parts, (len(line), Part.PLAIN))
        for low, high in pairwise(ordered):
            while low >= part_end:
                part_end, part = next(parts, (len(line), Part.PLAIN))
            style = self._styles[part]
            is_selected = start <= low < end
            if is_selected:
                style = self.look.base + self._selected
            elif any(a <= low < b for a, b in marks.found):
                style = self.look.match
            if low == marks.caret:
                style += self._caret_in_selection if is_selected else self._caret
            segments.append(Segment(own(shape.part(low, high)), style))
        if at_end and marks.caret >= 0:
            segments.append(Segment(" ", self.look.base + self._caret))
        elif marks.to_end:
            segments.append(Segment(" ", self.look.base + self._selected))
        return Strip(segments)

    def gutter(self, text: str, tone: Tone, sign: str, sign_tone: Tone, bar: str) -> Strip:
        """Return what stands left of a line: the sign of a problem, the number, the bar of the marked lines."""
        style = self.look.style
        return Strip(
            [
                Segment(sign, style(sign_tone)),
                Segment(text, style(tone)),
                Segment(bar, style(Tone.ACCENT)),
            ],
            len(sign) + len(text) + len(bar),
        )
