"""One flush clock for the whole application: when changes go from the stores to the screen, and when ages move on.

Nothing runs while nothing changes: a source wakes the clock, the clock drains those who are visible, at most once per
interval. Once a second it ticks whoever is visible, for ages and fading marks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from k9py.core.clock import Clock
from k9py.core.tasks import TaskSet

_LOG = logging.getLogger(__name__)

LOCAL_INTERVAL = 0.1
"""Seconds between two flushes on a local terminal."""
REMOTE_INTERVAL = 0.3
"""The same over SSH, where every byte travels."""
SECOND_AFTER = 0.02
"""Seconds to the second flush after a rest: the first often shows only that something was asked for."""
REST = 1.0
"""Seconds without a flush that count as a rest."""
UNFOCUSED_INTERVAL = 1.0
"""The same while the terminal's window is not looked at."""
TICK = 1.0
"""Seconds between two ticks."""
LOCAL_AGES = 1.0
"""Ages are repainted at most this often, in seconds."""
REMOTE_AGES = 10.0
KEY_QUIET = 0.03
"""A flush waits until no key came for so many seconds, because keys win …"""
KEY_PATIENCE = 5
"""… but not more often than this, lest a held key stop the table."""

Drain = Callable[[], None]
Tick = Callable[[bool], None]
"""Called with whether ages are due."""


class _Watcher(msgspec.Struct):
    drain: Drain
    tick: Tick | None
    visible: bool = True
    pending: bool = False


class FlushClock:
    """Drains and ticks its watchers; every watcher is known by its owner."""

    def __init__(self, clock: Clock, *, interval: float = LOCAL_INTERVAL, ages: float = LOCAL_AGES) -> None:
        self._clock = clock
        self._interval = interval
        self._ages = ages
        self._focused = True
        self._watchers: dict[object, _Watcher] = {}
        self._tasks = TaskSet()
        self._is_closed = False
        self._flushing = False
        self._ticking = False
        self._flushed_at = float("-inf")
        self._rested = False
        self._aged_at = float("-inf")
        self._key_at = float("-inf")

    def watch(self, owner: object, drain: Drain, *, tick: Tick | None = None) -> None:
        """Call ``drain`` some time after each :meth:`wake` by this owner, and ``tick`` every second, while visible."""
        if self._is_closed:
            return  # a screen that opened while the program was being left
        self._watchers[owner] = _Watcher(drain, tick)
        self._start_ticking()

    def forget(self, owner: object) -> None:
        """Stop calling an owner."""
        self._watchers.pop(owner, None)

    def wake(self, owner: object) -> None:
        """Say that an owner has something to drain; cheap, called on the loop as often as things change."""
        watcher = self._watchers.get(owner)
        if watcher is not None and not watcher.pending:
            watcher.pending = True
            self._start_flushing()

    def set_visible(self, owner: object, *, visible: bool) -> None:
        """Tell whether an owner is on the screen; what waited for that is drained without delay."""
        watcher = self._watchers.get(owner)
        if watcher is None or watcher.visible == visible:
            return
        watcher.visible = visible
        if visible:
            if watcher.pending:
                watcher.pending = False
                watcher.drain()
            if watcher.tick is not None:
                watcher.tick(True)
            self._start_ticking()

    def set_focused(self, *, focused: bool) -> None:
        """Tell whether the terminal's window is looked at; when it is again, everything is drained at once."""
        self._focused = focused
        if focused:
            self._flushed_at = self._clock.monotonic()
            self._drain_all()

    def key_pressed(self) -> None:
        """Say that a key came: the next flush waits until its answer is painted."""
        self._key_at = self._clock.monotonic()

    async def close(self) -> None:
        """Stop; nothing is called any more, whoever still comes."""
        self._is_closed = True
        self._watchers.clear()
        await self._tasks.close()

    # -- flushing ------------------------------------------------------------------------------------------------

    def _waiting(self) -> list[_Watcher]:
        return [watcher for watcher in self._watchers.values() if watcher.pending and watcher.visible]

    def _start_flushing(self) -> None:
        if not self._flushing and self._waiting():
            self._flushing = True
            self._tasks.start(self._flush(), name="flush")

    async def _flush(self) -> None:
        """Drain until nothing is pending, never more often than the interval."""
        try:
            while self._waiting():
                interval = self._interval if self._focused else max(self._interval, UNFOCUSED_INTERVAL)
                if self._rested and self._focused:
                    interval = SECOND_AFTER
                self._rested = self._clock.monotonic() - self._flushed_at >= REST
                await self._clock.sleep(max(0.0, self._flushed_at + interval - self._clock.monotonic()))
                for _ in range(KEY_PATIENCE):
                    quiet = self._clock.monotonic() - self._key_at
                    if quiet >= KEY_QUIET:
                        break
                    await self._clock.sleep(KEY_QUIET - quiet)
                self._flushed_at = self._clock.monotonic()
                self._drain_all()
        finally:
            self._flushing = False

    def _drain_all(self) -> None:
        waiting = self._waiting()
        for watcher in waiting:
            watcher.pending = False
        self._call(watcher.drain for watcher in waiting)

    # -- ticking -------------------------------------------------------------------------------------------------

    def _tickers(self) -> list[Tick]:
        return [watcher.tick for watcher in self._watchers.values() if watcher.visible and watcher.tick]

    def _start_ticking(self) -> None:
        if not self._ticking and self._tickers():
            self._ticking = True
            self._tasks.start(self._tick(), name="tick")

    async def _tick(self) -> None:
        try:
            while True:
                await self._clock.sleep(TICK)
                tickers = self._tickers()
                if not tickers:
                    return
                now = self._clock.monotonic()
                # Half a tick of slack: two sleeps of one second must not miss a limit of two by a millisecond.
                ages = now - self._aged_at >= self._ages - TICK / 2
                if ages:
                    self._aged_at = now
                self._call(partial(tick, ages) for tick in tickers)
        finally:
            self._ticking = False

    @staticmethod
    def _call(calls: Iterable[Drain]) -> None:
        """Call each; one that fails is logged and stops neither the others nor the clock."""
        for call in calls:
            try:
                call()
            except Exception:  # noqa: BLE001 - the edge of the flush task: a pane's fault must not freeze the rest
                _LOG.exception("a flush failed")
