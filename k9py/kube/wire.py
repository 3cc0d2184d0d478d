"""The seam to the network: what the client layer asks of a transport, and nothing else.

``kube.aio`` implements it over ``kubernetes.aio``; tests pass their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

Query = Sequence[tuple[str, str]]
"""Query parameters in order; a name may come more than once."""

REQUEST_TIMEOUT = 30.0
"""Seconds a plain request may take; the API server's own limit is 60."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer with a 2xx status."""

    status: int
    headers: Mapping[str, str]
    """Header names are case-insensitive."""
    body: bytes = field(repr=False)
    """It may be a Secret."""


class ByteStream(Protocol):
    """A 2xx answer whose body is read as it comes: a watch or a log."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield pieces as they arrive; raises LinkError when the connection breaks."""


class WebSocket(Protocol):
    """A connection of binary messages; the first byte of each is the channel (remotecommand protocol)."""

    protocol: str
    """The subprotocol the server chose, such as ``v5.channel.k8s.io``."""

    async def send(self, data: bytes) -> None:
        """Send one binary message."""

    async def receive(self) -> bytes | None:
        """Return the next message, or None once the peer has closed."""

    async def close(self) -> None:
        """Close the connection."""


class Login(Protocol):
    """Who we are to a server, as the kubeconfig says it; what a transport made from a kubeconfig can do besides."""

    config_problem: str
    """Why the kubeconfig on disk can no longer be followed, in one line; empty while it can."""

    async def renew_credentials(self) -> None:
        """Log in again now because a person asked; the terminal may be lent for it. Raises CredentialError."""


class Transport(Protocol):
    """One authenticated connection pool to one API server.

    Every method raises a member of the tree in ``core.errors``: ApiError for an answer outside 2xx (decoded from the
    Status where there is one), LinkError when there is no answer, CredentialError when there are no credentials,
    RubbishError when what answers is not the Kubernetes API. A 401 renews the credentials once and tries again.
    Never more than 20 plain requests are in flight; streams and sockets are not counted.
    """

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

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        inactivity: float | None = None,
    ) -> AbstractAsyncContextManager[ByteStream]:
        """Open an answer that is read as it comes; ``inactivity`` is the longest silence in seconds (Stalled)."""

    def websocket(
        self, path: str, *, query: Query = (), protocols: Sequence[str]
    ) -> AbstractAsyncContextManager[WebSocket]:
        """Open a WebSocket with the same credentials, TLS server name and proxy as the requests."""

    @property
    def clock_skew(self) -> float:
        """Seconds the server's clock is ahead of ours, by the ``Date`` of its answers."""

    async def close(self) -> None:
        """Close every connection."""


class PassingTransport:
    """Another transport with something in between: a child says what becomes of a request, the rest is passed on."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

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
        return await self.inner.request(method, path, query=query, headers=headers, body=body, timeout=timeout)

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        inactivity: float | None = None,
    ) -> AbstractAsyncContextManager[ByteStream]:
        """Open an answer that is read as it comes."""
        return self.inner.stream(method, path, query=query, headers=headers, inactivity=inactivity)

    def websocket(
        self, path: str, *, query: Query = (), protocols: Sequence[str]
    ) -> AbstractAsyncContextManager[WebSocket]:
        """Open a WebSocket."""
        return self.inner.websocket(path, query=query, protocols=protocols)

    @property
    def clock_skew(self) -> float:
        """Seconds the server's clock is ahead of ours."""
        return self.inner.clock_skew

    async def close(self) -> None:
        """Close the connection."""
        await self.inner.close()
