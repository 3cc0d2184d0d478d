"""Request bodies: JSON or YAML into objects, with the server's words for what does not fit."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import yaml

from k9py.core.errors import ApiError, Cause
from k9py.sim import protobuf
from k9py.sim.deletion import PROPAGATIONS, Options
from k9py.sim.objects import Object
from k9py.sim.requests import Call
from k9py.sim.statuses import bad_request, invalid

MAX_BODY = 3 * 1024 * 1024
"""Largest request body in bytes, as on the real server."""
_TYPE_META = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
PROTOBUF = "application/vnd.kubernetes.protobuf"


async def read_bytes(call: Call) -> bytes:
    """Return the body; raises 413 for one over the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in call.request.content.iter_any():
        size += len(part)
        if size > MAX_BODY:
            message = f"Request entity too large: limit is {MAX_BODY}"
            raise ApiError.of(413, message, reason="RequestEntityTooLarge")
        parts.append(part)
    return b"".join(parts)


def media_type(call: Call) -> str:
    """Return the content type without its parameters."""
    return call.request.headers.get("Content-Type", "").split(";")[0].strip() or "application/json"


async def read_object(call: Call) -> tuple[Object, list[str]]:
    """Return the object of a create or update and the duplicate fields found in it.

    Raises 415 for another media type and 400 for what is no object.
    """
    kind = media_type(call)
    raw = await read_bytes(call)
    if kind == "application/json":
        return decode(raw, call.kind().resource.kind)
    if kind == "application/yaml":
        return decode_yaml(raw), []
    if kind == PROTOBUF:
        return decode_protobuf(raw), []
    accepted = f"application/json, application/yaml, {PROTOBUF}"
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    raise ApiError.of(415, message, reason="UnsupportedMediaType")


def decode(raw: bytes, expected: str = "") -> tuple[Object, list[str]]:
    """Decode a JSON object, naming fields that are there twice."""
    prefix = f"the object provided is unrecognized (must be of type {expected}): " if expected else ""
    prefix += "couldn't get version/kind; json parse error: "
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        start = raw[:200].decode(errors="replace")
        raise bad_request(f"{prefix}{go_words(raw, error)} ({start})") from error
    if not isinstance(value, dict):
        name = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        raise bad_request(f"{prefix}json: cannot unmarshal {name} into Go value of type {_TYPE_META}")
    return value, _duplicates(raw) if _looks_repeated(raw, value) else []


def go_words(raw: bytes, error: msgspec.DecodeError) -> str:
    """Return what the server says of text that is not JSON."""
    if "truncated" in str(error) or not raw.strip():
        return "unexpected end of JSON input"
    try:
        json.loads(raw)
    except json.JSONDecodeError as found:
        if found.pos < len(found.doc):
            return f"invalid character '{found.doc[found.pos]}' looking for beginning of value"
    except UnicodeDecodeError:
        return str(error)
    return str(error)


def decode_yaml(raw: bytes) -> Object:
    """Decode a YAML object."""
    try:
        value = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise bad_request(f"error parsing the body as YAML: {error}") from error
    if not isinstance(value, dict):
        raise bad_request("the body is not an object")
    return value


def decode_protobuf(raw: bytes) -> Object:
    """Decode an object in Kubernetes' protobuf."""
    try:
        return protobuf.decode(raw)
    except (protobuf.Malformed, UnicodeDecodeError) as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from error


def _looks_repeated(raw: bytes, value: Object) -> bool:
    """Say whether the text has more keys than the object: cheap, and wrong only towards looking closer."""
    return raw.count(b'":') + raw.count(b'" :') > _count_keys(value)


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _duplicates(raw: bytes) -> list[str]:
    found: list[str] = []

    class Repeated(dict[str, Any]):
        names: tuple[str, ...] = ()

    def pairs(items: list[tuple[str, Any]]) -> Repeated:
        built = Repeated(items)
        names = [name for name, _ in items]
        built.names = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
        return built

    def visit(value: Any, path: str) -> None:
        if isinstance(value, Repeated):
            found.extend(f'duplicate field "{_join(path, name)}"' for name in value.names)
            for name, inner in value.items():
                visit(inner, _join(path, name))
        elif isinstance(value, list):
            for position, inner in enumerate(value):
                visit(inner, f"{path}[{position}]")

    visit(json.loads(raw, object_pairs_hook=pairs), "")
    return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


async def delete_options(call: Call) -> tuple[Options, bool]:
    """Return what a DELETE asks for and whether it is only tried: from its body, or from its query when it has none."""
    raw = await read_bytes(call)
    given: Object = {}
    if raw.strip():
        readers = {PROTOBUF: decode_protobuf, "application/yaml": decode_yaml}
        reader = readers.get(media_type(call))
        given = reader(raw) if reader else decode(raw)[0]
    else:
        given = {"gracePeriodSeconds": call.number("gracePeriodSeconds"), "dryRun": _asked_dry_run(call)}
        given["propagationPolicy"] = call.query.get("propagationPolicy", "")
    grace = given.get("gracePeriodSeconds")
    propagation = given.get("propagationPolicy") or ""
    orphan = given.get("orphanDependents")
    if propagation and orphan is not None:
        text = f'Invalid value: "{propagation}": orphanDependents and deletionPropagation cannot be both set'
        cause = Cause("propagationPolicy", text, "FieldValueInvalid")
        raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    if not propagation and orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    known = next((word for word in PROPAGATIONS if word == propagation), None)
    if known is None:
        known_words = '"Foreground", "Background", "Orphan", "nil"'
        text = f'Unsupported value: "{propagation}": supported values: {known_words}'
        cause = Cause("propagationPolicy", text, "FieldValueNotSupported")
        raise invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    conditions = given.get("preconditions") or {}
    options = Options(known, grace, conditions.get("uid") or "", conditions.get("resourceVersion") or "")
    return options, _is_dry_run(call, list(given.get("dryRun") or ()))


def is_dry_run(call: Call) -> bool:
    """Say whether nothing is to be stored; raises 400 for another word than All."""
    return _is_dry_run(call, _asked_dry_run(call))


def _asked_dry_run(call: Call) -> list[str]:
    return [value for name, value in call.values if name == "dryRun"]


def _is_dry_run(call: Call, asked: list[str]) -> bool:
    if any(value != "All" for value in asked if value):
        shown = msgspec.json.encode(asked).decode()
        cause = Cause("dryRun", f'Unsupported value: {shown}: supported values: "All"', "FieldValueNotSupported")
        kind = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
        raise invalid("meta.k8s.io", kind.get(call.request.method, "DeleteOptions"), "", [cause])
    return "All" in asked
