"""Kubernetes' protobuf bodies into the objects JSON would have given: what kubectl's typed commands send.

The server reads protobuf and never answers in it: every client that sends it takes JSON as well. Fields come from
``data/protobuf.json.xz``, which ``python -m tests.record_protobuf`` writes.
"""

from __future__ import annotations

import base64
import lzma
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import msgspec

MAGIC = b"k8s\x00"
"""What every body starts with, before an envelope of type, bytes and encodings."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_META = "k8s.io.apimachinery.pkg.apis.meta.v1"

Object = dict[str, Any]


class Malformed(ValueError):
    """Bytes that are no message of the kind they say they are."""


class Field(msgspec.Struct, array_like=True, gc=False):
    """One field of a message."""

    name: str
    type: str
    marks: str
    """``r`` list, ``m`` map by strings, ``i`` inline (in JSON its fields stand around it), ``z`` kept when empty."""


class Fields(msgspec.Struct):
    """Every recorded message."""

    groups: dict[str, str]
    """The protobuf package of an apiVersion."""
    messages: dict[str, dict[int, Field]]


def decode(body: bytes) -> Object:
    """Return the object a body holds; raises Malformed."""
    if not body.startswith(MAGIC):
        raise Malformed("the body does not start as protobuf of Kubernetes does")
    envelope = dict(_parts(body[len(MAGIC) :]))
    about = {number: str(value, "utf-8") for number, value in _parts(_bytes(envelope.get(1, b"")))}
    api_version, kind = about.get(1, ""), about.get(2, "")
    message = f"{_fields().groups.get(api_version, '')}.{kind}"
    if kind == "DeleteOptions":  # Every group has it under its own name.
        message = f"{_META}.{kind}"
    if message not in _fields().messages:
        raise Malformed(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"kind": kind, "apiVersion": api_version, **_message(_bytes(envelope.get(2, b"")), message)}


@cache
def _fields() -> Fields:
    """Read the recorded messages: 15 ms, when the first body comes."""
    packed = resources.files("k9py.sim").joinpath("data/protobuf.json.xz").read_bytes()
    return msgspec.json.decode(lzma.decompress(packed), type=Fields)


def _message(raw: bytes, name: str) -> Object:
    known = _fields().messages[name]
    found: Object = {}
    for number, value in _parts(raw):
        field = known.get(number)
        if field is None:
            continue  # A newer client's field: dropped, as the real server does.
        if "m" in field.marks:
            entry = dict(_parts(_bytes(value)))
            key = str(_bytes(entry.get(1, b"")), "utf-8")
            found.setdefault(field.name, {})[key] = _value(entry.get(2, b""), field.type)
            continue
        decoded = _value(value, field.type)
        if "r" in field.marks:
            found.setdefault(field.name, []).append(decoded)
        elif "i" in field.marks:
            found |= decoded
        elif "z" in field.marks or decoded not in ("", 0, False, None, {}):
            found[field.name] = decoded
    return found


def _value(value: int | bytes, kind: str) -> Any:
    if kind in _SCALARS:
        return _SCALARS[kind](value)
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(dict(_parts(_bytes(value))))
    decoded = _message(_bytes(value), kind)
    return decoded.get("items", []) if kind.endswith((".ExtraValue", ".Verbs")) else decoded


def _parts(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (field number, integer or bytes) of a message."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(raw, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(raw, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise Malformed(f"wire type {wire} is not in use")
        if at + size > len(raw):
            raise Malformed("unexpected EOF")
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 64:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
    raise Malformed("unexpected EOF")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number where a message was expected")
    return value


def _integer(value: int | bytes) -> int:
    if not isinstance(value, int):
        return 0  # An entry of a map without its value.
    return value - (1 << 64) if value >> 63 else value


def _time(parts: dict[int, Any], *, micro: bool = False) -> str | None:
    if not parts:
        return None
    when = datetime.fromtimestamp(_integer(parts.get(1, 0)), UTC)
    fraction = f".{_integer(parts.get(2, 0)) // 1000:06d}" if micro else ""
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _int_or_string(parts: dict[int, Any]) -> int | str:
    return str(_bytes(parts.get(3, b"")), "utf-8") if parts.get(1) else _integer(parts.get(2, 0))


def _raw_json(parts: dict[int, Any]) -> Any:
    raw = _bytes(parts.get(1, b""))
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError as error:
        raise Malformed(f"embedded object: {error}") from error


_SCALARS: dict[str, Callable[[int | bytes], Any]] = {
    "string": lambda value: str(_bytes(value), "utf-8"),
    "bytes": lambda value: base64.b64encode(_bytes(value)).decode(),
    "bool": bool,
    "int32": _integer,
    "int64": _integer,
}
_SPECIAL: dict[str, Callable[[dict[int, Any]], Any]] = {
    f"{_META}.Time": _time,
    f"{_META}.MicroTime": lambda parts: _time(parts, micro=True),
    f"{_META}.FieldsV1": _raw_json,
    "k8s.io.apimachinery.pkg.runtime.RawExtension": _raw_json,
    "k8s.io.apimachinery.pkg.api.resource.Quantity": lambda parts: str(_bytes(parts.get(1, b"")), "utf-8"),
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
}
"""Messages that are one value in JSON."""
