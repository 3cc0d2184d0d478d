"""Runs k9py as it is, with one task more: it notes the longest stall of the event loop.

``python -m tests.bench.probe FILE k9py-arguments…``; the file is rewritten whenever there is a longer one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from k9py.ui import app as application

STEP = 0.002
"""Seconds the task sleeps; a stall is what comes on top."""


NOTE = Path(sys.argv[1])


class ProbedApp(application.K9App):
    """The application under its own name."""

    def on_mount(self) -> None:
        """Start watching the loop."""
        self.probe = asyncio.get_running_loop().create_task(watch_loop(NOTE))


async def watch_loop(file: Path) -> None:
    """Note the longest time the loop did not come round."""
    worst = 0.0
    while True:
        before = time.perf_counter()
        await asyncio.sleep(STEP)
        stall = time.perf_counter() - before - STEP
        if stall > worst:
            worst = stall
            file.write_text(f"{worst * 1000:.1f}")


if __name__ == "__main__":
    from k9py.cli.main import run_as_program

    application.K9App = ProbedApp  # type: ignore[misc]
    sys.argv = ["k9py", *sys.argv[2:]]
    run_as_program()
