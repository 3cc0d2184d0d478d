"""The autoscaler's arithmetic against the documented algorithm and the figures of S1."""

from __future__ import annotations

import pytest

from k9py.sim.controllers.hpa_math import (
    DEFAULT_DOWN,
    DEFAULT_UP,
    Memory,
    PodSample,
    Policy,
    Rules,
    decide,
    propose_average,
    propose_utilization,
    rules_of,
)


def _pods(*uses: float | None, request: float = 0.1) -> list[PodSample]:
    return [PodSample(f"p{turn}", use, request) for turn, use in enumerate(uses)]


@pytest.mark.parametrize(
    ("current", "uses", "target", "wanted"),
    [
        (2, (0.1, 0.1), 50, 4),  # 100 % of target 50 %: twice as many
        (2, (0.05, 0.05), 50, 2),
        (2, (0.2, 0.2), 50, 8),
        (4, (0.01, 0.01, 0.01, 0.01), 50, 1),
        (3, (0.055, 0.055, 0.055), 50, 3),  # ratio 1.1: just within the tolerance
        (3, (0.056, 0.056, 0.056), 50, 4),  # ratio 1.12: outside
        (3, (0.045, 0.045, 0.045), 50, 3),  # ratio 0.9
    ],
)
def test_desired_is_current_times_ratio_rounded_up(
    current: int, uses: tuple[float, ...], target: int, wanted: int
) -> None:
    proposal = propose_utilization(current, target, _pods(*uses))
    assert proposal is not None
    assert proposal.replicas == wanted


def test_pods_without_metrics_count_as_idle_when_scaling_up() -> None:
    proposal = propose_utilization(3, 50, _pods(0.15, 0.15, None))
    assert proposal is not None
    assert proposal.replicas == 6  # 300m of 300m asked is 100 %, twice the target, times three pods
    assert proposal.utilization == 150


def test_pods_without_metrics_count_as_full_when_scaling_down() -> None:
    proposal = propose_utilization(3, 50, _pods(0.01, 0.01, None))
    assert proposal is not None
    assert proposal.replicas == 3


def test_an_unready_pod_dampens_scaling_up_only() -> None:
    hot = [PodSample("a", 0.1, 0.1), PodSample("b", 0.1, 0.1, ready=False)]
    up = propose_utilization(2, 50, hot)
    assert up is not None
    assert up.replicas == 2
    cold = [PodSample("a", 0.01, 0.1), PodSample("b", 0.1, 0.1, ready=False)]
    down = propose_utilization(2, 50, cold)
    assert down is not None
    assert down.replicas == 1


def test_no_sample_at_all_is_no_proposal() -> None:
    assert propose_utilization(2, 50, _pods(None, None)) is None


def test_an_average_value_target_needs_no_requests() -> None:
    proposal = propose_average(2, 100.0, [PodSample("a", 250.0, 0.0), PodSample("b", 150.0, 0.0)])
    assert proposal is not None
    assert (proposal.replicas, proposal.average) == (4, 200.0)


def _decide(
    now: float, current: int, wanted: int, memory: Memory, up: Rules = DEFAULT_UP, down: Rules = DEFAULT_DOWN
) -> int:
    decision = decide(now, current, wanted, low=1, high=20, up=up, down=down, memory=memory)
    memory.moved(now, current, decision.replicas)
    return decision.replicas


def test_scaling_up_adds_four_pods_or_doubles_per_fifteen_seconds() -> None:
    memory = Memory()
    assert _decide(0, 1, 20, memory) == 5
    assert _decide(5, 5, 20, memory) == 5  # nothing is left of this period's allowance
    assert _decide(15, 5, 20, memory) == 10
    assert _decide(30, 10, 20, memory) == 20


def test_scaling_down_waits_for_the_stabilisation_window() -> None:
    memory = Memory()
    assert _decide(0, 10, 10, memory) == 10
    held = decide(100, 10, 2, low=1, high=20, up=DEFAULT_UP, down=DEFAULT_DOWN, memory=memory)
    assert (held.replicas, held.able_reason) == (10, "ScaleDownStabilized")
    assert _decide(301, 10, 2, memory) == 2


def test_a_disabled_direction_never_moves() -> None:
    assert _decide(0, 5, 1, Memory(), down=Rules((), select="Disabled")) == 5


def test_the_smallest_policy_wins_when_asked_for() -> None:
    rules = Rules((Policy("Pods", 4, 60.0), Policy("Percent", 10, 60.0)), select="Min")
    assert _decide(0, 10, 20, Memory(), up=rules) == 11


def test_the_range_limits_and_says_so() -> None:
    decision = decide(0, 3, 9, low=2, high=5, up=DEFAULT_UP, down=DEFAULT_DOWN, memory=Memory())
    assert (decision.replicas, decision.limited_reason) == (5, "TooManyReplicas")


def test_a_behaviour_fills_in_what_it_leaves_out() -> None:
    rules = rules_of({"scaleDown": {"stabilizationWindowSeconds": 0}}, "scaleDown")
    assert rules.stabilization == 0
    assert rules.policies == DEFAULT_DOWN.policies
