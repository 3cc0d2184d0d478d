"""CPU and memory columns: the newest sample, its share of request and limit, and a trend on a fixed scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal

from k9py.core import ages, quantity
from k9py.resources.cells import percent, percent_text, percent_tone, sparkline
from k9py.resources.model import MISSING, NO_SAMPLE, Column, ColumnMaker, Measure, R, RowContext, Usage

TREND_WIDTH = 5
"""Samples in a trend column."""

CPU_TOP = 1000.0
"""Top of a CPU trend in millicores for what has neither limit nor request."""

MEMORY_TOP = float(1024**3)
"""Top of a memory trend in bytes for what has neither limit nor request."""

GROWTH_SPAN = 120.0
"""Seconds memory has to have grown before anybody is told: less is a start, not a leak."""

GROWTH_SHARE = 0.05
"""Share of the limit memory has to have grown by; less is noise."""

NEAR_FULL = 6 * 3600.0
"""Seconds to the limit, at the present rate, that are worth saying."""

Which = Literal["cpu", "memory"]


def used(usage: Usage | None, which: Which) -> float:
    """Return the newest sample, MISSING when there is none."""
    if usage is None:
        return MISSING
    value = usage.cpu if which == "cpu" else usage.memory
    return MISSING if math.isnan(value) else value


def used_text(value: float, which: Which) -> str:
    """Return a sample as millicores or in a binary unit; a dash when there is none."""
    if value == MISSING:
        return NO_SAMPLE
    return quantity.format_cpu(value) if which == "cpu" else quantity.format_bytes(value)


def amount_text(value: int, which: Which) -> str:
    """Return a request or limit, 0 meaning none."""
    if not value:
        return "0"
    return quantity.format_cpu(value) if which == "cpu" else quantity.format_bytes(value)


def trend_text(usage: Usage | None, which: Which, top: float, ctx: RowContext) -> str:
    """Return the newest samples as signs between 0 and ``top``."""
    if usage is None:
        return sparkline((), top, width=TREND_WIDTH, ascii=ctx.ascii)
    values = usage.cpu_trend(TREND_WIDTH) if which == "cpu" else usage.memory_trend(TREND_WIDTH)
    return sparkline(values, top, width=TREND_WIDTH, ascii=ctx.ascii)


def use_sentence(
    usage: Usage | None, cpu_of: int, memory_of: int, *, of: str = "limit", limit_is_said: bool = False
) -> str:
    """Say what something uses of what it may: its CPU, its memory, and how fast that grows; empty without samples.

    ``limit_is_said`` when the sentence before this one already names the memory limit: room is short.
    """
    cpu, memory = used(usage, "cpu"), used(usage, "memory")
    if usage is None or memory == MISSING:
        return ""
    text = f"memory {_part(memory, memory_of, 'memory')}"
    if memory_of and limit_is_said:
        text = f"now {used_text(memory, 'memory')} ({percent(memory, memory_of):.0f}%)"
    elif memory_of:
        text += f" {of} ({percent(memory, memory_of):.0f}%)"
    elif of == "limit":
        text += " without a limit"
    text += _growth(usage, memory, memory_of)
    return text if cpu == MISSING else f"{text}, cpu {_part(cpu, cpu_of, 'cpu')}"


def _growth(usage: Usage, memory: float, of: int) -> str:
    """Say how fast memory grows and when there is none left; empty when it does not."""
    rate, span = usage.memory_growth
    if span < GROWTH_SPAN or rate * span < GROWTH_SHARE * (of or memory):
        return ""
    text = f", grew {quantity.format_bytes(rate * 60)}/min for {ages.human(span)}"
    left = (of - memory) / rate if of else 0.0
    return f"{text} and is full in {ages.human(left)}" if 0 < left < NEAR_FULL else text


def _part(value: float, of: int, which: Which) -> str:
    return f"{used_text(value, which)} of {amount_text(of, which)}" if of else used_text(value, which)


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    id: str
    rank: int
    measure: Measure
    top: float


_KINDS: dict[Which, _Kind] = {
    "cpu": _Kind("CPU", "cpu", 12, Measure.CPU, CPU_TOP),
    "memory": _Kind("MEM", "mem", 13, Measure.BYTES, MEMORY_TOP),
}


class UsageColumns(Generic[R]):
    """Makes the columns of one resource for one kind of row."""

    def __init__(self, maker: ColumnMaker[R], which: Which, find: Callable[[R, RowContext], Usage | None]) -> None:
        self._maker, self._which, self._find, self._kind = maker, which, find, _KINDS[which]

    def _value(self, row: R, ctx: RowContext) -> float:
        return used(self._find(row, ctx), self._which) if ctx.usage is not None else MISSING

    def used(self) -> Column:
        """Return the column of the newest sample."""
        kind, which = self._kind, self._which
        return self._maker(
            kind.id, kind.title, lambda row, ctx: used_text(self._value(row, ctx), which), sort=self._value,
            align="right", width=5, rank=kind.rank, live=True, measure=kind.measure,
            description=f"{kind.title} used, newest sample",
        )  # fmt: skip

    def share(self, suffix: str, title: str, of: str, amount: Callable[[R], int], *, later: int) -> Column:
        """Return a column of the percentage used of an amount; ``later`` is how much sooner it is left out."""
        kind = self._kind

        def value(row: R, ctx: RowContext) -> float:
            return percent(self._value(row, ctx), amount(row))

        return self._maker(
            f"{kind.id}%{suffix}", title, lambda row, ctx: percent_text(value(row, ctx)), sort=value, align="right",
            width=3, rank=kind.rank + later, live=True, measure=Measure.PERCENT,
            tone=(lambda row, ctx: percent_tone(value(row, ctx), ctx)) if suffix != "r" else None,
            description=f"{kind.title} used in percent of {of}",
        )  # fmt: skip

    def amounts(self, suffix: str, title: str, of: str, amounts: Sequence[Callable[[R], int]]) -> Column:
        """Return a wide column of one or several amounts joined with colons; 0 is none."""
        kind, which = self._kind, self._which
        return self._maker(
            f"{kind.id}/{suffix}", f"{kind.title}/{title}",
            lambda row, _: ":".join(amount_text(amount(row), which) for amount in amounts),
            sort=lambda row, _: amounts[0](row) or MISSING, align="right", wide=True, rank=60, measure=kind.measure,
            description=f"{kind.title} {of}; 0 is none",
        )  # fmt: skip

    def trend(self, top: Callable[[R], int]) -> Column:
        """Return a column of the newest samples on the scale from 0 to ``top``."""
        kind = self._kind

        def text(row: R, ctx: RowContext) -> str:
            usage = self._find(row, ctx) if ctx.usage is not None else None
            return trend_text(usage, self._which, float(top(row) or kind.top), ctx)

        return self._maker(
            f"{kind.id}~", "TREND", text, sort=self._value, width=TREND_WIDTH, max_width=TREND_WIDTH,
            rank=kind.rank + 8, live=True, measure=kind.measure,
            description=f"{kind.title} over the last samples on a fixed scale from 0 to the limit",
        )  # fmt: skip


def usage_columns(
    maker: ColumnMaker[R],
    which: Which,
    find: Callable[[R, RowContext], Usage | None],
    request: Callable[[R], int],
    limit: Callable[[R], int],
) -> tuple[Column, ...]:
    """Return the columns of what has a request and a limit: used, percent of each, trend, and the amounts."""
    make = UsageColumns(maker, which, find)
    return (
        make.used(),
        make.amounts("rl", "RL", "requested and limit", (request, limit)),
        make.share("r", "%R", "the request", request, later=20),
        make.share("l", "%L", "the limit", limit, later=2 if which == "memory" else 4),
        make.trend(lambda row: limit(row) or request(row)),
    )


def capacity_columns(
    maker: ColumnMaker[R], which: Which, find: Callable[[R, RowContext], Usage | None], capacity: Callable[[R], int]
) -> tuple[Column, ...]:
    """Return the columns of what has a capacity: used, percent of it, trend, and the capacity."""
    make = UsageColumns(maker, which, find)
    title = _KINDS[which].title
    return (
        make.used(),
        make.amounts("a", "A", "allocatable", (capacity,)),
        make.share("l", f"%{title}", "the allocatable amount", capacity, later=2),
        make.trend(capacity),
    )
