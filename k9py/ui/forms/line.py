"""One line of text with a caret, without a widget: what is typed into a field."""

from __future__ import annotations

import unicodedata

from rich.cells import get_character_cell_size

from k9py.core.text import strip_escapes

PASTE_LIMIT = 1 << 20
"""Characters a value may have: a server keeps no object above 1.5 MB."""

CARET_MARGIN = 3
"""Cells kept in sight beyond the caret while a long value scrolls under it."""

LINE_END = "␊"
"""Shows an end of line within a value; one cell wide."""


class LineEdit:
    """A text and a caret."""

    def __init__(self, text: str = "", *, lines: bool = False, chosen: bool = False) -> None:
        """``lines`` keeps ends of lines that are pasted; else they become blanks. ``chosen`` lets what is typed first
        take the place of the text, as in a field one came to; a text of several lines is never replaced by a letter.
        """
        self.text = text
        self.caret = len(text)
        self.keeps_lines = lines
        self.is_chosen = chosen and bool(text) and "\n" not in text
        """True while the next letter replaces the whole text."""
        self._left = 0
        """First character in sight."""

    # changing

    def insert(self, text: str) -> int:
        """Insert a text made harmless; return how many characters of it were left out."""
        if self.is_chosen:
            self.text, self.caret, self.is_chosen = "", 0, False
        kept = cleaned(text, lines=self.keeps_lines)[: max(0, PASTE_LIMIT - len(self.text))]
        self.text = self.text[: self.caret] + kept + self.text[self.caret :]
        self.caret += len(kept)
        return len(text.replace("\r\n", "\n")) - len(kept)

    def erase(self, key: str) -> bool:
        """Erase as a key says; False when the key erases nothing."""
        start, end = self.caret, self.caret
        if self.is_chosen and key == "delete":
            start = 0
        match key:
            case "backspace" | "ctrl+h":
                start = self._before(self.caret)
            case "delete":
                end = self._after(self.caret)
            case "ctrl+w" | "ctrl+backspace" | "alt+backspace":
                start = self._word_before()
            case "ctrl+delete":
                end = self._word_after()
            case "ctrl+k":
                end = len(self.text)
            case _:
                return False
        self.text = self.text[:start] + self.text[end:]
        self.caret = start
        self.is_chosen = False
        return True

    # moving

    def move(self, key: str) -> bool:
        """Move the caret as a key says; False when the key moves nothing."""
        match key:
            case "left":
                self.caret = self._before(self.caret)
            case "right":
                self.caret = self._after(self.caret)
            case "home" | "ctrl+a":
                self.caret = 0
            case "end":
                self.caret = len(self.text)
            case "ctrl+left" | "alt+left":
                self.caret = self._word_before()
            case "ctrl+right" | "alt+right":
                self.caret = self._word_after()
            case _:
                return False
        self.is_chosen = False
        return True

    def _before(self, at: int) -> int:
        """Return where the character before a place begins, its combining marks included."""
        at = max(0, at - 1)
        while at and unicodedata.combining(self.text[at]):
            at -= 1
        return at

    def _after(self, at: int) -> int:
        at = min(len(self.text), at + 1)
        while at < len(self.text) and unicodedata.combining(self.text[at]):
            at += 1
        return at

    def _word_before(self) -> int:
        at = self.caret
        while at and not self.text[at - 1].isalnum():
            at -= 1
        while at and self.text[at - 1].isalnum():
            at -= 1
        return at

    def _word_after(self) -> int:
        at, end = self.caret, len(self.text)
        while at < end and not self.text[at].isalnum():
            at += 1
        while at < end and self.text[at].isalnum():
            at += 1
        return at

    # showing

    def window(self, width: int) -> tuple[str, str, str]:
        """Return what is shown before the caret, under it, and behind it, in ``width`` cells; scrolls as needed."""
        width = max(2, width)
        self._left = min(self._left, self.caret)
        # Only what can be in sight is measured: a value may be a megabyte long.
        while self._left < self.caret and _cells(self.text, self._left, self.caret) > width - 1:
            self._left = max(self._left + 1, self.caret - width)
        if self._left and self._left == self.caret:
            self._left = max(0, self.caret - CARET_MARGIN)
        before = _shown(self.text[self._left : self.caret])
        under = _shown(self.text[self.caret : self._after(self.caret)]) or " "
        room = width - _width(before) - _width(under)
        behind = _shown(self.text[self._after(self.caret) : self._after(self.caret) + max(0, room)])
        while behind and _width(behind) > room:
            behind = behind[:-1]
        return before, under, behind


def cleaned(text: str, *, lines: bool) -> str:
    """Return a text without what would do something instead of being something."""
    text = strip_escapes(text[: 2 * PASTE_LIMIT]).replace("\r\n", "\n").replace("\r", "\n")
    if text.isprintable():
        return text
    if not lines:
        text = " ".join(text.strip("\n").split("\n")) if "\n" in text else text
        text = text.replace("\t", " ")
    kept = "\n\t" if lines else ""
    return "".join(char for char in text if char in kept or _is_harmless(char))


def _is_harmless(char: str) -> bool:
    return unicodedata.category(char)[0] != "C" and unicodedata.category(char) not in ("Zl", "Zp")


def _shown(text: str) -> str:
    return text.replace("\n", LINE_END).replace("\t", " ")


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))


def _cells(text: str, start: int, end: int) -> int:
    """Return the cells of a stretch; one longer than any screen counts its characters."""
    return end - start if end - start > 1000 else _width(_shown(text[start:end]))
