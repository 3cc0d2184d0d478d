"""Measured use on the screen: what is collected while what is shown, and the context cells are computed in."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import Scope
from k9py.core.rings import GAP, Ring
from k9py.core.tasks import TaskSet
from k9py.kube.rows import Row
from k9py.kube.states import SyncState
from k9py.metrics import HISTORY
from k9py.resources.model import KindSpec, RowContext
from k9py.ui.glyphs import ASCII
from k9py.ui.header import SPARK_CELLS, Load
from k9py.ui.navigator import View

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.kube.subscription import Subscription
    from k9py.metrics.usage import UsageCollector
    from k9py.ui.app import K9App

_LOG = logging.getLogger(__name__)

FINISHED = frozenset({"Succeeded", "Failed"})
"""Phases of pods that no longer take room on their node."""


class Companion:
    """A second list that the rows on screen are counted against, such as the pods of nodes."""

    def __init__(self, subscription: Subscription, read: Callable[[Row], tuple[str, int]]) -> None:
        """``read`` returns what a row counts for, and how much."""
        self._subscription = subscription
        self._read = read
        self._seen: dict[str, tuple[str, int]] = {}
        self._sums: Counter[str] = Counter()
        self._counted = False
        """True once the list was complete when it was read: until then a sum would be too small."""

    def drain(self) -> bool:
        """Take what changed; True when a sum did."""
        known, self._counted = self._counted, self._subscription.synced
        changes = self._subscription.drain()
        before = self._sums.copy() if changes else self._sums
        if changes.reset:
            self._seen.clear()
            self._sums.clear()
        upserts = self._subscription.rows() if changes.reset else changes.upserts
        for key in changes.removed:
            self._drop(key)
        for key, row in upserts.items():
            self._drop(key)
            entry = self._seen[key] = self._read(row)
            self._sums[entry[0]] += entry[1]
        return known != self._counted or (bool(changes) and before != self._sums)

    def _drop(self, key: str) -> None:
        entry = self._seen.pop(key, None)
        if entry is not None:
            self._sums[entry[0]] -= entry[1]

    def get(self, name: str) -> int | None:
        """Return the sum of a name; None until the list is complete or when it cannot be read."""
        known = self._counted and self._subscription.status.state is not SyncState.DENIED
        return self._sums.get(name, 0) if known else None

    def close(self) -> None:
        """Stop counting."""
        self._subscription.on_wake = None
        self._subscription.close()


class Measuring:
    """Collects use for the session in use, and counts what cells of one kind need of another."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._tasks = TaskSet(app.report_failure)
        self._collector: UsageCollector | None = None
        self._task_name = ""
        self._nodes: Subscription | None = None
        self._companion: Companion | None = None
        self._loads: tuple[Load, ...] = ()
        self._trends = (Ring(HISTORY), Ring(HISTORY))
        self._sampled_at = 0.0

    # ------------------------------------------------------------------ life

    def start(self, session: Session) -> None:
        """Begin with a new session."""
        # Deferred, like the kinds below: nothing is measured before there is a session.
        from k9py.metrics.usage import UsageCollector

        self._collector = UsageCollector(
            session.transport,
            session.clock,
            interval=self._app.settings.metrics.interval,
            on_change=lambda: self._app.flushing.wake(self),
        )
        session.tasks.start(self._collector.run(), name="metrics")
        self._trends = (Ring(HISTORY), Ring(HISTORY))
        self._app.flushing.watch(self, self._flush)
        try:
            nodes = session.discovery.resolve("nodes")
        except K9Error:
            # A server without nodes has no capacity to show.
            return
        self._nodes = session.hub.subscribe(nodes, Scope(), self._app.rooms.opener.projection(nodes))
        self._nodes.on_wake = lambda: self._app.flushing.wake(self)

    def stop(self) -> None:
        """The session is going away, and its tasks with it."""
        self._app.flushing.forget(self)
        self._collector = None
        self._loads = ()
        self._close_companion()
        if self._nodes is not None:
            self._nodes.on_wake = None
            self._nodes.close()
            self._nodes = None

    async def close(self) -> None:
        """Stop for good."""
        self.stop()
        await self._tasks.close()

    def _close_companion(self) -> None:
        if self._companion is not None:
            self._companion.close()
            self._companion = None

    # ------------------------------------------------------------------ what is shown

    def show(self, spec: KindSpec, view: View) -> None:
        """Collect what the list on screen shows."""
        if self._collector is not None:
            scope = view.scope if spec.metered and spec.id != "nodes" else None
            self._collector.want(pods=scope, nodes=True)
        self._close_companion()
        session = self._app.session
        if session is None:
            return
        if spec.id == "nodes":
            pods = session.discovery.resolve("pods")
            subscription = session.hub.subscribe(pods, Scope(), self._app.rooms.opener.projection(pods))
            self._companion = Companion(subscription, _on_node)
        elif spec.id == "services":
            try:
                slices = session.discovery.resolve("endpointslices.discovery.k8s.io")
            except UsageError as error:
                _LOG.info("endpoints are not counted: %s", error)  # the list itself is none the worse for it
                return
            subscription = session.hub.subscribe(slices, view.scope, self._app.rooms.opener.projection(slices))
            self._companion = Companion(subscription, _behind_service)
        else:
            return
        subscription.on_wake = lambda: self._app.flushing.wake(self)
        # A list somebody else watches already is complete: its counts stand from the first paint on.
        self._companion.drain()
        # The list may have been opened with the counts of the view before, which are closed by now.
        self._app.browser.listing.set_context(self.context_for(spec))

    def context_for(self, spec: KindSpec) -> RowContext:
        """Return what cells of a kind are computed with."""
        companion = self._companion
        context = RowContext(
            now=self._app.now(),
            usage=self._collector if spec.metered else None,
            ascii=self._app.look.glyphs is ASCII,
            warn=self._app.settings.metrics.warn,
            critical=self._app.settings.metrics.critical,
        )
        if companion is not None and spec.id == "nodes":
            context.pods_on_node = companion.get
        elif companion is not None and spec.id == "services":
            context.ready_endpoints = lambda namespace, name: companion.get(f"{namespace}/{name}")
        return context

    @property
    def unavailable(self) -> str:
        """Why there are no metrics; empty when there are."""
        return self._collector.unavailable if self._collector is not None else ""

    def _flush(self) -> None:
        """Take new samples and counts to the screen."""
        counted = self._companion.drain() if self._companion is not None else False
        if self._nodes is not None:
            self._nodes.drain()
        collector = self._collector
        sampled = collector is not None and collector.polled_at != self._sampled_at
        if collector is not None and sampled:
            self._sampled_at = collector.polled_at
        self._measure_load(pushing=sampled)
        spec = self._app.browser.listing.spec
        if spec is not None and (counted or (sampled and spec.metered)):
            self._app.browser.listing.set_context(self.context_for(spec))
        self._app.browser.show_state()

    # ------------------------------------------------------------------ the cluster's load

    def _measure_load(self, *, pushing: bool) -> None:
        """Add up nodes: used of allocatable."""
        from k9py.resources.nodes import NodeRow

        if self._nodes is None or self._collector is None:
            return
        used, room = [0.0, 0.0], [0, 0]
        for row in self._nodes.rows().values():
            usage = self._collector.node(row.name)
            if not isinstance(row, NodeRow) or usage is None or math.isnan(usage.cpu):
                continue
            used[0] += usage.cpu
            used[1] += usage.memory
            room[0] += row.cpu
            room[1] += row.memory
        loads = []
        for index, name in enumerate(("cpu", "mem")):
            percent = 100 * used[index] / room[index] if room[index] else GAP
            if pushing:
                self._trends[index].push(percent)
            loads.append(Load(name, percent, tuple(self._trends[index].last(SPARK_CELLS))))
        self._loads = tuple(loads)

    def loads(self) -> Sequence[Load]:
        """Return the cluster's CPU and memory."""
        return self._loads


def _on_node(row: Row) -> tuple[str, int]:
    """Count a pod for its node unless it is finished."""
    from k9py.resources.pods import PodRow

    if isinstance(row, PodRow) and row.node and row.phase not in FINISHED:
        return row.node, 1
    return "", 0


def _behind_service(row: Row) -> tuple[str, int]:
    """Count the ready addresses of an endpoint slice for its service."""
    from k9py.resources.services import SLICE_OWNER, AddressesRow

    service = (row.labels or {}).get(SLICE_OWNER, "")
    if isinstance(row, AddressesRow) and service:
        return f"{row.namespace}/{service}", row.ready
    return "", 0
