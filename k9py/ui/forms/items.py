"""Items of lists and keys of maps: added, removed and moved where the cursor is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.core.errors import UsageError
from k9py.ui.forms.filling import move, remove
from k9py.ui.forms.rows import OPTIONS, RowKind

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen


class FormItems:
    """Changes the lists of one form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def add(self, part: int, list_id: str) -> None:
        """Add an item to a list and go to its first field."""
        self._screen.do(lambda: self._add(part, list_id))

    def _add(self, part_key: int, list_id: str) -> None:
        screen = self._screen
        part = screen.sheet.part_of(part_key)
        if part is None:
            raise UsageError("this object is no longer there")
        index = screen.sheet.change(part, lambda model: model.add_item(list_id))
        screen.changed()
        item = f"{list_id}[{index}]"
        rows = screen.list.rows
        screen.list.go_below(next((at for at, row in enumerate(rows) if row.part == part_key and row.id == item), 0))

    def add_here(self) -> None:
        """Add an item to the list the cursor is in."""
        row = self._screen.list.row
        if row is None or row.part == OPTIONS or (row.kind is not RowKind.LIST and "[" not in row.id):
            self._screen.refuse("There is no list here")
        else:
            self.add(row.part, row.id if row.kind is RowKind.LIST else row.id.rpartition("[")[0])

    def remove_here(self) -> None:
        """Remove the key, the item or the value under the cursor; undo brings it back."""
        screen = self._screen
        row = screen.list.row
        if row is None:
            return
        screen.list.forget()

        def act() -> None:
            removed = remove(screen.sheet, row)
            screen.complaints.pop(row.place, None)
            screen.pending.pop(row.place, None)
            screen.changed()
            screen.k9.flash_text(f"{removed} removed; ctrl+u brings it back")

        screen.do(act)

    def move(self, by: int) -> None:
        """Move the item the cursor is in up or down."""
        screen = self._screen
        row = screen.list.row
        if row is None:
            return

        def act() -> None:
            moved_id = move(screen.sheet, row, by)
            screen.changed()
            screen.list.go_to((row.part, row.kind.value, moved_id))

        screen.do(act)
