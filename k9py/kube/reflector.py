"""Keeps one store equal to one list of the server, whatever happens in between (design: reflector contract).

It lists, watches from the version of the list, and has an answer for every way either can fail. Rows are kept through
all of them, a version that failed is never sent again, and it never gives up.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from msgspec.structs import replace

from k9py.core.clock import Clock, sleep_unless
from k9py.core.errors import ApiError, Forbidden, Gone, K9Error, LinkError, RubbishError, Stalled
from k9py.kube.failures import DENIED_RETRY, Pause, ShortWatch, Verdict, judge, refuses_streaming
from k9py.kube.intake import Intake
from k9py.kube.pacing import FIRST_WAIT, Backoff, CollectorGuard, Turns
from k9py.kube.paging import Pager
from k9py.kube.rows import Row, TableColumn
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.store import Store
from k9py.kube.watching import (
    Bookmark,
    LineSplitter,
    Source,
    decode_bookmark,
    decode_event,
    error_of_event,
    split_event,
)
from k9py.kube.wire import ByteStream, Transport

SERVER_TIMEOUT = (300, 600)
"""Seconds; each watch asks the server to end it after a random time in between, so that they do not all end at once."""
INACTIVITY = 150.0
"""Seconds of silence after which a watch counts as dead; bookmarks come about once a minute."""
SHORT_WATCH = 1.0
"""Seconds; a watch that ends sooner and without an event is a failure."""
FRUITLESS_WATCHES = 3
"""Watches in a row that end at once or stay silent before the version itself takes the blame.

A server restored from a backup says nothing at all to a watch from a version it has not reached yet.
"""
POLL_EVERY = 30.0
"""Seconds between lists of a kind that cannot be watched."""
RENEW_EVERY = 60.0
"""Seconds between lists that renew the cells of a visible server-side Table."""

_FAILING = frozenset({SyncState.OFFLINE, SyncState.DENIED, SyncState.THROTTLED})
"""States that stay on screen while the next try is under way, until the server answers."""

_CONNECTED = frozenset({SyncState.LIVE, SyncState.RESUMING})
"""States in which a watch is open or being opened."""

_LOG = logging.getLogger(__name__)


@dataclass
class ServerTraits:
    """What reflectors learn about a server and share."""

    without_streaming: set[str] = field(default_factory=set)
    """API groups that refused a streaming list: each aggregated server answers for groups of its own."""


class _NoStreaming(K9Error):
    """The server does not answer a streaming list."""


@dataclass(slots=True)
class _Watching:
    """One watch under way."""

    intake: Intake | None
    """Where initial events go; None once they ended, or when there are none."""
    opened: float
    """Monotonic time the answer began."""
    events: int = 0


class Reflector:
    """One list-and-watch with its store. :meth:`run` never returns; cancelling it leaves the store consistent."""

    def __init__(
        self,
        transport: Transport,
        source: Source,
        *,
        clock: Clock,
        rng: random.Random,
        traits: ServerTraits,
        guard: CollectorGuard,
    ) -> None:
        self.source = source
        self.store = Store()
        self.columns: tuple[TableColumn, ...] = ()
        """Column definitions of a server-side Table; empty for other projections."""
        self.observers: list[Callable[[], None]] = []
        """Called when the status or the columns changed."""
        self.viewers = 0
        """How many visible panes show these rows."""
        self.failure: K9Error | None = None
        """What the last step failed with; None again once a watch is open."""
        self.synced = asyncio.Event()
        """Set once a first list is complete."""
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._traits = traits
        self._guard = guard
        self._backoff = Backoff(clock, rng)
        self._turns = Turns()
        self._pager = Pager(transport, source, self._turns)
        self._status = SyncStatus(SyncState.IDLE, clock.now())
        self._contact = 0.0
        self._version = ""
        self._verb = "list"
        self._pages_only = False
        self._fruitless = 0
        self._hasty = False
        self._expiries = 0
        self._poke = asyncio.Event()
        self._stepping: asyncio.Task[None] | None = None
        self._reconnecting = False

    @property
    def status(self) -> SyncStatus:
        """Where it stands now, with the time of the last byte."""
        return replace(self._status, contact=self._contact)

    @property
    def version(self) -> str:
        """The resource version the next watch starts from; empty when the next step is a list."""
        return self._version

    async def run(self) -> None:
        """List and watch until cancelled."""
        try:
            while True:
                self._reconnecting = False
                self._stepping = asyncio.create_task(self._step(), name=f"sync {self.source.path}")
                try:
                    await self._stepping
                except K9Error as error:
                    await self._recover(error)
                except asyncio.CancelledError:
                    if not self._reconnecting or self._is_cancelled():
                        raise
                except Exception as error:  # noqa: BLE001 - the edge of the task: a bug here must not end the watch
                    _LOG.exception("%s: internal error", self.source.path)
                    await self._recover(RubbishError(f"internal error: {error!r}"))
        finally:
            self._set(SyncState.IDLE)

    def retry_now(self) -> None:
        """End a wait, because a person asked or the network is known to be back."""
        self._backoff.reset()
        self._poke.set()

    def reconnect(self) -> None:
        """Start over from the saved version: the connection in hand is known to lead nowhere."""
        self.retry_now()
        if self._status.state in _CONNECTED and self._stepping is not None and not self._stepping.done():
            self._reconnecting = True
            self._set(SyncState.RESUMING, "the connection was lost")
            self._stepping.cancel()

    @staticmethod
    def _is_cancelled() -> bool:
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def renew_cells(self) -> None:
        """List a server-side Table again now and then while somebody looks at it, until cancelled.

        Its cells age without a change of the object. Only rows that are otherwise the same are replaced: everything
        else is the watch's to tell.
        """
        while True:
            await self._clock.sleep(RENEW_EVERY)
            if self.viewers and self._status.state is SyncState.LIVE:
                try:
                    await self._renew_once()
                except K9Error as error:
                    _LOG.info("%s: cells not renewed: %s", self.source.path, error)

    async def _renew_once(self) -> None:
        token = ""
        while True:
            page = await self._pager.fetch(token)
            for row in page.rows:
                held = self.store.rows.get(row.key)
                if held is None or (held.uid, held.resource_version) != (row.uid, row.resource_version):
                    continue
                if held != row:
                    self.store.put(row)
            token = page.continue_token
            if not token:
                return
            await self._turns.give()

    async def _step(self) -> None:
        """Go one step on: a list when there is no version, else a watch."""
        if not self._version:
            if self._streams_lists:
                await self._stream_list()
                return
            await self._page_list()
        if self._can_watch and self._version:
            await self._watch()
        else:
            self._version = ""
            self._set(SyncState.LIVE, f"listed every {POLL_EVERY:g} s: this kind cannot be watched")
            await self._wait(POLL_EVERY)

    @property
    def _can_watch(self) -> bool:
        return "watch" in self.source.resource.verbs

    @property
    def _streams_lists(self) -> bool:
        group = self.source.resource.gvr.group
        return self._can_watch and not self._pages_only and group not in self._traits.without_streaming

    # --- lists -------------------------------------------------------------------------------------------------

    async def _stream_list(self) -> None:
        """List by a watch that sends what exists first, and go on watching on the same connection."""
        try:
            await self._watch()
        except _NoStreaming as refusal:
            _LOG.info("%s: no streaming lists (%s); pages from now on", self.source.resource.id, refusal)
            self._traits.without_streaming.add(self.source.resource.gvr.group)
        except Forbidden:
            # Listing may be allowed where watching is not; the pages will tell.
            self._pages_only = True

    async def _page_list(self) -> None:
        """List in pages; the first of a first list is on screen while the second is under way."""
        self._verb = "list"
        self._begin()
        with ExitStack() as stack:
            if not self.synced.is_set():
                stack.enter_context(self._guard)
            intake = Intake(self.store, self._turns)
            token = ""
            while True:
                page = await self._pager.fetch(token)
                self._contact = self._clock.now()
                intake.put_all(page.rows)
                self._take_columns(page.columns)
                token = page.continue_token
                if self._can_watch or not self.synced.is_set():
                    self._set(self._listing_state, remaining=page.remaining if token else None)
                await self._turns.give()
                if not token:
                    break
            await intake.finish()
        self._version = page.resource_version
        self.synced.set()

    @property
    def _listing_state(self) -> SyncState:
        return SyncState.RELISTING if self.synced.is_set() else SyncState.SYNCING

    def _begin(self) -> None:
        """Show that a list starts, unless a failure is on screen: that stays until the server answers.

        Nor for a kind that is listed again and again because it cannot be watched: that is how it lives.
        """
        if self._status.state not in _FAILING and (self._can_watch or not self.synced.is_set()):
            self._set(self._listing_state)

    # --- watches -----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Watch from the version until the connection ends; without one, the initial events are the list."""
        self._verb = "watch"
        initial = not self._version
        if initial:
            self._begin()
        query = self.source.watch_query(version=self._version, timeout=self._rng.randint(*SERVER_TIMEOUT))
        opening = self._transport.stream(
            "GET", self.source.path, query=query, headers=self.source.watch_headers, inactivity=INACTIVITY
        )
        watching = _Watching(Intake(self.store, self._turns) if initial else None, self._clock.monotonic())
        try:
            async with opening as stream:
                watching.opened = self._clock.monotonic()
                self._contact = self._clock.now()
                self._set(self._listing_state if initial else SyncState.LIVE)
                await self._read(stream, watching)
        except LinkError as error:
            if not self._was_healthy(watching):
                self._pages_only |= watching.intake is not None and watching.events > 0
                raise
            if isinstance(error, Stalled) and not watching.events:
                self._count_fruitless()
            await self._resume(watching, str(error))
            return
        except ApiError as error:
            if initial and not watching.events and refuses_streaming(error):
                raise _NoStreaming(str(error)) from error
            raise
        if watching.intake is not None:
            self._pages_only = True
            raise ShortWatch("the server cut the list short")
        if not self._was_healthy(watching):
            self._count_fruitless()
            raise ShortWatch("the server ended the watch at once")
        await self._resume(watching, "the server ended the watch")

    async def _resume(self, watching: _Watching, why: str) -> None:
        """Go on from the version, at once unless the watch before was as short: each time there might be an event."""
        lasted = self._clock.monotonic() - watching.opened
        pause = SHORT_WATCH - lasted if self._hasty else 0.0
        self._hasty = lasted < SHORT_WATCH
        self._set(SyncState.RESUMING, why)
        await self._wait(max(0.0, pause))

    def _was_healthy(self, watching: _Watching) -> bool:
        """True when the watch got past its list and lasted, or brought anything."""
        if watching.intake is not None:
            return False
        return watching.events > 0 or self._clock.monotonic() - watching.opened >= SHORT_WATCH

    def _count_fruitless(self) -> None:
        self._fruitless += 1
        if self._fruitless >= FRUITLESS_WATCHES:
            self._fruitless = 0
            self._version = ""

    async def _read(self, stream: ByteStream, watching: _Watching) -> None:
        """Apply events until the stream ends; a last line without its end is not an event yet and is dropped."""
        lines = LineSplitter()
        with ExitStack() as stack:
            if watching.intake is not None and not self.synced.is_set():
                stack.enter_context(self._guard)
            async for chunk in stream.chunks():
                self._contact = self._clock.now()
                for line in lines.feed(chunk):
                    if not line:
                        continue
                    kind, raw = split_event(line)
                    if kind == "ERROR":
                        raise error_of_event(raw)
                    if not watching.events:
                        # Column definitions come with the first event of a watch only, a bookmark included.
                        self._take_columns(self.source.projection.columns_of(raw))
                    if kind == "BOOKMARK":
                        if await self._take_bookmark(decode_bookmark(raw), watching):
                            stack.close()
                    else:
                        self._take_change(kind, self._row_of(kind, raw, line), watching)
                    watching.events += 1
                    if self._turns.spent(len(line)):
                        await self._turns.give()

    def _take_change(self, kind: str, row: Row, watching: _Watching) -> None:
        """Take one object that came, changed or went.

        The versions of initial events are not saved: they come in no order, so resuming from one loses the others.
        """
        sink = watching.intake or self.store
        if kind == "DELETED":
            sink.remove(row.key)
        else:
            sink.put(row)
        if watching.intake is None:
            self._version = row.resource_version or self._version
            self._fruitless = 0
            self._expiries = 0

    async def _take_bookmark(self, bookmark: Bookmark, watching: _Watching) -> bool:
        """Save the version; True for the bookmark that ends the initial events, which makes them the store."""
        if watching.intake is None:
            self._version = bookmark.version or self._version
            self._fruitless = 0
            self._expiries = 0
            return False
        if not bookmark.ends_initial:
            raise _NoStreaming("a bookmark came before the end of the initial events")
        await watching.intake.finish()
        watching.intake = None
        self._version = bookmark.version
        self.synced.set()
        self._set(SyncState.LIVE)
        return True

    def _row_of(self, kind: str, raw: bytes, line: bytes) -> Row:
        """Decode the object of an event; raises RubbishError when the line is no event after all."""
        if kind not in ("ADDED", "MODIFIED", "DELETED"):
            raise RubbishError(f"the watch sent an event of an unknown type: {kind[:40]!r}")
        row = self.source.projection.item(raw)
        if row.broken:
            decode_event(line)
        return row

    def _take_columns(self, columns: tuple[TableColumn, ...] | None) -> None:
        if columns and columns != self.columns:
            self.columns = columns
            self._tell()

    # --- failures ----------------------------------------------------------------------------------------------

    async def _recover(self, error: K9Error) -> None:
        """Show what went wrong, forget what must not be sent again, and wait."""
        self.failure = error
        verdict = judge(error, self.source, verb=self._verb)
        if verdict.forget_version:
            self._version = ""
        if verdict.vanished:
            self.store.replace({})
        wait = self._pause(error, verdict)
        if wait:
            _LOG.info("%s: %s; next try in %.1f s", self.source.path, verdict.detail, wait)
        retry_at = self._clock.now() + wait if wait else 0.0
        state = self._listing_state if verdict.state is SyncState.RELISTING else verdict.state
        self._set(state, verdict.detail, retry_at=retry_at, vanished=verdict.vanished)
        await self._wait(wait)

    def _pause(self, error: K9Error, verdict: Verdict) -> float:
        """Return the seconds to wait; a second expiry in a row waits too, or a broken server would be flooded."""
        match verdict.pause:
            case Pause.SLOW:
                return DENIED_RETRY
            case Pause.ASKED if isinstance(error, ApiError) and error.retry_after is not None:
                return max(error.retry_after, FIRST_WAIT)
            case Pause.NONE if isinstance(error, Gone):
                self._expiries += 1
                return 0.0 if self._expiries == 1 else self._backoff.next()
            case _:
                return self._backoff.next()

    async def _wait(self, seconds: float) -> None:
        """Wait, or less when somebody pokes."""
        if not seconds:
            return
        self._poke.clear()
        await sleep_unless(self._poke, self._clock, seconds)

    def _set(
        self,
        state: SyncState,
        detail: str = "",
        *,
        retry_at: float = 0.0,
        remaining: int | None = None,
        vanished: bool = False,
    ) -> None:
        """Move to a state; staying in one keeps the time it began."""
        if state is SyncState.LIVE:
            self.failure = None
        since = self._status.since if state is self._status.state else self._clock.now()
        status = SyncStatus(state, since, detail, retry_at=retry_at, remaining=remaining, vanished=vanished)
        if status != self._status:
            self._status = status
            self._tell()

    def _tell(self) -> None:
        for observer in list(self.observers):
            observer()
