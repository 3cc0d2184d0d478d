"""Where a list gets its rows: a watch in the client layer, or something k9py itself knows.

A pane asks for rows, drains changes and hears wakes; it does not care which of the two it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from k9py.core.refs import ApiResource
from k9py.kube.rows import Page, Projection, Row, TableColumn, TableRow
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.store import Changes, Store
from k9py.resources.model import Column, KindSpec, RowContext, Tone

CONTEXTS = "contexts"
CONTAINERS = "containers"
KINDS = "kinds"
RIGHTS = "rights"

LOCAL_VIEWS = (CONTEXTS, CONTAINERS, KINDS, RIGHTS)
"""Ids of the views whose rows do not come from a watch of one kind."""


class Source(Protocol):
    """What a pane reads; ``kube.hub.Subscription`` is one."""

    on_wake: Callable[[], None] | None

    @property
    def status(self) -> SyncStatus:
        """Where the list stands."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """Column definitions of a server-side Table."""

    def rows(self) -> Mapping[str, Row]:
        """Return the rows by key."""

    def drain(self) -> Changes:
        """Return what changed since the last drain."""

    def close(self) -> None:
        """Stop listening."""


class LocalSource:
    """Rows somebody hands over, always up to date."""

    columns: tuple[TableColumn, ...] = ()

    def __init__(self, rows: Iterable[Row] = (), *, on_close: Callable[[], None] | None = None) -> None:
        self.on_wake: Callable[[], None] | None = None
        self._store = Store()
        self._feed = self._store.open_feed(self._wake)
        self._first = True
        self._on_close = on_close
        self._status = SyncStatus(SyncState.LIVE, since=0.0)
        self.put(rows)

    @property
    def status(self) -> SyncStatus:
        """Live, unless the owner says otherwise."""
        return self._status

    @status.setter
    def status(self, status: SyncStatus) -> None:
        self._status = status
        self._wake()

    def put(self, rows: Iterable[Row]) -> None:
        """Replace all rows."""
        self._store.replace({row.key: row for row in rows})

    def rows(self) -> Mapping[str, Row]:
        """Return the rows by key."""
        return self._store.rows

    def drain(self) -> Changes:
        """Return what changed since the last drain."""
        changes = Changes(reset=self._first)
        self._first = False
        self._feed.drain_into(changes)
        return changes

    def close(self) -> None:
        """Let go of whatever fills this source."""
        self.on_wake = None
        if self._on_close is not None:
            self._on_close()

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()


class _NoProjection:
    """Local rows are made by hand; nothing ever decodes one."""

    accept = ""
    query: tuple[tuple[str, str], ...] = ()

    def page(self, body: bytes) -> Page:
        raise TypeError("a local view has no bodies to decode")

    def item(self, raw: bytes) -> Row:
        raise TypeError("a local view has no bodies to decode")

    def columns_of(self, raw: bytes) -> tuple[TableColumn, ...] | None:
        raise TypeError("a local view has no bodies to decode")


def _no_projection() -> Projection:
    return _NoProjection()


def local_row(name: str, cells: Sequence[str], *, uid: str = "") -> TableRow:
    """Return a row whose columns are texts."""
    return TableRow(
        uid=uid or name, namespace="", name=name, resource_version="", created=0.0, labels=None, owners=(),
        deleting=False, broken="", cells=tuple(cells),
    )  # fmt: skip


def _cell(index: int) -> Callable[[Row, RowContext], str]:
    def text(row: Row, _ctx: RowContext) -> str:
        assert isinstance(row, TableRow)
        return row.cells[index]

    return text


def text_columns(
    titles: Sequence[str], *, accent: str = "", widths: Sequence[int] = (), wide: Sequence[str] = ()
) -> tuple[Column, ...]:
    """Return columns that read a local row's cells in order; the first one takes the space left over.

    A row whose first cell ends with ``accent`` is shown in the accent colour: the context in use, for one.
    ``widths`` are the cells each needs at least, ``wide`` the titles shown in wide mode only.
    """
    least = (*widths, *(0 for _ in titles[len(widths) :]))

    def tone(row: Row, _ctx: RowContext) -> Tone:
        assert isinstance(row, TableRow)
        return Tone.ACCENT if accent and row.cells[0].endswith(accent) else Tone.PLAIN

    return tuple(
        Column(
            id=title.lower(), title=title, text=_cell(index), sort=_cell(index), width=max(len(title), least[index]),
            flex=index == 0, rank=index, tone=tone if index == 0 else None, wide=title in wide,
        )
        for index, title in enumerate(titles)
    )  # fmt: skip


def local_spec(id: str, columns: tuple[Column, ...], purpose: str, *, sort: str = "name") -> KindSpec:
    """Return what the browser needs to know about a local view."""
    return KindSpec(
        id=id,
        projection=_no_projection,
        columns=lambda _table_columns: columns,
        default_sort=(sort, False),
        purpose=purpose,
    )


IN_USE = " *"
"""Behind the name of the context in use: a sign as well as a colour, and it sorts as the name does."""

CONTEXTS_SPEC = local_spec(
    CONTEXTS,
    text_columns(("NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"), accent=IN_USE),
    "A context is a cluster, a user and a namespace from your kubeconfig; Enter switches to it",
)

KINDS_SPEC = local_spec(
    KINDS,
    text_columns(("NAME", "KIND", "SHORTNAMES", "APIVERSION", "NAMESPACED", "VERBS"), widths=(24, 20), wide=("VERBS",)),
    "Every kind this server offers; Enter opens it",
)


def kind_rows(resources: Iterable[ApiResource]) -> list[TableRow]:
    """Return one row per kind that can be listed, as ``kubectl api-resources -o wide`` shows them."""
    return [
        local_row(
            resource.id,
            (
                resource.gvr.resource,
                resource.kind,
                ",".join(resource.short_names),
                resource.api_version,
                str(resource.namespaced).lower(),
                ",".join(sorted(resource.verbs)),
            ),
        )
        for resource in resources
        if "list" in resource.verbs
    ]
