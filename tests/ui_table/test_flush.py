"""When the flush clock drains and ticks, on a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from k9py.core.clock import ManualClock
from k9py.ui.flush import FlushClock


class Pane:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.drains = 0
        self.ticks: list[bool] = []

    def drain(self) -> None:
        self.drains += 1

    def tick(self, ages: bool) -> None:
        self.ticks.append(ages)


class Bench:
    """A flush clock with one pane."""

    def __init__(self, **options: float) -> None:
        self.clock = ManualClock()
        self.flush = FlushClock(self.clock, **options)
        self.pane = Pane()

    def watch(self, *, ticks: bool = False) -> None:
        self.flush.watch(self.pane, self.pane.drain, tick=self.pane.tick if ticks else None)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    bench.watch()
    yield bench
    await bench.flush.close()


async def test_changes_are_drained_once_per_interval(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    await bench.clock.advance(0)
    assert bench.pane.drains == 1
    bench.flush.wake(bench.pane)
    await bench.clock.advance(0.02)
    for _ in range(9):
        bench.flush.wake(bench.pane)
        await bench.clock.advance(0.01)
    assert bench.pane.drains == 2
    await bench.clock.advance(0.011)
    assert bench.pane.drains == 3


async def test_after_a_rest_the_second_change_follows_the_first_closely(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    await bench.clock.advance(5)
    for expected, wait in ((2, 0.0), (3, 0.02), (3, 0.05), (4, 0.06)):
        bench.flush.wake(bench.pane)
        await bench.clock.advance(wait)
        assert bench.pane.drains == expected


async def test_nothing_runs_while_nothing_changes(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    await bench.clock.advance(5)
    assert bench.clock.sleeping == []


async def test_a_hidden_pane_is_not_drained_until_it_is_seen(bench: Bench) -> None:
    bench.flush.set_visible(bench.pane, visible=False)
    bench.flush.wake(bench.pane)
    await bench.clock.advance(10)
    assert bench.pane.drains == 0
    bench.flush.set_visible(bench.pane, visible=True)
    assert bench.pane.drains == 1


async def test_an_unfocused_terminal_is_flushed_once_a_second_and_at_once_when_it_is_looked_at(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    await bench.clock.advance(0)
    bench.flush.set_focused(focused=False)
    bench.flush.wake(bench.pane)
    await bench.clock.advance(0.9)
    assert bench.pane.drains == 1
    await bench.clock.advance(0.1)
    assert bench.pane.drains == 2
    bench.flush.wake(bench.pane)
    bench.flush.set_focused(focused=True)
    assert bench.pane.drains == 3


async def test_keys_win_but_a_held_key_does_not_stop_the_table(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    await bench.clock.advance(1)
    bench.flush.key_pressed()
    bench.flush.wake(bench.pane)
    await bench.clock.advance(0.02)
    assert bench.pane.drains == 1
    for _ in range(20):
        bench.flush.key_pressed()
        await bench.clock.advance(0.02)
    assert bench.pane.drains == 2


async def test_over_a_slow_link_ages_are_due_every_tenth_tick_only() -> None:
    bench = Bench(ages=10.0)
    bench.watch(ticks=True)
    await bench.clock.advance(21)
    assert bench.pane.ticks == [number in {0, 10, 20} for number in range(21)]
    await bench.flush.close()


async def test_ticks_stop_when_nobody_sees_them_and_go_on_afterwards() -> None:
    bench = Bench()
    bench.watch(ticks=True)
    bench.flush.set_visible(bench.pane, visible=False)
    await bench.clock.advance(5)
    assert bench.clock.sleeping == []
    bench.flush.set_visible(bench.pane, visible=True)
    await bench.clock.advance(2)
    assert bench.pane.ticks == [True, True, True]
    await bench.flush.close()


async def test_a_pane_that_fails_stops_neither_the_others_nor_the_clock(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("a fault in a pane")

    bench.flush.watch("faulty", fail)
    for _ in range(2):
        bench.flush.wake("faulty")
        bench.flush.wake(bench.pane)
        await bench.clock.advance(1)
    assert bench.pane.drains == 2
    assert "a fault in a pane" in caplog.text


async def test_after_forget_nothing_is_called_any_more(bench: Bench) -> None:
    bench.flush.wake(bench.pane)
    bench.flush.forget(bench.pane)
    await bench.clock.advance(2)
    assert bench.pane.drains == 0
