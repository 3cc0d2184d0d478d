"""The walker over the schema: wrong types, unknown fields, missing fields, enums, limits; every finding at once."""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.core.schemas import Type
from k9py.manifests.problems import Path, Problem, path_text, shown

_INT32 = 2**31
_INT64 = 2**63
_JSON_NAMES = {
    str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array", type(None): "null"
}  # fmt: skip
_FITS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "int-or-string": (int, str), "quantity": (int, float, str),
}  # fmt: skip
_TIME_FIELDS = ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime")

NOT_REALLY_REQUIRED = frozenset(
    {
        ("io.k8s.api.apps.v1.StatefulSetSpec", "serviceName"),
        ("io.k8s.api.core.v1.HTTPHeader", "value"),
        ("io.k8s.api.core.v1.LimitRangeSpec", "limits"),
        ("io.k8s.api.batch.v1.PodFailurePolicy", "rules"),
    }
)
"""Fields the schema calls required and a server does without."""

NEAREST_LIMIT = 3
"""Nearest names a hint shows at most."""


def check_structure(value: Any, type_: Type) -> list[Problem]:
    """Return everything in which an object differs from its type."""
    walker = _Walker(custom=not type_.name.startswith("io.k8s."))
    walker.visit(value, type_, ())
    return walker.problems


class _Walker:
    """One walk."""

    def __init__(self, *, custom: bool) -> None:
        self.custom = custom
        """True for a custom resource: there null is a value, and an empty text is not the same as none."""
        self.problems: list[Problem] = []

    def visit(self, value: Any, type_: Type, path: Path) -> None:
        """Check a value and everything below it; null is the same as absent in built-in kinds."""
        if value is None:
            if self.custom and path[:1] != ("metadata",) and not {"nullable", "default"} & set(type_.node):
                self._mismatch(value, str(type_.node.get("type", "object")), path)
            return
        if type_.shape == "any" and not type_.node:
            return
        if type_.shape == "struct":
            self._struct(value, type_, path)
        elif type_.shape == "map":
            self._map(value, type_, path)
        elif type_.shape == "list":
            self._list(value, type_, path)
        elif type_.shape == "scalar":
            self._scalar(value, type_, path)
        elif type_.node.get("type") == "object" and not isinstance(value, dict):
            self._mismatch(value, "object", path)

    def _struct(self, value: Any, type_: Type, path: Path) -> None:
        if not isinstance(value, dict):
            self._mismatch(value, "object", path)
            return
        fields = type_.fields
        open_ = type_.preserves_unknown or bool(type_.node.get("x-kubernetes-embedded-resource"))
        for name, inner in value.items():
            below = fields.get(name)
            if below is not None:
                self.visit(inner, below, (*path, name))
            elif not open_:
                self._unknown(name, list(fields), (*path, name))
        for name in type_.required:
            if value.get(name) is not None or name not in fields or (type_.name, name) in NOT_REALLY_REQUIRED:
                continue
            if name not in value or not fields[name].node.get("nullable"):
                self._missing((*path, name), fields[name])
        if "x-kubernetes-group-version-kind" not in type_.node:
            self._sizes(value, type_.node, path)

    def _map(self, value: Any, type_: Type, path: Path) -> None:
        if not isinstance(value, dict):
            self._mismatch(value, "object", path)
            return
        for key, inner in value.items():
            self.visit(inner, type_.element, (*path, key))
        self._sizes(value, type_.node, path)

    def _list(self, value: Any, type_: Type, path: Path) -> None:
        if not isinstance(value, list):
            self._mismatch(value, "array", path)
            return
        element = type_.element
        for position, inner in enumerate(value):
            self.visit(inner, element, (*path, position))
        node = type_.node
        if len(value) > node.get("maxItems", math.inf):
            self._add(path, "FieldValueTooMany", f"Too many: {len(value)}: must have at most {node['maxItems']} items")
        if len(value) < node.get("minItems", 0):
            text = f"{path_text(path)} in body should have at least {node['minItems']} items"
            self._add(path, "FieldValueInvalid", f"Invalid value: {len(value)}: {text}")

    def _sizes(self, value: Mapping[str, Any], node: Mapping[str, Any], path: Path) -> None:
        if len(value) > node.get("maxProperties", math.inf):
            text = f"Too many: {len(value)}: must have at most {node['maxProperties']} items"
            self._add(path, "FieldValueTooMany", text)
        if len(value) < node.get("minProperties", 0):
            text = f"{path_text(path)} in body should have at least {node['minProperties']} properties"
            self._add(path, "FieldValueInvalid", f"Invalid value: {len(value)}: {text}")

    def _scalar(self, value: Any, type_: Type, path: Path) -> None:
        kind = type_.scalar
        fits = _FITS.get(kind, (str,))
        whole = isinstance(value, float) and value.is_integer() and kind == "integer"
        if not (whole or isinstance(value, fits)) or (isinstance(value, bool) and kind != "boolean"):
            self._mismatch(value, kind, path)
            return
        node = type_.node
        if kind == "quantity":
            self._quantity(value, path)
        elif kind == "integer":
            self._integer(int(value), node, path)
        elif kind == "int-or-string" and isinstance(value, int):
            self._integer(value, {"format": "int32"}, path)
        if isinstance(value, str):
            self._text(value, node, path, type_.name)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._limits(value, node, path)

    def _integer(self, value: int, node: Mapping[str, Any], path: Path) -> None:
        limit = _INT32 if node.get("format") == "int32" else _INT64
        if not -limit <= value < limit:
            name = node.get("format", "int64")
            self._add(path, "FieldValueInvalid", f"Invalid value: {value}: does not fit {name}")

    def _quantity(self, value: Any, path: Path) -> None:
        try:
            quantity.parse(str(value))
        except QuantityError:
            text = (
                f"Invalid value: {shown(value)}: quantities must match the regular expression "
                "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
            self._add(path, "FieldValueInvalid", text, "write it like 500m, 2, 128Mi or 1.5Gi")

    def _limits(self, value: float, node: Mapping[str, Any], path: Path) -> None:
        least, most = node.get("minimum", -math.inf), node.get("maximum", math.inf)
        for broken, edge, words in (
            (value < least, least, "greater than or equal to"),
            (value > most, most, "less than or equal to"),
        ):
            if broken:
                text = f"{path_text(path)} in body should be {words} {edge}"
                self._add(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: {text}")
        if node.get("enum") and value not in node["enum"]:
            self._unsupported(value, node["enum"], path)

    def _text(self, value: str, node: Mapping[str, Any], path: Path, name: str) -> None:
        known = node.get("enum")
        # The Go types cannot tell an empty text from none, so built-in kinds take it for the default.
        if known and value not in known and (value or self.custom):
            self._unsupported(value, known, path)
        if len(value) > node.get("maxLength", math.inf):
            self._add(path, "FieldValueTooLong", f"Too long: may not be more than {node['maxLength']} bytes")
        if len(value) < node.get("minLength", 0):
            text = f"{path_text(path)} in body should be at least {node['minLength']} chars long"
            self._add(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: {text}")
        pattern = node.get("pattern")
        if pattern and not _found(pattern, value):
            text = f"{path_text(path)} in body should match '{pattern}'"
            self._add(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: {text}")
        form = node.get("format")
        if form == "byte" and not _is_base64(value):
            hint = "data holds base64; write plain text under stringData" if path[:1] == ("data",) else ""
            # Without the value: most of what is written so is secret.
            self._add(path, "FieldValueInvalid", "Invalid value: illegal base64 data", hint)
        elif (form == "date-time" or name in _TIME_FIELDS) and not _is_time(value):
            self._add(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: must be an RFC 3339 time")

    # words

    def _add(self, path: Path, reason: str, text: str, hint: str = "") -> None:
        self.problems.append(Problem(path, reason, text, hint))

    def _mismatch(self, value: Any, wanted: str, path: Path) -> None:
        found = _JSON_NAMES[type(value)]
        hint = "write it in quotes" if wanted == "string" and found in ("integer", "number", "boolean") else ""
        text = f'Invalid value: "{found}": {path_text(path)} in body must be of type {wanted}: "{found}"'
        self._add(path, "FieldValueTypeInvalid", text, hint)

    def _unknown(self, name: str, known: list[str], path: Path) -> None:
        near = get_close_matches(name, known, n=NEAREST_LIMIT, cutoff=0.6)
        near = near or [word for word in known if word.lower() == name.lower()]
        hint = f"did you mean {' or '.join(near)}?" if near else f"known here: {', '.join(sorted(known)[:12])}"
        self._add(path, "Unknown", f'unknown field "{path_text(path)}"', hint)

    def _missing(self, path: Path, type_: Type) -> None:
        if type_.shape == "struct" and type_.node.get("default") == {} and not self.custom:
            self.visit({}, type_, path)  # an empty struct stands there by itself; its own fields are what is missing
            return
        self._add(path, "FieldValueRequired", "Required value")

    def _unsupported(self, value: Any, known: list[Any], path: Path) -> None:
        words = sorted(str(word) for word in known)
        near = get_close_matches(str(value), words, n=1, cutoff=0.6)
        near = near or [word for word in words if word.lower() == str(value).lower()]
        listed = ", ".join(f'"{word}"' for word in words)
        text = f"Unsupported value: {shown(value)}: supported values: {listed}"
        self._add(path, "FieldValueNotSupported", text, f"did you mean {near[0]}?" if near else "")


def _found(pattern: str, value: str) -> bool:
    """Return whether a schema's pattern is found; one that only Go's engine knows is left to the server."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _is_base64(text: str) -> bool:
    try:
        b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text
