"""One message at a time at the foot of the screen: what happened, what to do. The next key takes it away."""

from __future__ import annotations

import textwrap

from rich.segment import Segment
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.look import Look

SECONDS = 8.0
"""How long a message stays when nobody presses a key; long enough to read three lines."""

LINES = 4
"""More than this would hide the rows the message is about."""


class Flash(Widget):
    """Hidden while there is nothing to say."""

    DEFAULT_CSS = """
    Flash { width: 1fr; height: auto; display: none; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._tone = Tone.PLAIN
        self.text = ""
        self._timer: Timer | None = None

    def say(self, text: str, tone: Tone) -> None:
        """Show a message; it replaces the one before."""
        self.text, self._tone = self._look.glyphs.own(safe_line(text)), tone
        self.display = True
        self.styles.height = len(self._lines())
        self.refresh()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SECONDS, self.hide)

    def hide(self) -> None:
        """Show nothing; does nothing when nothing is shown."""
        if self.display:
            self.display = False
            self.text = ""

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def _lines(self) -> list[str]:
        width = max(20, self.app.size.width - 3)
        return textwrap.wrap(self.text, width, max_lines=LINES, placeholder=f" {self._look.glyphs.ellipsis}") or [""]

    def render_line(self, y: int) -> Strip:
        """Return one line of the message; the sign says how grave it is."""
        look = self._look
        sign = {Tone.BAD: look.glyphs.bad, Tone.WARN: look.glyphs.warn}.get(self._tone, look.glyphs.separator)
        lines = self._lines()
        text = lines[y] if y < len(lines) else ""
        head = f" {sign} " if y == 0 else "   "
        style = look.style(self._tone, raised=True)
        return Strip([Segment(head, style), Segment(text, style)]).adjust_cell_length(self.size.width, look.bar)
