"""Columns and texts that many kinds share: name, namespace, age, labels, sparklines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from k9py.core import ages
from k9py.kube.rows import Row
from k9py.resources.model import (
    MISSING,
    NO_SAMPLE,
    NONE_TEXT,
    TONE_OF,
    Column,
    ColumnMaker,
    Health,
    Measure,
    RowContext,
    SortKey,
    Tone,
)

SPARK_BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_ASCII = "_.:-=+*#"
SPARK_GAP = "·"
SPARK_GAP_ASCII = " "

FACTOR_FROM = 999.5
"""Percent from which a share is told as a factor: 1023 % is 10x."""

_DIGITS = "0123456789"

common = ColumnMaker(Row)


def natural(name: str) -> tuple[str, int]:
    """Return a key that puts ``web-2`` before ``web-10``: the text, then the number it ends in."""
    base = name.rstrip(_DIGITS)
    number = name[len(base) :]
    return (base, int(number)) if number and len(number) < 18 else (base, -1)


def name_key(row: Row, _ctx: RowContext) -> SortKey:
    """Return the sort key of a name column: by name, objects of one name by namespace."""
    return (*natural(row.name), row.namespace)


def namespace_key(row: Row, _ctx: RowContext) -> SortKey:
    """Return the sort key of a namespace column: names in order inside each namespace."""
    return (row.namespace, *natural(row.name))


def age_seconds(row: Row, ctx: RowContext) -> float:
    """Return the row's age in seconds, MISSING when unknown."""
    return ctx.now - row.created if row.created else MISSING


NAMESPACE = common(
    "namespace", "NAMESPACE", lambda row, _: row.namespace, sort=namespace_key, width=9, max_width=24, rank=6,
    by_place=True,
)  # fmt: skip
NAME = common("name", "NAME", lambda row, _: row.name, sort=name_key, width=12, flex=True, rank=0, by_place=True)
AGE = common(
    "age",
    "AGE",
    lambda row, ctx: ages.age(row.created, ctx.now),
    sort=age_seconds,
    align="right",
    width=5,
    rank=10,
    live=True,
    measure=Measure.DURATION,
)


def labels_text(labels: dict[str, str] | None) -> str:
    """Return ``a=1,b=2`` in the order of names, or ``<none>``."""
    if not labels:
        return NONE_TEXT
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels))


LABELS = common("labels", "LABELS", lambda row, _: labels_text(row.labels), width=10, max_width=60, wide=True, rank=90)


def identity(namespaced: bool) -> tuple[Column, ...]:
    """Return the columns every kind starts with."""
    return (NAMESPACE, NAME) if namespaced else (NAME,)


TAIL = (LABELS, AGE)
"""The columns every kind ends with."""


def valid_column(health: Callable[[Row, RowContext], Health]) -> Column:
    """Return a wide column that says what is wrong with a row, nothing where nothing is."""

    def text(row: Row, ctx: RowContext) -> str:
        found = health(row, ctx)
        return found.sentence if found.problem else ""

    return Column(
        "valid", "VALID", text, text, width=5, max_width=60, wide=True, rank=72, live=True,
        tone=lambda row, ctx: TONE_OF[health(row, ctx).level], description="What is wrong; empty when nothing is",
    )  # fmt: skip


def join(values: Sequence[str] | None, *, separator: str = ",", most: int = 0) -> str:
    """Return the values as one text, ``<none>`` when there are none; beyond ``most`` it says how many more."""
    if not values:
        return NONE_TEXT
    if most and len(values) > most:
        return f"{separator.join(values[:most])} + {len(values) - most} more..."
    return separator.join(values)


def since(timestamp: float, now: float, *, absent: str = NONE_TEXT) -> str:
    """Return how long ago something happened, as kubectl prints it."""
    return ages.human(now - timestamp) if timestamp else absent


def ratio_key(part: int, total: int) -> float:
    """Return the sort key of ``part/total``; nothing of nothing is whole."""
    return part / total if total else 1.0


def ratio_tone(part: int, total: int) -> Tone:
    """Return WARN when not all are there."""
    return Tone.WARN if part < total else Tone.PLAIN


def percent(used: float, of: float) -> float:
    """Return a percentage, MISSING when either side is."""
    return 100.0 * used / of if of > 0 and not math.isnan(used) and used != MISSING else MISSING


def percent_text(value: float) -> str:
    """Return a percentage in three cells without its sign, which is in the header; from ten times on as a factor."""
    if value == MISSING:
        return NO_SAMPLE
    return f"{value:.0f}" if value < FACTOR_FROM else f"{value / 100:.0f}x"


def percent_tone(value: float, ctx: RowContext) -> Tone:
    """Return WARN and BAD from the percentages on that the settings name."""
    return Tone.BAD if value >= ctx.critical else Tone.WARN if value >= ctx.warn else Tone.PLAIN


def sparkline(values: Sequence[float], top: float, *, width: int, ascii: bool = False) -> str:
    """Return one sign per sample on the fixed scale from 0 to ``top``, right-aligned; gaps and no samples as gaps."""
    signs, gap = (SPARK_ASCII, SPARK_GAP_ASCII) if ascii else (SPARK_BLOCKS, SPARK_GAP)
    last = len(signs) - 1
    text = "".join(
        gap if math.isnan(value) else signs[max(0, min(last, int(value / top * len(signs))))]
        for value in values[-width:]
    )
    return text.rjust(width, gap)


def number_column(
    maker: ColumnMaker[Row], id: str, title: str, value: Callable[[Row], int], *, rank: int = 40
) -> Column:
    """Return a right-aligned column of counts."""
    return maker(
        id, title, lambda row, _: str(value(row)), sort=lambda row, _: value(row), align="right", rank=rank,
        measure=Measure.NUMBER,
    )  # fmt: skip
