"""What a transport hands out: a body read as it comes, and a WebSocket of binary messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack

import aiohttp

from k9py.core.errors import RubbishError, Unreachable
from k9py.kube.link import Link
from k9py.kube.linkerrors import translated


class AioByteStream:
    """A 2xx answer read in whatever pieces arrive; there is no limit to a line."""

    def __init__(self, response: aiohttp.ClientResponse, link: Link, inactivity: float | None) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._link = link
        self._inactivity = inactivity
        self._hold = ExitStack()
        self._hold.enter_context(link.in_use())

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield pieces as they arrive. Raises Stalled after too long a silence, Unreachable on a break."""
        with translated(self._link.route, self._inactivity, reading=True):
            async for chunk in self._response.content.iter_any():
                yield chunk

    def close(self) -> None:
        """Close the connection at once: what the server still sends is of no use to another request."""
        self._response.close()
        self._hold.close()


class AioWebSocket:
    """One WebSocket; messages are binary, the peer's text messages count as their UTF-8 bytes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, link: Link) -> None:
        self.protocol = socket.protocol or ""
        self._socket = socket
        self._link = link
        self._hold = ExitStack()
        self._hold.enter_context(link.in_use())

    async def send(self, data: bytes) -> None:
        """Send one binary message. Raises Unreachable when the connection is gone."""
        if self._socket.closed:
            raise Unreachable(f"{self._link.route.place}: the connection is closed")
        with translated(self._link.route, None):
            await self._socket.send_bytes(data)

    async def receive(self) -> bytes | None:
        """Return the next message, None once the peer has closed. Raises Unreachable when the connection broke."""
        with translated(self._link.route, None):
            message = await self._socket.receive()
        kind = message.type
        if kind is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        if kind is aiohttp.WSMsgType.TEXT:
            return str(message.data).encode()
        error = message.data if kind is aiohttp.WSMsgType.ERROR else self._socket.exception()
        place = self._link.route.place
        if isinstance(error, aiohttp.WebSocketError):
            raise RubbishError(f"{place}: what comes over the WebSocket is none of its messages") from error
        if error is not None or self._socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE:
            raise Unreachable(f"{place}: the connection broke") from error
        return None

    async def close(self) -> None:
        """Close the connection."""
        try:
            await self._socket.close()
        finally:
            self._hold.close()
