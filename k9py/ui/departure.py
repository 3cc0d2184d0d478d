"""Leaving when told to from outside: a signal, or a terminal that is gone. The program is out within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import termios
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
UNBLOCK_AFTER = 1.0
"""Seconds after which output nobody reads is thrown away, so that whoever waits for it can go on …"""
UNBLOCK_EVERY = 0.1
"""… again and again, because each time there is more of it."""
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
        self._over = threading.Event()
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
        threading.Thread(target=self._watch, name="departure", daemon=True).start()
        self._leave()

    def lost_terminal(self) -> None:
        """Say from any thread that the terminal is gone."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.begin, "the terminal is gone")

    def done(self) -> None:
        """Call when everything is closed and the process is about to end by itself."""
        self._over.set()

    def _watch(self) -> None:
        """Help the program to end, and end it when it is late.

        Nothing is logged from here: a log that goes to the terminal would wait for it like everything else.
        """
        wait = UNBLOCK_AFTER
        deadline = time.monotonic() + GIVE_UP_AFTER
        while not self._over.wait(min(wait, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                self._end(1)
                return
            for number in (1, 2):
                # Standard output that is no terminal has nothing to be thrown away.
                with contextlib.suppress(termios.error):
                    termios.tcflush(number, termios.TCOFLUSH)
            wait = UNBLOCK_EVERY
