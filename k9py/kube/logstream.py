"""The log of one container, through cut connections and restarts, with no line twice and no loss untold."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from k9py.core.clock import Clock
from k9py.core.errors import ApiError, Forbidden, K9Error, LinkError, NotFound, TooManyRequests
from k9py.core.refs import Gvr
from k9py.kube.containers import ContainerFate, fate_of
from k9py.kube.loglines import (
    NANO,
    LineCutter,
    LineKind,
    LogLine,
    LogOptions,
    LogSource,
    StampReader,
    since_time,
    text_of,
)
from k9py.kube.pacing import FIRST_WAIT, Backoff, Turns
from k9py.kube.verbs import decode_object
from k9py.kube.wire import Transport

RECHECK = 2.0
"""Seconds between looks at a container that does not run, growing to :data:`RECHECK_LONGEST`."""
RECHECK_LONGEST = 10.0
MOST_TRIES = 3
"""Times a log that is not followed is asked for; somebody waits for its end, with a script maybe."""
BROKEN = 500
"""Status of a server that cannot do it, such as when a node does not answer; asked again at once it still cannot."""
SHORT_STREAM = 1.0
"""Seconds; a followed log that ends sooner without a line counts as a failure."""

PODS = Gvr("", "v1", "pods")

_TO_KUBELET = re.compile(
    r'^Get "https?://(?P<node>[^/":]+)[^"]*/containerLogs/[^"]*": (?:dial tcp [^ ]+: )?(?P<why>.+)$'
)
"""How the API server says that it cannot fetch a log from a node."""


class _Place:
    """How far a log was read: the newest second and how often each of its stamps was delivered.

    The server resumes at whole seconds only, and the lines of a second come in no strict order.
    """

    def __init__(self) -> None:
        self.stamp = 0
        """Newest stamp delivered."""
        self._stamps: dict[int, int] = {}

    def deliver(self, stamp: int) -> None:
        """Count one delivered line."""
        if stamp // NANO > self.stamp // NANO:
            self._stamps.clear()
        if stamp // NANO >= self.stamp // NANO:
            self._stamps[stamp] = self._stamps.get(stamp, 0) + 1
        self.stamp = max(self.stamp, stamp)

    def overlap(self) -> _Overlap:
        """Return what a connection that resumes here will repeat."""
        return _Overlap(self.stamp // NANO * NANO, dict(self._stamps))


@dataclass(slots=True)
class _Overlap:
    """The lines a resumed log repeats."""

    start: int
    """Start of the second it resumes at; 0 when nothing was read yet."""
    expected: dict[int, int]
    met: bool = False
    """True once a line was repeated: then none is missing in between."""

    def repeats(self, stamp: int) -> bool:
        """True when a line with this stamp was delivered before."""
        left = self.expected.get(stamp, 0)
        if left:
            self.expected[stamp] = left - 1
            self.met = True
        return bool(left) or stamp < self.start


class _Seam(K9Error):
    """A resumed log does not start where it was left: another instance writes it, or lines were rotated away."""


class LogStream:
    """Reads one container's log and hands lines to a sink until it is over."""

    def __init__(
        self,
        transport: Transport,
        source: LogSource,
        options: LogOptions,
        sink: Callable[[list[LogLine]], None],
        *,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.source = source
        self.last_instance = False
        """Set when the pod is going away: the log is read to its end and not waited for again."""
        self._transport = transport
        self._options = options
        self._sink = sink
        self._clock = clock
        self._backoff = Backoff(clock, rng)
        self._turns = Turns()
        self._stamps = StampReader()
        self._place = _Place()
        self._restarts: int | None = None
        self._seam_known = False
        """Set when the next connection is known not to repeat the last line."""
        self._rechecks = 0
        self._tries = 0
        """Failures since a line came."""
        self._said = ""
        self._path = PODS.path(source.namespace, source.pod, "log")

    async def run(self) -> None:
        """Read until the container ended for good, the pod is gone, or reading is refused."""
        while True:
            before, opened = self._place.stamp, self._clock.monotonic()
            try:
                await self._read(previous=self._options.previous, follow=self._follows)
            except _Seam:
                await self._bridge()
                continue
            except K9Error as error:
                if not await self._survives(error):
                    return
                continue
            if self._options.previous:
                await self._tell_its_end()
            if not self._follows or self.last_instance:
                return
            if not await self._goes_on():
                return
            if self._place.stamp == before and self._clock.monotonic() - opened < SHORT_STREAM:
                await self._clock.sleep(self._backoff.next())

    @property
    def _follows(self) -> bool:
        return self._options.follow and not self._options.previous

    # --- one connection ----------------------------------------------------------------------------------------

    async def _read(self, *, previous: bool, follow: bool) -> None:
        """Deliver one answer's lines, leaving out those delivered before."""
        overlap = self._place.overlap()
        wary = bool(overlap.start) and not previous and not self._seam_known
        cutter = LineCutter()
        opening = self._transport.stream("GET", self._path, query=self._query(previous=previous, follow=follow))
        async with opening as stream:
            async for chunk in stream.chunks():
                self._deliver(cutter.feed(chunk), overlap, wary=wary)
                if self._turns.spent(len(chunk)):
                    await self._turns.give()
        # Only a clean end makes a line of the rest: after a break the line comes again, whole.
        rest = cutter.flush()
        if rest[0]:
            self._deliver([rest], overlap, wary=wary)

    def _deliver(self, lines: list[tuple[bytes, int]], overlap: _Overlap, *, wary: bool) -> None:
        """Hand new lines to the sink; raises _Seam before the first when ``wary`` and nothing was repeated."""
        batch: list[LogLine] = []
        for raw, cut in lines:
            stamp, text = self._stamps.split(raw)
            if not stamp:
                # The kubelet's own complaints come without a stamp, again at each try.
                if raw:
                    self._say(LineKind.ERROR, text_of(raw))
            elif not overlap.repeats(stamp):
                if wary and not overlap.met:
                    raise _Seam("the log does not start where it was left")
                self._place.deliver(stamp)
                batch.append(LogLine(self.source, LineKind.TEXT, stamp, text_of(text), cut))
        if batch:
            self._said = ""
            self._rechecks = self._tries = 0
            self._seam_known = False
            self._sink(batch)

    def _query(self, *, previous: bool, follow: bool) -> list[tuple[str, str]]:
        query = [("container", self.source.container), ("timestamps", "true")]
        query += [("follow", "true")] if follow else []
        query += [("previous", "true")] if previous else []
        if self._place.stamp:
            return [*query, ("sinceTime", since_time(self._place.stamp))]
        if self._options.since is not None:
            query.append(("sinceSeconds", str(max(1, round(self._options.since)))))
        if self._options.tail is not None:
            query.append(("tailLines", str(self._options.tail)))
        return query

    # --- between connections -----------------------------------------------------------------------------------

    async def _survives(self, error: K9Error) -> bool:
        """Tell why reading failed and wait; False when trying again is of no use."""
        if isinstance(error, NotFound):
            self._say(LineKind.NOTE, f"pod {self.source.pod} is gone")
            return False
        if isinstance(error, Forbidden):
            self._say(LineKind.ERROR, f"not allowed to get pods/log in namespace {self.source.namespace}")
            return False
        self._tries += 1
        asked = error.retry_after if isinstance(error, ApiError) else None
        if not self._follows and asked is None and (self._tries >= MOST_TRIES or _is_broken(error)):
            self._say(LineKind.ERROR, _plain(error.with_remedy()))
            return False
        if isinstance(error, LinkError):
            self._say(LineKind.NOTE, f"connection lost: {error}")
        elif isinstance(error, ApiError) and error.status < 500 and not isinstance(error, TooManyRequests):
            # 400: the container does not run yet, or there is no previous instance.
            self._say(LineKind.NOTE if self._follows else LineKind.ERROR, str(error))
            if not self._follows or self.last_instance:
                return False
            await self._recheck_pause()
            return True
        else:
            self._say(LineKind.ERROR, _plain(error.with_remedy()))
        await self._clock.sleep(self._backoff.next() if asked is None else max(asked, FIRST_WAIT))
        return True

    async def _tell_its_end(self) -> None:
        """Say how the previous instance ended, below its last line."""
        try:
            ending = (await self._fate()).ending_before
        except K9Error as error:
            self._say(LineKind.NOTE, f"cannot tell how this run ended: {error}")
            return
        if ending:
            self._say(LineKind.NOTE, f"this run ended: {ending}")

    async def _goes_on(self) -> bool:
        """Find out why a followed log ended; True once there may be more of it."""
        while True:
            try:
                fate = await self._fate()
            except NotFound:
                self._say(LineKind.NOTE, f"pod {self.source.pod} is gone")
                return False
            except K9Error as error:
                # Reading the pod may be refused where reading its log is not; the log itself will tell.
                self._say(LineKind.NOTE, f"cannot tell why the log ended: {error}")
                await self._clock.sleep(self._backoff.next())
                return True
            if await self._restarted(fate):
                return True
            self._restarts = fate.restarts
            if fate.running:
                return True
            if fate.final:
                self._say(LineKind.NOTE, f"container {self.source.container} ended: {fate.ending or 'no reason given'}")
                return False
            if self.last_instance:
                return False
            if fate.waiting or fate.ending:
                why = " after ".join(filter(None, (fate.waiting, fate.ending)))
                self._say(LineKind.NOTE, f"waiting for container {self.source.container}: {why}")
            await self._recheck_pause()

    async def _restarted(self, fate: ContainerFate) -> bool:
        """Deliver the rest of an instance that ended meanwhile, and say that there is another one.

        The other one may have ended too: a container can restart more often than anybody looks.
        """
        counted = self._restarts is not None and fate.restarts > self._restarts
        dated = bool(self._place.stamp) and fate.running and fate.started * NANO > self._place.stamp
        if not counted and not dated:
            return False
        self._restarts = fate.restarts
        try:
            await self._read(previous=True, follow=False)
        except K9Error as error:
            self._say(LineKind.GAP, f"the last lines before the restart may be missing: {error}")
        how = f" after {fate.ending}" if fate.ending else ""
        self._say(LineKind.NOTE, f"container {self.source.container} restarted{how} ({fate.restarts} times so far)")
        self._seam_known = True
        return True

    async def _bridge(self) -> None:
        """Say why a resumed log does not start where it was left."""
        try:
            if await self._restarted(await self._fate()):
                return
        except K9Error as error:
            self._say(LineKind.NOTE, f"cannot tell why the log starts later than it ended: {error}")
        self._say(LineKind.GAP, "lines may be missing here: the log starts later than it ended")
        self._seam_known = True

    async def _fate(self) -> ContainerFate:
        path = PODS.path(self.source.namespace, self.source.pod)
        answer = await self._transport.request("GET", path, headers={"Accept": "application/json"})
        return fate_of(decode_object(answer.body, f"pod {self.source.pod}"), self.source.container)

    async def _recheck_pause(self) -> None:
        pause = min(RECHECK_LONGEST, RECHECK * 2**self._rechecks)
        self._rechecks += 1
        await self._clock.sleep(pause)

    def _say(self, kind: LineKind, text: str) -> None:
        """Add a line of our own, once however often it is found to be so."""
        if text != self._said:
            self._said = text
            self._sink([self._line(kind, text)])

    def _line(self, kind: LineKind, text: str) -> LogLine:
        stamp = self._place.stamp or int(self._clock.now() * NANO)
        return LogLine(self.source, kind, stamp, text)


def _is_broken(error: K9Error) -> bool:
    return isinstance(error, ApiError) and error.status == BROKEN


def _plain(text: str) -> str:
    """Return a failure of the way from the API server to the kubelet with its cause first, and without the address."""
    found = _TO_KUBELET.match(text)
    return f"node {found['node']} does not answer: {found['why']}" if found else text
