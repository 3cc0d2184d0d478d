"""Where the caret goes, and what keys do to whole lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k9py.ui.editor.document import Document, Place, Selection

INDENT = 2
"""Blanks of one level, as kubectl writes them."""

_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./$-"
_WORD = re.compile(r"\w+|[^\w\s]+")
_DASHES = re.compile(r"(?:- +)*")
_OPENS = re.compile(r"(?:^|\s)(?:[^\s#].*)?:(?:\s+[|>][-+0-9]*)?\s*(?:\s#.*)?$")
_PARTS = re.compile(r"^( *)((?:- +)*)(.*)$")


def word_left(lines: Sequence[str], place: Place) -> Place:
    """Return the beginning of the word before a place, or the end of the line above."""
    line, column = place
    starts = [match.start() for match in _WORD.finditer(lines[line][:column])]
    if starts:
        return line, starts[-1]
    if column:
        return line, 0
    return (line - 1, len(lines[line - 1])) if line else place


def word_right(lines: Sequence[str], place: Place) -> Place:
    """Return the end of the word behind a place, or the beginning of the line below."""
    line, column = place
    match = _WORD.search(lines[line], column)
    if match is not None:
        return line, match.end()
    if column < len(lines[line]):
        return line, len(lines[line])
    return (line + 1, 0) if line + 1 < len(lines) else place


def typed_before(line: str, column: int) -> int:
    """Return how many characters of a key or value, as far as it is typed, stand before a column."""
    return column - len(line[:column].rstrip(_NAME_CHARACTERS))


def indent_of(line: str) -> int:
    """Return how many blanks a line begins with."""
    return len(line) - len(line.lstrip(" "))


def smart_home(line: str, column: int) -> int:
    """Return the first character that is no blank; 0 when the caret is there already."""
    first = indent_of(line)
    return 0 if column == first else first


def next_indent(head: str) -> str:
    """Return the blanks a new line begins with behind the text left of the caret.

    One level deeper behind ``key:`` and block scalars; behind ``- `` under what the item holds.
    """
    match = _PARTS.match(head)
    assert match is not None
    blanks, dashes, rest = match.groups()
    inner = len(blanks) + len(dashes)
    if rest.rstrip() == "-":
        return " " * (inner + INDENT)
    if not rest.strip() or rest.lstrip().startswith("#"):
        return " " * len(blanks)
    return " " * (inner + INDENT) if _OPENS.search(rest) else " " * inner


def new_line(document: Document, *, in_text: bool = False) -> str:
    """Return what Enter inserts at the caret; ``in_text`` is inside a block scalar, where nothing opens a level."""
    line, column = document.selection.start
    head = document.lines[line][:column]
    if in_text:
        return "\n" + " " * indent_of(head)
    # Behind the caret's own indent nothing is added: Enter at the front of a line moves the line down as it is.
    return "\n" + next_indent(head) if head.strip() else "\n" + " " * len(head)


def touched(selection: Selection) -> range:
    """Return the lines a selection touches; one it only reaches the front of is not."""
    start, end = selection.start, selection.end
    last = end[0] - 1 if end[0] > start[0] and end[1] == 0 else end[0]
    return range(start[0], last + 1)


def _moved(selection: Selection, shifts: dict[int, tuple[int, int]]) -> Selection:
    """Return a selection after columns were added (or taken) at a column of some lines."""

    def move(place: Place) -> Place:
        at, by = shifts.get(place[0], (0, 0))
        if by > 0:
            return place[0], place[1] + by if place[1] >= at and (place[1] or selection.is_empty) else place[1]
        return place[0], max(min(place[1], at), place[1] + by)

    return Selection(move(selection.anchor), move(selection.caret))


def indent(document: Document) -> bool:
    """Push the selected lines one level in; False when there was nothing to push."""
    lines = [line for line in touched(document.selection) if document.lines[line].strip()]
    edits = [((line, 0), (line, 0), " " * INDENT) for line in lines]
    selection = _moved(document.selection, dict.fromkeys(lines, (0, INDENT)))
    return bool(document.change_many(edits, selection))


def outdent(document: Document) -> bool:
    """Pull the selected lines, or the line of the caret, one level out; False when they are out already."""
    edits, shifts = [], {}
    for line in touched(document.selection):
        width = min(INDENT, indent_of(document.lines[line]))
        if width:
            edits.append(((line, 0), (line, width), ""))
            shifts[line] = (0, -width)
    return bool(document.change_many(edits, _moved(document.selection, shifts)))


def toggle_comment(document: Document) -> bool:
    """Comment the selected lines out, or in again when all of them are; False when they are empty."""
    lines = [line for line in touched(document.selection) if document.lines[line].strip()]
    if not lines:
        return False
    texts = {line: document.lines[line] for line in lines}
    edits, shifts = [], {}
    if all(text.lstrip().startswith("#") for text in texts.values()):
        for line, text in texts.items():
            at = indent_of(text)
            width = 2 if text[at : at + 2] == "# " else 1
            edits.append(((line, at), (line, at + width), ""))
            shifts[line] = (at, -width)
    else:
        # One column for all: what is commented out keeps its shape.
        at = min(map(indent_of, texts.values()))
        for line in lines:
            edits.append(((line, at), (line, at), "# "))
            shifts[line] = (at, 2)
    return bool(document.change_many(edits, _moved(document.selection, shifts)))


def move_lines(document: Document, by: int) -> bool:
    """Swap the selected lines with the one above (-1) or below (1); False at the end of the text."""
    lines = touched(document.selection)
    first, last = lines[0], lines[-1]
    other = first - 1 if by < 0 else last + 1
    if not 0 <= other < len(document.lines):
        return False
    block, text = document.lines[first : last + 1], document.lines[other]
    fresh = [*block, text] if by < 0 else [text, *block]
    top, bottom = min(first, other), max(last, other)
    selection = document.selection
    moved = Selection((selection.anchor[0] + by, selection.anchor[1]), (selection.caret[0] + by, selection.caret[1]))
    edit = ((top, 0), (bottom, len(document.lines[bottom])), "\n".join(fresh))
    if moved.end[0] >= len(document.lines):
        moved = Selection(document.clamp(moved.anchor), document.clamp(moved.caret))
    return bool(document.change_many([edit], moved))


def duplicate(document: Document) -> bool:
    """Write the selected lines once more below themselves, the caret in the copy."""
    lines = touched(document.selection)
    text = "\n".join(document.lines[lines[0] : lines[-1] + 1])
    end = (lines[-1], len(document.lines[lines[-1]]))
    by = len(lines)
    selection = document.selection
    moved = Selection((selection.anchor[0] + by, selection.anchor[1]), (selection.caret[0] + by, selection.caret[1]))
    return bool(document.change_many([(end, end, "\n" + text)], moved))


def whole_lines(document: Document) -> tuple[Place, Place]:
    """Return the stretch of the selected lines with the line end that goes with them."""
    lines = touched(document.selection)
    first, last = lines[0], lines[-1]
    if last + 1 < len(document.lines):
        return (first, 0), (last + 1, 0)
    if first:
        return (first - 1, len(document.lines[first - 1])), (last, len(document.lines[last]))
    return (first, 0), (last, len(document.lines[last]))
