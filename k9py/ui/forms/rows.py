"""From a sheet to the lines of its form: headings, fields, lists, and what is wrong beside each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from k9py.core.encoded import Binary
from k9py.manifests.bundles import Option
from k9py.manifests.forms.fields import Field, Group, Input, Repeat
from k9py.manifests.forms.model import Entry, FormModel
from k9py.manifests.forms.sheet import Finding, Part, Recipe, Sheet
from k9py.manifests.forms.values import as_text
from k9py.manifests.pointing import pick_at
from k9py.manifests.problems import Path

OPTIONS = 0
"""Key of the part that stands for the options of a bundle."""

BY_KEY = frozenset({Input.MAP, Input.SECRET})
"""Inputs whose values are shown one key a line."""

_EXAMPLE = re.compile(r"\s*\(e\.g\. (?P<examples>.*?), regex used for validation is '.*'\)", re.DOTALL)
_TYPE = re.compile(r"^\S* in body must be of type (?P<type>array|boolean|integer|number|object|string): .*$", re.DOTALL)
_TYPES = {"array": "a list", "boolean": "yes or no", "integer": "a whole number", "number": "a number",
          "object": "a map", "string": "a text"}  # fmt: skip
_VALUE = re.compile(r'^Invalid value: (?:"(?:[^"\\]|\\.)*"|[^:]*): ')


Place = tuple[int, str, str]
"""Tells a row apart whatever it says: its part, its kind and its id."""


class RowKind(Enum):
    """What a line of a form is."""

    PART = "part"
    """Heading of an object."""
    GROUP = "group"
    """Heading of fields that belong together."""
    FIELD = "field"
    MAP = "map"
    """Where another key of a map is typed."""
    PAIR = "pair"
    """One key of a map."""
    LIST = "list"
    """Heading of a list, where another item is added."""
    ITEM = "item"
    """Heading of one item."""


FOCUSED = frozenset({RowKind.FIELD, RowKind.MAP, RowKind.PAIR, RowKind.LIST})
"""Lines the cursor stops at."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something wrong with a field, in words."""

    text: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class FormRow:
    """One line of a form."""

    kind: RowKind
    part: int
    """Key of its part; OPTIONS for the options of a bundle."""
    id: str
    label: str
    depth: int = 0
    text: str = ""
    """The value as one types it."""
    why: str = ""
    input: Input = Input.TEXT
    choices: tuple[str, ...] = ()
    pick: str = ""
    hint: str = ""
    """What holds without a value."""
    required: bool = False
    fixed: bool = False
    """True when it cannot be changed any more."""
    secret: bool = False
    path: Path = ()
    said: tuple[Said, ...] = ()
    is_binary: bool = False
    """True when the value is no text: it is shown as a word and kept."""

    @property
    def place(self) -> Place:
        """What tells the row apart, whatever it says now."""
        return self.part, self.kind.value, self.id

    @property
    def is_focused(self) -> bool:
        """True when the cursor stops here."""
        return self.kind in FOCUSED

    @property
    def refusal(self) -> str:
        """Why nothing can be typed here; empty when something can."""
        if self.fixed:
            return f"{self.label} is fixed once the object is there"
        return f"{self.label} is no text: it is kept as it is; ctrl+d removes it" if self.is_binary else ""

    @property
    def takes_lines(self) -> bool:
        """True when the value may have several lines."""
        return self.input in (Input.LINES, Input.WORDS, Input.YAML) or self.kind in (RowKind.PAIR, RowKind.MAP)

    @property
    def is_choice(self) -> bool:
        """True when one of a few words is meant and nothing else."""
        return self.input in (Input.CHOICE, Input.SWITCH) and self.kind is RowKind.FIELD


def rows_of(
    sheet: Sheet,
    *,
    advanced: bool,
    findings: Sequence[Finding] = (),
    fixed: Iterable[tuple[int, str]] = (),
    wanted: Iterable[tuple[int, str]] = (),
    empty: Collection[str] = (),
    said: Mapping[Place, Said] | None = None,
    pending: Mapping[Place, str] | None = None,
) -> list[FormRow]:
    """Return every line of a form.

    ``findings`` are those to be told; ``fixed`` and ``wanted`` are parts and ids of fields that cannot change, and that
    are shown on every level; ``empty`` are options that
    miss their value; ``pending`` is what was typed and could not be taken, and ``said`` why, by the place of
    its row.
    """
    frozen, asked = frozenset(fixed), list(wanted)
    rows: list[FormRow] = []
    if sheet.recipe is not None:
        rows += [
            replace(row, said=(Said("needed here"),)) if row.id in empty else row for row in _options(sheet.recipe)
        ]
    shown = [part for part in sheet.parts if part.model is not None]
    for part in shown:
        own = [finding for finding in findings if finding.part is part]
        if len(shown) > 1 or sheet.recipe is not None:
            rows.append(FormRow(RowKind.PART, part.key, "", part.title))
        also = frozenset(
            [finding.owner for finding in own if finding.owner] + [name for key, name in asked if key == part.key]
        )
        rows += _told(list(_of_part(part, advanced, also, frozen)), own)
    if pending:
        rows = [replace(row, text=pending.get(row.place, row.text)) for row in rows]
    if said:
        rows = [replace(row, said=(said[row.place], *row.said)) if row.place in said else row for row in rows]
    return rows


def _options(recipe: Recipe) -> Iterator[FormRow]:
    yield FormRow(RowKind.PART, OPTIONS, "", f"Options of the bundle {recipe.bundle.id}")
    yield FormRow(RowKind.FIELD, OPTIONS, "name", "Name", 1, recipe.name, "what everything of it is called after",
                  required=True)  # fmt: skip
    yield FormRow(RowKind.FIELD, OPTIONS, "namespace", "Namespace", 1, recipe.namespace, "where it lives",
                  pick="namespaces", hint="the current one")  # fmt: skip
    for option in recipe.bundle.options:
        yield _option(recipe, option)


def _option(recipe: Recipe, option: Option) -> FormRow:
    kind = Input.SWITCH if isinstance(option.default, bool) else Input.TEXT
    value = recipe.value(option)
    text = ("yes" if value in (True, "yes", "true", "on") else "no") if kind is Input.SWITCH else str(value)
    return FormRow(RowKind.FIELD, OPTIONS, option.id, _spaced(option.id), 1, text, option.why, kind,
                   choices=("yes", "no") if kind is Input.SWITCH else (), required=option.required,
                   pick="images" if option.id.lower().endswith("image") else "",
                   secret=option.is_secret)  # fmt: skip


_WORDS = {"api": "API", "cpu": "CPU", "hpa": "Autoscaler", "pdb": "Disruption budget", "configmap": "ConfigMap"}
"""Parts of the ids of options that are not written as they stand."""


def _spaced(name: str) -> str:
    """Return an option's id as words: ``targetCpu`` is ``Target CPU``."""
    words = " ".join(_WORDS.get(word, word) for word in re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().split())
    return words[:1].upper() + words[1:]


def _of_part(part: Part, advanced: bool, also: frozenset[str], frozen: frozenset[Any]) -> Iterator[FormRow]:
    model = part.model
    assert model is not None
    for entry in model.entries(advanced=advanced, also=also):
        yield from _of_entry(part, model, entry, frozen)


def _of_entry(part: Part, model: FormModel, entry: Entry, frozen: frozenset[Any]) -> Iterator[FormRow]:
    item, key = entry.item, part.key
    if isinstance(item, Group):
        yield FormRow(RowKind.GROUP, key, entry.id, item.label, entry.depth, why=item.why)
    elif isinstance(item, Repeat):
        if entry.index is None:
            count = f"{entry.value}" if entry.value else ""
            yield FormRow(RowKind.LIST, key, entry.id, item.label, entry.depth, count, item.why, path=entry.path)
        else:
            yield FormRow(RowKind.ITEM, key, entry.id, str(entry.index + 1), entry.depth,
                          _summary(model, entry), path=entry.path)  # fmt: skip
    else:
        yield from _of_field(entry, item, key, frozen, item.pick or pick_at(model.form.kind, entry.path))


def _of_field(entry: Entry, item: Field, key: int, frozen: frozenset[Any], pick: str) -> Iterator[FormRow]:
    fixed = (key, entry.id) in frozen
    if item.input in BY_KEY and (entry.value is None or isinstance(entry.value, dict)):
        secret = item.input is Input.SECRET
        pairs = entry.value or {}
        yield FormRow(RowKind.MAP, key, entry.id, item.label, entry.depth, "", item.why, item.input, pick=pick,
                      hint="key=value", required=item.required, fixed=fixed, path=entry.path)  # fmt: skip
        for name, value in pairs.items():
            yield FormRow(RowKind.PAIR, key, f"{entry.id}.{name}", name, entry.depth + 1,
                          "" if value is None else str(value), item.why, pick=pick, fixed=fixed,
                          secret=secret and not isinstance(value, Binary), is_binary=isinstance(value, Binary),
                          path=(*entry.path, name))  # fmt: skip
        return
    yield FormRow(
        RowKind.FIELD, key, entry.id, item.label, entry.depth, _field_text(item, entry), item.why, item.input,
        ("yes", "no") if item.input is Input.SWITCH else item.choices, pick,
        "" if item.default is None else as_text(Field("", "", "", "", item.input), item.default),
        item.required, fixed, item.id in ("password", "key", "registry"), entry.path,
    )  # fmt: skip


def _field_text(item: Field, entry: Entry) -> str:
    if item.input is Input.SWITCH and isinstance(entry.value, bool):
        return "yes" if entry.value else "no"
    return entry.text


def _summary(model: FormModel, entry: Entry) -> str:
    """Return what tells an item apart from its neighbours: its name, else the first things it says."""
    found: Any = model.value
    for step in entry.path:
        found = found[step]
    if not isinstance(found, dict):
        return str(found)
    name = found.get("name")
    if isinstance(name, str) and name:
        return name
    return " ".join(str(value) for value in found.values() if isinstance(value, str | int))[:40]


def _told(rows: list[FormRow], findings: Sequence[Finding]) -> list[FormRow]:
    """Return the rows with each finding beside the row it is about."""
    by_place: dict[Place, list[Said]] = {}
    for finding in findings:
        row = _row_for(rows, finding)
        if row is not None:
            text = in_words(finding.problem.text)
            hint = finding.problem.hint or (_what_is_needed(row) if text == "Required value" else "")
            if hint:
                text = f"{text}: {hint}"
            by_place.setdefault(row.place, []).append(Said(text, finding.problem.is_error))
    return [replace(row, said=tuple(by_place[row.place])) if row.place in by_place else row for row in rows]


def _what_is_needed(row: FormRow) -> str:
    return f"+ adds one; {row.why}" if row.kind is RowKind.LIST else row.why


def _row_for(rows: Sequence[FormRow], finding: Finding) -> FormRow | None:
    """Return the row a finding stands beside: the deepest one it is in, else that of its field, else the first."""
    path = finding.problem.place
    holding = [row for row in rows if row.path and path[: len(row.path)] == row.path and row.kind is not RowKind.ITEM]
    if holding:
        return max(holding, key=lambda row: len(row.path))
    owned = [row for row in rows if row.id == finding.owner and row.kind is not RowKind.GROUP]
    return owned[0] if owned else next((row for row in rows if row.is_focused), None)


def in_words(text: str) -> str:
    """Return the server's words without the value, which stands beside them, and without regular expressions."""
    text = _TYPE.sub(lambda match: f"must be {_TYPES[match['type']]}", _VALUE.sub("", text))
    return _EXAMPLE.sub(lambda match: f", for example {match['examples']}", text)
