"""A busy server, and lists that expire on the way: what a command waits for and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from k9py.cli.patience import PATIENCE, PatientTransport
from k9py.cli.rows import list_rows
from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, Gone, TooManyRequests
from k9py.core.refs import Scope
from k9py.kube.metadata import MetadataProjection
from k9py.kube.wire import Response
from tests.kube.fakes import PODS, FakeTransport, listing, pod, settle


def busy(seconds: float | None, status: int = 429) -> ApiError:
    return ApiError.of(status, "later", retry_after=seconds)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_read_waits_as_long_as_a_busy_server_asks(status: int) -> None:
    clock = ManualClock()
    transport = FakeTransport(busy(2.0, status), busy(0.0, status), b"{}")
    reading = asyncio.create_task(PatientTransport(transport, clock).request("GET", "/x"))
    await settle(clock)
    assert clock.sleeping == [2.0]
    await clock.advance(2.0)
    assert clock.sleeping == [pytest.approx(0.1)]
    await clock.advance(0.1)
    answer: Response = await reading
    assert answer.body == b"{}"


async def test_nobody_waits_longer_than_a_person_would() -> None:
    transport = FakeTransport(busy(PATIENCE + 1))
    with pytest.raises(TooManyRequests):
        await PatientTransport(transport, ManualClock()).request("GET", "/x")


@pytest.mark.parametrize(("method", "seconds"), [("POST", 1.0), ("GET", None)])
async def test_a_write_and_a_refusal_without_a_time_are_told_at_once(method: str, seconds: float | None) -> None:
    transport = FakeTransport(busy(seconds))
    with pytest.raises(TooManyRequests):
        await PatientTransport(transport, ManualClock()).request(method, "/x")


async def test_a_list_that_expires_on_the_way_is_read_anew_in_one_piece() -> None:
    first = listing(pod("a", 1), version=10, token="next")
    whole = listing(pod("a", 1), pod("b", 2), version=11)
    transport = FakeTransport(first, Gone("too old", status=410), whole)
    rows, _ = await list_rows(transport, PODS, Scope(("shop",)), MetadataProjection())
    assert [row.name for row in rows] == ["a", "b"]
    assert transport.asked[-1].query["limit"] == "0"
