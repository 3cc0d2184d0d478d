"""Help: the actions that work here and now, grouped; type to search, Enter runs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from k9py.core.refs import ApiResource
from k9py.kube.rows import Row
from k9py.resources.actions import Action
from k9py.resources.model import Tone
from k9py.ui.keys import key_text
from k9py.ui.look import Look
from k9py.ui.picker import Choice, ChoiceList
from k9py.ui.statusline import Bar
from k9py.ui.theming import colour_of

KEYS_SHOWN = 3
"""Keys named per action; the keymap lists the rest."""


class HelpScreen(ModalScreen[str | None]):
    """Dismisses with the id of the action to run, or None."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: transparent; }
    HelpScreen > Vertical { width: 100; max-width: 98%; height: 96%; }
    HelpScreen Input { border: none; height: 1; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "leave", show=False, priority=True),
        Binding("up,ctrl+p", "step(-1)", show=False, priority=True),
        Binding("down,ctrl+n", "step(1)", show=False, priority=True),
        Binding("pageup", "step(-15)", show=False, priority=True),
        Binding("pagedown", "step(15)", show=False, priority=True),
        Binding("enter", "run", show=False, priority=True),
    ]

    def __init__(self, look: Look, actions: Sequence[Action], resource: ApiResource | None, row: Row | None) -> None:
        super().__init__()
        self._look = look
        self._actions = sorted(actions, key=lambda action: action.group != "look")
        self._resource = resource
        self._row = row

    def compose(self) -> ComposeResult:
        """Search line, the actions, the kubectl command of the chosen one."""
        with Vertical():
            yield Bar(self._look, id="help-title", raised=True)
            yield Input(placeholder="type to search", compact=True)
            yield ChoiceList(self._look)
            yield Bar(self._look, id="help-kubectl", raised=True)

    def on_mount(self) -> None:
        """Show everything."""
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()
        for widget in (self.query_one(Vertical), line):
            widget.styles.background = colour_of(self._look.theme, "surface", self._look.depth)
            widget.styles.color = colour_of(self._look.theme, "text", self._look.depth)
        self.query_one("#help-title", Bar).show(
            ((" Keys that work here and now", Tone.ACCENT),), (("enter runs it  esc leaves ", Tone.DIM),)
        )
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow to what matches."""
        self._show(event.value)

    def _show(self, text: str) -> None:
        needle = text.lower().strip()
        choices: list[Choice] = []
        for action in self._actions:
            keys = " ".join(key_text(key, self._look.glyphs) for key in action.keys[:KEYS_SHOWN])
            if needle and needle not in f"{keys} {action.title} {action.help} {action.group}".lower():
                continue
            choices.append(Choice(action.id, f"{keys:<18} {action.help}", action.group))
        self.query_one(ChoiceList).show(choices)
        self._show_kubectl()

    def _show_kubectl(self) -> None:
        """Show the equivalent kubectl command of the action under the cursor."""
        choice = self.query_one(ChoiceList).current
        action = next((a for a in self._actions if choice is not None and a.id == choice.id), None)
        text = ""
        if action is not None and action.kubectl and self._resource is not None and self._row is not None:
            text = action.kubectl_for(self._resource, self._row)
        self.query_one("#help-kubectl", Bar).show(((f" {text}", Tone.DIM),) if text else ())

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(ChoiceList).step(by)
        self._show_kubectl()

    def on_choice_list_clicked(self, event: ChoiceList.Clicked) -> None:
        """A click moves the cursor there."""
        choices = self.query_one(ChoiceList)
        self.action_step(event.index - choices.at)

    def action_run(self) -> None:
        """Leave and run what is under the cursor."""
        choice = self.query_one(ChoiceList).current
        self.dismiss(choice.id if choice is not None else None)

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(None)
