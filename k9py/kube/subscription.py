"""One pane's view on one kind in one scope, over as many list-and-watches as the scope has namespaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from k9py.core.errors import Forbidden
from k9py.core.refs import ApiResource, Scope
from k9py.kube.reflector import Reflector
from k9py.kube.rows import Row, TableColumn
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.store import Changes, Feed
from k9py.kube.watching import Source

if TYPE_CHECKING:
    from k9py.kube.hub import Hub

WORST_FIRST = (
    SyncState.OFFLINE,
    SyncState.DENIED,
    SyncState.THROTTLED,
    SyncState.SYNCING,
    SyncState.RELISTING,
    SyncState.RESUMING,
    SyncState.IDLE,
    SyncState.LIVE,
)
"""Which state of several speaks for all of them."""


class MergedRows(Mapping[str, Row]):
    """The rows of several namespaces as one mapping, without copying them."""

    def __init__(self, rows: Mapping[str, Mapping[str, Row]]) -> None:
        """``rows`` maps a namespace to its rows."""
        self._rows = rows

    def __getitem__(self, key: str) -> Row:
        return self._rows[key.partition("/")[0]][key]

    def __iter__(self) -> Iterator[str]:
        for rows in self._rows.values():
            yield from rows

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))


@dataclass(slots=True)
class _Reader:
    """A reflector this subscription reads, and its place in that reflector's store."""

    reflector: Reflector
    feed: Feed


class Subscription:
    """Rows and their changes; close it when the pane goes away."""

    def __init__(self, hub: Hub, resource: ApiResource, scope: Scope, source_in: Callable[[str], Source]) -> None:
        self.resource = resource
        self.scope = scope
        self.on_wake: Callable[[], None] | None = None
        """Called on the loop when there is something to drain again, or when the status changed."""
        self._hub = hub
        self._source_in = source_in
        self._readers: dict[str, _Reader] = {}
        self._reset = True
        self._closed = False
        self._visible = True
        self._everywhere = scope.all and resource.namespaced
        for namespace in dict.fromkeys(scope.namespaces) if resource.namespaced and scope.namespaces else ("",):
            self._open(namespace)

    @property
    def visible(self) -> bool:
        """False while nobody sees these rows: then their cells are not renewed. Changes are kept all the same."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        if visible != self._visible:
            self._visible = visible
            for reader in self._readers.values():
                reader.reflector.viewers += 1 if visible else -1

    def rows(self) -> Mapping[str, Row]:
        """Return the live rows by key; read, never change them."""
        if len(self._readers) == 1:
            (reader,) = self._readers.values()
            return reader.reflector.store.rows
        return MergedRows({ns: reader.reflector.store.rows for ns, reader in self._readers.items()})

    def drain(self) -> Changes:
        """Return what changed since the last drain and forget it: the only crossing from client to screen."""
        changes = Changes(reset=self._reset)
        self._reset = False
        for reader in self._readers.values():
            reader.feed.drain_into(changes)
        if changes.reset:
            changes.upserts.clear()
            changes.removed.clear()
        return changes

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """Column definitions of a server-side Table; empty for kinds with columns of their own."""
        for reader in self._readers.values():
            if reader.reflector.columns:
                return reader.reflector.columns
        return ()

    @property
    def statuses(self) -> Mapping[str, SyncStatus]:
        """The status of each namespace read; "" stands for all of them."""
        return {ns: reader.reflector.status for ns, reader in self._readers.items()}

    @property
    def status(self) -> SyncStatus:
        """The worst of :attr:`statuses`, naming the namespace when there are several.

        A namespace we may not read beside others we may is a detail: what is shown is live. A closed view is idle.
        """
        if not self._readers:
            return SyncStatus(SyncState.IDLE, 0.0)
        statuses = dict(self.statuses)
        refused = statuses.pop("", None) if len(statuses) > 1 else None
        namespace, worst = min(statuses.items(), key=lambda item: WORST_FIRST.index(item[1].state))
        if len(statuses) > 1 and worst.detail and namespace not in worst.detail:
            worst = replace(worst, detail=f"{namespace}: {worst.detail}")
        if worst.state is SyncState.DENIED:
            live = [status for status in statuses.values() if status.state is SyncState.LIVE]
            worst = replace(live[0], detail=worst.detail) if live else worst
        if refused is not None and worst.state is SyncState.LIVE and not worst.detail:
            shown = ", ".join(statuses)
            worst = replace(worst, detail=f"{refused.detail}; showing {shown}")
        return worst

    @property
    def synced(self) -> bool:
        """True once every namespace was listed completely."""
        readers = [reader for ns, reader in self._readers.items() if ns or len(self._readers) == 1]
        return bool(readers) and all(reader.reflector.synced.is_set() for reader in readers)

    def retry_now(self) -> None:
        """Cut the waits of this view short."""
        for reader in self._readers.values():
            reader.reflector.retry_now()

    def close(self) -> None:
        """Stop reading; what nobody else reads stops after a while."""
        if not self._closed:
            self._closed = True
            self.on_wake = None
            for namespace in list(self._readers):
                self._close(namespace)

    def _open(self, namespace: str) -> None:
        reflector = self._hub.acquire(self._source_in(namespace))
        self._readers[namespace] = _Reader(reflector, reflector.store.open_feed(self._wake))
        reflector.observers.append(self._status_changed)
        reflector.viewers += self._visible

    def _close(self, namespace: str) -> None:
        reader = self._readers.pop(namespace)
        reader.reflector.observers.remove(self._status_changed)
        reader.reflector.viewers -= self._visible
        reader.reflector.store.close_feed(reader.feed)
        self._hub.release(reader.reflector)

    def _status_changed(self) -> None:
        if self._everywhere:
            self._follow_rights()
        self._wake()

    def _follow_rights(self) -> None:
        """Read the namespaces somebody named when all of them at once are denied, and stop when that changes."""
        everywhere = self._readers[""].reflector
        if isinstance(everywhere.failure, Forbidden) and not everywhere.store.rows:
            for namespace in self._hub.fallback():
                if namespace not in self._readers:
                    self._open(namespace)
                    self._reset = True
        elif everywhere.synced.is_set() and len(self._readers) > 1:
            for namespace in [ns for ns in self._readers if ns]:
                self._close(namespace)
            self._reset = True

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()
