"""Where a line of YAML stands in its document, told by its indent: works while the text is half typed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from k9py.core import yamldoc
from k9py.core.errors import YamlError

Path = tuple[str | int, ...]
"""Keys and list positions from the root of a document."""

_DASH = re.compile(r"(\s*)-(\s+|$)")
_KEY = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#'"{\[&*!|>%@`-][^#]*?|-[^\s#][^#]*?))\s*:(?=\s|$)"""
)
_MARKER = re.compile(r"---(\s|$)")

IsText = Callable[[int], bool]
"""Says whether a line is the text of a block scalar, in which colons and dashes mean nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key, or the dash of a list item (an empty key), on a line."""

    column: int
    key: str
    is_item: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document and where it stands, from 0."""

    path: Path
    line: int
    column: int


def entries(line: str) -> list[Entry]:
    """Return the dashes of a line and the key behind them."""
    found: list[Entry] = []
    at = 0
    while match := _DASH.match(line, at):
        found.append(Entry(match.end(1), "", is_item=True))
        at = match.end()
    key = _KEY.match(line, at)
    if key is not None:
        name = key[1] if key[1] is not None else key[2] if key[2] is not None else key[3]
        column = len(line) - len(line[at:].lstrip())
        found.append(Entry(column, name, is_item=False))
    return found


def document_starts(lines: Sequence[str]) -> list[int]:
    """Return the first line of every document: 0, and the lines behind the markers."""
    starts = [number + 1 for number, line in enumerate(lines) if line.startswith("---") and _MARKER.match(line)]
    if starts and not any(line.strip() and not line.lstrip().startswith("#") for line in lines[: starts[0] - 1]):
        return starts
    return [0, *starts]


def document_at(lines: Sequence[str], line: int) -> tuple[int, int]:
    """Return the first line of the document a line is in, and the one behind its last."""
    first = line
    while first > 0 and not _MARKER.match(lines[first - 1]):
        first -= 1
    if _MARKER.match(lines[line]):
        first = line + 1
    end = max(first, line)
    while end < len(lines) and not _MARKER.match(lines[end]):
        end += 1
    return first, end


def path_at(lines: Sequence[str], line: int, column: int, is_text: IsText) -> Path:
    """Return the path of the field a place is in: on its key, its value, or the lines of its block text."""
    own = line
    while own > 0 and is_text(own):
        own -= 1
    here = entries(lines[own])
    if own == line:
        inside = [entry for entry in here if entry.column <= column] or here[:1]
        # Behind the dash and blank of an item the item itself is meant.
        here = inside
    # What is no key yet stands where it begins; an empty line where the caret is.
    begins = len(lines[own]) - len(lines[own].lstrip(" ")) if lines[own].strip() else column
    limit = here[0].column if here else begins
    steps: list[str | int] = [0 if entry.is_item else entry.key for entry in here]
    counting = bool(here) and here[0].is_item
    return _above(lines, own, limit, steps, is_text, counting=counting)


def parent_of(lines: Sequence[str], line: int, column: int, is_text: IsText) -> Path:
    """Return the path of the map or list into which something typed at a column of a line would go."""
    here = [entry for entry in entries(lines[line]) if entry.is_item and entry.column < column]
    limit = here[0].column if here else column
    steps: list[str | int] = [0] * len(here)
    return _above(lines, line, limit, steps, is_text, counting=bool(here))


def _above(
    lines: Sequence[str], line: int, limit: int, steps: list[str | int], is_text: IsText, *, counting: bool
) -> Path:
    """Add what a line is inside of: the entries above it that are further left, and the position in its list."""
    for number in range(line - 1, -1, -1):
        text = lines[number]
        if (not limit and not counting) or (text.startswith("---") and _MARKER.match(text)):
            break
        stripped = text.lstrip(" ")
        if not stripped or stripped.startswith("#") or len(text) - len(stripped) > limit or is_text(number):
            continue
        for entry in reversed(entries(text)):
            if counting and entry.column == limit:
                if entry.is_item:
                    assert isinstance(steps[0], int)
                    steps[0] += 1
                else:
                    # A list may stand at the very column of the key it belongs to.
                    steps.insert(0, entry.key)
                    counting = False
            elif entry.column < limit:
                steps.insert(0, 0 if entry.is_item else entry.key)
                limit, counting = entry.column, entry.is_item
    return tuple(steps)


def outline(lines: Sequence[str], first: int, end: int, is_text: IsText) -> Iterator[Field]:
    """Yield every key and list item from one line to before another, in their order."""
    stack: list[tuple[Entry, str | int]] = []
    for number in range(first, end):
        text = lines[number]
        stripped = text.lstrip(" ")
        if not stripped or stripped.startswith("#") or is_text(number):
            continue
        for entry in entries(text):
            position = 0
            while stack and stack[-1][0].column >= entry.column:
                top, step = stack[-1]
                if top.column == entry.column and entry.is_item and not top.is_item:
                    break
                if top.column == entry.column and entry.is_item and isinstance(step, int):
                    position = step + 1
                stack.pop()
                if position:
                    break
            stack.append((entry, position if entry.is_item else entry.key))
            yield Field(tuple(step for _, step in stack), number, entry.column)


def rough(lines: Sequence[str], first: int, end: int, is_text: IsText) -> dict[str, Any]:
    """Return a document as far as its lines tell, every value a text: works while it is half typed."""
    found: dict[str, Any] = {}
    for field in outline(lines, first, end, is_text):
        value = _value_behind(lines[field.line][field.column :], is_item=isinstance(field.path[-1], int))
        _place(found, field.path, value)
    if not isinstance(found.get("metadata"), dict):
        found["metadata"] = {}
    return found


def rough_documents(lines: Sequence[str], is_text: IsText) -> list[dict[str, Any]]:
    """Return every document of a text as far as its lines tell."""
    starts = document_starts(lines)
    return [rough(lines, *document_at(lines, start), is_text) for start in starts if start < len(lines)]


def _place(found: dict[str, Any], path: Path, value: Any) -> None:
    at: Any = found
    for step, following in zip(path, (*path[1:], None), strict=True):
        fresh: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(at, list) and isinstance(step, int):
            if step >= len(at):
                at.append(fresh)
            elif not isinstance(at[step], type(fresh)):
                at[step] = fresh
            at = at[min(step, len(at) - 1)]
        elif isinstance(at, dict) and isinstance(step, str):
            if step not in at or not isinstance(at[step], type(fresh)):
                at[step] = fresh
            at = at[step]
        else:
            return


def _value_behind(text: str, *, is_item: bool) -> Any:
    """Return the value behind a key or a dash: a text, or what stands in brackets; empty for what begins below."""
    match = _DASH.match(text) if is_item else _KEY.match(text)
    rest = text[match.end() :].strip() if match is not None else ""
    if rest[:1] in ("{", "["):
        try:
            return yamldoc.load(rest)
        except YamlError:
            return ""
    if rest[:1] in ("|", ">", "&", "*", "!"):
        return ""
    if rest[:1] in ("'", '"'):
        return rest[1:].partition(rest[0])[0]
    return rest.partition(" #")[0].rstrip() if not rest.startswith("#") else ""


def path_words(path: Path) -> str:
    """Return a path as people write it: ``spec.containers[0].image``."""
    words = ""
    for step in path:
        words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else step
    return words
