"""Choosing from a list by typing: contexts, namespaces, containers, actions, kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from k9py.core import fuzzy
from k9py.resources.model import Tone
from k9py.ui.look import Look
from k9py.ui.statusline import Bar, Spans
from k9py.ui.theming import colour_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be picked."""

    id: str
    text: str
    hint: str = ""
    """What stands at the right: a key, a state."""
    blocked: str = ""
    """Why it cannot be picked now; empty when it can."""
    search: str = ""
    """More words to find it by."""


class ChoiceList(Widget):
    """The choices that match, one line each."""

    DEFAULT_CSS = """
    ChoiceList { height: 1fr; width: 1fr; }
    """

    @dataclass
    class Clicked(Message):
        """A choice was clicked."""

        index: int

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.choices: Sequence[Choice] = ()
        self.marked: frozenset[str] | None = None
        """Ids marked; None where only one can be picked."""
        self.at = 0
        self._first = 0

    def show(self, choices: Sequence[Choice]) -> None:
        """Show these choices and go to the first."""
        self.choices = choices
        self.at = self._first = 0
        self.refresh()

    def step(self, by: int) -> None:
        """Move the cursor, stopping at the ends."""
        if self.choices:
            self.at = min(max(0, self.at + by), len(self.choices) - 1)
            height = max(1, self.size.height)
            self._first = min(max(self._first, self.at - height + 1), self.at)
            self.refresh()

    @property
    def current(self) -> Choice | None:
        """The choice under the cursor."""
        return self.choices[self.at] if self.choices else None

    def on_click(self, event: Click) -> None:
        """Pick what is clicked."""
        event.stop()
        index = self._first + event.y
        if index < len(self.choices):
            self.post_message(self.Clicked(index))

    def render_line(self, y: int) -> Strip:
        """Return one choice."""
        width = self.size.width
        look = self._look
        index = self._first + y
        if index >= len(self.choices):
            return Strip.blank(width, look.bar)
        choice = self.choices[index]
        is_current = index == self.at
        base = look.cursor if is_current else look.bar
        if choice.blocked and not is_current:
            base = look.style(Tone.DIM, raised=True)
        mark = ""
        if self.marked is not None:
            mark = f"{look.glyphs.marked} " if choice.id in self.marked else "  "
        left = f" {mark}{choice.text}"
        right = f"{choice.blocked or choice.hint} "
        gap = max(1, width - cell_len(left) - cell_len(right))
        hint_style = base if is_current else look.style(Tone.DIM, raised=True)
        return Strip([Segment(left + " " * gap, base), Segment(right, hint_style)]).adjust_cell_length(width, base)


class PickScreen(ModalScreen[tuple[str, ...] | None]):
    """A list with a line to search in it. Dismisses with the ids picked, or None when left."""

    DEFAULT_CSS = """
    PickScreen { align: center middle; background: transparent; }
    PickScreen > Vertical { width: 76; max-width: 96%; height: 20; max-height: 90%; padding: 0; }
    PickScreen Input { border: none; height: 1; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("up,ctrl+p", "step(-1)", show=False, priority=True),
        Binding("down,ctrl+n", "step(1)", show=False, priority=True),
        Binding("pageup", "step(-10)", show=False, priority=True),
        Binding("pagedown", "step(10)", show=False, priority=True),
        Binding("enter", "pick", show=False, priority=True),
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
        empty: str = "nothing to choose from",
        free_text: Callable[[str], Choice | None] | None = None,
    ) -> None:
        super().__init__()
        self._look = look
        self._title = title
        self._all = choices
        self._several = several
        self._marked = frozenset(marked)
        self._empty = empty
        self._free_text = free_text
        """Makes a choice of what was typed when it is in no list, such as a namespace nobody may list."""

    def compose(self) -> ComposeResult:
        """Title, search line, choices, keys."""
        with Vertical():
            yield Bar(self._look, id="pick-title", raised=True)
            yield Input(compact=True, select_on_focus=False)
            yield ChoiceList(self._look)
            yield Bar(self._look, id="pick-keys", raised=True)

    def on_mount(self) -> None:
        """Show everything."""
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()
        for widget in (self.query_one(Vertical), line):
            widget.styles.background = colour_of(self._look.theme, "surface", self._look.depth)
            widget.styles.color = colour_of(self._look.theme, "text", self._look.depth)
        self.query_one(ChoiceList).marked = self._marked if self._several else None
        keys = "enter choose  tab mark  esc leave" if self._several else "enter choose  esc leave"
        self.query_one("#pick-keys", Bar).show(((f" {keys}", Tone.DIM),))
        self._filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list to what matches."""
        self._filter(event.value)

    def _filter(self, text: str) -> None:
        needle = text.strip()
        choices = list(self._all)
        if needle:
            scored = [(fuzzy.match(needle, f"{c.text} {c.search}"), index) for index, c in enumerate(self._all)]
            ranked = sorted((-found.score, index) for found, index in scored if found is not None)
            choices = [self._all[index] for _, index in ranked]
        if self._free_text is not None and needle and all(choice.id != needle for choice in choices):
            extra = self._free_text(needle)
            choices += [extra] if extra is not None else []
        self.query_one(ChoiceList).show(choices)
        count = f"{len(choices)} of {len(self._all)} "
        title: Spans = ((f" {self._title}", Tone.ACCENT),)
        if not choices:
            title = (*title, (f"  {self._empty if not self._all else 'nothing matches'}", Tone.WARN))
        self.query_one("#pick-title", Bar).show(title, ((count, Tone.DIM),))

    def on_choice_list_clicked(self, event: ChoiceList.Clicked) -> None:
        """Pick by mouse."""
        choices = self.query_one(ChoiceList)
        choices.step(event.index - choices.at)
        self.action_pick()

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(ChoiceList).step(by)

    def action_mark(self) -> None:
        """Mark or unmark, where several can be picked, and go on to the next."""
        choices = self.query_one(ChoiceList)
        choice = choices.current
        if choice is None or not self._several:
            return
        self._marked = self._marked ^ {choice.id}
        choices.marked = self._marked
        choices.step(1)
        choices.refresh()

    def action_pick(self) -> None:
        """Leave with what is marked, or with what is under the cursor."""
        choice = self.query_one(ChoiceList).current
        if self._several and self._marked:
            order = [c.id for c in self._all if c.id in self._marked]
            self.dismiss((*order, *sorted(self._marked.difference(order))))
        elif choice is None:
            self.dismiss(None)
        elif choice.blocked:
            self.notify(choice.blocked, severity="warning", markup=False)
        else:
            self.dismiss((choice.id,))

    def action_leave(self) -> None:
        """Leave without picking."""
        self.dismiss(None)
