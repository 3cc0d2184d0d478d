"""Something to read over the editor: a difference, what a field means."""

from __future__ import annotations

from collections.abc import Callable

from k9py.core.diffs import Diff
from k9py.core.text import safe_line
from k9py.resources.action import Where
from k9py.resources.model import Tone
from k9py.ui.changing.difflines import SIDES_FROM, diff_lines
from k9py.ui.changing.workscreen import WorkScreen
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, plain

Lines = Callable[[int], list[Line]]
"""Returns the lines for a width."""


class ReadingScreen(WorkScreen):
    """A title and a text, until somebody leaves."""

    part = Where.READING

    def __init__(self, title: str, lines: Lines) -> None:
        super().__init__()
        self._title_text = title
        self._lines = lines

    @classmethod
    def of_text(cls, title: str, text: str) -> ReadingScreen:
        """Show a text as it is."""
        return cls(title, lambda _: [plain(safe_line(line)) for line in text.split("\n")])

    @classmethod
    def of_diff(cls, title: str, diff: Diff) -> ReadingScreen:
        """Show what differs between two states of an object."""

        def lines(screen: ReadingScreen, width: int) -> list[Line]:
            return diff_lines(diff, screen.k9.look.glyphs, width=width, sides=width >= SIDES_FROM)

        made = cls(title, lambda _: [])
        made._lines = lambda width: lines(made, width)
        return made

    def on_mount(self) -> None:
        """Show it, and have the key that opened it close it too."""
        super().on_mount()
        self.handlers["reading.close"] = self.go_back

    def draw(self) -> None:
        """Show the text for the width there is."""
        self.query_one("#work-title", Bar).show(((f" {safe_line(self._title_text)}", Tone.ACCENT),))
        self.query_one("#work-steps", Bar).display = False
        self.text.set_lines(self._lines(self.app.size.width))
        self.show_list(shown=False)
        self.show_keys()
