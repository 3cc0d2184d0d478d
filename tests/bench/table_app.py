"""The table alone, with rows and changes made in the process: ``python -m tests.bench.table_app ROWS``.

Keys beside the table's own: ``L`` starts and stops 1,000 changes a second, one in a hundred of them on the screen.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time

from textual.app import ComposeResult

from k9py.core.clock import SystemClock
from k9py.kube.rows import Row
from k9py.resources.model import Column, ColumnMaker, Measure, RowContext, Tone
from k9py.ui._compat import DiffApp
from k9py.ui.flush import FlushClock
from k9py.ui.table import RowTable

RATE = 1000
VISIBLE_SHARE = 0.01
READY_TITLE = "\x1b]2;rows\x07"


class Pod(Row, gc=False):
    """What a pod list shows."""

    status: str
    restarts: int
    cpu: int
    memory: int
    ip: str
    node: str


def tone(row: Pod, _: RowContext) -> Tone:
    """Failures are bad, what waits is a warning."""
    return {"Running": Tone.PLAIN, "Completed": Tone.DIM, "Pending": Tone.WARN}.get(row.status, Tone.BAD)


def columns() -> tuple[Column, ...]:
    """Twelve columns, as a pod list has them."""
    make = ColumnMaker(Pod)
    number = Measure.NUMBER
    return (
        make("namespace", "NAMESPACE", lambda row, _: row.namespace, max_width=20),
        make("name", "NAME", lambda row, _: row.name, flex=True, width=12, rank=0),
        make("pf", "PF", lambda row, _: "", width=2),
        make("ready", "READY", lambda row, _: "2/2", width=5),
        make("status", "STATUS", lambda row, _: row.status, tone=tone, width=9, max_width=20),
        make("restarts", "RST", lambda row, _: str(row.restarts), sort=lambda row, _: row.restarts, align="right",
             measure=number),
        make("cpu", "CPU", lambda row, _: str(row.cpu), sort=lambda row, _: row.cpu, align="right"),
        make("mem", "MEM", lambda row, _: str(row.memory), sort=lambda row, _: row.memory, align="right"),
        make("percent", "%L", lambda row, _: str(row.memory * 100 // 2000), align="right"),
        make("ip", "IP", lambda row, _: row.ip, width=12),
        make("node", "NODE", lambda row, _: row.node, width=9),
        make("age", "AGE", lambda row, ctx: f"{int((ctx.now - row.created) // 86400)}d", align="right", live=True),
    )  # fmt: skip


def make_rows(count: int) -> dict[str, Pod]:
    """Return pods like those of a large cluster; the same ones every time."""
    chance = random.Random(1)
    now = time.time()
    rows: dict[str, Pod] = {}
    for number in range(count):
        healthy = chance.random() < 0.9
        row = Pod(
            uid=f"uid-{number}",
            namespace=f"team-{number % 40:02d}-prod",
            name=f"checkout-{chance.getrandbits(40):010x}-{chance.getrandbits(20):05x}",
            resource_version="1",
            created=now - 86400 * chance.randrange(1, 90) - 40_000,
            labels=None,
            owners=(),
            deleting=False,
            broken="",
            status="Running" if healthy else chance.choice(["CrashLoopBackOff", "Pending", "Completed"]),
            restarts=chance.randrange(9),
            cpu=chance.randrange(900),
            memory=chance.randrange(2000),
            ip=f"10.{number // 65536}.{number // 256 % 256}.{number % 256}",
            node=f"node-{number % 250:04d}",
        )
        rows[row.key] = row
    return rows


class BenchApp(DiffApp[None]):
    """One table over the whole screen."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: #000000; } RowTable > .row-table--cursor { background: #112233; color: #ffffff; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.clock = SystemClock()
        self.flush_clock = FlushClock(self.clock)
        self.stored = make_rows(count)
        self.changes: dict[str, Row] = {}
        self.table = RowTable(columns(), clock=self.clock)
        self.busy = False

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def on_mount(self) -> None:
        """Fill the table and start the clock."""
        self.flush_clock.watch(self, self.drain, tick=self.tick)
        self.table.context.now = self.clock.now()
        self.table.reset(self.stored.values())
        self.table.focus()
        gc.collect()
        gc.freeze()
        asyncio.get_running_loop().create_task(self.feed())

    def drain(self) -> None:
        """Bring the changes to the table, as a pane does."""
        changes, self.changes = self.changes, {}
        self.table.apply(changes)

    def tick(self, ages: bool) -> None:
        """Let time pass."""
        self.table.tick(self.clock.now(), ages=ages)

    async def feed(self) -> None:
        """Change rows at the rate asked for."""
        chance = random.Random(2)
        keys = list(self.stored)
        debt, last = 0.0, time.perf_counter()
        while True:
            await asyncio.sleep(0.05)
            now = time.perf_counter()
            elapsed, last = now - last, now
            if not self.busy:
                continue
            debt += elapsed * RATE
            shown = [row.key for row in self.table.visible_rows]
            for _ in range(int(debt)):
                key = chance.choice(shown) if chance.random() < VISIBLE_SHARE else chance.choice(keys)
                old = self.stored[key]
                row = _changed(old, cpu=chance.randrange(900), memory=chance.randrange(2000))
                self.stored[key] = self.changes[key] = row
            debt -= int(debt)
            self.flush_clock.wake(self)

    def key_upper_l(self) -> None:
        """Start or stop the load."""
        self.busy = not self.busy


def _changed(row: Pod, *, cpu: int, memory: int) -> Pod:
    return Pod(row.uid, row.namespace, row.name, row.resource_version, row.created, row.labels, row.owners,
               row.deleting, row.broken, row.status, row.restarts, cpu, memory, row.ip, row.node)  # fmt: skip


if __name__ == "__main__":
    BenchApp(int(sys.argv[1])).run(mouse=False)
