from __future__ import annotations

import asyncio

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, AuthExpired, RubbishError, Stalled, Unreachable
from k9py.kube.health import LinkState, SessionHealth, server_version
from tests.kube.fakes import FakeTransport, HighestRandom, settle

OK = b"ok"


def health_on(transport: FakeTransport) -> tuple[SessionHealth, ManualClock]:
    clock = ManualClock()
    return SessionHealth(transport, clock, HighestRandom()), clock


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (OK, LinkState.LIVE),
        (ApiError.of(500, "[-]etcd failed"), LinkState.NOT_READY),
        (ApiError.of(401, "no"), LinkState.DENIED),
        (AuthExpired("log in again"), LinkState.DENIED),
        (Unreachable("refused"), LinkState.OFFLINE),
        (Stalled("no answer"), LinkState.OFFLINE),
        (RubbishError("a web page"), LinkState.OFFLINE),
    ],
)
async def test_a_ping_tells_how_the_server_is(answer: bytes | BaseException, state: LinkState) -> None:
    health, _ = health_on(FakeTransport(answer, answer))
    link = await health.ping()
    assert link.state is state
    assert bool(link.detail) is (state is not LinkState.LIVE)


async def test_a_server_that_is_not_ready_names_what_is_missing() -> None:
    said = "HTTP 500: [+]ping ok [-]etcd failed: reason withheld [-]informer-sync failed: reason withheld [+]log ok"
    health, _ = health_on(FakeTransport(ApiError.of(500, said)))
    assert (await health.ping()).detail == "Checks of the server that fail: etcd, informer-sync"


async def test_a_server_that_is_there_and_does_not_say_whether_it_is_ready_is_not_offline() -> None:
    transport = FakeTransport(Stalled("no answer"), OK)
    health, _ = health_on(transport)
    assert (await health.ping()).state is LinkState.NOT_READY
    assert [asked.path for asked in transport.asked] == ["/readyz", "/version"]


async def test_who_may_not_ask_for_readiness_is_answered_by_the_version() -> None:
    transport = FakeTransport(ApiError.of(403, "no"), OK, OK)
    health, _ = health_on(transport)
    assert (await health.ping()).state is LinkState.LIVE
    await health.ping()
    assert [asked.path for asked in transport.asked] == ["/readyz", "/version", "/version"]


async def test_the_server_is_pinged_every_ten_seconds_and_sooner_while_it_is_away() -> None:
    transport = FakeTransport(OK, Unreachable("refused"), Unreachable("refused"), OK)
    health, clock = health_on(transport)
    task = asyncio.create_task(health.run())
    await settle(clock)
    assert clock.sleeping == [10.0]
    await clock.advance(10)
    assert clock.sleeping == [pytest.approx(0.8)]
    await clock.advance(0.8)
    assert clock.sleeping == [pytest.approx(1.6)]
    await clock.advance(1.6)
    assert health.link.state is LinkState.LIVE
    assert clock.sleeping == [pytest.approx(10.0)]
    health.ping_now()
    await settle(clock)
    assert len(transport.asked) == 5
    task.cancel()


async def test_listeners_hear_of_each_change_with_what_was_before() -> None:
    health, clock = health_on(FakeTransport(OK, OK, Unreachable("refused"), Unreachable("refused"), OK))
    heard: list[tuple[LinkState, LinkState]] = []
    health.on_change(lambda before: heard.append((before.state, health.link.state)))
    for _ in range(5):
        await health.ping()
        await clock.advance(5)
    assert heard == [
        (LinkState.UNKNOWN, LinkState.LIVE),
        (LinkState.LIVE, LinkState.OFFLINE),
        (LinkState.OFFLINE, LinkState.LIVE),
    ]


async def test_offline_since_is_when_it_began() -> None:
    health, clock = health_on(FakeTransport(OK, Unreachable("refused"), Unreachable("refused")))
    await health.ping()
    await clock.advance(10)
    began = (await health.ping()).since
    await clock.advance(10)
    assert (await health.ping()).since == began == clock.now() - 10


async def test_ages_are_counted_by_the_servers_clock() -> None:
    transport = FakeTransport()
    transport.clock_skew = 7.5
    health, clock = health_on(transport)
    assert health.now() == clock.now() + 7.5


async def test_the_version_is_read_or_refused() -> None:
    assert await server_version(FakeTransport(b'{"gitVersion":"v1.36.3"}')) == "v1.36.3"
    with pytest.raises(RubbishError):
        await server_version(FakeTransport(b"[]"))
