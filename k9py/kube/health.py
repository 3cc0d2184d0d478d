"""Whether the server answers, how fast, and since when it does not."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable
from enum import Enum

import msgspec

from k9py.core.clock import Clock, sleep_unless
from k9py.core.errors import (
    ApiError,
    CredentialError,
    Forbidden,
    K9Error,
    NotFound,
    RubbishError,
    Stalled,
    Unauthorized,
)
from k9py.kube.pacing import Backoff
from k9py.kube.wire import Transport

PING_EVERY = 10.0
"""Seconds between pings while the server answers."""
PING_TIMEOUT = 5.0
"""Seconds a ping may take before the link counts as lost."""
ALIVE_TIMEOUT = 3.0
"""Seconds more in which a server that did not say whether it is ready may show that it is there at all.

A server without its etcd looks for it for 4 s before it says that it is not ready, and longer on a busy machine.
"""
_FAILED_CHECK = re.compile(r"\[-\](\S+)")
"""How /readyz names a check that failed."""

_LOG = logging.getLogger(__name__)


class LinkState(Enum):
    """How the server is."""

    UNKNOWN = "unknown"
    LIVE = "live"
    NOT_READY = "not ready"
    """It answers, but says itself that it is not ready."""
    DENIED = "denied"
    """It answers, but takes our credentials no more."""
    OFFLINE = "offline"


class Link(msgspec.Struct, frozen=True):
    """The last that is known of the server."""

    state: LinkState
    since: float
    """Wall time (Unix seconds) this state began."""
    detail: str = ""
    latency: float = 0.0
    """Seconds the last ping took."""


async def server_version(transport: Transport) -> str:
    """Return the server's version such as ``v1.36.3``."""
    answer = await transport.request("GET", "/version")
    try:
        version = msgspec.json.decode(answer.body)["gitVersion"]
    except (ValueError, KeyError, TypeError) as error:
        raise RubbishError("what answers at /version is not the Kubernetes API") from error
    return str(version)


class SessionHealth:
    """Pings the server and tells listeners when its state changes."""

    def __init__(self, transport: Transport, clock: Clock, rng: random.Random | None = None) -> None:
        self._transport = transport
        self._clock = clock
        self._backoff = Backoff(clock, rng or random.Random())
        self._listeners: list[Callable[[Link], None]] = []
        self._path = "/readyz"
        self._poke = asyncio.Event()
        self.link = Link(LinkState.UNKNOWN, clock.now())

    @property
    def clock_skew(self) -> float:
        """Seconds the server's clock is ahead of ours."""
        return self._transport.clock_skew

    def now(self) -> float:
        """Return the server's wall time: what ages are counted from."""
        return self._clock.now() + self._transport.clock_skew

    def on_change(self, listener: Callable[[Link], None]) -> Callable[[], None]:
        """Call ``listener`` when the state changed; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ping_now(self) -> None:
        """Do not wait for the next ping."""
        self._backoff.reset()
        self._poke.set()

    async def ping(self) -> Link:
        """Ask the server once and return what is known then."""
        started = self._clock.monotonic()
        state, detail = LinkState.LIVE, ""
        try:
            await self._transport.request("GET", self._path, timeout=PING_TIMEOUT)
        except (Forbidden, NotFound):
            # Not everybody may ask for readiness; any answer at /version shows the same link.
            if self._path == "/readyz":
                self._path = "/version"
                return await self.ping()
        except (Unauthorized, CredentialError) as error:
            state, detail = LinkState.DENIED, error.with_remedy()
        except ApiError as error:
            state, detail = LinkState.NOT_READY, _why(error)
        except Stalled as error:
            state, detail = LinkState.OFFLINE, error.with_remedy()
            if self._path == "/readyz" and await self._is_there():
                state, detail = LinkState.NOT_READY, "The server does not say whether it is ready"
        except K9Error as error:
            state, detail = LinkState.OFFLINE, error.with_remedy()
        self._move(state, detail, self._clock.monotonic() - started)
        return self.link

    async def _is_there(self) -> bool:
        """Ask for what the server knows by itself."""
        try:
            await self._transport.request("GET", "/version", timeout=ALIVE_TIMEOUT)
        except K9Error:
            return False
        return True

    async def run(self) -> None:
        """Ping until cancelled."""
        while True:
            link = await self.ping()
            alive = link.state in (LinkState.LIVE, LinkState.NOT_READY)
            self._poke.clear()
            await sleep_unless(self._poke, self._clock, PING_EVERY if alive else self._backoff.next())

    def _move(self, state: LinkState, detail: str, latency: float) -> None:
        before = self.link
        since = before.since if state is before.state else self._clock.now()
        self.link = Link(state, since, detail, latency)
        if (state, detail) != (before.state, before.detail):
            _LOG.info("server %s %s", state.value, detail)
            for listener in list(self._listeners):
                listener(before)


def _why(error: ApiError) -> str:
    """Return why a server says that it is not ready."""
    failed = _FAILED_CHECK.findall(str(error))
    return f"Checks of the server that fail: {', '.join(failed)}" if failed else str(error)
