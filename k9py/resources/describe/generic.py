"""The description of any other object, from its own fields."""

from __future__ import annotations

from typing import Any

from k9py.resources.describe.common import conditions, identity, moment, owner_text
from k9py.resources.describe.page import Page, at, shown
from k9py.resources.describe.workloads import Related

SKIPPED = frozenset({"apiVersion", "kind", "metadata"})


def anything(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe an object nobody wrote a description for: every field, its names as words."""
    identity(page, obj)
    page.pair("API Version", obj.get("apiVersion"))
    page.pair("Kind", obj.get("kind"))
    page.pair("Created", moment(at(obj, "metadata", "creationTimestamp"), now))
    page.optional("Controlled By", owner_text(obj))
    for key, value in obj.items():
        if key not in SKIPPED and key != "status":
            _field(page, words(key), value)
    status = obj.get("status")
    if isinstance(status, dict):
        rest = {key: value for key, value in status.items() if key != "conditions"}
        if rest:
            _field(page, "Status", rest)
        page.blank()
        conditions(page, obj, now)


def words(key: str) -> str:
    """Return a field name as words: ``maxReplicas`` becomes ``Max Replicas``; names with other signs stay."""
    if not key.isalnum():
        return key
    parts: list[str] = []
    for index, char in enumerate(key):
        starts = char.isupper() and (not key[index - 1 : index].isupper() or key[index + 1 : index + 2].islower())
        if index and starts:
            parts.append(" ")
        parts.append(char)
    text = "".join(parts)
    return text[:1].upper() + text[1:]


def _field(page: Page, label: str, value: Any) -> None:
    if isinstance(value, dict) and value:
        with page.section(label):
            for name, item in value.items():
                _field(page, words(name), item)
    elif isinstance(value, list) and value:
        if all(not isinstance(item, dict | list) for item in value):
            page.several(label, [shown(item) for item in value])
            return
        with page.section(label):
            for index, item in enumerate(value, 1):
                _field(page, _item_label(item, index), item)
    else:
        page.pair(label, None if isinstance(value, dict | list) else value)


def _item_label(item: Any, index: int) -> str:
    for key in ("name", "type", "key"):
        if isinstance(at(item, key), str):
            return str(at(item, key))
    return str(index)
