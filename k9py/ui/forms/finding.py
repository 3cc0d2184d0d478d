"""Ways through a long form: fields by name or schema path, sections, objects, presets, letters to jump by, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k9py.core.errors import UsageError
from k9py.manifests.forms.fields import Field, Group, Repeat
from k9py.manifests.forms.joining import join, name_beside, workload_of
from k9py.manifests.forms.model import FormModel, flat
from k9py.manifests.forms.registry import FORMS, form_for
from k9py.manifests.forms.schemapaths import schema_paths
from k9py.manifests.forms.sheet import Part
from k9py.ui.forms.rows import OPTIONS, RowKind
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

HEADINGS = (RowKind.PART, RowKind.GROUP, RowKind.LIST, RowKind.ITEM)


class FormFinder:
    """Finds things in one form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    # ------------------------------------------------------------------ fields

    def search(self) -> None:
        """Search the fields of every object, and every path of their schemas."""
        screen = self._screen
        screen.list.flush()
        targets: dict[str, tuple[Part | None, str, bool]] = {}
        choices: list[Choice] = []
        for row in screen.list.rows:
            if row.part == OPTIONS and row.kind is RowKind.FIELD:
                targets[f"o{row.id}"] = (None, row.id, False)
                choices.append(Choice(f"o{row.id}", row.label, row.why, search=row.id))
        for part in screen.sheet.parts:
            if part.model is not None:
                choices += self._fields_of(part, part.model, targets)
                choices += self._keys_of(part, targets)

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                screen.k9.attempt(lambda: self._go(*targets[ids[0]]))

        screen.k9.push_screen(PickScreen(screen.k9.look, "Go to which field?", choices), picked)

    def _fields_of(
        self, part: Part, model: FormModel, targets: dict[str, tuple[Part | None, str, bool]]
    ) -> list[Choice]:
        several = len(self._screen.sheet.models) > 1
        suffix = f"  {part.title}" if several else ""
        choices, known = [], set()
        titles: dict[str, str] = {}  # of lists
        groups: dict[str, str] = {}  # the last one, by the list it is in an item of
        for entry in model.entries(advanced=True):
            holder = entry.id.rpartition("].")[0].rpartition("[")[0]
            if isinstance(entry.item, Group):
                groups[holder] = entry.item.label
                continue
            if entry.index is not None:
                groups.pop(entry.id.rpartition("[")[0], None)
                continue
            path = ".".join(str(step) for step in entry.path)
            known.add(_plain(path))
            key = f"f{part.key} {entry.id}"
            targets[key] = (part, entry.id, False)
            above = titles.get(holder, "")
            if isinstance(entry.item, Repeat):
                label = titles[entry.id] = f"{above}: {entry.item.label}" if above else entry.item.label
            else:
                where = groups.get(holder, above)
                label = f"{where}: {entry.item.label}" if where else entry.item.label
            choices.append(Choice(key, f"{label}{suffix}", entry.item.why, search=f"{entry.id} {path}", also=path))
            if isinstance(entry.item, Repeat) and not entry.value:
                for text, field, field_id, field_path in _fields_to_come(entry.item, entry.id, path, label):
                    known.add(_plain(field_path))
                    key = f"a{part.key} {field_id}"
                    targets[key] = (part, field_id, False)
                    choices.append(
                        Choice(key, f"{text}{suffix}", field.why, search=f"{field_id} {path}", also=field_path)
                    )
        holders = {path[:at] for path in known for at, char in enumerate(path) if char == "."}
        for found in schema_paths(model.type) if model.type is not None else ():
            plain = _plain(found.path)
            # A part whose fields are here one by one is not offered as a whole.
            if plain not in holders and plain not in known:
                key = f"p{part.key} {found.path}"
                targets[key] = (part, found.path, True)
                choices.append(Choice(key, f"{found.path}{suffix}", found.type, search=f"{found.path} {found.why}"))
        return choices

    def _keys_of(self, part: Part, targets: dict[str, tuple[Part | None, str, bool]]) -> list[Choice]:
        """Return the keys of the maps on show: labels, the values of a ConfigMap or a Secret."""
        suffix = f"  {part.title}" if len(self._screen.sheet.models) > 1 else ""
        choices = []
        for row in self._screen.list.rows:
            if row.part == part.key and row.kind is RowKind.PAIR:
                key = f"m{part.key} {row.id}"
                targets[key] = (part, row.id, False)
                choices.append(Choice(key, f"{row.label}{suffix}", row.why, search=row.id))
        return choices

    def _go(self, part: Part | None, id: str, is_new: bool) -> None:
        screen = self._screen
        if part is not None and is_new and part.model is not None:
            part.model.add_field(id)
            screen.draw()
        elif part is not None and (lists := self._lists_without(part, id)):

            def add_items(model: FormModel) -> None:
                for list_id in lists:
                    model.add_item(list_id)

            screen.do(lambda: screen.sheet.change(part, add_items))
            screen.changed()
        if not screen.moves.go_to(part.key if part is not None else OPTIONS, id):
            raise UsageError(f"{id} is not shown while what it belongs to is not set")

    @staticmethod
    def _lists_without(part: Part, id: str) -> list[str]:
        """Return the lists whose item a field belongs to and that is not there, the outermost first."""
        entries = part.model.entries(advanced=True) if part.model is not None else []
        items = [id[: at + 1] for at in range(len(id)) if id.startswith("].", at)]
        missing = [item for item in items if not any(entry.id.startswith(f"{item}.") for entry in entries)]
        return [item.rpartition("[")[0] for item in missing]

    # ------------------------------------------------------------------ headings

    def sections(self) -> None:
        """Choose a section."""
        screen = self._screen
        screen.list.flush()
        rows = screen.list.rows
        choices, current, troubles = [], "", 0
        bad = screen.k9.look.glyphs.bad
        for index in range(len(rows) - 1, -1, -1):
            row = rows[index]
            troubles += any(said.is_error for said in row.said)
            if row.kind not in HEADINGS or (row.kind is RowKind.LIST and not row.text):
                continue
            label = f"{row.label} {row.text}".strip() if row.kind is RowKind.ITEM else row.label
            choices.append(Choice(str(index), f"{'  ' * row.depth}{label}", f"{troubles} {bad}" if troubles else ""))
            troubles = 0
            here = screen.list.row
            if not current and here is not None and rows.index(here) >= index:
                current = str(index)
        choices.reverse()

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                screen.list.go_below(int(ids[0]))

        screen.k9.push_screen(PickScreen(screen.k9.look, "Go to which section?", choices, current=current), picked)

    # ------------------------------------------------------------------ objects

    def objects(self) -> None:
        """Choose which objects stay, and add others."""
        screen = self._screen
        screen.list.flush()
        if screen.sheet.live is not None:
            raise UsageError("this form is about the one object that is there")
        parts = {f"k{part.key}": part for part in screen.sheet.parts if part.model is not None}
        choices = [Choice(key, part.title, self._troubles(part)) for key, part in parts.items()]
        kinds = {f"n{form.api_version} {form.kind}": form for form in FORMS.values()}
        choices += [Choice(key, f"add {form.kind}", form.why, search=form.api_version) for key, form in kinds.items()]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids is None:
                return
            screen.k9.attempt(lambda: self._take_objects(ids, parts, any(key in kinds for key in ids)))

        title = "Which objects? tab takes one in or leaves it out"
        screen.k9.push_screen(PickScreen(screen.k9.look, title, choices, several=True, marked=tuple(parts)), picked)

    def _troubles(self, part: Part) -> str:
        count = sum(finding.part is part for finding in self._screen.told.findings)
        return f"{count} problem{'s' if count > 1 else ''}" if count else ""

    def _take_objects(self, ids: tuple[str, ...], parts: dict[str, Part], adds: bool) -> None:
        screen = self._screen
        gone = [part for key, part in parts.items() if key not in ids]
        if len(gone) == len(parts) and not adds:
            raise UsageError("one object has to stay", remedy="Esc leaves the form")
        for part in gone:
            screen.sheet.remove(part)
        added: Part | None = None
        for key in ids:
            if key.startswith("n"):
                version, _, kind = key[1:].partition(" ")
                added = screen.add_object(version, kind)
        screen.took_objects()
        if added is not None:
            screen.moves.go_to(added.key, "name")

    # ------------------------------------------------------------------ presets

    def presets(self) -> None:
        """Begin with the values of a preset."""
        screen = self._screen
        screen.list.flush()
        row = screen.list.row
        part = screen.sheet.part_of(row.part) if row is not None else None
        if part is None or part.model is None or not part.model.form.presets:
            raise UsageError("there are no presets for this object")
        form = part.model.form
        choices = [Choice(preset.id, preset.label, ", ".join(preset.values)) for preset in form.presets]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids and part is not None:
                screen.apply_preset(part, ids[0])

        screen.k9.push_screen(PickScreen(screen.k9.look, f"Begin the {form.kind} with", choices), picked)

    # ------------------------------------------------------------------ letters

    def jump(self) -> None:
        """Put a letter on every field in sight, and on the YAML."""
        from k9py.ui.jump import JumpScreen, Landing  # deferred: opened by a key

        screen = self._screen
        landings = []
        region = screen.list.content_region
        for row in screen.list.rows if screen.list.display else ():
            line = screen.list.line_of(row) if row.is_focused else None
            if line is not None:
                landings.append(Landing(region.x, region.y + line, lambda row=row: self._land(row.place)))  # type: ignore[misc]
        if screen.shows_yaml:
            place = screen.editor.content_region
            landings.append(Landing(place.x, place.y, screen.editor.focus))
        screen.k9.push_screen(JumpScreen(screen.k9.look, landings))

    def _land(self, place: tuple[int, str, str]) -> None:
        self._screen.list.focus()
        self._screen.list.go_to(place)

    # ------------------------------------------------------------------ why

    def explain(self) -> None:
        """Open everything there is to know about the field under the cursor, and the keys."""
        from k9py.ui.forms.why import WhyScreen, why_lines  # deferred: opened by a key

        screen = self._screen
        screen.k9.push_screen(WhyScreen(screen.k9.look, why_lines(screen)))


def form_of(screen: FormScreen, version: str, kind: str) -> FormModel:
    """Return a new model of a kind, in the namespace of the screen."""
    kinds = screen.sheet.kinds
    resource = kinds.of(version, kind)
    if resource is None:
        raise UsageError(f"{kind} of {version} is not known")
    namespace = screen.namespace if resource.namespaced else ""
    workload = workload_of(screen.sheet.models)
    model = FormModel.new(form_for(resource, kinds), kinds, name_beside(workload, kind), namespace=namespace)
    join(model, workload)
    return model


def _fields_to_come(repeat: Repeat, id: str, path: str, title: str) -> Iterator[tuple[str, Field, str, str]]:
    """Yield label, field, field id and path of what a list has once it has an item, lists in it included."""
    for item in flat(repeat.items):
        if not isinstance(item, Group):
            text, item_id, item_path = f"{title}: {item.label}", f"{id}[0].{item.id}", f"{path}.{item.path}"
            if isinstance(item, Repeat):
                yield from _fields_to_come(item, item_id, item_path, text)
            else:
                yield text, item, item_id, item_path


def _plain(path: str) -> str:
    """Return a path without the positions of items."""
    return ".".join(step.partition("[")[0] for step in path.split(".") if not step.isdigit())
