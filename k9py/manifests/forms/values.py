"""From what a person types to a value, and back to what a field shows."""

from __future__ import annotations

import re
import shlex
from typing import Any

from k9py.core import yamldoc
from k9py.core.errors import InputError
from k9py.core.schemas import Type
from k9py.manifests.forms.fields import Field, Input

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TRUE = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def typed(field: Field, raw: Any) -> Any:
    """Return the value a field's object holds for what was typed; what does not fit stays text for the validator.

    Raises InputError for a map or words that cannot be split, YamlError for a part that cannot be read.
    """
    value = _typed(field.input, raw) if isinstance(raw, str) else raw
    return field.codec.write(value) if field.codec else value


def _typed(kind: Input, raw: str) -> Any:
    if kind in (Input.NUMBER, Input.PORT, Input.COUNT):
        return int(raw) if _WHOLE.fullmatch(raw.strip()) else raw
    if kind is Input.SWITCH:
        return _TRUE.get(raw.strip().lower(), raw)
    if kind is Input.LIST:
        return [part.strip() for part in raw.split(",")] if raw else []
    if kind is Input.WORDS:
        try:
            return shlex.split(raw)
        except ValueError as error:
            raise InputError(f"not a command line: {error}", remedy="Close the quotes") from error
    if kind in (Input.MAP, Input.SECRET):
        return _pairs(raw)
    if kind is Input.YAML:
        return yamldoc.load(raw)
    return raw


def _pairs(raw: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in raw.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise InputError(f"{part!r} is no key=value", remedy="Write it like app=web,tier=front")
        pairs[key] = value
    return pairs


def as_text(field: Field, value: Any) -> str:
    """Return a value as one types it; the inverse of :func:`typed` for values that can be typed."""
    value = field.codec.read(value) if field.codec else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shlex.join(value) if field.input is Input.WORDS else ",".join(value)
    if isinstance(value, dict) and field.input in (Input.MAP, Input.SECRET):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if field.input is Input.YAML or isinstance(value, dict | list):
        return yamldoc.dump(value).removesuffix("\n")
    return str(value)


_BY_SCALAR = {
    "integer": Input.NUMBER, "number": Input.NUMBER, "boolean": Input.SWITCH, "quantity": Input.AMOUNT,
    "int-or-string": Input.PORT,
}  # fmt: skip


def input_of(type_: Type) -> Input | None:
    """Return how a value of a type is typed; None when it has parts of its own."""
    if type_.shape == "scalar":
        return Input.CHOICE if type_.node.get("enum") else _BY_SCALAR.get(type_.scalar, Input.TEXT)
    if type_.shape == "list" and type_.element.shape == "scalar":
        return Input.LIST
    if type_.shape == "map" and type_.element.shape == "scalar":
        return Input.MAP
    return None
