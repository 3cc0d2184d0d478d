"""The part of JSONPath that custom resource columns use: fields, indexes, wildcards and equality filters."""

from __future__ import annotations

import re
from typing import Any

from k9py.sim.statuses import bad_request

_STEP = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\]\\])+)
      | \[\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\]
      | \[\s*(?P<index>-?\d+|\*)\s*\]
      | \[\?\(\s*@\.(?P<key>[\w.-]+)\s*(?P<operator>==|!=)\s*(?P<value>'[^']*'|"[^"]*"|[^)\s]+)\s*\)\]""",
    re.VERBOSE,
)


class JsonPath:
    """A compiled path such as ``.status.conditions[?(@.type=="Ready")].status``."""

    def __init__(self, text: str) -> None:
        body = text.strip().removeprefix("{").removesuffix("}")
        body = body if body.startswith((".", "[")) else f".{body}"
        self._steps: list[re.Match[str]] = []
        position = 0
        while position < len(body):
            found = _STEP.match(body, position)
            if found is None:
                raise bad_request(f"invalid JSONPath {text!r}")
            self._steps.append(found)
            position = found.end()

    def find(self, obj: Any) -> list[Any]:
        """Return every value the path leads to; nothing for a path that is not there."""
        values = [obj]
        for step in self._steps:
            values = [value for before in values for value in _take(before, step)]
        return values


def _take(value: Any, step: re.Match[str]) -> list[Any]:
    field = step["field"] or step["single"] or step["double"]
    if field is not None:
        field = field.replace("\\.", ".")
        if field == "*" and isinstance(value, dict):
            return list(value.values())
        return [value[field]] if isinstance(value, dict) and value.get(field) is not None else []
    if step["index"] is not None:
        if step["index"] == "*":
            return list(value.values()) if isinstance(value, dict) else list(value or ())
        position = int(step["index"])
        return [value[position]] if isinstance(value, list) and -len(value) <= position < len(value) else []
    wanted = step["value"].strip("'\"")
    matching = step["operator"] == "=="
    return [
        item for item in value or () if isinstance(item, dict) and (_text(item.get(step["key"])) == wanted) == matching
    ]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
