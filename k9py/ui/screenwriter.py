"""What must be sent to a terminal so that it shows a screen, given what it shows already.

Only cells that differ are written; moves and colours are sent as differences too. Where the terminal is known to do it
well, lines that moved are moved by the terminal (DECSTBM with SU or SD).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from k9py.ui.cells import Line, Pen, Pens, safe, sgr

BRIDGE = 4
"""A gap of so many unchanged cells is cheaper to write again than to jump over (a jump takes 4 bytes or more)."""
SCROLL_GAIN = 2
"""Lines a scroll must save: below that, setting the margins costs as much as it saves."""


class ScreenWriter:
    """Holds what the terminal shows and says how to make it show something else."""

    def __init__(self, pens: Pens, *, scrolls: bool) -> None:
        self.pens = pens
        self._scrolls = scrolls
        self._front: list[Line | None] = []
        """What the terminal shows; None where that is unknown."""
        self._width = 0
        self._out: list[str] = []
        self._pen = pens.default
        self._at: tuple[int, int] | None = None
        """Line and column of the terminal's cursor; None when unknown."""

    def forget(self) -> None:
        """Assume nothing about the terminal: the next frame is written whole."""
        self._front = [None] * len(self._front)
        self._at = None

    def frame(self, lines: Sequence[Line], cursor: tuple[int, int]) -> str:
        """Return what to send so that the terminal shows these lines with its cursor at (line, column)."""
        width = len(lines[0].chars) if lines else 0
        if len(lines) != len(self._front) or width != self._width:
            self._front = [None] * len(lines)
            self._width = width
            self._at = None
        out = self._out = []
        front = self._front
        changed = [y for y, line in enumerate(lines) if line is not front[y]]
        if self._scrolls and len(changed) > SCROLL_GAIN and self._scroll(lines, changed):
            changed = [y for y, line in enumerate(lines) if line is not front[y]]
        for y in changed:
            self._write_line(y, lines[y])
        # A scroll fills with the present background, and whoever writes next expects none of our colours.
        self._take_pen(self.pens.default)
        if self._at != cursor:
            self._go(*cursor)
        return "".join(out)

    # -- lines that moved ----------------------------------------------------------------------------------------

    def _scroll(self, lines: Sequence[Line], changed: Sequence[int]) -> bool:
        """Let the terminal move lines where that saves writing them; returns whether it did."""
        move = self._find_move(lines, changed)
        if move is None:
            return False
        top, bottom, distance = move
        letter = "S" if distance > 0 else "T"
        self._out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{abs(distance)}{letter}\x1b[r")
        self._at = (0, 0)
        moved = self._front[top : bottom + 1]
        fresh: list[Line | None] = [Line.blank(self._width, self.pens.default)] * abs(distance)
        self._front[top : bottom + 1] = moved[distance:] + fresh if distance > 0 else fresh + moved[:distance]
        return True

    def _find_move(self, lines: Sequence[Line], changed: Sequence[int]) -> tuple[int, int, int] | None:
        """Return first line, last line and distance (up is positive) of the best move, if it saves enough."""
        where: dict[str, int] = {}
        for y, line in enumerate(self._front):
            if line is not None and not line.text.isspace():
                # Of equal lines the first stands; moving blank lines saves nothing.
                where.setdefault(line.text, y)
        sources = [where.get(lines[y].text, y) for y in changed]
        votes = Counter(source - y for source, y in zip(sources, changed, strict=True) if source != y)
        if not votes:
            return None
        distance, _ = votes.most_common(1)[0]
        matching = [y for source, y in zip(sources, changed, strict=True) if source == y + distance]
        top = min(matching[0], matching[0] + distance)
        bottom = max(matching[-1], matching[-1] + distance)
        # Lines inside the region that were right already are spoiled by the move.
        spoiled = sum(
            self._shows(y, lines[y]) and not (top <= y + distance <= bottom and self._shows(y + distance, lines[y]))
            for y in range(top, bottom + 1)
        )
        return (top, bottom, distance) if len(matching) - spoiled >= SCROLL_GAIN else None

    def _shows(self, y: int, line: Line) -> bool:
        shown = self._front[y]
        return shown is not None and shown.same(line)

    # -- cells that differ ---------------------------------------------------------------------------------------

    def _write_line(self, y: int, line: Line) -> None:
        old = self._front[y]
        self._front[y] = line
        chars, pens = line.chars, line.pens
        if old is not None and old.same(line):
            return
        if old is None:
            differing: Sequence[int] = range(len(chars))
        else:
            differing = [
                x
                for x, (a, b, p, q) in enumerate(zip(old.chars, chars, old.pens, pens, strict=True))
                if a != b or p is not q
            ]
        index, count = 0, len(differing)
        while index < count:
            start = differing[index]
            end = start + 1
            index += 1
            while index < count:
                following = differing[index]
                if following != end and not self._bridged(line, end, following):
                    break
                end = following + 1
                index += 1
            # Half a wide character cannot be written alone.
            while start and not chars[start]:
                start -= 1
            while end < len(chars) and not chars[end]:
                end += 1
            if line.odd:
                self._write_doubtful(y, line, start, end)
            else:
                self._write_cells(y, line, start, end)

    @staticmethod
    def _bridged(line: Line, end: int, following: int) -> bool:
        pens = line.pens
        return following - end <= BRIDGE and all(pens[x] is pens[end - 1] for x in range(end, following))

    def _write_cells(self, y: int, line: Line, start: int, end: int) -> None:
        """Write cells one after the other, changing the pen where needed."""
        chars, pens, out = line.chars, line.pens, self._out
        self._go(y, start)
        x = start
        while x < end:
            pen = pens[x]
            stop = x + 1
            while stop < end and pens[stop] is pen:
                stop += 1
            text = "".join(chars[x:stop])
            if pen is not self._pen and not (pen.blank is self._pen.blank and text.isspace()):
                self._take_pen(pen)
            out.append(text)
            x = stop
        self._at = (y, end)

    def _write_doubtful(self, y: int, line: Line, start: int, end: int) -> None:
        """Write cells, saying anew where to go on after each character terminals disagree on."""
        chars = line.chars
        x = start
        while x < end:
            stop = x
            while stop < end and (not chars[stop] or safe(chars[stop])):
                stop += 1
            doubtful = stop < end
            if doubtful:
                stop += 1
                while stop < end and not chars[stop]:
                    stop += 1
            self._write_cells(y, line, x, stop)
            if doubtful:
                self._at = None
            x = stop

    def _take_pen(self, pen: Pen) -> None:
        old = self._pen
        if pen is old:
            return
        self._out.append(sgr(old, pen))
        if pen.link != old.link:
            self._out.append(pen.link or "\x1b]8;;\x1b\\")
        self._pen = pen

    def _go(self, y: int, x: int) -> None:
        """Move the terminal's cursor by the shortest way."""
        at = self._at
        if at == (y, x):
            return
        if at is not None and at[0] == y and at[1] < x:
            distance = x - at[1]
            self._out.append("\x1b[C" if distance == 1 else f"\x1b[{distance}C")
        elif x == 0 and at is not None and at[0] == y:
            self._out.append("\r")
        elif x == 0 and at is not None and at[0] == y - 1:
            self._out.append("\r\n")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H")
        self._at = (y, x)
