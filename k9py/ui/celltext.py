"""Text as terminal cells: made harmless, measured, cut and padded.

Widths are Rich's, because the compositor cuts strips by them; a terminal may disagree on rare characters, so the output
stage addresses the cell after each of those anew.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

REPLACEMENT = "·"
"""Stands for a character that would do something instead of showing something."""

SQUEEZED_TAIL = 6
"""Cells kept of a name's end: the suffix Kubernetes makes up, and the dash before it."""

_DROPPED = frozenset("\u200d\ufe0e\ufe0f")
"""Joiner and variation selectors: terminals disagree on what they do to widths, and a text reads well without."""


@lru_cache(maxsize=16384)
def _clean(text: str) -> str:
    """Replace every character of a text that is not plain ASCII by what can be shown safely."""
    shown: list[str] = []
    for character in text:
        if " " <= character <= "~":
            shown.append(character)
            continue
        if character in _DROPPED:
            continue
        category = unicodedata.category(character)
        if character in "\t\n\r" or category == "Zs":
            shown.append(" ")
        elif category[0] == "C" or category in {"Zl", "Zp"}:
            shown.append(REPLACEMENT)
        elif get_character_cell_size(character) == 0:
            # A combining mark with nothing before it would attach itself to the neighbouring column.
            shown.append(character if shown and shown[-1] != " " else REPLACEMENT)
        else:
            shown.append(character)
    return "".join(shown)


def clean(text: str) -> str:
    """Return the text without anything a terminal would act on: controls, escapes, direction marks, joiners."""
    if text.isascii() and text.isprintable():
        return text
    return _clean(text)


def width(text: str) -> int:
    """Return how many cells a cleaned text takes."""
    if text.isascii():
        return len(text)
    return sum(map(get_character_cell_size, text))


def cut(text: str, cells: int, ellipsis: str = "…") -> str:
    """Return a cleaned text that takes at most so many cells, ending in the ellipsis when something is missing.

    The ellipsis is one cell wide, or empty to cut without a sign.
    """
    if text.isascii():
        if len(text) <= cells:
            return text
        return text[: cells - len(ellipsis)] + ellipsis if cells > 0 else ""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    taken = 0
    kept: list[str] = []
    for character in text:
        size = get_character_cell_size(character)
        if taken + size > cells - len(ellipsis):
            break
        kept.append(character)
        taken += size
    return "".join(kept) + ellipsis


def squeeze(text: str, cells: int, ellipsis: str = "…") -> str:
    """Return a cleaned name that takes at most so many cells with its middle cut out.

    What sets apart the pods of one workload stands at the end of their names.
    """
    if width(text) <= cells:
        return text
    tail = min(SQUEEZED_TAIL, cells // 3)
    if not text.isascii() or not tail:
        return cut(text, cells, ellipsis)
    return text[: cells - len(ellipsis) - tail] + ellipsis + text[-tail:]


def fit(text: str, cells: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Return a cleaned text that takes exactly so many cells: padded, or cut with an ellipsis."""
    if text.isascii() and len(text) <= cells:
        return text.rjust(cells) if right else text.ljust(cells)
    text = cut(text, cells, ellipsis)
    missing = cells - width(text)
    if missing <= 0:
        return text
    return " " * missing + text if right else text + " " * missing
