"""The one YAML door: reading YAML as kubectl does, and writing it so that people and every reader agree on it.

kubectl reads YAML 1.1 with rules of its own: ``on``, ``yes`` and ``y`` are true, ``1e3`` is 1000, ``0o17`` and ``017``
are 15, dates and ``12:30:45`` are texts, keys become texts, and a key given twice is an error.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any, ClassVar

import msgspec
import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from k9py.core.errors import YamlError
from k9py.core.yamlwriting import Writer

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})
_BOOL = re.compile("|".join(sorted(_TRUE | _FALSE)))
_INT = re.compile(r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NULL = re.compile(r"~|null|Null|NULL|")
_NUMBER_STARTS = list("-+.0123456789")

_OTHERS_READ_AS_TIME = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?|\d{4}-\d\d?-\d\d?.*")
"""Texts that other YAML 1.1 readers take for a time or a number to base 60, so they are quoted when written."""

NODE_LIMIT = 2_000_000
"""Values a document may have with its aliases spelled out; more is an alias bomb."""

_HEAD = ("apiVersion", "kind", "metadata")


class KLoader(yaml.CSafeLoader):
    """Builds plain JSON values from YAML by kubectl's rules."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the registry PyYAML itself declares
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}


def _bool(_loader: KLoader, node: Node) -> bool:
    if node.value in _TRUE:
        return True
    if node.value in _FALSE:
        return False
    raise ConstructorError(None, None, f"not true or false: {node.value!r}", node.start_mark)


def _number(_loader: KLoader, node: Node) -> int | float:
    text = node.value.replace("_", "")
    try:
        return _integer(text) if _INT.fullmatch(node.value) else _float(text)
    except ValueError as error:
        raise ConstructorError(None, None, f"not a number JSON can carry: {node.value!r}", node.start_mark) from error


def _integer(text: str) -> int | float:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    base = {"0b": 2, "0x": 16, "0o": 8}.get(digits[:2])
    if base is not None:
        value = int(digits[2:], base)
    elif len(digits) > 1 and digits[0] == "0" and not set(digits) & {"8", "9"}:
        value = int(digits, 8)
    elif len(digits) > 20:
        return _float(text)
    else:
        value = int(digits)
    return sign * value if value < 2**64 else _float(str(sign * value))


def _float(text: str) -> int | float:
    """Return a float, or an int when it is whole: a JSON number says no more than that."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _binary(_loader: KLoader, node: Node) -> str:
    try:
        return base64.b64decode(node.value).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ConstructorError(None, None, f"not base64: {error}", node.start_mark) from error


def _text(_loader: KLoader, node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise ConstructorError(None, None, "a text was expected", node.start_mark)
    return str(node.value)


def _mapping(loader: KLoader, node: Node) -> dict[str, Any]:
    if not isinstance(node, MappingNode):
        raise ConstructorError(None, None, "a map was expected", node.start_mark)
    _refuse_duplicates(loader, node)
    loader.flatten_mapping(node)
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        result[_key(loader, key_node)] = loader.construct_object(value_node, deep=True)
    return result


def _refuse_duplicates(loader: KLoader, node: MappingNode) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.tag == f"{_TAG}merge":
            continue
        key = _key(loader, key_node)
        if key in seen:
            raise ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        seen.add(key)


def _key(loader: KLoader, node: Node) -> str:
    key = loader.construct_object(node, deep=True)
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return str(key)
    raise ConstructorError(None, None, "a key must be a text", node.start_mark)


def _sequence(loader: KLoader, node: Node) -> list[Any]:
    if not isinstance(node, SequenceNode):
        raise ConstructorError(None, None, "a list was expected", node.start_mark)
    return [loader.construct_object(item, deep=True) for item in node.value]


def _unknown(_loader: KLoader, node: Node) -> Any:
    raise ConstructorError(None, None, f"the tag {node.tag!r} means nothing in Kubernetes", node.start_mark)


for _name, _pattern, _first in (
    ("bool", _BOOL, list("yYnNtTfFoO")),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("int", _INT, _NUMBER_STARTS),
    ("float", _FLOAT, _NUMBER_STARTS),
    ("merge", re.compile("<<"), ["<"]),
):
    KLoader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"(?:{_pattern.pattern})$"), _first)
for _name, _constructor in (
    ("null", lambda _loader, _node: None),
    ("bool", _bool),
    ("int", _number),
    ("float", _number),
    ("binary", _binary),
    ("timestamp", _text),
    ("merge", _text),
    ("str", _text),
    ("seq", _sequence),
    ("map", _mapping),
):
    KLoader.add_constructor(f"{_TAG}{_name}", _constructor)
KLoader.add_constructor(None, _unknown)


def load_all(text: str | bytes) -> list[Any]:
    """Return the documents of a text, empty ones left out; raises YamlError with line and column."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise YamlError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from error
    if text.lstrip().startswith("{"):
        try:
            return [msgspec.json.decode(text)]
        except msgspec.DecodeError:
            pass  # not one JSON document: flow style YAML, or several documents; the YAML error names the place
    documents = []
    loader = KLoader(text)
    try:
        while loader.check_data():  # type: ignore[no-untyped-call]
            document = loader.get_data()
            if document is not None:
                documents.append(document)
    except yaml.YAMLError as error:
        raise translated(error, text) from error
    except RecursionError as error:
        raise YamlError("the document is nested too deeply") from error
    finally:
        loader.dispose()
    if "*" in text:
        _refuse_bombs(documents)
    return documents


def load(text: str | bytes) -> Any:
    """Return the one document of a text, None when it is empty; raises YamlError."""
    documents = load_all(text)
    if len(documents) > 1:
        raise YamlError(f"one document was expected and there are {len(documents)}")
    return documents[0] if documents else None


def translated(error: yaml.YAMLError, text: str) -> YamlError:
    """Return PyYAML's error as ours, with line, column and, where one is known, what to do."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    remedy = ""
    line = mark.line + 1 if mark else 0
    column = mark.column + 1 if mark else 0
    if "character '\\t'" in problem or _line_of(text, line).startswith("\t"):
        problem, remedy = "a tab cannot be used to indent", "Indent with spaces"
    where = f"line {line}, column {column}: " if mark else ""
    return YamlError(f"{where}{problem}", line=line, column=column, remedy=remedy)


def _line_of(text: str, line: int) -> str:
    lines = text.split("\n", line)
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _refuse_bombs(documents: list[Any]) -> None:
    """Raise YamlError when aliases form a circle or spell out to too many values."""
    sizes: dict[int, int] = {}
    open_now: set[int] = set()

    def size(value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        known = sizes.get(id(value))
        if known is not None:
            return known
        if id(value) in open_now:
            raise YamlError("an alias contains itself")
        open_now.add(id(value))
        total = 1 + sum(map(size, value.values() if isinstance(value, dict) else value))
        open_now.discard(id(value))
        if total > NODE_LIMIT:
            raise YamlError(f"the aliases of the document spell out to more than {NODE_LIMIT} values")
        sizes[id(value)] = total
        return total

    for document in documents:
        size(document)


class _Dumper(yaml.CSafeDumper):
    """Writes block style, keeps the order of keys, writes no aliases, quotes what any reader could misread."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the registry PyYAML itself declares
        first: list(resolvers) for first, resolvers in KLoader.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: an alias in a manifest is a puzzle."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> ScalarNode:
    style = None if "\n" not in text else '"' if text.isspace() else "|"
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_implicit_resolver(
    f"{_TAG}timestamp", re.compile(f"(?:{_OTHERS_READ_AS_TIME.pattern})$"), list("-+0123456789")
)
_Dumper.add_implicit_resolver(f"{_TAG}value", re.compile("=$"), ["="])


def _dump_by_hand(value: Any) -> str:
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=1 << 30
    )
    return str(text)


_WRITER = Writer(_Dumper.yaml_implicit_resolvers, _dump_by_hand)


def dump(value: Any) -> str:
    """Return a value as YAML: two spaces, lists under their key, block texts, nothing folded."""
    return _WRITER.write(value)


def dump_object(obj: dict[str, Any], *, managed_fields: bool = False) -> str:
    """Return a Kubernetes object as YAML: its identity first, ``status`` last, managed fields only when asked for."""
    ordered = {key: obj[key] for key in _HEAD if key in obj}
    ordered |= {key: item for key, item in obj.items() if key not in ordered and key != "status"}
    if "status" in obj:
        ordered["status"] = obj["status"]
    meta = ordered.get("metadata")
    if isinstance(meta, dict) and not managed_fields and "managedFields" in meta:
        ordered["metadata"] = {key: item for key, item in meta.items() if key != "managedFields"}
    return dump(ordered)


def dump_all(documents: list[Any]) -> str:
    """Return several documents as one text."""
    return "---\n".join(map(dump, documents))
