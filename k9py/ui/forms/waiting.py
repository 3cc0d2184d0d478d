"""What lies over the browser while a form is being made: keys typed meanwhile are the form's, never the list's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult
from textual.events import Key
from textual.screen import ModalScreen, Screen

from k9py.resources.model import Tone
from k9py.ui.forms.screen import FormScreen
from k9py.ui.keys import again
from k9py.ui.look import Look
from k9py.ui.statusline import Bar

Then = Callable[[], Screen[Any]]
"""Opens what was made ready, and returns it."""


class WaitScreen(ModalScreen[None]):
    """Says that something opens, and keeps the keys. It goes when what was opened over it goes."""

    DEFAULT_CSS = """
    WaitScreen { align: left bottom; background: transparent; }
    """

    def __init__(self, look: Look, cancel: Callable[[], None]) -> None:
        """``cancel`` gives it up."""
        super().__init__()
        self._look = look
        self._cancel = cancel
        self._ahead: list[Key] = []
        """Keys typed meanwhile."""
        self._heir: Screen[Any] | None = None
        """What was opened."""
        self._is_going = False

    def compose(self) -> ComposeResult:
        """One line."""
        bar = Bar(self._look, raised=True)
        opening = f" Opening {self._look.glyphs.ellipsis}"
        bar.show(((opening, Tone.DIM), ("  esc", Tone.ACCENT), (" leave ", Tone.PLAIN)))
        yield bar

    def hand_over(self, then: Then) -> None:
        """Open what was waited for over this, and give it the keys."""
        heir = self._heir = then()
        if isinstance(heir, FormScreen):
            heir.keyed.typed_ahead = self._ahead
            return
        for key in self._ahead:
            again(self, key)

    def on_screen_resume(self) -> None:
        """What was opened is gone: so is this."""
        # The first resume may come late, when what was opened lies over this already.
        if self._heir is not None and self.app.screen is self and not self._is_going:
            self._is_going = True
            self.dismiss()

    async def on_key(self, event: Key) -> None:
        """Keep a key for what opens, or give up; one that came late goes there at once."""
        event.stop()
        event.prevent_default()
        if isinstance(self._heir, FormScreen) and self._heir.keyed.is_ready:
            await self._heir.keyed.take(event)
        elif self._heir is not None and not isinstance(self._heir, FormScreen):
            again(self, event)
        elif event.key == "escape" and self._heir is None:
            self._cancel()
        else:
            self._ahead.append(event)

    def cancel_work(self) -> None:
        """Ctrl-C gives up too."""
        self._cancel()
