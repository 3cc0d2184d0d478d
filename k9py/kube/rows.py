"""What a store holds and how bytes become it: rows, pages, and the protocol of a projection.

A row is a flat value with just what columns, health and relations read; the projections themselves are declared in
``resources`` (a higher layer), so here they are only a protocol.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Row(msgspec.Struct, gc=False):
    """One object in a list. Kinds with columns of their own subclass it; a row is replaced, never changed."""

    uid: str
    namespace: str
    """Empty for a cluster-scoped object."""
    name: str
    resource_version: str
    created: float
    """Unix timestamp, 0 when unknown."""
    labels: dict[str, str] | None
    owners: tuple[str, ...]
    """Owner references, flattened: kind, name, uid, kind, name, uid …; the controller first."""
    deleting: bool
    broken: str
    """Why this object could not be decoded; empty for a good one."""

    @property
    def key(self) -> str:
        """Where the object lives: ``namespace/name`` (or just the name); unique within one kind."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class TableRow(Row, gc=False):
    """A row of a server-side Table: one text per column definition."""

    cells: tuple[str, ...] = ()


class TableColumn(msgspec.Struct, frozen=True):
    """A column definition of a server-side Table."""

    name: str
    type: str
    format: str
    priority: int
    """0 is always shown; higher ones only when wide."""
    description: str = ""


class Page(msgspec.Struct):
    """One page of a list."""

    rows: list[Row]
    resource_version: str
    continue_token: str = ""
    remaining: int | None = None
    """How many objects the server says follow this page; None when it does not say."""
    columns: tuple[TableColumn, ...] | None = None
    """Only for server-side Tables."""


class Projection(Protocol):
    """Turns bodies into rows for one kind. Stateless but for interning; safe to share between reflectors."""

    accept: str
    """The Accept header of lists and watches: JSON, or the server-side Table."""
    query: tuple[tuple[str, str], ...]
    """Query parameters to add, such as includeObject=Metadata for Tables."""

    def page(self, body: bytes) -> Page:
        """Decode a list. A bad item becomes a row with ``broken`` set; raises RubbishError if it is no list."""

    def item(self, raw: bytes) -> Row:
        """Decode one object of a watch event. A bad one becomes a row with ``broken`` set, by its name."""

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        """Column definitions carried by a watch event's object, if any (Tables only)."""
