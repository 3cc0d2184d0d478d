"""Text that comes from a cluster, made safe for a terminal, and its width there."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*[0-~]?)"  # CSI; strings; others
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

TAB_WIDTH = 4
"""Spaces a tab becomes: an indent people recognise, without the terminal's own tab stops."""


def strip_escapes(text: str) -> str:
    """Return the text without terminal escape sequences."""
    return _ESCAPE.sub("", text) if "\x1b" in text or "\x9b" in text else text


def safe_line(text: str) -> str:
    """Return the text as one line a terminal shows and never obeys.

    Escape sequences go, line ends and other control characters become visible pictures (``␛``, ``␊``), and so do the
    characters that turn the direction of writing, which can make a name look like another one.
    """
    if text.isascii() and text.isprintable():
        return text
    text = strip_escapes(text).replace("\t", " " * TAB_WIDTH)
    return _UNSAFE.sub(_picture, text)


def safe_lines(text: str) -> list[str]:
    """Return the lines of a text, each made safe; the line ends themselves (``\\n``, ``\\r\\n``) are kept as such."""
    return [safe_line(line.removesuffix("\r")) for line in text.split("\n")]


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


@lru_cache(maxsize=65_536)
def cell_width(text: str) -> int:
    """Return how many terminal cells a safe line takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def shorten(text: str, width: int, *, mark: str = "…") -> str:
    """Return the text cut to ``width`` cells; a cut text ends in ``mark``."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(mark)
    taken, used = [], 0
    for char in text:
        used += _char_width(char)
        if used > room:
            break
        taken.append(char)
    return "".join(taken) + mark if room >= 0 else ""
