"""Keys one after the other: a key is looked at when everything the key before it did is done.

Textual hands keys to the widget that has the focus when they arrive, not when their turn comes. Behind a slow link many
arrive at once: without this, the letters of a command would be split between the table and the prompt that the first
one opens.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.events import Callback, Key
from textual.timer import Timer

from k9py.ui._compat import is_stopped

if TYPE_CHECKING:
    from k9py.ui.app import K9App

PATIENCE = 0.5
"""Seconds after which a key is looked at in any case: the widget that had the one before may be gone."""


class KeyGate:
    """Lets one key through at a time."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._held: deque[Key] = deque()
        self.turn = 0
        """Number of the key under way."""
        self._is_busy = False
        self._on: object = None
        """The screen that the key under way was handed to."""
        self._timer: Timer | None = None

    @property
    def is_busy(self) -> bool:
        """True while a key is under way or waits for its turn."""
        return self._is_busy or bool(self._held)

    @property
    def waiting(self) -> tuple[Key, ...]:
        """Keys that came and were not looked at yet."""
        return tuple(self._held)

    def admit(self, key: Key) -> bool:
        """Return True when a key may be looked at now; else it is kept for its turn."""
        if not self._is_busy:
            self._is_busy = True
            self.turn += 1
            self._on = self._app.screen_stack[-1] if self._app.screen_stack else None
            return True
        self._held.append(key)
        if self._timer is None:
            self._wait()
        return False

    def retake(self, key: Key) -> bool:
        """Look at a key again, before those typed after it; False when its turn is over already."""
        if self._is_busy:
            # By the time it was typed: of two keys taken back in one turn the second must not overtake the first.
            later = (place for place, held in enumerate(self._held) if held.time > key.time)
            self._held.insert(next(later, len(self._held)), key)
        return self._is_busy

    def _wait(self) -> None:
        turn = self.turn
        self._timer = self._app.set_timer(PATIENCE, lambda: self.end(turn))

    def follow(self, key: Key, start: DOMNode) -> None:
        """Go the way of the key just handed over, from widget to widget up, and let the next one in at its end."""
        _Way(self, self._app, key, start).go()

    def screens_changed(self) -> None:
        """A key whose screen it closed has no way to go any more: the next one is not kept waiting."""
        if self._is_busy and self._on not in self._app.screen_stack:
            # Behind what the closing of the screen asked the application to do.
            self._app.call_later(self._app.call_later, self.end, self.turn)

    async def end(self, turn: int) -> None:
        """The way of a key ends: the next one's begins."""
        if turn != self.turn or not self._is_busy:
            return
        self._is_busy = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._held:
            await self._app.on_event(self._held.popleft())
            if self._held and self._timer is None:
                self._wait()


class _Way:
    """The way of one key: a message posted behind the key wherever the key goes.

    It is posted as a method of one class, because Textual asks each callback it does not know how many parameters it
    takes, which costs as much as the message.
    """

    __slots__ = ("_app", "_gate", "_key", "_node", "_turn")

    def __init__(self, gate: KeyGate, app: K9App, key: Key, start: DOMNode) -> None:
        self._gate = gate
        self._app = app
        self._key = key
        self._turn = gate.turn
        self._node: DOMNode | None = start

    def go(self) -> None:
        """Wait until the present widget is done with the key; behind the last one the application's turn ends it."""
        node = self._node
        if node is None or node is self._app or not node.is_running:
            self._app.post_message(Callback(self.end))
        else:
            node.post_message(Callback(self.move_on))

    def move_on(self) -> None:
        """Go on from a widget that is done; one that stopped the key may have left work to its screen."""
        node = self._node
        if node is not None:
            screen = node.screen if node.is_attached else None
            self._node = screen if is_stopped(self._key) and node is not screen else node.parent
            self.go()

    async def end(self) -> None:
        """Let the next key in."""
        await self._gate.end(self._turn)
