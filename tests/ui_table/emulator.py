"""A terminal to write to: pyte, with the two sequences it lacks and a picture that ignores what nobody can see."""

from __future__ import annotations

from typing import Any, ClassVar

import pyte

Look = tuple[str, str, str, bool, bool, bool, bool, bool]


class _Stream(pyte.Stream):  # type: ignore[misc]
    csi: ClassVar[dict[str, str]] = {**pyte.Stream.csi, "S": "scroll_up", "T": "scroll_down"}
    events = frozenset([*pyte.Stream.events, "scroll_up", "scroll_down"])


class _Screen(pyte.Screen):  # type: ignore[misc]
    def scroll_up(self, count: int = 1, **_: Any) -> None:
        """Move the lines between the margins up."""
        self._shift(count or 1, "\x1bD", self._margins()[1])

    def scroll_down(self, count: int = 1, **_: Any) -> None:
        """Move the lines between the margins down."""
        self._shift(count or 1, "\x1bM", self._margins()[0])

    def _margins(self) -> tuple[int, int]:
        margins = self.margins
        return (margins.top, margins.bottom) if margins else (0, self.lines - 1)

    def _shift(self, count: int, sequence: str, line: int) -> None:
        self.save_cursor()
        self.cursor.y = line
        for _ in range(count):
            self.index() if sequence == "\x1bD" else self.reverse_index()
        self.restore_cursor()


class Emulator:
    """What a terminal shows after everything that was sent to it."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = _Screen(width, height)
        self._screen.set_mode(pyte.modes.LNM)
        self._screen.reset_mode(pyte.modes.DECAWM)
        self._stream = _Stream(self._screen)
        self.received = 0
        self.size = (width, height)

    def feed(self, text: str) -> None:
        """Take what was written."""
        self.received += len(text.encode())
        self._stream.feed(text)

    @property
    def cursor(self) -> tuple[int, int]:
        """Line and column, from 0."""
        return self._screen.cursor.y, self._screen.cursor.x

    def lines(self) -> list[str]:
        """The texts."""
        return list(self._screen.display)

    def picture(self) -> list[list[Look]]:
        """Every cell as it looks: colour and weight of a blank's ink are nothing."""
        screen = self._screen
        return [[_look(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _look(cell: Any) -> Look:
    blank = not cell.data.strip()
    shows = cell.underscore or cell.strikethrough or cell.reverse
    return (
        cell.data,
        "default" if blank and not shows else cell.fg,
        cell.bg,
        cell.bold and not blank,
        cell.italics and not blank,
        cell.underscore,
        cell.strikethrough,
        cell.reverse,
    )
