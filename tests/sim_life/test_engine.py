"""Timers: each at its own moment, and never the same moment twice."""

from __future__ import annotations

import pytest

from k9py.core.clock import ManualClock
from k9py.sim.engine import SLACK, Engine, WorldClock
from k9py.sim.simulation import Simulation
from k9py.sim.workloads.probes import Probe, Sight
from k9py.sim.worlds.broken import WORLD


@pytest.fixture
def engine() -> Engine:
    clock = WorldClock(ManualClock())
    clock.replay(1_000.0)
    return Engine(clock, seed=1)


def test_a_timer_that_fires_within_the_slack_sees_its_own_time(engine: Engine) -> None:
    seen: list[float] = []
    engine.at(1_010.0, lambda: seen.append(engine.now))
    engine.at(1_010.0 + SLACK / 2, lambda: seen.append(engine.now))
    engine.run_until(1_011.0)
    assert seen == [1_010.0, 1_010.0 + SLACK / 2]


def test_a_live_timer_that_fires_within_the_slack_sees_its_own_time(engine: Engine) -> None:
    engine.clock.go_live()
    due = engine.now + SLACK / 2
    seen: list[float] = []
    engine.at(due, lambda: seen.append(engine.now))
    engine.run_due()
    assert seen == [due]
    assert engine.now == due


def test_a_probe_due_just_after_another_timer_looks_once_a_period(engine: Engine) -> None:
    looks: list[float] = []

    def look(_probe: dict[str, object]) -> Sight:
        looks.append(engine.now)
        return Sight(False, "no")

    probe = Probe(engine, {"periodSeconds": 10}, look=look, failed=lambda _: None, turned=lambda _: None, passing=False)
    probe.start()
    for turn in range(1, 4):
        engine.at(1_000.1 + 10 * turn - SLACK / 10, lambda: None)
    engine.run_until(1_035.0)
    assert looks == pytest.approx([1_000.1, 1_010.1, 1_020.1, 1_030.1])


def test_controllers_that_undo_each_other_are_named(engine: Engine) -> None:
    queue = engine.queue("busy", lambda key: engine.enqueue(queue, key))
    engine.enqueue(queue, "web")
    with pytest.raises(RuntimeError, match="never come to rest: busy web"):
        engine.run_until(1_001.0)


def test_one_seed_and_one_hour_give_one_world() -> None:
    def play() -> list[tuple[str, bytes]]:
        simulation = Simulation(WORLD, clock=ManualClock(1_790_000_000.0))
        simulation.replay()
        assert simulation.engine.failures == []
        store = simulation.store
        return [(kind.id, item.raw) for kind in store.kinds() for item in store.collection(kind.id).select()]

    assert play() == play()
