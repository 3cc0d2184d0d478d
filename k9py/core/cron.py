"""When a cron schedule fires next, in the notation CronJobs use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from k9py.core.ages import parse_duration
from k9py.core.errors import InputError

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Short names the controller's parser accepts and cronsim does not."""


def fires(schedule: str, after: float, *, zone: str = "") -> Iterator[float]:
    """Yield the Unix times a schedule fires, later than ``after``; raises InputError for a bad one."""
    if schedule.startswith("@every "):
        period = parse_duration(schedule.removeprefix("@every ").strip())
        when = after
        while True:
            when += period
            yield when
    try:
        place = ZoneInfo(zone) if zone else UTC
        text = MACROS.get(schedule, schedule).replace("?", "*")
        for moment in CronSim(text, datetime.fromtimestamp(after, place)):
            yield moment.timestamp()
    except (CronSimError, ZoneInfoNotFoundError) as error:
        raise InputError(f"not a cron schedule: {schedule!r} ({error})") from error


def last_fires(schedule: str, before: float, count: int, *, zone: str = "") -> list[float]:
    """Return the last ``count`` times a schedule fired up to ``before``, oldest first."""
    if schedule.startswith("@every "):
        period = parse_duration(schedule.removeprefix("@every ").strip())
        return [before - period * turn for turn in range(count, 0, -1)]
    place = ZoneInfo(zone) if zone else UTC
    text = MACROS.get(schedule, schedule).replace("?", "*")
    found: list[float] = []
    for moment in CronSim(text, datetime.fromtimestamp(before, place), reverse=True):
        found.append(moment.timestamp())
        if len(found) >= count:
            break
    return sorted(found)


def last_fire(schedule: str, after: float, now: float, *, zone: str = "") -> float | None:
    """Return when a schedule fired last, later than ``after`` and not later than ``now``; None when it did not."""
    if schedule.startswith("@every "):
        period = parse_duration(schedule.removeprefix("@every ").strip())
        turns = math.floor((now - after) / period)
        return after + turns * period if turns > 0 else None
    if next(fires(schedule, after, zone=zone)) > now:
        return None
    return last_fires(schedule, math.floor(now) + 1.0, 1, zone=zone)[-1]
