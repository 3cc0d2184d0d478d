"""What may stand in a field: its words, or the names of live objects and of those made on the same form."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from k9py.manifests.forms.fields import Input
from k9py.manifests.forms.paths import get
from k9py.manifests.offers import Asked
from k9py.ui.editor.livenames import Offers, names_for
from k9py.ui.forms.rows import OPTIONS, FormRow, RowKind
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

UNSET = "\x00unset"
"""Id of the choice that takes a value back."""


class Picker:
    """Opens the list of what may stand in a field."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def choose(self, row: FormRow, ahead: str) -> None:
        """Offer what may stand in a row; ``ahead`` was typed already. Lists of live objects are read first."""
        screen = self._screen
        if row.refusal:
            screen.refuse(row.refusal)
        elif row.choices:
            self._open(row, [Choice(word, word) for word in row.choices], ahead)
        elif row.pick:
            self._offer_live(row, ahead)
        else:
            screen.refuse(f"Nothing is known that {row.label} could be chosen from")

    def _offer_live(self, row: FormRow, ahead: str) -> None:
        """Read the names, then offer them; keys typed meanwhile are the list's, not the form's."""
        from k9py.ui.forms.waiting import WaitScreen  # it opens forms itself

        app = self._screen.k9
        waiting = WaitScreen(app.look, lambda: _given_up(task))
        app.push_screen(waiting)

        async def read() -> None:
            try:
                offered = await self.live(row)
                choices = [Choice(name, name, hint) for name, hint in offered]
                waiting.hand_over(lambda: self._open(row, choices, ahead))
            except BaseException:
                waiting.dismiss()
                raise

        task = app.start_loudly(read(), name="choices")

    def _open(self, row: FormRow, choices: list[Choice], ahead: str) -> PickScreen:
        screen = self._screen
        several = row.input is Input.LIST
        marked = [word.strip() for word in screen.list.typed.split(",") if word.strip()] if several else []
        if not several and row.text and not row.required:
            choices.append(Choice(UNSET, "(nothing)", f"otherwise {row.hint}" if row.hint else "take it back"))

        def typed(text: str) -> Choice:
            return Choice(text, text, "as typed")

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids is not None:
                self._take(row, ids)

        overlay = PickScreen(
            screen.k9.look, row.label, choices, several=several, marked=marked, current=row.text,
            empty=_nothing(row, screen.namespace), free_text=None if row.is_choice else typed, replaces=True,
        )  # fmt: skip
        screen.k9.push_screen(overlay, picked)
        overlay.type_ahead(ahead)
        return overlay

    def _take(self, row: FormRow, ids: tuple[str, ...]) -> None:
        screen = self._screen
        text = "" if ids == (UNSET,) else ",".join(ids)
        if row.kind is RowKind.MAP:
            text = ids[0]
        screen.list.forget()
        screen.take(row, text)

    # ------------------------------------------------------------------ live objects

    async def live(self, row: FormRow) -> Offers:
        """Return what live objects offer for a row, each with a hint, and those made on the same form."""
        screen = self._screen
        part = screen.sheet.part_of(row.part) if row.part != OPTIONS else None
        model = part.model if part is not None else None
        document = model.value if model is not None else {}
        namespace = get(document, ("metadata", "namespace")) or screen.namespace
        # A field for one label is offered the values of that label, a map of labels whole pairs.
        key = str(row.path[-1]) if row.path and row.kind is not RowKind.MAP else ""
        asked = Asked(row.pick, str(namespace), document, row.path, key)
        others = [obj for obj in screen.sheet.objects if obj is not document]
        return (await names_for(screen.k9, asked, others, screen.sheet.kinds, screen.namespace))[0]


def _given_up(task: asyncio.Task[None]) -> None:
    task.cancel()


def _nothing(row: FormRow, namespace: str) -> str:
    if row.pick == "images":
        return "no image is used yet: type one"
    return f"there is none in {namespace}" if row.pick else "nothing to choose from"
