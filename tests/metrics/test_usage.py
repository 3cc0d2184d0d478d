"""Measured use: series with gaps as gaps, and why there is none."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, K9Error, Unreachable
from k9py.core.refs import Scope
from k9py.kube.wire import Query, Response
from k9py.metrics.usage import INTERVAL, Series, UsageCollector
from k9py.resources.model import UsageLookup

PODS = "/apis/metrics.k8s.io/v1beta1/pods"
NODES = "/apis/metrics.k8s.io/v1beta1/nodes"


class Metrics:
    """A transport that answers metrics from a dictionary and notes what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {NODES: {"items": []}}
        self.asked: list[str] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 30.0,
    ) -> Response:
        self.asked.append(path)
        answer = self.answers[path]
        if isinstance(answer, K9Error):
            raise answer
        return Response(200, {}, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def pod(name: str, *containers: tuple[str, str, str], at: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "timestamp": at,
        "containers": [{"name": one, "usage": {"cpu": cpu, "memory": memory}} for one, cpu, memory in containers],
    }


def collector(metrics: Metrics, clock: ManualClock | None = None) -> UsageCollector:
    found = UsageCollector(metrics, clock or ManualClock())  # type: ignore[arg-type]
    found.want(pods=Scope(), nodes=True)
    return found


async def test_a_pod_uses_the_sum_of_its_containers() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "150m", "64Mi"), ("b", "250000000n", "1Gi"))]}
    metrics.answers[NODES] = {"items": [{"metadata": {"name": "n1"}, "usage": {"cpu": "1500m", "memory": "2Gi"}}]}
    usage = collector(metrics)
    await usage.poll()
    found = usage.pod("shop", "api")
    assert found is not None
    assert found.cpu == pytest.approx(400)
    assert found.memory == 1088 * 1024**2
    inner = usage.container("shop", "api", "b")
    assert inner is not None
    assert inner.cpu == pytest.approx(250)
    node = usage.node("n1")
    assert node is not None
    assert node.cpu == pytest.approx(1500)
    lookup: UsageLookup = usage
    assert lookup.unavailable == ""
    assert usage.pod("shop", "other") is None


async def test_a_sample_that_did_not_come_is_a_gap_and_a_pod_gone_for_long_is_forgotten() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "100m", "64Mi"))]}
    usage = collector(metrics)
    await usage.poll()
    metrics.answers[PODS] = {"items": []}
    await usage.poll()
    found = usage.pod("shop", "api")
    assert found is not None
    assert math.isnan(found.cpu)
    trend = found.cpu_trend(5)
    assert trend[0] == pytest.approx(100)
    assert math.isnan(trend[1])
    for _ in range(5):
        await usage.poll()
    assert usage.pod("shop", "api") is None


async def test_the_same_sample_seen_again_is_not_a_new_one() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "100m", "64Mi"))]}
    usage = collector(metrics)
    await usage.poll()
    await usage.poll()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "300m", "64Mi"), at="2026-01-01T00:00:15Z")]}
    await usage.poll()
    found = usage.pod("shop", "api")
    assert found is not None
    assert found.cpu_trend(5) == [pytest.approx(100), pytest.approx(300)]


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (ApiError.of(404, "not found"), "metrics-server"), (ApiError.of(403, "no"), "not allowed"),
        (ApiError.of(503, "unavailable"), "does not answer"),
    ],
)  # fmt: skip
async def test_it_says_why_there_are_no_metrics_and_leaves_a_gap(error: K9Error, part: str) -> None:
    metrics = Metrics()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "100m", "64Mi"))]}
    usage = collector(metrics)
    await usage.poll()
    metrics.answers[PODS] = error
    await usage.poll()
    assert part in usage.unavailable
    found = usage.pod("shop", "api")
    assert found is not None
    assert math.isnan(found.memory)
    metrics.answers[PODS] = {"items": []}
    await usage.poll()
    assert usage.unavailable == ""


async def test_rubbish_is_named_and_a_lost_link_is_left_to_the_header() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = b"<html>"
    usage = collector(metrics)
    await usage.poll()
    assert "no list of metrics" in usage.unavailable
    metrics.answers[PODS] = Unreachable("refused")
    await usage.poll()
    assert usage.unavailable == ""


async def test_only_what_is_looked_at_is_asked_for() -> None:
    metrics = Metrics()
    usage = collector(metrics)
    usage.want(pods=None, nodes=True)
    await usage.poll()
    assert metrics.asked == [NODES]
    metrics.answers |= {f"/apis/metrics.k8s.io/v1beta1/namespaces/{name}/pods": {"items": []} for name in "ab"}
    usage.want(pods=Scope(("a", "b")), nodes=False)
    metrics.asked.clear()
    await usage.poll()
    assert metrics.asked == [f"/apis/metrics.k8s.io/v1beta1/namespaces/{name}/pods" for name in "ab"]


async def test_it_polls_every_fifteen_seconds_and_an_error_does_not_end_it() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = Unreachable("refused")
    clock = ManualClock()
    usage = collector(metrics, clock)
    running = asyncio.create_task(usage.run())
    await clock.advance(0)
    assert metrics.asked.count(PODS) == 1
    await clock.advance(INTERVAL - 1)
    assert metrics.asked.count(PODS) == 1
    await clock.advance(1)
    assert metrics.asked.count(PODS) == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_an_amount_that_cannot_be_read_is_a_gap() -> None:
    metrics = Metrics()
    metrics.answers[PODS] = {"items": [pod("api", ("a", "lots", "64Mi"))]}
    usage = collector(metrics)
    await usage.poll()
    found = usage.pod("shop", "api")
    assert found is not None
    assert math.isnan(found.cpu)
    assert found.memory == 64 * 1024**2


def test_memory_growth_is_counted_from_its_smallest_sample() -> None:
    series = Series()
    assert series.memory_growth == (0.0, 0.0)
    for at, memory in ((10.0, 500.0), (25.0, 100.0), (40.0, 130.0), (55.0, 160.0)):
        series.take(1.0, memory, at)
    assert series.memory_growth == (2.0, 30.0)
    series.miss()
    assert series.memory_growth == (0.0, 0.0)
