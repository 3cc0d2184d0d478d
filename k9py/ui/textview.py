"""Read-only text of any length: describe, YAML, events and logs, one line at a time.

The widget keeps its own scroll offset and renders the visible lines only; what does not change is not repainted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from k9py.core.errors import FilterError
from k9py.resources.model import Tone
from k9py.ui.look import Look

Span = tuple[str, Tone]
Line = tuple[Span, ...]

Piece = tuple[int, int, int]
"""Number of a line since the beginning, its first cell on this rendered line, and the cell behind the last."""

RAGGED = 0.4
"""Share of the width a broken line may leave empty, so that words stay whole."""

DEEPEST = 0.4
"""Share of the width the later pieces of a line may stand in at most: what is left has to hold words."""

HANG = 2
"""Cells the later pieces of a line without columns stand further in than its beginning."""

COLUMN_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
"""What separates a label from its value, and one column of a table from the next."""

CACHED_STRIPS = 400
"""Rendered lines kept; several screens, so paging back costs nothing."""

SCROLL_COLUMNS = 8
"""Cells one horizontal step moves; long lines are crossed in a few keys."""


def plain(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """Return a line of one tone."""
    return ((text, tone),)


def line_text(line: Line) -> str:
    """Return the characters of a line without their tones."""
    return "".join(text for text, _ in line)


def hanging(line: Line, width: int) -> int:
    """Return where the later pieces of a broken line begin: below its last column, else a little behind its first."""
    text = line_text(line)
    columns = [gap.end() for gap in COLUMN_GAP.finditer(text) if gap.end() <= width * DEEPEST]
    first = len(text) - len(text.lstrip(" "))
    return columns[-1] if columns else min(first + HANG, int(width * DEEPEST))


def fold(number: int, line: Line, width: int, hang: int = 0) -> list[Piece]:
    """Break a line into pieces of at most ``width`` cells, behind a blank where there is one not too far back.

    The later ones leave room for the ``hang`` blanks they are shown behind.
    """
    text = line_text(line)
    cells = cell_len(text)
    if cells <= width:
        return [(number, 0, width)]
    if cells != len(text):
        # Wide characters: cells are no places in the text, and such scripts break anywhere.
        later = range(width, cells, width - hang)
        return [(number, 0, width), *((number, start, start + width - hang) for start in later)]
    pieces: list[Piece] = []
    start, room = 0, width
    while len(text) - start > room:
        blank = text.rfind(" ", start + room - int(room * RAGGED), start + room + 1)
        end = blank + 1 if blank >= 0 else start + room
        pieces.append((number, start, min(end, start + room)))
        start, room = end, width - hang
    return [*pieces, (number, start, start + room)]


def compile_search(pattern: str) -> re.Pattern[str] | None:
    """Return what to look for: a regular expression, ignoring case unless a capital is typed; None for nothing.

    Raises FilterError when it is not a regular expression.
    """
    if not pattern:
        return None
    flags = 0 if any(char.isupper() for char in pattern) else re.IGNORECASE
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise FilterError(f"not a regular expression: {error}", remedy="Put a backslash before ( [ * + ? .") from None


class TextView(Widget, can_focus=True):
    """Lines with scrolling, wrapping, search and a tail to follow."""

    DEFAULT_CSS = """
    TextView { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The visible part changed: the title line shows where we are."""

        view: TextView

        @property
        def control(self) -> TextView:
            """The view that moved."""
            return self.view

    def __init__(
        self, look: Look, *, limit: int | None = None, follow: bool = False, hangs: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._hangs = hangs
        """True when the later pieces of a broken line stand below what they belong to."""
        self._look = look
        self._lines: list[Line] = []
        self._limit = limit
        self.dropped = 0
        """Lines forgotten at the top because of the limit."""
        self.follow = follow
        self.wrap = False
        self._top = 0
        """Index into the rendered lines: source lines, or wrapped pieces."""
        self._left = 0
        self._pattern: re.Pattern[str] | None = None
        self._matches: list[int] = []
        self._match = -1
        self._pieces: list[Piece] | None = None
        """While wrapping: every piece of every line; None when they have to be found anew."""
        self._folded_at = 0
        """Width the pieces are made for."""
        self._strips: dict[tuple[int, int], Strip] = {}
        """Rendered lines by their number since the beginning, dropped ones counted, and their first cell."""

    # ------------------------------------------------------------------ content

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown, oldest first."""
        return self._lines

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(line_text(line) for line in self._lines)

    def set_lines(self, lines: Iterable[Line], *, keep_place: bool = True) -> None:
        """Replace everything; nothing is repainted when the lines are the same."""
        fresh = list(lines)[-self._limit :] if self._limit else list(lines)
        if fresh == self._lines:
            return
        self._lines = fresh
        self.dropped = 0
        if not keep_place:
            self._top = self._left = 0
        self._changed_everything()

    def append(self, lines: Sequence[Line]) -> None:
        """Add lines at the end, forgetting the oldest above the limit; repaints only when they are visible."""
        if not lines:
            return
        was_at = len(self._lines)
        self._lines += lines
        overflow = max(0, len(self._lines) - self._limit) if self._limit else 0
        if self._pieces is not None:
            first = self.dropped + was_at
            self._pieces += self._fold(lines, first, self._folded_at)
        if overflow:
            del self._lines[:overflow]
            self.dropped += overflow
            self._top = max(0, self._top - self._forget_pieces(overflow))
        self._find_from(max(0, was_at - overflow), overflow)
        height = self.size.height
        if self.follow:
            self._top = self._last_top()
            self.refresh()
        elif overflow or was_at < self._top + height:
            self.refresh()
        self.post_message(self.Moved(self))

    def _forget_pieces(self, lines: int) -> int:
        """Let go of the pieces of the lines dropped at the top; returns how many rendered lines that were."""
        pieces = self._pieces
        if not self.wrap or pieces is None:
            return lines
        gone = next((at for at, piece in enumerate(pieces) if piece[0] >= self.dropped), len(pieces))
        del pieces[:gone]
        return gone

    def set_wrap(self, wrap: bool) -> None:
        """Fold long lines at the right edge, or cut them and scroll sideways."""
        if wrap == self.wrap:
            return
        source = self._source_at(self._top)
        self.wrap = wrap
        self._left = 0
        self._strips.clear()
        self._pieces = None
        self._top = self._index_of(source)
        self._clamp()
        self.refresh()

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self._strips.clear()
        self.refresh()

    def _changed_everything(self) -> None:
        self._strips.clear()
        self._pieces = None
        self._find_all()
        if self.follow:
            self._top = self._last_top()
        self._clamp()
        self.refresh()
        self.post_message(self.Moved(self))

    # ------------------------------------------------------------------ search

    def search(self, pattern: str) -> int:
        """Mark what matches, move to the first match from here on, and return how many lines match."""
        self._pattern = compile_search(pattern)
        self._strips.clear()
        self._find_all()
        if self._matches:
            here = self._source_at(self._top)
            self._match = next((i for i, line in enumerate(self._matches) if line >= here), 0)
            self._show_match()
        self.refresh()
        self.post_message(self.Moved(self))
        return len(self._matches)

    def next_match(self, step: int = 1) -> bool:
        """Move to the next (or, with -1, the previous) match around the end; False when nothing matches."""
        if not self._matches:
            return False
        self._match = (self._match + step) % len(self._matches)
        self._show_match()
        self.refresh()
        self.post_message(self.Moved(self))
        return True

    @property
    def match_place(self) -> tuple[int, int]:
        """Which match we are at, counted from 1, and how many lines match."""
        return (self._match + 1, len(self._matches)) if self._matches else (0, 0)

    def _find_all(self) -> None:
        self._matches = []
        self._find_from(0, 0)

    def _find_from(self, first: int, overflow: int) -> None:
        """Search the lines from ``first`` on; older matches moved up by the lines dropped at the top."""
        if self._pattern is None:
            self._matches, self._match = [], -1
            return
        search = self._pattern.search
        if overflow:
            kept = [line - overflow for line in self._matches if line >= overflow]
            self._match -= len(self._matches) - len(kept)
            self._matches = kept
        self._matches += [number for number in range(first, len(self._lines)) if search(line_text(self._lines[number]))]
        self._match = min(max(-1, self._match), len(self._matches) - 1)

    def _show_match(self) -> None:
        self.follow = False
        index = self._index_of(self._matches[self._match])
        height = self.size.height
        if not self._top <= index < self._top + height:
            self._top = index - height // 3
            self._clamp()

    # ------------------------------------------------------------------ scrolling

    @property
    def place(self) -> tuple[int, int, int]:
        """First and last visible rendered line counted from 1, and how many there are."""
        count = self._count()
        return (min(self._top + 1, count), min(self._top + self.size.height, count), count)

    def move(self, lines: int) -> None:
        """Scroll down (negative: up); leaving the end stops following it, reaching it again does not start."""
        old = self._top
        self._top += lines
        self._clamp()
        if self._top != old:
            if lines < 0:
                self.follow = False
            self.refresh()
            self.post_message(self.Moved(self))

    def page(self, pages: int) -> None:
        """Scroll by whole screens, keeping one line in sight."""
        self.move(pages * max(1, self.size.height - 1))

    def home(self) -> None:
        """Go to the first line."""
        self._left = 0
        self.follow = False
        self.move(-self._count() or -1)
        self.refresh()

    def end(self) -> None:
        """Go to the last line."""
        self.move(self._count())

    def move_sideways(self, steps: int) -> None:
        """Scroll right (negative: left); does nothing while wrapping."""
        if self.wrap:
            return
        left = max(0, self._left + steps * SCROLL_COLUMNS)
        if left != self._left:
            self._left = left
            self._strips.clear()
            self.refresh()

    def set_follow(self, follow: bool) -> None:
        """Stay at the end as lines come, or stay where we are."""
        self.follow = follow
        if follow:
            self._top = self._last_top()
            self.refresh()
        self.post_message(self.Moved(self))

    def handlers(self, name: str) -> dict[str, Callable[[], None]]:
        """Return what carries out the moves of a text in the registry, whose ids begin with ``name``."""
        moves: dict[str, Callable[[], None]] = {
            "up": lambda: self.move(-1),
            "down": lambda: self.move(1),
            "page-up": lambda: self.page(-1),
            "page-down": lambda: self.page(1),
            "first": self.home,
            "last": self.end,
            "left": lambda: self.move_sideways(-1),
            "right": lambda: self.move_sideways(1),
        }
        return {f"{name}.{move}": act for move, act in moves.items()}

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll three lines, as terminals do."""
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll three lines back."""
        event.stop()
        self.move(-3)

    def on_click(self, event: Click) -> None:
        """A click only moves the focus here."""
        event.stop()
        self.focus()

    def on_resize(self, event: Resize) -> None:
        """Fold again at the new width."""
        self._strips.clear()
        self._pieces = None
        if self.follow:
            self._top = self._last_top()
        self._clamp()

    def _count(self) -> int:
        return len(self._wrapped()) if self.wrap else len(self._lines)

    def _last_top(self) -> int:
        return max(0, self._count() - self.size.height)

    def _clamp(self) -> None:
        self._top = min(max(0, self._top), self._last_top())

    def _source_at(self, index: int) -> int:
        if not self.wrap:
            return index
        pieces = self._wrapped()
        return pieces[min(index, len(pieces) - 1)][0] - self.dropped if pieces else 0

    def _index_of(self, source: int) -> int:
        if not self.wrap:
            return source
        number = source + self.dropped
        return next((i for i, piece in enumerate(self._wrapped()) if piece[0] >= number), 0)

    # ------------------------------------------------------------------ rendering

    @property
    def _width(self) -> int:
        return max(1, self.size.width)

    def _wrapped(self) -> list[Piece]:
        width = self._width
        if self._pieces is None or self._folded_at != width:
            self._folded_at = width
            self._strips.clear()
            self._pieces = self._fold(self._lines, self.dropped, width)
        return self._pieces

    def _fold(self, lines: Sequence[Line], first: int, width: int) -> list[Piece]:
        return [
            piece for at, line in enumerate(lines, first) for piece in fold(at, line, width, self._hang(line, width))
        ]

    def _hang(self, line: Line, width: int) -> int:
        return hanging(line, width) if self._hangs else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Fill what the container gives."""
        return container.width

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        index = self._top + y
        width = self.size.width
        if index >= self._count():
            return Strip.blank(width, self._look.base)
        if self.wrap:
            number, start, end = self._wrapped()[index]
        else:
            number, start, end = index + self.dropped, self._left, self._left + width
        strip = self._strips.get((number, start))
        if strip is None:
            line = self._lines[number - self.dropped]
            strip = self._strip_of(line).crop(start, end)
            if self.wrap and start:
                strip = Strip.join([Strip.blank(self._hang(line, width), self._look.base), strip])
            strip = strip.adjust_cell_length(width, self._look.base)
            if len(self._strips) >= CACHED_STRIPS:
                for key in list(islice(self._strips, CACHED_STRIPS // 2)):
                    del self._strips[key]
            self._strips[number, start] = strip
        return strip

    def _strip_of(self, line: Line) -> Strip:
        own = self._look.glyphs.own
        segments = [Segment(own(text), self._look.style(tone)) for text, tone in line]
        if self._pattern is None:
            return Strip(segments)
        cuts: list[tuple[int, int]] = [
            (m.start(), m.end()) for m in self._pattern.finditer(line_text(line)) if m.end() > m.start()
        ]
        return Strip(list(_highlight(tuple((own(text), tone) for text, tone in line), cuts, self._look)))

    def refresh_rows(self, first: int, count: int) -> None:
        """Repaint some visible lines."""
        self.refresh(Region(0, first, self.size.width, count))


def _highlight(line: Line, cuts: Sequence[tuple[int, int]], look: Look) -> Iterable[Segment]:
    """Yield the segments of a line with the character ranges in ``cuts`` marked as matches."""
    at = 0
    for text, tone in line:
        style = look.style(tone)
        begin = at
        end = at + len(text)
        place = begin
        for start, stop in cuts:
            low, high = max(start, place), min(stop, end)
            if low >= high:
                continue
            if low > place:
                yield Segment(text[place - begin : low - begin], style)
            yield Segment(text[low - begin : high - begin], look.match)
            place = high
        if place < end:
            yield Segment(text[place - begin :], style)
        at = end
