"""Log lines as values, and how the bytes of a log become them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import msgspec

from k9py.core.ages import format_time

LONGEST_SHOWN = 64 * 1024
"""Bytes of a line that are kept; containers write lines of many megabytes, no person reads them."""
NANO = 1_000_000_000


class LineKind(Enum):
    """What a line of a feed is."""

    TEXT = "text"
    """The container wrote it."""
    GAP = "gap"
    """Lines are missing here; the text says how many or why."""
    NOTE = "note"
    """Something happened to the container or to the connection."""
    ERROR = "error"
    """The log cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """One container whose log is read."""

    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        return f"{self.pod}/{self.container}"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What part of a log is wanted."""

    follow: bool = True
    previous: bool = False
    """The instance before the last restart; it has ended, so it cannot be followed."""
    since: float | None = None
    """Seconds back from now."""
    tail: int | None = None
    """Lines from the end."""


class LogLine(msgspec.Struct, gc=False, frozen=True):
    """One line of one container."""

    source: LogSource
    kind: LineKind
    stamp: int
    """When it was written, in nanoseconds of Unix time; 0 when that is not known."""
    text: str
    """Without its timestamp and its line end; control characters are still in it."""
    cut: int = 0
    """Bytes left out at its end because it is too long."""


class LineCutter:
    """Assembles lines from chunks, keeping only the beginning of very long ones."""

    __slots__ = ("_dropped", "_held", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self._dropped = 0

    def feed(self, chunk: bytes) -> list[tuple[bytes, int]]:
        """Return the lines this chunk completes, each with the number of bytes left out."""
        first, *others = chunk.split(b"\n")
        self._hold(first)
        if not others:
            return []
        lines = [self.flush()]
        for line in others[:-1]:
            self._hold(line)
            lines.append(self.flush())
        self._hold(others[-1])
        return lines

    def flush(self) -> tuple[bytes, int]:
        """Return what is held as a line, empty when there is nothing, and start a new one."""
        line, dropped = b"".join(self._parts), self._dropped
        self._parts, self._held, self._dropped = [], 0, 0
        return line.removesuffix(b"\r"), dropped

    def _hold(self, piece: bytes) -> None:
        kept = piece[: LONGEST_SHOWN - self._held]
        self._dropped += len(piece) - len(kept)
        if kept:
            self._parts.append(kept)
            self._held += len(kept)


class StampReader:
    """Reads the timestamps a kubelet puts before lines; most of them share their second with the one before."""

    __slots__ = ("_second", "_seconds")

    def __init__(self) -> None:
        self._second = b""
        self._seconds = 0

    def split(self, line: bytes) -> tuple[int, bytes]:
        """Return the stamp in nanoseconds and the text; the stamp is 0 when the line has none."""
        stamp, _, text = line.partition(b" ")
        nanoseconds = self._parse(stamp)
        return (nanoseconds, text) if nanoseconds else (0, line)

    def _parse(self, stamp: bytes) -> int:
        """Return nanoseconds for RFC 3339 with up to nine digits; compared as numbers, since zeros are trimmed."""
        if len(stamp) < 20 or stamp[10:11] != b"T":
            return 0
        second, rest = stamp[:19], stamp[19:]
        fraction = b""
        if rest[:1] == b".":
            digits = len(rest) - len(rest[1:].lstrip(b"0123456789")) - 1
            fraction, rest = rest[1 : digits + 1], rest[digits + 1 :]
        try:
            if rest == b"Z":
                if second != self._second:
                    moment = datetime.fromisoformat(second.decode("ascii")).replace(tzinfo=UTC)
                    self._second, self._seconds = second, int(moment.timestamp())
                seconds = self._seconds
            else:
                seconds = int(datetime.fromisoformat((second + rest).decode("ascii")).timestamp())
        except (ValueError, UnicodeDecodeError):
            return 0
        return seconds * NANO + int(fraction[:9].ljust(9, b"0") or b"0")


def text_of(line: bytes) -> str:
    """Decode a line; what is not UTF-8, such as a character cut in two, becomes the replacement character."""
    return line.decode("utf-8", "replace")


def since_time(stamp: int) -> str:
    """Return the ``sinceTime`` to resume from: whole seconds, as the kubelet gets no finer ones."""
    return format_time(stamp // NANO)
