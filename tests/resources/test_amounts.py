"""Requests, limits and measured use: sums by the scheduler's rules, shares, trends on a fixed scale."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from k9py.resources.cells import sparkline
from k9py.resources.model import RowContext, Tone, Usage
from k9py.resources.pods import PodRow
from k9py.resources.registry import known
from k9py.resources.usagecells import use_sentence
from tests.resources.objects import NOW, cell, pod, row_of, status

MI = 1024**2


def container(
    cpu: str = "", memory: str = "", cpu_limit: str = "", memory_limit: str = "", **fields: Any
) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    limits = {key: value for key, value in (("cpu", cpu_limit), ("memory", memory_limit)) if value}
    return {"name": "c", "resources": {"requests": requests, "limits": limits}, **fields}


def sums(**spec: Any) -> tuple[int, int, int, int]:
    row = row_of("pods", {"metadata": {"name": "p"}, "spec": spec})
    assert isinstance(row, PodRow)
    return row.cpu_request, row.cpu_limit, row.memory_request, row.memory_limit


FULL = container("100m", "64Mi", "200m", "128Mi")
SIDECAR = container("50m", "32Mi", "50m", "32Mi", restartPolicy="Always")


def test_containers_add_up() -> None:
    assert sums(containers=[FULL, FULL]) == (200, 400, 128 * MI, 256 * MI)


def test_one_container_without_a_limit_makes_the_pod_unlimited() -> None:
    assert sums(containers=[FULL, container("100m", "64Mi")]) == (200, 0, 128 * MI, 0)
    assert sums(containers=[FULL, container("100m", cpu_limit="1")]) == (200, 1200, 64 * MI, 0)


def test_a_limit_alone_is_also_the_request() -> None:
    assert sums(containers=[container(cpu_limit="200m", memory_limit="128Mi")]) == (200, 200, 128 * MI, 128 * MI)


def test_a_large_init_container_counts_alone_and_a_small_one_not_at_all() -> None:
    large = container("1", "1Gi", "2", "2Gi")
    assert sums(containers=[FULL], initContainers=[large]) == (1000, 2000, 1024 * MI, 2048 * MI)
    small = container("10m", "1Mi", "10m", "1Mi")
    assert sums(containers=[FULL], initContainers=[small]) == (100, 200, 64 * MI, 128 * MI)


def test_a_native_sidecar_runs_beside_the_containers_and_beside_later_init_containers() -> None:
    assert sums(containers=[FULL], initContainers=[SIDECAR]) == (150, 250, 96 * MI, 160 * MI)
    after = container("1", "1Gi", "1", "1Gi")
    assert sums(containers=[FULL], initContainers=[SIDECAR, after])[0] == 1050
    assert sums(containers=[FULL], initContainers=[after, SIDECAR])[0] == 1000


def test_overhead_and_pod_level_resources_count() -> None:
    assert sums(containers=[FULL], overhead={"cpu": "10m", "memory": "1Mi"}) == (110, 210, 65 * MI, 129 * MI)
    whole = {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}
    assert sums(containers=[FULL], resources=whole) == (1000, 200, 64 * MI, 1024 * MI)


def test_pods_that_ask_differently_are_not_confused() -> None:
    spec = known("pods")
    assert spec is not None
    projection = spec.projection()
    rows = [
        projection.item(json.dumps({"metadata": {"name": "p"}, "spec": spec_}).encode())
        for spec_ in (
            {"containers": [FULL, FULL]},
            {"containers": [FULL], "initContainers": [FULL]},
            {"containers": [FULL], "initContainers": [{**FULL, "restartPolicy": "Always"}]},
        )
    ]
    assert [row.cpu_request for row in rows if isinstance(row, PodRow)] == [200, 100, 200]


@pytest.mark.parametrize(
    ("values", "top", "text"),
    [
        ([0, 50, 100], 100, "··▁▅█"), ([200], 100, "····█"), ([], 100, "·····"), ([math.nan, 99], 100, "····█"),
        ([1, 2, 3, 4, 5, 6, 7, 8], 8, "▅▆▇██"), ([-5], 100, "····▁"),
    ],
)  # fmt: skip
def test_a_trend_has_a_fixed_scale_and_shows_gaps(values: list[float], top: float, text: str) -> None:
    assert sparkline(values, top, width=5) == text


def test_a_trend_has_an_ascii_twin() -> None:
    assert sparkline([0, 100, math.nan], 100, width=4, ascii=True) == " _# "


class Used:
    """Everything uses 100 millicores and 64 MiB, and used half of it before."""

    unavailable = ""
    at = NOW
    memory_growth: tuple[float, float] = (0.0, 0.0)

    def __init__(self, cpu: float = 100.0, memory: float = 64.0 * MI) -> None:
        self.cpu, self.memory = cpu, memory

    def cpu_trend(self, count: int) -> list[float]:
        return [self.cpu / 2, self.cpu]

    def memory_trend(self, count: int) -> list[float]:
        return [self.memory / 2, self.memory]

    def pod(self, namespace: str, name: str) -> Usage | None:
        return self

    def container(self, namespace: str, pod: str, container: str) -> Usage | None:
        return None

    def node(self, name: str) -> Usage | None:
        return self


MEASURED = RowContext(now=NOW, usage=Used())


def test_use_is_shown_against_request_and_limit() -> None:
    one = pod(status())
    ids = ("cpu", "cpu%r", "cpu%l", "mem", "mem%l", "cpu/rl", "mem/rl")
    cells = {column: cell("pods", one, column, MEASURED) for column in ids}
    assert cells == {
        "cpu": "100m", "cpu%r": "100", "cpu%l": "50", "mem": "64Mi", "mem%l": "50", "cpu/rl": "100m:200m",
        "mem/rl": "128Mi:128Mi",
    }  # fmt: skip


def test_the_scale_of_a_trend_is_the_limit_else_the_request() -> None:
    assert cell("pods", pod(status()), "cpu~", MEASURED) == "···▃▅"
    requested = pod(status())
    requested["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    assert cell("pods", requested, "cpu~", MEASURED) == "···▅█"


def test_what_was_not_measured_is_a_dash_and_never_zero() -> None:
    assert cell("pods", pod(status()), "cpu") == "-"
    gap = RowContext(now=NOW, usage=Used(math.nan, math.nan))
    assert cell("pods", pod(status()), "mem", gap) == "-"
    assert cell("pods", pod(status()), "mem%l", gap) == "-"
    unlimited = pod(status())
    unlimited["spec"]["containers"][0]["resources"] = {}
    assert cell("pods", unlimited, "cpu%l", MEASURED) == "-"


def test_use_near_the_limit_is_marked() -> None:
    spec = known("pods")
    assert spec is not None
    column = next(column for column in spec.columns(()) if column.id == "mem%l")
    assert column.tone is not None
    row = row_of("pods", pod(status()))
    tones = [column.tone(row, RowContext(now=NOW, usage=Used(memory=share * 128 * MI / 100))) for share in (50, 85, 99)]
    assert tones == [Tone.PLAIN, Tone.WARN, Tone.BAD]


def test_a_node_is_measured_against_what_it_gives() -> None:
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "200m", "memory": "128Mi", "pods": "110"}}}
    assert cell("nodes", node, "cpu%l", MEASURED) == "50"
    assert cell("nodes", node, "mem/a", MEASURED) == "128Mi"
    assert cell("nodes", node, "pods", MEASURED) == "-/110"
    assert cell("nodes", node, "pods", RowContext(now=NOW, pods_on_node=lambda name: 7)) == "7/110"


def test_gpus_are_shown_where_there_are_any() -> None:
    one = pod(status())
    one["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = "2"
    assert cell("pods", one, "gpu") == "0:2"
    assert cell("pods", pod(status()), "gpu") == "<none>"


def test_what_is_used_of_the_limit_is_said_in_one_sentence_and_how_fast_memory_grows() -> None:
    used = Used(cpu=100.0, memory=96.0 * MI)
    assert use_sentence(used, 500, 128 * MI) == "memory 96Mi of 128Mi limit (75%), cpu 100m of 500m"
    assert use_sentence(used, 500, 128 * MI, limit_is_said=True) == "now 96Mi (75%), cpu 100m of 500m"
    assert use_sentence(used, 0, 0) == "memory 96Mi without a limit, cpu 100m"
    assert use_sentence(None, 500, 128 * MI) == ""
    used.memory_growth = (MI / 60, 50 * 60.0)
    assert "grew 1Mi/min for 50m and is full in 32m" in use_sentence(used, 0, 128 * MI)
    used.memory_growth = (MI / 60, 90.0)
    assert "grew" not in use_sentence(used, 0, 128 * MI)
