"""The line a person types in: commands behind ``:`` and filters behind ``/``, with completion and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key, Paste
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from k9py.resources.model import Tone
from k9py.ui.keys import again
from k9py.ui.look import Look
from k9py.ui.statusline import Bar

SHOWN_COMPLETIONS = 8
"""Rows of the completion list; a third of an 80x24 screen."""


class Candidate(msgspec.Struct, frozen=True):
    """One completion."""

    text: str
    """What the list shows."""
    line: str
    """The whole line once accepted."""
    hint: str = ""
    """What it is, at the right of the list."""


class Typed(msgspec.Struct, frozen=True):
    """How a prompt was left."""

    mode: str
    text: str
    best: str = ""
    """The completion whose beginning the text is; empty when there is none."""
    cancelled: bool = False


Completer = Callable[[str], Sequence[Candidate]]
"""Returns the candidates for a line, best first."""


class Completions(Widget):
    """The list under the prompt, a rule below it; the line at ``chosen`` is the one Tab and Enter take."""

    DEFAULT_CSS = """
    Completions { layer: above; display: none; height: auto; width: 1fr; offset: 0 2; dock: top; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.candidates: Sequence[Candidate] = ()
        self.chosen = -1
        """Index of the chosen candidate; -1 while the person has only typed."""

    def show(self, candidates: Sequence[Candidate]) -> None:
        """Show these, none chosen; an empty list hides the widget."""
        self.candidates = candidates
        self.chosen = -1
        self.display = bool(candidates)
        self.styles.height = min(SHOWN_COMPLETIONS, len(candidates)) + 1
        self.refresh()

    def step(self, by: int) -> Candidate | None:
        """Choose the next candidate around the end and return it."""
        if not self.candidates:
            return None
        count = len(self.candidates)
        self.chosen = (self.chosen + by) % count if self.chosen >= 0 else (0 if by > 0 else count - 1)
        self.refresh()
        return self.candidates[self.chosen]

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one candidate."""
        width = self.size.width
        if y == self.size.height - 1:
            return Strip([Segment(self._look.glyphs.rule * width, self._look.rule)], width)
        first = max(0, self.chosen - SHOWN_COMPLETIONS + 1)
        index = first + y
        if index >= len(self.candidates):
            return Strip.blank(width, self._look.bar)
        candidate = self.candidates[index]
        is_chosen = index == self.chosen
        style = self._look.cursor if is_chosen else self._look.bar
        hint_style = style if is_chosen else self._look.style(Tone.DIM, raised=True)
        pointer = self._look.glyphs.cursor if is_chosen else " "
        text = f" {pointer} {candidate.text}"
        hint = self._look.glyphs.own(f"{candidate.hint} ")
        gap = max(1, width - cell_len(text) - cell_len(hint))
        strip = Strip([Segment(text + " " * gap, style), Segment(hint, hint_style)])
        return strip.adjust_cell_length(width, style)


class LineEdit(Input):
    """Textual's line editor with the keys of a prompt; every key it binds reaches its :class:`Prompt`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+p", "prompt('older')", show=False),
        Binding("down,ctrl+n", "prompt('newer')", show=False),
        Binding("tab", "prompt('complete')", show=False),
        Binding("shift+tab", "prompt('complete_back')", show=False),
        Binding("escape", "prompt('cancel')", show=False),
        Binding("right,ctrl+f", "prompt('right')", show=False),
    ]

    seen: Key | None = None
    """The key that came last: what bubbles up from here has been here."""

    @property
    def prompt(self) -> Prompt:
        """The prompt around this line."""
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        return prompt

    def action_prompt(self, what: str) -> None:
        """Hand a key to the prompt."""
        self.prompt.key(what)

    async def action_submit(self) -> None:
        """Enter: the line is carried out before the next key is looked at."""
        self.prompt.submit()

    async def _on_key(self, event: Key) -> None:
        """Take a key; one that was on its way when the prompt closed is meant for what has the focus now."""
        self.seen = event
        if self.prompt.mode:
            await super()._on_key(event)
            return
        again(self, event)

    def _on_paste(self, event: Paste) -> None:
        """Paste one line: what follows a line break would otherwise be lost or run."""
        event.prevent_default()
        event.stop()
        text = " ".join(event.text.split())
        self.replace(text, *self.selection) if not self.selection.is_empty else self.insert_text_at_cursor(text)


class Prompt(Horizontal):
    """A sign, a line editor, and a message at the right; hidden until opened."""

    DEFAULT_CSS = """
    Prompt { height: 1; display: none; }
    Prompt > .sign { width: auto; }
    Prompt > LineEdit > .input--selection { text-style: reverse; }
    Prompt > LineEdit { width: 1fr; height: 1; border: none; padding: 0; background: transparent; }
    Prompt > Bar { width: auto; max-width: 60%; }
    """

    @dataclass
    class Changed(Message):
        """The text changed; answer with :meth:`Prompt.say`."""

        mode: str
        text: str

    def __init__(self, look: Look, completions: Completions) -> None:
        super().__init__(id="prompt")
        self._look = look
        self._completions = completions
        self._completer: Completer = lambda _: ()
        self._history: Sequence[str] = ()
        self._history_at = -1
        self._typed = ""
        """The line as typed before history or completions replaced it."""
        self._setting = False
        self._done: Callable[[Typed], None] = lambda _: None
        self.mode = ""
        """``:`` or ``/`` while open, else empty."""

    def compose(self) -> ComposeResult:
        """A sign, the line, the complaint."""
        yield Bar(self._look, id="prompt-sign")
        yield LineEdit(compact=True, select_on_focus=False, id="prompt-line")
        yield Bar(self._look, id="prompt-says")

    def on_mount(self) -> None:
        """No blinking: it costs bytes for nothing."""
        self.line.cursor_blink = False
        self.query_one("#prompt-sign", Bar).styles.width = 2

    @property
    def line(self) -> LineEdit:
        """The line editor."""
        return self.query_one(LineEdit)

    def set_look(self, look: Look) -> None:
        """Take another theme."""
        self._look = look
        for bar in self.query(Bar):
            bar.set_look(look)

    def open(
        self,
        mode: str,
        text: str,
        *,
        completer: Completer,
        history: Sequence[str],
        done: Callable[[Typed], None],
        chosen: bool = False,
    ) -> None:
        """Show the prompt with a text to edit, the caret behind it; when ``chosen``, what is typed replaces it.

        ``done`` is called, not messaged, when it is left: keys typed ahead must meet what the line did.
        """
        self.mode = mode
        self._done = done
        self._completer = completer
        self._history = history
        self._history_at = -1
        self._typed = text
        sign = self.query_one("#prompt-sign", Bar)
        sign.styles.width = 2 if len(mode) == 1 else cell_len(mode) + 2
        sign.show(((f" {mode}", Tone.ACCENT),))
        self.say("")
        self.display = True
        self._set(text)
        if chosen:
            self.line.select_all()
        self.line.focus()
        self._completions.show(self._completer(text) if mode == ":" else ())

    def take_ahead(self, event: Key) -> None:
        """Take a key that was typed before the line had the focus, Enter and Escape too."""
        self.line.focus()
        again(self, event)

    def close(self) -> None:
        """Hide the prompt and its list."""
        self.mode = ""
        self.display = False
        self._completions.show(())

    def say(self, message: str, tone: Tone = Tone.DIM) -> None:
        """Say at the right what the text finds or what is wrong with it; empty for nothing."""
        bar = self.query_one("#prompt-says", Bar)
        bar.styles.width = min(cell_len(message) + 2, 60) if message else 0
        bar.show(((f"{message} ", tone),) if message else ())

    def key(self, what: str) -> None:
        """Act on a key of the prompt: older, newer, complete, complete_back, right, cancel."""
        match what:
            case "cancel":
                mode = self.mode
                self.close()
                self._done(Typed(mode, "", cancelled=True))
            case "complete" | "complete_back":
                self._take(self._completions.step(1 if what == "complete" else -1))
            case "right":
                at_end = self.line.cursor_position >= len(self.line.value)
                if at_end and self._completions.candidates:
                    self._accept(self._completions.step(1))
                else:
                    self.line.action_cursor_right()
            case "older" | "newer" if self._completions.display and self.line.value and self._history_at < 0:
                self._take(self._completions.step(-1 if what == "older" else 1))
            case "older" | "newer":
                self._walk_history(1 if what == "older" else -1)

    def _walk_history(self, by: int) -> None:
        if not self._history:
            return
        at = min(max(-1, self._history_at + by), len(self._history) - 1)
        self._history_at = at
        self._set(self._history[-1 - at] if at >= 0 else self._typed)
        self._completions.show(())

    def _take(self, candidate: Candidate | None) -> None:
        """Put a candidate on the line and keep the list, so the next Tab goes on."""
        if candidate is not None:
            self._set(candidate.line)

    def _accept(self, candidate: Candidate | None) -> None:
        """Put a candidate on the line and look for what may follow it."""
        if candidate is not None:
            self._set(candidate.line)
            self._completions.show(self._completer(candidate.line))

    def _set(self, text: str) -> None:
        if self.line.value != text:
            self._setting = True
            self.line.value = text
        self.line.cursor_position = len(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Complete what was typed and tell the owner; a line set by us is told but not completed again."""
        event.stop()
        if not self.mode:
            return
        if self._setting:
            self._setting = False
        else:
            self._typed = event.value
            self._history_at = -1
            self._completions.show(self._completer(event.value))
        self.post_message(self.Changed(self.mode, event.value))

    def submit(self) -> None:
        """Close and hand the line over; the owner reopens it when the line means nothing."""
        mode, text = self.mode, self.line.value
        typed = text.lower().strip()
        best = next((c.line for c in self._completions.candidates if typed and c.line.startswith(typed)), "")
        self.close()
        self._done(Typed(mode, text, best))
