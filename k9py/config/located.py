"""YAML with positions: a settings or theme file as plain values that remember their line.

Repeated keys and custom tags are refused: what a file says must be what a person reads in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import msgspec

from k9py.core.errors import SettingsError

_DEEPEST = 20
"""Levels of nesting; our files have five. An anchor inside itself would otherwise never end."""


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong in a file, with where and what to do."""

    file: str
    line: int
    """Counted from 1; 0 when the whole file is meant."""
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


class Located(msgspec.Struct, frozen=True):
    """A value of a YAML document: a scalar, a list of :class:`Located`, or an ordered mapping of them."""

    value: Any
    """str, int, float, bool, None, ``list[Located]`` or ``dict[str, Located]``."""
    line: int
    key_line: int = 0
    """Line of the key this value belongs to; 0 outside a mapping."""

    @property
    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: item.plain for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain for item in self.value]
        return self.value

    @property
    def described(self) -> str:
        """What the value is, for an error message."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else f"'{self.value}'"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the closest known word, else an empty text."""
    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{matches[0]}'?" if matches else ""


def sentence(text: str) -> str:
    """Return the text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def read_located(text: str, file: str) -> Located:
    """Return the document of a YAML text; an empty one is an empty mapping.

    Raises SettingsError with file and line when the text is not YAML or repeats a key.
    """
    # Deferred: 40 ms, and the verbs that need no settings file (--help, version) do without.
    import yaml

    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = loader_class(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Located({}, 1)
        return _located(node, loader, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise SettingsError(str(Problem(file, line, f"not YAML: {error.problem or error}"))) from error
    except yaml.YAMLError as error:
        raise SettingsError(str(Problem(file, 0, f"not YAML: {str(error).splitlines()[0]}"))) from error
    finally:
        loader.dispose()


def _located(node: Any, loader: Any, file: str, depth: int = 0) -> Located:
    """Build the value of one node; PyYAML's own constructor resolves scalars."""
    import yaml

    line = node.start_mark.line + 1
    if depth > _DEEPEST:
        raise SettingsError(str(Problem(file, line, "nested too deeply, or an anchor that contains itself")))
    if isinstance(node, yaml.SequenceNode):
        return Located([_located(child, loader, file, depth + 1) for child in node.value], line)
    if not isinstance(node, yaml.MappingNode):
        return Located(loader.construct_object(node), line)
    items: dict[str, Located] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SettingsError(str(Problem(file, key_line, "a key must be one word")))
        key = str(key_node.value)
        if key in items:
            problem = Problem(file, key_line, f"'{key}' stands here a second time", "remove one of the two")
            raise SettingsError(str(problem))
        value = _located(value_node, loader, file, depth + 1)
        items[key] = Located(value.value, value.line, key_line)
    return Located(items, line)
