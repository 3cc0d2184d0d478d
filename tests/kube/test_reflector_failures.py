from __future__ import annotations

import pytest

from k9py.core.errors import (
    ApiError,
    AuthExpired,
    Gone,
    K9Error,
    RubbishError,
    ServerError,
    Stalled,
    TooManyRequests,
    Unreachable,
)
from k9py.kube.states import SyncState
from tests.kube.fakes import Answer, Asked, FakeStream, FakeTransport, bookmark, event, failure, listing, pod
from tests.kube.reading import Reading, reading

LIST = listing(pod("a", 1), version=10)


def refused() -> K9Error:
    return Unreachable("connection refused")


async def test_every_event_and_bookmark_moves_the_version_the_next_watch_starts_from() -> None:
    watch = FakeStream(event("ADDED", pod("b", 11)), event("MODIFIED", pod("a", 12)), bookmark(40)).end()
    transport = FakeTransport(LIST, watch, FakeStream())
    async with reading(transport) as run:
        assert run.versions == ["10", "40"]
        assert run.names == {"a", "b"}
        assert run.states == [SyncState.SYNCING, SyncState.LIVE, SyncState.RESUMING, SyncState.LIVE]


async def test_a_watch_cut_in_the_middle_of_a_line_resumes_before_that_line() -> None:
    line = event("ADDED", pod("b", 11))
    watch = FakeStream(bookmark(10), line[:40]).fail(Unreachable("reset"))
    transport = FakeTransport(LIST, watch, FakeStream(line))
    async with reading(transport) as run:
        assert run.versions == ["10", "10"]
        assert run.names == {"a", "b"}


@pytest.mark.parametrize("answer", ["status", "event"])
async def test_an_expired_version_is_never_sent_again_and_the_list_starts_at_once(answer: str) -> None:
    expired: FakeStream | ApiError = (
        Gone("too old", status=410) if answer == "status" else FakeStream(failure(410, "Expired"))
    )
    transport = FakeTransport(LIST, expired, listing(pod("b", 2), version=20), FakeStream())
    async with reading(transport) as run:
        assert run.versions == ["10", "20"]
        assert run.names == {"b"}
        assert run.states == [SyncState.SYNCING, *live_if(answer), SyncState.RELISTING, SyncState.LIVE]


def live_if(answer: str) -> list[SyncState]:
    return [SyncState.LIVE] if answer == "event" else []


async def test_a_server_that_expires_every_version_is_not_flooded() -> None:
    transport = FakeTransport(handler=lambda asked: Gone("too old", status=410) if asked.streamed else LIST)
    async with reading(transport) as run:
        assert run.asked == 4
        for wait in (0.8, 1.6, 3.2):
            before = run.asked
            assert run.clock.sleeping == [pytest.approx(wait)]
            await run.advance(wait)
            assert run.asked == before + 2
        assert run.names == {"a"}


async def test_refused_connections_wait_from_0_8_to_30_seconds_doubling() -> None:
    transport = FakeTransport(handler=lambda asked: refused())
    async with reading(transport) as run:
        for wait in (0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0):
            before = run.asked
            assert run.clock.sleeping == [pytest.approx(wait)]
            assert run.reflector.status.retry_at == pytest.approx(run.clock.now() + wait)
            await run.advance(wait)
            assert run.asked == before + 1
        assert run.states == [SyncState.SYNCING, SyncState.OFFLINE]
        assert run.reflector.status.detail == "connection refused"


@pytest.mark.parametrize(("healthy_for", "wait"), [(115, 3.2), (121, 0.8)])
async def test_two_minutes_of_health_make_the_waits_short_again(healthy_for: float, wait: float) -> None:
    watch = FakeStream()
    transport = FakeTransport(refused(), refused(), LIST, watch, refused())
    async with reading(transport) as run:
        await run.advance(0.8)
        await run.advance(1.6)
        assert run.state() is SyncState.LIVE
        await run.advance(healthy_for)
        watch.fail(Unreachable("reset"))
        await run.settle()
        assert run.clock.sleeping == [pytest.approx(wait)]


async def test_rows_are_kept_while_the_server_is_away_and_the_version_is_resumed() -> None:
    watch = FakeStream(event("MODIFIED", pod("a", 15)))
    transport = FakeTransport(LIST, watch)
    async with reading(transport) as run:
        transport.then(refused(), refused(), FakeStream(event("ADDED", pod("b", 16))))
        watch.fail(Unreachable("reset"))
        await run.settle()
        assert run.state() is SyncState.OFFLINE
        assert run.names == {"a"}
        await run.advance(0.8)
        assert run.names == {"a"}
        await run.advance(1.6)
        assert run.names == {"a", "b"}
        assert run.versions == ["10", "15", "15", "15"]
        assert run.states[-3:] == [SyncState.RESUMING, SyncState.OFFLINE, SyncState.LIVE]


async def test_a_silent_watch_is_opened_again_from_its_version() -> None:
    watch = FakeStream(bookmark(12)).fail(Stalled("no byte for 150 s"))
    transport = FakeTransport(LIST, watch, FakeStream())
    async with reading(transport) as run:
        assert run.versions == ["10", "12"]
        assert run.states[-2:] == [SyncState.RESUMING, SyncState.LIVE]


async def test_a_version_to_which_the_server_stays_silent_takes_the_blame() -> None:
    silent = [FakeStream() for _ in range(3)]
    transport = FakeTransport(LIST, *silent, listing(pod("b", 2), version=5), FakeStream())
    async with reading(transport) as run:
        for watch in silent:
            await run.advance(150)
            watch.fail(Stalled("no byte for 150 s"))
            await run.settle()
        assert run.versions == ["10", "10", "10", "5"]
        assert run.names == {"b"}


async def test_a_watch_that_ends_at_once_and_without_an_event_is_a_failure() -> None:
    transport = FakeTransport(LIST, FakeStream().end(), FakeStream())
    async with reading(transport) as run:
        assert run.asked == 2
        assert run.state() is SyncState.RESUMING
        assert run.reflector.status.detail == "the server ended the watch at once"
        await run.advance(0.8)
        assert run.versions == ["10", "10"]
        assert run.state() is SyncState.LIVE


async def test_a_watch_that_lasted_a_second_is_resumed_without_a_wait() -> None:
    watch = FakeStream()
    transport = FakeTransport(LIST, watch, FakeStream())
    async with reading(transport) as run:
        await run.advance(1.0)
        watch.end()
        await run.settle()
        assert run.versions == ["10", "10"]


async def test_watches_that_end_after_each_event_are_opened_once_a_second_at_most() -> None:
    def busy(asked: Asked) -> Answer:
        return FakeStream(bookmark(11)).end() if asked.streamed else LIST

    async with reading(FakeTransport(handler=busy)) as run:
        assert run.asked == 3
        for _ in range(5):
            before = run.asked
            assert run.clock.sleeping == [pytest.approx(1.0)]
            await run.advance(1.0)
            assert run.asked == before + 1
        assert run.versions[-1] == "11"
        assert SyncState.OFFLINE not in run.states


async def test_a_version_whose_watches_keep_ending_at_once_takes_the_blame() -> None:
    transport = FakeTransport(LIST, *(FakeStream().end() for _ in range(3)), LIST, FakeStream())
    async with reading(transport) as run:
        for wait in (0.8, 1.6, 3.2):
            await run.advance(wait)
        assert [asked.streamed for asked in transport.asked] == [False, True, True, True, False, True]


async def test_429_waits_as_long_as_the_server_asks_and_keeps_the_version() -> None:
    busy = TooManyRequests("slow down", status=429, retry_after=7.0)
    transport = FakeTransport(LIST, busy, FakeStream())
    async with reading(transport) as run:
        assert run.state() is SyncState.THROTTLED
        assert run.reflector.status.detail == "the server asks to wait 7 s"
        await run.advance(6.9)
        assert run.asked == 2
        await run.advance(0.2)
        assert run.versions == ["10", "10"]
        assert run.state() is SyncState.LIVE


async def test_429_that_asks_for_no_wait_at_all_does_not_make_a_hot_loop() -> None:
    transport = FakeTransport(handler=lambda asked: TooManyRequests("slow down", status=429, retry_after=0))
    async with reading(transport) as run:
        assert run.asked == 1
        assert run.clock.sleeping == [pytest.approx(0.8)]


async def test_429_without_a_time_backs_off() -> None:
    transport = FakeTransport(TooManyRequests("slow down", status=429), LIST, FakeStream())
    async with reading(transport) as run:
        assert run.clock.sleeping == [pytest.approx(0.8)]
        await run.advance(0.8)
        assert run.state() is SyncState.LIVE


async def test_403_names_the_missing_verb_and_is_retried_slowly() -> None:
    transport = FakeTransport(ApiError.of(403, "User cannot list"), LIST, FakeStream())
    async with reading(transport, namespace="") as run:
        assert run.state() is SyncState.DENIED
        assert run.reflector.status.detail == "not allowed to list pods in all namespaces"
        assert not run.reflector.status.vanished
        assert run.clock.sleeping == [60.0]
        await run.advance(60)
        assert run.state() is SyncState.LIVE
        assert run.reflector.failure is None


async def test_credentials_that_stay_refused_are_shown_with_what_to_do() -> None:
    expired = AuthExpired("the token is refused", remedy="Log in again")
    transport = FakeTransport(LIST, expired, FakeStream())
    async with reading(transport) as run:
        assert run.state() is SyncState.DENIED
        assert run.reflector.status.detail == "the token is refused. Log in again"
        assert run.clock.sleeping == [60.0]
        run.reflector.retry_now()
        await run.settle()
        assert run.versions == ["10", "10"]
        assert run.names == {"a"}


async def test_rubbish_instead_of_a_list_is_shown_and_tried_again() -> None:
    transport = FakeTransport(b"<html>login</html>", LIST, FakeStream())
    async with reading(transport) as run:
        assert run.state() is SyncState.OFFLINE
        assert "not a list" in run.reflector.status.detail
        await run.advance(0.8)
        assert run.names == {"a"}


@pytest.mark.parametrize("line", [b"<html>\n", b'{"type":"ADDED","object":{"metadata":{"name":"x"}\n'])
async def test_a_line_that_is_no_event_costs_the_version_and_no_row(line: bytes) -> None:
    watch = FakeStream(event("ADDED", pod("b", 11)), line)
    transport = FakeTransport(LIST, watch, listing(pod("a", 1), pod("b", 11), version=20), FakeStream())
    async with reading(transport) as run:
        assert run.names == {"a", "b"}
        assert run.state() is SyncState.OFFLINE
        await run.advance(0.8)
        assert run.versions == ["10", "20"]


async def test_one_malformed_object_becomes_a_broken_row_and_the_watch_goes_on() -> None:
    bad = {"metadata": {"name": 5, "namespace": "shop", "resourceVersion": "11"}}
    watch = FakeStream(event("ADDED", bad), event("ADDED", pod("c", 12)))
    async with reading(FakeTransport(LIST, watch)) as run:
        assert "c" in run.names
        assert run.state() is SyncState.LIVE
        assert any(row.broken for row in run.reflector.store.rows.values())


async def test_an_unknown_type_of_event_is_rubbish() -> None:
    transport = FakeTransport(LIST, FakeStream(event("EXPLODED", pod("b", 11))))
    async with reading(transport) as run:
        assert isinstance(run.reflector.failure, RubbishError)
        assert run.reflector.version == ""


@pytest.mark.parametrize(
    ("error", "versions"),
    [
        (ServerError("unavailable", status=503), ["10", "10"]),
        (ServerError("boom", status=500), ["10", "20"]),
        (ServerError("Too large resource version: 99, current: 5", status=504), ["10", "20"]),
        (ApiError.of(400, "bad version"), ["10", "20"]),
    ],
)
async def test_only_an_unavailable_server_is_asked_for_the_same_version(error: ApiError, versions: list[str]) -> None:
    transport = FakeTransport(LIST, error)
    async with reading(transport) as run:
        keeps = error.status == 503
        assert run.reflector.version == ("10" if keeps else "")
        transport.then(*([] if keeps else [listing(pod("a", 1), version=20)]), FakeStream())
        assert run.state() is SyncState.OFFLINE
        assert run.reflector.status.detail.startswith(str(error.status))
        await run.advance(0.8)
        assert run.versions == versions


async def test_a_kind_the_server_no_longer_has_loses_its_rows() -> None:
    watch = FakeStream()
    transport = FakeTransport(LIST, watch, ApiError.of(404, "not found"))
    async with reading(transport) as run:
        watch.send(bookmark(11)).end()
        await run.settle()
        assert run.names == set()
        assert run.state() is SyncState.DENIED
        assert run.reflector.status.detail == "the server does not serve pods.v1"
        assert run.reflector.status.vanished


async def test_a_bug_in_a_projection_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        accept = "application/json"
        query: tuple[tuple[str, str], ...] = ()

        def __getattr__(self, name: str) -> object:
            raise KeyError(name)

    async with reading(FakeTransport(LIST, LIST), projection=Faulty()) as run:  # type: ignore[arg-type]
        assert run.state() is SyncState.OFFLINE
        assert "internal error" in run.reflector.status.detail
        await run.advance(0.8)
        assert run.asked == 2
    assert "internal error" in caplog.text


async def test_a_failure_stays_on_screen_while_the_next_try_is_under_way() -> None:
    transport = FakeTransport(refused())
    async with reading(transport) as run:
        await run.advance(0.8)
        assert run.asked == 2
        assert run.state() is SyncState.OFFLINE
        assert run.states == [SyncState.SYNCING, SyncState.OFFLINE]


async def test_offline_since_is_when_it_began_not_the_last_try() -> None:
    transport = FakeTransport(handler=lambda asked: refused())
    async with reading(transport) as run:
        began = run.reflector.status.since
        await run.advance(60)
        assert run.reflector.status.since == began


async def test_a_reconnect_opens_the_watch_anew_from_its_version() -> None:
    dead = FakeStream(bookmark(12))
    transport = FakeTransport(LIST, dead, FakeStream())
    async with reading(transport) as run:
        run.reflector.reconnect()
        await run.settle()
        assert dead.closed
        assert run.versions == ["10", "12"]
        assert run.state() is SyncState.LIVE


async def test_the_age_of_the_data_is_that_of_the_last_byte() -> None:
    watch = FakeStream()
    async with reading(FakeTransport(LIST, watch)) as run:
        await run.advance(20)
        watch.send(bookmark(11))
        await run.settle()
        contact = run.reflector.status.contact
        await run.advance(30)
        assert run.reflector.status.contact == contact == run.clock.now() - 30


async def test_cancelling_closes_the_connection_and_keeps_the_rows() -> None:
    watch = FakeStream()
    run: Reading
    async with reading(FakeTransport(LIST, watch)) as run:
        assert not watch.closed
    assert watch.closed
    assert run.names == {"a"}
    assert run.states[-1] is SyncState.IDLE
