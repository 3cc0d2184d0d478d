"""Paths into an object: keys, list positions, and list items chosen by what they hold.

``spec.metrics[type=Resource,resource.name=cpu].resource.target`` goes through the first item of ``metrics`` that holds
these values; when there is none, putting something there makes one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from k9py.core.errors import UsageError

KEPT_EMPTY = frozenset({"emptyDir", "podSelector", "namespaceSelector", "selector", "spec", "metadata", "template",
                        "containers", "rules"})  # fmt: skip
"""Keys whose empty map or list means something, so clearing what is below never removes them."""


@dataclass(frozen=True, slots=True)
class Match:
    """The first item of a list in which these values stand."""

    values: tuple[tuple[str, str], ...]

    def fits(self, item: Any) -> bool:
        """Return whether an item is the one meant."""
        return all(get(item, parse(path)) == value for path, value in self.values)

    def made(self) -> Any:
        """Return a new item."""
        item: Any = {}
        for path, value in self.values:
            item = put(item, parse(path), value)
        return item


Step = str | int | Match
Steps = tuple[Step, ...]
_PART = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<inside>[^\]]*)\]|\.")


@lru_cache(maxsize=4096)
def parse(text: str) -> Steps:
    """Return the steps of a path; raises UsageError. ``["app.kubernetes.io/name"]`` is a key with dots."""
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise UsageError(f"not a field's path: {text!r}", remedy="Write it like spec.ports[0].port")
        inside = match["inside"]
        if match["key"] is not None:
            steps.append(match["key"])
        elif inside is not None:
            steps.append(_bracket(inside, text))
        position = match.end()
    return tuple(steps)


def _bracket(inside: str, text: str) -> Step:
    if inside.isdigit():
        return int(inside)
    if inside[:1] in ("'", '"'):
        return inside.strip("'\"")
    pairs = [part.partition("=") for part in inside.split(",")]
    if all(name and equals for name, equals, _ in pairs):
        return Match(tuple((name, value) for name, _, value in pairs))
    if inside:
        return inside
    raise UsageError(f"an empty bracket in {text!r}")


def get(value: Any, steps: Steps) -> Any:
    """Return what stands at a path; None when nothing does."""
    for step in steps:
        if isinstance(step, Match):
            value = next((item for item in value if step.fits(item)), None) if isinstance(value, list) else None
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def put(value: Any, steps: Steps, new: Any) -> Any:
    """Return a copy with ``new`` at a path; maps and lists on the way are made, a position past the end appends."""
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        below = dict(value) if isinstance(value, dict) else {}
        below[step] = put(below.get(step), rest, new)
        return below
    items = list(value) if isinstance(value, list) else []
    position = _position(items, step)
    if position >= len(items):
        items.append(step.made() if isinstance(step, Match) else None)
        position = len(items) - 1
    items[position] = put(items[position], rest, new)
    return items


def _position(items: list[Any], step: Step) -> int:
    if isinstance(step, Match):
        return next((index for index, item in enumerate(items) if step.fits(item)), len(items))
    assert isinstance(step, int)
    return step


def drop(value: Any, steps: Steps) -> Any:
    """Return a copy without what stands at a path; what is left empty by it goes too, unless it means something."""
    if get(value, steps) is None and not _is_null(value, steps):
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        below = dict(value)
        if rest:
            inner = drop(below[step], rest)
            if inner in ({}, [], None) and step not in KEPT_EMPTY:
                del below[step]
            else:
                below[step] = inner
        else:
            del below[step]
        return below
    items = list(value)
    position = _position(items, step)
    if rest:
        inner = drop(items[position], rest)
        if inner in ({}, None) or (isinstance(step, Match) and inner == step.made()):
            del items[position]
        else:
            items[position] = inner
    else:
        del items[position]
    return items


def _is_null(value: Any, steps: Steps) -> bool:
    """Return whether a null stands at a path, which is something to remove."""
    above = get(value, steps[:-1]) if len(steps) > 1 else value
    return isinstance(above, dict) and isinstance(steps[-1], str) and steps[-1] in above


def plain(value: Any, steps: Steps) -> tuple[str | int, ...]:
    """Return the path with positions in place of matches; one that matches nothing is the position past the end."""
    found: list[str | int] = []
    for step in steps:
        if isinstance(step, Match):
            position = _position(value, step) if isinstance(value, list) else 0
            found.append(position)
            value = get(value, (position,))
        else:
            found.append(step)
            value = get(value, (step,))
    return tuple(found)
