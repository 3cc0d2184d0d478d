"""How a rolling update moves replicas between the new and the old ReplicaSets, as plain numbers.

Source: the Deployment documentation (maxSurge rounds up, maxUnavailable down, never both zero; proportional scaling).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


def int_or_percent(value: int | str | None, total: int, *, default: int | str, round_up: bool) -> int:
    """Return an int-or-percent field as a number of pods."""
    given = default if value is None else value
    if isinstance(given, str) and given.endswith("%"):
        share = total * int(given[:-1]) / 100
        return math.ceil(share - 1e-9) if round_up else math.floor(share + 1e-9)
    return int(given)


def fence(max_surge: int | str | None, max_unavailable: int | str | None, replicas: int) -> tuple[int, int]:
    """Return (surge, unavailable) in pods; when both come out as zero one pod may be unavailable."""
    surge = int_or_percent(max_surge, replicas, default="25%", round_up=True)
    unavailable = int_or_percent(max_unavailable, replicas, default="25%", round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, unavailable


@dataclass(frozen=True, slots=True)
class SetCount:
    """One ReplicaSet's numbers."""

    name: str
    desired: int
    """spec.replicas"""
    available: int


def new_set_size(replicas: int, surge: int, new_desired: int, total_desired: int) -> int:
    """Return what the new ReplicaSet may grow to now."""
    if new_desired > replicas:
        return replicas
    room = replicas + surge - total_desired
    if room <= 0:
        return new_desired
    return new_desired + min(room, replicas - new_desired)


def old_set_sizes(replicas: int, unavailable: int, new: SetCount, old: Sequence[SetCount]) -> dict[str, int]:
    """Return the new size of each old ReplicaSet that shrinks: first pods that are not available, then the others.

    ``old`` is oldest first.
    """
    sizes = {item.name: item.desired for item in old}
    total = new.desired + sum(sizes.values())
    least_available = replicas - unavailable
    budget = total - least_available - (new.desired - new.available)
    if budget <= 0:
        return {}
    cleaned = 0
    for item in old:
        take = min(budget - cleaned, sizes[item.name] - item.available)
        if take > 0:
            sizes[item.name] -= take
            cleaned += take
    available = new.available + sum(item.available for item in old)
    spare = available - least_available
    for item in old:
        take = min(spare, sizes[item.name])
        if take > 0:
            sizes[item.name] -= take
            spare -= take
    return {item.name: sizes[item.name] for item in old if sizes[item.name] != item.desired}


def proportional(replicas: int, surge: int, sets: Sequence[SetCount]) -> dict[str, int]:
    """Return sizes after the Deployment was scaled in the middle of a rollout; the largest set takes the remainder.

    ``sets`` is newest first; the sum comes to replicas + surge when growing or shrinking.
    """
    total = sum(item.desired for item in sets)
    allowed = replicas + surge if replicas > 0 else 0
    to_add = allowed - total
    if not sets or to_add == 0 or total == 0:
        return {}
    ordered = sorted(sets, key=lambda item: -item.desired)
    sizes: dict[str, int] = {}
    added = 0
    for item in ordered:
        share = round(item.desired * allowed / total) - item.desired
        left = to_add - added
        share = min(share, left) if to_add > 0 else max(share, left)
        sizes[item.name] = item.desired + share
        added += share
    sizes[ordered[0].name] = max(0, sizes[ordered[0].name] + to_add - added)
    return {item.name: sizes[item.name] for item in sets if sizes[item.name] != item.desired}
