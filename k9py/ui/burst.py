"""Text pasted into a terminal without bracketed paste arrives as keys; they must not act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Key

if TYPE_CHECKING:
    from k9py.ui.app import K9App

OPENERS = ":/?+"
"""A burst that begins with one of these is somebody typing ahead on a slow link: it opens a line or a form and goes
there as text."""

TEXT_KEYS = frozenset({"enter", "tab"})
"""Keys that print nothing and still occur in pasted text."""

BURST_KEYS = 4
"""Printable keys waiting at once that no person types: a held key repeats 30 times a second and is drained faster."""


class Burst:
    """Recognises a burst of printable keys and collects it as text."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._text = ""

    def swallow(self, event: Key) -> bool:
        """Return True when the key is part of a burst; its text goes to the filter once the burst is over."""
        if not self._text and not self._begins(event):
            return False
        self._text += event.character or ("\n" if event.key == "enter" else " ")
        if not self._waiting():
            text, self._text = self._text, ""
            self._app.browser.paste_filter(text)
        return True

    def _begins(self, event: Key) -> bool:
        """A burst begins with a printable key and several more waiting, not all the same: that is a held key."""
        if not event.is_printable or (event.character or "") in OPENERS:
            return False
        waiting = self._waiting()
        if any(not item.is_printable and item.key not in TEXT_KEYS for item in waiting):
            # No text holds an Escape or a cursor key: somebody types ahead.
            return False
        return len(waiting) >= BURST_KEYS and bool({item.key for item in waiting} - {event.key})

    def _waiting(self) -> list[Key]:
        """Return the keys that came and were not looked at yet."""
        return [*self._app.keys.waiting, *(message for message in self._app.queued() if isinstance(message, Key))]
