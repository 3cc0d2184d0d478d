"""One-line bars: header, title, rule, hints. A bar repaints only when its text or its width changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from k9py.resources.model import Tone
from k9py.ui.look import Look

Spans = tuple[tuple[str, Tone], ...]


def width_of(spans: Sequence[tuple[str, Tone]]) -> int:
    """Return how many cells the spans take."""
    return sum(cell_len(text) for text, _ in spans)


class Bar(Widget):
    """Text at the left and text at the right; the left gives way when both do not fit."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; }
    """

    def __init__(self, look: Look, *, id: str | None = None, raised: bool = False) -> None:
        super().__init__(id=id)
        self._look = look
        self._raised = raised
        self._left: Spans = ()
        self._right: Spans = ()

    def show(self, left: Spans, right: Spans = ()) -> None:
        """Set both sides; does nothing when they are as they were."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    @property
    def text(self) -> str:
        """What the bar says, both sides, for tests and screen readers."""
        parts = ("".join(text for text, _ in side) for side in (self._left, self._right))
        return "  ".join(part for part in parts if part)

    def render_line(self, y: int) -> Strip:
        """Return the bar as one strip of the widget's width."""
        width = self.size.width
        base = self._look.bar if self._raised else self._look.base
        right = self._strip(self._right)
        right_width = min(right.cell_length, width)
        room = width - right_width - (1 if right_width else 0)
        left = self._strip(self._left)
        if left.cell_length > room:
            left = left.crop(0, max(0, room - 1))
            left = Strip([*left, Segment(self._look.glyphs.ellipsis, base)])
        left = left.adjust_cell_length(width - right_width, base)
        return Strip.join([left, right.crop(0, right_width)])

    def _strip(self, spans: Spans) -> Strip:
        look = self._look
        return Strip([Segment(look.glyphs.own(text), look.style(tone, raised=self._raised)) for text, tone in spans])


class Rule(Widget):
    """A thin line between two panes."""

    DEFAULT_CSS = """
    Rule { height: 1; width: 1fr; }
    """

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._look = look
        self._text = ""

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def say(self, text: str) -> None:
        """Show a few words at the right end, about what is above; none with an empty text."""
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the rule: across, or one cell of a standing one."""
        width = self.size.width
        vertical = width == 1 and self.size.height > 1
        sign = self._look.glyphs.wall if vertical else self._look.glyphs.rule
        words = f" {self._text} " if self._text and cell_len(self._text) + 4 <= width else ""
        if not words:
            return Strip([Segment(sign * width, self._look.rule)], width)
        left = Segment(sign * (width - cell_len(words) - 1), self._look.rule)
        return Strip([left, Segment(words, self._look.style(Tone.DIM)), Segment(sign, self._look.rule)], width)
