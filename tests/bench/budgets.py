"""The budgets: names, units and limits as the design fixes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Budget:
    """One line of the table."""

    name: str
    unit: str
    limit: float | None
    """None for a figure that is only reported."""
    at_least: bool = False
    """True when more is better."""

    def report(self, values: list[float], note: str = "") -> tuple[str, bool]:
        """Return the line for some runs, their median against the limit, and whether it holds."""
        line: dict[str, object] = {"name": self.name, "value": None, "unit": self.unit, "budget": self.limit}
        holds = False
        if values:
            value = median(values)
            limit = value if self.limit is None else self.limit
            holds = value >= limit if self.at_least else value <= limit
            line["value"] = round(value, 3)
        line["ok"] = holds
        if len(values) > 1:
            line["runs"] = [round(each, 3) for each in values]
        if note:
            line["note"] = note
        elif not values:
            line["note"] = "not measured: there is no kubectl (set K9PY_KUBECTL)" if "kubectl" in self.name else ""
        return json.dumps(line), holds


WRITTEN = ("configmap", "service", "persistentvolumeclaim", "deployment")
WRITERS = (1, 2, 5, 10, 20)


def _writes() -> list[Budget]:
    """Return the lines of the S0 table; only those of 20 users have a limit, and failures never are allowed."""
    lines: list[Budget] = []
    for kind in WRITTEN:
        for users in WRITERS:
            most = users == WRITERS[-1]
            name = f"writes.{kind}.{users}"
            lines.append(Budget(f"{name}.rps", "changes/s", 60 if most else None, at_least=True))
            lines.append(Budget(f"{name}.mean_ms", "ms", 330 if most else None))
            lines.append(Budget(f"{name}.failures", "changes", 0))
        lines.append(Budget(f"writes.{kind}.{WRITERS[-1]}.vs_bare", "ratio", 0.3, at_least=True))
    return lines


BUDGETS = {
    budget.name: budget
    for budget in (
        *_writes(),
        Budget("list.10k.wall_vs_kubectl", "ratio", 0.15),
        Budget("list.10k.wall_s", "s", 0.8),
        Budget("list.10k.rss_vs_kubectl", "ratio", 0.25),
        Budget("list.10k.rss_mb", "MB", 130),
        Budget("list.50k.wall_s", "s", 4),
        Budget("list.50k.rss_mb", "MB", 240),
        Budget("list.first_rows_ms", "ms", 60),
        Budget("list.max_stall_ms", "ms", 30),
        Budget("list.rtt_trips", "round trips", 2),
        Budget("watch.ceiling_eps", "events/s", 20_000, at_least=True),
        Budget("watch.cpu_1000_pct", "% of a core", 12),
        Budget("watch.cpu_5000_pct", "% of a core", 30),
        Budget("key.idle_p50_ms", "ms", 5),
        Budget("key.idle_p95_ms", "ms", 10),
        Budget("key.load_p95_ms", "ms", 30),
        # Beyond the design's table: typing in a document of 2,000 lines with highlighting.
        Budget("editor.key_p95_ms", "ms", 30),
        Budget("bytes.idle_bps", "bytes/s", 0),
        Budget("bytes.load_bps", "bytes/s", 1500),
        Budget("bytes.scroll_line", "bytes", 700),
        Budget("bytes.page_cell", "bytes/cell", 1.3),
        Budget("repeat.bps", "bytes/s", 20_000),
        Budget("repeat.cpu_pct", "% of a core", 15),
        Budget("start.first_frame_ms", "ms", 350),
        Budget("start.rows_1k_ms", "ms", 900),
        Budget("memory.row_bytes", "bytes", 2500),
    )
}
