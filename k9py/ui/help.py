"""Help: the actions that work here and now, grouped; type to search, Enter runs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from k9py.core.refs import ApiResource
from k9py.resources.action import Action, Named
from k9py.resources.model import Tone
from k9py.ui.keys import key_text
from k9py.ui.look import Look
from k9py.ui.overlay import Choice, Overlay

KEYS_SHOWN = 3
"""Keys named per action; the keymap lists the rest."""

GROUPS = ("look", "table", "move", "marks", "copy", "panes", "general")
"""Headings in the order people look for them: what is special to this place first, what holds everywhere last."""

GROUP_CELLS, KEY_CELLS = 8, 19


def by_group(action: Action) -> int:
    """Return where an action's group stands; unknown groups come last."""
    return GROUPS.index(action.group) if action.group in GROUPS else len(GROUPS)


class HelpScreen(Overlay[str | None]):
    """Dismisses with the id of the action to run, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1", "leave", show=False, priority=True)]

    def __init__(
        self,
        look: Look,
        actions: Sequence[Action],
        resource: ApiResource | None,
        subject: Named | None,
        *,
        container: str = "",
        place: str = "",
    ) -> None:
        """``resource``, ``subject`` and ``container`` fill in the kubectl commands; ``place`` says where keys work."""
        super().__init__(look, longest=len(actions), placeholder="type to search")
        self._actions = sorted((action for action in actions if action.keys), key=by_group)
        self._resource = resource
        self._subject = subject
        self._container = container
        self._place = place

    def filter_changed(self, text: str) -> None:
        """Narrow to the actions in which every word occurs."""
        words = text.lower().split()
        choices: list[Choice] = []
        group = ""
        for action in self._actions:
            keys = " ".join(key_text(key, self._look.glyphs) for key in action.keys[:KEYS_SHOWN])
            searched = f"{keys} {action.title} {action.help} {action.group}".lower()
            if not all(word in searched for word in words):
                continue
            heading = action.group if action.group != group else ""
            group = action.group
            choices.append(Choice(action.id, f"{heading:<{GROUP_CELLS}} {keys:<{KEY_CELLS}} {action.help}"))
        self.list.show(choices)
        what = "Keys that work here and now" + (f": {self._place}" if self._place else "")
        none = (("  nothing matches", Tone.WARN),) if not choices else ()
        self.title_bar.show(
            ((f" {what}", Tone.ACCENT), *none), ((f"{self._look.glyphs.enter} run  esc leave ", Tone.DIM),)
        )
        self.moved()

    def moved(self) -> None:
        """Show the equivalent kubectl command of the action under the cursor."""
        choice = self.list.current
        action = next((a for a in self._actions if choice is not None and a.id == choice.id), None)
        text = ""
        if action is not None and action.kubectl and self._resource is not None and self._subject is not None:
            text = action.kubectl_for(self._resource, self._subject, self._container)
        place = f"{self.list.at + 1} of {len(self.list.choices)} " if self.list.choices else ""
        self.foot.show(((f" {text}", Tone.DIM),) if text else (), ((place, Tone.DIM),))

    def action_pick(self) -> None:
        """Leave and run what is under the cursor."""
        choice = self.list.current
        self.dismiss(choice.id if choice is not None else None)
