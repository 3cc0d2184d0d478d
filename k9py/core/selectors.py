"""Label and field selectors: parse, match, print.

The grammar is that of ``k8s.io/apimachinery`` labels: ``a=b``, ``a==b``, ``a!=b``, ``a in (b,c)``, ``a notin (b)``,
``a``, ``!a``, ``a>1``, ``a<1``, joined by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k9py.core.errors import SelectorError

NAME_LIMIT = 63
"""Characters of a label value and of the name part of a key."""

PREFIX_LIMIT = 253
"""Characters of the part of a key before the slash."""

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_TOKEN = re.compile(r"\s*(?P<token>!=|==|=|[!(),<>]|[^\s!=(),<>]+)")
_HELP = "Write it like app=web,tier!=test,env in (dev,qa),!legacy"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: str
    """``=``, ``!=``, ``in``, ``notin``, ``exists``, ``!``, ``>`` or ``<``."""
    values: tuple[str, ...] = ()
    """Sorted."""

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Return whether an object with these labels is selected; ``!=`` and ``notin`` also select those without."""
        value = labels.get(self.key) if labels else None
        if self.operator in ("=", "in"):
            return value in self.values
        if self.operator in ("!=", "notin"):
            return value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        try:
            return value is not None and (
                int(value) > int(self.values[0]) if self.operator == ">" else int(value) < int(self.values[0])
            )
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(self.values)})"
        return f"{self.key}{self.operator}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that all have to hold; none of them selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Return whether an object with these labels is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def parse(text: str) -> Selector:
    """Return the selector a text means; empty selects everything. Raises SelectorError."""
    tokens = _tokens(text)
    requirements: list[Requirement] = []
    position = 0
    while position < len(tokens):
        requirement, position = _requirement(tokens, position, text)
        requirements.append(requirement)
        if position < len(tokens):
            if tokens[position] != "," or position + 1 == len(tokens):
                raise SelectorError(f"unexpected {tokens[position]!r} in the selector {text!r}", remedy=_HELP)
            position += 1
    return Selector(tuple(sorted(requirements, key=lambda requirement: requirement.key)))


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise SelectorError(f"unexpected {stripped[position]!r} in the selector {text!r}", remedy=_HELP)
        tokens.append(match["token"])
        position = match.end()
    return tokens


def _requirement(tokens: Sequence[str], position: int, text: str) -> tuple[Requirement, int]:
    def token(at: int) -> str:
        return tokens[at] if at < len(tokens) else ""

    if token(position) == "!":
        return Requirement(_key(token(position + 1), text), "!"), position + 2
    key = _key(token(position), text)
    operator = token(position + 1)
    if operator in ("", ","):
        return Requirement(key, "exists"), position + 1
    if operator in ("=", "==", "!="):
        value = token(position + 2)
        empty = value in ("", ",")
        wanted = "" if empty else _value(value, text)
        return Requirement(key, operator.replace("==", "="), (wanted,)), position + (2 if empty else 3)
    if operator in (">", "<"):
        number = token(position + 2)
        if re.fullmatch(r"[+-]?\d+", number) is None:
            raise SelectorError(f"{key}{operator} needs a whole number in the selector {text!r}", remedy=_HELP)
        return Requirement(key, operator, (number,)), position + 3
    if operator in ("in", "notin"):
        values, position = _values(tokens, position + 2, text)
        return Requirement(key, operator, values), position
    raise SelectorError(f"unexpected {operator!r} in the selector {text!r}", remedy=_HELP)


def _values(tokens: Sequence[str], position: int, text: str) -> tuple[tuple[str, ...], int]:
    """Return the values between parentheses and where the text goes on; an empty place is the empty value."""
    if position >= len(tokens) or tokens[position] != "(":
        raise SelectorError(f"the values of in and notin stand in parentheses: {text!r}", remedy=_HELP)
    values: set[str] = set()
    expects_value = True
    for at in range(position + 1, len(tokens)):
        token = tokens[at]
        if token == ")":
            if expects_value:
                values.add("")
            return tuple(sorted(values)), at + 1
        if token == ",":
            if expects_value:
                values.add("")
            expects_value = True
        elif expects_value:
            values.add(_value(token, text))
            expects_value = False
        else:
            break
    raise SelectorError(f"a parenthesis is not closed in the selector {text!r}", remedy=_HELP)


def _key(token: str, text: str) -> str:
    prefix, slash, name = token.rpartition("/")
    good = _NAME.fullmatch(name) is not None and len(name) <= NAME_LIMIT
    if slash:
        good = good and _PREFIX.fullmatch(prefix) is not None and len(prefix) <= PREFIX_LIMIT
    if not good:
        shown = f"{token!r} is not a label name" if token else "a label name is missing"
        raise SelectorError(f"{shown} in the selector {text!r}", remedy=_HELP)
    return token


def _value(token: str, text: str) -> str:
    if _NAME.fullmatch(token) is None or len(token) > NAME_LIMIT:
        raise SelectorError(f"{token!r} is not a label value in the selector {text!r}", remedy=_HELP)
    return token


def of_labels(labels: Mapping[str, str] | None) -> Selector:
    """Return the selector of a plain map, as Services and replication controllers have."""
    return Selector(tuple(Requirement(key, "=", (value,)) for key, value in sorted((labels or {}).items())))


_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def of_object(selector: Mapping[str, Any] | None) -> Selector:
    """Return the selector of a ``matchLabels``/``matchExpressions`` structure; raises SelectorError."""
    if not selector:
        return Selector()
    requirements = list(of_labels(selector.get("matchLabels")).requirements)
    for expression in selector.get("matchExpressions") or ():
        operator = _OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f"unknown operator {expression.get('operator')!r} in a label selector")
        values = tuple(sorted(expression.get("values") or ()))
        requirements.append(Requirement(expression.get("key", ""), operator, values))
    return Selector(tuple(sorted(requirements, key=lambda requirement: requirement.key)))


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on one field, by its path."""

    path: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        escaped = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.path}{'!=' if self.negated else '='}{escaped}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Conditions on fields that all have to hold."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Return whether these field values satisfy every condition; an absent field is the empty text."""
        return all((fields.get(item.path, "") == item.value) != item.negated for item in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


_FIELD = re.compile(r"(?P<path>[^=!,\\]+)(?P<operator>!=|==|=)(?P<value>(?:\\[\\,=]|[^\\,=])*)")


def parse_fields(text: str) -> FieldSelector:
    """Return the field selector a text means (``status.phase=Running,spec.nodeName!=n1``); raises SelectorError."""
    requirements: list[FieldRequirement] = []
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None or (match.end() < len(text) and text[match.end()] != ","):
            raise SelectorError(
                f"not a field selector: {text!r} (from {text[position:]!r} on)",
                remedy="Write it like status.phase=Running,spec.nodeName!=node-1",
            )
        value = re.sub(r"\\(.)", r"\1", match["value"])
        requirements.append(FieldRequirement(match["path"].strip(), value, negated=match["operator"] == "!="))
        position = match.end() + 1
    return FieldSelector(tuple(requirements))


def join(selectors: Iterable[str]) -> str:
    """Return one selector text that asks for all of them."""
    return ",".join(selector for selector in selectors if selector)
