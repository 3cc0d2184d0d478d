from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, AuthExpired, Unreachable
from k9py.core.refs import Scope
from k9py.kube.health import LinkState
from k9py.kube.loglines import LogOptions, LogSource
from k9py.kube.metadata import MetadataProjection
from k9py.kube.permissions import Verdict
from k9py.kube.session import Session
from k9py.kube.target import Target
from tests.kube.fakes import Answer, Asked, FakeStream, FakeTransport, HighestRandom, listing, pod, settle
from tests.kube.test_discovery import APPS, CORE, document

TARGET = Target(context="prod", cluster="c", user="u", namespace="shop", server="https://prod:6443")


class Server:
    """A small cluster that can be taken away."""

    def __init__(self) -> None:
        self.away = False
        self.denied: set[str] = set()
        self.logged_out = False
        self.streams: list[FakeStream] = []
        self.transport = FakeTransport(handler=self._answer)

    def _answer(self, asked: Asked) -> Answer:
        if self.away:
            return Unreachable("refused")
        if self.logged_out:
            return AuthExpired("log in again")
        if asked.path in self.denied:
            return ApiError.of(403, "no")
        if asked.streamed:
            self.streams.append(FakeStream())
            return self.streams[-1]
        plain = {
            "/api": CORE,
            "/apis": document(APPS),
            "/version": b'{"gitVersion":"v1.36.3"}',
            "/readyz": b"ok",
            "/api/v1/namespaces": listing(pod("shop", 1), pod("bank", 2), version=5),
        }
        return plain.get(asked.path) or listing(pod("a", 1), version=10)


@asynccontextmanager
async def session_on(server: Server, **settings: object) -> AsyncIterator[tuple[Session, ManualClock]]:
    clock = ManualClock()
    session = Session(server.transport, TARGET, clock=clock, rng=HighestRandom(), **settings)  # type: ignore[arg-type]
    session.hub.traits.without_streaming |= {"", "apiextensions.k8s.io"}
    await session.start()
    await settle(clock)
    try:
        yield session, clock
    finally:
        await session.close()


async def test_an_opened_session_knows_its_server_and_its_kinds() -> None:
    async with session_on(Server(), generation=3) as (session, _):
        assert (session.context, session.namespace, session.generation) == ("prod", "shop", 3)
        assert session.server_version == "v1.36.3"
        assert session.health.link.state is LinkState.LIVE
        assert session.discovery.resolve("deploy").id == "deployments.apps"


async def test_a_server_never_seen_that_does_not_answer_is_told_at_once() -> None:
    server = Server()
    server.away = True
    with pytest.raises(Unreachable):
        async with session_on(server):
            pass


async def test_closing_stops_every_watch_and_the_connection() -> None:
    server = Server()
    async with session_on(server) as (session, clock):
        session.hub.subscribe(session.discovery.resolve("pods"), Scope(), MetadataProjection())
        session.open_logs(LogOptions(), [LogSource("shop", "a", "main")])
        await settle(clock)
        assert len(server.streams) == 3
    assert all(stream.closed for stream in server.streams)
    assert server.transport.closed


async def test_once_the_network_is_back_watches_and_logs_are_opened_anew() -> None:
    server = Server()
    async with session_on(server) as (session, clock):
        view = session.hub.subscribe(session.discovery.resolve("pods"), Scope(("shop",)), MetadataProjection())
        session.open_logs(LogOptions(), [LogSource("shop", "a", "main")])
        await settle(clock)
        silent = list(server.streams)
        server.away = True
        await clock.advance(10)
        assert str(session.health.link.detail) == "refused"
        assert not any(stream.closed for stream in silent), "the connections do not know yet"
        server.away = False
        await clock.advance(1)
        await settle(clock)
        assert session.health.link.state is LinkState.LIVE
        assert all(stream.closed for stream in silent)
        assert len(server.streams) == 2 * len(silent)
        assert view.rows()


async def test_once_the_credentials_are_good_again_nothing_waits_out_its_minute() -> None:
    server = Server()
    async with session_on(server) as (session, clock):
        server.logged_out = True
        view = session.hub.subscribe(session.discovery.resolve("pods"), Scope(("shop",)), MetadataProjection())
        await clock.advance(10)
        assert session.health.link.state is LinkState.DENIED
        assert view.status.state.value == "denied"
        server.logged_out = False
        await clock.advance(1)
        await settle(clock)
        assert view.status.state.value == "live"


async def test_namespaces_are_listed_where_that_is_allowed_and_else_the_named_ones_known() -> None:
    server = Server()
    async with session_on(server, known_namespaces=["old"]) as (session, _):
        everything = await session.namespaces()
        assert (everything.names, everything.complete) == (("shop", "bank"), True)
        server.denied.add("/api/v1/namespaces")
        session.remember_namespace("typed")
        session.remember_namespace("")
        some = await session.namespaces()
        assert (some.names, some.complete, some.missing) == (("shop", "old", "typed"), False, "list namespaces")


async def test_without_the_right_to_all_namespaces_a_view_shows_the_named_ones() -> None:
    server = Server()
    server.denied.add("/api/v1/pods")
    async with session_on(server, known_namespaces=["bank"]) as (session, clock):
        view = session.hub.subscribe(session.discovery.resolve("pods"), Scope(), MetadataProjection())
        await settle(clock)
        assert {asked.path for asked in server.transport.asked} >= {
            "/api/v1/namespaces/shop/pods",
            "/api/v1/namespaces/bank/pods",
        }
        assert view.status.detail == "not allowed to list pods in all namespaces; showing shop, bank"


async def test_trying_again_now_cuts_every_wait_short() -> None:
    server = Server()
    async with session_on(server) as (session, clock):
        server.away = True
        await clock.advance(300)
        server.away = False
        session.retry_now()
        await settle(clock)
        assert session.health.link.state is LinkState.LIVE


async def test_permissions_are_asked_through_the_sessions_connection() -> None:
    server = Server()
    async with session_on(server) as (session, _):
        verdict = await session.permissions.allowed("list", session.discovery.resolve("pods"))
        assert verdict is Verdict.UNKNOWN
        assert any("selfsubjectaccessreviews" in asked.path for asked in server.transport.asked)
