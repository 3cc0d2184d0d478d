"""What lies over the browser for a moment: a title, a line to search in, a list to choose from, and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click, Key, Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from k9py.resources.model import Tone
from k9py.ui.keys import passed_on
from k9py.ui.look import Look
from k9py.ui.statusline import Bar, Rule
from k9py.ui.theming import colour_of

Result = TypeVar("Result")

LIST_WIDTH = 110
"""Cells a line of a list uses at most: further apart, the eye loses the hint that belongs to a text."""
HINT_PERCENT = 50
"""Percent of a line its hint may take from a text too long to stand beside it."""

AROUND_LIST = 4
"""Lines of an overlay that are not its list: title, search line, keys, rule."""

MARGIN = 2
"""Lines an overlay leaves free above it at least: the header, and where one came from."""

SHORTEST_LIST = 3
"""Lines of a list with less in it: a box that jumps with every letter is no calm one."""


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
    also: str = ""
    """Another name of it, as good as its text where it holds all that was typed in one piece."""


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

    def show(self, choices: Sequence[Choice], at: int = 0) -> None:
        """Show these choices with the cursor on one of them."""
        self.choices = choices
        self.at = self._first = 0
        self.step(at)
        self.refresh()

    def step(self, by: int) -> None:
        """Move the cursor, stopping at the ends."""
        if self.choices:
            self.at = min(max(0, self.at + by), len(self.choices) - 1)
            self._show_cursor()
            self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._show_cursor()
        self.refresh()

    def _show_cursor(self) -> None:
        height = max(1, self.size.height)
        first = min(max(self._first, self.at - height + 1), self.at)
        self._first = max(0, min(first, len(self.choices) - height))

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
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
        width, look = self.size.width, self._look
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
            mark = f"{look.glyphs.marked if choice.id in self.marked else ' '} "
        left = f" {look.glyphs.cursor if is_current else ' '} {mark}{choice.text}"
        used = min(width, LIST_WIDTH)
        right = self._hint(choice, used, cell_len(left))
        room = max(0, used - cell_len(right) - 1)
        strip = Strip([Segment(left, base)])
        if strip.cell_length > room:
            strip = Strip([*strip.crop(0, max(0, room - 1)), Segment(look.glyphs.ellipsis, base)])
        hint_style = base if is_current else look.style(Tone.DIM, raised=True)
        line = Strip([*strip.adjust_cell_length(used - cell_len(right), base), Segment(right, hint_style)])
        return line.adjust_cell_length(width, base)

    def _hint(self, choice: Choice, used: int, taken: int) -> str:
        """Return what stands at the right: as much as the text leaves, or its own share beside a long one."""
        right = f"{choice.blocked or choice.hint} "
        room = max(used - taken - 1, used * HINT_PERCENT // 100)
        if cell_len(right) <= room:
            return right
        return f"{set_cell_size(right, room - 2).rstrip()}{self._look.glyphs.ellipsis} "


class SearchLine(Input):
    """The line of an overlay; what is typed behind the key that leaves it belongs to what is below."""

    async def _on_key(self, event: Key) -> None:
        if passed_on(self, event):
            return
        overlay = self.screen
        if isinstance(overlay, Overlay) and overlay.takes(event.key):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)


class Overlay(ModalScreen[Result]):
    """Stands below the header over the whole width, as high as its list is long and the screen has room for."""

    DEFAULT_CSS = """
    Overlay { align: left bottom; background: transparent; }
    Overlay > Vertical { width: 100%; height: 10; padding: 0; }
    Overlay Input { border: none; height: 1; padding: 0 3; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("up,ctrl+p", "step(-1)", show=False, priority=True),
        Binding("down,ctrl+n", "step(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("enter", "pick", show=False, priority=True),
    ]

    def __init__(self, look: Look, *, longest: int, placeholder: str = "") -> None:
        """``longest`` is how many lines its list has at most."""
        super().__init__()
        self._look = look
        self._longest = longest
        self._placeholder = placeholder
        self._ahead = ""
        """Typed before there was a line to type in."""

    def type_ahead(self, text: str) -> None:
        """Begin with a text in the search line: it was typed where this was opened from."""
        self._ahead = text

    def compose(self) -> ComposeResult:
        """Title, search line, choices, keys."""
        with Vertical():
            yield Rule(self._look)
            yield Bar(self._look, id="overlay-title", raised=True)
            yield SearchLine(placeholder=self._placeholder, compact=True, select_on_focus=False)
            yield ChoiceList(self._look)
            yield Bar(self._look, id="overlay-foot", raised=True)

    @property
    def list(self) -> ChoiceList:
        """The list."""
        return self.query_one(ChoiceList)

    @property
    def title_bar(self) -> Bar:
        """The line above everything."""
        return self.query_one("#overlay-title", Bar)

    @property
    def foot(self) -> Bar:
        """The line below everything."""
        return self.query_one("#overlay-foot", Bar)

    def on_mount(self) -> None:
        """Show everything."""
        line = self.query_one(Input)
        line.cursor_blink = False
        self._paint()
        self._fit()
        self.filter_changed(self._ahead)
        line.value = self._ahead
        line.cursor_position = len(self._ahead)
        line.focus()

    def _paint(self) -> None:
        for widget in (self.query_one(Vertical), self.query_one(Input)):
            widget.styles.background = colour_of(self._look.theme, "surface", self._look.depth)
            widget.styles.color = colour_of(self._look.theme, "text", self._look.depth)

    def set_look(self, look: Look) -> None:
        """Take another theme; the parts are told by themselves."""
        self._look = look
        self._paint()

    def on_resize(self, event: Resize) -> None:
        """Fit what there is room for."""
        self._fit()

    def _fit(self) -> None:
        room = max(AROUND_LIST + 1, self.app.size.height - MARGIN)
        wanted = AROUND_LIST + max(SHORTEST_LIST, self._longest)
        self.query_one(Vertical).styles.height = min(room, wanted)

    def on_key(self, event: Key) -> None:
        """Take what was typed before the line had the focus."""
        if not passed_on(self, event) and event.is_printable and event.character:
            event.stop()
            self._ahead += event.character
            for line in self.query(Input):
                line.insert_text_at_cursor(event.character)

    def takes(self, key: str) -> bool:
        """Act on a key in place of the search line; False leaves it to the line."""
        return False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list to what matches."""
        event.stop()
        self.filter_changed(event.value)

    def filter_changed(self, text: str) -> None:
        """Show what matches the text."""
        raise NotImplementedError

    def moved(self) -> None:
        """The cursor is on another choice."""

    def on_choice_list_clicked(self, event: ChoiceList.Clicked) -> None:
        """Pick by mouse."""
        self.action_step(event.index - self.list.at)
        self.action_pick()

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self.list.step(by)
        self.moved()

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.action_step(by * max(1, self.list.size.height - 1))

    def action_pick(self) -> None:
        """Leave with what is under the cursor."""
        raise NotImplementedError

    def action_leave(self) -> None:
        """Leave without picking."""
        self.dismiss(None)
