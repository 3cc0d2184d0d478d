"""What was made again from other options, laid over what a person made of it meanwhile."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from k9py.core.yamledit import IDENTITIES, same

_ABSENT = object()


def merged(base: Any, made: Any, mine: Any) -> Any:
    """Return ``mine`` with every difference between ``base`` and ``made`` in it.

    Where both changed one value, the newly made one wins: somebody just asked for it.
    """
    if _alike(base, made):
        return mine
    if _alike(mine, base) or _alike(mine, made):
        return made
    if isinstance(base, dict) and isinstance(made, dict) and isinstance(mine, dict):
        return _maps(base, made, mine)
    if isinstance(base, list) and isinstance(made, list) and isinstance(mine, list):
        return _lists(base, made, mine)
    return made


def _alike(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return same(one, other)


def _maps(base: dict[str, Any], made: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in [*mine, *(key for key in made if key not in mine)]:
        before, after, own = base.get(key, _ABSENT), made.get(key, _ABSENT), mine.get(key, _ABSENT)
        value = merged(before, after, own)
        if value is not _ABSENT:
            result[key] = value
    return result


def _lists(base: list[Any], made: list[Any], mine: list[Any]) -> list[Any]:
    """Merge lists of maps by what tells their items apart; any other list is taken whole."""
    keyed = [_keyed(items) for items in (base, made, mine)]
    if any(items is None for items in keyed):
        if len(base) == len(made) == len(mine):
            return [merged(*three) for three in zip(base, made, mine, strict=True)]
        return made
    befores, afters, own = (items or {} for items in keyed)
    result = []
    for key in [*own, *(key for key in afters if key not in own)]:
        value = merged(befores.get(key, _ABSENT), afters.get(key, _ABSENT), own.get(key, _ABSENT))
        if value is not _ABSENT:
            result.append(value)
    return result


def _keyed(items: list[Any]) -> dict[Hashable, Any] | None:
    """Return items by their identity; None when they have none or share one."""
    found: dict[Hashable, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        name = next((name for name in IDENTITIES if isinstance(item.get(name), str | int)), None)
        if name is None or (name, item[name]) in found:
            return None
        found[name, item[name]] = item
    return found
