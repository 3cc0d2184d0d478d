"""Fuzzy matching: the letters of a pattern in order, scored by how much they look like what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

START_BONUS = 12
"""A match at the very start of the text."""

WORD_BONUS = 8
"""A match at the start of a word: after a separator or at a capital."""

RUN_BONUS = 5
"""A match right after the one before it."""

SKIP_COST = 1
"""Each character left out between two matches, up to :data:`SKIP_LIMIT`."""

SKIP_LIMIT = 6

SEPARATORS = frozenset("-_./: ,@=")


class Match(NamedTuple):
    """A text that contains the pattern's letters in order; a higher score is a better match."""

    score: int
    positions: tuple[int, ...]
    """Where the letters are, for highlighting."""


def matches(pattern: str, text: str) -> bool:
    """Return whether the letters of ``pattern`` come in ``text`` in order, in either case; spaces are ignored."""
    position = 0
    lowered = text.lower()
    for letter in pattern.lower():
        if letter == " ":
            continue
        position = lowered.find(letter, position) + 1
        if not position:
            return False
    return True


def match(pattern: str, text: str) -> Match | None:
    """Return how well ``text`` matches, None when it does not.

    A text that contains the pattern as it is beats one that only has its letters; the best of several places is taken.
    """
    letters = pattern.lower().replace(" ", "")
    if not letters:
        return Match(0, ())
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text
    best: Match | None = None
    start = lowered.find(letters)
    while start >= 0:
        found = _scored(text, tuple(range(start, start + len(letters))))
        if best is None or found.score > best.score:
            best = found
        start = lowered.find(letters, start + 1)
    if best is not None:
        return best
    positions = _at_words(letters, text, lowered) or _leftmost(letters, lowered)
    return _scored(text, positions) if positions is not None else None


def rank(pattern: str, texts: Iterable[str], *, limit: int = 0) -> list[str]:
    """Return the matching texts, best first, shorter ones first among equals; ``limit`` 0 means all."""
    scored = [
        (-found.score, len(text), text)
        for text in texts
        if matches(pattern, text) and (found := match(pattern, text)) is not None
    ]
    scored.sort()
    return [text for _, _, text in (scored[:limit] if limit else scored)]


def _starts_word(text: str, position: int) -> bool:
    if position == 0:
        return True
    before = text[position - 1]
    return before in SEPARATORS or (text[position].isupper() and before.islower())


def _leftmost(letters: str, lowered: str) -> tuple[int, ...] | None:
    positions = []
    position = -1
    for letter in letters:
        position = lowered.find(letter, position + 1)
        if position < 0:
            return None
        positions.append(position)
    return tuple(positions)


def _at_words(letters: str, text: str, lowered: str) -> tuple[int, ...] | None:
    """Return positions that prefer the starts of words, so that ``cm`` finds the capitals of ConfigMap."""
    positions: list[int] = []
    position = -1
    for letter in letters:
        candidate = lowered.find(letter, position + 1)
        if candidate < 0:
            return None
        if candidate != position + 1 or position < 0:
            word = candidate
            while word >= 0 and not _starts_word(text, word):
                word = lowered.find(letter, word + 1)
            candidate = word if word >= 0 else candidate
        positions.append(candidate)
        position = candidate
    return tuple(positions)


def _scored(text: str, positions: tuple[int, ...]) -> Match:
    score = 0
    before = -1
    for position in positions:
        if position == 0:
            score += START_BONUS
        elif _starts_word(text, position):
            score += WORD_BONUS
        if before >= 0:
            gap = position - before - 1
            score += RUN_BONUS if gap == 0 else -SKIP_COST * min(gap, SKIP_LIMIT)
        before = position
    return Match(score, positions)
