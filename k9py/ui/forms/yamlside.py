"""The YAML side of a form: values of Secrets covered, completion from the schema, and the keys of the editor there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.timer import Timer

from k9py.core.errors import UsageError
from k9py.core.text import safe_line
from k9py.manifests.forms.paths import get
from k9py.manifests.forms.sheet import Part
from k9py.manifests.problems import Path
from k9py.resources.action import Action, Where
from k9py.ui.editor.external import edit_outside
from k9py.ui.editor.finding import Finder
from k9py.ui.editor.livenames import LiveNames
from k9py.ui.editor.schemahelp import SchemaHelp
from k9py.ui.editor.widget import TextEditor
from k9py.ui.look import Look

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

VALUES = ("data", "stringData")
"""Where a Secret has its values."""
LINE_REST = 0.08
"""Seconds without a key after which the line about the field follows: several keys cost one look at the schema."""


class FormYaml(TextEditor):
    """An editor that covers what is secret."""

    def __init__(self, look: Look, text: str) -> None:
        super().__init__(look, text)
        self._covered: Mapping[int, int] = {}

    def cover(self, covered: Mapping[int, int]) -> None:
        """Cover lines from a column on."""
        if covered != self._covered:
            changed = {*self._covered, *covered}
            self._covered = covered
            for line in changed:
                self.repaint(line, line + 1)

    def shown_text(self, line: int) -> str:
        """Return what is painted of a line."""
        text = super().shown_text(line)
        column = self._covered.get(line)
        if column is None:
            return text
        return text[:column] + self._look.glyphs.gap * len(text[column:])


class YamlSide:
    """What the keys of the editor do beside a form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen
        self._help: SchemaHelp | None = None
        self.finder = Finder(screen, one_key="alt+r")  # f9 goes back to the form
        self._said: tuple[object, str] = (None, "")
        """For which place and text the line about the field was made, and the line."""
        self._rest: Timer | None = None
        self._revealed: set[tuple[int, Path]] = set()
        """Parts and paths of the secret values that are shown."""

    def start(self) -> None:
        """Take the keys of the editor."""
        screen, editor = self._screen, self._screen.editor
        schema = self._help = SchemaHelp(screen.sheet.kinds)
        editor.completer = lambda text, line, column: schema.complete(text, line, column, editor.is_in_text)
        names = LiveNames(screen.k9, editor, schema, lambda: screen.namespace)
        editor.typed_ahead = lambda: len(screen.k9.keys.waiting)
        screen.handlers |= {
            **editor.acts.handlers,
            **self.finder.handlers,
            "editor.undo": lambda: screen.undo("undo"),
            "editor.redo": lambda: screen.undo("redo"),
            "editor.complete": names.complete,
            "editor.save": lambda: screen.ending.review(),
            "editor.discard": lambda: screen.ending.discard(),
            "editor.external": self.outside,
            "editor.why": self.explain,
            "editor.keys": lambda: screen.k9.globals.show_help(),
            "editor.problem": self.next_problem,
            "editor.reveal": self.reveal,
            "editor.value": screen.values.edit_at_caret,
        }

    def refusal(self, action: Action) -> str:
        """Return why an action of the editor makes no sense beside a form; empty when it does."""
        if action.where is Where.EDITOR and action.id not in self._screen.handlers:
            return f"{action.title} is for texts alone: e in a list edits an object as YAML"
        if action.id == "editor.reveal" and not self._secrets():
            return "Nothing is hidden in this text"
        return self.finder.refusal(action)

    def _secrets(self) -> list[Part]:
        parts = self._screen.sheet.parts
        return [part for part in parts if part.model is not None and part.model.form.kind == "Secret"]

    def cover_secrets(self) -> None:
        """Cover the values of Secrets."""
        screen = self._screen
        covered: dict[int, int] = {}
        for part in self._secrets():
            assert part.model is not None
            for field in VALUES:
                values = get(part.model.value, (field,))
                for key in values if isinstance(values, dict) else ():
                    lines = screen.sheet.lines(part, (field, key))
                    if lines is None or (part.key, (field, key)) in self._revealed:
                        continue
                    text = screen.editor.document.lines
                    first = text[lines[0]] if lines[0] < len(text) else ""
                    covered[lines[0]] = first.find(": ") + 2 if ": " in first else len(first)
                    covered |= dict.fromkeys(range(lines[0] + 1, lines[1] + 1), 0)
        screen.editor.cover(covered)

    def reveal(self) -> None:
        """Show the secret value at the caret, or cover it again."""
        screen = self._screen
        screen.read_yaml()
        found = screen.sheet.place_at(*screen.editor.caret)
        is_value = found is not None and found[0] in self._secrets() and len(found[1]) == 2 and found[1][0] in VALUES
        if found is None or not is_value:
            raise UsageError("there is no secret value here", remedy="Put the caret on one below stringData")
        self._revealed ^= {(found[0].key, found[1])}
        self.cover_secrets()

    async def outside(self) -> None:
        """Edit the YAML in the person's own editor, and come back with everything kept."""
        screen = self._screen
        screen.list.flush()
        editor = screen.editor
        try:
            text = await edit_outside(
                screen.k9, editor.text, title=screen.title_text, suffix=".yaml", saved=screen.ending.keep_saved,
                line=editor.caret[0] + 1,
            )  # fmt: skip
            editor.replace_text(text)
            screen.read_yaml()
        finally:
            screen.ending.keep_anew()

    def field_line(self) -> str:
        """Return what the schema says of the field at the caret, in one line; empty until the caret rests there."""
        editor = self._screen.editor
        place = (editor.caret, editor.document.version)
        if self._said[0] == place:
            return self._said[1]
        if self._rest is not None:
            self._rest.stop()
        self._rest = self._screen.set_timer(LINE_REST, self._say_field)
        return ""

    def _say_field(self) -> None:
        """Find out what the schema says of the field at the caret, and say it."""
        editor = self._screen.editor
        if self._help is None:
            return
        field = self._help.at(editor.document.lines, *editor.caret, editor.is_in_text)
        self._said = ((editor.caret, editor.document.version), safe_line(field.line) if field is not None else "")
        self._screen.bars.show()

    def explain(self) -> None:
        """Say everything the schema says of the field at the caret."""
        from k9py.ui.editor.reading import ReadingScreen  # deferred: opened by a key

        screen, editor = self._screen, self._screen.editor
        assert self._help is not None
        title, text = self._help.explained(editor.document.lines, *editor.caret, editor.is_in_text)
        if editor.note is not None:
            text = f"{editor.note.text}\n\n{text}"
        if text:
            screen.k9.push_screen(ReadingScreen.of_text(title, text))
        else:
            screen.k9.flash_text("The schema knows nothing of this place")

    def next_problem(self) -> None:
        """Go to the next problem of the YAML, round the end."""
        notes, caret = self._screen.editor.notes, self._screen.editor.caret
        following = next((note for note in notes if (note.line, note.column) > caret), notes[0] if notes else None)
        if following is None:
            self._screen.k9.flash_text("Nothing is wrong with it")
        else:
            self._screen.editor.go_to(following.line, following.column)
