"""Objects by their metadata alone: the cheapest way to know that something came, changed or went."""

from __future__ import annotations

import msgspec

from k9py.core.ages import time_or_zero
from k9py.core.errors import RubbishError
from k9py.kube.rows import Page, Row, TableColumn


class _Owner(msgspec.Struct, gc=False):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class _Meta(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    owner_references: list[_Owner] | None = None


class _Object(msgspec.Struct, gc=False):
    metadata: _Meta | None = None


class _ListMeta(msgspec.Struct, gc=False):
    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)
    continue_: str | None = msgspec.field(name="continue", default=None)
    remaining: int | None = msgspec.field(name="remainingItemCount", default=None)


class _List(msgspec.Struct, gc=False):
    items: list[msgspec.Raw] | None
    metadata: _ListMeta | None = None


_LISTS = msgspec.json.Decoder(_List)
_OBJECTS = msgspec.json.Decoder(_Object)


def _owners(references: list[_Owner] | None) -> tuple[str, ...]:
    ordered = sorted(references or (), key=lambda owner: not owner.controller)
    return tuple(text or "" for owner in ordered for text in (owner.kind, owner.name, owner.uid))


class MetadataProjection:
    """Rows with the common fields only, of any kind."""

    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    query: tuple[tuple[str, str], ...] = ()

    def page(self, body: bytes) -> Page:
        """Decode a list."""
        try:
            decoded = _LISTS.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RubbishError(f"the answer is not a list: {error}") from error
        meta = decoded.metadata or _ListMeta()
        return Page(
            rows=[self.item(bytes(raw)) for raw in decoded.items or ()],
            resource_version=meta.resource_version or "",
            continue_token=meta.continue_ or "",
            remaining=meta.remaining,
        )

    def item(self, raw: bytes) -> Row:
        """Decode one object."""
        try:
            meta = _OBJECTS.decode(raw).metadata or _Meta()
            broken = "" if meta.name else "it has no name"
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            meta, broken = _Meta(), str(error)
        return Row(
            uid=meta.uid or "",
            namespace=meta.namespace or "",
            name=meta.name or "?",
            resource_version=meta.resource_version or "",
            created=time_or_zero(meta.creation_timestamp),
            labels=meta.labels,
            owners=_owners(meta.owner_references),
            deleting=meta.deletion_timestamp is not None,
            broken=broken,
        )

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        """Return None: there are no server-side columns."""
        return None
