"""Every kind without columns of its own: what the server prints for it, watched as a server-side Table.

The server's ages are as old as the answer, so the age column is computed here from the creation time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from k9py.core.ages import time_or_zero
from k9py.core.errors import RubbishError
from k9py.kube.rows import Page, Row, TableColumn, TableRow
from k9py.resources.cells import AGE, LABELS, NAME, NAMESPACE
from k9py.resources.model import (
    MISSING,
    Column,
    ColumnMaker,
    Drill,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    unreadable,
)
from k9py.resources.projecting import ListMeta, Meta, Shared, intern, text_or

TABLE_ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
TABLE_QUERY: tuple[tuple[str, str], ...] = (("includeObject", "Metadata"),)

_LINE_ENDS = str.maketrans({"\n": "\0", "\r": "\0", "\f": "\0"})

_table = ColumnMaker(TableRow)


class _Partial(msgspec.Struct, gc=False):
    metadata: Meta | None = None


class _TableItem(msgspec.Struct, gc=False):
    cells: list[Any] | None = None
    object: _Partial | None = None


class _Definition(msgspec.Struct, gc=False):
    name: str = ""
    type: str | None = None
    format: str | None = None
    description: str | None = None
    priority: int | None = None


class _Table(msgspec.Struct, gc=False, rename="camel"):
    kind: str | None = None
    metadata: ListMeta | None = None
    column_definitions: list[_Definition] | None = None
    rows: list[_TableItem] | None = None
    items: list[_Partial] | None = None


class _RawTable(msgspec.Struct, gc=False, rename="camel"):
    kind: str | None = None
    metadata: ListMeta | None = None
    column_definitions: list[_Definition] | None = None
    rows: list[msgspec.Raw] | None = None
    items: list[msgspec.Raw] | None = None


class _Definitions(msgspec.Struct, gc=False, rename="camel"):
    column_definitions: list[_Definition] | None = None


class TableProjection:
    """A :class:`~k9py.kube.rows.Projection` over server-side Tables; plain objects give names and ages only."""

    accept: str = TABLE_ACCEPT
    query: tuple[tuple[str, str], ...] = TABLE_QUERY

    def __init__(self) -> None:
        self.shared = Shared()
        self._table = msgspec.json.Decoder(_Table)
        self._raw_table = msgspec.json.Decoder(_RawTable)
        self._table_item = msgspec.json.Decoder(_TableItem)
        self._partial = msgspec.json.Decoder(_Partial)
        self._definitions = msgspec.json.Decoder(_Definitions)

    def page(self, body: bytes) -> Page:
        """Decode a Table, or a list of objects where the server does not speak Table."""
        try:
            table = self._table.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._page_by_item(body)
        if table.rows is not None or table.kind == "Table":
            rows = [self._from_item(item) for item in table.rows or ()]
        elif table.items is not None or (table.kind or "").endswith("List"):
            rows = [self._row(item.metadata, ()) for item in table.items or ()]
        else:
            raise RubbishError(f"the answer is neither a Table nor a list but {table.kind or 'has no kind'}")
        return _page(rows, table.metadata, table.column_definitions)

    def _page_by_item(self, body: bytes) -> Page:
        try:
            table = self._raw_table.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RubbishError(f"the answer is not a Table: {error}") from error
        rows = [self._raw_item(bytes(item)) for item in table.rows or ()]
        rows += [self._raw_object(bytes(item)) for item in table.items or ()]
        return _page(rows, table.metadata, table.column_definitions)

    def item(self, raw: bytes) -> Row:
        """Decode the object of a watch event: a Table of one row."""
        try:
            table = self._table.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _broken(raw, str(error))
        if table.rows:
            return self._from_item(table.rows[0])
        if table.kind == "Table":
            return _broken(raw, "the server sent a Table without a row")
        return self._raw_object(raw)

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        """Return the column definitions of a watch event's Table; only the first event carries them."""
        try:
            return _columns(self._definitions.decode(raw).column_definitions)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _raw_item(self, raw: bytes) -> Row:
        try:
            return self._from_item(self._table_item.decode(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _broken(raw, str(error))

    def _raw_object(self, raw: bytes) -> Row:
        try:
            return self._row(self._partial.decode(raw).metadata, ())
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _broken(raw, str(error))

    def _from_item(self, item: _TableItem) -> Row:
        cells = tuple(cell_text(cell) for cell in item.cells or ())
        return self._row(item.object.metadata if item.object else None, cells)

    def _row(self, meta: Meta | None, cells: tuple[str, ...]) -> Row:
        meta = meta or Meta()
        namespace = intern(meta.namespace or "")
        name = meta.name or (cells[0] if cells else "")
        return TableRow(
            uid=meta.uid or f"{namespace}/{name}",
            namespace=namespace,
            name=name,
            resource_version=meta.resource_version or "",
            created=time_or_zero(meta.creation_timestamp),
            labels=self.shared.labels(meta.labels),
            owners=self.shared.owners(meta.owner_references),
            deleting=meta.deletion_timestamp is not None,
            broken="",
            cells=cells,
        )


def cell_text(cell: Any) -> str:
    """Return a cell as kubectl prints it: nothing for null, only the first line of a text."""
    if isinstance(cell, str):
        end = cell.translate(_LINE_ENDS).find("\0")
        return intern(cell) if end < 0 else f"{cell[:end]}..."
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:g}"
    return str(cell)


def _broken(raw: bytes, reason: str) -> TableRow:
    """Return a row by the name found in a row, a Table of one row, or an object."""
    try:
        found: Any = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        found = None
    for step in ("rows", 0, "object"):
        if isinstance(found, list):
            found = found[0] if found else None
        elif isinstance(found, dict) and step in found:
            found = found[step]
    meta = found.get("metadata") if isinstance(found, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    namespace, name = text_or(meta.get("namespace"), ""), text_or(meta.get("name"), "(no name)")
    return TableRow(
        uid=text_or(meta.get("uid"), f"{namespace}/{name}"), namespace=namespace, name=name,
        resource_version=text_or(meta.get("resourceVersion"), ""), created=0.0, labels=None, owners=(), deleting=False,
        broken=reason,
    )  # fmt: skip


def _columns(definitions: list[_Definition] | None) -> tuple[TableColumn, ...] | None:
    if definitions is None:
        return None
    return tuple(
        TableColumn(item.name, item.type or "string", item.format or "", item.priority or 0, item.description or "")
        for item in definitions
    )


def _page(rows: list[Row], meta: ListMeta | None, definitions: list[_Definition] | None) -> Page:
    meta = meta or ListMeta()
    return Page(
        rows=rows,
        resource_version=meta.resource_version or "",
        continue_token=meta.continue_ or "",
        remaining=meta.remaining_item_count,
        columns=_columns(definitions),
    )


def _cell_column(index: int, definition: TableColumn) -> Column:
    numeric = definition.type in ("integer", "number")

    def text(row: TableRow, _ctx: RowContext) -> str:
        return row.cells[index] if index < len(row.cells) else ""

    def number(row: TableRow, ctx: RowContext) -> float:
        try:
            return float(text(row, ctx))
        except ValueError:
            return MISSING

    return _table(
        definition.name.lower().replace(" ", "-"),
        definition.name.upper(),
        text,
        sort=number if numeric else None,
        align="right" if numeric else "left",
        max_width=0 if numeric else 60,
        wide=definition.priority > 0,
        rank=30 + index + (40 if definition.priority > 0 else 0),
        measure=Measure.NUMBER if numeric else Measure.TEXT,
        description=definition.description,
    )


@lru_cache(maxsize=256)
def table_columns(server: tuple[TableColumn, ...], *, namespaced: bool) -> tuple[Column, ...]:
    """Return the server's columns with name, namespace and age replaced by our own."""
    columns: list[Column] = [NAMESPACE, NAME] if namespaced else [NAME]
    for index, definition in enumerate(server):
        if definition.name.lower() in ("name", "age", "created at", "namespace"):
            continue
        columns.append(_cell_column(index, definition))
    return (*columns, LABELS, AGE)


def table_health(row: Row, ctx: RowContext) -> Health:
    """Return what is known of any object: unreadable, on its way out, or well."""
    if row.broken:
        return unreadable(row)
    if row.deleting:
        return Health(Level.BUSY, "being deleted")
    return Health(Level.OK)


def table_spec(
    kind_id: str,
    *,
    namespaced: bool,
    default_sort: tuple[str, bool] = ("name", False),
    health: Callable[[Row, RowContext], Health] = table_health,
    drill: Drill | None = None,
    relations: tuple[Drill, ...] = (),
    purpose: str = "",
) -> KindSpec:
    """Return the spec of a kind that is shown as the server prints it."""
    return KindSpec(
        id=kind_id,
        projection=TableProjection,
        columns=lambda server: table_columns(server, namespaced=namespaced),
        default_sort=default_sort,
        health=health,
        drill=drill,
        relations=relations,
        typed=False,
        purpose=purpose,
    )
