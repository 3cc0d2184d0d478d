"""Textual's terminal driver with its faults mended; private parts, so used for tested versions only (see ``_compat``).

A terminal that is gone makes Textual's input thread spin or print a traceback; here it means leaving. SIGCONT without a
SIGTSTP before it (``kill -STOP``) makes Textual start a second pair of threads; here it means painting again. Textual
stops itself whoever started it: behind ``ssh host k9py`` nobody could ever continue it, and under ``make`` the shell
never learns of it. Here the whole job is stopped, and where no shell waits for it, it goes on.
"""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from k9py.ui.pasting import Pasted, Pastes

READ_SIZE = 4096
CHECK = 0.1
"""Seconds between two looks at whether the thread is to end, and at a lone Escape that is no sequence."""


class Resumed(events.Event):
    """The program runs again after a stop that nobody announced: the screen may be another's."""


class NotSuspended(events.Event):
    """The program was told to stop, but no shell is there that could continue it."""


class TerminalDriver(LinuxDriver):
    """Keyboard and output of a Unix terminal."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._stopped = False
        self.on_lost: Callable[[], None] | None = getattr(app, "terminal_lost", None)
        """Called from the input thread when the terminal is gone."""

    def _sigtstp_application(self, *_: Any) -> None:
        """Give the terminal back and stop the job; go on at once where nobody could continue it."""
        if not self._auto_restart:
            # The terminal is lent to another program, which is in the job as well.
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        self._stopped = True
        self.suspend_application_mode()
        self._must_signal_resume = True
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        # To the job, as the terminal does it for other programs. The kernel drops it for a job no shell looks after.
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        if self._stopped:
            self._sigcont_application()
            self.send_message(NotSuspended())

    def _sigcont_application(self, *_: Any) -> None:
        """Take the terminal again; continued in the background that fails, and the next SIGCONT tries anew."""
        if not self._stopped:
            self.send_message(Resumed())
            return
        super()._sigcont_application()
        self._stopped = self._key_thread is None or not self._key_thread.is_alive()

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until there is no terminal to read from."""
        parser, pastes = XTermParser(self._debug), Pastes()
        decode = getincrementaldecoder("utf-8")(errors="replace").decode

        def take(pieces: Iterable[str | Pasted]) -> None:
            for piece in pieces:
                if isinstance(piece, Pasted):
                    self.process_message(events.Paste(piece.text))
                    continue
                for event in parser.feed(piece):
                    self.process_message(event)

        silent = 0.0
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                due = pastes.waits
                pause = CHECK if due is None else min(CHECK, due)
                if selector.select(pause):
                    try:
                        data = os.read(self.fileno, READ_SIZE)
                    except OSError:
                        data = b""
                    if not data:
                        if self.on_lost is not None:
                            self.on_lost()
                        return
                    silent = 0.0
                    take(pastes.feed(decode(data)))
                elif due is not None:
                    silent += pause
                    if silent >= due:
                        take(pastes.give_up())
                for event in parser.tick():
                    self.process_message(event)
        try:
            for event in parser.feed(""):
                self.process_message(event)
        except (EOFError, ParseError):
            # The parser's way of saying that the input ended inside a sequence.
            return
