"""Bodies against the types of the API: unknown fields, wrong types, empty values, quantities in their one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.core.schemas import Type
from k9py.sim.objects import Object
from k9py.sim.statuses import bad_request

_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}
_PACKAGE = re.compile(r"^io\.k8s\.(?:[\w-]+\.)*(v\d\w*)\.(\w+)$")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\r\n]")


class Conformance:
    """Brings one body into the shape its type has, in place."""

    def __init__(self, kind: str, version: str) -> None:
        self._prefix = f'{kind} in version "{version}" cannot be handled as a {kind}: '
        self.unknown: list[str] = []
        """Fields that have no place, as the server names them; they are dropped."""

    def conform(self, obj: Object, type_: Type) -> None:
        """Drop what has no place and what is empty; raises 400 for a value of the wrong type."""
        self._struct(obj, type_, "", "")

    def refuse_unknown(self, duplicates: list[str]) -> None:
        """Raise 400 when a field was unknown or there twice."""
        if self.unknown or duplicates:
            listed = ", ".join([*self.unknown, *duplicates])
            raise bad_request(f"{self._prefix}strict decoding error: {listed}")

    def _struct(self, value: Object, type_: Type, path: str, plain: str) -> None:
        fields = type_.fields
        for name in list(value):
            inner = fields.get(name)
            where = f"{path}.{name}" if path else name
            if inner is None:
                if not type_.preserves_unknown:
                    self.unknown.append(f'unknown field "{where}"')
                    del value[name]
                continue
            if value[name] is None:
                del value[name]
                continue
            below = f"{plain}.{name}" if plain else name
            value[name] = self._value(value[name], inner, where, below, _go_struct(type_))
            if value[name] in ({}, []) and inner.shape in ("map", "list") and name not in type_.required:
                del value[name]

    def _value(self, value: Any, type_: Type, path: str, plain: str, owner: str) -> Any:
        if type_.shape == "any":
            return value
        if type_.shape == "struct":
            if not isinstance(value, dict):
                raise self._mismatch(value, type_, plain, owner)
            self._struct(value, type_, path, plain)
            return value
        if type_.shape == "map":
            if not isinstance(value, dict):
                raise self._mismatch(value, type_, plain, owner)
            return {
                key: self._value(inner, type_.element, f"{path}.{key}", plain, owner)
                for key, inner in value.items()
                if inner is not None or type_.element.scalar == "string"
            }
        if type_.shape == "list":
            if not isinstance(value, list):
                raise self._mismatch(value, type_, plain, owner)
            return [
                self._value(inner, type_.element, f"{path}[{position}]", plain, owner)
                for position, inner in enumerate(value)
            ]
        return self._scalar(value, type_, plain, owner)

    def _scalar(self, value: Any, type_: Type, plain: str, owner: str) -> Any:
        kind = type_.scalar
        if kind == "quantity":
            return self._quantity(value)
        if kind == "int-or-string":
            fits = isinstance(value, int | str) and not isinstance(value, bool)
        elif kind == "boolean":
            fits = isinstance(value, bool)
        elif kind == "integer":
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            fits = isinstance(value, int) and not isinstance(value, bool)
        elif kind == "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            fits = isinstance(value, str) or (value is None and not type_.required)
        if value is None:
            return ""
        if not fits:
            raise self._mismatch(value, type_, plain, owner)
        if type_.node.get("format") == "byte":
            self._check_base64(value)
        return value

    def _check_base64(self, text: str) -> None:
        bad = _NOT_BASE64.search(text)
        if bad is not None or len(text) % 4:
            at = bad.start() if bad is not None else len(text) // 4 * 4
            raise bad_request(f"{self._prefix}illegal base64 data at input byte {at}")

    def _quantity(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise bad_request(self._prefix + _QUANTITY)
        try:
            return canonical(str(value))
        except QuantityError as error:
            raise bad_request(self._prefix + _QUANTITY) from error

    def _mismatch(self, value: Any, type_: Type, plain: str, owner: str) -> Exception:
        found = _JSON_NAMES[type(value)]
        if found == "number" and isinstance(value, float):
            found = f"number {value}"
        return bad_request(
            f"{self._prefix}json: cannot unmarshal {found} into Go struct field {owner}.{plain} of type {_go(type_)}"
        )


def canonical(text: str) -> str:
    """Return a quantity in the form the server writes: ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``."""
    value = quantity.parse(text)
    return quantity.format_binary(value) if quantity.is_binary(text) else quantity.format_decimal(value)


def _go_struct(type_: Type) -> str:
    found = _PACKAGE.match(type_.name)
    return found.group(2) if found else type_.name.rpartition(".")[2]


def _go(type_: Type) -> str:
    """Return the type as Go names it."""
    if type_.shape == "list":
        return f"[]{_go(type_.element)}"
    if type_.shape == "map":
        return f"map[string]{_go(type_.element)}"
    if type_.shape == "struct":
        found = _PACKAGE.match(type_.name)
        return f"{found.group(1)}.{found.group(2)}" if found else type_.name
    if type_.scalar == "integer":
        return str(type_.node.get("format", "int64"))
    return {"boolean": "bool", "number": "float64"}.get(type_.scalar, "string")


def drop_nulls(value: Mapping[str, Any]) -> Object:
    """Return an object without its null fields, for bodies whose kind has no schema."""
    return {
        key: drop_nulls(inner) if isinstance(inner, dict) else inner
        for key, inner in value.items()
        if inner is not None
    }
