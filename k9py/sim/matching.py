"""Label and field selectors as the server reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from k9py.sim.history import Stored
from k9py.sim.statuses import bad_request

Labels = Mapping[str, str]
_TOKEN = re.compile(r"\s*(?:(?P<symbol>==|!=|=|!|,|\(|\)|>|<)|(?P<word>[^\s=!,()<>]+))")
_SYMBOL = re.compile(r"[=!,()<>]+")
_KEY = re.compile(r"^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$")

COMMON_FIELDS = ("metadata.name", "metadata.namespace")
FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ),
    "replicationcontrollers": ("status.replicas",),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}  # fmt: skip
"""Fields a selector may name, besides name and namespace, per resource."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector; operators are in, notin, exists, !, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> bool:
        """Say whether labels satisfy the term; a missing key satisfies ``notin``."""
        value = labels.get(self.key)
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if value is None or not value.lstrip("-").isdigit():
            return False
        bound = int(next(iter(self.values)))
        return int(value) > bound if self.operator == "gt" else int(value) < bound


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Parse a label selector; raises ApiError 400."""
    return _LabelParser(text).parse()


def selector_of(spec: Mapping[str, Any] | None) -> tuple[Requirement, ...]:
    """Turn a LabelSelector object (matchLabels, matchExpressions) into terms; an empty one matches all."""
    spec = spec or {}
    terms = [Requirement(key, "in", frozenset([value])) for key, value in (spec.get("matchLabels") or {}).items()]
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for item in spec.get("matchExpressions") or ():
        terms.append(Requirement(item["key"], operators[item["operator"]], frozenset(item.get("values") or ())))
    return tuple(terms)


def labels_match(terms: tuple[Requirement, ...], labels: Labels | None) -> bool:
    """Say whether every term holds."""
    return all(term.matches(labels or {}) for term in terms)


class _LabelParser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(text[position:])
            self._tokens.append(found.group().strip())
            position = found.end()
        self._at = 0

    def parse(self) -> tuple[Requirement, ...]:
        terms: list[Requirement] = []
        while self._at < len(self._tokens):
            terms.append(self._term())
            if self._at < len(self._tokens):
                self._expect(",")
        return tuple(terms)

    def _term(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(self._key(), "!")
        key = self._key()
        operator = self._peek()
        if operator in ("", ","):
            return Requirement(key, "exists")
        self._next()
        if operator in ("=", "==", "!="):
            value = "" if self._peek() in ("", ",") else self._word()
            return Requirement(key, "notin" if operator == "!=" else "in", frozenset([value]))
        if operator in (">", "<"):
            return Requirement(key, "gt" if operator == ">" else "lt", frozenset([self._next()]))
        if operator in ("in", "notin"):
            return Requirement(key, operator, self._values())
        raise self._error(operator, expected="in, notin, =, ==, !=, gt, lt")

    def _values(self) -> frozenset[str]:
        if self._peek() != "(":
            raise bad_request(f"unable to parse requirement: found '{self._peek()}' expected: '('")
        self._next()
        values = {""} if self._peek() == ")" else {self._next()}
        while self._peek() == ",":
            self._next()
            values.add(self._next())
        if self._peek() != ")":
            raise self._error(self._peek(), expected="',' or ')'")
        self._next()
        return frozenset(values)

    def _word(self) -> str:
        if _SYMBOL.fullmatch(self._peek()):
            raise self._error(self._peek(), expected="identifier")
        return self._next()

    def _key(self) -> str:
        if self._at and not self._peek():
            raise self._error("", expected="identifier")
        key = self._next()
        if not _KEY.match(key):
            raise self._error(key)
        return key

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._error("")
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        found = self._peek()
        if found != token:
            raise self._error(found, expected=f"'{token}'")
        self._at += 1

    def _error(self, found: str, *, expected: str = "!, identifier, or ','") -> Exception:
        return bad_request(f"unable to parse requirement: found '{found}', expected: {expected}")


Matcher = Callable[[Stored], bool]


def parse_fields(text: str, resource: str, *, custom: tuple[str, ...] = ()) -> list[tuple[str, bool, str]]:
    """Parse a field selector into (path, must equal, value); raises ApiError 400 for unsupported fields."""
    terms: list[tuple[str, bool, str]] = []
    for part in text.split(","):
        if not part.strip():
            continue
        found = re.match(r"^\s*([^=!]+)(==|!=|=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        path = found.group(1).strip()
        supported = path in COMMON_FIELDS or path in FIELDS.get(resource, ()) or path in custom
        if not supported:
            if resource in FIELDS or custom:
                raise bad_request(f"field label not supported: {path}")
            known = ", ".join(f'"{name}"' for name in (*COMMON_FIELDS, *custom))
            raise bad_request(f'"{path}" is not a known field selector: only {known}')
        terms.append((path, found.group(2) != "!=", found.group(3)))
    return terms


def matcher(label_text: str, field_text: str, resource: str, *, custom: tuple[str, ...] = ()) -> Matcher | None:
    """Return a predicate over stored objects, or None when everything matches."""
    labels = parse_labels(label_text) if label_text else ()
    fields = parse_fields(field_text, resource, custom=custom) if field_text else []
    if not labels and not fields:
        return None

    def matches(stored: Stored) -> bool:
        if not labels_match(labels, stored.labels):
            return False
        return all((field_value(stored, path) == value) == equal for path, equal, value in fields)

    return matches


def field_value(stored: Stored, path: str) -> str:
    """Return a field as selectors compare it: text, empty when it is not set."""
    if path == "metadata.name":
        return stored.name
    if path == "metadata.namespace":
        return stored.namespace
    obj = stored.view()
    if path == "status.podIPs":
        path = "status.podIP"
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    if path == "status.successful":
        path = "status.succeeded"
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return _EMPTY.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


_EMPTY = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.replicas": "0",
    "status.succeeded": "0",
}
