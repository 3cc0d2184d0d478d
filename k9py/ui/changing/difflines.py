"""A difference as lines of text: side by side where there is room, else one below the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len

from k9py.core.diffs import Diff, Pair
from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.glyphs import Glyphs
from k9py.ui.textview import Line, fold

SIDES_FROM = 110
"""Cells from which both sides fit beside each other with lines that are still readable."""

_KEY = re.compile(r"^ *(- )*([^\s:#'\"-][^:]*):")
_SIGN = 2
"""Cells of the sign in front of a line."""


def diff_lines(diff: Diff, glyphs: Glyphs, *, width: int, sides: bool, whole: bool = False) -> list[Line]:
    """Return the lines of a difference for a text ``width`` cells wide; ``whole`` shows what stays the same too.

    Of an object that is made or deleted there is one side only, whatever is asked for.
    """
    pairs: Sequence[Pair | None] = diff.side_by_side(context=None) if whole else diff.side_by_side()
    if not any(pair is not None and pair.sign != " " for pair in pairs):
        return []
    if sides and diff.before is not None and diff.after is not None:
        return list(_beside(diff, pairs, glyphs, width))
    return list(_below(diff, pairs, glyphs))


def counts_text(diff: Diff) -> str:
    """Return how many lines came and went: ``+3 -1``."""
    added, removed = diff.counts
    return " ".join(text for text, count in ((f"+{added}", added), (f"-{removed}", removed)) if count)


def yaml_path(lines: Sequence[str], number: int) -> str:
    """Return where in its document a line stands: the keys above it, ``spec.template.spec.containers[main]``."""
    steps: list[str] = []
    limit = _depth(lines[number]) + (2 if _is_item(lines[number]) else 0)
    for at in range(number, -1, -1):
        line = lines[at]
        depth = _depth(line)
        if _is_item(line) and depth + 1 < limit:
            # A list stands as deep as its key: its items are half a step deeper.
            steps.append(f"[{_item_name(lines, at)}]")
            limit = depth + 1
        elif at < number and depth < limit and not _is_item(line):
            match = _KEY.match(line)
            if match is not None:
                steps.append(f".{match[2]}")
                limit = depth
    return "".join(reversed(steps)).lstrip(".")


def _item_name(lines: Sequence[str], at: int) -> str:
    depth = _depth(lines[at]) + 2
    for number, line in enumerate(lines[at:]):
        if number and _depth(line) < depth:
            break
        match = _KEY.match(line)
        if match is not None and match[2] == "name" and _depth(line) + (0 if number else 2) == depth:
            return line.partition(":")[2].strip()
    return ""


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _gap(diff: Diff, pairs: Sequence[Pair | None], at: int, glyphs: Glyphs) -> Line:
    """Return the line that stands for what is left out, with the path of the next change."""
    following = next((p for p in pairs[at + 1 :] if p is not None and p.sign != " "), None)
    if following is None:
        return ((f"  {glyphs.ellipsis}", Tone.DIM),)
    left, right = diff.texts
    lines, number = (right, following.right_number) if following.right_number else (left, following.left_number)
    path = yaml_path(lines, number - 1)
    return ((f"  {glyphs.ellipsis} {safe_line(path)}".rstrip(), Tone.ACCENT),)


def _below(diff: Diff, pairs: Sequence[Pair | None], glyphs: Glyphs) -> Iterator[Line]:
    removed: list[Line] = []
    added: list[Line] = []

    def flushed() -> Iterator[Line]:
        yield from removed
        yield from added
        removed.clear()
        added.clear()

    for at, pair in enumerate(pairs):
        if pair is None:
            yield from flushed()
            yield _gap(diff, pairs, at, glyphs)
            continue
        if pair.sign == " ":
            yield from flushed()
            yield ((f"  {safe_line(pair.left)}", Tone.DIM),)
            continue
        if pair.sign in "-~":
            removed.append(((f"- {safe_line(pair.left)}", Tone.BAD),))
        if pair.sign in "+~":
            added.append(((f"+ {safe_line(pair.right)}", Tone.OK),))
    yield from flushed()


def _beside(diff: Diff, pairs: Sequence[Pair | None], glyphs: Glyphs, width: int) -> Iterator[Line]:
    half = max(20, (width - 3) // 2)
    wall = (f" {glyphs.wall} ", Tone.DIM)
    for at, pair in enumerate(pairs):
        if pair is None:
            yield _gap(diff, pairs, at, glyphs)
            continue
        went, came = pair.sign in "-~", pair.sign in "+~"
        left = _pieces(pair.left, half - _SIGN)
        right = _pieces(pair.right, half - _SIGN)
        for row, (one, other) in enumerate(zip_longest(left, right, fillvalue="")):
            signs = ("- " if went and not row else "  ", "+ " if came and not row else "  ")
            yield (
                (f"{signs[0]}{one}{' ' * (half - _SIGN - cell_len(one))}", Tone.BAD if went else Tone.DIM),
                wall,
                (f"{signs[1]}{other}", Tone.OK if came else Tone.DIM),
            )


def _pieces(text: str, width: int) -> list[str]:
    """Return a line in pieces that fit; indented lines stay readable because only the text is broken."""
    safe = safe_line(text)
    if cell_len(safe) <= width:
        return [safe]
    if not safe.isascii():
        return [safe[start : start + width // 2] for start in range(0, len(safe), max(1, width // 2))]
    return [safe[start:end].rstrip() for _, start, end in fold(0, ((safe, Tone.PLAIN),), width)]
