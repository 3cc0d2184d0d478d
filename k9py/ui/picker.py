"""Choosing from a list by typing: contexts, namespaces, containers, themes, actions, kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from k9py.core import fuzzy
from k9py.resources.model import Tone
from k9py.ui.look import Look
from k9py.ui.overlay import Choice, Overlay
from k9py.ui.statusline import Spans

TEXT_WORTH = 1000
"""What a match in a choice's own words is worth above one in the words it can also be found by."""


class PickScreen(Overlay[tuple[str, ...] | None]):
    """A list with a line to search in it. Dismisses with the ids picked, or None when left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,ctrl+@,ctrl+space", "mark", show=False, priority=True),
    ]

    def __init__(
        self,
        look: Look,
        title: str,
        choices: Sequence[Choice],
        *,
        several: bool = False,
        marked: Sequence[str] = (),
        current: str = "",
        empty: str = "nothing to choose from",
        free_text: Callable[[str], Choice] | None = None,
        moved: Callable[[str], None] | None = None,
        replaces: bool = False,
    ) -> None:
        """``current`` is the id the cursor starts on; ``free_text`` makes a choice of what is in no list; ``moved``
        is told the id under the cursor while it moves. Enter on a choice without a mark takes it in too while the
        marks are those it was opened with; with ``replaces`` it takes that one alone.
        """
        super().__init__(look, longest=len(choices) + (free_text is not None))
        self._title = title
        self._all = choices
        self._several = several
        self._marked = frozenset(marked)
        self._given: frozenset[str] | None = self._marked
        """Marks it was opened with; None once somebody marked or unmarked: then the marks are what is meant."""
        self._replaces = replaces
        self._current = current
        self._empty = empty
        self._free_text = free_text
        self._moved = moved

    def offer(self, choices: Sequence[Choice]) -> None:
        """Take other choices while the list is open; what is typed, marked and under the cursor stays."""
        if list(choices) == list(self._all):
            return
        current = self.list.current
        self._all = choices
        self._longest = max(self._longest, len(choices))
        self._fit()
        self.filter_changed(self.query_one(Input).value)
        at = next((i for i, choice in enumerate(self.list.choices) if current and choice.id == current.id), 0)
        self.list.show(self.list.choices, at)

    def filter_changed(self, text: str) -> None:
        """Show what matches, best first; without a text everything in its order."""
        choices = list(self._all)
        needle = text.strip()
        if needle:
            ranked = sorted((-worth, index) for index, c in enumerate(self._all) if (worth := _worth(needle, c)))
            choices = [self._all[index] for _, index in ranked]
        count = len(choices)
        if self._free_text is not None and needle and all(choice.id != needle for choice in choices):
            choices.append(self._free_text(needle))
        at = next((i for i, choice in enumerate(choices) if choice.id == self._current), 0) if not needle else 0
        self.list.marked = self._marked if self._several else None
        self.list.show(choices, at)
        title: Spans = ((f" {self._title}", Tone.ACCENT),)
        if not choices:
            title = (*title, (f"  {self._empty if not self._all else 'nothing matches'}", Tone.WARN))
        self.title_bar.show(title, ((f"{count} of {len(self._all)} ", Tone.DIM),))
        self._show_keys()

    def _show_keys(self) -> None:
        enter = self._look.glyphs.enter
        means = f"{enter} choose"
        if self._several:
            taken = "only this" if self._replaces else "this too"
            key = "tab" if self.query_one(Input).value else "space"
            means = f"{enter} {taken if self._takes_unmarked() else 'choose'}  {key} mark"
        keys = f"{means}  esc leave"
        marked = f"{len(self._marked)} marked " if self._marked else ""
        self.foot.show(((f" {keys}", Tone.DIM),), ((marked, Tone.ACCENT),) if marked else ())

    def _takes_unmarked(self) -> bool:
        """Return whether Enter means a choice without a mark: nobody marked anything, so the cursor says what."""
        choice = self.list.current
        return bool(self._given) and choice is not None and choice.id not in self._marked

    def moved(self) -> None:
        """Tell who wants to know."""
        choice = self.list.current
        if self._given:
            self._show_keys()
        if self._moved is not None and choice is not None:
            self._moved(choice.id)

    def action_mark(self) -> None:
        """Mark or unmark, where several can be picked, and go on to the next."""
        choice = self.list.current
        if choice is None or not self._several:
            return
        self._marked = self._marked ^ {choice.id}
        self._given = None
        self.list.marked = self._marked
        self.action_step(1)
        self._show_keys()

    def takes(self, key: str) -> bool:
        """Mark with a blank, as in a table, while nothing is searched for: no search begins with one."""
        marks = key == "space" and self._several and not self.query_one(Input).value
        if marks:
            self.action_mark()
        return marks

    def action_pick(self) -> None:
        """Leave with what is marked, or with what is under the cursor."""
        choice = self.list.current
        marked = self._marked
        if choice is not None and self._takes_unmarked() and not choice.blocked:
            marked = frozenset({choice.id}) if self._replaces else marked | {choice.id}
        if self._several and marked:
            order = [c.id for c in self._all if c.id in marked]
            self.dismiss((*order, *sorted(marked.difference(order))))
        elif choice is None and self._all:
            # What is typed next is meant for what was looked for, not for the screen below.
            self.foot.show(((f" {self._look.glyphs.warn} nothing matches; esc leaves", Tone.WARN),))
        elif choice is None:
            self.dismiss(None)
        elif choice.blocked:
            self.foot.show(((f" {self._look.glyphs.warn} {choice.blocked}", Tone.WARN),))
        else:
            self.dismiss((choice.id,))


def _as_text(needle: str, text: str, *, in_one_piece: bool = False) -> float:
    """Return how well a text on the screen, or one as good, matches; 0 when it does not."""
    whole = needle.lower() in text.lower()
    found = fuzzy.match(needle, text) if whole or not in_one_piece else None
    if found is None:
        return 0.0
    is_word = whole and re.search(rf"(?<!\w){re.escape(needle.lower())}(?!\w)", text.lower()) is not None
    return max(1.0, found.score + TEXT_WORTH * (1 + whole + is_word))


def _worth(needle: str, choice: Choice) -> float:
    """Return how well a choice matches; 0 when it does not."""
    # Called by its other name letter for letter (the first word to search by), it is what was meant.
    named = 2 * TEXT_WORTH if needle.lower() in choice.search.lower().split()[:1] else 0
    own = max(_as_text(needle, choice.text), _as_text(needle.replace(" ", ""), choice.also, in_one_piece=True))
    if own:
        return named + own
    other = fuzzy.match(needle, choice.search) if choice.search else None
    return named + max(1.0, float(other.score)) if other is not None else 0.0
