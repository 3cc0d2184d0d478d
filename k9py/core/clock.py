"""Time as a parameter: the system's clock, and one that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """What code that waits or dates things asks for; all values are seconds."""

    def now(self) -> float:
        """Return wall time as a Unix timestamp."""

    def monotonic(self) -> float:
        """Return a time that never jumps, for measuring how long something took."""

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of this clock."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return ``time.time()``."""
        return time.time()

    def monotonic(self) -> float:
        """Return ``time.monotonic()``."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the running loop."""
        await asyncio.sleep(seconds)


async def sleep_unless(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Sleep that long, or until the event is set."""
    waits = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(event.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class ManualClock:
    """A clock that stands still until :meth:`advance`; sleepers wake in the order of their deadlines."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Return the wall time set so far."""
        return self._now + self._elapsed

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until somebody advances the clock past the deadline."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + max(0.0, seconds), next(self._order), waiter))
        await waiter

    @property
    def sleeping(self) -> list[float]:
        """Seconds each sleeper still has to wait, soonest first."""
        return sorted(when - self._elapsed for when, _, waiter in self._sleepers if not waiter.done())

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its own deadline and letting it run before the next."""
        end = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, waiter = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, when)
            if not waiter.done():
                waiter.set_result(None)
            await self._settle()
        self._elapsed = end

    @staticmethod
    async def _settle() -> None:
        """Let every task that can run do so; a few turns are enough for chains of awaits."""
        for _ in range(20):
            await asyncio.sleep(0)
