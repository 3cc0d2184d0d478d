"""What a terminal sends, told apart: keys, and texts that were pasted. Pure.

Textual's own parser takes an ESC inside a paste for the beginning of the mark that ends it: the rest of the paste would
be typed, as keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

START = "\x1b[200~"
END = "\x1b[201~"
HOLD = 0.02
"""Seconds for which the beginning of a mark is kept back: the rest of it comes with the next read, or it is a key."""
PATIENCE = 2.0
"""Seconds without anything after which a paste whose end is lost counts as ended: keys would be swallowed for ever."""

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z])?")
"""A control sequence (ECMA-48): what is pasted from a coloured screen is meant without its colours."""
_CONTROLS = {code: None for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\t\n\r"}


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text that was pasted, without control characters."""

    text: str


def plain_text(text: str) -> str:
    """Return a text without control sequences and control characters other than tabs and ends of lines."""
    return _SEQUENCE.sub("", text).translate(_CONTROLS)


class Pastes:
    """Takes pastes out of what a terminal sends."""

    def __init__(self) -> None:
        self._held = ""
        self._parts: list[str] | None = None
        """What was pasted so far; None outside of a paste."""

    @property
    def waits(self) -> float | None:
        """Seconds after which :meth:`give_up` is due when nothing comes; None when nothing is kept back."""
        if self._parts is not None:
            return PATIENCE
        return HOLD if self._held else None

    def feed(self, data: str) -> Iterator[str | Pasted]:
        """Yield keys as they were sent and each paste that ended."""
        text, self._held = self._held + data, ""
        while text:
            mark = START if self._parts is None else END
            before, found, text = text.partition(mark)
            if not found:
                kept = _beginning(before, mark)
                before, self._held = before[: len(before) - kept], before[len(before) - kept :]
            if self._parts is None:
                if before:
                    yield before
                self._parts = [] if found else None
                continue
            self._parts.append(before)
            if found:
                yield self._ended()

    def give_up(self) -> Iterator[str | Pasted]:
        """Yield what was kept back: nothing more came."""
        held, self._held = self._held, ""
        if self._parts is not None:
            self._parts.append(held)
            yield self._ended()
        elif held:
            yield held

    def _ended(self) -> Pasted:
        text = plain_text("".join(self._parts or ()))
        self._parts = None
        return Pasted(text)


def _beginning(text: str, mark: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a mark."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)
