"""A form for any kind, made from its schema: what is required first, everything else one level down."""

from __future__ import annotations

from typing import Any

from k9py.core.refs import ApiResource
from k9py.core.schemas import Type
from k9py.manifests.forms.common import identity
from k9py.manifests.forms.fields import Field, Form, Group, Item, Repeat
from k9py.manifests.forms.values import input_of

DEPTH = 6
"""Levels of groups a form goes down to; what is deeper is added by its path."""

_SKIPPED = frozenset({"apiVersion", "kind", "metadata", "status"})


def schema_form(resource: ApiResource, type_: Type) -> Form:
    """Return the form of a kind that has none of its own."""

    def seed(_name: str) -> dict[str, Any]:
        return {"metadata": {}, **({"spec": {}} if "spec" in type_.fields else {})}

    items = _items(type_, "", "", DEPTH, frozenset())
    whole = (identity(namespaced=resource.namespaced), *items)
    why = summary(type_.node.get("description", "")) or f"a {resource.kind}"
    return Form(resource.kind, resource.api_version, why, whole, seed, namespaced=resource.namespaced)


def field_at(path: str, type_: Type, description: str = "") -> Field | None:
    """Return a field for one path of the schema; None when the value there has parts of its own."""
    kind = input_of(type_)
    if kind is None:
        return None
    name = path.rpartition(".")[2]
    choices = tuple(str(word) for word in type_.node.get("enum") or ())
    default = type_.node.get("default")
    why = summary(description or type_.node.get("description", ""))
    return Field(path, path, name, why, kind, choices=choices,
                 default=None if isinstance(default, dict) else default)  # fmt: skip


def _items(type_: Type, path: str, prefix: str, depth: int, above: frozenset[str]) -> tuple[Item, ...]:
    required = set(type_.required)
    names = sorted(type_.fields, key=lambda name: (name not in required, list(type_.fields).index(name)))
    found: list[Item] = []
    for name in names:
        if not path and not prefix and name in _SKIPPED:
            continue
        inner = type_.fields[name]
        description = type_.node.get("properties", {}).get(name, {}).get("description", "")
        item = _item(name, inner, f"{path}.{name}" if path else name, f"{prefix}{name}", depth, above, description,
                     basic=name in required or path == "spec" or not path)  # fmt: skip
        if item is not None:
            found.append(item)
    return tuple(found)


def _item(
    name: str, type_: Type, path: str, id: str, depth: int, above: frozenset[str], description: str, *, basic: bool
) -> Item | None:
    why = summary(description)
    kind = input_of(type_)
    if kind is not None:
        choices = tuple(str(word) for word in type_.node.get("enum") or ())
        default = type_.node.get("default")
        return Field(id, path, name, why, kind, basic=basic, choices=choices, required=False,
                     default=default if isinstance(default, str | int | bool) else None)  # fmt: skip
    if depth == 0 or (type_.name and type_.name in above):
        return None
    below = above | {type_.name} if type_.name else above
    if type_.shape == "struct" and type_.fields:
        items = _items(type_, path, f"{id}.", depth - 1, below)
        return Group(id, name, items, why, basic=basic) if items else None
    if type_.shape == "list" and type_.element.shape == "struct":
        items = _items(type_.element, "", "", depth - 1, below | {type_.element.name})
        return Repeat(id, path, name, why, items, basic=basic) if items else None
    return None


def summary(description: str) -> str:
    """Return the first sentence of a description."""
    line = " ".join(description.split())
    end = line.find(". ")
    return (line if end < 0 else line[:end]).rstrip(".")
