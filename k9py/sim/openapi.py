"""OpenAPI v3: documents recorded from a real server, those of custom resources made here, and types by kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from k9py.core import recorded
from k9py.core.schemas import Definitions, Type

METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_ANSWERED = V2_PROTOBUF.replace("@", ".")
"""A media type cannot have the sign that clients ask with."""
_V2 = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "1.36"}, "paths": {}}
"""Clients of version 3 look into version 2 for kinds no document has, and find none there either."""


def version_2(accept: str) -> tuple[bytes, str]:
    """Return the OpenAPI v2 document and its media type: protobuf where that is asked for, as kubectl does."""
    if V2_PROTOBUF not in accept:
        return msgspec.json.encode(_V2), "application/json"
    info = b"".join(_text(number, text) for number, text in ((1, b"Kubernetes"), (2, b"1.36")))
    return _text(1, b"2.0") + _text(2, info), _V2_ANSWERED


def _text(number: int, data: bytes) -> bytes:
    """Return one field of a protobuf message that is shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data


def _reachable(schemas: Mapping[str, Any], name: str) -> set[str]:
    """Return a schema's name and those of all it refers to."""
    found, waiting = set[str](), [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += _REFERENCE.findall(msgspec.json.encode(schemas[current]).decode())
    return found


class OpenApi:
    """The documents by name (``apis/apps/v1``); read from disk when first asked for."""

    def __init__(self) -> None:
        self._recorded: dict[str, msgspec.Raw] | None = None
        self._added: dict[str, bytes] = {}
        self._definitions: dict[str, Definitions] = {}
        self._metadata: dict[str, Any] = {}

    def _documents(self) -> dict[str, msgspec.Raw]:
        if self._recorded is None:
            self._recorded = recorded.openapi()
        return self._recorded

    def document(self, name: str) -> bytes | None:
        """Return a document's bytes, or None."""
        if name in self._added:
            return self._added[name]
        found = self._documents().get(name)
        return None if found is None else bytes(found)

    def metadata_schemas(self) -> dict[str, Any]:
        """Return the schemas of an object's metadata, as the document of every custom group has them."""
        if not self._metadata:
            document = msgspec.json.decode(self._documents()["apis/apps/v1"], type=_Document)
            schemas = document.components.get("schemas") or {}
            self._metadata = {name: schemas[name] for name in _reachable(schemas, METADATA)}
        return self._metadata

    def add(self, name: str, document: Mapping[str, Any]) -> None:
        """Serve a document of custom resources."""
        self._added[name] = msgspec.json.encode(document)
        self._definitions.pop(name, None)

    def remove(self, name: str) -> None:
        """Stop serving a document that was added."""
        self._added.pop(name, None)
        self._definitions.pop(name, None)

    def hash_of(self, name: str) -> str:
        """Return what changes when a document does."""
        body = self.document(name) or b""
        return hashlib.sha512(body).hexdigest().upper()

    def index(self) -> bytes:
        """Return the index: each document's address with its hash."""
        names = sorted({*self._documents(), *self._added})
        paths = {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={self.hash_of(name)}"} for name in names}
        return msgspec.json.encode({"paths": paths})

    def type_of(self, api_version: str, kind: str) -> Type | None:
        """Return the type of a kind's objects, or None when no document has it."""
        group, _, version = api_version.rpartition("/")
        name = f"apis/{group}/{version}" if group else f"api/{version}"
        definitions = self._definitions.get(name)
        if definitions is None:
            body = self.document(name)
            if body is None:
                return None
            components = msgspec.json.decode(body, type=_Document).components
            definitions = self._definitions[name] = Definitions(components.get("schemas") or {})
        return definitions.by_kind(group, version, kind)


class _Document(msgspec.Struct):
    components: dict[str, Any] = {}
