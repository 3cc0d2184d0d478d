"""The form model: one document's text, its value, and the fields people see of it.

The text is the truth, so a field nobody made an input for, and every comment, survives any change made here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k9py.core import yamldoc, yamledit, yamlspans
from k9py.core.diffs import quiet
from k9py.core.errors import InputError, UsageError, YamlError
from k9py.manifests.forms.fields import Field, Form, Group, Input, Item, Repeat
from k9py.manifests.forms.naming import Place, find
from k9py.manifests.forms.paths import Steps, drop, get, parse, plain, put
from k9py.manifests.forms.registry import form_for
from k9py.manifests.forms.values import as_text, typed
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Path, Problem
from k9py.manifests.rendering import arranged, render
from k9py.manifests.secretvalues import opened
from k9py.manifests.validation import validate_object

HIDDEN = frozenset({"managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink"})
"""Metadata that only the server writes: no form shows it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a form as it is shown now."""

    id: str
    """What :meth:`FormModel.set` takes: ``image``, ``containers[1].image``, ``env[0].name``."""
    item: Item
    path: Path
    """Where the value stands in the object."""
    depth: int
    value: Any = None
    """What is there, decoded; for a repeat the number of its items; None when nothing is."""
    index: int | None = None
    """Set on the heading of one item of a repeat."""

    @property
    def text(self) -> str:
        """The value as one types it."""
        if not isinstance(self.item, Field):
            return ""
        return as_text(Field(self.id, "", "", "", self.item.input), self.value)

    @property
    def is_set(self) -> bool:
        """True when the object says something here."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class _Level:
    """How much of a form is shown."""

    advanced: bool
    also: frozenset[str]
    followers: frozenset[Steps]

    def wants(self, id: str) -> bool:
        """Return whether a field, or something in it, was asked for by its id."""
        return any(one == id or one.startswith((f"{id}.", f"{id}[")) for one in self.also)


class FormModel:
    """A form and the document it is about."""

    def __init__(self, form: Form, kinds: Kinds, text: str, *, document: int = 0, live: bool = False) -> None:
        """Raises YamlError when the text cannot be read; ``live`` keeps fields that follow others from following."""
        self.form = form
        self.kinds = kinds
        self.document = document
        self.live = live
        self.type = kinds.type_of(form.api_version, form.kind)
        self.added: list[Field] = []
        """Fields of the schema somebody asked for by path."""
        self.broken: YamlError | None = None
        """Why the text cannot be read at the moment; the value is that of the last text that could."""
        self._text = text
        self._rendered: str | None = None
        """The text as the renderer would write the value it had last; another text was touched by a person."""
        self.value: dict[str, Any] = {}
        self._read(text)

    @classmethod
    def new(cls, form: Form, kinds: Kinds, name: str = "", *, namespace: str = "", preset: str = "") -> FormModel:
        """Return the form of an object that is not there yet; raises UsageError for an unknown preset."""
        seed = form.seed(name)
        metadata = {"name": name, **(seed.pop("metadata", None) or {})}
        if namespace and form.namespaced:
            metadata["namespace"] = namespace
        value = {"apiVersion": form.api_version, "kind": form.kind, "metadata": metadata, **copy.deepcopy(seed)}
        model = cls(form, kinds, render(value, kinds.type_of(form.api_version, form.kind)))
        if preset:
            model.apply_preset(preset)
        return model

    @classmethod
    def of_object(cls, obj: dict[str, Any], kinds: Kinds, *, live: bool = True) -> FormModel:
        """Return the form of an object without what the server keeps for itself, the texts of a Secret in plain."""
        return cls.of_text(yamldoc.dump_object(opened(quiet(obj))), kinds, live=live)

    @classmethod
    def of_text(cls, text: str, kinds: Kinds, *, document: int = 0, live: bool = False) -> FormModel:
        """Return the form of one document of a text; raises YamlError, or UsageError for an unknown kind."""
        values = yamldoc.load_all(text)
        if document >= len(values) or not isinstance(values[document], dict):
            raise YamlError("there is no object in this text", remedy="Begin with apiVersion, kind and metadata")
        version, kind = str(values[document].get("apiVersion", "")), str(values[document].get("kind", ""))
        resource = kinds.of(version, kind)
        if resource is None:
            raise UsageError(f"{kind or 'an object'} of version {version or '?'} is not known",
                             remedy="See k9py explain for the kinds")  # fmt: skip
        return cls(form_for(resource, kinds), kinds, text, document=document, live=live)

    # text and value

    @property
    def text(self) -> str:
        """The whole text, other documents included."""
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        """Take a text somebody edited; one that cannot be read leaves the value as it was and sets ``broken``."""
        try:
            self._read(text)
            self.broken = None
        except YamlError as error:
            self.broken = error
        self._text = text

    def _read(self, text: str) -> None:
        values = yamldoc.load_all(text)
        if self.document >= len(values) or not isinstance(values[self.document], dict):
            raise YamlError("there is no object in this text", line=1, column=1)
        self.value = values[self.document]

    def replace(self, value: dict[str, Any]) -> None:
        """Take another value; what it leaves as it was keeps its text. Raises YamlError while the text is broken."""
        if self.broken is not None:
            raise self.broken
        if yamledit.same(value, self.value):
            return
        value = arranged(value, self.type)
        if self._rendered is None:
            self._rendered = render(self.value, self.type)
        if self._text == self._rendered:
            self._text = self._rendered = yamldoc.dump(value)
        else:
            self._text = yamledit.rewrite(self._text, value, document=self.document)
        self.value = value

    # fields

    def find(self, id: str) -> Place:
        """Return what an id means; raises UsageError with the nearest names."""
        for field in self.added:
            if field.id == id:
                return Place(field, field.steps)
        return find(self.form, id, self.type)

    def get(self, id: str) -> Any:
        """Return a field's value, decoded; None when it is not set."""
        place = self.find(id)
        value = get(self.value, place.steps)
        return place.field.codec.read(value) if place.field.codec and value is not None else value

    def set(self, id: str, raw: Any) -> None:
        """Set a field: a text is read as the field's kind of input, anything else is taken as it is.

        An empty text clears what is no text. Raises UsageError, InputError, or YamlError while the text is broken.
        """
        place = self.find(id)
        if raw == "" and place.field.input not in (Input.TEXT, Input.LINES):
            self.clear(id)
            return
        new = typed(place.field, raw)
        old = get(self.value, place.steps)
        if new is None:
            self.clear(id)
            return
        if new == {} and isinstance(old, dict) and place.field.input is Input.SWITCH:
            return  # it is there already, with what it holds
        value: Any = self.value
        for steps, repeat in place.created_by:
            value = _with_item(value, steps, repeat, place.steps)
        value = put(value, place.steps, new)
        if not self.live:
            for path in place.field.also:
                steps = parse(path)
                if old is not None and get(self.value, steps) == old:
                    value = put(value, steps, new)
            if isinstance(old, str) or old is None:
                value = self._follow_key(value, place, old, new)
        self.replace(value)

    def _follow_key(self, value: Any, place: Place, old: Any, new: Any) -> Any:
        """Let maps that equal the one a single key was set in follow it."""
        if len(place.steps) < 2:
            return value
        above = get(self.value, place.steps[:-1])
        for item in flat(self.form.items):
            if isinstance(item, Field) and item.steps == place.steps[:-1] and isinstance(above, dict):
                for path in item.also:
                    if get(self.value, parse(path)) == above:
                        value = put(value, (*parse(path), place.steps[-1]), new)
        return value

    def clear(self, id: str) -> None:
        """Remove a field's value, and what is left empty by it; the item of a list it is in stays.

        A text that others follow becomes empty instead, and they with it, so that they follow what is typed next.
        """
        place = self.find(id)
        steps = place.steps
        old = get(self.value, steps)
        if isinstance(old, str) and old and place.field.also and not self.live:
            self._empty(place, old)
            return
        item = max((place + 1 for place, step in enumerate(steps[:-1]) if isinstance(step, int)), default=0)
        inside = get(self.value, steps[:item]) if item else None
        if isinstance(inside, dict):
            self.replace(put(self.value, steps[:item], drop(inside, steps[item:])))
        else:
            self.replace(drop(self.value, steps))

    def _empty(self, place: Place, old: str) -> None:
        """Make a text empty, and what follows it."""
        value = put(self.value, place.steps, "")
        for steps in map(parse, place.field.also):
            if get(self.value, steps) == old:
                value = put(value, steps, "")
        self.replace(value)

    def add_item(self, id: str) -> int:
        """Add an item to a repeat; return its position."""
        steps, repeat = self._repeat(id)
        items = get(self.value, steps) or []
        self.replace(put(self.value, (*steps, len(items)), copy.deepcopy(dict(repeat.new)) or {}))
        return len(items)

    def remove_item(self, id: str, index: int) -> None:
        """Remove an item of a repeat."""
        steps, _ = self._repeat(id)
        self.replace(drop(self.value, (*steps, index)))

    def move_item(self, id: str, index: int, by: int) -> int:
        """Move an item of a repeat up or down; return where it is then."""
        steps, _ = self._repeat(id)
        items = list(get(self.value, steps) or [])
        to = min(max(0, index + by), len(items) - 1)
        items.insert(to, items.pop(index))
        self.replace(put(self.value, steps, items))
        return to

    def _repeat(self, id: str) -> tuple[Steps, Repeat]:
        for entry in self.entries(advanced=True):
            if entry.id == id and isinstance(entry.item, Repeat) and entry.index is None:
                return entry.path, entry.item
        raise UsageError(f"{self.form.kind} has no list {id!r}")

    def add_field(self, path: str) -> Entry:
        """Show any path of the schema as a field; raises UsageError when the schema has no such path."""
        place = find(self.form, path, self.type)
        field = Field(path, path, place.field.label, place.field.why, place.field.input, choices=place.field.choices)
        self.added = [*(known for known in self.added if known.id != path), field]
        return self._entry(field, path, field.steps, 0)

    def apply_preset(self, id: str) -> None:
        """Set what a preset says; raises UsageError when there is none of this name."""
        for preset in self.form.presets:
            if preset.id == id:
                self.apply(preset.values)
                return
        known = ", ".join(preset.id for preset in self.form.presets) or "none"
        raise UsageError(f"{self.form.kind} has no preset {id!r}", remedy=f"There are: {known}")

    def apply(self, values: Mapping[str, Any]) -> None:
        """Set several fields in order; an error names the field."""
        for name, raw in values.items():
            try:
                self.set(name, raw)
            except UsageError:
                raise
            except InputError as error:
                raise InputError(f"{name}: {error}", remedy=error.remedy) from error

    # what is shown

    def entries(self, *, advanced: bool = False, also: frozenset[str] = frozenset()) -> list[Entry]:
        """Return the form as it is shown.

        On the basic level an advanced field shows when it says something of its own, or when its id is in ``also``.
        """
        followers = frozenset() if self.live else self._following()
        walk = _Level(advanced, also, followers)
        found = list(self._entries(self.form.items, "", (), 0, walk))
        return [*found, *(self._entry(field, field.id, field.steps, 0) for field in self.added)]

    def _following(self) -> frozenset[Steps]:
        """Return the places that hold what another field says, because they follow it."""
        found: set[Steps] = set()
        for item in flat(self.form.items):
            value = get(self.value, item.steps) if isinstance(item, Field) and item.also else None
            if value is not None and isinstance(item, Field):
                found.update(steps for steps in map(parse, item.also) if _says_no_more(get(self.value, steps), value))
        return frozenset(found)

    def _entries(self, items: tuple[Item, ...], prefix: str, base: Steps, depth: int, level: _Level) -> Iterator[Entry]:
        holder = get(self.value, base) if base else self.value
        for item in items:
            if item.when is not None and not item.when.holds(holder):
                continue
            name = f"{prefix}{item.id}"
            if isinstance(item, Group):
                inner = list(self._entries(item.items, prefix, base, depth + 1, level))
                if not (level.advanced or item.basic):
                    inner = [entry for entry in inner if entry.is_set or level.wants(entry.id)]
                if inner:
                    yield Entry(name, item, plain(self.value, base), depth)
                    yield from inner
            elif isinstance(item, Repeat):
                yield from self._repeated(item, name, base, depth, level)
            else:
                entry = self._entry(item, name, (*base, *item.steps), depth)
                speaks = entry.is_set and entry.path not in level.followers
                if level.advanced or item.basic or speaks or level.wants(name):
                    yield entry

    def _repeated(self, item: Repeat, id: str, base: Steps, depth: int, level: _Level) -> Iterator[Entry]:
        steps = (*base, *item.steps)
        items = get(self.value, steps)
        count = len(items) if isinstance(items, list) else 0
        if not (level.advanced or item.basic or count or level.wants(id)):
            return
        where = plain(self.value, steps)
        yield Entry(id, item, where, depth, value=count or None)
        for index in range(count):
            yield Entry(f"{id}[{index}]", item, (*where, index), depth + 1, index=index)
            yield from self._entries(item.items, f"{id}[{index}].", (*steps, index), depth + 2, level)

    def _entry(self, field: Field, id: str, steps: Steps, depth: int) -> Entry:
        value = get(self.value, steps)
        shown = field.codec.read(value) if field.codec and value is not None else value
        return Entry(id, field, plain(self.value, steps), depth, shown)

    def span(self, path: Path) -> yamlspans.Span | None:
        """Return the lines a field takes in the text; None when it is not there or the text is broken."""
        if self.broken is not None:
            return None
        return yamlspans.span(yamlspans.compose(self._text)[self.document], path)

    def problems(self, old: dict[str, Any] | None = None) -> list[Problem]:
        """Return what is wrong, with places in the text; a text that cannot be read is the only problem then."""
        if self.broken is not None:
            return [Problem((), "Yaml", str(self.broken), self.broken.remedy, line=self.broken.line,
                            column=self.broken.column, document=self.document)]  # fmt: skip
        root = yamlspans.compose(self._text)[self.document]
        found = validate_object(self.value, self.kinds, old=old)
        places = [(problem, yamlspans.nearest(root, problem.path)) for problem in found]
        return [problem.at(place.line, place.column, self.document) for problem, place in places]

    def path_at(self, line: int, column: int) -> Path:
        """Return the path of what stands at a line and column counted from 1; empty while the text is broken."""
        if self.broken is not None:
            return ()
        return yamlspans.path_at(yamlspans.compose(self._text)[self.document], line, column)

    def line_of(self, path: Path) -> int:
        """Return the line of the value at a path, or of the closest thing above it; 0 while the text is broken."""
        if self.broken is not None:
            return 0
        return yamlspans.nearest(yamlspans.compose(self._text)[self.document], path).line

    def owner(self, problem: Problem, shown: Sequence[Entry] | None = None) -> Entry | None:
        """Return the field a problem is about: the deepest one it is at or below, else the first below it.

        ``shown`` saves finding every entry anew.
        """
        entries = self.entries(advanced=True) if shown is None else shown
        entries = [entry for entry in entries if not isinstance(entry.item, Group)]
        path = problem.place
        above = [entry for entry in entries if path[: len(entry.path)] == entry.path and entry.path]
        if above:
            return max(above, key=lambda entry: len(entry.path))
        below = [entry for entry in entries if entry.path[: len(path)] == path and path]
        return below[0] if below else None


def flat(items: tuple[Item, ...]) -> Iterator[Item]:
    """Yield fields and repeats, those of groups in place of the groups."""
    for item in items:
        if isinstance(item, Group):
            yield from flat(item.items)
        else:
            yield item


def _says_no_more(value: Any, source: Any) -> bool:
    """Return whether a value that follows another says nothing that one does not say."""
    if isinstance(value, dict) and isinstance(source, dict):
        return value.items() <= source.items()
    return bool(value == source)


def _with_item(value: Any, steps: Steps, repeat: Repeat, target: Steps) -> Any:
    """Return the value with the repeat's item the target goes through, made if it is not there."""
    index = target[len(steps)]
    assert isinstance(index, int)
    items = get(value, steps)
    count = len(items) if isinstance(items, list) else 0
    if index < count:
        return value
    if index > count:
        raise UsageError(f"{repeat.id}[{index}] comes after {repeat.id}[{count}], which is not there yet")
    return put(value, (*steps, index), copy.deepcopy(dict(repeat.new)))
