"""What a list of form rows is shown for."""

from __future__ import annotations

from typing import Protocol

from k9py.ui.forms.rows import FormRow


class Owner(Protocol):
    """What a form is shown for. These are called, not messaged: keys typed ahead must meet what a key did."""

    @property
    def is_ready(self) -> bool:
        """True once what was typed before there was a form is taken: what comes sooner waits behind it."""

    def typing(self) -> None:
        """The text of the current row changed and was not taken yet."""

    def take(self, row: FormRow, text: str) -> None:
        """Take what was typed in a row."""

    def moved(self) -> None:
        """The cursor is on another row."""

    def choose(self, row: FormRow, ahead: str) -> None:
        """Offer what may stand in a row; ``ahead`` was typed already."""

    def add(self, row: FormRow) -> None:
        """Add an item to a list."""

    def open_value(self, row: FormRow) -> None:
        """Edit a value of several lines as a text of its own."""

    def refuse(self, text: str) -> None:
        """Tell the person why nothing happened."""
