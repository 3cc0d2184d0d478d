"""Jump mode: a letter on every place of the screen; typing it goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from textual.app import ComposeResult
from textual.events import Click, Key
from textual.screen import ModalScreen

from k9py.resources.model import Tone
from k9py.ui.look import Look
from k9py.ui.statusline import Bar

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""In the order fingers reach them."""


@dataclass(frozen=True, slots=True)
class Landing:
    """A place to jump to."""

    x: int
    y: int
    go: Callable[[], object]


def labels_for(count: int) -> list[str]:
    """Return as many labels of equal length as asked for; none is the beginning of another."""
    if count <= len(LETTERS):
        return list(LETTERS[:count])
    return ["".join(pair) for pair in product(LETTERS, repeat=2)][:count]


class JumpScreen(ModalScreen[None]):
    """Shows the labels over the screen below and goes where one is typed; any other key leaves."""

    DEFAULT_CSS = """
    JumpScreen { background: transparent; layers: labels; }
    JumpScreen > Bar { position: absolute; width: 2; layer: labels; }
    """

    def __init__(self, look: Look, landings: Sequence[Landing]) -> None:
        super().__init__()
        self._look = look
        self._landings = dict(zip(labels_for(len(landings)), landings, strict=True))
        self._typed = ""

    def compose(self) -> ComposeResult:
        """One label per landing."""
        for label, landing in self._landings.items():
            bar = Bar(self._look, raised=True)
            bar.styles.offset = (landing.x, landing.y)
            bar.styles.width = len(label)
            bar.show(((label, Tone.ACCENT),))
            yield bar

    def on_key(self, event: Key) -> None:
        """Take a letter; what begins no label leaves."""
        event.stop()
        event.prevent_default()
        typed = self._typed + (event.character or "")
        if typed in self._landings:
            landing = self._landings[typed]
            self.dismiss()
            self.app.call_later(landing.go)
        elif event.character and any(label.startswith(typed) for label in self._landings):
            self._typed = typed
        else:
            self.dismiss()

    def on_click(self, event: Click) -> None:
        """A click leaves."""
        event.stop()
        self.dismiss()
