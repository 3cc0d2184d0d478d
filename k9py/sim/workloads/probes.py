"""Health probes: when they run, what they see, and what that means for the container."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from k9py.sim.engine import Engine, Timer

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw."""

    ok: bool
    message: str = ""
    """The failure as the kubelet words it after ``… probe failed: ``."""
    steady_until: float = 0.0
    """Unix time until which every look sees the same; infinity for ever."""


class Probe:
    """One probe of one container run. It looks as rarely as gives the same result as looking every period."""

    def __init__(
        self,
        engine: Engine,
        spec: Object,
        *,
        look: Callable[[Object], Sight],
        failed: Callable[[str], None],
        turned: Callable[[bool], None],
        passing: bool,
    ) -> None:
        self._engine = engine
        self.spec = spec
        self._look = look
        self._failed = failed
        self._turned = turned
        self._period = float(spec.get("periodSeconds") or 10)
        self._need_failures = int(spec.get("failureThreshold") or 3)
        self._need_successes = int(spec.get("successThreshold") or 1)
        self.passing = passing
        """What the probe has concluded so far."""
        self._streak = 0
        self._streak_ok = True
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin after the initial delay."""
        delay = max(0.1, float(self.spec.get("initialDelaySeconds") or 0))
        self._origin = self._engine.now + delay
        self._timer = self._engine.at(self._origin, self._turn, name="probe")

    def stop(self) -> None:
        """Look no more."""
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def poke(self) -> None:
        """Look at the next period again: something a steady probe relied on has changed."""
        if self._timer is None or not self._timer.live:
            return
        self._timer.cancel()
        self._timer = self._engine.at(self._next_after(self._engine.now), self._turn, name="probe")

    def _turn(self) -> None:
        sight = self._look(self.spec)
        timer = self._timer
        self._streak = self._streak + 1 if sight.ok == self._streak_ok else 1
        self._streak_ok = sight.ok
        if not sight.ok:
            self._failed(sight.message)
        if self._timer is not timer or timer is None:
            return  # Stopped by what the failure led to.
        needed = self._need_successes if sight.ok else self._need_failures
        settled = self._streak >= needed
        if settled and self.passing != sight.ok:
            self.passing = sight.ok
            self._turned(sight.ok)
        elif settled and not sight.ok and self._streak % needed == 0:
            self._turned(False)
        if self._timer is not timer:
            return
        when = self._next_after(self._engine.now)
        if sight.ok and settled:
            when = self._next_after(sight.steady_until) if sight.steady_until < float("inf") else float("inf")
        self._timer = self._engine.at(when, self._turn, name="probe")

    def _next_after(self, when: float) -> float:
        """Return the first look of the period's grid later than ``when``."""
        turns = max(0, int((when - self._origin) / self._period + 1e-6)) + 1
        return self._origin + turns * self._period
