"""Servers on loopback: an API that records what it is asked, a CONNECT proxy, a SOCKS5 proxy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDictProxy


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: str
    """Decoded."""
    headers: CIMultiDictProxy[str]
    body: bytes
    client_name: str
    """Common name of the client certificate; empty without one."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class ApiServer:
    """A server that answers by a handler and keeps what it saw."""

    url: str = ""
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    """The SNI of each TLS connection."""
    handler: Handler | None = None

    @property
    def tokens(self) -> list[str]:
        """The Authorization header of each request."""
        return [request.headers.get("Authorization", "") for request in self.seen]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Record the request, then let the handler answer it."""
        transport = request.transport
        certificate = transport.get_extra_info("peercert") if transport else None
        subject = dict(pair[0] for pair in (certificate or {}).get("subject", ()))
        self.seen.append(
            Seen(
                request.method, request.path, request.query_string, request.headers,
                await request.read() if request.can_read_body else b"", subject.get("commonName", ""),
            )
        )  # fmt: skip
        if self.handler is None:
            return web.json_response({"kind": "Fine"})
        return await self.handler(request)


@contextlib.asynccontextmanager
async def api_server(handler: Handler | None = None, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[ApiServer]:
    """Serve on a free port of 127.0.0.1 until the block is left."""
    server = ApiServer(handler=handler)
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: server.server_names.append(name)
    runner = web.AppRunner(_app(server), shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    server.port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def _app(server: ApiServer) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    return app


@contextlib.contextmanager
def strict_tls_server(tls: ssl.SSLContext) -> Iterator[str]:
    """Refuse each client in the handshake with a TLS alert; asyncio's own servers close without sending one."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the listener is closed: the test is over
                return
            with connection:
                with contextlib.suppress(ssl.SSLError):
                    tls.wrap_socket(connection.dup(), server_side=True).close()
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionError):
                    while connection.recv(4096):
                        pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=30)


def status(code: int, reason: str, message: str, **details: object) -> web.Response:
    """Return a Kubernetes Status."""
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    return web.json_response(body, status=code)


@dataclass
class Proxy:
    """A proxy that leads every connection to one place, whatever was asked, and keeps what was asked."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def _serve(
    proxy: Proxy, scheme: str, handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> AsyncIterator[Proxy]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()


@contextlib.asynccontextmanager
async def connect_proxy(port: int, *, refuse: str = "") -> AsyncIterator[Proxy]:
    """Serve HTTP CONNECT; ``refuse`` is a status line to answer with instead."""
    proxy = Proxy()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        proxy.asked.append(lines[0].split()[1])
        proxy.credentials += [line.split(": ", 1)[1] for line in lines if line.lower().startswith("proxy-auth")]
        if refuse:
            writer.write(f"HTTP/1.1 {refuse}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, port)

    async with _serve(proxy, "http", handle) as serving:
        yield serving


@contextlib.asynccontextmanager
async def socks_proxy(port: int, *, password: str = "") -> AsyncIterator[Proxy]:
    """Serve SOCKS5 (RFC 1928), with name and password (RFC 1929) when a password is given."""
    proxy = Proxy()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x02" if password else b"\x05\x00")
        if password:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            said = await reader.readexactly((await reader.readexactly(1))[0])
            proxy.credentials.append(f"{name.decode()}:{said.decode()}")
            writer.write(b"\x01\x00" if said.decode() == password else b"\x01\x01")
            if said.decode() != password:
                return
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(byte) for byte in await reader.readexactly(4))
        (asked_port,) = struct.unpack("!H", await reader.readexactly(2))
        proxy.asked.append(f"{host}:{asked_port}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await _join(reader, writer, port)

    async with _serve(proxy, "socks5", handle) as serving:
        yield serving


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Copy both ways between a client and the port until either side ends."""
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()

    copies = [asyncio.ensure_future(copy(reader, far_writer)), asyncio.ensure_future(copy(far_reader, writer))]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in copies:
            task.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        far_writer.close()
