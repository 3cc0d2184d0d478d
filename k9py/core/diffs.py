"""What differs between two objects: field by field, and as lines side by side or unified. Pure values.

An object is shown without what the server keeps for itself, and the values of Secrets never appear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Final, Literal

from k9py.core import yamldoc

Path = tuple[str | int, ...]
"""Steps from the root of an object to a value; an item of a list of named items is stepped to by its name."""

CONTEXT = 3
"""Unchanged lines shown around a change, as in every diff."""
MASK = "***"
"""Stands for a value of a Secret."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation in which kubectl keeps a copy of the whole object, the values of a Secret included."""

_NOISE_TOP = frozenset({"status"})
_NOISE_METADATA = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
_NOISE_ANNOTATIONS = frozenset({LAST_APPLIED, "deployment.kubernetes.io/revision"})


class _Absent:
    """The value of a field that is not there, which is not the same as null."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


# what is compared


def quiet(obj: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an object without what the server writes itself; the parts that stay are shared, not copied."""
    if obj is None:
        return {}
    kept = {key: value for key, value in obj.items() if key not in _NOISE_TOP}
    metadata = kept.get("metadata")
    if isinstance(metadata, Mapping):
        meta = {key: value for key, value in metadata.items() if key not in _NOISE_METADATA}
        annotations = meta.get("annotations")
        if isinstance(annotations, Mapping):
            meta["annotations"] = {key: value for key, value in annotations.items() if key not in _NOISE_ANNOTATIONS}
            if not meta["annotations"]:
                del meta["annotations"]
        kept["metadata"] = meta
    return kept


def is_secret(obj: Mapping[str, Any] | None) -> bool:
    """Return whether an object is a Secret, whose values are never shown or kept.

    One whose version or kind is mistyped, which no server takes, holds the same values.
    """
    if not obj or str(obj.get("kind")).lower() != "secret":
        return False
    return "/" not in str(obj.get("apiVersion") or "")


def masked(obj: Mapping[str, Any], against: Mapping[str, Any] | None = None, *, word: str = "") -> dict[str, Any]:
    """Return a Secret with its values hidden; one that differs from ``against`` carries the word behind the mask.

    Anything that is not a Secret is returned as it is.
    """
    result = dict(obj)
    if not is_secret(obj):
        return result
    for part in ("data", "stringData"):
        values = obj.get(part)
        if isinstance(values, Mapping):
            others = (against or {}).get(part)
            others = others if isinstance(others, Mapping) else {}
            result[part] = {
                key: f"{MASK} ({word})" if word and key in others and others[key] != value else MASK
                for key, value in values.items()
            }
        elif values is not None:
            result[part] = MASK
    return result


# field by field


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs; ABSENT on the side that has none."""

    path: Path
    before: Any = field(repr=False)
    after: Any = field(repr=False)

    @property
    def field(self) -> str:
        """The path as messages show it."""
        return path_text(self.path)


def path_text(path: Path) -> str:
    """Return a path as the server writes paths: ``spec.containers[web].image``, ``metadata.labels[a.example/b]``."""
    text = ""
    for step in path:
        if isinstance(step, int) or step.startswith("[") or not step or any(char in step for char in "./[]"):
            text += step if isinstance(step, str) and step.startswith("[") else f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def named_items(items: Any) -> dict[str, Any] | None:
    """Return a list of maps with unique names by ``[name]``, None for any other value: so containers keep their place.

    Only for reading: which lists the server merges is said by its schema.
    """
    if not isinstance(items, list) or not items:
        return None
    named: dict[str, Any] = {}
    for item in items:
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(name, str) or f"[{name}]" in named:
            return None
        named[f"[{name}]"] = item
    return named


def children(value: Any) -> Mapping[str, Any] | None:
    """Return what is below a value by step, None for a value that is compared as a whole."""
    return value if isinstance(value, Mapping) else named_items(value)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: in Python true equals 1, there it does not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def changes(before: Any, after: Any, path: Path = ()) -> list[FieldChange]:
    """Return every field that differs, in the order of ``before`` and then of ``after``."""
    if before is after or same(before, after):
        return []
    left, right = children(before), children(after)
    if left is None or right is None or isinstance(before, Mapping) is not isinstance(after, Mapping):
        return [FieldChange(path, before, after)]
    found: list[FieldChange] = []
    for step in dict.fromkeys((*left, *right)):
        found += changes(left.get(step, ABSENT), right.get(step, ABSENT), (*path, step))
    # The same named items in another order are another list to the server.
    return found or [FieldChange(path, before, after)]


def value_at(obj: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a path, ABSENT where there is none."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(obj, list) or step >= len(obj):
                return ABSENT
            obj = obj[step]
            continue
        below = children(obj)
        if below is None or step not in below:
            return ABSENT
        obj = below[step]
    return obj


def with_value(obj: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a copy of a tree with one value set, or removed when it is ABSENT; what the path lacks is made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, str) and step.startswith("[") and (isinstance(obj, list) or obj in (None, ABSENT)):
        return _with_item(obj if isinstance(obj, list) else [], step[1:-1], rest, value)
    if isinstance(step, int):
        items = list(obj)
        items[step] = with_value(items[step], rest, value)
        return items
    result = dict(obj) if isinstance(obj, Mapping) else {}
    if rest and value is ABSENT and step not in result:
        return result
    below = with_value(result.get(step, ABSENT), rest, value)
    if below is ABSENT:
        result.pop(step, None)
    else:
        result[step] = below
    return result


def _with_item(items: list[Any], name: str, rest: Sequence[str | int], value: Any) -> list[Any]:
    result: list[Any] = []
    seen = False
    for item in items:
        if isinstance(item, Mapping) and item.get("name") == name:
            seen = True
            item = with_value(item, rest, value)
        if item is not ABSENT:
            result.append(item)
    if not seen and value is not ABSENT:
        made = with_value({"name": name} if rest else ABSENT, rest, value)
        result.append(made)
    return result


# as lines


Sign = Literal[" ", "-", "+", "~"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a side-by-side view; 0 is the number of a side that has no line."""

    sign: Sign
    """`` `` same, ``-`` only before, ``+`` only after, ``~`` differs."""
    left: str
    right: str
    left_number: int
    right_number: int


@dataclass(frozen=True)
class Diff:
    """Two states of one object; the texts are made when somebody looks."""

    before: Mapping[str, Any] | None = field(repr=False)
    after: Mapping[str, Any] | None = field(repr=False)
    """None where there is no object on that side."""

    @cached_property
    def fields(self) -> tuple[FieldChange, ...]:
        """Every field that differs, with its real values: never print those of a Secret."""
        return tuple(changes(quiet(self.before), quiet(self.after)))

    @property
    def empty(self) -> bool:
        """True when both sides exist, or neither, and are the same."""
        return (self.before is None) == (self.after is None) and not self.fields

    @cached_property
    def texts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The lines of both sides as YAML, without noise, the values of Secrets masked."""
        old, new = quiet(self.before), quiet(self.after)
        left = masked(old, new, word="before") if old else {}
        right = masked(new, old, word="after") if new else {}
        return _yaml_lines(left), _yaml_lines(right)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every line, side by side."""
        return tuple(_pairs(*self.texts))

    @property
    def counts(self) -> tuple[int, int]:
        """How many lines came and how many went."""
        added = sum(1 for pair in self.pairs if pair.sign in "+~")
        return added, sum(1 for pair in self.pairs if pair.sign in "-~")

    def side_by_side(self, *, context: int | None = CONTEXT) -> list[Pair | None]:
        """Return the lines around the changes; None stands for what is left out between them."""
        if context is None:
            return list(self.pairs)
        shown: list[Pair | None] = []
        last = -1
        for index in sorted(_near(self.pairs, context)):
            if index > last + 1:
                shown.append(None)
            shown.append(self.pairs[index])
            last = index
        if shown and last < len(self.pairs) - 1:
            shown.append(None)
        return shown

    def unified(self, *, title: str = "", context: int = CONTEXT) -> list[str]:
        """Return the lines of a unified diff, ``---``/``+++``/``@@`` heads included; none when nothing differs."""
        if self.empty:
            return []
        name = title or "object"
        left, right = self.texts
        lines = [f"--- {f'live/{name}' if left else '/dev/null'}", f"+++ {f'planned/{name}' if right else '/dev/null'}"]
        for group in SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(context):
            lines.append(f"@@ -{_span(group[0][1], group[-1][2])} +{_span(group[0][3], group[-1][4])} @@")
            for word, low, high, new_low, new_high in group:
                if word == "equal":
                    lines += [f" {line}" for line in left[low:high]]
                    continue
                lines += [f"-{line}" for line in left[low:high]]
                lines += [f"+{line}" for line in right[new_low:new_high]]
        return lines


def _yaml_lines(obj: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(yamldoc.dump_object(dict(obj)).splitlines()) if obj else ()


def _span(low: int, high: int) -> str:
    """Return a range of lines as unified diffs write it, counted from 1."""
    length = high - low
    return str(low + 1) if length == 1 else f"{low + 1 if length else low},{length}"


def _pairs(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    for word, low, high, new_low, new_high in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if word == "equal":
            for offset in range(high - low):
                line = left[low + offset]
                yield Pair(" ", line, line, low + offset + 1, new_low + offset + 1)
            continue
        for offset in range(max(high - low, new_high - new_low)):
            old = low + offset if low + offset < high else -1
            new = new_low + offset if new_low + offset < new_high else -1
            sign: Sign = "~" if old >= 0 and new >= 0 else "-" if old >= 0 else "+"
            yield Pair(sign, left[old] if old >= 0 else "", right[new] if new >= 0 else "", old + 1, new + 1)


def _near(pairs: Iterable[Pair], context: int) -> set[int]:
    changed = [index for index, pair in enumerate(pairs) if pair.sign != " "]
    total = len(tuple(pairs))
    return {near for index in changed for near in range(max(0, index - context), min(total, index + context + 1))}
