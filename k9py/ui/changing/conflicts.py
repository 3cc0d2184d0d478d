"""The fields on which two writers differ, one by one: the owner, what it was, theirs and mine; take, keep or force."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k9py.changes.edits import resolve
from k9py.changes.model import Choice, Conflict, Deed, PlannedChange, Wish
from k9py.core.diffs import ABSENT, Path
from k9py.core.errors import ChangeError
from k9py.core.text import safe_line, shorten
from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.changing.changelist import TITLE_LEAST, Item
from k9py.ui.changing.laying import hanging
from k9py.ui.changing.reviewtext import notice_line
from k9py.ui.changing.workscreen import WorkScreen
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, plain

HIDDEN = "(secret)"
VALUE_CELLS = 24
"""Cells of a value in the list; the text shows the whole."""
LABEL = 11
"""Cells of the words in front of the three sides."""

Decided = Callable[[Mapping[int, Wish]], None]
"""Told the wish of each change, by its place, once every conflict is decided."""


def value_text(value: Any, *, secret: bool) -> str:
    """Return a value as one line; of a Secret only that there is one."""
    if value is ABSENT:
        return "(none)"
    return HIDDEN if secret else safe_line(json.dumps(value, ensure_ascii=False, default=str))


def conflict_lines(conflict: Conflict, choice: Choice | None, deed: Deed, glyphs: Glyphs) -> list[Line]:
    """Return the three sides of a field, who owns it, and what each choice would do."""

    def side(label: str, value: Any, *, chosen: bool = False) -> Line:
        sign = glyphs.cursor if chosen else " "
        tone = Tone.ACCENT if chosen else Tone.PLAIN
        return ((f" {sign} {label:<{LABEL}}", Tone.DIM), (value_text(value, secret=conflict.secret), tone))

    theirs = choice in (Choice.TAKE, Choice.KEEP)
    lines: list[Line] = [
        ((f"   {'field':<{LABEL}}", Tone.DIM), (safe_line(conflict.field), Tone.PLAIN)),
        ((f"   {'owned by':<{LABEL}}", Tone.DIM), (safe_line(", ".join(conflict.managers) or "not known"), Tone.PLAIN)),
    ]
    if conflict.base is not ABSENT:
        lines.append(side("it was", conflict.base))
    lines += [
        side("theirs", conflict.theirs, chosen=theirs),
        side("mine", conflict.mine, chosen=choice is Choice.FORCE),
    ]
    lines.append(())
    for key, one, text in meanings(deed):
        mark = glyphs.done if choice is one else " "
        lines.append(((f" {mark} {key} ", Tone.ACCENT if choice is one else Tone.PLAIN), (text, Tone.PLAIN)))
    return lines


def meanings(deed: Deed) -> list[tuple[str, Choice, str]]:
    """Return the keys, the choices and what they do for a way of writing."""
    if deed is Deed.APPLY:
        return [
            ("t", Choice.TAKE, "take theirs: their value stands, and both of you own the field"),
            ("e", Choice.KEEP, "keep out: the field stays theirs alone; your document says nothing of it"),
            ("m", Choice.FORCE, "force mine: your value is written, and the field is yours alone"),
        ]
    return [
        ("t", Choice.TAKE, "take theirs: their value stands, your edit of this field is dropped"),
        ("m", Choice.FORCE, "force mine: your value is written over theirs"),
    ]


class ConflictScreen(WorkScreen):
    """Takes a decision per field; nothing is written here, the changes are planned again."""

    part = Where.CONFLICTS

    def __init__(self, changes: Sequence[tuple[int, PlannedChange]], *, decided: Decided, said: str = "") -> None:
        """``changes`` come with their place in the plan; ``said`` is why the question comes up now."""
        super().__init__()
        self._changes = [(place, change) for place, change in changes if change.conflicts]
        self._fields = [(place, change, one) for place, change in self._changes for one in change.conflicts]
        self._decided = decided
        self._said = said
        self._choices: dict[tuple[int, Path], Choice] = {}
        self.handlers |= {
            "conflicts.take": lambda: self._choose(Choice.TAKE),
            "conflicts.keep": lambda: self._choose(Choice.KEEP),
            "conflicts.force": lambda: self._choose(Choice.FORCE),
            "conflicts.take-all": lambda: self._choose_all(Choice.TAKE),
            "conflicts.keep-all": lambda: self._choose_all(Choice.KEEP),
            "conflicts.force-all": lambda: self._choose_all(Choice.FORCE),
            "conflicts.go-on": self.go_on,
        }

    # ------------------------------------------------------------------ deciding

    @property
    def _current(self) -> tuple[int, PlannedChange, Conflict]:
        return self._fields[min(self.list.at, len(self._fields) - 1)]

    @property
    def open_fields(self) -> int:
        """How many fields are not decided."""
        return len(self._fields) - len(self._choices)

    def _choose(self, choice: Choice) -> None:
        place, _, conflict = self._current
        self._choices[place, conflict.path] = choice
        if self.open_fields:
            following = [*range(self.list.at + 1, len(self._fields)), *range(self.list.at)]
            undecided = (i for i in following if (self._fields[i][0], self._fields[i][2].path) not in self._choices)
            self.list.step(next(undecided, self.list.at) - self.list.at)
        self.draw()

    def _choose_all(self, choice: Choice) -> None:
        for place, _, conflict in self._fields:
            self._choices[place, conflict.path] = choice
        self.draw()

    def go_on(self) -> None:
        """Hand the decided wishes over."""
        if self.open_fields:
            raise ChangeError(f"{self.open_fields} of {len(self._fields)} fields are not decided yet")
        wishes: dict[int, Wish] = {}
        for place, change in self._changes:
            chosen = {path: choice for (at, path), choice in self._choices.items() if at == place}
            wishes[place] = resolve(change, chosen)
        self.dismiss()
        self._decided(wishes)

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now."""
        if action.id == "conflicts.go-on" and self.open_fields:
            return f"{self.open_fields} of {len(self._fields)} fields are not decided yet"
        keeps = action.id in ("conflicts.keep", "conflicts.keep-all")
        if keeps and all(change.wish.deed is not Deed.APPLY for _, change in self._changes):
            return "An edit leaves a field alone by taking theirs: t"
        return ""

    # ------------------------------------------------------------------ drawing

    def draw(self) -> None:
        """Bring everything up to date."""
        glyphs = self.k9.look.glyphs
        place, change, conflict = self._current
        self.list.show([self._item(*field) for field in self._fields])
        self.show_list(shown=True)
        names = {one.title for _, one in self._changes}
        title = change.title if len(names) == 1 else f"{len(names)} objects"
        left = f"{self.open_fields} of {len(self._fields)} to decide" if self.open_fields else "all decided"
        tone = Tone.WARN if self.open_fields else Tone.OK
        self.query_one("#work-title", Bar).show(
            ((" conflicts ", Tone.ACCENT), (title, Tone.PLAIN)), ((f"{left} ", tone),)
        )
        said = self._said or "others own these fields or changed them meanwhile; nothing is written yet"
        self.query_one("#work-steps", Bar).show(((f" {said}", Tone.DIM),))
        choice = self._choices.get((place, conflict.path))
        lines = conflict_lines(conflict, choice, change.wish.deed, glyphs)
        told = [notice_line(notice, glyphs) for notice in change.notices]
        lines += [(), *hanging(told, self.app.size.width)] if told else []
        if not self.open_fields:
            lines += [
                (),
                plain(f" {glyphs.enter} plans it again as decided; you see it once more before it is written"),
            ]
        self.text.set_lines(lines)
        self.show_keys()

    def _item(self, place: int, change: PlannedChange, conflict: Conflict) -> Item:
        several = len(self._changes) > 1
        choice = self._choices.get((place, conflict.path))
        words = {Choice.TAKE: "take theirs", Choice.KEEP: "keep out", Choice.FORCE: "force mine", None: "?"}
        mark = self.k9.look.glyphs.ellipsis
        theirs, mine = (
            shorten(value_text(one, secret=conflict.secret), VALUE_CELLS, mark=mark)
            for one in (conflict.theirs, conflict.mine)
        )
        title = f"{change.ref.name}: {conflict.field}" if several else conflict.field
        # The end of a path says more than its beginning.
        short = title if len(title) <= TITLE_LEAST else f"{mark}{title[1 - TITLE_LEAST :]}"
        tone = Tone.OK if choice else Tone.WARN
        return Item(title, words[choice], tone, f"theirs {theirs}  mine {mine}", short)
