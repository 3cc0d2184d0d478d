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
_INDENT = "  "
_SPECIAL = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words YAML takes for something else than a text, or people may think it does."""


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
    plain = read_plain(text)
    if plain is not None:
        return plain
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


class _NotPlain(Exception):
    """Something only PyYAML knows how to read."""


def read_plain(text: str) -> Located | None:
    """Return the document of a text of ``key: word`` lines, with one level of them below a key; None for any other.

    Shipped themes and most settings files are no more than that, and PyYAML would be 10 ms of the first frame. Where
    this answers, PyYAML says the same (a test compares them).
    """
    try:
        return _document(text)
    except _NotPlain:
        return None


def _document(text: str) -> Located:
    top: dict[str, Located] = {}
    above = ""
    """The key whose mapping the indented lines belong to."""
    for number, line in enumerate(text.split("\n"), 1):
        _demand(line.isascii() and line.isprintable())
        if not line or line.startswith("#"):
            continue
        key, colon, rest = line.removeprefix(_INDENT).partition(":")
        _demand(bool(colon) and _is_word(key))
        if line.startswith(_INDENT):
            _demand(bool(above))
            inner = top[above].value
            if not inner:
                top[above] = Located(inner, number, top[above].key_line)
            _demand(key not in inner)
            inner[key] = _value(rest, number)
        else:
            _demand(key not in top and not (above and not top[above].value))
            top[key] = _value(rest, number) if rest else Located({}, number, number)
            above = "" if rest else key
    _demand(bool(top) and not (above and not top[above].value))
    return Located(top, next(iter(top.values())).key_line)


def _value(text: str, line: int) -> Located:
    """Return what stands behind a colon: a scalar, or a mapping of scalars in braces."""
    if not text.startswith(" {"):
        return Located(_scalar(text), line, line)
    _demand(text.endswith("}"))
    items: dict[str, Located] = {}
    for part in text[2:-1].split(", "):
        key, _, rest = part.partition(":")
        _demand(_is_word(key) and key not in items)
        items[key] = Located(_scalar(rest), line, line)
    return Located(items, line, line)


def _scalar(text: str) -> str | int | float:
    word = text[1:]
    _demand(text[:1] == " " and bool(word))
    if word[0] == word[-1] == '"':
        _demand(word.count('"') == 2 and "\\" not in word)
        return word[1:-1]
    if word.isdigit() and word[0] != "0":
        return int(word)
    whole, _, part = word.partition(".")
    if whole.isdigit() and part.isdigit() and whole[0] != "0":
        return float(word)
    _demand(all(_is_word(each) for each in word.split(" ")))
    return word


def _is_word(text: str) -> bool:
    """Return whether a text means nothing but itself."""
    return text.replace("-", "_").isidentifier() and text[0] != "-" and text.lower() not in _SPECIAL


def _demand(plain: bool) -> None:
    if not plain:
        raise _NotPlain
