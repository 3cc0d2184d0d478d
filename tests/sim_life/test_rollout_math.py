"""Rolling-update arithmetic as plain numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from k9py.sim.controllers.rollout_math import SetCount, fence, new_set_size, old_set_sizes, proportional


def test_surge_rounds_up_and_unavailable_down() -> None:
    assert fence("25%", "25%", 10) == (3, 2)
    assert fence("25%", "25%", 1) == (1, 0)


def test_both_zero_lets_one_pod_be_unavailable() -> None:
    assert fence(0, "10%", 4) == (0, 1)


def test_the_new_set_grows_into_the_surge_only() -> None:
    assert new_set_size(10, 3, 0, 10) == 3
    assert new_set_size(10, 3, 3, 13) == 3
    assert new_set_size(10, 3, 8, 10) == 10


def test_old_pods_that_are_not_available_go_first() -> None:
    old = [SetCount("a", 3, 1), SetCount("b", 8, 8)]
    assert old_set_sizes(10, 2, SetCount("new", 0, 0), old) == {"a": 0}


def test_old_sets_wait_for_new_pods_to_be_available() -> None:
    assert old_set_sizes(2, 0, SetCount("new", 1, 0), [SetCount("old", 2, 2)]) == {}
    assert old_set_sizes(2, 0, SetCount("new", 1, 1), [SetCount("old", 2, 2)]) == {"old": 1}


def test_scaling_in_the_middle_of_a_rollout_is_proportional() -> None:
    sets = [SetCount("new", 5, 2), SetCount("old", 8, 8)]
    assert proportional(15, 3, sets) == {"new": 7, "old": 11}


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60), st.integers(1, 20), st.integers(0, 20))
def test_a_step_never_leaves_fewer_available_than_allowed(
    replicas: int, new_available: int, old_available: int, surge: int, unavailable: int
) -> None:
    new = SetCount("new", new_available, new_available)
    old = SetCount("old", old_available, old_available)
    left = old_set_sizes(replicas, unavailable, new, [old]).get("old", old_available)
    least = min(replicas - unavailable, new_available + old_available)
    assert new_available + left >= least
