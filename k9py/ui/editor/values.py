"""Single values of a text, and the person's own editor: shown, edited alone, edited outside, and put back."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from k9py.changes.editing import HIDDEN
from k9py.core import yamledit, yamlspans
from k9py.core.diffs import is_secret
from k9py.core.encoded import binary_word
from k9py.core.errors import K9Error, UsageError, YamlError
from k9py.core.yamlspans import Path
from k9py.resources.action import Action
from k9py.resources.model import Tone
from k9py.ui.editor.external import edit_outside
from k9py.ui.editor.outline import path_words
from k9py.ui.editor.subjects import LiveSubject, ValueSubject, places

if TYPE_CHECKING:
    from k9py.ui.editor.screen import EditScreen


@dataclass(frozen=True, slots=True)
class ValueAt:
    """The value at the caret."""

    number: int
    """Which document of the text, from 0."""
    document: Any
    path: Path
    value: Any


def value_at(text: str, line: int, column: int) -> ValueAt:
    """Return the value at a place, from 0; raises YamlError for a text that cannot be read, UsageError for nothing."""
    found: tuple[int, Any, Any] | None = None
    for number, (first, document, node) in enumerate(places(text)):
        if first <= line or found is None:
            found = number, document, node
    if found is None:
        raise UsageError("there is no value here")
    number, document, node = found
    path = yamlspans.path_at(node, line + 1, column + 1)
    value = document
    for step in path:
        value = value[int(step) if isinstance(value, list) else step]
    return ValueAt(number, document, path, value)


def with_value_at(obj: Any, path: Path, value: Any) -> Any:
    """Return a value with another one at a path of keys and positions."""
    if not path:
        return value
    step, *rest = path
    if isinstance(obj, list):
        return [with_value_at(one, tuple(rest), value) if at == step else one for at, one in enumerate(obj)]
    return {key: with_value_at(one, tuple(rest), value) if key == step else one for key, one in obj.items()}


@contextmanager
def unbothered() -> Iterator[None]:
    """Let Ctrl-C be the other program's; a handler, unlike ignoring it, is not inherited."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Values:
    """Works on single values of one screen's text."""

    def __init__(self, screen: EditScreen) -> None:
        self._screen = screen
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {
            "editor.reveal": self.reveal,
            "editor.value": self.edit_value,
            "editor.external": self.outside,
        }

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now; empty when it does."""
        subject = self._screen.subject
        if action.id == "editor.reveal" and not (isinstance(subject, LiveSubject) and subject.view.is_secret):
            return "Nothing is hidden in this text"
        if action.id == "editor.value" and isinstance(subject, ValueSubject):
            return "This is one value already"
        return ""

    def _at_caret(self) -> ValueAt:
        editor = self._screen.editor
        try:
            return value_at(editor.text, *editor.caret)
        except YamlError as error:
            editor.go_to(max(0, error.line - 1), max(0, error.column - 1))
            raise

    def _put(self, at: ValueAt, value: str) -> None:
        """Put a value back into the text, as one step, leaving everything else as it is."""
        editor = self._screen.editor
        text = yamledit.rewrite(editor.text, with_value_at(at.document, at.path, value), document=at.number)
        if editor.document.set_text(text):
            editor.edited()

    # ------------------------------------------------------------------ secrets

    def _secret_text(self, at: ValueAt) -> str | None:
        """Return what a masked value stands for; None when it is not masked."""
        subject = self._screen.subject
        if not isinstance(subject, LiveSubject) or not subject.view.is_secret or len(at.path) != 2:
            return None
        if not is_secret(at.document) or at.path[0] != "stringData" or at.value != HIDDEN:
            return None
        return subject.view.value_of(str(at.path[1]))

    def reveal(self) -> None:
        """Show the value at the caret, or hide it again when it is as it was."""
        subject, at = self._screen.subject, self._at_caret()
        if not isinstance(subject, LiveSubject) or len(at.path) != 2 or at.path[0] not in ("stringData", "data"):
            raise UsageError("there is no secret value here", remedy="Put the caret on one below stringData")
        key = str(at.path[1])
        hidden, was_changed = self._secret_text(at), self._screen.is_changed
        if hidden is not None:
            self._put(at, hidden)
        elif at.path[0] == "stringData" and at.value == subject.view.value_of(key):
            self._put(at, HIDDEN)
        elif at.path[0] == "stringData":
            raise UsageError(f"{key} is yours: it is hidden once it is written")
        else:
            raise UsageError(f"{key} is no text: it is kept as it is")
        if not was_changed:
            self._screen.changes_nothing()

    # ------------------------------------------------------------------ one value

    def edit_value(self) -> None:
        """Edit the value at the caret as a text of its own."""
        from k9py.ui.editor.screen import EditScreen  # a screen opens another of its kind

        at = self._at_caret()
        words = path_words(at.path)
        subject = self._screen.subject
        had = subject.base.get("data") or {} if subject.base is not None else {}
        if len(at.path) == 2 and at.path[0] == "data" and is_secret(at.document):
            key = str(at.path[1])
            if key in had and at.value == binary_word(had[key]):
                raise UsageError(f"{key} is no text ({at.value}): it is kept as it is")
        if not isinstance(at.value, str):
            raise UsageError(f"{words or 'this'} is no text", remedy="Put the caret on a value that is one")
        hidden = self._secret_text(at)
        text = hidden if hidden is not None else at.value

        def take(value: str) -> None:
            self._screen.k9.attempt(lambda: self._put(at, value))
            self._screen.k9.flash_text(f"{words} is taken over; ctrl+z takes it back")

        self._screen.k9.push_screen(
            EditScreen(
                ValueSubject(words, text, take, suffix=PurePath(str(at.path[-1])).suffix or ".txt"),
                self._screen.session,
            )
        )

    # ------------------------------------------------------------------ $EDITOR

    def outside(self) -> None:
        """Edit the text in the person's own editor."""
        # In the application's own turn: nothing may paint while the terminal is lent.
        self._screen.k9.call_later(self._outside)

    async def _outside(self) -> None:
        screen = self._screen
        editor, subject = screen.editor, screen.subject
        suffix = subject.suffix
        try:
            with unbothered():
                text = await edit_outside(
                    screen.k9, editor.text, title=subject.title, suffix=suffix, saved=screen.keep,
                    line=editor.caret[0] + 1,
                )  # fmt: skip
        except K9Error as error:
            screen.keep(editor.text)
            screen.k9.repaint_all()
            screen.k9.flash(error)
            return
        if not editor.text.endswith("\n") and text == f"{editor.text}\n":
            # Editors end the last line by themselves; nobody meant that as a change.
            text = editor.text
        if not editor.document.set_text(text):
            screen.keep(text)
            return
        editor.edited()
        if subject.is_yaml:
            self._show_error(text)

    def _show_error(self, text: str) -> None:
        """Put the caret to where the text cannot be read, if it cannot."""
        try:
            places(text)
        except YamlError as error:
            self._screen.editor.go_to(max(0, error.line - 1), max(0, error.column - 1))
            self._screen.k9.flash_text(f"{error.with_remedy()}; nothing is lost, mend it here or with f4", Tone.BAD)
