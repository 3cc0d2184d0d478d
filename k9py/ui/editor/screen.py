"""The editor as a screen: title, text, what there is to say about the caret's place, keys."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.events import Key, Resize
from textual.screen import Screen

from k9py.changes.drafts import without_secrets
from k9py.changes.model import Report, Trouble
from k9py.core.errors import InputError, YamlError
from k9py.core.text import safe_line
from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.burst import TEXT_KEYS
from k9py.ui.editor.checking import Checker
from k9py.ui.editor.document import Place
from k9py.ui.editor.finding import Finder
from k9py.ui.editor.keeping import Keeper, loses_secrets
from k9py.ui.editor.subjects import LiveSubject, Subject, ValueSubject
from k9py.ui.editor.values import Values
from k9py.ui.editor.watching import Watcher
from k9py.ui.editor.widget import TextEditor
from k9py.ui.flash import Flash
from k9py.ui.keys import footer, hints, passed_on
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen
from k9py.ui.prompt import Completions, Prompt
from k9py.ui.statusline import Bar, Spans, width_of

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App
    from k9py.ui.editor.schemahelp import SchemaHelp

AROUND_REST = 0.08
"""Seconds after a key until title, foot and keys follow: several keys cost one look at the schema."""

ESCAPE: Spans = ((" esc", Tone.ACCENT), (" leave ", Tone.PLAIN))


class EditScreen(Screen[None]):
    """Edits one subject until it is written or left."""

    DEFAULT_CSS = """
    EditScreen { layers: base above; }
    EditScreen #edit-others { display: none; }
    """
    AUTO_FOCUS = "TextEditor"

    stays = True
    """Keys that lead elsewhere are refused: they would leave something unfinished."""

    def __init__(self, subject: Subject, session: Session) -> None:
        super().__init__()
        self.subject = subject
        self.session = session
        self._start: tuple[str, Place] | None = None
        self._as_began = {subject.text}
        """Texts that change nothing: as it began, and with values of a Secret shown."""
        self._drawing: asyncio.TimerHandle | None = None
        self._finder = Finder(self)
        self._watcher = Watcher(self)
        self._checker = Checker(self)
        self._values = Values(self)
        self._help: SchemaHelp | None = None
        """What the schema says; None while it is read."""
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {}

    def start_with(self, text: str, caret: Place = (0, 0)) -> None:
        """Begin with another text than the subject's, as a change to it."""
        self._start = (text, caret)

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def is_open(self) -> bool:
        """True while its parts are there: what comes late from the background finds none."""
        return self.is_mounted and bool(self.query(TextEditor))

    @property
    def where(self) -> Where | None:
        """The text, unless a line is typed in."""
        return None if self.prompt.mode else Where.EDITOR

    @property
    def editor(self) -> TextEditor:
        """The text."""
        return self.query_one(TextEditor)

    @property
    def prompt(self) -> Prompt:
        """The line that is typed in."""
        return self.query_one(Prompt)

    def compose(self) -> ComposeResult:
        """Title, what others do, search line, text, what there is to say, keys."""
        look = self.k9.look
        completions = Completions(look)
        yield Bar(look, id="edit-title", raised=True)
        yield Bar(look, id="edit-others")
        yield Prompt(look, completions)
        yield TextEditor(look, self.subject.text)
        yield Bar(look, id="edit-foot")
        yield Flash(look)
        yield Bar(look, id="keys", raised=True)
        yield completions

    def on_mount(self) -> None:
        """Show everything, and follow the object."""
        editor = self.editor
        self._keeper = Keeper(self.k9, key=self.subject.key, title=self.subject.title, base=self.subject.base)
        self.handlers |= {
            **editor.acts.handlers,
            **self._finder.handlers,
            **self._watcher.handlers,
            **self._values.handlers,
            "editor.why": self.explain,
            "editor.problem": self.next_problem,
            "editor.save": self.save,
            "editor.discard": self.discard,
            "editor.keys": self.k9.globals.show_help,
            "editor.write": self.write_file,
            "back": self.leave,
        }
        editor.typed_ahead = self._text_ahead
        if self._start is not None:
            text, caret = self._start
            editor.replace_text(text)
            editor.go_to(*caret)
            self.keep(self.editor.text)
        self._watcher.start()
        self.draw()
        if self.subject.is_yaml:
            self.k9.start_loudly(self._learn(), name="schema")

    async def _learn(self) -> None:
        """Read the schemas aside: they take 0.3 s the first time, and nobody waits for them to type."""
        # Deferred with the schemas: used once the text is on the screen.
        from k9py.ui.editor.livenames import LiveNames
        from k9py.ui.editor.schemahelp import SchemaHelp

        desk = self.k9.rooms.desk
        schema = SchemaHelp(await asyncio.to_thread(lambda: desk.kinds))
        if self.is_open:
            editor = self.editor
            editor.completer = lambda text, line, column: schema.complete(text, line, column, editor.is_in_text)
            names = LiveNames(self.k9, editor, schema, lambda: self.k9.scope.single or self.session.namespace)
            self.handlers["editor.complete"] = names.complete
            self._help = schema
            self._checker.look_soon()
            self.draw()

    def _text_ahead(self) -> int:
        """Return how many keys of a text wait; somebody who types ahead presses others too."""
        waiting = self.k9.keys.waiting
        is_text = all(key.is_printable or key.key in TEXT_KEYS for key in waiting)
        return len(waiting) if is_text else 0

    async def on_unmount(self) -> None:
        """Keep what was typed in the last moment."""
        if self._drawing is not None:
            self._drawing.cancel()
        self._checker.close()
        self._watcher.close()
        await self._keeper.close()

    def on_resize(self, event: Resize) -> None:
        """Fit the keys."""
        self.draw()

    # ------------------------------------------------------------------ what is typed

    @property
    def is_changed(self) -> bool:
        """True when the text is not as it began."""
        return self.editor.text not in self._as_began

    def changes_nothing(self) -> None:
        """Take the text as it stands for one that changes nothing."""
        self._as_began.add(self.editor.text)

    def _is_kept(self, text: str) -> bool:
        """Return whether a draft of a text says more than the object does: values of a Secret are in none."""
        subject = self.subject
        if text in self._as_began:
            return False
        return not (isinstance(subject, LiveSubject) and subject.view.is_secret) or (
            without_secrets(text)[0] != subject.text
        )

    def keep(self, text: str) -> None:
        """Keep what is typed; what is as it began needs no draft."""
        if self._is_kept(text):
            self._keeper.typed(text, self.editor.caret)
        else:
            self._keeper.forget()

    def on_text_editor_changed(self, event: TextEditor.Changed) -> None:
        """Keep it."""
        event.stop()
        self.keep(self.editor.text)
        self._finder.text_changed()
        self._checker.typed()
        self.draw_soon()

    def on_text_editor_caret_moved(self, event: TextEditor.CaretMoved) -> None:
        """Say where we are."""
        event.stop()
        self._checker.moved()
        self.draw_soon()

    def on_text_editor_said(self, event: TextEditor.Said) -> None:
        """Tell why a key did nothing."""
        event.stop()
        self.k9.flash_text(event.text)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """Search while typing."""
        self._finder.changed(event.mode, event.text)

    # ------------------------------------------------------------------ leaving

    def save(self) -> None:
        """See what would change; what cannot be read has the caret put to it."""
        subject = self.subject
        if isinstance(subject, ValueSubject):
            self._finder.forget()
            self.leave()
            return
        try:
            wishes = subject.wishes(self.editor.text)
        except YamlError as error:
            self.editor.go_to(max(0, error.line - 1), max(0, error.column - 1))
            raise
        except InputError as error:
            if error.path:
                from k9py.ui.editor.troubles import place_of_path  # deferred with the schemas

                self.editor.go_to(*place_of_path(subject, self.editor.text, error.path))
            raise
        if isinstance(subject, LiveSubject) and not self.is_changed:
            self.k9.flash_text("Nothing is changed")
            return
        if self._is_kept(self.editor.text) or not self.is_changed:
            self._keeper.typed(self.editor.text, self.editor.caret)
        self.k9.rooms.desk.review(wishes, title=subject.title, done=self._reviewed, show=self._show_trouble)

    def _reviewed(self, report: Report | None) -> None:
        """Leave when everything is written; else everything typed is still here."""
        if report is None:
            return
        if report.done:
            self._keeper.forget()
            self.dismiss()
        else:
            self.k9.flash_text("Not everything is written: what you typed is still here", Tone.WARN)

    def _show_trouble(self, trouble: Trouble) -> None:
        """Put the caret to the field that is wrong."""
        from k9py.ui.editor.troubles import place_of_trouble

        place = place_of_trouble(self.subject, self.editor.text, trouble)
        self.editor.go_to(*place)
        self.k9.flash_text(str(trouble), Tone.BAD)

    def leave(self) -> None:
        """Forget the search, else leave; what was typed is kept as a draft."""
        if self._finder.forget():
            return
        if isinstance(self.subject, ValueSubject):
            subject, text = self.subject, self.editor.text
            self.dismiss()
            if text != subject.text:
                self.k9.call_later(subject.take, text)
            return
        if not self.is_changed or not self.subject.key:
            self.discard()
        elif loses_secrets(self.editor.text):
            self._ask_before_losing()
        else:
            self._leave_draft()

    def _leave_draft(self) -> None:
        self._keeper.typed(self.editor.text, self.editor.caret)
        self.dismiss()
        self.k9.call_later(self.k9.flash_text, f"What you typed is kept: {self.subject.title}; :drafts opens it")

    def _ask_before_losing(self) -> None:
        """Ask before values of a Secret are lost: they are never kept."""
        choices = [Choice("stay", "Go on with the text"), Choice("forget", "Leave, and forget what was typed")]
        if self._is_kept(self.editor.text):
            text = "Leave, and keep what was typed but for the values of Secrets"
            choices.insert(1, Choice("keep", text, ":drafts opens it"))

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("keep",):
                self._leave_draft()
            elif ids == ("forget",):
                self.discard()

        self.k9.push_screen(PickScreen(self.k9.look, "Values of Secrets that were typed are not kept", choices), picked)

    def write_file(self) -> None:
        """Write the text to the file it came from; the cluster is for ctrl+s."""
        source = self.subject.source
        with open(source, "w", encoding="utf-8", newline="") as stream:
            stream.write(self.editor.text)
        self.k9.flash_text(f"Written to {source}; nothing is written to the cluster")

    def discard(self) -> None:
        """Leave and forget what was typed."""
        self._keeper.forget()
        self.dismiss()

    def cancel_work(self) -> None:
        """Ctrl-C: copies what is selected, as everywhere; leaving is for esc."""
        if self.prompt.mode:
            self.prompt.key("cancel")
        elif not self.editor.document.selection.is_empty:
            self.editor.acts.copy()
            self.k9.flash_text("Copied")
        else:
            self.k9.flash_text("Nothing is selected; esc leaves and keeps what you typed")

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now; empty when it does."""
        if not self.is_open:
            return ""
        if action.id == "editor.write" and not os.path.isfile(self.subject.source):
            return "This text came from no file; ctrl+s writes to the cluster"
        if action.id == "editor.problem":
            return "" if self.editor.notes else "Nothing is wrong, as far as is known"
        if action.id in ("editor.why", "editor.complete") and self._help is None:
            return "The schemas are not read yet" if self.subject.is_yaml else "This is a value: it has no fields"
        return self._watcher.refusal(action) or self._finder.refusal(action) or self._values.refusal(action)

    # ------------------------------------------------------------------ drawing

    def draw_soon(self) -> None:
        """Bring the lines around the text up to date in a moment: what is typed comes first."""
        if self._drawing is None:
            self._drawing = asyncio.get_running_loop().call_later(AROUND_REST, self.draw)

    def draw(self) -> None:
        """Bring the lines around the text up to date."""
        if self._drawing is not None:
            self._drawing.cancel()
            self._drawing = None
        if not self.is_open:
            return
        subject, editor = self.subject, self.editor
        line, column = editor.caret
        right: list[tuple[str, Tone]] = []
        errors = sum(note.is_error for note in editor.notes)
        if editor.notes:
            warnings = len(editor.notes) - errors
            said = [f"{errors} wrong" if errors else "", f"{warnings} to know" if warnings else ""]
            right.append((f"{', '.join(filter(None, said))}  ", Tone.BAD if errors else Tone.WARN))
        if self.is_changed:
            right.append(("changed  ", Tone.NEW))
        right.append((f"{self._finder.documents()}{line + 1}:{column + 1} ", Tone.DIM))
        self.query_one("#edit-title", Bar).show(
            ((f" {subject.noun} ", Tone.ACCENT), (safe_line(subject.title), Tone.PLAIN)), tuple(right)
        )
        self.query_one("#edit-foot", Bar).show(self._said())
        self.show_keys()

    def _said(self) -> Spans:
        """Return what there is to say about the caret's line."""
        glyphs, note = self.k9.look.glyphs, self.editor.note
        if note is not None:
            sign, tone = (glyphs.bad, Tone.BAD) if note.is_error else (glyphs.warn, Tone.WARN)
            return ((f" {sign} {safe_line(note.text)}", tone),)
        chosen = self.editor.completion
        if chosen is not None:
            return ((f" {safe_line(chosen.doc)}", Tone.DIM),)
        if self._help is None:
            return ()
        self._help.kinds = self.k9.rooms.desk.kinds
        field = self._help.at(self.editor.document.lines, *self.editor.caret, self.editor.is_in_text)
        return ((f" {safe_line(field.line)}", Tone.DIM),) if field is not None else ()

    def explain(self) -> None:
        """Say everything the schema says of the field at the caret."""
        from k9py.ui.editor.reading import ReadingScreen  # deferred: opened by a key

        schema, editor = self._help, self.editor
        if schema is None:
            return
        title, text = schema.explained(editor.document.lines, *editor.caret, editor.is_in_text)
        if editor.note is not None:
            text = f"{editor.note.text}\n\n{text}"
        if not text:
            self.k9.flash_text("The schema knows nothing of this place")
            return
        self.k9.push_screen(ReadingScreen.of_text(title, text))

    def next_problem(self) -> None:
        """Go to the next problem around the end."""
        notes, caret = self.editor.notes, self.editor.caret
        if notes:
            following = next((note for note in notes if (note.line, note.column) > caret), notes[0])
            self.editor.go_to(following.line, following.column)

    def show_keys(self) -> None:
        """Show what can be done now."""
        look, width = self.k9.look, self.app.size.width
        if self.prompt.mode:
            self.query_one("#keys", Bar).show(hints((("enter", "take"), ("escape", "leave")), look.glyphs))
            return
        actions = self.k9.offering.available(Where.EDITOR, footer_only=True)
        if isinstance(self.subject, ValueSubject):
            actions = [replace(one, title="take over") if one.id == "editor.save" else one for one in actions]
        self.query_one("#keys", Bar).show(footer(actions, look.glyphs, width - width_of(ESCAPE)), ESCAPE)

    # ------------------------------------------------------------------ keys

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here, unless a person is typing in a line."""
        if passed_on(self, event):
            return
        where = self.where
        if where is None:
            if event is not self.prompt.line.seen:
                self.prompt.take_ahead(event)
            return
        await self.k9.carrier.press(event, where)
