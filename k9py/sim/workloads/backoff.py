"""The kubelet's back-off: 10 s doubling to 5 min, forgotten after 10 min of peace."""

from __future__ import annotations

INITIAL = 10.0
"""Seconds of the first wait, for crashes and for image pulls."""
LONGEST = 300.0
"""Seconds of the longest wait."""
FORGET = 2 * LONGEST
"""Seconds without a crash after which the next one waits INITIAL again."""


class Backoff:
    """The waits of one container or one image."""

    def __init__(self) -> None:
        self.wait = 0.0
        """Seconds the current wait takes; 0 before the first."""
        self._last = float("-inf")

    def holds(self, since: float, now: float) -> bool:
        """Return True while the wait that counts from ``since`` (the failure) is not over."""
        return not self._stale(now) and now < since + self.wait

    def next(self, now: float, *, fixed: float = 0.0) -> float:
        """Take note of one more attempt; the wait that follows it is the returned number of seconds.

        ``fixed`` is a wait that never grows, 0 for the usual ones.
        """
        if fixed:
            self.wait = fixed
        elif self._stale(now) or not self.wait:
            self.wait = INITIAL
        else:
            self.wait = min(LONGEST, self.wait * 2)
        self._last = now
        return self.wait

    def raise_to(self, wait: float, now: float) -> None:
        """Start from a later wait, for a container with a history."""
        self.wait, self._last = wait, now

    def _stale(self, now: float) -> bool:
        return now - self._last > FORGET


def written(seconds: float) -> str:
    """Write a wait as Go writes durations: ``10s``, ``1m20s``, ``5m0s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
