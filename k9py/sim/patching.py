"""JSON patch (RFC 6902), JSON merge patch (RFC 7396) and strategic merge patch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from k9py.core.errors import ApiError
from k9py.core.schemas import ANY, Type
from k9py.sim.objects import Object
from k9py.sim.statuses import bad_request

_REJECTED = "the server rejected our request due to an error in our request"
_ORDER = "$setElementOrder/"
_DELETE_SCALARS = "$deleteFromPrimitiveList/"


def _rejected() -> ApiError:
    return ApiError.of(422, _REJECTED, reason="Invalid")


# JSON patch
_DECODING = "error decoding patch: "


def _unlike(patch: Any, wanted: str) -> str:
    """Return Go's words for a document of another shape than was wanted."""
    shapes = {dict: "object", list: "array", str: "string", bool: "bool"}
    return f"json: cannot unmarshal {shapes.get(type(patch), 'number')} into Go value of type {wanted}"


def json_patch(obj: Object, operations: Any) -> Object:
    """Return the object after a list of operations; raises 422 when one cannot be done, 400 for no list."""
    if not isinstance(operations, list):
        raise bad_request(_DECODING + _unlike(operations, "[]handlers.jsonPatchOp"))
    root: dict[str, Any] = {"": copy.deepcopy(obj)}
    for operation in operations:
        if not isinstance(operation, dict):
            raise _rejected()
        action = _ACTIONS.get(str(operation.get("op")))
        if action is None:
            raise _rejected()
        action(root, operation)
    patched = root[""]
    if not isinstance(patched, dict):
        raise _rejected()
    return patched


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise _rejected()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _parent(root: Any, path: list[str]) -> tuple[Any, str]:
    value = root
    for part in path[:-1]:
        value = _at(value, part)
    return value, path[-1]


def _at(value: Any, part: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    raise _rejected()


def _add(root: Any, operation: Mapping[str, Any]) -> None:
    _put(root, _pointer(operation.get("path")), copy.deepcopy(operation.get("value")))


def _put(root: Any, path: list[str], value: Any) -> None:
    parent, last = _parent(root, path)
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and last == "-":
        parent.append(value)
    elif isinstance(parent, list) and last.isdigit() and int(last) <= len(parent):
        parent.insert(int(last), value)
    else:
        raise _rejected()


def _take(root: Any, path: list[str]) -> Any:
    parent, last = _parent(root, path)
    value = _at(parent, last)
    if isinstance(parent, dict):
        del parent[last]
    else:
        del parent[int(last)]
    return value


def _remove(root: Any, operation: Mapping[str, Any]) -> None:
    _take(root, _pointer(operation.get("path")))


def _replace(root: Any, operation: Mapping[str, Any]) -> None:
    parent, last = _parent(root, _pointer(operation.get("path")))
    if not isinstance(parent, dict):  # The real server's library replaces what a map has not as well.
        _at(parent, last)
    parent[int(last) if isinstance(parent, list) else last] = copy.deepcopy(operation.get("value"))


def _move(root: Any, operation: Mapping[str, Any]) -> None:
    value = _take(root, _pointer(operation.get("from")))
    _put(root, _pointer(operation.get("path")), value)


def _copy(root: Any, operation: Mapping[str, Any]) -> None:
    parent, last = _parent(root, _pointer(operation.get("from")))
    _put(root, _pointer(operation.get("path")), copy.deepcopy(_at(parent, last)))


def _test(root: Any, operation: Mapping[str, Any]) -> None:
    parent, last = _parent(root, _pointer(operation.get("path")))
    present = last in parent if isinstance(parent, dict) else True
    found = _at(parent, last) if present else None
    if found != operation.get("value"):
        raise _rejected()


_ACTIONS: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


# JSON merge patch


def merge_patch(obj: Object, patch: Any) -> Object:
    """Return the object merged with a patch; null removes, lists are replaced."""
    if not isinstance(patch, dict):
        raise bad_request(_DECODING + _unlike(patch, "map[string]interface {}"))
    merged = dict(obj)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = merge_patch(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


# strategic merge patch


def strategic_patch(obj: Object, patch: Any, type_: Type) -> Object:
    """Return the object merged with a patch by the merge keys of its type; raises 400 for a patch out of shape."""
    if not isinstance(patch, dict):
        raise bad_request(_unlike(patch, "map[string]interface {}"))
    merged = _merge_map(copy.deepcopy(obj), patch, type_)
    return merged if merged is not None else {}


def _merge_map(current: dict[str, Any], patch: Mapping[str, Any], type_: Type) -> dict[str, Any] | None:
    directive = patch.get("$patch")
    if directive == "delete":
        return None
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    kept = patch.get("$retainKeys")
    if kept is not None:
        current = {key: value for key, value in current.items() if key in kept}
    for key, value in patch.items():
        if key in ("$patch", "$retainKeys") or key.startswith((_ORDER, _DELETE_SCALARS)):
            continue
        inner = type_.child(key)
        before = current.get(key)
        if value is None:
            current.pop(key, None)
        elif isinstance(value, dict):
            replaces = "replace" in inner.strategies
            merged = _merge_map({} if replaces or not isinstance(before, dict) else before, value, inner)
            if merged is None:
                current.pop(key, None)
            else:
                current[key] = merged
        elif isinstance(value, list) and "merge" in inner.strategies:
            given = patch.get(_ORDER + key)
            current[key] = _merge_list(before if isinstance(before, list) else [], value, inner, given)
        else:
            current[key] = copy.deepcopy(value)
    return _finish_lists(current, patch, type_)


def _finish_lists(current: dict[str, Any], patch: Mapping[str, Any], type_: Type) -> dict[str, Any]:
    """Carry out the directives about a field's list that stand beside the field."""
    for key, value in patch.items():
        if key.startswith(_DELETE_SCALARS):
            name = key.removeprefix(_DELETE_SCALARS)
            current[name] = [item for item in current.get(name) or [] if item not in value]
    for key, value in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            if isinstance(current.get(name), list) and name not in patch:
                current[name] = _in_order(current[name], current[name], value, type_.child(name).merge_key)
    return current


def _merge_list(current: list[Any], patch: list[Any], type_: Type, order: list[Any] | None) -> list[Any]:
    key = type_.merge_key
    if not key:
        merged = current + [item for item in patch if item not in current]
        return _in_order(merged, current, patch if order is None else order, key)
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    merged = list(current)
    element = type_.element if type_ is not ANY else ANY
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        position = next((at for at, old in enumerate(merged) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if position is not None:
                del merged[position]
            continue
        before = merged[position] if position is not None else {}
        result = _merge_map(dict(before), item, element)
        if result is None:
            continue
        if position is None:
            merged.append(result)
        else:
            merged[position] = result
    return _in_order(merged, current, patch if order is None else order, key)


def _in_order(items: list[Any], server: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Sort what the order names as it says; what only the server has stays before what came after it.

    An item the server did not have comes as early as the order allows, as the real server places it.
    """

    def identity(item: Any) -> Any:
        return item.get(merge_key) if isinstance(item, dict) else item

    ranks = {identity(item): rank for rank, item in enumerate(order)}
    before = {identity(item): position for position, item in enumerate(server)}
    named = sorted((item for item in items if identity(item) in ranks), key=lambda item: ranks[identity(item)])
    others = [item for item in items if identity(item) not in ranks]
    result: list[Any] = []
    while named and others:
        place = before.get(identity(named[0]), -1)
        result.append((others if before[identity(others[0])] < place else named).pop(0))
    return result + named + others
