"""Whether a key answers what is on the screen, or was typed before it was there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.events import Key
from textual.screen import Screen

if TYPE_CHECKING:
    from k9py.ui.app import K9App

PAUSE = 0.25
"""Seconds without a key after which one counts: longer than a key repeats, shorter than anybody reads and answers."""


class Attention:
    """Tells keys that answer what is on the screen from those typed before it was there."""

    def __init__(self) -> None:
        self._since: float | None = None

    @property
    def is_there(self) -> bool:
        """True once what is to be answered is on the screen."""
        return self._since is not None

    def painted(self, at: float) -> None:
        """It is on the screen; ``at`` is the time of events (monotonic seconds)."""
        self._since = at

    def takes(self, at: float) -> bool:
        """Return whether a key of this time counts; one that does not starts the pause anew."""
        if self._since is None:
            return False
        if at - self._since >= PAUSE:
            return True
        self._since = max(self._since, at)
        return False

    def await_paint(self, screen: Screen[Any]) -> None:
        """Begin anew, and listen once the terminal has taken the picture of a screen."""
        self._since = None

        def look() -> None:
            if cast("K9App", screen.app).frame_waits:
                screen.set_timer(PAUSE, look)
                return
            # The clock of events, not the application's: both are compared.
            self.painted(Key("escape", None).time)

        screen.call_after_refresh(look)
