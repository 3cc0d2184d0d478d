"""Watches: changes as lines, with resume, bookmarks, initial events, and an ERROR when the version is too old."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from k9py.core.clock import sleep_unless
from k9py.core.errors import ApiError, Cause
from k9py.core.tasks import TaskSet
from k9py.sim import statuses
from k9py.sim.answers import headers_of
from k9py.sim.history import Change, Stored, with_version
from k9py.sim.matching import Matcher
from k9py.sim.negotiation import negotiate
from k9py.sim.reading import renderer, request_matcher
from k9py.sim.rendering import Renderer
from k9py.sim.requests import Call

BOOKMARK_EVERY = 60.0
"""Seconds between bookmarks, as on the real server."""
LAST_BOOKMARK = 2.0
"""Seconds before the end of a watch that it gets its last bookmark, as on the real server."""
DEFAULT_TIMEOUT = 1800.0
"""Seconds a watch lasts when the client does not say: the lower end of the real server's range."""
BACKLOG = 20_000
"""Changes a client may be behind before its watch is ended, so that a stalled one costs no memory."""
BATCH = 256
"""Lines written at once: large enough to be cheap, small enough to leave the loop its turns."""


class Watch:
    """One client's stream."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.resource = call.kind().id
        self._matches: Matcher | None = request_matcher(call)
        form = negotiate(call.request.headers.get("Accept", ""))
        self._content_type = form.content_type
        self._renderer: Renderer = renderer(call, form)
        self._pending: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._failure: ApiError | None = None
        self._bookmarks = call.flag("allowWatchBookmarks")
        self._bookmark_due = False
        self._sent_version = 0

    def end(self) -> None:
        """Close the stream after what is being written."""
        self._ended = True
        self._wake.set()

    def fail(self, error: ApiError) -> None:
        """Send an ERROR event with this Status, then close the stream."""
        self._failure = error
        self.end()

    async def run(self) -> web.StreamResponse:
        """Serve the stream until its time is over, the client goes, or somebody ends it."""
        call = self.call
        response = web.StreamResponse(headers={**headers_of(call), "Content-Type": self._content_type})
        response.enable_chunked_encoding()
        try:
            first = self._start()
        except ApiError as error:
            if error.status != 410 or call.server.faults.plain_410:
                raise
            await response.prepare(call.request)
            await response.write(_error_line(error))
            await response.write_eof()
            return response
        unsubscribe = call.store.subscribe(self._changed, self.resource)
        timers = TaskSet()
        try:
            await response.prepare(call.request)
            timers.start(self._expire(), name="watch timeout")
            if self._bookmarks:
                timers.start(self._remind(), name="watch bookmarks")
            await self._write_all(response, first)
            await self._follow(response)
            await response.write_eof()
        except ConnectionResetError:
            return response  # The client went away; there is nobody to tell.
        finally:
            unsubscribe()
            await timers.close()
        return response

    def _start(self) -> list[bytes]:
        """Return the first lines and queue what has happened since the version asked for."""
        call = self.call
        version = call.query.get("resourceVersion", "")
        self._sent_version = call.store.version
        collection = call.store.collection(self.resource)
        if "sendInitialEvents" in call.query or "resourceVersionMatch" in call.query:
            _check_initial_events(call)
        initial = call.flag("sendInitialEvents")
        if initial or ("sendInitialEvents" not in call.query and version in ("", "0")):
            existing = call.server.faults.spoil(self.resource, [*self._visible(collection.select(call.namespace))])
            lines = [self._renderer.event(b"ADDED", stored) for stored in existing]
            if initial and self._bookmarks:
                lines.append(self._renderer.bookmark(call.store.version, initial_end=True))
            return lines
        if version and version != "0":
            if not version.isdigit():
                why = f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
                raise ApiError.of(500, f"resourceVersion: {why}")
            for change in collection.since(int(version)):
                self._pending.append(change)
        return []

    def _visible(self, objects: Iterable[Stored]) -> Iterable[Stored]:
        for stored in objects:
            if self._matches is None or self._matches(stored):
                yield stored

    def _changed(self, change: Change) -> None:
        if len(self._pending) >= BACKLOG:
            self._pending.clear()
            self.end()
        elif not self._ended:
            self._pending.append(change)
            self._wake.set()

    async def _follow(self, response: web.StreamResponse) -> None:
        while True:
            while self._pending:
                await self._write_all(response, [])
            if self._failure is not None:
                await response.write(_error_line(self._failure))
                return
            if self._ended:
                return
            if self._bookmark_due:
                self._bookmark_due = False
                await response.write(self._renderer.bookmark(self.call.store.version))
            self._wake.clear()
            await self._wake.wait()
            await self.call.server.faults.in_watch()

    async def _write_all(self, response: web.StreamResponse, lines: list[bytes]) -> None:
        for start in range(0, len(lines), BATCH):
            await response.write(b"".join(lines[start : start + BATCH]))
        self._renderer.now = self.call.clock.now()
        batch: list[bytes] = []
        while self._pending and len(batch) < BATCH:
            line = self._line(self._pending.popleft())
            if line:
                batch.append(line)
        if batch:
            await response.write(b"".join(batch))

    def _line(self, change: Change) -> bytes:
        """Return a change as this client sees it: entering or leaving its selection are adds and deletes."""
        current = change.current
        call = self.call
        if call.namespace and current.namespace != call.namespace:
            return b""
        before = change.previous is not None and (self._matches is None or self._matches(change.previous))
        after = change.type != "DELETED" and (self._matches is None or self._matches(current))
        if after:
            return self._renderer.event(b"MODIFIED" if before else b"ADDED", current)
        if not before:
            return b""
        if change.type != "DELETED" and change.previous is not None:
            current = change.previous.under(change.version, with_version(change.previous.raw, change.version))
        return self._renderer.event(b"DELETED", current)

    async def _expire(self) -> None:
        """End the stream when its time is over, sooner under a fault, also one switched on meanwhile."""
        given = self.call.number("timeoutSeconds")
        clock, faults = self.call.clock, self.call.server.faults
        over = clock.monotonic() + (DEFAULT_TIMEOUT if given is None else float(given))
        while True:
            turned, left = faults.turned, over - clock.monotonic()
            gone = 0.0 < faults.watch_gone < left
            await sleep_unless(turned, clock, faults.watch_gone if gone else min(left, faults.watch_cut or left))
            if turned.is_set():
                continue
            if gone:
                version = self.call.store.version
                self.fail(statuses.too_old(max(0, version - 1), version))
            else:
                self.end()
            return

    async def _remind(self) -> None:
        given = self.call.number("timeoutSeconds")
        clock, period = self.call.clock, self.call.server.bookmark_every
        last = clock.monotonic() + (DEFAULT_TIMEOUT if given is None else float(given)) - LAST_BOOKMARK
        while True:
            left = last - clock.monotonic()
            await clock.sleep(min(period, left) if left > 0 else period)
            self._bookmark_due = True
            self._wake.set()


def _error_line(error: ApiError) -> bytes:
    return b'{"type":"ERROR","object":' + statuses.body_of(error) + b"}\n"


def _check_initial_events(call: Call) -> None:
    match = call.query.get("resourceVersionMatch", "")
    text = ""
    if "sendInitialEvents" not in call.query:
        text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    elif match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    if text:
        cause = Cause("resourceVersionMatch", f"Forbidden: {text}", "FieldValueForbidden")
        raise statuses.invalid("meta.k8s.io", "ListOptions", "", [cause])


async def watch(call: Call) -> web.StreamResponse:
    """Answer with a stream of changes."""
    stream = Watch(call)
    call.server.watches.add(stream)
    try:
        return await stream.run()
    finally:
        call.server.watches.discard(stream)
