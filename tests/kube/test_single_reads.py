"""Single objects, raw lists, whole objects followed, and events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, RubbishError
from k9py.core.refs import ObjectRef, Scope
from k9py.kube import verbs
from k9py.kube.happenings import fold, happenings_of
from k9py.kube.hub import Hub
from k9py.kube.wholes import ObjectWatch, WholeProjection
from tests.kube.fakes import NODES, PODS, FakeStream, FakeTransport, HighestRandom, event, listing, pod, settle


async def test_one_object_is_read_where_it_lives() -> None:
    transport = FakeTransport(json.dumps(pod("a", 1)).encode(), b"{}")
    assert (await verbs.get(transport, PODS, "shop", "a"))["metadata"]["name"] == "a"
    await verbs.get(transport, NODES, "shop", "n1")
    assert [asked.path for asked in transport.asked] == ["/api/v1/namespaces/shop/pods/a", "/api/v1/nodes/n1"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"5"])
async def test_an_answer_that_is_no_object_is_rubbish(body: bytes) -> None:
    with pytest.raises(RubbishError):
        await verbs.get(FakeTransport(body), PODS, "shop", "a")


async def test_raw_pages_are_given_as_they_come() -> None:
    transport = FakeTransport(listing(pod("a", 1), version=5, token="t", remaining=1), listing(pod("b", 2), version=5))
    pages = [
        page
        async for page in verbs.list_pages(
            transport, PODS, "shop", label_selector="app=api", accept=verbs.TABLE, query=(("includeObject", "None"),)
        )
    ]
    assert [item["metadata"]["name"] for page in pages for item in page["items"]] == ["a", "b"]
    assert transport.asked[0].headers == {"Accept": verbs.TABLE}
    assert transport.asked[1].query == {
        "includeObject": "None",
        "limit": "500",
        "labelSelector": "app=api",
        "continue": "t",
    }


async def test_names_of_namespaces_come_from_every_page() -> None:
    transport = FakeTransport(
        listing(pod("shop", 1), version=5, token="t", remaining=1), listing(pod("bank", 2), version=5)
    )
    assert await verbs.namespace_names(transport) == ["shop", "bank"]


class Following:
    """One object followed."""

    def __init__(self, *answers: bytes | BaseException | FakeStream) -> None:
        self.clock = ManualClock()
        self.transport = FakeTransport(*answers)
        self.hub = Hub(self.transport, clock=self.clock, rng=HighestRandom())
        self.hub.traits.without_streaming.add("")
        subscription = self.hub.subscribe(PODS, Scope(("shop",)), WholeProjection(), field_selector="metadata.name=a")
        self.watch = ObjectWatch(subscription)

    async def __aenter__(self) -> Following:
        await settle(self.clock)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.watch.close()
        await self.hub.close()


async def test_an_object_is_followed_from_its_first_state_to_its_deletion() -> None:
    stream = FakeStream()
    async with Following(listing(pod("a", 1), version=5), stream) as run:
        assert run.transport.asked[0].query["fieldSelector"] == "metadata.name=a"
        assert run.watch.drain()
        found = run.watch.object
        assert found is not None
        assert (found["kind"], found["apiVersion"]) == ("Pod", "v1"), "a list leaves these out of its items"
        assert found["spec"] == pod("a", 1)["spec"]
        assert not run.watch.drain()
        changed = pod("a", 6, labels={"new": "yes"})
        stream.send(event("MODIFIED", changed))
        await settle(run.clock)
        assert run.watch.drain()
        assert run.watch.object == changed
        assert not run.watch.gone
        stream.send(event("DELETED", changed))
        await settle(run.clock)
        assert run.watch.drain()
        assert run.watch.gone
        assert run.watch.object is None


async def test_an_object_that_never_was_is_gone_once_the_server_said_so() -> None:
    async with Following() as run:
        assert not run.watch.gone
        run.transport.then(FakeStream())
    async with Following(listing(version=5), FakeStream()) as run:
        assert run.watch.gone


async def test_what_is_decoded_for_one_reader_is_not_shared_with_another() -> None:
    async with Following(listing(pod("a", 1), version=5), FakeStream()) as run:
        run.watch.drain()
        first = run.watch.object
        assert first is not None
        first["metadata"]["name"] = "scribbled"
        second = run.watch.object
        assert second is not None
        assert second["metadata"]["name"] == "a"


def happening(reason: str, message: str = "m", **more: Any) -> dict[str, Any]:
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": {"uid": "u1"},
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": "2026-11-22T10:00:00Z",
        "lastTimestamp": "2026-11-22T10:00:10Z",
        "count": 1,
        **more,
    }


def test_events_that_say_the_same_are_one_with_their_counts_and_times_joined() -> None:
    later = happening("BackOff", count=4, firstTimestamp="2026-11-22T10:05:00Z", lastTimestamp="2026-11-22T10:06:00Z")
    (one,) = fold([happening("BackOff", count=3), later])
    assert one.count == 7
    assert one.last - one.first == 360
    assert one.source == "kubelet, n1"


def test_a_series_counts_by_its_own_numbers() -> None:
    new_style = {
        "type": "Normal",
        "reason": "Scheduled",
        "message": "assigned",
        "eventTime": "2026-11-22T10:00:00.000000Z",
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingComponent": "default-scheduler",
        "series": {"count": 9, "lastObservedTime": "2026-11-22T10:01:00.000000Z"},
    }
    (one,) = fold([new_style])
    assert (one.count, one.source, one.last - one.first) == (9, "default-scheduler", 60)


def test_events_come_oldest_first() -> None:
    found = fold(
        [
            happening("Second", lastTimestamp="2026-11-22T10:00:20Z"),
            happening("First", lastTimestamp="2026-11-22T10:00:05Z", firstTimestamp="2026-11-22T10:00:01Z"),
        ]
    )
    assert [each.reason for each in found] == ["First", "Second"]


async def test_events_are_asked_for_by_name_and_kept_by_uid() -> None:
    former = happening("Former", involvedObject={"uid": "old"})
    items = [happening("Ours"), former, happening("Bare", involvedObject={})]
    transport = FakeTransport(json.dumps({"items": items}).encode())
    found = await happenings_of(transport, ObjectRef("Pod", "shop", "a", uid="u1"))
    assert {each.reason for each in found} == {"Ours", "Bare"}
    asked = transport.asked[0]
    assert asked.path == "/api/v1/namespaces/shop/events"
    assert asked.query["fieldSelector"] == (
        "involvedObject.kind=Pod,involvedObject.name=a,involvedObject.namespace=shop"
    )


async def test_a_kubelet_reports_on_its_node_under_the_nodes_name() -> None:
    items = [happening("Starting", involvedObject={"uid": "n1"}), happening("Other", involvedObject={"uid": "x"})]
    transport = FakeTransport(json.dumps({"items": items}).encode())
    found = await happenings_of(transport, ObjectRef("Node", "", "n1", uid="real-uid"))
    assert [each.reason for each in found] == ["Starting"]
    assert transport.asked[0].path == "/api/v1/namespaces/default/events"


async def test_events_that_may_not_be_read_are_told() -> None:
    with pytest.raises(ApiError):
        await happenings_of(FakeTransport(ApiError.of(403, "no")), ObjectRef("Pod", "shop", "a"))
