"""The "so what" of the selected row: one sentence, and the key of the action that follows from it."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.celltext import cut, squeeze
from k9py.ui.look import Look
from k9py.ui.statusline import Spans

LINES = 2
LOST_CELLS = 20
"""Cells a first line may leave empty because the word that follows is long."""
NAME_CELLS = 16
"""Cells a name keeps when it would cut the sentence behind it."""


class SoWhat(Widget):
    """Two lines, always of the same height, so that moving the cursor moves nothing else."""

    DEFAULT_CSS = """
    SoWhat { width: 1fr; height: 2; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._said: tuple[str, str, str, Tone, str, str] = ("", "", "", Tone.PLAIN, "", "")

    def say(self, name: str, sentence: str, tone: Tone, *, more: str = "", key: str = "", action: str = "") -> None:
        """Say what is to be known of an object, ``more`` only as a whole; does nothing when it is said already."""
        own = self._look.glyphs.own
        said = (safe_line(name), own(safe_line(sentence)), own(safe_line(more)), tone, key, action)
        if said != self._said:
            self._said = said
            self.refresh()

    @property
    def text(self) -> str:
        """What is said, for tests and screen readers."""
        name, sentence, more, _, key, action = self._said
        told = "; ".join(part for part in (sentence, more) if part)
        return " · ".join(part for part in (name, told, f"{key} {action}".strip()) if part)

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the sentence, wrapped, with the action at the right of its last line."""
        look, width = self._look, self.size.width
        name, sentence, more, tone, key, action = self._said
        hint: Spans = ()
        if key:
            hint = ((f"{look.glyphs.arrow} ", Tone.DIM), (key, Tone.ACCENT), (f" {action} ", Tone.PLAIN))
        hint_width = sum(cell_len(text) for text, _ in hint)
        name, lines = self._fitted(name, sentence, more, width - 2, hint_width)
        text = lines[y] if y < len(lines) else ""
        spans: Spans = ((f" {text}", tone),)
        if y == 0 and text.startswith(name) and name:
            spans = ((" ", Tone.PLAIN), (name, Tone.PLAIN), (text[len(name) :], tone))
        strip = Strip([Segment(part, look.style(part_tone)) for part, part_tone in spans])
        if y == LINES - 1 and hint:
            right = Strip([Segment(part, look.style(part_tone)) for part, part_tone in hint])
            strip = strip.adjust_cell_length(max(0, width - hint_width), look.base)
            return Strip.join([strip, right]).adjust_cell_length(width, look.base)
        return strip.adjust_cell_length(width, look.base)

    def _fitted(self, name: str, sentence: str, more: str, width: int, hint_width: int) -> tuple[str, list[str]]:
        """Return the name as it is said, and the lines: what gives way is the name's middle, then what is said more.

        The row says the name as well, and the numbers; the cause stands only here.
        """
        short = squeeze(name, NAME_CELLS, self._look.glyphs.ellipsis)
        lines: list[str] = []
        for told in dict.fromkeys(("; ".join(part for part in (sentence, more) if part), sentence)):
            for said in dict.fromkeys((name, short)):
                separator = f" {self._look.glyphs.separator} " if told and said else ""
                lines = self._wrap(f"{said}{separator}{told}", width, hint_width)
                if not lines[-1].endswith(self._look.glyphs.ellipsis):
                    return said, lines
        return short, lines

    def _wrap(self, text: str, width: int, hint_width: int) -> list[str]:
        """Break the text into two lines, the second one leaving room for the hint."""
        width = max(10, width)
        first = textwrap.wrap(text, width, max_lines=1, placeholder="")
        head = first[0] if first else text[:width]
        rest = text[len(head) :].strip()
        if rest and width - cell_len(head) > LOST_CELLS and cell_len(text) == len(text):
            seam = max(text.rfind(sign, 0, width) for sign in "/.") + 1  # an image's name or a path may be broken
            head = text[: seam if seam > len(head) else width]
            rest = text[len(head) :].strip()
        if not rest:
            return [head]
        room, ellipsis = max(10, width - hint_width - 1), self._look.glyphs.ellipsis
        tail = next(iter(textwrap.wrap(rest, room, max_lines=1, placeholder=f" {ellipsis}")), "")
        return [head, tail if room - cell_len(tail) <= LOST_CELLS or tail == rest else cut(rest, room, ellipsis)]
