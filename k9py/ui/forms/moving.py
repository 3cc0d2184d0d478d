"""Where the cursor of a form goes: from field to field, to what is wrong, to the YAML and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.ui.forms.rows import RowKind

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen


class FormMoves:
    """Moves the cursor of one form."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen

    def forward(self) -> None:
        """Take what was typed and go to the next field; on the head of a map with something typed, stay."""
        screen = self._screen
        row = screen.list.row
        if row is not None and row.kind is RowKind.MAP and screen.list.is_dirty and screen.list.typed.strip():
            screen.list.flush()
            return
        self._leave_row()
        if not screen.list.step(1):
            screen.k9.flash_text("This is the last field; ctrl+s reviews what would be written")

    def back(self) -> None:
        """Take what was typed and go to the field before."""
        self._leave_row()
        self._screen.list.step(-1)

    def leap(self, by: int) -> None:
        """Take what was typed and go on by so many fields."""
        self._leave_row()
        self._screen.list.step(by)

    def _leave_row(self) -> None:
        """Somebody was here: from now on the field is told about, empty or not."""
        screen = self._screen
        row = screen.list.row
        screen.list.flush()
        if row is not None and (row.part, row.id):
            screen.checks.touch(row.part, row.id)
            if screen.told.missing:
                screen.draw()

    def go_to(self, part: int, id: str) -> bool:
        """Put the cursor on a field, shown or not; False when the form has none of this id."""
        screen = self._screen
        for _ in range(2):
            for row in screen.list.rows:
                if row.part == part and row.id == id and row.is_focused:
                    screen.list.go_to(row.place)
                    return True
            screen.wanted.add((part, id))
            screen.draw()
        return False

    def switch_sides(self) -> None:
        """Go to the YAML, or back to the form at the place the caret is in."""
        screen = self._screen
        body = screen.query_one("#form-body")
        if screen.list.has_focus:
            screen.list.flush()
            body.add_class("-yaml")
            screen.editor.focus()
        else:
            screen.read_yaml()
            body.remove_class("-yaml")
            screen.list.focus()
            self._to_caret()
        screen.bars.show()

    def _to_caret(self) -> None:
        """Put the cursor on the field that the caret of the YAML is in."""
        screen = self._screen
        found = screen.sheet.place_at(*screen.editor.caret)
        if found is None:
            return
        part, path = found
        inside = [row for row in screen.list.rows if row.part == part.key and row.is_focused and row.path
                  and path[: len(row.path)] == row.path]  # fmt: skip
        if inside:
            screen.list.go_to(max(inside, key=lambda row: len(row.path)).place)

    def next_problem(self) -> None:
        """Go to the next field with something wrong, round the end; empty fields count from here on."""
        screen = self._screen
        screen.list.flush()
        screen.checks.everything = True
        screen.draw()
        rows = screen.list.rows
        here = rows.index(screen.list.row) if screen.list.row in rows else -1
        wrong = [index for index, row in enumerate(rows) if row.said and row.is_focused]
        if not wrong:
            screen.k9.flash_text("Nothing is wrong with it")
            return
        screen.list.go_to(rows[next((index for index in wrong if index > here), wrong[0])].place)
