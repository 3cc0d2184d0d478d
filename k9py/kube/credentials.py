"""What proves who we are, kept fresh: one renewal at a time, ahead of expiry, failures not repeated at once."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from k9py.core.clock import Clock
from k9py.core.errors import CredentialError, K9Error
from k9py.core.tasks import TaskSet
from k9py.kube.target import Login

_LOG = logging.getLogger(__name__)

TOKEN_FILE_PERIOD = 60.0
"""Seconds after which a token file is read again; the kubelet renews service account tokens hourly."""
RENEW_AHEAD = 60.0
"""Seconds before expiry at which a renewal starts beside the requests that still use the old grant."""
RENEW_AHEAD_SHARE = 0.2
"""Share of a short life instead of RENEW_AHEAD, so that a one-minute token is not renewed at every request."""
FAILURE_HOLD = 5.0
"""Seconds during which a failed renewal is answered with the same error instead of being run again."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one renewal brought: a header, a client certificate, or both; possibly neither (anonymous)."""

    authorization: str = field(default="", repr=False)
    """Value of the Authorization header."""
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires: float | None = None
    """Unix seconds; None when it does not say."""

    def same_proof(self, other: Grant) -> bool:
        """Return True when both prove the same, whatever their expiry."""
        return (self.authorization, self.certificate, self.key) == (
            other.authorization, other.certificate, other.key,
        )  # fmt: skip


class GrantSource(Protocol):
    """Where grants come from."""

    ahead: bool
    """True when a renewal may run beside requests, before the old grant has expired."""

    async def fetch(self, *, may_prompt: bool) -> Grant:
        """Get a new grant; ``may_prompt`` when a request waits for it, so that a person may be asked.

        Raises CredentialError (or KubeconfigError) that says what to do.
        """

    def allow_prompt(self) -> None:
        """Ask a person again although that failed before, because somebody wants it."""


class FixedSource:
    """A token or name and password as the kubeconfig has them: there is nothing to renew."""

    ahead = False

    def __init__(self, login: Login) -> None:
        self._grant = Grant()
        if login.token:
            self._grant = Grant(f"Bearer {login.token}")
        elif login.username:
            pair = f"{login.username}:{login.password}".encode()
            self._grant = Grant(f"Basic {base64.b64encode(pair).decode()}")

    async def fetch(self, *, may_prompt: bool) -> Grant:
        """Return the one grant."""
        del may_prompt
        return self._grant

    def allow_prompt(self) -> None:
        """Nobody is ever asked."""


class TokenFileSource:
    """A token in a file that somebody else renews."""

    ahead = False

    def __init__(self, path: str, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def allow_prompt(self) -> None:
        """Nobody is ever asked."""

    async def fetch(self, *, may_prompt: bool) -> Grant:
        """Read the file; it is read again after a minute."""
        del may_prompt
        try:
            token = Path(self._path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not text"
            raise CredentialError(f"Token file {self._path} cannot be read: {why}") from error
        if not token or any(character.isspace() for character in token):
            raise CredentialError(
                f"Token file {self._path} holds no token", remedy="It must hold one token and nothing else"
            )
        return Grant(f"Bearer {token}", expires=self._clock.now() + TOKEN_FILE_PERIOD)


def _note_failure(name: str, error: BaseException) -> None:
    """Log a failed renewal; requests that wait for it raise it as well, one ahead of expiry has none waiting."""
    _LOG.warning("%s: %s", name, error)


class Credentials:
    """The current grant of one login."""

    def __init__(self, source: GrantSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._tasks = TaskSet(on_failure=_note_failure)
        self._grant: Grant | None = None
        self._life = 0.0
        self._renewal: asyncio.Task[Grant] | None = None
        self._failure: K9Error | None = None
        self._failure_prompted = False
        self._failed_at = 0.0

    async def current(self) -> Grant:
        """Return a grant that has not expired, renewing it when needed. Raises CredentialError."""
        grant = self._grant
        if grant is None:
            return await self._renew()
        if grant.expires is None:
            return grant
        left = grant.expires - self._clock.now()
        if left <= 0:
            return await self._renew()
        if self._source.ahead and left < min(RENEW_AHEAD, self._life * RENEW_AHEAD_SHARE):
            self._start(may_prompt=False)
        return grant

    async def renew(self, refused: Grant) -> Grant:
        """Return a grant in place of one the server refused; requests that failed together share one renewal."""
        if self._grant is not None and self._grant is not refused and not self._grant.same_proof(refused):
            return self._grant
        return await self._renew()

    def replace(self, source: GrantSource) -> None:
        """Log in by another source from now on: the kubeconfig changed."""
        self._source = source
        self._grant = None
        self._renewal = None
        self._failure = None

    async def renew_now(self) -> None:
        """Renew because a person asked: at once after a failure, and with the terminal if it is needed."""
        self._failure = None
        self._source.allow_prompt()
        await self._renew()

    async def close(self) -> None:
        """Stop a renewal that is under way."""
        await self._tasks.close()

    async def _renew(self) -> Grant:
        # Shielded: a request that is cancelled must not kill the renewal others wait for.
        return await asyncio.shield(self._start(may_prompt=True))

    def _start(self, *, may_prompt: bool) -> asyncio.Task[Grant]:
        if self._renewal is None or self._renewal.done():
            self._renewal = self._tasks.start(self._fetch(may_prompt=may_prompt), name="renew credentials")
        return self._renewal

    async def _fetch(self, *, may_prompt: bool) -> Grant:
        source = self._source
        held = self._clock.monotonic() - self._failed_at < FAILURE_HOLD
        if self._failure is not None and held and (self._failure_prompted or not may_prompt):
            raise self._failure.with_traceback(None)
        try:
            grant = await source.fetch(may_prompt=may_prompt)
        except K9Error as error:
            if source is self._source:
                self._failure, self._failure_prompted = error, may_prompt
                self._failed_at = self._clock.monotonic()
            raise
        if source is not self._source:
            return grant  # replaced meanwhile: whoever waited has the old login's answer, nobody else gets it
        self._failure = None
        self._grant = grant
        self._life = 0.0 if grant.expires is None else grant.expires - self._clock.now()
        return grant
