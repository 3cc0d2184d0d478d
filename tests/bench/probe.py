"""Runs k9py as it is, with one task more: it notes when the event loop stood still, and how long.

``python -m tests.bench.probe FILE k9py-arguments…``; a line each: when it ended (monotonic seconds), milliseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from k9py.ui import app as application

STEP = 0.002
"""Seconds the task sleeps; a stall is what comes on top."""
WORTH_NOTING = 0.003
"""Seconds."""


NOTE = Path(sys.argv[1])


class ProbedApp(application.K9App):
    """The application under its own name."""

    def on_mount(self) -> None:
        """Start watching the loop."""
        self.probe = asyncio.get_running_loop().create_task(watch_loop(NOTE))


async def watch_loop(file: Path) -> None:
    """Note every time the loop came round late."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(STEP)
        now = time.monotonic()
        stall = now - before - STEP
        if stall > WORTH_NOTING:
            with file.open("a") as notes:
                notes.write(f"{now:.4f} {stall * 1000:.1f}\n")


if __name__ == "__main__":
    from k9py.cli.main import run_as_program

    application.K9App = ProbedApp  # type: ignore[misc]
    sys.argv = ["k9py", *sys.argv[2:]]
    run_as_program()
