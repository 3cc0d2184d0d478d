"""One line asked for: a number of replicas, an image. What no further letter can mend is said while typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Input

from k9py.resources.model import Tone
from k9py.ui.keys import passed_on
from k9py.ui.look import Look
from k9py.ui.statusline import Bar, Rule
from k9py.ui.theming import colour_of

Check = Callable[[str], str]
"""Returns what is wrong with a text, empty when it is good."""


class AskInput(Input):
    """The line; up and down go through what was used before."""

    async def _on_key(self, event: Key) -> None:
        screen = cast("AskScreen", self.screen)
        if passed_on(self, event) or event.key == "escape":
            return
        if event.key in ("enter", "up", "down"):
            event.stop()
            event.prevent_default()
            screen.key(event.key)
            return
        await super()._on_key(event)

    def _on_paste(self, event: Paste) -> None:
        """Paste one line; a line break in it must not run anything."""
        event.stop()
        event.prevent_default()
        text = " ".join(event.text.split())
        self.insert_text_at_cursor(text) if self.selection.is_empty else self.replace(text, *self.selection)


class AskScreen(ModalScreen[str | None]):
    """A title, a line to edit, what is to be said about it. Dismisses with the text, or None when left."""

    DEFAULT_CSS = """
    AskScreen { align: left bottom; background: transparent; }
    AskScreen > Vertical { width: 100%; height: 4; padding: 0; }
    AskScreen Input { border: none; height: 1; padding: 0 3; }
    """

    def __init__(
        self,
        look: Look,
        title: str,
        value: str,
        *,
        check: Check,
        hopeless: Check,
        hint: str = "",
        earlier: Sequence[str] = (),
        replace: bool = False,
    ) -> None:
        """``check`` judges a finished text; ``hopeless`` one that is being typed, and says only what no further
        letter can mend. ``earlier`` are values that up and down offer; with ``replace`` the first letter typed
        takes the place of the whole value.
        """
        super().__init__()
        self._look = look
        self._title = title
        self._value = value
        self._check = check
        self._hopeless = hopeless
        self._hint = hint
        self._earlier = [value, *(one for one in earlier if one != value)]
        self._at = 0
        self._replace = replace

    def compose(self) -> ComposeResult:
        """Title, line, what is said."""
        with Vertical():
            yield Rule(self._look)
            yield Bar(self._look, id="ask-title", raised=True)
            yield AskInput(self._value, compact=True, select_on_focus=False)
            yield Bar(self._look, id="ask-foot", raised=True)

    @property
    def listens(self) -> bool:
        """True once the line is there and has the keys."""
        return isinstance(self.focused, AskInput)

    @property
    def line(self) -> AskInput:
        """The line."""
        return self.query_one(AskInput)

    def on_mount(self) -> None:
        """Show the value to be edited, the caret behind it."""
        self.line.cursor_blink = False
        self._paint()
        self.query_one("#ask-title", Bar).show(((f" {self._title}", Tone.ACCENT),))
        self._say()
        self.line.focus()
        self.line.cursor_position = len(self._value)
        if self._replace:
            self.line.action_select_all()

    def _paint(self) -> None:
        for widget in (self.query_one(Vertical), self.line):
            widget.styles.background = colour_of(self._look.theme, "surface", self._look.depth)
            widget.styles.color = colour_of(self._look.theme, "text", self._look.depth)

    def set_look(self, look: Look) -> None:
        """Take another theme; the parts are told by themselves."""
        self._look = look
        self._paint()

    def _say(self, wrong: str = "") -> None:
        more = "  up down earlier values" if len(self._earlier) > 1 else ""
        keys = f" {self._look.glyphs.enter} go on{more}  esc leave"
        if wrong:
            self.query_one("#ask-foot", Bar).show(((f" {self._look.glyphs.bad} {wrong}", Tone.BAD),))
        else:
            self.query_one("#ask-foot", Bar).show(
                ((keys, Tone.DIM),), ((f"{self._hint} ", Tone.DIM),) if self._hint else ()
            )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what no further letter can mend; a half-typed word is left alone."""
        event.stop()
        self._say(self._hopeless(event.value.strip()))

    def on_key(self, event: Key) -> None:
        """Escape leaves; a letter typed before the line had the focus belongs into it."""
        if passed_on(self, event):
            return
        # What is not handled here goes on: the keys that edit the line are bindings, looked up at the very end.
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key == "enter":
            event.stop()
            if self.listens:
                self.key("enter")
        elif event.is_printable and event.character and not self.listens:
            event.stop()
            for line in self.query(AskInput):
                line.focus()
                line.insert_text_at_cursor(event.character)

    def key(self, name: str) -> None:
        """Enter takes the text when it is good; up and down offer earlier values."""
        if name == "enter":
            text = self.line.value.strip()
            wrong = self._check(text)
            if wrong:
                self._say(wrong)
            else:
                self.dismiss(text)
            return
        self._at = min(max(0, self._at + (1 if name == "up" else -1)), len(self._earlier) - 1)
        self.line.value = self._earlier[self._at]
        self.line.cursor_position = len(self.line.value)
