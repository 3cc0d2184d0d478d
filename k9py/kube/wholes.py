"""Whole objects through a reflector, and one of them followed while somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from k9py.core.errors import RubbishError
from k9py.kube.metadata import MetadataProjection
from k9py.kube.rows import Page, Row, TableColumn
from k9py.kube.states import SyncStatus
from k9py.kube.subscription import Subscription


class WholeRow(Row, gc=False):
    """A row that keeps the object as the server sent it."""

    body: bytes = b""

    def __repr__(self) -> str:
        """Name the object only: it may be a Secret, and a repr ends up in a log."""
        return f"WholeRow({self.key!r})"


class _Typed(msgspec.Struct, gc=False, rename="camel"):
    items: list[msgspec.Raw] | None
    kind: str = ""
    api_version: str = ""


class WholeProjection:
    """Rows with whole objects, for the few that are open in a detail pane."""

    accept = "application/json"
    query: tuple[tuple[str, str], ...] = ()
    sliceable = False
    """A page gives its objects the kind and version that lists leave out of them."""

    def __init__(self) -> None:
        self._metadata = MetadataProjection()

    def page(self, body: bytes) -> Page:
        """Decode a list, giving each object back the kind and version that lists leave out."""
        page = self._metadata.page(body)
        try:
            typed = msgspec.json.decode(body, type=_Typed)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RubbishError(f"the answer is not a list: {error}") from error
        kind = typed.kind.removesuffix("List")
        head = msgspec.json.encode({"kind": kind, "apiVersion": typed.api_version})
        bodies = [_with_type(bytes(raw), head) for raw in typed.items or ()]
        page.rows = [_whole(row, body) for row, body in zip(page.rows, bodies, strict=True)]
        return page

    def item(self, raw: bytes) -> Row:
        """Decode one object of a watch."""
        return _whole(self._metadata.item(raw), raw)

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        """Return None: there are no server-side columns."""
        return None


def _with_type(body: bytes, head: bytes) -> bytes:
    """Put ``kind`` and ``apiVersion`` first unless the object has them; the last of two equal keys wins in JSON."""
    rest = body.lstrip()[1:].lstrip()
    return head[:-1] + b"}" if rest[:1] == b"}" else head[:-1] + b"," + rest


def _whole(row: Row, body: bytes) -> WholeRow:
    return WholeRow(**{name: getattr(row, name) for name in Row.__struct_fields__}, body=body)


class ObjectWatch:
    """One object, live: its newest state, or that it is gone."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._body = b""
        self._seen = False

    @property
    def status(self) -> SyncStatus:
        """Where the watch stands."""
        return self._subscription.status

    @property
    def on_wake(self) -> Callable[[], None] | None:
        """Called on the loop when there is something to drain, or when the status changed."""
        return self._subscription.on_wake

    @on_wake.setter
    def on_wake(self, wake: Callable[[], None] | None) -> None:
        self._subscription.on_wake = wake

    def drain(self) -> bool:
        """Take over what changed; True when the object did."""
        self._subscription.drain()
        newest = next((row.body for row in self._subscription.rows().values() if isinstance(row, WholeRow)), b"")
        changed = newest != self._body
        self._body = newest
        self._seen = self._seen or bool(newest)
        return changed

    @property
    def object(self) -> dict[str, Any] | None:
        """The object as last drained, decoded anew for each caller; None when there is none."""
        if not self._body:
            return None
        decoded: dict[str, Any] = msgspec.json.decode(self._body)
        return decoded

    @property
    def gone(self) -> bool:
        """True when the object was deleted, or when the server was asked and has none."""
        return not self._body and (self._seen or self._subscription.synced)

    def close(self) -> None:
        """Stop following."""
        self._subscription.close()
