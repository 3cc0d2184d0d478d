"""A text that is edited: lines, a caret, a selection, and every step of it kept for undo. Pure.

Places are (line, column), both counted from 0; a column is a number of characters, not of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

Place = tuple[int, int]
"""Line and column, from 0."""

UNDO_STEPS = 1000
"""Steps kept; the oldest go first. A day's work on one object, in a few megabytes."""


class Act(Enum):
    """What a person did, which decides what one undo takes back."""

    TYPE = "type"
    """Characters one after the other: a word with the blanks behind it is one step."""
    ERASE = "erase"
    """Backspace and delete, held or not."""
    WHOLE = "whole"
    """A step of its own: a paste, a replacement, an indent."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One stretch of text replaced by another; its own reverse with old and new swapped."""

    start: Place
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Where the caret is and where the selection it pulls began; both the same for no selection."""

    anchor: Place
    caret: Place

    @property
    def is_empty(self) -> bool:
        """True when nothing is selected."""
        return self.anchor == self.caret

    @property
    def start(self) -> Place:
        """The end that comes first in the text."""
        return min(self.anchor, self.caret)

    @property
    def end(self) -> Place:
        """The end that comes last in the text."""
        return max(self.anchor, self.caret)


@dataclass(slots=True)
class Step:
    """What one undo takes back."""

    act: Act
    before: Selection
    after: Selection
    edits: list[Edit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that were replaced by others."""

    first: int
    old_count: int
    new_count: int


def end_of(start: Place, text: str) -> Place:
    """Return where a text ends that begins at a place."""
    lines = text.count("\n")
    if not lines:
        return start[0], start[1] + len(text)
    return start[0] + lines, len(text) - text.rfind("\n") - 1


class Document:
    """The lines of a text and what was done to them."""

    def __init__(self, text: str = "") -> None:
        self.lines: list[str] = [""]
        """Without their ends; at least one."""
        self.line_end = "\n"
        """What ends the lines of the text: a file of Windows keeps its own."""
        self.selection = Selection((0, 0), (0, 0))
        self.version = 0
        """Grows with every change."""
        self.on_change: Callable[[Change], None] = lambda _: None
        self._undone: list[Step] = []
        self._done: list[Step] = []
        self._is_open = False
        """True while the next edit may belong to the last step."""
        self.load(text)

    # ------------------------------------------------------------------ the text

    @property
    def text(self) -> str:
        """The whole text."""
        return self.line_end.join(self.lines)

    def load(self, text: str) -> None:
        """Take another text, forget what was done to the one before, and go to the beginning."""
        self.line_end = "\r\n" if "\r\n" in text and text.count("\r\n") == text.count("\n") else "\n"
        old_count = len(self.lines)
        self.lines = text.split(self.line_end)
        self.selection = Selection((0, 0), (0, 0))
        self._done.clear()
        self._undone.clear()
        self._is_open = False
        self._tell(Change(0, old_count, len(self.lines)))

    def between(self, start: Place, end: Place) -> str:
        """Return the text from one place to another, its lines joined by ``\\n``."""
        if start[0] == end[0]:
            return self.lines[start[0]][start[1] : end[1]]
        middle = self.lines[start[0] + 1 : end[0]]
        return "\n".join([self.lines[start[0]][start[1] :], *middle, self.lines[end[0]][: end[1]]])

    @property
    def end(self) -> Place:
        """The place behind the last character."""
        return len(self.lines) - 1, len(self.lines[-1])

    def clamp(self, place: Place) -> Place:
        """Return the nearest place there is."""
        line = min(max(0, place[0]), len(self.lines) - 1)
        return line, min(max(0, place[1]), len(self.lines[line]))

    # ------------------------------------------------------------------ the caret

    @property
    def caret(self) -> Place:
        """Where the next character goes."""
        return self.selection.caret

    def select(self, caret: Place, anchor: Place | None = None) -> bool:
        """Move the caret, selecting from ``anchor`` on when given; True when that changed anything.

        Ends the step under way: what is typed elsewhere is another step.
        """
        caret = self.clamp(caret)
        chosen = Selection(self.clamp(anchor) if anchor is not None else caret, caret)
        if chosen == self.selection:
            return False
        self.selection = chosen
        self._is_open = False
        return True

    @property
    def selected(self) -> str:
        """The selected text; empty for none."""
        return self.between(self.selection.start, self.selection.end)

    # ------------------------------------------------------------------ changing

    def replace(self, start: Place, end: Place, new: str, *, act: Act = Act.WHOLE) -> Place:
        """Replace a stretch and put the caret behind what is new; returns that place."""
        edit = Edit(start, self.between(start, end), new)
        if edit.old == edit.new:
            self.select(end)
            return end
        step = self._step(act, edit)
        step.edits.append(edit)
        place = self._apply(edit)
        self.selection = Selection(place, place)
        step.after = self.selection
        return place

    def change_many(self, edits: Iterable[tuple[Place, Place, str]], selection: Selection | None = None) -> int:
        """Replace several stretches as one step, given in their order in the text; returns how many changed.

        Without a ``selection`` the caret keeps its line and column as far as they still are.
        """
        before = self.selection
        made: list[Edit] = []
        for start, end, new in sorted(edits, reverse=True):
            edit = Edit(start, self.between(start, end), new)
            if edit.old != edit.new:
                self._apply(edit)
                made.append(edit)
        if made:
            after = selection or Selection(self.clamp(before.anchor), self.clamp(before.caret))
            self.selection = after
            self._push(Step(Act.WHOLE, before, after, made))
            self._is_open = False
        return len(made)

    def set_text(self, text: str) -> bool:
        """Make the text another one by replacing only the lines that differ, as one step; True when it differed."""
        fresh = text.split(self.line_end) if self.line_end in text else text.split("\n")
        old = self.lines
        if fresh == old:
            return False
        head = 0
        while head < min(len(old), len(fresh)) and old[head] == fresh[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(fresh)) - head and old[-1 - tail] == fresh[-1 - tail]:
            tail += 1
        first, last = old[head : len(old) - tail], fresh[head : len(fresh) - tail]
        if first and last:
            self.change_many([((head, 0), (head + len(first) - 1, len(first[-1])), "\n".join(last))])
        elif last and head < len(old):
            self.change_many([((head, 0), (head, 0), "\n".join(last) + "\n")])
        elif last:
            self.change_many([(self.end, self.end, "\n" + "\n".join(last))])
        elif tail:
            self.change_many([((head, 0), (head + len(first), 0), "")])
        else:
            self.change_many([((head - 1, len(old[head - 1])), self.end, "")])
        return True

    def _apply(self, edit: Edit) -> Place:
        """Put an edit into the lines; returns the place behind what is new."""
        (line, column), end = edit.start, end_of(edit.start, edit.old)
        head, tail = self.lines[line][:column], self.lines[end[0]][end[1] :]
        fresh = edit.new.split("\n")
        fresh[0] = head + fresh[0]
        place = (line + len(fresh) - 1, len(fresh[-1]))
        fresh[-1] += tail
        old_count = end[0] - line + 1
        self.lines[line : end[0] + 1] = fresh
        self._tell(Change(line, old_count, len(fresh)))
        return place

    def _tell(self, change: Change) -> None:
        self.version += 1
        self.on_change(change)

    # ------------------------------------------------------------------ undo

    def _step(self, act: Act, edit: Edit) -> Step:
        """Return the step an edit belongs to: the last one while a word is typed or erased, else a new one."""
        last = self._done[-1] if self._done else None
        if self._is_open and last is not None and last.act is act and act is not Act.WHOLE and _goes_on(last, edit):
            self._undone.clear()
            return last
        step = Step(act, self.selection, self.selection)
        self._push(step)
        self._is_open = act is not Act.WHOLE
        return step

    def _push(self, step: Step) -> None:
        self._undone.clear()
        self._done.append(step)
        if len(self._done) > UNDO_STEPS:
            del self._done[0]

    def seal(self) -> None:
        """End the step under way."""
        self._is_open = False

    @property
    def can_undo(self) -> bool:
        """True when there is something to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """True when something was taken back."""
        return bool(self._undone)

    def undo(self) -> bool:
        """Take back the last step; False when there is none."""
        if not self._done:
            return False
        step = self._done.pop()
        for edit in reversed(step.edits):
            self._apply(replace(edit, old=edit.new, new=edit.old))
        self.selection = step.before
        self._undone.append(step)
        self._is_open = False
        return True

    def redo(self) -> bool:
        """Do again what was taken back last; False when there is nothing."""
        if not self._undone:
            return False
        step = self._undone.pop()
        for edit in step.edits:
            self._apply(edit)
        self.selection = step.after
        self._done.append(step)
        self._is_open = False
        return True


def _goes_on(step: Step, edit: Edit) -> bool:
    """Return whether an edit goes on where a step stopped: at its place, within a word and the blanks behind it."""
    last = step.edits[-1]
    if "\n" in edit.new or "\n" in edit.old or "\n" in last.new or "\n" in last.old:
        return False
    if step.act is Act.TYPE:
        starts_word = not edit.new[:1].isspace() and last.new[-1:].isspace()
        return edit.start == end_of(last.start, last.new) and not edit.old and not starts_word
    return not edit.new and (edit.start == last.start or end_of(edit.start, edit.old) == last.start)
