"""What moves the simulated cluster: timers and work queues on one clock, the same whether time is replayed or live.

The past of a world is replayed before it opens (``run_until``), which is how restarts, rollouts and events are there at
start; after that ``run`` follows the clock it was given. Everything happens on one thread in a fixed order.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from k9py.core.clock import Clock, sleep_unless

_LOG = logging.getLogger(__name__)

BATCH = 40
"""Reconciles and timers run before the event loop gets a turn while live; each takes well under a millisecond."""
SLACK = 1e-3
"""Seconds a timer may fire early: Unix times are floats with a resolution near a microsecond."""
RUNAWAY = 200_000
"""Steps at one instant after which controllers must be undoing each other's work."""


class WorldClock:
    """The cluster's time: set freely while the past is replayed, then whatever the given clock says."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._replayed: float | None = None
        self._reached = 0.0

    def now(self) -> float:
        """Return the replayed time, or the base clock's once live."""
        return max(self._base.now(), self._reached) if self._replayed is None else self._replayed

    def monotonic(self) -> float:
        """Return the base clock's monotonic time."""
        return self._base.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the base clock."""
        await self._base.sleep(seconds)

    @property
    def live(self) -> bool:
        """True once the past is over."""
        return self._replayed is None

    @property
    def base_now(self) -> float:
        """The time it will be once live."""
        return self._base.now()

    def replay(self, when: float) -> None:
        """Make it that time."""
        self._replayed = when

    def reach(self, when: float) -> None:
        """Make it no earlier than that time.

        A timer that fires within the slack must not see a time before its own, or whoever computes the next
        moment of a grid from it finds the same one again, for ever.
        """
        if self._replayed is None:
            self._reached = max(self._reached, when)
        elif when > self._replayed:
            self._replayed = when

    def go_live(self) -> None:
        """Follow the base clock from now on."""
        self._replayed = None


@dataclass(slots=True, eq=False)
class Timer:
    """One thing to do at one time."""

    when: float
    action: Callable[[], None]
    name: str = ""
    live: bool = True

    def cancel(self) -> None:
        """Never fire; harmless when it already has."""
        self.live = False


class WorkQueue:
    """Keys waiting for one controller: each at most once, in the order they came."""

    def __init__(self, name: str, reconcile: Callable[[str], None]) -> None:
        self.name = name
        self.reconcile = reconcile
        self.pending: dict[str, None] = {}


class Engine:
    """Timers, work queues and the seeded randomness of one cluster."""

    def __init__(self, clock: WorldClock, *, seed: int) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.failures: list[tuple[str, Exception]] = []
        """What reconciles raised; a healthy cluster has none."""
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._queues: list[WorkQueue] = []
        self._leap_hooks: list[Callable[[float], None]] = []
        self._wake: asyncio.Event | None = None

    @property
    def now(self) -> float:
        """The cluster's time in Unix seconds."""
        return self.clock.now()

    def queue(self, name: str, reconcile: Callable[[str], None]) -> WorkQueue:
        """Register a controller; queues are served in the order they were registered."""
        queue = WorkQueue(name, reconcile)
        self._queues.append(queue)
        return queue

    def enqueue(self, queue: WorkQueue, key: str) -> None:
        """Ask for a reconcile of ``key`` as soon as possible."""
        queue.pending[key] = None
        self._rouse()

    def enqueue_after(self, queue: WorkQueue, key: str, seconds: float) -> Timer:
        """Ask for a reconcile of ``key`` later; never within the slack, or a loop could wait for no time at all."""
        return self.after(max(seconds, 10 * SLACK), lambda: self.enqueue(queue, key), name=f"{queue.name} {key}")

    def at(self, when: float, action: Callable[[], None], *, name: str = "") -> Timer:
        """Run ``action`` at that time, or at once when it has passed; a timer at infinity only waits to be replaced."""
        timer = Timer(when, action, name)
        if when == float("inf"):
            return timer
        heapq.heappush(self._timers, (when, next(self._order), timer))
        self._rouse()
        return timer

    def after(self, seconds: float, action: Callable[[], None], *, name: str = "") -> Timer:
        """Run ``action`` in that many seconds."""
        return self.at(self.now + seconds, action, name=name)

    def every(self, seconds: float, action: Callable[[], None], *, name: str = "") -> None:
        """Run ``action`` again and again, first after one period."""

        def turn() -> None:
            action()
            self.after(seconds, turn, name=name)

        self.after(seconds, turn, name=name)

    def on_leap(self, hook: Callable[[float], None]) -> None:
        """Call ``hook`` with the seconds skipped after each leap, for what goes on meanwhile or by the calendar."""
        self._leap_hooks.append(hook)

    def next_due(self) -> float | None:
        """When the next timer fires; None when there is none."""
        while self._timers and not self._timers[0][2].live:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_due(self, limit: int = RUNAWAY) -> bool:
        """Do what is due now; returns False when ``limit`` steps were not enough."""
        return any(not self._one_reconcile() and not self._one_timer() for _ in range(limit))

    def run_until(self, when: float) -> None:
        """Replay time up to ``when``, doing everything at its own moment."""
        while True:
            if not self.run_due():
                raise RuntimeError(f"the simulated controllers never come to rest: {self._restless()}")
            due = self.next_due()
            if due is None or due > when:
                break
            self.clock.replay(max(due, self.now))
        self.clock.replay(when)

    def leap_to(self, when: float) -> None:
        """Skip quiet time: whatever was due later is due as much later as it was before the leap."""
        gap = when - self.now
        if gap <= 0:
            return
        for _, _, timer in self._timers:
            timer.when += gap
        self._timers = [(when + gap, order, timer) for when, order, timer in self._timers]
        self.clock.replay(when)
        for hook in self._leap_hooks:
            hook(gap)

    async def run(self) -> None:
        """Follow the clock until cancelled."""
        self._wake = asyncio.Event()
        while True:
            self._wake.clear()
            while not self.run_due(BATCH):
                await asyncio.sleep(0)
            if self._wake.is_set():
                continue
            await self._pause()

    async def _pause(self) -> None:
        """Wait for the next timer or for new work, whichever is first."""
        assert self._wake is not None
        due = self.next_due()
        if due is None:
            await self._wake.wait()
        else:
            await sleep_unless(self._wake, self.clock, max(0.0, due - self.now))

    def _restless(self) -> str:
        """Name what is still to be done at this instant, for whoever has to find out why."""
        keys = [f"{queue.name} {key}" for queue in self._queues for key in queue.pending]
        names = [timer.name for when, _, timer in self._timers if timer.live and when <= self.now + SLACK]
        return ", ".join([*keys, *names][:5])

    def _rouse(self) -> None:
        if self._wake is not None:
            self._wake.set()

    def _one_reconcile(self) -> bool:
        for queue in self._queues:
            if queue.pending:
                key = next(iter(queue.pending))
                del queue.pending[key]
                self._guard(f"{queue.name} {key}", partial(queue.reconcile, key))
                return True
        return False

    def _one_timer(self) -> bool:
        due = self.next_due()
        if due is None or due > self.now + SLACK:
            return False
        timer = heapq.heappop(self._timers)[2]
        self.clock.reach(due)
        self._guard(timer.name, timer.action)
        return True

    def _guard(self, name: str, action: Callable[[], None]) -> None:
        """Run one step; an object a controller cannot handle must not stop the cluster."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the edge of the controllers' task
            _LOG.error("simulated cluster: %s failed", name, exc_info=error)
            self.failures.append((name, error))
