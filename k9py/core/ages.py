"""Timestamps and ages: RFC 3339 to Unix seconds, and durations as kubectl prints them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache

from k9py.core.errors import InputError

UNKNOWN = "<unknown>"
"""What kubectl prints for the age of an object without a creation time."""

INVALID = "<invalid>"
"""What kubectl prints for a time more than a second in the future."""

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 31_536_000

_TIME_CACHE = 16_384
"""Distinct timestamps remembered; objects made together share them, and the float object with them."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|y|w|d|h|m|s)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": YEAR}


@lru_cache(maxsize=_TIME_CACHE)
def parse_time(text: str) -> float:
    """Return the Unix timestamp of an RFC 3339 time; raises InputError when it is not one."""
    if _RFC3339.fullmatch(text) is None:
        raise InputError(f"not a time: {text!r}", remedy="Write it like 2026-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except ValueError as error:
        raise InputError(f"not a time: {text!r} ({error})") from error


def time_or_zero(text: str | None) -> float:
    """Return the Unix timestamp, or 0 (shown as unknown) when there is none or it cannot be read."""
    if not text:
        return 0.0
    try:
        return parse_time(text)
    except InputError:
        return 0.0


def format_time(timestamp: float) -> str:
    """Return ``2026-01-31T12:00:00Z`` for a Unix timestamp."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def human(seconds: float) -> str:
    """Return a duration by the rules of kubectl's AGE column.

    Two units while the larger one is small, one unit later: ``119s``, ``2m``, ``9m59s``, ``10m``, ``179m``, ``3h``,
    ``7h59m``, ``8h``, ``47h``, ``2d``, ``7d23h``, ``8d``, ``729d``, ``2y``, ``7y364d``, ``8y``.
    """
    whole = int(seconds)
    if whole < 120:
        if whole >= 0:
            return f"{whole}s"
        return "0s" if whole == -1 else INVALID
    minutes = whole // MINUTE
    if minutes < 10:
        return _two(minutes, "m", whole % MINUTE, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = whole // HOUR
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def age(timestamp: float, now: float) -> str:
    """Return the age of something made at ``timestamp``; ``<unknown>`` when that is 0."""
    return human(now - timestamp) if timestamp else UNKNOWN


def until_change(seconds: float) -> float:
    """Return in how many seconds :func:`human` gives another text; a screen need not look before."""
    if seconds < 0:
        return math.floor(seconds) + 1 - seconds if seconds > -2 else 1.0
    if seconds < 10 * MINUTE:
        step = 1
    elif seconds < 8 * HOUR:
        step = MINUTE
    elif seconds < 8 * DAY:
        step = HOUR
    elif seconds < 8 * YEAR:
        step = DAY
    else:
        step = YEAR
    return step - seconds % step


def parse_duration(text: str) -> float:
    """Return the seconds of ``90s``, ``1h30m``, ``3d4h`` or ``2y``; raises InputError."""
    position, total = 0, 0.0
    for part in _DURATION_PART.finditer(text):
        if part.start() != position:
            break
        total += float(part[1]) * _UNIT_SECONDS[part[2]]
        position = part.end()
    if not text or position != len(text):
        raise InputError(f"not a duration: {text!r}", remedy="Write it like 90s, 10m, 1h30m, 3d or 1y")
    return total
