"""Leaving when told to from outside: a signal, or a terminal that is gone. The program is out within two seconds."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import termios
import threading
from collections.abc import Callable

_LOG = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
UNBLOCK_AFTER = 1.0
"""Seconds after which output nobody reads is thrown away, so that whoever waits for it can go on."""
GIVE_UP_AFTER = 2.0
"""Seconds after which the process ends whatever it is doing."""


class Departure:
    """Runs one callback when the program has to go, and sees to it that it goes.

    ``leave`` is called once, on the event loop: it saves the state, closes what is open, and ends the application.
    """

    def __init__(self, leave: Callable[[], None], *, end: Callable[[int], None] = os._exit) -> None:
        self._leave = leave
        self._end = end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watchdogs: list[threading.Timer] = []
        self.reason = ""
        """Why the program has to go; empty while it may stay."""

    def install(self) -> None:
        """Listen for the signals; call on the event loop of the main thread."""
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._loop.add_signal_handler(number, self.begin, signal.Signals(number).name)

    def uninstall(self) -> None:
        """Stop listening; a watchdog that runs goes on until the process ends."""
        loop, self._loop = self._loop, None
        if loop is not None:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def begin(self, reason: str) -> None:
        """Leave, because of this; only the first call does anything."""
        if self.reason:
            return
        self.reason = reason
        _LOG.warning("leaving: %s", reason)
        for delay, act in ((UNBLOCK_AFTER, self._drop_output), (GIVE_UP_AFTER, self._give_up)):
            timer = threading.Timer(delay, act)
            timer.daemon = True
            timer.start()
            self._watchdogs.append(timer)
        self._leave()

    def lost_terminal(self) -> None:
        """Say from any thread that the terminal is gone."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.begin, "the terminal is gone")

    def done(self) -> None:
        """Call when everything is closed and the process is about to end by itself."""
        for timer in self._watchdogs:
            timer.cancel()

    @staticmethod
    def _drop_output() -> None:
        """Throw away what the terminal did not read: Textual's writer waits for it, and its end for the writer."""
        for number in (1, 2):
            try:
                termios.tcflush(number, termios.TCOFLUSH)
            except (termios.error, OSError) as error:
                _LOG.debug("output %d not flushed: %s", number, error)

    def _give_up(self) -> None:
        _LOG.error("still here %.0f s after %s: ending", GIVE_UP_AFTER, self.reason)
        self._end(1)
