"""The session in use: opened in the background, opened again when that fails, replaced when the context changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from k9py.core.clock import Clock, sleep_unless
from k9py.core.errors import CredentialError, K9Error, KubeconfigError
from k9py.core.tasks import TaskSet
from k9py.kube.health import Link, LinkState
from k9py.resources.model import Tone
from k9py.ui.connecting import Connector
from k9py.ui.glyphs import Glyphs

if TYPE_CHECKING:
    from k9py.kube.aio import TerminalLoan
    from k9py.kube.session import Session

_LOG = logging.getLogger(__name__)

FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0
"""Seconds between two tries to connect: doubled from the first to the longest."""


class Owner(Protocol):
    """Who is told about sessions."""

    def session_opened(self, session: Session) -> None:
        """A session is ready to be read."""

    def session_closing(self) -> None:
        """The session is about to be closed: let go of its sources."""

    def connection_changed(self) -> None:
        """What the header says of the connection changed."""


def _defect(raised: Exception) -> K9Error:
    return K9Error(f"connecting failed: {raised!r}", remedy="This is a defect of k9py; the log file has the details")


class Connection:
    """Holds at most one session. A late result of an earlier attempt is closed, never shown."""

    def __init__(self, connector: Connector, owner: Owner, clock: Clock, loan: TerminalLoan) -> None:
        self._connector = connector
        self._owner = owner
        self._clock = clock
        self._loan = loan
        self._task: asyncio.Task[None] | None = None
        self._tasks = TaskSet()
        """The attempt, and sessions left behind: each is closed to its end, however fast the next one is chosen."""
        self._poke = asyncio.Event()
        self.session: Session | None = None
        self.context = ""
        """The context in use or being opened; empty means the kubeconfig's current one."""
        self.generation = 0
        """Raised with every switch; results of an older one are dropped."""
        self.trouble: K9Error | None = None
        """Why there is no session yet."""

    # ------------------------------------------------------------------ opening and closing

    def open(self, context: str) -> None:
        """Leave the session in use and connect to a context, again and again until it answers."""
        self.generation += 1
        self.context = context
        self.trouble = None
        previous, self._task = self._task, None
        if previous is not None:
            previous.cancel()
        session, self.session = self.session, None
        if session is not None:
            self._owner.session_closing()
            self._tasks.start(session.close(), name=f"close {session.context}")
        self._task = self._tasks.start(self._run(self.generation), name=f"connect {context}")
        self._owner.connection_changed()

    def try_now(self) -> None:
        """Do not wait for the next try."""
        self._poke.set()

    async def close(self) -> None:
        """Leave the session for good."""
        self.generation += 1
        if self._task is not None:
            self._task.cancel()
        session, self.session = self.session, None
        if session is not None:
            await session.close()
        await self._tasks.finish()

    async def _run(self, generation: int) -> None:
        wait = FIRST_RETRY
        while generation == self.generation:
            try:
                session = await self._connector.open(self.context, self._loan, generation)
            except Exception as raised:  # noqa: BLE001 - the edge of the task: nobody else would say that it ended
                error = raised if isinstance(raised, K9Error) else _defect(raised)
                _LOG.warning("connecting: %s", error.with_remedy(), exc_info=None if error is raised else raised)
                self.trouble = error
                self._owner.connection_changed()
                if isinstance(error, (KubeconfigError, CredentialError)):
                    # Only a person can mend these; asking again every second would only run plugins.
                    wait = LONGEST_RETRY
                await self._pause(wait)
                wait = min(wait * 2, LONGEST_RETRY)
                continue
            if generation != self.generation:
                await session.close()
                return
            self.session = session
            self.context = session.context
            self.trouble = None
            session.health.on_change(self._link_changed)
            self._owner.session_opened(session)
            return

    async def _pause(self, seconds: float) -> None:
        self._poke.clear()
        await sleep_unless(self._poke, self._clock, seconds)

    def _link_changed(self, _before: Link) -> None:
        self._owner.connection_changed()

    # ------------------------------------------------------------------ saying how it is

    @property
    def lost(self) -> bool:
        """True when the session's server does not answer or takes our credentials no more."""
        session = self.session
        return self.refused or (session is not None and session.health.link.state is LinkState.OFFLINE)

    @property
    def refused(self) -> bool:
        """True when the session's server takes our credentials no more."""
        return self.session is not None and self.session.health.link.state is LinkState.DENIED

    @property
    def problem(self) -> str:
        """What is wrong with the connection, in one line; empty when nothing is."""
        session = self.session
        if session is None:
            return ""
        if self.lost or session.health.link.state is LinkState.NOT_READY:
            return session.health.link.detail
        return f"going on with the kubeconfig as it was: {session.config_problem}" if session.config_problem else ""

    @property
    def unready(self) -> bool:
        """True when the server answers, but says itself that it is not ready: what is shown may stand still."""
        return self.session is not None and self.session.health.link.state is LinkState.NOT_READY

    def text(self, age: Callable[[float], str], glyphs: Glyphs) -> tuple[str, Tone]:
        """Return a few words for the header; ``age`` says how long ago a time was."""
        if self.session is None:
            if self.trouble is None:
                return (f"{glyphs.resuming} connecting", Tone.ACCENT)
            return (f"{glyphs.offline} not connected", Tone.BAD)
        link = self.session.health.link
        if link.state is LinkState.OFFLINE:
            return (f"{glyphs.offline} offline since {age(link.since)}", Tone.BAD)
        if link.state is LinkState.DENIED:
            return (f"{glyphs.bad} credentials refused", Tone.BAD)
        if link.state is LinkState.NOT_READY:
            return (f"{glyphs.resuming} server not ready", Tone.WARN)
        return (f"{glyphs.live} live", Tone.OK)

    def lines(self) -> tuple[str, ...]:
        """Return what stands where the rows would be while there is no session."""
        where = self.context or "the current context"
        if self.trouble is None:
            return (f"Connecting to {where}",)
        remedy = (self.trouble.remedy,) if self.trouble.remedy else ()
        return (str(self.trouble), *remedy, "", "ctrl+r tries again   :ctx chooses another context   :q quits")
