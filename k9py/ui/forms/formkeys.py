"""What keys do in a form: which action each is, who carries it out, and those typed before there was a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.events import Key

from k9py.resources.action import Where
from k9py.ui.keys import again, key_name, passed_on

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

ON_BOTH_SIDES = frozenset(
    {"form.review", "form.switch", "form.discard", "form.external", "form.objects", "form.theirs"}
)
"""Actions of the form that mean the same while the YAML has the focus."""

Handler = Callable[[], Awaitable[None] | None]


class FormKeys:
    """Takes the keys of one form, one after the other."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen
        self.typed_ahead: list[Key] = []
        """Keys typed while the form was made."""
        self.is_ready = False
        """True once they were taken."""

    def handlers(self) -> dict[str, Handler]:
        """Return what carries out the actions of a form, by id."""
        screen = self._screen
        moves, finder, items, ending = screen.moves, screen.finder, screen.items, screen.ending
        return {
            "back": self._back,
            "jump": finder.jump,
            "form.next": moves.forward,
            "form.previous": moves.back,
            "form.page-up": lambda: screen.list.page(-1),
            "form.page-down": lambda: screen.list.page(1),
            "form.first": lambda: moves.leap(-len(screen.list.rows)),
            "form.last": lambda: moves.leap(len(screen.list.rows)),
            "form.review": ending.review,
            "form.search": finder.search,
            "form.choose": screen.choose_here,
            "form.sections": finder.sections,
            "form.level": screen.turn_level,
            "form.switch": moves.switch_sides,
            "form.presets": finder.presets,
            "form.objects": finder.objects,
            "form.why": finder.explain,
            "form.keys": lambda: screen.k9.globals.show_help(),
            "form.problem": moves.next_problem,
            "form.discard": ending.discard,
            "form.theirs": screen.watching.choose,
            "form.external": lambda: screen.yaml.outside(),
            "form.value": screen.values.edit_here,
            "form.reveal": lambda: screen.list.reveal(),
            "form.add": items.add_here,
            "form.remove": items.remove_here,
            "form.item-up": lambda: items.move(-1),
            "form.item-down": lambda: items.move(1),
            "form.undo": lambda: screen.undo("undo"),
            "form.redo": lambda: screen.undo("redo"),
        }

    def _back(self) -> None:
        """Take the marks of a search away, else leave."""
        screen = self._screen
        if screen.where is not Where.EDITOR or not screen.yaml.finder.forget():
            screen.ending.leave()

    async def catch_up(self) -> None:
        """Take what was typed before there was anything to type in."""
        while self.typed_ahead:
            key = self.typed_ahead.pop(0)
            if self._screen.app.screen is self._screen:
                await self.take(key)
            else:
                again(self._screen, key)  # meant for what a key before it opened
        self.is_ready = True

    async def press(self, event: Key) -> None:
        """Carry out what a key means here; letters are text."""
        screen = self._screen
        if self.is_ready and passed_on(screen, event):
            return
        if screen.prompt.mode:
            if event is not screen.prompt.line.seen:
                screen.prompt.take_ahead(event)
            return
        if event is not screen.list.passed_up and not screen.editor.has_focus:
            # Handed to the screen before anything had the focus: the form was not asked yet.
            await self.take(event)
            return
        await self._carry_out(event)

    async def take(self, event: Key) -> None:
        """Take a key that did not come by way of the form, as if it had."""
        self._screen.list.focus()
        if self._screen.list.take_key(event):
            event.stop()
            event.prevent_default()
        else:
            await self._carry_out(event)

    async def _carry_out(self, event: Key) -> None:
        screen = self._screen
        actions, name = screen.k9.actions, key_name(event)
        action = None
        if screen.where is Where.EDITOR:
            action = actions.by_key(name, Where.FORM)
            if action is None or action.id not in ON_BOTH_SIDES:
                action = actions.by_key(name, Where.EDITOR)
        else:
            action = actions.by_key(name, Where.FORM)
        if action is None or (event.is_printable and len(name) == 1):
            return
        event.stop()
        event.prevent_default()
        await screen.k9.carrier.carry_out(action)
