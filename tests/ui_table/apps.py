"""A small app around one table, and what its screen says."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message

from k9py.core.clock import ManualClock
from k9py.ui.table import RowTable
from tests.ui_table.sample import NOW, columns


class TableApp(App[None]):
    """Shows one table and keeps the messages it sends."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.clock = ManualClock(NOW)
        self.sent: list[Message] = []
        self.table = RowTable(columns(), clock=self.clock, **options)
        self.table.context.now = NOW

    def compose(self) -> ComposeResult:
        """Show the table alone."""
        yield self.table

    def on_mount(self) -> None:
        """Have the keys go to the table."""
        self.table.focus()

    def on_row_table_highlighted(self, message: RowTable.Highlighted) -> None:
        self.sent.append(message)

    def on_row_table_activated(self, message: RowTable.Activated) -> None:
        self.sent.append(message)

    def on_row_table_marks_changed(self, message: RowTable.MarksChanged) -> None:
        self.sent.append(message)

    def on_row_table_sort_changed(self, message: RowTable.SortChanged) -> None:
        self.sent.append(message)

    def on_row_table_pasted(self, message: RowTable.Pasted) -> None:
        self.sent.append(message)


def screen_text(app: App[Any]) -> list[str]:
    """Return the lines of the screen without trailing blanks."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
