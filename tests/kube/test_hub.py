from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, Unreachable
from k9py.core.refs import Scope
from k9py.kube.hub import Hub
from k9py.kube.metadata import MetadataProjection
from k9py.kube.states import SyncState
from tests.kube.fakes import (
    NODES,
    PODS,
    Answer,
    Asked,
    FakeStream,
    FakeTransport,
    HighestRandom,
    event,
    listing,
    pod,
    settle,
)

PROJECTION = MetadataProjection()


class Cluster:
    """Answers lists and watches of any namespace, and refuses what it is told to."""

    def __init__(self) -> None:
        self.streams: dict[str, FakeStream] = {}
        self.denied: set[str] = set()
        self.offline: set[str] = set()
        self.transport = FakeTransport(handler=self._answer)

    def _answer(self, asked: Asked) -> Answer:
        if asked.path in self.denied:
            return ApiError.of(403, "no")
        if asked.path in self.offline:
            return Unreachable("refused")
        if asked.streamed:
            self.streams[asked.path] = FakeStream()
            return self.streams[asked.path]
        namespace = asked.path.split("/")[4] if "/namespaces/" in asked.path else "everywhere"
        return listing(pod(f"pod-of-{namespace}", 1, namespace=namespace), version=10)

    def watches(self) -> list[str]:
        return [path for path, stream in self.streams.items() if not stream.closed]


@asynccontextmanager
async def hub_on(cluster: Cluster, *, named: tuple[str, ...] = ()) -> AsyncIterator[tuple[Hub, ManualClock]]:
    clock = ManualClock()
    hub = Hub(cluster.transport, clock=clock, rng=HighestRandom(), fallback=lambda: named)
    hub.traits.without_streaming.add("")
    try:
        yield hub, clock
    finally:
        await hub.close()


async def test_two_panes_on_one_kind_share_one_watch() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        first = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        second = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        await settle(clock)
        assert len(cluster.transport.asked) == 2
        assert first.rows() == second.rows()
        first.close()
        await clock.advance(1000)
        assert cluster.watches() == ["/api/v1/namespaces/shop/pods"]


async def test_other_selectors_or_another_projection_are_another_watch() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        hub.subscribe(PODS, Scope(("shop",)), PROJECTION, label_selector="app=api")
        hub.subscribe(PODS, Scope(("shop",)), MetadataProjection())
        await settle(clock)
        assert len(hub.reflectors) == 3


async def test_a_watch_left_by_its_last_pane_stops_after_30_seconds() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        hub.subscribe(PODS, Scope(("shop",)), PROJECTION).close()
        await settle(clock)
        await clock.advance(29.9)
        assert len(cluster.watches()) == 1
        await clock.advance(0.2)
        assert cluster.watches() == []
        assert hub.reflectors == []


async def test_a_pane_that_comes_back_in_time_finds_its_rows_without_a_request() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        hub.subscribe(PODS, Scope(("shop",)), PROJECTION).close()
        await settle(clock)
        await clock.advance(20)
        back = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        assert back.rows().keys() == {"shop/pod-of-shop"}
        assert back.drain().reset
        await clock.advance(300)
        assert len(cluster.watches()) == 1
        assert len(cluster.transport.asked) == 2


async def test_closing_twice_releases_once() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        kept = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        other = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        other.close()
        other.close()
        await settle(clock)
        await clock.advance(60)
        assert cluster.watches()
        assert kept.status.state is SyncState.LIVE
        assert (other.status.state, other.synced) == (SyncState.IDLE, False)


async def test_several_namespaces_are_merged_into_one_view() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        view = hub.subscribe(PODS, Scope(("shop", "bank")), PROJECTION)
        await settle(clock)
        assert view.drain().reset
        assert set(view.rows()) == {"shop/pod-of-shop", "bank/pod-of-bank"}
        assert view.rows()["bank/pod-of-bank"].namespace == "bank"
        assert len(view.rows()) == 2
        cluster.streams["/api/v1/namespaces/bank/pods"].send(event("ADDED", pod("new", 11, namespace="bank")))
        await settle(clock)
        changes = view.drain()
        assert changes.upserts.keys() == {"bank/new"}
        assert not changes.reset


async def test_the_worst_namespace_speaks_for_the_view_and_is_named() -> None:
    cluster = Cluster()
    cluster.offline.add("/api/v1/namespaces/bank/pods")
    async with hub_on(cluster) as (hub, clock):
        view = hub.subscribe(PODS, Scope(("shop", "bank")), PROJECTION)
        await settle(clock)
        assert view.status.state is SyncState.OFFLINE
        assert view.status.detail == "bank: refused"
        assert {ns: status.state for ns, status in view.statuses.items()} == {
            "shop": SyncState.LIVE,
            "bank": SyncState.OFFLINE,
        }


async def test_a_kind_without_namespaces_ignores_the_scope() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        hub.subscribe(NODES, Scope(("shop", "bank")), PROJECTION)
        await settle(clock)
        assert {asked.path for asked in cluster.transport.asked} == {"/api/v1/nodes"}


async def test_where_all_namespaces_are_denied_the_named_ones_are_shown_and_what_is_missing_is_said() -> None:
    cluster = Cluster()
    cluster.denied.add("/api/v1/pods")
    async with hub_on(cluster, named=("shop", "bank")) as (hub, clock):
        view = hub.subscribe(PODS, Scope(), PROJECTION)
        await settle(clock)
        assert set(view.rows()) == {"shop/pod-of-shop", "bank/pod-of-bank"}
        assert view.status.state is SyncState.LIVE
        assert view.status.detail == "not allowed to list pods in all namespaces; showing shop, bank"
        assert view.synced


async def test_a_named_namespace_that_is_denied_as_well_takes_nothing_from_the_others() -> None:
    cluster = Cluster()
    cluster.denied |= {"/api/v1/pods", "/api/v1/namespaces/bank/pods"}
    async with hub_on(cluster, named=("shop", "bank")) as (hub, clock):
        view = hub.subscribe(PODS, Scope(), PROJECTION)
        await settle(clock)
        assert set(view.rows()) == {"shop/pod-of-shop"}
        assert view.status.state is SyncState.LIVE
        assert view.status.detail == "not allowed to list pods in namespace bank"
        assert hub.namespaces_seen() == {"shop"}


async def test_once_all_namespaces_are_allowed_the_named_ones_give_way() -> None:
    cluster = Cluster()
    cluster.denied.add("/api/v1/pods")
    async with hub_on(cluster, named=("shop",)) as (hub, clock):
        view = hub.subscribe(PODS, Scope(), PROJECTION)
        await settle(clock)
        view.drain()
        cluster.denied.clear()
        await clock.advance(61)
        await settle(clock)
        assert set(view.rows()) == {"everywhere/pod-of-everywhere"}
        assert view.drain().reset
        assert view.status.detail == ""


async def test_without_a_named_namespace_the_view_is_denied() -> None:
    cluster = Cluster()
    cluster.denied.add("/api/v1/pods")
    async with hub_on(cluster) as (hub, clock):
        view = hub.subscribe(PODS, Scope(), PROJECTION)
        await settle(clock)
        assert view.status.state is SyncState.DENIED
        assert view.status.detail == "not allowed to list pods in all namespaces"


async def test_a_view_wakes_for_rows_and_for_its_status_and_not_when_closed() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        view = hub.subscribe(PODS, Scope(("shop",)), PROJECTION)
        wakes: list[SyncState] = []
        view.on_wake = lambda: wakes.append(view.status.state)
        await settle(clock)
        assert wakes[-1] is SyncState.LIVE
        view.drain()
        wakes.clear()
        stream = cluster.streams["/api/v1/namespaces/shop/pods"]
        stream.send(event("ADDED", pod("x", 11)), event("ADDED", pod("y", 12)))
        await settle(clock)
        assert len(wakes) == 1
        view.close()
        stream.send(event("ADDED", pod("z", 13)))
        await settle(clock)
        assert len(wakes) == 1


async def test_reconnecting_opens_every_watch_again() -> None:
    cluster = Cluster()
    async with hub_on(cluster) as (hub, clock):
        hub.subscribe(PODS, Scope(("shop", "bank")), PROJECTION)
        await settle(clock)
        before = len(cluster.transport.asked)
        hub.reconnect()
        await settle(clock)
        again = cluster.transport.asked[before:]
        assert [asked.query["resourceVersion"] for asked in again] == ["10", "10"]


@pytest.mark.parametrize("visible", [True, False])
async def test_cells_of_a_table_are_renewed_each_minute_while_somebody_looks(visible: bool) -> None:
    cluster = Cluster()

    class Table(MetadataProjection):
        accept = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"

    async with hub_on(cluster) as (hub, clock):
        view = hub.subscribe(PODS, Scope(("shop",)), Table())
        view.visible = visible
        await settle(clock)
        await clock.advance(59.9)
        assert len(cluster.transport.asked) == 2
        await clock.advance(0.2)
        await settle(clock)
        assert len(cluster.transport.asked) == (3 if visible else 2)
