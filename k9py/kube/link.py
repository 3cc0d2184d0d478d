"""One connection pool to one server with one client certificate; replaced whole when any of them changes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractCookieJar
from yarl import URL

from k9py.core.clock import Clock
from k9py.kube import aio
from k9py.kube.credentials import Grant
from k9py.kube.files import FileStamps
from k9py.kube.linkerrors import BrokenWrite, Route, error_of_response
from k9py.kube.proxy import SOCKS, is_loopback, proxy_for
from k9py.kube.socks import socks_connector
from k9py.kube.target import Target
from k9py.kube.tls import make_context, read_material

IDLE_LIMIT = 60.0
"""Seconds an unused connection is kept; below the 90 s after which load balancers drop it."""
READ_BUFFER = 2**18
"""Bytes buffered per connection before the socket is left alone: a large list is read in few turns."""
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""Seconds, seconds and count: a watch whose peer has vanished is noticed after a minute."""

REPEATED_WRITES = frozenset({"PUT", "DELETE"})
"""Methods aiohttp takes for harmless and sends again by itself when the connection breaks under them."""


async def open_link(target: Target, grant: Grant, clock: Clock) -> Link:
    """Read certificates and build a pool; nothing is sent. Raises KubeconfigError for what cannot be used."""
    stamps = FileStamps(target.tls.files)  # before they are read: a write in between must show as a change
    context: ssl.SSLContext | bool = False
    if target.server.startswith("https:"):
        material = read_material(target.tls, grant.certificate, grant.key)
        context = await asyncio.to_thread(make_context, material)
    return Link(target, grant, clock, context, stamps)


class Link:
    """The pool, and how many requests and streams are on it."""

    def __init__(
        self, target: Target, grant: Grant, clock: Clock, context: ssl.SSLContext | bool, stamps: FileStamps
    ) -> None:
        url = urlsplit(target.server)
        proxy = proxy_for(target.server, target.proxy_url, target.environ)
        over_socks = urlsplit(proxy).scheme in SOCKS
        self.route = Route(target.server, proxy, target.tls.server_name)
        self.proxy = proxy if proxy and not over_socks else None
        """URL of an HTTP proxy; a SOCKS proxy is the connector's business."""
        self.server_name = target.tls.server_name or None
        self.compressed = not target.disable_compression and not is_loopback(url.hostname or "")
        """Compression on loopback only costs time."""
        self._identity = _identity(target, grant)
        self._clock = clock
        self._context = context
        self._stamps = stamps
        self._socks = proxy if over_socks else ""
        self._users = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None
        self.client: Any = aio.api_client(
            aio.ClientOptions(target.server, self._new_session, self.proxy, self.server_name)
        )
        """``kubernetes.aio``'s ApiClient."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session of the requests, for WebSockets."""
        session: aiohttp.ClientSession = self.client.session
        return session

    def url(self, path_and_query: str) -> URL:
        """Return the URL of a path that is already quoted."""
        return URL(self.route.server + path_and_query, encoded=True)

    def serves(self, target: Target, grant: Grant) -> bool:
        """Return True while this is the right pool: same server and trust, same certificate, files unchanged."""
        return self._identity == _identity(target, grant) and not self._stamps.changed()

    @property
    def closed(self) -> bool:
        """True once a retired pool has been closed for good."""
        return self._closing is not None and self._closing.done()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep a retired pool open until the block is left."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._close_if_done()

    def retire(self) -> None:
        """Close once nothing is on it any more: a watch goes on with the credentials it was opened with."""
        self._retired = True
        self._close_if_done()

    async def close(self) -> None:
        """Close every connection now."""
        await self.client.close()
        if self._closing is not None:
            await self._closing

    def _close_if_done(self) -> None:
        if self._retired and self._users == 0 and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.client.close(), name="close old link")

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._new_connector(),
            cookie_jar=_no_cookies(),
            trust_env=False,  # it would send what ~/.netrc says; proxies are chosen by our own rules
            read_bufsize=READ_BUFFER,
            timeout=aiohttp.ClientTimeout(total=None),
            raise_for_status=self._check_upgrade,
            middlewares=(_sent_once,),
        )

    def _new_connector(self) -> aiohttp.TCPConnector:
        # No limit: over HTTP/1.1 each watch holds a connection of its own.
        options: dict[str, Any] = {"limit": 0, "ssl": self._context, "keepalive_timeout": IDLE_LIMIT}
        if self._socks:
            return socks_connector(self._socks, options)
        return aiohttp.TCPConnector(**options, socket_factory=_keepalive_socket)

    async def _check_upgrade(self, response: aiohttp.ClientResponse) -> None:
        """Raise what the server says instead of opening a WebSocket; aiohttp alone would drop the body."""
        if response.status != 101:
            raise await error_of_response(response, self.route, self._clock.now())


async def _sent_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Let a write that broke fail, since the server may have carried it out: only who sent it can find out."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise  # nothing was sent
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in REPEATED_WRITES and "dryRun" not in request.url.query:
            raise BrokenWrite(str(error)) from error
        raise


def _identity(target: Target, grant: Grant) -> tuple[object, ...]:
    return target.link, grant.certificate, grant.key


def _no_cookies() -> AbstractCookieJar:
    return aiohttp.DummyCookieJar()


def _keepalive_socket(address: Any) -> socket.socket:
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        option = getattr(socket, name, None)  # not every system has all three
        if option is not None:
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made
