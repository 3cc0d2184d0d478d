"""What is measured at a terminal: keys, bytes, processor time. The same for the table alone and the whole program."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from statistics import quantiles

from tests.bench.pty_host import FRAME_END, HEIGHT, WIDTH, Program
from tests.ui_table.emulator import Emulator

DOWN, UP, PAGE_DOWN, PAGE_UP, FIRST = b"j", b"k", b"\x1b[6~", b"\x1b[5~", b"g"
KEYS = 40
"""Keys pressed for one latency figure."""
REPEAT_RATE = 30
"""Keys a second of a held key."""
REPEAT_SECONDS = 4.0
IDLE_SECONDS = 5.0
LOAD_SECONDS = 10.0

Figures = dict[str, float]


def measure(program: Program, load: Callable[[bool], None]) -> Figures:
    """Return every figure of one run on a program that shows 10,000 rows and is idle; ``load`` switches the load."""
    cursor = _cursor_colour(program)
    program.settle(1.0)
    figures: Figures = {"bytes.idle_bps": len(program.listen(IDLE_SECONDS)) / IDLE_SECONDS}
    waits = _latencies(program, cursor)
    figures["key.idle_p50_ms"], figures["key.idle_p95_ms"] = _percentile(waits, 50), _percentile(waits, 95)
    figures["bytes.scroll_line"] = _bytes_per_line(program, cursor)
    figures["bytes.page_cell"], figures["bytes.page_cell.differing"] = _bytes_per_cell(program)
    figures["repeat.bps"], figures["repeat.cpu_pct"] = _repeat(program)
    load(True)
    program.listen(2.0)
    figures["bytes.load_bps"] = len(program.listen(LOAD_SECONDS)) / LOAD_SECONDS
    figures["key.load_p95_ms"] = _percentile(_latencies(program, cursor), 95)
    load(False)
    return figures


def _cursor_colour(program: Program) -> bytes:
    """Return the background of the cursor's row: the last one in the frame that answers a key."""
    program.press(DOWN)
    program.until(re.escape(FRAME_END))
    program.settle()
    start = len(program.output)
    program.press(DOWN)
    program.until(re.escape(FRAME_END))
    found: list[bytes] = re.findall(rb"48;2;\d+;\d+;\d+|48;5;\d+", bytes(program.output[start:]))
    return re.escape(found[-1])


def _latencies(program: Program, cursor: bytes) -> list[float]:
    """Return the milliseconds from key to painted cursor, for cursor-down and -up in view."""
    waits = []
    for number in range(KEYS):
        # A person's rhythm, and never in step with the flush clock.
        program.listen(0.05 + 0.013 * (number % 7))
        program.press(DOWN if number % 2 else UP)
        waits.append(program.until(cursor + rb"(?s:.*?)" + re.escape(FRAME_END)) * 1000)
    return waits


def _percentile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _to_bottom(program: Program) -> None:
    """Put the cursor on the last visible row, so that every further step scrolls."""
    program.press(FIRST)
    program.settle()
    for _ in range(HEIGHT):
        program.press(DOWN)
        program.listen(0.02)
    program.settle()


def _bytes_per_line(program: Program, cursor: bytes) -> float:
    _to_bottom(program)
    start = len(program.output)
    for _ in range(KEYS):
        program.press(DOWN)
        program.until(cursor + rb"(?s:.*?)" + re.escape(FRAME_END))
        program.listen(0.03)
    return (len(program.output) - start) / KEYS


def _bytes_per_cell(program: Program) -> tuple[float, float]:
    """Return bytes for each cell of the lines a page down changes, and for each cell that looks different.

    The first is what the budget was set by: a page holds 7,500 cells whatever they were before.
    """
    program.press(FIRST)
    program.settle()
    screen = Emulator(WIDTH, HEIGHT)
    screen.feed(program.output.decode())
    written = repainted = differing = 0
    for _ in range(8):
        before, start = screen.picture(), len(program.output)
        program.press(PAGE_DOWN)
        program.settle(0.3)
        new = bytes(program.output[start:])
        screen.feed(new.decode())
        written += len(new)
        for old, now in zip(before, screen.picture(), strict=True):
            repainted += WIDTH if old != now else 0
            differing += sum(a != b for a, b in zip(old, now, strict=True))
    return written / repainted, written / differing


def _repeat(program: Program) -> tuple[float, float]:
    """Return bytes a second and percent of a core while cursor-down is held at the bottom of the view."""
    _to_bottom(program)
    start, cpu, begin = len(program.output), program.cpu_seconds(), time.perf_counter()
    for number in range(int(REPEAT_RATE * REPEAT_SECONDS)):
        program.press(DOWN)
        program.listen(max(0.0, begin + (number + 1) / REPEAT_RATE - time.perf_counter()))
    elapsed = time.perf_counter() - begin
    used = program.cpu_seconds() - cpu
    return (len(program.output) - start) / elapsed, used / elapsed * 100
