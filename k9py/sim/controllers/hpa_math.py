"""The horizontal autoscaler's arithmetic, free of objects and clocks.

Source: the algorithm, defaults and condition texts of the Kubernetes documentation, "Horizontal Pod Autoscaling"
(algorithm details, configurable scaling behaviour) and the autoscaling/v2 API reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

TOLERANCE = 0.1
"""A ratio this close to 1 changes nothing (the controller manager's default)."""
SYNC_PERIOD = 15.0
"""Seconds between two looks at one autoscaler."""
CPU_INITIALIZATION = 300.0
"""Seconds after a pod's start in which its CPU counts only once it was ready for a whole metric window."""
INITIAL_READINESS_DELAY = 30.0
"""Seconds after a pod's start in which never having been ready is no sign of trouble."""
DOWNSCALE_STABILIZATION = 300.0
"""Seconds the highest recommendation is kept before scaling down, unless the behaviour says otherwise."""


@dataclass(frozen=True, slots=True)
class PodSample:
    """One pod of the target, as far as one metric is concerned."""

    name: str
    usage: float | None
    """Cores or bytes; None when the metrics API has nothing for it."""
    request: float
    """What its containers ask for, same unit."""
    ready: bool = True
    """False for a pod that is pending or whose CPU does not count yet."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric asks for."""

    replicas: int
    utilization: int
    """Percent of the requests, as shown in status."""
    average: float
    """Average use per measured pod."""


def usage_ratio(samples: Iterable[tuple[float, float]], target_percent: int) -> tuple[float, int, float]:
    """Return (ratio to the target, utilisation in percent, average use) of (use, request) pairs."""
    pairs = list(samples)
    used = sum(use for use, _ in pairs)
    asked = sum(request for _, request in pairs)
    percent = int(used * 100 / asked + 1e-9)
    return percent / target_percent, percent, used / len(pairs)


def within(ratio: float, tolerance: float = TOLERANCE) -> bool:
    """Return True when the ratio is too close to 1 to act on."""
    return abs(1.0 - ratio) <= tolerance + 1e-9


def propose_utilization(
    current: int, target_percent: int, pods: Sequence[PodSample], *, tolerance: float = TOLERANCE
) -> Proposal | None:
    """Return what a utilisation target asks for; None when no pod has a usable sample.

    Pods without a sample count as idle when scaling up and as fully used when scaling down, so that missing data
    only ever dampens.
    """
    counted = {pod.name: pod for pod in pods if pod.usage is not None and pod.ready}
    missing = [pod for pod in pods if pod.usage is None and pod.ready]
    unready = [pod for pod in pods if not pod.ready]
    if not counted:
        return None
    ratio, percent, average = usage_ratio(((p.usage or 0.0, p.request) for p in counted.values()), target_percent)
    scale_up_with_unready = bool(unready) and ratio > 1.0
    if not scale_up_with_unready and not missing:
        if within(ratio, tolerance):
            return Proposal(current, percent, average)
        return Proposal(math.ceil(ratio * len(counted) - 1e-9), percent, average)
    pairs = [(p.usage or 0.0, p.request) for p in counted.values()]
    if missing and ratio < 1.0:
        full = max(100, target_percent)
        pairs += [(pod.request * full / 100, pod.request) for pod in missing]
    elif missing and ratio > 1.0:
        pairs += [(0.0, pod.request) for pod in missing]
    if scale_up_with_unready:
        pairs += [(0.0, pod.request) for pod in unready]
    dampened, _, _ = usage_ratio(pairs, target_percent)
    replicas = _dampened_replicas(current, ratio, dampened, len(pairs), tolerance)
    return Proposal(replicas, percent, average)


def _dampened_replicas(current: int, ratio: float, dampened: float, pods: int, tolerance: float) -> int:
    """Return the replicas for a ratio with guesses in it: never against the direction of the measured one."""
    turned = (ratio < 1.0 < dampened) or (dampened < 1.0 < ratio)
    if within(dampened, tolerance) or turned:
        return current
    replicas = math.ceil(dampened * pods - 1e-9)
    if (dampened < 1.0 and replicas > current) or (dampened > 1.0 and replicas < current):
        return current
    return replicas


def propose_average(
    current: int, target: float, pods: Sequence[PodSample], *, tolerance: float = TOLERANCE
) -> Proposal | None:
    """Return what an average-value target (cores or bytes per pod) asks for."""
    as_percent = [PodSample(p.name, p.usage, target, p.ready) for p in pods]
    return propose_utilization(current, 100, as_percent, tolerance=tolerance)


@dataclass(frozen=True, slots=True)
class Policy:
    """One rate limit: so many pods or percent per period."""

    type: str
    """``Pods`` or ``Percent``."""
    value: int
    period: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The behaviour of one direction."""

    policies: tuple[Policy, ...]
    select: str = "Max"
    """``Max``, ``Min`` or ``Disabled``."""
    stabilization: float = 0.0
    tolerance: float = TOLERANCE


DEFAULT_UP = Rules((Policy("Pods", 4, 15.0), Policy("Percent", 100, 15.0)))
DEFAULT_DOWN = Rules((Policy("Percent", 100, 15.0),), stabilization=DOWNSCALE_STABILIZATION)


def rules_of(behavior: Mapping[str, object] | None, direction: str) -> Rules:
    """Return the rules for ``scaleUp`` or ``scaleDown`` with the API's defaults filled in."""
    base = DEFAULT_UP if direction == "scaleUp" else DEFAULT_DOWN
    given = (behavior or {}).get(direction) or {}
    if not isinstance(given, Mapping):
        return base
    policies = tuple(
        Policy(str(p["type"]), int(p["value"]), float(p["periodSeconds"])) for p in given.get("policies") or ()
    )
    window = given.get("stabilizationWindowSeconds")
    return Rules(
        policies or base.policies,
        str(given.get("selectPolicy") or base.select),
        base.stabilization if window is None else float(window),
        float(given.get("tolerance") or TOLERANCE),
    )


@dataclass(slots=True)
class Memory:
    """What an autoscaler remembers between looks: recommendations, and how many pods it added or removed when."""

    recommendations: list[tuple[float, int]] = field(default_factory=list)
    ups: list[tuple[float, int]] = field(default_factory=list)
    downs: list[tuple[float, int]] = field(default_factory=list)

    def moved(self, when: float, before: int, after: int) -> None:
        """Note a rescale."""
        if after > before:
            self.ups.append((when, after - before))
        elif after < before:
            self.downs.append((when, before - after))


@dataclass(frozen=True, slots=True)
class Decision:
    """The number to set, and the two conditions that explain it."""

    replicas: int
    able_reason: str
    able_message: str
    limited: bool
    limited_reason: str
    limited_message: str


_READY = ("ReadyForNewScale", "recommended size matches current size")
_HELD_DOWN = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_HELD_UP = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_FREE = (False, "DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY = (True, "TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = (True, "TooFewReplicas", "the desired replica count is less than the minimum replica count")
_UP_RATE = (True, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_DOWN_RATE = (True, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")


def decide(
    now: float, current: int, proposed: int, *, low: int, high: int, up: Rules, down: Rules, memory: Memory
) -> Decision:
    """Return the replicas to set: the proposal, stabilised, then limited by rate and range."""
    stable = _stabilize(now, current, proposed, up, down, memory)
    reason, message = _READY
    if stable != proposed:
        reason, message = _HELD_DOWN if stable > proposed else _HELD_UP
    if stable > current:
        ceiling = min(_up_limit(now, current, up, memory), high)
        if stable > ceiling:
            limits = _TOO_MANY if ceiling == high else _UP_RATE
            return Decision(ceiling, reason, message, *limits)
    elif stable < current:
        floor = max(_down_limit(now, current, down, memory), low)
        if stable < floor:
            limits = _TOO_FEW if floor == low else _DOWN_RATE
            return Decision(floor, reason, message, *limits)
    if stable > high:
        return Decision(high, reason, message, *_TOO_MANY)
    if stable < low:
        return Decision(low, reason, message, *_TOO_FEW)
    return Decision(stable, reason, message, *_FREE)


def _stabilize(now: float, current: int, proposed: int, up: Rules, down: Rules, memory: Memory) -> int:
    """Return the proposal held against the recommendations of the two windows, and remember it."""
    longest = max(up.stabilization, down.stabilization)
    memory.recommendations = [(t, n) for t, n in memory.recommendations if now - t < longest]
    lowest = min([proposed] + [n for t, n in memory.recommendations if now - t < up.stabilization])
    highest = max([proposed] + [n for t, n in memory.recommendations if now - t < down.stabilization])
    memory.recommendations.append((now, proposed))
    stable = current
    if stable < lowest:
        stable = lowest
    if stable > highest:
        stable = highest
    return stable


def _up_limit(now: float, current: int, rules: Rules, memory: Memory) -> int:
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current - _recent(now, memory.ups, policy.period) + _recent(now, memory.downs, policy.period)
        if policy.type == "Pods":
            limits.append(start + policy.value)
        else:
            limits.append(math.ceil(start * (1 + policy.value / 100) - 1e-9))
    return min(limits) if rules.select == "Min" else max(limits)


def _down_limit(now: float, current: int, rules: Rules, memory: Memory) -> int:
    if rules.select == "Disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = current - _recent(now, memory.ups, policy.period) + _recent(now, memory.downs, policy.period)
        if policy.type == "Pods":
            limits.append(start - policy.value)
        else:
            limits.append(int(start * (1 - policy.value / 100) + 1e-9))
    return max(limits) if rules.select == "Min" else min(limits)


def _recent(now: float, moves: Sequence[tuple[float, int]], period: float) -> int:
    return sum(count for when, count in moves if now - when < period)
