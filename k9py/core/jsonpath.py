"""JSONPath as far as columns need it: fields, indexes, slices, wildcards and filters on one field.

Syntax: https://kubernetes.io/docs/reference/kubectl/jsonpath/. Recursive descent (``..``) and templates with text
around the braces are not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from k9py.core.errors import InputError

_STEP = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\]\\])+)
      | \[\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\]
      | \[\s*(?P<index>-?\d+|\*)\s*\]
      | \[\s*(?P<first>-?\d*)\s*:\s*(?P<last>-?\d*)\s*\]
      | \[\?\(\s*@\.(?P<key>(?:\\.|[\w/-])+(?:\.[\w-]+)*)\s*
          (?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<wanted>'[^']*'|"[^"]*"|[^)\s]+)\s*)?\)\]""",
    re.VERBOSE,
)


class JsonPath:
    """A compiled path such as ``.status.conditions[?(@.type=="Ready")].status``; raises InputError."""

    def __init__(self, text: str) -> None:
        body = text.strip()
        if body.startswith("{") and body.endswith("}"):
            body = body[1:-1].strip()
        body = body.removeprefix("$")
        body = body if body.startswith((".", "[")) else f".{body}"
        self.text = text
        self._steps: list[re.Match[str]] = []
        position = 0
        while position < len(body):
            step = _STEP.match(body, position)
            if step is None:
                remedy = 'Write it like .metadata.name or .status.conditions[?(@.type=="Ready")].status'
                raise InputError(f"not a JSONPath: {text!r}", remedy=remedy)
            self._steps.append(step)
            position = step.end()

    def find(self, value: Any) -> list[Any]:
        """Return every value the path leads to, none for a path that is not there; null counts as absent."""
        values = [value]
        for step in self._steps:
            values = [found for before in values for found in _take(before, step) if found is not None]
        return values


def _take(value: Any, step: re.Match[str]) -> Iterable[Any]:
    """Yield what one step of a path leads to."""
    field = step["field"] or step["single"] or step["double"]
    if field is not None:
        name = field.replace("\\", "")
        if name == "*":
            return _all(value)
        return (value.get(name),) if isinstance(value, dict) else ()
    if step["index"] == "*":
        return _all(value)
    if not isinstance(value, list):
        return ()
    if step["index"] is not None:
        position = int(step["index"])
        return (value[position],) if -len(value) <= position < len(value) else ()
    if step["key"] is None:
        first, last = (int(step[part]) if step[part] else None for part in ("first", "last"))
        return value[first:last]
    key = [part.replace("\\", "") for part in re.split(r"(?<!\\)\.", step["key"])]
    return [item for item in value if _matches(item, key, step["operator"], step["wanted"])]


def _all(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _matches(item: Any, key: list[str], operator: str | None, wanted: str | None) -> bool:
    """Return whether a list item passes a filter; without an operator the field has to be there."""
    for part in key:
        item = item.get(part) if isinstance(item, dict) else None
    if operator is None or wanted is None:
        return item is not None
    text = as_text(item) if item is not None else ""
    wanted = wanted.strip("'\"")
    if operator in ("==", "!="):
        return (text == wanted) == (operator == "==")
    try:
        left, right = float(text), float(wanted)
    except ValueError:
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def as_text(value: Any) -> str:
    """Return a value as kubectl prints it in a column: booleans lower case, the rest as it stands."""
    return str(value).lower() if isinstance(value, bool) else str(value)
