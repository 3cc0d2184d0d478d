"""The Transport over aiohttp: credentials, renewal, limits and errors; one per session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from multidict import CIMultiDict

from k9py import __version__
from k9py.core.clock import Clock
from k9py.core.errors import AuthExpired, K9Error, LinkError, Unauthorized
from k9py.kube import answers
from k9py.kube.credentials import Credentials, Grant
from k9py.kube.link import Link, open_link
from k9py.kube.linkerrors import error_of_response, translated
from k9py.kube.sockets import AioByteStream, AioWebSocket
from k9py.kube.sources import source_of
from k9py.kube.target import Impersonation, Target
from k9py.kube.wire import REQUEST_TIMEOUT, ByteStream, Query, Response, WebSocket

if TYPE_CHECKING:
    from k9py.kube.aio import TerminalLoan

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")

MAX_REQUESTS = 20
"""Plain requests in flight; more would fill the server's fair-queue share and starve our own watches."""
CONNECT_TIMEOUT = 10.0
"""Seconds to reach the server (TCP and TLS); a dead route otherwise takes two minutes to be noticed."""
HANDSHAKE_TIMEOUT = 30.0
"""Seconds a WebSocket may take to open; the API server first connects to the node."""
CLOSE_TIMEOUT = 1.0
"""Seconds a WebSocket waits for the peer's goodbye; leaving a shell or the program must not hang on a dead node."""
HEARTBEAT = 30.0
"""Seconds between pings on a WebSocket, so that a silent shell survives middle boxes."""
CONFIG_PERIOD = 2.0
"""Seconds between two looks at the kubeconfig on disk; a look is one stat per file."""


@dataclass(frozen=True, slots=True)
class _Lease:
    """What one attempt uses: a link and the grant its headers were made from."""

    link: Link
    grant: Grant


class AioTransport:
    """See :class:`k9py.kube.wire.Transport` for the contract."""

    def __init__(self, target: Target, *, clock: Clock, prompt: TerminalLoan | None = None) -> None:
        self.target = target
        """What the connection is made from now; replaced when the kubeconfig changes on disk."""
        self.config_problem = ""
        """Why the kubeconfig on disk can no longer be followed, in one line; empty while it can."""
        self._clock = clock
        self._prompt = prompt
        self._slots = asyncio.Semaphore(MAX_REQUESTS)
        self._credentials = Credentials(source_of(target, clock, prompt), clock)
        self._link: Link | None = None
        self._retired: list[Link] = []
        self._closed = False
        self._linking = asyncio.Lock()
        self._config_seen = clock.monotonic()
        self._skew = answers.SkewMeter()

    # --- the contract ---------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        """Send one request and return the whole answer."""
        said = self.target.request_timeout
        limit = (said or None) if said is not None else timeout

        async def attempt(lease: _Lease) -> Response:
            async with self._slots:
                return await self._send(lease, method, path, query, headers, body, limit)

        return await self._renewing(attempt)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        inactivity: float | None = None,
    ) -> AsyncIterator[ByteStream]:
        """Open an answer that is read as it comes."""

        async def attempt(lease: _Lease) -> AioByteStream:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=inactivity)
            response = await self._open(lease, method, path, query, headers, None, timeout, inactivity)
            return AioByteStream(response, lease.link, inactivity)

        stream = await self._renewing(attempt)
        try:
            yield stream
        finally:
            stream.close()

    @contextlib.asynccontextmanager
    async def websocket(self, path: str, *, query: Query = (), protocols: Sequence[str]) -> AsyncIterator[WebSocket]:
        """Open a WebSocket with the same credentials, TLS server name and proxy as the requests."""

        async def attempt(lease: _Lease) -> AioWebSocket:
            link = lease.link
            with translated(link.route, HANDSHAKE_TIMEOUT):
                async with asyncio.timeout(HANDSHAKE_TIMEOUT):
                    socket = await link.session.ws_connect(
                        self._url(link, path, query),
                        headers=self._headers(lease, None),
                        protocols=tuple(protocols),
                        server_hostname=link.server_name,
                        proxy=link.proxy,
                        heartbeat=HEARTBEAT,
                        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT),
                        max_msg_size=0,
                    )
            return AioWebSocket(socket, link)

        opened = await self._renewing(attempt)
        try:
            yield opened
        finally:
            await opened.close()

    @property
    def clock_skew(self) -> float:
        """Seconds the server's clock is ahead of ours."""
        return self._skew.skew

    async def close(self) -> None:
        """Close every connection; what is under way fails with LinkError, as does whatever comes later."""
        self._closed = True
        await self._credentials.close()
        links = [*self._retired, *([self._link] if self._link else [])]
        self._link = None
        self._retired.clear()
        for link in links:
            await link.close()

    # --- beyond the contract --------------------------------------------------------------------------------

    async def renew_credentials(self) -> None:
        """Log in again now because a person asked: the terminal may be lent again after an earlier failure."""
        self._follow_config(now=True)
        await self._credentials.renew_now()

    # --- attempts -------------------------------------------------------------------------------------------

    async def _renewing(self, attempt: Callable[[_Lease], Awaitable[_T]]) -> _T:
        """Run an attempt; after a 401 renew the credentials once and run it again."""
        if self._closed:
            raise LinkError("The session is closed")
        self._follow_config()
        lease = await self._lease(await self._credentials.current())
        try:
            return await self._held(lease, attempt)
        except Unauthorized as refused:
            again = await self._lease_after(lease)
            if again is None:
                raise self._expired(refused) from refused
        try:
            return await self._held(again, attempt)
        except Unauthorized as refused:
            raise self._expired(refused) from refused

    @staticmethod
    async def _held(lease: _Lease, attempt: Callable[[_Lease], Awaitable[_T]]) -> _T:
        with lease.link.in_use():
            return await attempt(lease)

    async def _lease_after(self, refused: _Lease) -> _Lease | None:
        """Return a lease with other credentials than the refused ones, None when there are no others."""
        self._follow_config(now=True)
        grant = await self._credentials.renew(refused.grant)
        lease = await self._lease(grant)
        unchanged = grant.same_proof(refused.grant) and lease.link is refused.link
        return None if unchanged else lease

    async def _lease(self, grant: Grant) -> _Lease:
        """Return the link for this grant; a changed server, CA or client certificate opens a new one."""
        async with self._linking:
            if self._link is None or not self._link.serves(self.target, grant):
                previous, self._link = self._link, await open_link(self.target, grant, self._clock)
                self._retired = [link for link in self._retired if not link.closed]
                if previous is not None:
                    previous.retire()
                    self._retired.append(previous)
            return _Lease(self._link, grant)

    async def _send(
        self,
        lease: _Lease,
        method: str,
        path: str,
        query: Query,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        limit: float | None,
    ) -> Response:
        timeout = aiohttp.ClientTimeout(total=limit, sock_connect=CONNECT_TIMEOUT)
        response = await self._open(lease, method, path, query, headers, body, timeout, limit)
        try:
            with translated(lease.link.route, limit):
                content = await response.read()
        except BaseException:
            response.close()
            raise
        return Response(response.status, response.headers, content)

    async def _open(
        self,
        lease: _Lease,
        method: str,
        path: str,
        query: Query,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        timeout: aiohttp.ClientTimeout,
        limit: float | None,
    ) -> aiohttp.ClientResponse:
        """Send and wait for the head of a 2xx answer; anything else is raised."""
        link = lease.link
        all_headers = self._headers(lease, headers)
        if body is not None:
            all_headers.setdefault("Content-Type", "application/json")
        sent = self._clock.now()
        with translated(link.route, limit):
            answer = await link.client.call_api(
                method, self._url(link, path, query), all_headers, body, None, _request_timeout=timeout
            )
        response: aiohttp.ClientResponse = answer.response
        took = (self._clock.now() - sent) * 1000
        _LOG.debug("%s %s: %d in %.0f ms", method, path, response.status, took)  # no query: selectors may tell secrets
        self._skew.note(response.headers.get("Date", ""), sent, self._clock.now())
        good = 200 <= response.status < 300
        page = answers.foreign_page(response.headers, path, link.route.place, response.status) if good else None
        if good and page is None:
            return response
        try:
            raise page or await error_of_response(response, link.route, self._clock.now())
        finally:
            response.close()

    # --- what is sent ---------------------------------------------------------------------------------------

    @staticmethod
    def _url(link: Link, path: str, query: Query) -> Any:
        return link.url(quote(path, safe="/%:@!$&'()*+,;=~-._") + ("?" + urlencode(query) if query else ""))

    def _headers(self, lease: _Lease, extra: Mapping[str, str] | None) -> CIMultiDict[str]:
        headers = CIMultiDict(extra or {})
        headers.setdefault("Accept", "application/json")
        headers["User-Agent"] = f"k9py/{__version__}"
        headers["Accept-Encoding"] = "gzip" if lease.link.compressed else "identity"
        if lease.grant.authorization:
            headers["Authorization"] = lease.grant.authorization
        headers.extend(impersonation_headers(self.target.impersonation))
        return headers

    # --- the kubeconfig on disk -----------------------------------------------------------------------------

    def _follow_config(self, *, now: bool = False) -> None:
        """Take over what changed on disk for this context; keep what we have when it can no longer be read."""
        source = self.target.source
        moment = self._clock.monotonic()
        if source is None or (not now and moment - self._config_seen < CONFIG_PERIOD):
            return
        self._config_seen = moment
        if not source.changed():
            self.config_problem = ""  # also when what was broken meanwhile is as it was before
            return
        try:
            fresh = source.read()
        except K9Error as error:
            if self.config_problem != str(error):
                _LOG.warning("kubeconfig changed on disk, going on as before: %s", error)
            self.config_problem = str(error)
            return
        self.config_problem = ""
        known, self.target = self.target, fresh
        # A plugin is told about the cluster, so another cluster makes it another plugin run.
        if fresh.login != known.login or (fresh.login.exec and fresh.link != known.link):
            self._credentials.replace(source_of(fresh, self._clock, self._prompt))

    def _expired(self, refused: Unauthorized) -> AuthExpired:
        target = self.target
        who = f"user {target.user!r}" if target.user else "a request without credentials"
        remedy = "Log in again with the tool that wrote the kubeconfig"
        if self.config_problem:
            remedy = f"The kubeconfig on disk cannot be followed: {self.config_problem}"
        elif not target.user:
            remedy = "The context names no user: add one to the kubeconfig"
        return AuthExpired(f"The server refuses {who}: {refused}", remedy=remedy)


def impersonation_headers(who: Impersonation) -> list[tuple[str, str]]:
    """Return the headers that ask the server to act as somebody else."""
    if not who:
        return []
    headers = [("Impersonate-User", who.user)]
    headers += [("Impersonate-Group", group) for group in who.groups]
    if who.uid:
        headers.append(("Impersonate-Uid", who.uid))
    for key, values in who.extra:
        # The server unescapes the key, which may hold characters a header name cannot.
        name = "Impersonate-Extra-" + quote(key, safe="!#$&'*+-.^_`|~").lower()
        headers += [(name, value) for value in values]
    return headers
