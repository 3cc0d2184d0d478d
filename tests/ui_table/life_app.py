"""A table in a terminal of its own: ``python -m tests.ui_table.life_app NOTES``; it writes what happens to a file.

``c`` changes rows forty times a second until 80 changes are made; ``z`` lends the terminal to ``printf``;
``s`` suspends the program.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from textual.app import ComposeResult

from k9py.ui._compat import DiffApp
from k9py.ui.table import RowTable
from tests.ui_table.sample import columns, pod

CHANGES = 80


class LifeApp(DiffApp[None]):
    """One table over the whole screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = notes
        self.table = RowTable(columns())
        self.changing: asyncio.Task[None] | None = None

    def note(self, text: str) -> None:
        """Write down what happened."""
        with self.notes.open("a") as file:
            file.write(text + "\n")

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.reset([pod(f"api-{number:03d}") for number in range(100)])
        self.table.focus()
        self.call_after_refresh(self.note, "painted")

    def key_c(self) -> None:
        self.changing = asyncio.get_running_loop().create_task(self.change())

    async def change(self) -> None:
        """Change every visible row, often."""
        for number in range(1, CHANGES + 1):
            rows = (pod(f"api-{index:03d}", cpu=number, restarts=number) for index in range(60))
            self.table.apply({row.key: row for row in rows})
            await asyncio.sleep(0.025)
        self.note("changed")

    def key_z(self) -> None:
        with self.suspend():
            subprocess.run(["printf", r"\033[2J\033[Hanother program"], check=True)
        self.note("back")

    def key_s(self) -> None:
        self.action_suspend_process()

    def leave(self) -> None:
        self.note("saved")
        super().leave()


if __name__ == "__main__":
    LifeApp(Path(sys.argv[1])).run(mouse=False)
