"""The logs of any number of containers as one bounded feed."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable

from k9py.core.clock import Clock
from k9py.core.tasks import FailureHandler, TaskSet
from k9py.kube.loglines import LineKind, LogLine, LogOptions, LogSource
from k9py.kube.logstream import LogStream
from k9py.kube.wire import Transport

UNREAD_LINES = 20_000
"""Lines kept for a reader that does not come; the oldest go first and a gap says how many went."""
UNREAD_CHARACTERS = 16_000_000
"""The same by size, for lines that are long."""


class LogFeed:
    """Reads containers as the caller names them; drained by the screen like a subscription."""

    def __init__(
        self,
        transport: Transport,
        options: LogOptions,
        *,
        clock: Clock,
        rng: random.Random | None = None,
        on_failure: FailureHandler | None = None,
    ) -> None:
        self.options = options
        self.on_wake: Callable[[], None] | None = None
        """Called on the loop when there is something to drain again, and when the last stream ended."""
        self._transport = transport
        self._clock = clock
        self._rng = rng or random.Random()
        self._tasks = TaskSet(on_failure)
        self._streams: dict[LogSource, LogStream] = {}
        self._running: dict[LogSource, asyncio.Task[None]] = {}
        self._unread: deque[LogLine] = deque()
        self._characters = 0
        self._dropped = 0

    @property
    def sources(self) -> tuple[LogSource, ...]:
        """The containers whose log is still being read."""
        return tuple(self._running)

    @property
    def done(self) -> bool:
        """True when no stream runs any more."""
        return not self._running

    def set_sources(self, sources: Iterable[LogSource]) -> None:
        """Read these containers: new ones are started, those no longer named are read to their end."""
        wanted = dict.fromkeys(sources)
        for source, stream in self._streams.items():
            stream.last_instance = source not in wanted
        for source in wanted:
            if source not in self._streams:
                self._start(source)

    def drain(self) -> list[LogLine]:
        """Return the lines that came since the last drain, in the order they were written."""
        lines = list(self._unread)
        self._unread.clear()
        self._characters = 0
        if len(self._streams) > 1:
            lines.sort(key=_stamp_of)
        if self._dropped and lines:
            text = f"{self._dropped} lines left out here: they came faster than they were read"
            lines.insert(0, LogLine(lines[0].source, LineKind.GAP, lines[0].stamp, text))
            self._dropped = 0
        return lines

    def reconnect(self) -> None:
        """Open every stream anew where it stands: the connections in hand are known to lead nowhere."""
        for source in list(self._running):
            task = self._running.pop(source)
            task.cancel()
            self._run(self._streams[source])

    async def close(self) -> None:
        """Stop reading."""
        self.on_wake = None
        await self._tasks.close()

    def _start(self, source: LogSource) -> None:
        stream = LogStream(self._transport, source, self.options, self._take, clock=self._clock, rng=self._rng)
        self._streams[source] = stream
        self._run(stream)

    def _run(self, stream: LogStream) -> None:
        task = self._tasks.start(stream.run(), name=f"log {stream.source}")
        self._running[stream.source] = task
        task.add_done_callback(lambda ended: self._ended(stream.source, ended))

    def _ended(self, source: LogSource, task: asyncio.Task[None]) -> None:
        if self._running.get(source) is task:
            del self._running[source]
            if not self._running:
                self._wake()

    def _take(self, lines: list[LogLine]) -> None:
        was_empty = not self._unread
        for line in lines:
            self._unread.append(line)
            self._characters += len(line.text)
        while len(self._unread) > UNREAD_LINES or self._characters > UNREAD_CHARACTERS:
            self._characters -= len(self._unread.popleft().text)
            self._dropped += 1
        if was_empty:
            self._wake()

    def _wake(self) -> None:
        if self.on_wake is not None:
            self.on_wake()


def _stamp_of(line: LogLine) -> int:
    return line.stamp
