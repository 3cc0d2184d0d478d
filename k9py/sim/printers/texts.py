"""Texts that cells of many kinds share: ages, labels, selectors, containers, shortened lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from k9py.core import ages
from k9py.sim.objects import Object

Printer = Callable[[Object, float], list[Any]]
NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"


def age(stamp: str | None, now: float) -> str:
    """Return how long ago a timestamp was."""
    return ages.age(ages.time_or_zero(stamp), now)


def created(obj: Object, now: float) -> str:
    """Return an object's age."""
    return age(obj["metadata"].get("creationTimestamp"), now)


def default_cells(obj: Object, now: float) -> list[Any]:
    """Return name and creation time, for kinds without columns of their own."""
    return [name(obj), obj["metadata"].get("creationTimestamp")]


def name_and_age(obj: Object, now: float) -> list[Any]:
    """Return name and age."""
    return [name(obj), created(obj, now)]


def name(obj: Object) -> str:
    """Return the object's name."""
    return str(obj["metadata"]["name"])


def spec(obj: Object) -> dict[str, Any]:
    """Return the spec, empty when there is none."""
    return obj.get("spec") or {}


def status(obj: Object) -> dict[str, Any]:
    """Return the status, empty when there is none."""
    return obj.get("status") or {}


def labels_text(labels: Mapping[str, str] | None) -> str:
    """Return ``a=b,c=d`` in key order."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def selector_text(selector: Mapping[str, Any] | None, *, empty: str = NONE) -> str:
    """Return a LabelSelector as one text, its terms in key order."""
    selector = selector or {}
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for item in selector.get("matchExpressions") or ():
        key, values = item["key"], ",".join(sorted(item.get("values") or ()))
        text = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }[item["operator"]]
        terms.append((key, text))
    return ",".join(text for _, text in sorted(terms, key=lambda term: term[0])) or empty


def containers(template: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the names and the images of a pod template's containers."""
    found = ((template or {}).get("spec") or {}).get("containers") or []
    return ",".join(item["name"] for item in found), ",".join(item.get("image", "") for item in found)


def with_more(items: Sequence[str], count: int, *, shown: int = 3, empty: str = UNSET) -> str:
    """Join the first few items and say how many more there are."""
    text = ",".join(items[:shown])
    if count > shown:
        return f"{text} + {count - shown} more..."
    return text or empty


def condition(conditions: Iterable[Mapping[str, Any]] | None, kind: str) -> Mapping[str, Any] | None:
    """Return the condition of a type, or None."""
    return next((item for item in conditions or () if item.get("type") == kind), None)


def is_true(conditions: Iterable[Mapping[str, Any]] | None, kind: str) -> bool:
    """Say whether a condition is there and True."""
    found = condition(conditions, kind)
    return found is not None and found.get("status") == "True"


def deleting(obj: Object) -> bool:
    """Say whether the object is marked as going."""
    return bool(obj["metadata"].get("deletionTimestamp"))
