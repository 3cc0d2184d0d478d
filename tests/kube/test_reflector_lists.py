from __future__ import annotations

import gc
import json

import pytest

from k9py.core.errors import ApiError, Forbidden, Gone, RubbishError, Stalled, Unreachable
from k9py.kube import paging
from k9py.kube.metadata import MetadataProjection
from k9py.kube.pacing import CollectorGuard
from k9py.kube.rows import Page
from k9py.kube.states import SyncState
from k9py.kube.store import Changes
from k9py.kube.wholes import WholeProjection
from tests.kube.fakes import PODS, FakeStream, FakeTransport, bookmark, event, listing, pod
from tests.kube.reading import reading

FIRST_PAGE = listing(pod("a", 1), pod("b", 2), version=10, token="more", remaining=1)
SECOND_PAGE = listing(pod("c", 3), version=10)


def gone() -> ApiError:
    return Gone("too old", status=410, reason="Expired")


async def test_pages_of_500_without_a_version_then_a_watch_from_the_lists_version() -> None:
    transport = FakeTransport(FIRST_PAGE, SECOND_PAGE, FakeStream())
    async with reading(transport) as run:
        first, second, watch = transport.asked
        assert (first.path, first.query) == ("/api/v1/namespaces/shop/pods", {"limit": "500"})
        assert second.query == {"limit": "500", "continue": "more"}
        assert watch.query == {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": "10",
            "timeoutSeconds": "300",
        }
        assert watch.inactivity == 150
        assert run.names == {"a", "b", "c"}
        assert run.states == [SyncState.SYNCING, SyncState.LIVE]


async def test_the_rows_of_the_first_page_stand_while_the_second_is_under_way() -> None:
    async with reading(FakeTransport(FIRST_PAGE)) as run:
        assert run.names == {"a", "b"}
        assert run.state() is SyncState.SYNCING
        assert run.reflector.status.remaining == 1
        assert not run.reflector.synced.is_set()


async def test_an_expired_continue_token_restarts_the_list_aside_and_keeps_the_rows() -> None:
    transport = FakeTransport(FIRST_PAGE, gone(), listing(pod("b", 2), version=20, token="t", remaining=1))
    async with reading(transport) as run:
        assert [asked.query.get("continue") for asked in transport.asked] == [None, "more", None, "t"]
        assert run.names == {"a", "b"}, "the new list is not shown before it is complete"
    transport = FakeTransport(FIRST_PAGE, gone(), listing(pod("b", 2), pod("d", 4), version=20), FakeStream())
    async with reading(transport) as run:
        assert run.names == {"b", "d"}
        assert run.versions == ["20"]


async def test_a_token_that_expires_again_waits_before_the_next_list() -> None:
    transport = FakeTransport(FIRST_PAGE, gone(), FIRST_PAGE, gone(), listing(pod("z", 9), version=30), FakeStream())
    async with reading(transport) as run:
        assert run.asked == 4
        await run.advance(0.79)
        assert run.asked == 4
        await run.advance(0.02)
        assert run.asked == 6
        assert run.names == {"z"}


async def test_a_relist_is_swapped_in_once_and_told_as_its_difference() -> None:
    watch = FakeStream()
    transport = FakeTransport(
        listing(pod("same", 1), pod("old", 2), pod("again", 3, uid="one"), version=10),
        watch,
        listing(pod("same", 1), pod("again", 8, uid="two"), version=20, token="t", remaining=1),
        listing(pod("new", 9), version=20),
        FakeStream(),
    )
    async with reading(transport) as run:
        feed = run.reflector.store.open_feed(lambda: None)
        watch.fail(gone())
        await run.settle()
        changes = Changes()
        feed.drain_into(changes)
        assert changes.removed == {"shop/old": "uid-old"}
        assert {key: row.uid for key, row in changes.upserts.items()} == {"shop/again": "two", "shop/new": "uid-new"}
        assert run.states == [SyncState.SYNCING, SyncState.LIVE, SyncState.RELISTING, SyncState.LIVE]


async def test_a_streaming_list_is_one_request_that_goes_on_as_the_watch() -> None:
    stream = FakeStream(
        event("ADDED", pod("a", 5)),
        event("ADDED", pod("b", 3)),
        bookmark(7, ends_initial=True),
    )
    transport = FakeTransport(stream)
    async with reading(transport, streaming=True) as run:
        assert transport.asked[0].query == {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "sendInitialEvents": "true",
            "resourceVersionMatch": "NotOlderThan",
            "timeoutSeconds": "300",
        }
        assert run.names == {"a", "b"}
        assert run.states == [SyncState.SYNCING, SyncState.LIVE]
        assert run.reflector.version == "7"
        stream.send(event("MODIFIED", pod("b", 8)), event("DELETED", pod("a", 9)))
        await run.settle()
        assert run.names == {"b"}
        assert run.reflector.version == "9"
        assert run.asked == 1


async def test_the_first_rows_of_a_streaming_list_stand_before_it_ends() -> None:
    stream = FakeStream(event("ADDED", pod("a", 5)))
    async with reading(FakeTransport(stream), streaming=True) as run:
        assert run.names == {"a"}
        assert run.state() is SyncState.SYNCING


async def test_versions_of_unordered_initial_events_are_never_resumed_from() -> None:
    stream = FakeStream(event("ADDED", pod("a", 5)))
    transport = FakeTransport(stream)
    async with reading(transport, streaming=True) as run:
        assert run.reflector.version == ""
        stream.fail(Unreachable("reset"))
        await run.settle()
        transport.then(listing(pod("a", 5), pod("b", 6), version=10), FakeStream())
        await run.advance(0.8)
        assert run.versions == [None, "10"]
        assert run.names == {"a", "b"}


@pytest.mark.parametrize("status", [400, 405, 422])
async def test_a_server_that_refuses_streaming_lists_is_not_asked_again(status: int) -> None:
    transport = FakeTransport(ApiError.of(status, "no"), listing(pod("a", 1), version=10), FakeStream())
    async with reading(transport, streaming=True) as run:
        assert run.names == {"a"}
        assert run.versions == [None, "10"]
        assert run.reflector._traits.without_streaming == {""}
        assert SyncState.OFFLINE not in run.states


async def test_a_server_that_ignores_the_request_is_found_out_by_its_bookmark() -> None:
    stream = FakeStream(event("ADDED", pod("a", 5)), bookmark(6))
    transport = FakeTransport(stream, listing(pod("b", 1), version=10), FakeStream())
    async with reading(transport, streaming=True) as run:
        assert run.names == {"b"}
        assert run.reflector._traits.without_streaming == {""}


async def test_a_streaming_list_that_ends_early_falls_back_to_pages_for_this_kind_alone() -> None:
    transport = FakeTransport(FakeStream().end(), listing(pod("a", 1), version=10), FakeStream())
    async with reading(transport, streaming=True) as run:
        assert run.asked == 1
        await run.advance(0.8)
        assert run.names == {"a"}
        assert not run.reflector._traits.without_streaming


async def test_where_watching_is_denied_and_listing_is_not_the_rows_are_listed_slowly() -> None:
    denied = Forbidden("no", status=403)
    transport = FakeTransport(denied, listing(pod("a", 1), version=10), denied)
    async with reading(transport, streaming=True) as run:
        assert run.names == {"a"}
        assert run.reflector.status.detail == "not allowed to watch pods in namespace shop"
        transport.then(listing(pod("b", 2), version=20), FakeStream())
        await run.advance(59.9)
        assert run.names == {"a"}
        await run.advance(0.2)
        assert run.names == {"b"}
        assert run.state() is SyncState.LIVE


async def test_a_kind_that_cannot_be_watched_is_listed_every_half_minute() -> None:
    unwatched = type(PODS)(PODS.gvr, "Pod", "pod", namespaced=True, verbs=frozenset({"list"}))
    transport = FakeTransport(listing(pod("a", 1), version=1), listing(pod("b", 2), version=2))
    async with reading(transport, resource=unwatched) as run:
        assert run.state() is SyncState.LIVE
        assert run.reflector.status.detail == "listed every 30 s: this kind cannot be watched"
        await run.advance(29.9)
        assert run.names == {"a"}
        await run.advance(0.2)
        assert run.names == {"b"}
        assert run.versions == []
        assert run.states == [SyncState.SYNCING, SyncState.LIVE], "no flicker at each list"


async def test_the_collector_is_held_off_during_the_first_list_only() -> None:
    assert gc.isenabled()
    transport = FakeTransport(FIRST_PAGE)
    async with reading(transport):
        assert not gc.isenabled()
    assert gc.isenabled()
    async with reading(FakeTransport(FIRST_PAGE, SECOND_PAGE, FakeStream())):
        assert gc.isenabled()


def test_the_collector_stays_off_until_the_last_of_several_syncs_ends() -> None:
    guard = CollectorGuard()
    with guard:
        with guard:
            assert not gc.isenabled()
        assert not gc.isenabled()
        assert guard.holding
    assert gc.isenabled()
    assert not guard.holding


async def test_heavy_pages_make_the_next_one_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k9py.kube.watching.PAGE_BYTES", 20_000)
    heavy = [pod(f"p{number}", number + 1, annotations={"note": "x" * 400}) for number in range(100)]
    transport = FakeTransport(listing(*heavy, version=1, token="t", remaining=5), SECOND_PAGE, FakeStream())
    async with reading(transport):
        assert 25 <= int(transport.asked[1].query["limit"]) < 60


async def test_a_page_too_slow_for_the_link_is_asked_for_in_smaller_pieces() -> None:
    stalled = Stalled("no answer within 60 s")
    transport = FakeTransport(stalled, stalled, FIRST_PAGE, SECOND_PAGE, FakeStream())
    async with reading(transport) as run:
        await run.advance(0.8)
        await run.advance(1.6)
        assert [asked.query.get("limit") for asked in transport.asked] == ["500", "125", "31", "62", None]
        assert run.names == {"a", "b", "c"}


@pytest.mark.parametrize("whole", [True, False])
async def test_a_heavy_page_is_decoded_in_turns_unless_its_objects_need_the_page(
    monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(paging, "SLICE_ABOVE", 1000)
    pages: list[int] = []

    class Counting(WholeProjection if whole else MetadataProjection):  # type: ignore[misc]
        def page(self, body: bytes) -> Page:
            pages.append(len(body))
            return super().page(body)  # type: ignore[no-any-return]

    things = [pod(f"p{number}", number + 1) for number in range(900)]
    bad = {"metadata": {"name": 5, "namespace": "shop"}}
    body = listing(*things, bad, version=7, token="t", remaining=1)
    async with reading(FakeTransport(body, SECOND_PAGE, FakeStream()), projection=Counting()) as run:
        assert len(run.names) == 902
        assert run.transport.asked[1].query["continue"] == "t"
        assert len(pages) == (2 if whole else 1)
        assert sum(bool(row.broken) for row in run.reflector.store.rows.values()) == 1


async def test_a_heavy_answer_that_is_no_list_is_rubbish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "SLICE_ABOVE", 10)
    async with reading(FakeTransport(b'{"kind":"Status","message":"surprise"}')) as run:
        assert isinstance(run.reflector.failure, RubbishError)


async def test_the_cells_of_a_visible_table_are_renewed_and_nothing_else() -> None:
    old, new = pod("a", 1, labels={"cell": "old"}), pod("a", 1, labels={"cell": "new"})
    moved = [new, pod("b", 9), pod("unknown", 3)]
    transport = FakeTransport(listing(old, pod("b", 2), version=5), FakeStream(), listing(*moved, version=9))
    async with reading(transport) as run:
        await run.reflector._renew_once()
        rows = run.reflector.store.rows
        assert rows["shop/a"].labels == {"cell": "new"}
        assert rows["shop/b"].resource_version == "2", "a newer object is the watch's to tell"
        assert run.names == {"a", "b"}
        assert json.loads(transport.asked[-1].query["limit"]) == 500
