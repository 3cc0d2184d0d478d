"""What the top line says: where we are, whether it is live, what the cluster uses. Pure: values in, spans out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from k9py.core.ages import human
from k9py.core.refs import Scope
from k9py.kube.states import SyncState, SyncStatus
from k9py.resources.model import Tone
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Spans

STALE_AFTER = 30.0
"""Seconds without a byte from the server after which even a live list says how old it is."""

SPARK_CELLS = 5
"""Cells of a sparkline in the header."""


class Load(msgspec.Struct, frozen=True):
    """What the cluster uses of what it has, in percent; NaN where it was not measured."""

    name: str
    percent: float
    trend: tuple[float, ...]


def sparkline(trend: Sequence[float], bar: str, gap: str, *, top: float = 100.0, cells: int = SPARK_CELLS) -> str:
    """Draw the newest values on a fixed scale from 0 to ``top``; NaN draws a gap, and so does what is not there yet."""
    values = list(trend)[-cells:]
    signs = [gap] * (cells - len(values))
    for value in values:
        if math.isnan(value):
            signs.append(gap)
        else:
            share = min(max(value / top, 0.0), 1.0) if top > 0 else 0.0
            signs.append(bar[min(int(share * len(bar)), len(bar) - 1)])
    return "".join(signs)


def scope_text(scope: Scope) -> str:
    """Say which namespaces a list covers, in few cells."""
    if scope.all:
        return "all namespaces"
    if len(scope.namespaces) > 2:
        return f"{len(scope.namespaces)} namespaces"
    return ",".join(scope.namespaces)


def sync_text(status: SyncStatus, now: float, glyphs: Glyphs) -> tuple[str, Tone]:
    """Say where a list stands, with the age of its data when it is not live; why is said in the line below."""
    age = human(max(0.0, now - status.contact)) if status.contact else ""
    wait = f", again in {human(max(0.0, status.retry_at - now))}" if status.retry_at > now else ""
    match status.state:
        case SyncState.LIVE:
            if status.detail:
                return (f"{glyphs.live} live in part", Tone.WARN)
            if status.contact and now - status.contact > STALE_AFTER:
                return (f"{glyphs.live} live, quiet {_roughly(now - status.contact)}", Tone.OK)
            return (f"{glyphs.live} live", Tone.OK)
        case SyncState.SYNCING:
            left = f", {status.remaining:,} to come" if status.remaining else ""
            return (f"{glyphs.resuming} loading{left}", Tone.ACCENT)
        case SyncState.RESUMING:
            return (f"{glyphs.resuming} resuming, data {age} old", Tone.WARN)
        case SyncState.RELISTING:
            return (f"{glyphs.resuming} listing again, data {age} old", Tone.WARN)
        case SyncState.THROTTLED:
            return (f"{glyphs.resuming} throttled{wait}", Tone.WARN)
        case SyncState.DENIED:
            return (f"{glyphs.bad} {'no such kind' if status.vanished else 'denied'}{wait}", Tone.BAD)
        case SyncState.OFFLINE:
            since = f"offline since {age}" if age else "offline"
            return (f"{glyphs.offline} {since}{wait}", Tone.BAD)
        case SyncState.IDLE:
            return (f"{glyphs.resuming} starting", Tone.DIM)


def _roughly(seconds: float) -> str:
    """Return an age that changes once a minute at most: a quiet cluster must not make the screen busy."""
    return human(seconds // 60 * 60) if seconds >= 60 else f"{int(STALE_AFTER)}s"


def left_side(*, context: str, scope: str, kind: str, count: str, sync: tuple[str, Tone], glyphs: Glyphs) -> Spans:
    """Return context, namespaces, kind with its count, and the state of the list."""
    between = f" {glyphs.separator} "
    spans: list[tuple[str, Tone]] = [(f" {context or 'no context'}", Tone.ACCENT)]
    if scope:
        spans += [(between, Tone.DIM), (f"{scope} {glyphs.down}", Tone.PLAIN)]
    spans += [(between, Tone.DIM), (f"{kind} {count}".rstrip(), Tone.PLAIN), ("  ", Tone.PLAIN), sync]
    return tuple(spans)


def right_side(
    loads: Sequence[Load], glyphs: Glyphs, *, warn: float, critical: float, with_trend: bool = True
) -> Spans:
    """Return the cluster's load: name, trend, percent; toned from the given thresholds on."""
    spans: list[tuple[str, Tone]] = []
    for load in loads:
        if math.isnan(load.percent):
            continue
        tone = Tone.BAD if load.percent >= critical else Tone.WARN if load.percent >= warn else Tone.PLAIN
        sign = glyphs.warn if tone is Tone.BAD else ""
        line = f"{sparkline(load.trend, glyphs.bar, glyphs.gap)} " if with_trend else ""
        spans += [(f"  {load.name} ", Tone.DIM), (f"{line}{load.percent:.0f}%{sign}", tone)]
    return (*spans, (" ", Tone.PLAIN)) if spans else ()
