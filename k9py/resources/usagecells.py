"""CPU and memory columns: the newest sample, its share of request and limit, and a trend on a fixed scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from k9py.core import quantity
from k9py.resources.cells import percent, percent_text, percent_tone, sparkline
from k9py.resources.model import MISSING, NO_SAMPLE, Column, ColumnMaker, Measure, R, RowContext, Usage

TREND_WIDTH = 5
"""Samples in a trend column."""

CPU_TOP = 1000.0
"""Top of a CPU trend in millicores for what has neither limit nor request."""

MEMORY_TOP = float(1024**3)
"""Top of a memory trend in bytes for what has neither limit nor request."""

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


def usage_columns(
    maker: ColumnMaker[R],
    which: Which,
    find: Callable[[R, RowContext], Usage | None],
    request: Callable[[R], int],
    limit: Callable[[R], int],
) -> tuple[Column, ...]:
    """Return the five columns of one resource: used, request/limit, percent of each, trend."""
    title, word, rank = ("CPU", "cpu", 12) if which == "cpu" else ("MEM", "mem", 13)
    measure = Measure.CPU if which == "cpu" else Measure.BYTES
    default_top = CPU_TOP if which == "cpu" else MEMORY_TOP

    def value(row: R, ctx: RowContext) -> float:
        return used(find(row, ctx), which) if ctx.usage is not None else MISSING

    def of(amount: Callable[[R], int]) -> Callable[[R, RowContext], float]:
        return lambda row, ctx: percent(value(row, ctx), amount(row))

    of_request, of_limit = of(request), of(limit)
    return (
        maker(
            word, title, lambda row, ctx: used_text(value(row, ctx), which), sort=value, align="right", width=6,
            rank=rank, live=True, measure=measure, description=f"{title} used, newest sample",
        ),
        maker(
            f"{word}/rl", f"{title}/RL",
            lambda row, _: f"{amount_text(request(row), which)}:{amount_text(limit(row), which)}",
            sort=lambda row, _: request(row) or MISSING, align="right", wide=True, rank=60, measure=measure,
            description=f"{title} requested and limit; 0 is none",
        ),
        maker(
            f"{word}%r", "%R", lambda row, ctx: percent_text(of_request(row, ctx)), sort=of_request, align="right",
            width=4, rank=rank + 20, live=True, measure=Measure.PERCENT,
            description=f"{title} used in percent of the request",
        ),
        maker(
            f"{word}%l", "%L", lambda row, ctx: percent_text(of_limit(row, ctx)), sort=of_limit, align="right", width=4,
            rank=rank + 2, live=True, measure=Measure.PERCENT,
            tone=lambda row, ctx: percent_tone(of_limit(row, ctx)),
            description=f"{title} used in percent of the limit",
        ),
        maker(
            f"{word}~", "~" * TREND_WIDTH,
            lambda row, ctx: trend_text(
                find(row, ctx) if ctx.usage is not None else None, which,
                float(limit(row) or request(row) or default_top), ctx,
            ),
            sort=value, width=TREND_WIDTH, max_width=TREND_WIDTH, rank=rank + 8, live=True,
            measure=measure, description=f"{title} over the last samples, from 0 to the limit",
        ),
    )  # fmt: skip
