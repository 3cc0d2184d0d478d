"""The last question before something is written: what would happen to what, how to undo it; no is the way of Enter.

A key typed before the question was on the screen is no answer to it, and neither is a key that is held down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click, Key, Paste, Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from k9py.changes.model import Answer
from k9py.resources.model import Tone
from k9py.ui.changing.attention import Attention
from k9py.ui.changing.laying import hanging
from k9py.ui.keys import passed_on
from k9py.ui.look import Look
from k9py.ui.statusline import Bar, Rule
from k9py.ui.textview import Line, TextView
from k9py.ui.theming import colour_of

if TYPE_CHECKING:
    from k9py.ui.app import K9App

MOST_LINES = 14
"""Lines of explanation; what is to be changed stays in sight above."""
MARGIN = 4
"""Lines of the screen below that are never covered."""
NOT_TAKEN = "typed before the question could be read: not taken"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question and what there is to know for answering it."""

    text: str
    lines: Sequence[Line] = ()
    yes: str = "Yes"
    no: str = "No"
    type_this: str = ""
    """The name that has to be typed; empty when yes or no is enough."""
    is_grave: bool = False
    """Something is lost."""


class Choices(Widget):
    """No and yes beside each other."""

    DEFAULT_CSS = """
    Choices { height: 1; width: 1fr; }
    """

    @dataclass
    class Clicked(Message):
        """One of them was clicked."""

        yes: bool

    def __init__(self, look: Look, *, yes: str, no: str) -> None:
        super().__init__()
        self._look = look
        self._texts = (f" n  {no} ", f" y  {yes} ")
        self.on_yes = False

    def choose(self, *, yes: bool) -> None:
        """Move to one of them."""
        if yes != self.on_yes:
            self.on_yes = yes
            self.refresh()

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return both, the chosen one marked."""
        look, segments = self._look, [Segment("  ", self._look.bar)]
        for index, text in enumerate(self._texts):
            chosen = bool(index) is self.on_yes
            sign = look.glyphs.cursor if chosen else " "
            segments += [Segment(f"{sign}{text}", look.cursor if chosen else look.bar), Segment("   ", look.bar)]
        return Strip(segments).adjust_cell_length(self.size.width, look.bar)

    def on_click(self, event: Click) -> None:
        """Choose by mouse."""
        event.stop()
        first = 2 + 1 + len(self._texts[0])
        if event.x >= 2:
            self.post_message(self.Clicked(yes=event.x >= first + 3))


class NameLine(Input):
    """Where a name is typed; keys from before the question are dropped."""

    async def _on_key(self, event: Key) -> None:
        screen = cast("ConfirmScreen", self.screen)
        if event.key == "escape" or passed_on(self, event):
            return  # the screen's
        if not screen.heeds(event) or screen.scroll_text(event.key):
            event.stop()
            event.prevent_default()
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            screen.submit(self.value)
        else:
            await super()._on_key(event)

    def _on_paste(self, event: Paste) -> None:
        """Take a pasted name once the question stands there."""
        if not cast("ConfirmScreen", self.screen).listens:
            event.stop()
            event.prevent_default()


class ConfirmScreen(ModalScreen[Answer]):
    """Asks, and dismisses with the answer; leaving is a no."""

    DEFAULT_CSS = """
    ConfirmScreen { align: left bottom; background: transparent; }
    ConfirmScreen > Vertical { width: 100%; height: 6; padding: 0; }
    ConfirmScreen TextView { height: 1fr; }
    ConfirmScreen Input { border: none; height: 1; padding: 0 3; }
    """
    AUTO_FOCUS = "NameLine"

    def __init__(self, look: Look, ask: Ask) -> None:
        super().__init__()
        self._look = look
        self._ask = ask
        self._attention = Attention()

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def listens(self) -> bool:
        """True once the question has been painted."""
        return self._attention.is_there

    def compose(self) -> ComposeResult:
        """The question, what there is to know, the answers."""
        with Vertical():
            yield Rule(self._look)
            yield Bar(self._look, id="confirm-title", raised=True)
            yield TextView(self._look, id="confirm-text")
            if self._ask.type_this:
                yield NameLine(placeholder=f"type {self._ask.type_this}", compact=True, select_on_focus=False)
            else:
                yield Choices(self._look, yes=self._ask.yes, no=self._ask.no)
            yield Bar(self._look, id="confirm-foot", raised=True)

    def on_mount(self) -> None:
        """Show the question; only from then on keys count."""
        ask = self._ask
        for line in self.query(Input):
            line.cursor_blink = False
        tone = Tone.BAD if ask.is_grave else Tone.ACCENT
        sign = f" {self._look.glyphs.bad}" if ask.is_grave else ""
        self.query_one("#confirm-title", Bar).show(((f"{sign} {ask.text}", tone),))
        self._paint()
        self._fit()
        self._say_keys()
        self._attention.await_paint(self)

    def _paint(self) -> None:
        for widget in (self.query_one(Vertical), *self.query(Input)):
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
        lines = hanging(self._ask.lines, self.app.size.width, 5)
        room = max(1, self.app.size.height - MARGIN - 4)
        shown = min(len(lines), MOST_LINES, room)
        self.query_one(TextView).set_lines(lines)
        self.query_one(Vertical).styles.height = 4 + shown

    def _say_keys(self, note: str = "", tone: Tone = Tone.DIM) -> None:
        enter = self._look.glyphs.enter
        keys = (
            f" {enter} do it once the name stands there  esc leave"
            if self._ask.type_this
            else (f" {enter} what is chosen  tab the other  y n at once  esc leave")
        )
        self.query_one("#confirm-foot", Bar).show(((keys, Tone.DIM),), ((f"{note} ", tone),) if note else ())

    # ------------------------------------------------------------------ keys

    def heeds(self, event: Key) -> bool:
        """Return whether a key is an answer to this question; says so when it is not."""
        if self._attention.takes(event.time):
            self._say_keys()
            return True
        self._say_keys(NOT_TAKEN, Tone.WARN)
        return False

    def on_key(self, event: Key) -> None:
        """Choose, or answer at once. Leaving needs no reading: it changes nothing."""
        if passed_on(self, event):
            return
        if event.key == "escape":
            event.stop()
            self._answer(go=False)
        elif not self._ask.type_this:
            event.stop()
            if self.heeds(event):
                self._take(event.key)
        # Keys of the line that are left edit it: they are bindings, looked up at the very end.

    def _take(self, key: str) -> None:
        choices = self.query_one(Choices)
        match key:
            case "y":
                self._answer(go=True)
            case "n" | "q":
                self._answer(go=False)
            case "enter":
                self._answer(go=choices.on_yes)
            case "tab" | "shift+tab":
                choices.choose(yes=not choices.on_yes)
            case "left" | "h":
                choices.choose(yes=False)
            case "right" | "l":
                choices.choose(yes=True)
            case _:
                self.scroll_text(key)

    def scroll_text(self, key: str) -> bool:
        """Scroll what there is to know; False when the key does not do that."""
        text = self.query_one(TextView)
        match key:
            case "up" | "down":
                text.move(1 if key == "down" else -1)
            case "pageup" | "pagedown":
                text.page(1 if key == "pagedown" else -1)
            case _:
                return False
        return True

    def on_choices_clicked(self, event: Choices.Clicked) -> None:
        """Answer by mouse: what is clicked was on the screen."""
        self._answer(go=event.yes)

    def submit(self, text: str) -> None:
        """Enter behind a typed name."""
        if text.strip() == self._ask.type_this:
            self._answer(go=True, typed=text.strip())
        else:
            self._say_keys(f"that is not {self._ask.type_this}", Tone.WARN)

    def _answer(self, *, go: bool, typed: str = "") -> None:
        self.dismiss(Answer(go=go, typed=typed))
