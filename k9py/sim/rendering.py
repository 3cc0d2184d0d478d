"""Stored bytes into answers: whole objects, lists, Tables, metadata only; in the version that was asked for.

Bodies are spliced from the stored bytes wherever the answer holds the object as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

import msgspec

from k9py.sim.conversion import convert
from k9py.sim.discovery import Served
from k9py.sim.history import Facts, Stored
from k9py.sim.negotiation import Negotiated
from k9py.sim.objects import Object
from k9py.sim.table import Columns

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""Annotation of the bookmark that ends a WatchList's initial events."""


class _MetadataOnly(msgspec.Struct, gc=False):
    metadata: msgspec.Raw


_METADATA = msgspec.json.Decoder(_MetadataOnly)


class Renderer:
    """Writes objects of one kind in one negotiated form."""

    def __init__(self, served: Served, form: Negotiated, columns: Columns, *, include: str, now: float) -> None:
        self.served = served
        self._form = form
        self._columns = columns
        self._include = include or "Metadata"
        self.now = now
        """Unix time the AGE cells count to."""
        self._as_stored = served.resource.api_version == served.stored.api_version
        self._api_version = served.resource.api_version
        self._headed = False

    def one(self, stored: Stored) -> bytes:
        """Return the answer to a get, or the object of a write."""
        if self._form.form == "Table":
            return self._table([stored], str(stored.version))
        if self._form.form == "PartialObjectMetadata":
            return self._partial(stored)
        return self._whole(stored)

    def of_object(self, obj: Object) -> bytes:
        """Return the answer for an object that is not stored (a dry run, a deleted one)."""
        metadata = obj["metadata"]
        encoded = msgspec.json.encode(self._converted(obj))
        if self._form.form == "object":
            return encoded
        from_bytes = _transient(metadata, encoded)
        return self.one(from_bytes)

    def many(self, objects: Iterable[Stored], list_meta: Mapping[str, Any]) -> bytes:
        """Return the answer to a list."""
        if self._form.form == "Table":
            return self._table(objects, list_meta["resourceVersion"], list_meta)
        if self._form.form == "PartialObjectMetadataList":
            kind, version, items = "PartialObjectMetadataList", "meta.k8s.io/v1", map(self._partial, objects)
        else:
            kind, version = f"{self.served.resource.kind}List", self._api_version
            items = map(self._list_item, objects)
        head = b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
            kind.encode(),
            version.encode(),
            msgspec.json.encode(list_meta),
        )
        return head + b",".join(items) + b"]}\n"

    def event(self, kind: bytes, stored: Stored) -> bytes:
        """Return one line of a watch."""
        if self._form.form == "Table":
            body = self._table([stored], str(stored.version), head=not self._headed)
            self._headed = True
        elif self._form.form in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            body = self._partial(stored)
        else:
            body = self._whole(stored)
        return b'{"type":"' + kind + b'","object":' + body + b"}\n"

    def bookmark(self, version: int, *, initial_end: bool = False) -> bytes:
        """Return a BOOKMARK line: an object with nothing but a version, and a typed kind's empty fields."""
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if initial_end:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        body: dict[str, Any]
        if self._form.form == "Table":
            body = {"kind": "Table", "apiVersion": f"meta.k8s.io/{self._form.version}"}
            body["metadata"] = {"resourceVersion": str(version)}
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            body["columnDefinitions"] = None if self._headed else self._columns.definitions
            self._headed = True
            body["rows"] = [{"cells": self._columns.cells({"metadata": {"name": ""}}, self.now), "object": partial}]
        elif self._form.form != "object":
            body = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        else:
            body = {"kind": self.served.resource.kind, "apiVersion": self._api_version, "metadata": metadata}
            if self.served.custom is None:
                body.update(BOOKMARK_BODIES.get(f"{self._api_version}/{self.served.resource.gvr.resource}", {}))
        return b'{"type":"BOOKMARK","object":' + msgspec.json.encode(body) + b"}\n"

    def _converted(self, obj: Object) -> Object:
        if self._as_stored:
            return obj
        return convert(obj, to=self._api_version, kind=self.served.resource.kind)

    def _whole(self, stored: Stored) -> bytes:
        if self._as_stored:
            return stored.raw
        return msgspec.json.encode(self._converted(stored.copy()))

    def _list_item(self, stored: Stored) -> bytes:
        """Built-in kinds leave kind and apiVersion out of list items; custom resources keep them."""
        raw = self._whole(stored)
        if self.served.custom is not None:
            return raw
        return b"{" + raw[raw.index(b'"metadata":') :]

    def _partial(self, stored: Stored) -> bytes:
        metadata = bytes(_METADATA.decode(stored.raw).metadata)
        return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":' + metadata + b"}"

    def _table(
        self,
        objects: Iterable[Stored],
        version: str,
        list_meta: Mapping[str, Any] | None = None,
        *,
        head: bool = True,
    ) -> bytes:
        meta = msgspec.json.encode(list_meta or {"resourceVersion": version})
        columns = self._columns.encoded if head else b"null"
        rows = b",".join(map(self._row, objects))
        return b'{"kind":"Table","apiVersion":"meta.k8s.io/%b","metadata":%b,"columnDefinitions":%b,"rows":[%b]}' % (
            self._form.version.encode(),
            meta,
            columns,
            rows,
        )

    def _row(self, stored: Stored) -> bytes:
        cells = msgspec.json.encode(self._columns.cells(stored.view(), self.now))
        if self._include == "Object":
            body = self._whole(stored)
        elif self._include == "None":
            body = b"null"
        else:
            body = self._partial(stored)
        conditions = self._columns.conditions(stored.view()) if self._columns.conditions else None
        extra = b',"conditions":' + msgspec.json.encode(conditions) if conditions else b""
        return b'{"cells":' + cells + extra + b',"object":' + body + b"}"


def _transient(metadata: Mapping[str, Any], raw: bytes) -> Stored:
    facts = Facts(metadata["name"], metadata.get("namespace") or "", metadata.get("uid", ""))
    return Stored(facts, int(metadata.get("resourceVersion") or 0), raw, deque(maxlen=1))


def _bookmark_bodies() -> dict[str, dict[str, Any]]:
    raw = resources.files("k9py.sim").joinpath("data/bookmarks.json").read_bytes()
    decoded: dict[str, dict[str, Any]] = msgspec.json.decode(raw)
    return decoded


BOOKMARK_BODIES = _bookmark_bodies()
"""What the typed encoder of the server adds to an otherwise empty object, by ``v1/pods``; recorded."""
