"""Bodies to rows for kinds with columns of their own: the part every such kind shares.

A kind declares a msgspec Struct with the fields it reads and a function from it to its row. msgspec skips the rest of
the JSON without building it, which is what makes 10,000 pods cost a fraction of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from k9py.core.ages import time_or_zero
from k9py.core.errors import RubbishError
from k9py.kube.rows import Page, Row, TableColumn

JSON_ACCEPT = "application/json"

SHARED_LIMIT = 20_000
"""Distinct label sets or owner tuples remembered for sharing; beyond it they are forgotten, which only costs space."""

intern = sys.intern

NOTHING = msgspec.Raw(b"null")
"""What stands for a part of an object that is left undecoded and is not there."""


class Owner(msgspec.Struct, gc=False):
    """One owner reference."""

    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class Meta(msgspec.Struct, gc=False, rename="camel"):
    """The metadata every row reads."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: msgspec.Raw = NOTHING
    """Left as they are, like the owners: few differ, and those seen before are known by their bytes."""
    owner_references: msgspec.Raw = NOTHING


class AnnotatedMeta(Meta, gc=False, rename="camel"):
    """Metadata with annotations, for the few kinds whose columns read them."""

    annotations: dict[str, str] | None = None


class ListMeta(msgspec.Struct, gc=False, rename="camel"):
    """The metadata of a list."""

    resource_version: str | None = None
    continue_: str | None = msgspec.field(name="continue", default=None)
    remaining_item_count: int | None = None


class _RawList(msgspec.Struct, gc=False):
    kind: str | None = None
    metadata: ListMeta | None = None
    items: list[msgspec.Raw] | None = None


class _NamedMeta(msgspec.Struct, gc=False, rename="camel"):
    name: Any = None
    namespace: Any = None
    uid: Any = None
    resource_version: Any = None
    creation_timestamp: Any = None


class _Named(msgspec.Struct, gc=False):
    metadata: _NamedMeta | None = None


class HasMeta(Protocol):
    """An object struct: whatever else it has, it has metadata."""

    @property
    def metadata(self) -> Meta | None:
        """The object's metadata."""


O_contra = TypeVar("O_contra", bound=HasMeta)
R = TypeVar("R", bound=Row)

_NO_META = Meta()
_LABELS = msgspec.json.Decoder(dict[str, str] | None)
_OWNERS = msgspec.json.Decoder(list[Owner] | None)


class Shared:
    """Makes equal labels, owners and reference tuples one object: pods of one workload differ in little."""

    __slots__ = ("_labels", "_owners", "_tuples")

    def __init__(self) -> None:
        self._labels: dict[bytes, dict[str, str] | None] = {b"null": None}
        self._owners: dict[bytes, tuple[str, ...]] = {b"null": ()}
        self._tuples: dict[tuple[str, ...], tuple[str, ...]] = {}

    def labels(self, raw: msgspec.Raw) -> dict[str, str] | None:
        """Return undecoded labels as a dictionary, the same for equal ones; raises ValidationError for what is none."""
        text = bytes(raw)
        try:
            return self._labels[text]
        except KeyError:
            if len(self._labels) >= SHARED_LIMIT:
                self._labels.clear()
            decoded = _LABELS.decode(text)
            known = {intern(name): intern(value) for name, value in decoded.items()} if decoded else None
            self._labels[text] = known
            return known

    def texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Return an equal tuple seen before, or this one with its texts interned."""
        if not texts:
            return ()
        known = self._tuples.get(texts)
        if known is None:
            if len(self._tuples) >= SHARED_LIMIT:
                self._tuples.clear()
            known = tuple(map(intern, texts))
            self._tuples[known] = known
        return known

    def owners(self, raw: msgspec.Raw) -> tuple[str, ...]:
        """Return undecoded owner references flattened to kind, name, uid; the controller first."""
        text = bytes(raw)
        try:
            return self._owners[text]
        except KeyError:
            if len(self._owners) >= SHARED_LIMIT:
                self._owners.clear()
            flat: list[str] = []
            for owner in sorted(_OWNERS.decode(text) or (), key=lambda owner: not owner.controller):
                flat += (owner.kind or "", owner.name or "", owner.uid or "")
            known = self._owners[text] = self.texts(tuple(flat))
            return known


def text_or(value: Any, fallback: str) -> str:
    """Return the value when it is a text that is not empty."""
    return value if isinstance(value, str) and value else fallback


class ObjectProjection(Generic[O_contra, R]):
    """A :class:`~k9py.kube.rows.Projection` over whole objects, reading only what the struct declares."""

    accept = JSON_ACCEPT
    query: tuple[tuple[str, str], ...] = ()

    def __init__(
        self, object_type: type[O_contra], row_type: type[R], fill: Callable[[R, O_contra, Shared], None]
    ) -> None:
        """``fill`` sets the fields of a new row (its common ones are set already) from the decoded object."""
        self._row_type = row_type
        self._fill = fill
        self.shared = Shared()
        list_type: Any = msgspec.defstruct(
            f"{object_type.__name__}List",
            [("metadata", ListMeta | None, None), ("items", list[object_type] | None, None)],  # type: ignore[valid-type]
            gc=False,
        )
        self._list = msgspec.json.Decoder(list_type)
        self._item = msgspec.json.Decoder(object_type)
        self._raw_list = msgspec.json.Decoder(_RawList)
        self._named = msgspec.json.Decoder(_Named)

    def page(self, body: bytes) -> Page:
        """Decode a list; when that fails, decode it item by item so that one bad object hides no other."""
        try:
            decoded: Any = self._list.decode(body)
            if decoded.items is not None:
                row = self._row
                return _page([row(item) for item in decoded.items], decoded.metadata)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._page_by_item(body)
        return self._page_by_item(body)

    def _page_by_item(self, body: bytes) -> Page:
        try:
            raw = self._raw_list.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RubbishError(f"the answer is not a list of objects: {error}") from error
        if raw.items is None and not (raw.kind or "").endswith("List"):
            raise RubbishError(f"the answer is not a list but {raw.kind or 'something without a kind'}")
        return _page([self.item(bytes(item)) for item in raw.items or ()], raw.metadata)

    def item(self, raw: bytes) -> Row:
        """Decode one object; one that does not fit becomes a row by its name that says why."""
        try:
            return self._row(self._item.decode(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return self._broken(raw, str(error))

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        """Return None: these kinds have columns of their own."""
        return None

    def _row(self, decoded: O_contra) -> Row:
        meta = decoded.metadata or _NO_META
        namespace = intern(meta.namespace or "")
        name = meta.name or ""
        row = self._row_type(
            uid=meta.uid or f"{namespace}/{name}",
            namespace=namespace,
            name=name,
            resource_version=meta.resource_version or "",
            created=time_or_zero(meta.creation_timestamp),
            labels=self.shared.labels(meta.labels),
            owners=self.shared.owners(meta.owner_references),
            deleting=meta.deletion_timestamp is not None,
            broken="",
        )
        self._fill(row, decoded, self.shared)
        return row

    def _broken(self, raw: bytes, reason: str) -> Row:
        try:
            meta = self._named.decode(raw).metadata or _NamedMeta()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            meta = _NamedMeta()
        namespace, name = text_or(meta.namespace, ""), text_or(meta.name, "(no name)")
        return self._row_type(
            uid=text_or(meta.uid, f"{namespace}/{name}"),
            namespace=namespace,
            name=name,
            resource_version=text_or(meta.resource_version, ""),
            created=time_or_zero(text_or(meta.creation_timestamp, "")),
            labels=None,
            owners=(),
            deleting=False,
            broken=reason,
        )


def _page(rows: list[Row], meta: ListMeta | None) -> Page:
    meta = meta or ListMeta()
    return Page(
        rows=rows,
        resource_version=meta.resource_version or "",
        continue_token=meta.continue_ or "",
        remaining=meta.remaining_item_count,
    )
