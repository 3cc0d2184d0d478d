"""What ``-o`` may say, and whole objects printed that way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from k9py.cli.tables import TableWriter
from k9py.core.errors import UsageError
from k9py.core.jsonpath import JsonPath, as_text
from k9py.core.refs import ApiResource

FORMATS = ("wide", "json", "yaml", "name", "custom-columns=")
"""The words of ``-o``; without it the output is a table."""

NONE = "<none>"
"""What a column shows where the object has no such field, as kubectl does."""


@dataclass(frozen=True, slots=True)
class Format:
    """A parsed ``-o``."""

    name: str = "table"
    """``table``, ``wide``, ``json``, ``yaml``, ``name`` or ``custom-columns``."""
    columns: tuple[tuple[str, JsonPath], ...] = ()

    @property
    def tabular(self) -> bool:
        """True for the tables whose columns belong to the kind."""
        return self.name in ("table", "wide")


def parse_format(text: str) -> Format:
    """Return the format ``-o`` names; raises UsageError with the nearest one."""
    if not text:
        return Format()
    name, separator, rest = text.partition("=")
    if name == "custom-columns" and rest:
        return Format(name, tuple(_column(part) for part in _split(rest)))
    if separator or name not in ("wide", "json", "yaml", "name"):
        guess = get_close_matches(name, [word.rstrip("=") for word in FORMATS], n=1)
        hint = f"Did you mean {guess[0]}? " if guess and guess[0] != name else ""
        raise UsageError(f"unknown output format {text!r}", remedy=f"{hint}There are {', '.join(FORMATS)}TITLE:.path,…")
    return Format(name)


def _split(text: str) -> list[str]:
    """Split at commas that are not inside brackets, so that filters may hold them."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "[(") - (char in "])")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _column(text: str) -> tuple[str, JsonPath]:
    title, separator, path = text.partition(":")
    if not separator or not title or not path:
        raise UsageError(f"not a column: {text!r}", remedy="Write TITLE:.path, such as NAME:.metadata.name")
    return title, JsonPath(path)


def name_of(resource: ApiResource, name: str) -> str:
    """Return ``pod/web`` or ``deployment.apps/web``, as ``-o name`` prints it."""
    kind = resource.singular or resource.kind.lower()
    return f"{kind}.{resource.gvr.group}/{name}" if resource.gvr.group else f"{kind}/{name}"


def without_managed_fields(item: dict[str, Any]) -> dict[str, Any]:
    """Return the object without the bookkeeping of field managers."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return item
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**item, "metadata": kept}


def custom_row(item: dict[str, Any], columns: Iterable[tuple[str, JsonPath]]) -> list[str]:
    """Return the cells of custom columns for one object."""
    return [",".join(_cell(value) for value in path.find(item)) or NONE for _, path in columns]


def _cell(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else as_text(value)


def print_objects(items: Sequence[dict[str, Any]], form: Format, *, single: bool, header: bool = True) -> None:
    """Print whole objects as JSON, YAML or custom columns; one alone stands for itself, several are a List."""
    if form.name == "custom-columns":
        writer = TableWriter([title for title, _ in form.columns])
        print("\n".join(writer.lines([custom_row(item, form.columns) for item in items], header=header)))
        return
    whole: Any = items[0] if single else {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {}}
    print_document(whole, form.name)


def print_document(document: dict[str, Any], form: str) -> None:
    """Print one document as ``json`` or ``yaml``, its keys in order as kubectl's: two printouts can be compared."""
    if form == "json":
        print(json.dumps(document, indent=4, ensure_ascii=False, sort_keys=True))
        return
    # Deferred: PyYAML costs 40 ms.
    from k9py.core.yamldoc import dump

    sys.stdout.write(dump(_in_order(document)))


def _in_order(value: Any) -> Any:
    """Return the same with the keys of every mapping in order."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value
