"""Run the benchmarks: ``python -m tests.bench [--quick] [--table] [names…]``.

One JSON object per line: name, value, unit, budget, ok. A name is a budget's, or the beginning of some as ``list`` is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable

from k9py.core.errors import K9Error
from tests.bench import editing, whole, writes
from tests.bench.at_terminal import Figures
from tests.bench.budgets import BUDGETS
from tests.cluster.errors import ClusterError

RUNS = 5
FAILURES = (
    TimeoutError, RuntimeError, OSError, StopIteration, subprocess.SubprocessError, K9Error, ClusterError,
)  # fmt: skip
"""What a run may fail with and the others go on."""

TERMINAL = (
    "key.idle_p50_ms", "key.idle_p95_ms", "key.load_p95_ms", "bytes.idle_bps", "bytes.load_bps", "bytes.scroll_line",
    "bytes.page_cell", "repeat.bps", "repeat.cpu_pct",
)  # fmt: skip
GROUPS: tuple[tuple[tuple[str, ...], Callable[[], Figures]], ...] = (
    (
        ("list.10k.wall_vs_kubectl", "list.10k.wall_s", "list.10k.rss_vs_kubectl", "list.10k.rss_mb",
         "list.first_rows_ms"),
        whole.list_10k,
    ),
    (("list.50k.wall_s", "list.50k.rss_mb"), whole.list_50k),
    (("list.max_stall_ms",), whole.stall),
    (("list.rtt_trips",), whole.round_trips),
    (("watch.ceiling_eps",), whole.ceiling),
    (("watch.cpu_1000_pct", "watch.cpu_5000_pct"), whole.watch),
    (TERMINAL, whole.terminal),
    (("start.first_frame_ms", "start.rows_1k_ms"), whole.start),
    (("memory.row_bytes",), whole.memory),
    (("editor.key_p95_ms",), editing.keys),
    (writes.NAMES, writes.table),
)  # fmt: skip
"""Budgets measured together, and how."""


def main(arguments: Iterable[str]) -> int:
    """Measure what was asked for; the status is 1 when a budget does not hold or could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", help="budgets, or how their names begin; all when none is given")
    parser.add_argument("--quick", action="store_true", help="one run instead of five")
    parser.add_argument("--table", action="store_true", help="keys and bytes of the table alone, without a cluster")
    options = parser.parse_args(list(arguments))
    fine = True
    for names, run in GROUPS:
        wanted = [name for name in names if not options.names or name.startswith(tuple(options.names))]
        if not wanted:
            continue
        if options.table:
            if names is not TERMINAL:
                continue
            run = whole.table_alone
        fine = _group(wanted, run, runs=1 if options.quick else RUNS) and fine
    return 0 if fine else 1


def _group(names: Iterable[str], run: Callable[[], Figures], *, runs: int) -> bool:
    """Measure one group and print its lines."""
    values: dict[str, list[float]] = {}
    problem = ""
    for _ in range(runs):
        try:
            for name, value in run().items():
                values.setdefault(name, []).append(value)
        except FAILURES as error:
            problem = f"a run failed: {error}"
    fine = not problem
    for name in names:
        line, holds = BUDGETS[name].report(values.get(name, []), problem)
        print(line, flush=True)
        fine = fine and holds
    return fine


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
