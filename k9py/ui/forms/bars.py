"""The lines around a form: what is made, how much is wrong with it, why the field is there, which keys work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from k9py.manifests.forms.fields import Input
from k9py.resources.action import Where
from k9py.resources.model import Tone
from k9py.ui.forms.rows import FormRow, RowKind
from k9py.ui.keys import footer, hints
from k9py.ui.statusline import Bar, Spans

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen


class FormBars:
    """Writes the bars of one form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def show(self) -> None:
        """Bring every bar up to date."""
        screen = self._screen
        screen.query_one("#form-title", Bar).show(self._title(), self._state())
        screen.query_one("#form-why", Bar).show(self._why())
        look = screen.k9.look
        if screen.prompt.mode:
            screen.query_one("#keys", Bar).show(hints((("enter", "take"), ("escape", "leave")), look.glyphs))
            return
        actions = screen.k9.offering.available(screen.where or Where.FORM, footer_only=True)
        switch = screen.k9.actions.get("form.switch")
        if screen.where is Where.EDITOR and switch is not None:
            actions = [*actions, replace(switch, title="form")]
        screen.query_one("#keys", Bar).show(footer(actions, look.glyphs, screen.size.width))

    def _title(self) -> Spans:
        screen, glyphs = self._screen, self._screen.k9.look.glyphs
        gap = f" {glyphs.separator} "
        spans = [(f" {screen.verb}", Tone.ACCENT), (gap, Tone.DIM), (screen.title_text, Tone.PLAIN)]
        lives_in_one = any(model.form.namespaced for model in screen.sheet.models)
        if screen.namespace and lives_in_one and not (screen.is_narrow and screen.sheet.recipe is not None):
            spans.append((f"{gap}namespace {screen.namespace}", Tone.DIM))
        if screen.is_narrow:
            side = "YAML" if screen.shows_yaml else "form"
            spans.append((f"{gap}{side}", Tone.DIM))
        if screen.sheet.broken is not None:
            spans.append((f"  {glyphs.bad} the YAML cannot be read", Tone.BAD))
        return tuple(spans)

    def _state(self) -> Spans:
        screen, told = self._screen, self._screen.told
        gap = f" {screen.k9.look.glyphs.separator} "
        count = len(screen.sheet.models)
        spans: list[tuple[str, Tone]] = [("all fields" if screen.advanced else "basic", Tone.DIM)]
        if count != 1:
            spans += [(gap, Tone.DIM), (_counted(count, "object"), Tone.PLAIN)]
        if told.errors:
            spans += [(gap, Tone.DIM), (_counted(told.errors, "problem"), Tone.BAD)]
        if told.warnings:
            spans += [(gap, Tone.DIM), (_counted(told.warnings, "warning"), Tone.WARN)]
        if told.missing:
            spans += [(gap, Tone.DIM), (f"{told.missing} needed", Tone.WARN)]
        return (*spans, (" ", Tone.DIM))

    def _why(self) -> Spans:
        screen = self._screen
        if not screen.list.has_focus:
            return self._caret_note()
        row = screen.list.row
        if row is None:
            return ((" No field here; f9 shows the YAML", Tone.DIM),)
        glyphs = screen.k9.look.glyphs
        parts = [row.why] if row.why else []
        if row.required and not row.text:
            parts.append("needed")
        if row.fixed:
            if "fixed" not in row.why:
                parts.append("fixed once the object is there")
        else:
            parts += self._how(row)
        gap = f" {glyphs.separator} "
        return ((f" {row.label}: ", Tone.ACCENT), (gap.join(parts), Tone.DIM))

    def _how(self, row: FormRow) -> list[str]:
        """Return how the field is filled in."""
        screen = self._screen
        if row.kind is RowKind.LIST:
            return ["+ adds", "ctrl+d removes the item the cursor is in"]
        if row.kind is RowKind.MAP:
            return ["key=value and enter adds"]
        lines = len(row.text.removesuffix("\n").split("\n"))
        opens = f"enter opens its {lines} lines" if lines > 1 else "ctrl+e for several lines"
        if row.is_binary:
            return ["no text: kept as it is", "ctrl+d removes it"]
        if row.kind is RowKind.PAIR:
            replaces = ["typing replaces it"] if screen.list.is_chosen else []
            return [*replaces, opens, "ctrl+d removes it", *(["f6 shows it"] if row.secret else [])]
        if row.input is Input.SWITCH and row.is_choice:
            return ["space turns it round"]
        if row.is_choice:
            return ["space chooses"]
        found = ["typing replaces it"] if screen.list.is_chosen else [f"otherwise {row.hint}"] if row.hint else []
        if row.takes_lines:
            found.append(opens)
        if row.pick or row.choices:
            found.append("ctrl+space chooses")
        if row.secret:
            found.append("f6 shows it")
        return found

    def _caret_note(self) -> Spans:
        screen = self._screen
        note = screen.editor.note
        line, column = screen.editor.caret
        place = f" line {line + 1}, column {column + 1}  "
        if note is None:
            return ((place, Tone.DIM), (screen.yaml.field_line(), Tone.DIM))
        return ((place, Tone.DIM), (note.text, Tone.BAD if note.is_error else Tone.WARN))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
