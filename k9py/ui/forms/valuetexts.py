"""Values of a form as texts of their own: as many lines as they need, and $EDITOR on one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING

from k9py.core.encoded import decoded, encoded
from k9py.core.errors import UsageError
from k9py.manifests.forms.paths import get, put
from k9py.manifests.forms.sheet import Part
from k9py.manifests.problems import Path, path_text
from k9py.ui.forms.rows import FormRow, RowKind

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen


class FormValues:
    """Opens single values of one form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def edit_here(self) -> None:
        """Edit the value of the field under the cursor; a key typed for a map is taken first."""
        screen = self._screen
        row = screen.list.row
        if row is not None and row.kind is RowKind.MAP and screen.list.typed.strip():
            screen.list.flush()
            row = screen.list.row
        if row is None:
            return
        if row.kind is RowKind.MAP:
            raise UsageError("type the key first", remedy="ctrl+e then opens its value")
        if row.kind is RowKind.LIST or row.is_choice:
            raise UsageError(f"{row.label} has no text")
        self.edit(row)

    def edit(self, row: FormRow) -> None:
        """Edit the value of a row."""
        screen = self._screen
        if row.refusal:
            screen.refuse(row.refusal)
            return

        def take(text: str) -> None:
            screen.list.forget()
            screen.take(row, text)

        current = screen.list.row
        is_here = current is not None and current.place == row.place
        self._open(row.label, screen.list.typed if is_here else row.text, take)

    def edit_at_caret(self) -> None:
        """Edit the value at the caret of the YAML; one of a Secret as the text it stands for."""
        screen = self._screen
        screen.read_yaml()
        found = screen.sheet.place_at(*screen.editor.caret)
        if found is None:
            raise UsageError("there is no value here", remedy="Put the caret on one")
        part, path = found
        assert part.model is not None
        value = get(part.model.value, path) if path else None
        if not isinstance(value, str):
            raise UsageError(f"{path_text(path) or 'this'} is no text", remedy="Put the caret on a value that is one")
        is_encoded = part.model.form.kind == "Secret" and path[:1] == ("data",)
        text = decoded(value) if is_encoded else value
        if text is None:
            raise UsageError(f"{path[-1]} is no text: it is kept as it is")
        self._open(path_text(path), text, lambda text: self._put(part, path, encoded(text) if is_encoded else text))

    def _put(self, part: Part, path: Path, value: str) -> None:
        screen = self._screen

        def act() -> None:
            screen.sheet.change(part, lambda model: model.replace(put(model.value, path, value)))
            screen.changed()

        screen.do(act)

    def _open(self, title: str, text: str, take: Callable[[str], None]) -> None:
        from k9py.ui.editor.screen import EditScreen  # deferred: opened by a key
        from k9py.ui.editor.subjects import ValueSubject

        subject = ValueSubject(title, text, take, suffix=PurePath(title).suffix or ".txt")
        self._screen.k9.push_screen(EditScreen(subject, self._screen.k9.rooms.session))
