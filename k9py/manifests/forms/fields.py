"""What a form is made of: fields, groups of them, repeated ones, and when each is shown. All of it is plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from k9py.manifests.forms.paths import Steps, get, parse


class Input(Enum):
    """How a value is typed; widgets and the command line read it the same way."""

    TEXT = "text"
    LINES = "lines"
    """Text of several lines."""
    YAML = "yaml"
    """A part of the object that has parts of its own."""
    NUMBER = "number"
    SWITCH = "switch"
    AMOUNT = "amount"
    """A quantity, kept as it was written."""
    CHOICE = "choice"
    LIST = "list"
    """Texts; on the command line separated by commas."""
    WORDS = "words"
    """A list of texts typed like a command line, with quotes."""
    MAP = "map"
    """Texts by key."""
    PORT = "port"
    """A port's number or name."""
    COUNT = "count"
    """A number or a percentage."""
    SECRET = "secret"
    """A map whose values are masked."""


@dataclass(frozen=True, slots=True)
class When:
    """Shown only while another value of the same item (or of the object) is one of these."""

    path: str
    values: tuple[Any, ...] = ()
    """None listed: while there is any value."""
    default: Any = None
    """What the absent value counts as."""

    def holds(self, item: Any) -> bool:
        """Return whether the field is shown."""
        value = get(item, parse(self.path))
        value = self.default if value is None else value
        return value is not None if not self.values else value in self.values


@dataclass(frozen=True, slots=True)
class Codec:
    """A value that people write more briefly than the object does."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One value."""

    id: str
    path: str
    """Relative to the repeated item it is in, or to the object."""
    label: str
    why: str
    """One line: what it is for."""
    input: Input = Input.TEXT
    basic: bool = True
    choices: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    """What the server does without it, shown as a hint; never written."""
    when: When | None = None
    also: tuple[str, ...] = ()
    """Paths of the object that follow this value as long as they are equal to it, while the object is new."""
    pick: str = ""
    """Which live objects may be offered: ``configmaps``, ``configmaps:keys`` for keys of the one named beside it."""
    codec: Codec | None = None

    @property
    def steps(self) -> Steps:
        """The path, parsed."""
        return parse(self.path)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading."""

    id: str
    label: str
    items: tuple[Item, ...]
    why: str = ""
    basic: bool = True
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A list whose items have fields of their own."""

    id: str
    path: str
    label: str
    why: str
    items: tuple[Item, ...]
    basic: bool = True
    new: Mapping[str, Any] = field(default_factory=dict)
    """What a new item holds."""
    lends: bool = False
    """True when the first item's fields may be named without saying which item: ``image`` of the first container."""
    when: When | None = None

    @property
    def steps(self) -> Steps:
        """The path, parsed."""
        return parse(self.path)


Item = Field | Group | Repeat


@dataclass(frozen=True, slots=True)
class Preset:
    """A starting point: values for fields by id."""

    id: str
    label: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one kind."""

    kind: str
    api_version: str
    why: str
    items: tuple[Item, ...]
    seed: Callable[[str], dict[str, Any]]
    """The object a new form begins with, by its name; without apiVersion, kind and metadata.name."""
    presets: tuple[Preset, ...] = ()
    namespaced: bool = True


def fields_of(items: tuple[Item, ...]) -> Iterator[Item]:
    """Yield fields and repeats, those in groups included, in order."""
    for item in items:
        if isinstance(item, Group):
            yield from fields_of(item.items)
        else:
            yield item
