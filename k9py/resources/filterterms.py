"""The terms a table filter is made of: text, pattern, fuzzy, label, field and column comparisons."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from typing import Any

from k9py.core import fuzzy, quantity
from k9py.core.ages import parse_duration
from k9py.core.errors import FilterError, InputError
from k9py.core.selectors import FieldRequirement, Selector
from k9py.kube.rows import Row
from k9py.resources.model import MISSING, Column, Measure, RowContext
from k9py.resources.podstate import Trouble

Term = Callable[[Row, RowContext], bool]

PATTERN_SUBJECT = 400
"""Characters of a row a pattern looks at: bounds what backtracking can cost."""

PATTERN_REPEATS = 4
"""Unbounded repetitions one pattern may have, for the same reason."""

PATTERN_LENGTH = 500

_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip

_EXAMPLES = {
    Measure.CPU: "an amount of CPU such as 200m or 1.5",
    Measure.BYTES: "an amount of memory such as 128Mi",
    Measure.DURATION: "a duration such as 90s, 1h30m or 3d",
    Measure.PERCENT: "a percentage such as 80",
    Measure.NUMBER: "a number",
    Measure.RATIO: "a quotient such as 1/2, or a number",
}


class Haystack:
    """The columns in which text is looked for."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._texts = [column.text for column in columns]

    def text(self, row: Row, ctx: RowContext) -> str:
        """Return the cells one under the other, so that text does not match across two of them.

        What last went wrong belongs to it: a pod that ran out of memory is found by that while it waits or runs again.
        """
        cells = [text(row, ctx) for text in self._texts]
        trouble = getattr(row, "trouble", None)
        if isinstance(trouble, Trouble):
            cells += [trouble.reason, trouble.last_reason]
        return "\n".join(cells)


def contains(text: str, haystack: Haystack) -> Term:
    """Return a term for text anywhere in the row, in either case."""
    wanted = text.lower()
    cells = haystack.text

    def test(row: Row, ctx: RowContext) -> bool:
        return wanted in row.name or wanted in cells(row, ctx).lower()

    return test


def pattern(text: str, haystack: Haystack, *, position: int) -> Term:
    """Return a term for a regular expression; ``^`` and ``$`` are the ends of a cell. Raises FilterError."""
    search = compile_pattern(text, position=position).search
    cells = haystack.text
    return lambda row, ctx: search(cells(row, ctx)[:PATTERN_SUBJECT]) is not None


def compile_pattern(text: str, *, position: int = 0) -> re.Pattern[str]:
    """Return a case-insensitive pattern that cannot run away; raises FilterError."""
    if len(text) > PATTERN_LENGTH:
        raise FilterError("the pattern is too long", position=position)
    try:
        compiled = re.compile(text, re.IGNORECASE | re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        at = getattr(error, "pos", None) or 0
        reason = getattr(error, "msg", str(error))
        raise FilterError(
            f"not a pattern: {reason}", position=position + at, remedy="Without slashes it is sought as plain text"
        ) from error
    reason = _runaway(text)
    if reason:
        raise FilterError(f"the pattern could take forever: {reason}", position=position)
    return compiled


def _runaway(text: str) -> str:
    """Return why a pattern may backtrack without end: a repetition inside a repetition, or too many of them."""
    repeats = 0
    groups: list[bool] = []
    inside = False
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 2
            continue
        if char == "[":
            position = _class_end(text, position)
            continue
        if char == "(":
            groups.append(inside)
            inside = False
        elif char == ")":
            repeated = _REPEAT.match(text, position + 1)
            if repeated is not None and inside:
                return "a repetition stands inside a repetition"
            inside = inside or (groups.pop() if groups else False)
        elif char == "|" and groups:
            inside = True
        else:
            repeated = _REPEAT.match(text, position)
            if repeated is not None:
                repeats += 1
                inside = True
                position = repeated.end()
                continue
        position += 1
    return "it has too many repetitions" if repeats > PATTERN_REPEATS else ""


def _class_end(text: str, start: int) -> int:
    """Return the position behind a character class."""
    position = start + 1
    if text[position : position + 1] == "^":
        position += 1
    if text[position : position + 1] == "]":
        position += 1
    while position < len(text) and text[position] != "]":
        position += 2 if text[position] == "\\" else 1
    return position + 1


def similar(text: str) -> Term:
    """Return a term for names that have the letters in order."""
    return lambda row, _ctx: fuzzy.matches(text, row.key)


def labelled(selector: Selector) -> Term:
    """Return a term for a label selector."""
    return lambda row, _ctx: selector.matches(row.labels)


_ROW_FIELDS = {
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.uid": "uid",
    "spec.nodeName": "node",
    "status.phase": "phase",
    "spec.serviceAccountName": "service_account",
    "status.podIP": "ip",
}


def fielded(requirement: FieldRequirement) -> Term | None:
    """Return a term for a field the row carries, None for one that only the server can select."""
    attribute = _ROW_FIELDS.get(requirement.path)
    if attribute is None:
        return None
    value, negated = requirement.value, requirement.negated

    def test(row: Row, _ctx: RowContext) -> bool:
        return (getattr(row, attribute, "") == value) != negated

    return test


def compared(column: Column, sign: str, wanted: str, *, position: int) -> Term:
    """Return a term for a column compared with a value; raises FilterError saying what the column can hold.

    A cell without a value matches no comparison but ``!=``. Text may hold ``*`` and several values with commas.
    """
    if column.measure is Measure.TEXT or (column.measure is Measure.RATIO and "/" in wanted):
        return _compared_text(column, sign, wanted, position=position)
    value = _amount(column, wanted, position=position)
    compare, key = _COMPARE[sign], column.sort

    def test(row: Row, ctx: RowContext) -> bool:
        cell = key(row, ctx)
        return sign == "!=" if cell == MISSING else compare(cell, value)

    return test


def _compared_text(column: Column, sign: str, wanted: str, *, position: int) -> Term:
    if sign not in ("=", "!="):
        raise FilterError(f"{column.id} holds text, which is not more or less", position=position, remedy="Use = or !=")
    patterns = [re.compile(translate(one.lower())) for one in wanted.split(",") if one]
    plain = frozenset(one.lower() for one in wanted.split(",") if "*" not in one and "?" not in one and "[" not in one)
    negated = sign == "!="

    def test(row: Row, ctx: RowContext) -> bool:
        text = column.text(row, ctx).lower()
        return (text in plain or any(one.match(text) for one in patterns)) != negated

    return test


def _amount(column: Column, wanted: str, *, position: int) -> float:
    try:
        if column.measure is Measure.CPU:
            return float(quantity.parse(wanted) * 1000)
        if column.measure is Measure.BYTES:
            return float(quantity.parse(wanted))
        if column.measure is Measure.DURATION:
            return parse_duration(wanted)
        return float(wanted.removesuffix("%"))
    except (InputError, ValueError) as error:
        raise FilterError(
            f"{column.id} is compared with {_EXAMPLES[column.measure]}, not with {wanted!r}"
            if wanted
            else f"{column.id} is compared with {_EXAMPLES[column.measure]}",
            position=position,
        ) from error
