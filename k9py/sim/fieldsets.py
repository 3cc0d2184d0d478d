"""Sets of fields, as managedFields writes them: made from objects, compared, merged and pruned by type.

A path is a tuple of elements: ``f:spec``, ``k:{"name":"web"}`` for an item of a keyed list, ``v:"a"`` for a member
of a set. A container that was added as a whole is itself a member, written ``.``. Source of the format and of the
rules: the structured merge and diff library's documentation of FieldsV1 and of server-side apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from k9py.core.schemas import Type

Path = tuple[str, ...]
Paths = frozenset[Path]
_STRIPPED_METADATA = (
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
)
STRIPPED: Paths = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", f"f:{name}") for name in _STRIPPED_METADATA)]
)
"""Fields nobody owns."""


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """Write a set as fieldsV1."""
    root: dict[str, Any] = {}
    members: set[Path] = set(paths)
    for path in sorted(members):
        node = root
        for depth, element in enumerate(path):
            known = element in node
            node = node.setdefault(element, {})
            if known and not node and path[: depth + 1] in members and depth + 1 < len(path):
                node["."] = {}
    return root


def decode(node: Mapping[str, Any], at: Path = ()) -> Paths:
    """Read fieldsV1."""
    found: set[Path] = set()
    for element, inner in node.items():
        if element == ".":
            found.add(at)
        elif inner:
            found |= decode(inner, (*at, element))
        else:
            found.add((*at, element))
    return frozenset(found)


def text(path: Path) -> str:
    """Write a path for a person: ``.spec.containers[name="web"].image``."""
    parts: list[str] = []
    for element in path:
        kind, _, value = element.partition(":")
        if kind == "f":
            parts.append(f".{value}")
        elif kind == "k":
            keys = msgspec.json.decode(value)
            inside = ",".join(f"{key}={msgspec.json.encode(item).decode()}" for key, item in keys.items())
            parts.append(f"[{inside}]")
        else:
            parts.append(f"[={value}]")
    return "".join(parts)


def item_element(type_: Type, item: Any) -> str:
    """Return the path element of a list's item."""
    if type_.list_type == "set":
        return "v:" + msgspec.json.encode(item).decode()
    identity: dict[str, Any] = {}
    for key in sorted(type_.keys):
        value = item.get(key) if isinstance(item, dict) else None
        if value is None:
            value = type_.element.child(key).node.get("default")
        if value is not None:
            identity[key] = value
    return "k:" + msgspec.json.encode(identity).decode()


def is_leaf(type_: Type, value: Any) -> bool:
    """Say whether a value has one owner as a whole."""
    if type_.shape in ("struct", "map"):
        return type_.atomic or not isinstance(value, dict)
    if type_.shape == "list":
        return type_.list_type == "atomic" or not isinstance(value, list)
    return True


def _children(type_: Type, value: Any) -> Iterable[tuple[str, Type, Any]]:
    if type_.shape == "list":
        for item in value:
            yield item_element(type_, item), type_.element, item
    else:
        for name, inner in value.items():
            yield f"f:{name}", type_.child(name), inner


def applied(type_: Type, value: Any, at: Path = ()) -> set[Path]:
    """Return the set an applied configuration claims: its leaves, and every item of a keyed list."""
    if is_leaf(type_, value) or not value:
        return {at} if at else set()
    found: set[Path] = set()
    for element, inner_type, inner in _children(type_, value):
        path = (*at, element)
        if type_.shape == "list":
            found.add(path)
            if type_.list_type == "set":
                continue
        found |= applied(inner_type, inner, path)
    return found


def whole(type_: Type, value: Any, at: Path) -> set[Path]:
    """Return every path a value that was added or removed as a whole has, containers included."""
    if is_leaf(type_, value) or not value:
        return {at}
    found: set[Path] = {at}
    for element, inner_type, inner in _children(type_, value):
        path = (*at, element)
        if type_.shape == "list":
            found.add(path)
            if type_.list_type == "set":
                continue
        found |= whole(inner_type, inner, path)
    return found


class Difference:
    """What differs between two objects of one type."""

    def __init__(self, type_: Type, old: Any, new: Any) -> None:
        self.changed: set[Path] = set()
        """Added or modified."""
        self.removed: set[Path] = set()
        self._compare(type_, old, new, ())
        for paths in (self.changed, self.removed):
            paths -= STRIPPED

    def _compare(self, type_: Type, old: Any, new: Any, at: Path) -> None:
        if old == new:
            return
        if is_leaf(type_, old) or is_leaf(type_, new):
            self.changed |= whole(type_, new, at)
            return
        if not new:
            self.changed.add(at)
        before = {element: (inner, value) for element, inner, value in _children(type_, old)}
        after = {element: (inner, value) for element, inner, value in _children(type_, new)}
        for element in {**before, **after}:
            path = (*at, element)
            if element not in after:
                inner, value = before[element]
                self.removed |= {path} | whole(inner, value, path)
            elif element not in before:
                inner, value = after[element]
                if inner.shape == "struct" and not inner.pointer and not value:
                    continue
                empty = _always_there(type_, element, inner)
                if empty is None or not value:
                    self.changed |= {path} | whole(inner, value, path)
                else:
                    self._compare(inner, empty, value, path)
            else:
                inner, value = after[element]
                self._compare(inner, before[element][1], value, path)


def _always_there(parent: Type, element: str, inner: Type) -> Any:
    """Return the empty form of a field that every object has, so that it is never added as a whole, or None."""
    if parent.shape != "struct" or is_leaf(inner, {} if inner.shape != "list" else []):
        return None
    if inner.shape == "struct" and not inner.pointer:
        return {}
    return [] if inner.shape == "list" and element.removeprefix("f:") in parent.required else None


def merge(type_: Type, live: Any, config: Any) -> Any:
    """Return the live value with an applied configuration laid over it."""
    if is_leaf(type_, config) or not isinstance(live, dict | list):
        return config
    if isinstance(live, dict):
        merged = dict(live)
        for name, value in config.items():
            inner = type_.child(name)
            merged[name] = merge(inner, live[name], value) if live.get(name) is not None else value
        return merged
    wanted = {item_element(type_, item): item for item in config}
    merged_items: list[Any] = []
    seen: set[str] = set()
    for item in live:
        element = item_element(type_, item)
        if element in wanted and element not in seen:
            merged_items.append(merge(type_.element, item, wanted[element]))
        elif element not in wanted:
            merged_items.append(item)
        seen.add(element)
    merged_items += [item for element, item in wanted.items() if element not in seen]
    ranks = {element: rank for rank, element in enumerate(wanted)}
    return _like(merged_items, type_, ranks)


def _like(items: list[Any], type_: Type, ranks: Mapping[str, int]) -> list[Any]:
    """Put the configured items in the order of the configuration, leaving the others in their places."""
    ordered = sorted(
        (item for item in items if item_element(type_, item) in ranks),
        key=lambda item: ranks[item_element(type_, item)],
    )
    return [ordered.pop(0) if item_element(type_, item) in ranks else item for item in items]


def prune(type_: Type, value: Any, gone: Paths, kept: Paths, at: Path = ()) -> Any:
    """Return a value without the paths that are gone, unless something below them is kept."""
    if is_leaf(type_, value):
        return value
    result: list[Any] = []
    for element, inner_type, inner in _children(type_, value):
        path = (*at, element)
        below = any(other[: len(path)] == path for other in kept)
        if path in gone and not below:
            continue
        touched = any(other[: len(path)] == path and len(other) > len(path) for other in gone)
        pruned = prune(inner_type, inner, gone, kept, path) if touched else inner
        emptied = touched and not pruned and bool(inner) and not below
        if not (emptied and type_.shape != "list" and inner_type.pointer):
            result.append((element, pruned))
    if type_.shape == "list":
        return [item for _, item in result]
    return {element.removeprefix("f:"): item for element, item in result}
