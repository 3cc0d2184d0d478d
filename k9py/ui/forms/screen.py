"""The form beside its YAML: what is changed on one side shows on the other, and ctrl+s has it reviewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Key, Resize
from textual.screen import Screen
from textual.timer import Timer

from k9py.core.errors import K9Error
from k9py.manifests.forms.sheet import Finding, Part, Sheet
from k9py.resources.action import Action, Where
from k9py.ui.editor.widget import Note, TextEditor
from k9py.ui.flash import Flash
from k9py.ui.forms.bars import FormBars
from k9py.ui.forms.checking import Checks, Told
from k9py.ui.forms.ending import FormEnd
from k9py.ui.forms.filling import fill, part_of
from k9py.ui.forms.finding import FormFinder, form_of
from k9py.ui.forms.formkeys import FormKeys
from k9py.ui.forms.formlist import FormList
from k9py.ui.forms.items import FormItems
from k9py.ui.forms.live import immutable_fields
from k9py.ui.forms.moving import FormMoves
from k9py.ui.forms.picks import Picker
from k9py.ui.forms.rows import OPTIONS, FormRow, Place, RowKind, Said, in_words, rows_of
from k9py.ui.forms.valuetexts import FormValues
from k9py.ui.forms.watching import FormWatch
from k9py.ui.forms.yamlside import FormYaml, YamlSide
from k9py.ui.prompt import Completions, Prompt
from k9py.ui.statusline import Bar, Rule

if TYPE_CHECKING:
    from k9py.ui.app import K9App

WIDE_FROM = 120
"""Columns from which form and YAML stand side by side."""
PAUSE = 0.6
"""Seconds without a key after which what is typed counts as typed: longer than between two letters of a slow typist."""
YAML_PAUSE = 0.25
"""Seconds without a key after which changed YAML is read into the form."""
LOOK_PAUSE = 0.3
"""Seconds after a change until the cluster is asked about it."""


class FormScreen(Screen[None]):
    """Form and YAML of one sheet."""

    DEFAULT_CSS = """
    FormScreen { layers: base above; }
    FormScreen #form-others { display: none; }
    #form-body { height: 1fr; width: 1fr; layout: horizontal; }
    #form-body > Rule { width: 1; height: 1fr; }
    #form-body.-narrow > Rule { display: none; }
    #form-body.-narrow > TextEditor { display: none; }
    #form-body.-narrow.-yaml > TextEditor { display: block; }
    #form-body.-narrow.-yaml > FormList { display: none; }
    """

    AUTO_FOCUS = "FormList"
    stays = True
    """Keys that lead elsewhere are refused: they would leave something unfinished."""

    def __init__(self, sheet: Sheet, *, title: str, namespace: str, verb: str = "new", draft_key: str = "") -> None:
        """``namespace`` is where objects go that name none; ``verb`` says what is done: new, edit. ``draft_key`` names
        what is kept while typing; nothing is kept without one.
        """
        super().__init__()
        self.sheet = sheet
        self.verb = verb
        self.title_text = title
        self.namespace = namespace
        self.checks = Checks(sheet, namespace)
        self.advanced = False
        self.told = Told((), 0)
        self.fixed = immutable_fields(sheet)
        self.wanted: set[tuple[int, str]] = set()
        """Fields of the advanced level that somebody went to."""
        self.complaints: dict[Place, Said] = {}
        self.pending: dict[Place, str] = {}
        """What was typed and could not be taken, by row."""
        self._began = sheet.text
        self._start: tuple[str, Mapping[str, Any]] | None = None
        self._pause: Timer | None = None
        self._yaml_pause: Timer | None = None
        self._look_pause: Timer | None = None
        self.bars = FormBars(self)
        self.moves = FormMoves(self)
        self.finder = FormFinder(self)
        self.picker = Picker(self)
        self.items = FormItems(self)
        self.values = FormValues(self)
        self.yaml = YamlSide(self)
        self.ending = FormEnd(self, draft_key)
        self.watching = FormWatch(self)
        self.keyed = FormKeys(self)
        self.handlers = self.keyed.handlers()

    # ------------------------------------------------------------------ parts

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def where(self) -> Where | None:
        """The side that has the focus; None while a line is typed in."""
        if any(prompt.mode for prompt in self.query(Prompt)):
            return None
        return Where.EDITOR if any(editor.has_focus for editor in self.query(FormYaml)) else Where.FORM

    @property
    def list(self) -> FormList:
        """The form."""
        return self.query_one(FormList)

    @property
    def editor(self) -> FormYaml:
        """The YAML."""
        return self.query_one(FormYaml)

    @property
    def prompt(self) -> Prompt:
        """The line in which something is looked for in the YAML."""
        return self.query_one(Prompt)

    @property
    def is_narrow(self) -> bool:
        """True when only one side is in sight."""
        return self.size.width < WIDE_FROM

    @property
    def shows_yaml(self) -> bool:
        """True when the YAML is in sight."""
        return not self.is_narrow or self.query_one("#form-body").has_class("-yaml")

    def compose(self) -> ComposeResult:
        """Title, form and YAML, why this field, keys."""
        look = self.k9.look
        completions = Completions(look)
        yield Bar(look, id="form-title", raised=True)
        yield Prompt(look, completions)
        with Container(id="form-body"):
            yield FormList(look, self)
            yield Rule(look)
            yield FormYaml(look, self.sheet.text)
        yield Bar(look, id="form-others")
        yield Bar(look, id="form-why")
        yield Flash(look)
        yield Bar(look, id="keys", raised=True)
        yield completions

    async def on_mount(self) -> None:
        """Show everything, then take what was typed before there was anything to type in."""
        self.yaml.start()
        self.ending.start()
        self.watching.start()
        self._lay_out()
        self.draw()
        self._resume()
        self._look_soon()
        await self.keyed.catch_up()

    async def on_unmount(self) -> None:
        """Keep what was typed in the last moment."""
        self.watching.close()
        await self.ending.close()

    @property
    def is_ready(self) -> bool:
        """True once what was typed ahead is taken."""
        return self.keyed.is_ready

    def start_with(self, text: str, extra: Mapping[str, Any]) -> None:
        """Begin with a text that was typed before, and what stood half-typed in a field."""
        self._start = (text, extra)

    def _resume(self) -> None:
        if self._start is None:
            return
        text, extra = self._start
        self.editor.replace_text(text)
        self.read_yaml()
        part = extra.get("part", -1)
        if (
            extra
            and 0 <= part < len(self.sheet.parts)
            and self.list.go_to((self.sheet.parts[part].key, str(extra.get("kind")), str(extra.get("id"))))
        ):
            self.list.retype(str(extra.get("typed", "")))

    def on_resize(self, event: Resize) -> None:
        """Two sides, or one."""
        self._lay_out()
        self.bars.show()

    def _lay_out(self) -> None:
        self.query_one("#form-body").set_class(self.is_narrow, "-narrow")

    def show_keys(self) -> None:
        """Show what can be done now."""
        self.bars.show()

    def on_descendant_focus(self) -> None:
        """Another side has the keys: the bottom line says what they do there."""
        self.bars.show()

    # ------------------------------------------------------------------ drawing

    def draw(self) -> None:
        """Bring rows, problems, marks and bars up to date."""
        row = self.list.row
        if row is not None and row.kind is RowKind.FIELD and row.part != OPTIONS:
            # Emptied, it would be hidden at the basic level, and what is typed next would go to its neighbour.
            self.wanted.add((row.part, row.id))
        typing = (row.part, row.id) if row is not None and self.list.is_dirty else None
        self.told = self.checks.told(typing=typing)
        rows = rows_of(
            self.sheet, advanced=self.advanced, findings=self.told.findings, fixed=self.fixed, said=self.complaints,
            wanted=self.wanted, empty=self.told.empty, pending=self.pending,
        )  # fmt: skip
        self.list.set_rows(rows)
        self.yaml.cover_secrets()
        self.editor.show_problems([_note(finding) for finding in self.told.findings if finding.line])
        self.mark()
        self.bars.show()

    def mark(self) -> None:
        """Mark the lines of the field under the cursor in the YAML."""
        row = self.list.row
        part = self.sheet.part_of(row.part) if row is not None else None
        lines = self.sheet.lines(part, row.path) if part is not None and row is not None and row.path else None
        if lines is None:
            self.editor.mark_lines(0, -1)
            return
        self.editor.mark_lines(*lines)
        if self.list.has_focus:
            self.editor.go_to(lines[0], 0)

    # ------------------------------------------------------------------ what the form calls

    def typing(self) -> None:
        """Something is being typed: it counts after a pause; until then nothing is said about it."""
        row = self.list.row
        if row is not None:
            self.complaints.pop(row.place, None)
            self.pending.pop(row.place, None)
            if row.said:
                self.draw()
        self._restart("_pause", PAUSE, self._paused)
        self.ending.keep()

    def _paused(self) -> None:
        row = self.list.row
        # A key of a map is taken when it is whole, which only the person knows.
        if row is not None and row.kind is not RowKind.MAP:
            self.list.flush()

    def take(self, row: FormRow, text: str) -> None:
        """Take what was typed in a row."""
        self.checks.touch(row.part, row.id)
        self.complaints.pop(row.place, None)
        self.pending.pop(row.place, None)
        try:
            self.read_yaml()
            follows = fill(self.sheet, row, text)
        except K9Error as error:
            self.complaints[row.place] = Said(in_words(error.with_remedy()))
            self.pending[row.place] = text
            self.draw()
            return
        self.changed()
        if follows is not None:
            self.list.go_to(follows)

    def moved(self) -> None:
        """The cursor is on another row."""
        self.mark()
        self.bars.show()

    def choose(self, row: FormRow, ahead: str) -> None:
        """Offer what may stand in a row."""
        self.picker.choose(row, ahead)

    def open_value(self, row: FormRow) -> None:
        """Edit the value of a row as a text of its own."""
        self.values.edit(row)

    def add(self, row: FormRow) -> None:
        """Add an item to a list and go to its first field."""
        self.items.add(row.part, row.id)

    def refuse(self, text: str) -> None:
        """Tell the person why nothing happened."""
        self.k9.flash_text(text)

    # ------------------------------------------------------------------ changes

    def changed(self) -> None:
        """The form changed the sheet: the YAML follows."""
        self.editor.replace_text(self.sheet.text)
        self.draw()
        self._look_soon()
        self.ending.keep()

    def begin_from(self, text: str) -> None:
        """Go on as if the form had begun with another text: somebody else changed the object."""
        self._began = text
        self.fixed = immutable_fields(self.sheet)
        self.ending.begin_from(self.sheet.live)
        self.changed()

    def do(self, act: Callable[[], None]) -> None:
        """Do something to the sheet; what goes wrong is said."""
        self.list.flush()
        self.read_yaml()
        self.k9.attempt(act)

    def on_text_editor_changed(self, event: TextEditor.Changed) -> None:
        """The YAML changed: the form follows after a pause."""
        event.stop()
        self.ending.keep()
        self.yaml.finder.text_changed()
        if self.list.has_focus:
            self.read_yaml()
        else:
            self._restart("_yaml_pause", YAML_PAUSE, self.read_yaml)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """Search the YAML while typing."""
        self.yaml.finder.changed(event.mode, event.text)

    def on_text_editor_said(self, event: TextEditor.Said) -> None:
        """The editor tells why a key did nothing."""
        event.stop()
        self.k9.flash_text(event.text)

    def on_text_editor_caret_moved(self, event: TextEditor.CaretMoved) -> None:
        """The note of the caret's line stands below."""
        event.stop()
        if self.editor.has_focus:
            self.bars.show()

    def read_yaml(self) -> None:
        """Read the YAML into the form."""
        if self._yaml_pause is not None:
            self._yaml_pause.stop()
            self._yaml_pause = None
        if self.editor.text != self.sheet.text:
            self.sheet.text = self.editor.text
            self.draw()
            self._look_soon()

    def undo(self, which: str) -> None:
        """Take back the last change, made on either side."""
        self.list.flush()
        self.editor.acts.handlers[f"editor.{which}"]()
        self.read_yaml()

    def _restart(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        timer: Timer | None = getattr(self, name)
        if timer is not None:
            timer.stop()
        setattr(self, name, self.set_timer(seconds, act))

    # ------------------------------------------------------------------ the cluster

    def _look_soon(self) -> None:
        """Compare with the cluster once nothing changed for a moment."""
        self._restart("_look_pause", LOOK_PAUSE, lambda: self.k9.start_quietly(self._look(), name="surroundings"))

    async def _look(self) -> None:
        if await self.checks.look_around(self.k9.rooms.desk.surroundings) and self in self.k9.screen_stack:
            self.draw()

    # ------------------------------------------------------------------ what is at the cursor

    def turn_level(self) -> None:
        """Show every field, or those that most people need."""
        self.list.flush()
        self.advanced = not self.advanced
        self.draw()

    def choose_here(self) -> None:
        """Offer what may stand in the field under the cursor."""
        row = self.list.row
        if row is not None:
            self.picker.choose(row, "")

    # ------------------------------------------------------------------ objects and presets

    def add_object(self, version: str, kind: str) -> Part:
        """Add an object of another kind; raises UsageError for a kind that is not known."""
        return self.sheet.add(form_of(self, version, kind))

    def took_objects(self) -> None:
        """Objects came or went."""
        self.changed()

    def apply_preset(self, part: Part, preset: str) -> None:
        """Set what a preset says."""

        def act() -> None:
            self.sheet.change(part, lambda model: model.apply_preset(preset))
            self.changed()

        self.do(act)

    # ------------------------------------------------------------------ leaving

    @property
    def is_changed(self) -> bool:
        """True when something would be lost by leaving."""
        return self.list.is_dirty or bool(self.pending) or self.editor.text != self._began

    def cancel_work(self) -> None:
        """Ctrl-C copies what is selected, else asks: it is no way to lose what was typed."""
        if self.prompt.mode:
            self.prompt.key("cancel")
        elif self.where is Where.EDITOR and not self.editor.document.selection.is_empty:
            self.editor.acts.copy()
            self.k9.flash_text("Copied")
        else:
            self.ending.leave()

    def settle(self) -> None:
        """Take what was typed on both sides."""
        self.list.flush()
        self.read_yaml()

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now; empty when it does."""
        if not self.is_mounted:
            return ""
        return self.watching.refusal(action) or self.yaml.refusal(action)

    def part(self, row: FormRow) -> Part:
        """Return the part of a row; raises UsageError when it is gone."""
        return part_of(self.sheet, row)

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here; letters are text."""
        await self.keyed.press(event)


def _note(finding: Finding) -> Note:
    problem = finding.problem
    return Note(finding.line - 1, max(0, problem.column - 1), in_words(str(problem)), problem.is_error)
