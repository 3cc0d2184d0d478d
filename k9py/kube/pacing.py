"""How fast the client layer goes: waits after failures, turns given to the loop, the collector held off."""

from __future__ import annotations

import asyncio
import gc
import random

from k9py.core.clock import Clock

FIRST_WAIT = 0.8
"""Seconds; the ceiling of the first wait after a failure (client-go's reflector starts there too)."""
LONGEST_WAIT = 30.0
"""Seconds; the ceiling never grows beyond this, so a network that is back is noticed within half a minute."""
GROWTH = 2.0
HEALTHY_AFTER = 120.0
"""Seconds without a failure after which the next wait starts small again."""

TURN_ITEMS = 100
"""Objects decoded before the loop gets a turn: 3 to 5 ms of pods of 9 KB."""
TURN_BYTES = 500_000
"""Bytes decoded before the loop gets a turn, for the few objects that are huge."""


class Backoff:
    """Waits of 0.8 s to 30 s, doubling, each drawn uniformly below its ceiling (full jitter)."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._failures = 0
        self._healthy_since = clock.monotonic()

    def next(self) -> float:
        """Count a failure and return the seconds to wait before trying again."""
        now = self._clock.monotonic()
        if now - self._healthy_since >= HEALTHY_AFTER:
            self._failures = 0
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * GROWTH**self._failures)
        self._failures += 1
        wait = self._rng.uniform(0.0, ceiling)
        self._healthy_since = now + wait
        return wait

    def reset(self) -> None:
        """Forget the failures, because a person asked to try now."""
        self._failures = 0


class Turns:
    """Counts work done on the loop and says when others should have a turn.

    It counts objects and bytes rather than time, because a stream with data in hand never suspends by itself.
    """

    __slots__ = ("_bytes", "_items")

    def __init__(self) -> None:
        self._items = 0
        self._bytes = 0

    def spent(self, size: int) -> bool:
        """Count one object of ``size`` bytes; True when it is time to call :meth:`give`."""
        self._items += 1
        self._bytes += size
        return self._items >= TURN_ITEMS or self._bytes >= TURN_BYTES

    async def give(self) -> None:
        """Let every other task that can run do so once."""
        self._items = 0
        self._bytes = 0
        await asyncio.sleep(0)


class CollectorGuard:
    """Holds the cyclic collector off while any initial sync is under way.

    Collections triggered by thousands of new objects stall the loop far longer than decoding does. When the last
    of several syncs ends, what they made is collected once and frozen, so that no later collection walks it.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._was_enabled = False
        self._frozen = False

    @property
    def holding(self) -> bool:
        """True while a sync keeps the collector off."""
        return self._holders > 0

    def __enter__(self) -> CollectorGuard:
        self._holders += 1
        if self._holders == 1:
            self._was_enabled = gc.isenabled()
            gc.disable()
            if not self._frozen:
                # Modules and widgets made so far stay for good: without this the collection below walks them all.
                gc.freeze()
                self._frozen = True
        return self

    def __exit__(self, *_: object) -> None:
        self._holders -= 1
        if self._holders == 0:
            gc.collect()
            gc.freeze()
            if self._was_enabled:
                gc.enable()
