"""The changes of a plan, one line each: chosen or left out, what it would do, and the first thing to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from k9py.core.text import safe_line, shorten
from k9py.resources.model import Tone
from k9py.ui.look import Look

WORD_CELLS = 11
"""Cells of the word that says what a change does."""
TITLE_CELLS = 44
"""Cells a title uses at most, so that the words stand in one column."""


TITLE_LEAST = 26
"""Cells a title has on narrow screens, too."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line."""

    title: str
    word: str
    tone: Tone
    detail: str = ""
    short: str = ""
    """What it is called where the title has no room."""
    chosen: bool | None = None
    """None where nothing can be chosen."""


class ItemList(Widget):
    """Lines with a cursor."""

    DEFAULT_CSS = """
    ItemList { height: auto; width: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The cursor is on another line."""

        index: int

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._items: Sequence[Item] = ()
        self.at = 0
        self._first = 0
        self._titled: tuple[int, list[tuple[str, int]]] = (0, [])
        """The titles as they fit a width."""

    @property
    def items(self) -> Sequence[Item]:
        """What is shown."""
        return self._items

    def out_of_sight(self, height: int) -> str:
        """Return how many lines a list of this height does not show; empty when it shows all."""
        above, below = self._first, len(self._items) - self._first - height
        return ", ".join([f"{above} more above"] * (above > 0) + [f"{below} more below"] * (below > 0))

    def show(self, items: Sequence[Item]) -> None:
        """Show these; the cursor stays where it is. Nothing is repainted when they are as they were."""
        if list(items) == list(self._items):
            return
        self._items = tuple(items)
        self._titled = (0, [])
        self.at = min(self.at, max(0, len(self._items) - 1))
        self._keep_in_sight()
        self.refresh()

    def step(self, by: int) -> None:
        """Move the cursor, stopping at the ends."""
        at = min(max(0, self.at + by), max(0, len(self._items) - 1))
        if at != self.at:
            self.at = at
            self._keep_in_sight()
            self.refresh()
            self.post_message(self.Moved(at))

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Go to what is clicked."""
        event.stop()
        self.step(self._first + event.y - self.at)

    def _keep_in_sight(self) -> None:
        height = max(1, self.size.height)
        first = min(max(self._first, self.at - height + 1), self.at)
        self._first = max(0, min(first, len(self._items) - height))

    def _titles(self, width: int) -> list[tuple[str, int]]:
        """Return what each line is called and the cells for it; API groups go first where there is too little room."""
        most = min(TITLE_CELLS, max(TITLE_LEAST, width * 2 // 5))
        texts = [safe_line(one.title) for one in self._items]
        if max(map(cell_len, texts), default=0) > most:
            texts = [safe_line(one.short or one.title) for one in self._items]
        cells = min(most, max(map(cell_len, texts), default=0))
        return [(shorten(text, cells, mark=self._look.glyphs.ellipsis), cells) for text in texts]

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        width, look, index = self.size.width, self._look, self._first + y
        if index >= len(self._items):
            return Strip.blank(width, look.base)
        item, is_current = self._items[index], index == self.at
        base = look.cursor if is_current else look.base
        if item.chosen is False and not is_current:
            base = look.style(Tone.DIM)
        box = "" if item.chosen is None else f"[{'x' if item.chosen else ' '}] "
        if self._titled[0] != width:
            self._titled = (width, self._titles(width))
        title, cells = self._titled[1][index]
        head = f" {look.glyphs.cursor if is_current else ' '} {box}{title}{' ' * (cells - cell_len(title))}  "
        word = base if is_current or item.chosen is False else look.style(item.tone)
        detail = base if is_current else look.style(Tone.DIM)
        segments = [Segment(head, base), Segment(f"{item.word:<{WORD_CELLS}} ", word)]
        segments.append(Segment(look.glyphs.own(item.detail), detail))
        strip = Strip(segments)
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, width - 1), Segment(look.glyphs.ellipsis, base)])
        return strip.adjust_cell_length(width, base)
