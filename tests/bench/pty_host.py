"""Runs a program on a pseudo-terminal, types into it, and counts what it writes back."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Mapping, Sequence

from tests.ui_table.emulator import Emulator

WIDTH, HEIGHT = 160, 48
FRAME_END = b"\x1b[?2026l"
_SYNC_QUERY = b"\x1b[?2026$p"
_SYNC_ANSWER = b"\x1b[?2026;2$y"
_TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A program on a pty of 160x48 that understands synchronized output, 24-bit colour and scroll regions."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, core: int | None = None) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if not self.pid:
            kept = {name: value for name, value in environ.items() if name not in _NOT_OURS}
            os.execvpe(command[0], list(command), {**kept, **_TERMINAL})
        if core is not None and os.cpu_count() != 1:
            os.sched_setaffinity(self.pid, {core})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self._ended = False
        self._screen: Emulator | None = None
        self._fed = 0
        self._decode = getincrementaldecoder("utf-8")().decode
        self.output = bytearray()
        """Everything written so far."""

    def read(self, seconds: float) -> bytes:
        """Return what comes within so many seconds, or at the first silence after it began; b'' for nothing."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self._fd, 1 << 20)
        except OSError:
            return b""
        if _SYNC_QUERY in data:
            os.write(self._fd, _SYNC_ANSWER)
        self.output += data
        return data

    def listen(self, seconds: float) -> bytes:
        """Return everything written during exactly so many seconds."""
        start, end = len(self.output), time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        return bytes(self.output[start:])

    def until(self, pattern: bytes, seconds: float = 30.0) -> float:
        """Read until a regular expression matches what is written from now on; returns the seconds it took."""
        begin, start = time.perf_counter(), len(self.output)
        end = begin + seconds
        compiled = re.compile(pattern)
        while not compiled.search(self.output, start):
            if time.perf_counter() > end:
                raise TimeoutError(f"{pattern!r} did not come; last: {bytes(self.output[-300:])!r}")
            self.read(0.05)
        return time.perf_counter() - begin

    def until_shown(self, text: str, seconds: float = 30.0) -> None:
        """Read until the screen shows a text; what is written does not hold it, only what differs does."""
        if self._screen is None:
            self._screen = Emulator(WIDTH, HEIGHT)
        end = time.perf_counter() + seconds
        while True:
            self._screen.feed(self._decode(bytes(self.output[self._fed :])))
            self._fed = len(self.output)
            lines = self._screen.lines()
            if any(text in line for line in lines):
                return
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} was not shown; the screen begins: {' / '.join(lines[:4])}")
            self.read(0.05)

    def settle(self, quiet: float = 0.4, seconds: float = 20.0) -> None:
        """Read until nothing came for ``quiet`` seconds."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if not self.read(quiet):
                return

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._fd, keys)

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_megabytes(self) -> float:
        """Return the highest resident size so far."""
        with open(f"/proc/{self.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def poll(self) -> bool:
        """Return whether the program has ended."""
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._ended

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """End the program."""
        if not self.poll():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._fd >= 0:
            os.close(self._fd)


_TERMINAL = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LC_ALL": "C.UTF-8",
    "COLUMNS": str(WIDTH),
    "LINES": str(HEIGHT),
}
_NOT_OURS = frozenset({"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "TMUX", "STY", "NO_COLOR", "TERM_PROGRAM"})
"""What the person's own terminal would say about itself."""
