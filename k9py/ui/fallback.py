"""The namespaces somebody named, shown where the server does not let us list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from k9py.kube.rows import Row, TableColumn
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.store import Changes
from k9py.resources.cluster import NamespaceRow
from k9py.ui.sources import Source

NOT_LISTED = "named"
"""What stands under STATUS: the namespace may or may not be there."""


class NamedNamespaces:
    """The list of namespaces, or the named ones for as long as the list is denied."""

    def __init__(self, source: Source, named: Callable[[], Sequence[str]]) -> None:
        self._source = source
        self._named = named
        self._was_denied = False
        self.on_wake: Callable[[], None] | None = None
        source.on_wake = self._wake

    @property
    def _denied(self) -> bool:
        return self._source.status.state is SyncState.DENIED and not self._source.rows()

    @property
    def status(self) -> SyncStatus:
        """Where the list stands; denied says what is shown instead."""
        status = self._source.status
        return replace(status, detail=f"{status.detail}; showing those you named") if self._denied else status

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """None: namespaces have columns of their own."""
        return self._source.columns

    def rows(self) -> Mapping[str, Row]:
        """Return the rows by key."""
        if not self._denied:
            return self._source.rows()
        rows = [_row(name) for name in self._named()]
        return {row.key: row for row in rows}

    def drain(self) -> Changes:
        """Return what changed since the last drain."""
        changes = self._source.drain()
        if self._denied != self._was_denied:
            self._was_denied = self._denied
            return Changes(reset=True)
        return changes

    def close(self) -> None:
        """Stop listening."""
        self.on_wake = None
        self._source.close()

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()


def _row(name: str) -> Row:
    return NamespaceRow(
        uid=name, namespace="", name=name, resource_version="", created=0.0, labels=None, owners=(), deleting=False,
        broken="", status=NOT_LISTED,
    )  # fmt: skip
