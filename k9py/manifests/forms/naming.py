"""From the short names people type to fields and places in an object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from k9py.core.errors import UsageError
from k9py.core.schemas import Type
from k9py.manifests.forms.fields import Codec, Field, Form, Input, Item, Repeat, fields_of
from k9py.manifests.forms.paths import Steps, parse
from k9py.manifests.forms.schemaform import field_at

_HEAD = re.compile(r"(?P<head>[A-Za-z_][\w-]*)(?:\[(?P<index>\d+)\])?(?:\.(?P<rest>.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A field and where its value stands in the object."""

    field: Field
    steps: Steps
    base: Steps = ()
    """Where the item stands that the field is in."""
    created_by: tuple[tuple[Steps, Repeat], ...] = ()
    """Repeated items on the way, which are made when they are not there."""


def find(form: Form, word: str, type_: Type | None) -> Place:
    """Return what a word such as ``image``, ``labels.app``, ``ports[1].port`` or ``spec.replicas`` means.

    Raises UsageError with the nearest names.
    """
    place = _in_items(form.items, word, (), ())
    if place is not None:
        return place
    if type_ is not None:
        place = _in_schema(word, type_)
        if place is not None:
            return place
    near = list(_at(form, word))[:3]
    near = near or get_close_matches(word.split(".")[0].split("[")[0], list(names(form)), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"k9py generate {form.kind.lower()} --explain lists them"
    raise UsageError(f"{form.kind} has no field {word!r}", remedy=hint)


def _at(form: Form, word: str) -> Iterator[str]:
    """Yield the names of the fields whose place ends as somebody wrote it, such as ``resources.requests.cpu``."""
    known = set(names(form))
    places = [form.items, *(item.items for item in fields_of(form.items) if isinstance(item, Repeat) and item.lends)]
    for items in places:
        for item in fields_of(items):
            if isinstance(item, Field | Repeat) and item.id in known and f".{item.path}".endswith(f".{word}"):
                yield item.id


def names(form: Form) -> Iterator[str]:
    """Yield the names that may be used without saying which item, and those of repeats."""
    yield from _names(form.items)


def _names(items: tuple[Item, ...]) -> Iterator[str]:
    for item in fields_of(items):
        yield item.id
        if isinstance(item, Repeat) and item.lends:
            yield from _names(item.items)


def _in_items(
    items: tuple[Item, ...], word: str, base: Steps, created: tuple[tuple[Steps, Repeat], ...]
) -> Place | None:
    match = _HEAD.fullmatch(word)
    if match is None:
        return None
    head, index, rest = match["head"], match["index"], match["rest"]
    direct = [item for item in fields_of(items) if not isinstance(item, Repeat)]
    repeats = [item for item in fields_of(items) if isinstance(item, Repeat)]
    for item in direct:
        assert isinstance(item, Field)
        if item.id == word:
            return Place(item, (*base, *item.steps), base, created)
        if item.id == head and item.input in (Input.MAP, Input.SECRET) and rest and index is None:
            key = Field(word, f"{item.path}[{rest!r}]", rest, item.why, codec=_of_one(item.codec), pick=item.pick)
            return Place(key, (*base, *item.steps, rest), base, created)
    for repeat in repeats:
        if repeat.id == head and rest:
            at = (*base, *repeat.steps, int(index or 0))
            found = _in_items(repeat.items, rest, at, (*created, ((*base, *repeat.steps), repeat)))
            if found is not None:
                return found
    for repeat in repeats:
        if repeat.lends:
            at = (*base, *repeat.steps, 0)
            found = _in_items(repeat.items, word, at, (*created, ((*base, *repeat.steps), repeat)))
            if found is not None:
                return found
    return None


def _of_one(codec: Codec | None) -> Codec | None:
    """Return the codec of one value of a map, from that of the map."""
    if codec is None:
        return None
    return Codec(lambda value: codec.read({"": value})[""], lambda value: codec.write({"": value})[""])


def _in_schema(word: str, type_: Type) -> Place | None:
    """Return the place of a path of the schema; below a map of texts everything that is left is one key."""
    current, steps = type_, parse(word)
    for position, step in enumerate(steps):
        if current.shape == "map" and isinstance(step, str) and current.element.shape == "scalar":
            prefix = ".".join(str(part) for part in steps[:position])
            key = word[len(prefix) + 1 :].strip("[]'\"") if "[" not in prefix else step
            return Place(Field(word, word, key, ""), (*steps[:position], key))
        if current.shape == "list" and isinstance(step, int):
            current = current.element
        elif current.shape == "struct" and isinstance(step, str) and step in current.fields:
            current = current.fields[step]
        elif current.shape == "map" and isinstance(step, str):
            current = current.element
        elif current.shape == "any":
            return Place(Field(word, word, str(step), "", Input.YAML), steps)
        else:
            return None
    field = field_at(word, current) or Field(word, word, str(steps[-1]), "", Input.YAML)
    return Place(field, steps)
