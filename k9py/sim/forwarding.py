"""Port-forward: connections to a pod's ports, over WebSocket channels or kubectl's SPDY tunnel in one."""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from k9py.core.errors import ApiError
from k9py.sim import spdy
from k9py.sim.requests import Call
from k9py.sim.workloads.podlife import PodLife
from k9py.sim.workloads.wishes import FORWARD_TO, wish

CHANNELS = "v4.channel.k8s.io"
TUNNEL = "SPDY/3.1+portforward.k8s.io"
PROTOCOLS = (TUNNEL, CHANNELS)
_LOOPBACK = re.compile(r"(127(?:\.\d+){3}|localhost):(\d+)")
_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ")
CHUNK = 64 * 1024
"""Bytes read at once from a server that really is there."""

Write = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True)
class Pipe:
    """One connection: what the client sent so far, and how to answer."""

    write: Write
    incoming: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    """Pieces in order; an empty one is the end."""

    async def read(self) -> bytes:
        """Return the next piece; empty at the end."""
        return await self.incoming.get()


async def serve(call: Call, socket: web.WebSocketResponse, life: PodLife) -> None:
    """Carry bytes until the client leaves; the protocol is the one that was agreed on."""
    tunnel = socket.ws_protocol == TUNNEL
    await (_Tunnel(socket, life).run() if tunnel else _channels(call, socket, life))


def ports_of(call: Call) -> list[int]:
    """Return the ports a request on channels names; raises ApiError when it names none."""
    try:
        ports = [int(part) for name, value in call.values if name == "ports" for part in value.split(",")]
    except ValueError as error:
        raise ApiError.of(400, f"unable to parse a port: {error}", reason="BadRequest") from error
    if not ports:
        raise ApiError.of(400, "query parameter 'ports' is required", reason="BadRequest")
    return ports


async def _channels(call: Call, socket: web.WebSocketResponse, life: PodLife) -> None:
    """Two channels a port, data and errors, each beginning with the port number."""
    ports = ports_of(call)
    for number, port in enumerate(ports):
        for channel in (2 * number, 2 * number + 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))

    def writer(channel: int) -> Write:
        async def write(data: bytes) -> None:
            if not socket.closed:
                await socket.send_bytes(bytes([channel]) + data)

        return write

    async def work(number: int, pipe: Pipe) -> None:
        problem = await converse(life, ports[number], pipe)
        if problem:
            await writer(2 * number + 1)(problem.encode())

    pipes = [Pipe(writer(2 * number)) for number in range(len(ports))]
    tasks: dict[int, asyncio.Task[None]] = {}
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            number, odd = divmod(message.data[0], 2)
            if odd or number >= len(ports) or len(message.data) == 1:
                continue
            pipes[number].incoming.put_nowait(message.data[1:])
            if number not in tasks or tasks[number].done():
                tasks[number] = asyncio.create_task(work(number, pipes[number]))
    finally:
        for task in tasks.values():
            task.cancel()


class _Tunnel:
    """A SPDY connection in a WebSocket: two streams, data and errors, for each connection to a port."""

    def __init__(self, socket: web.WebSocketResponse, life: PodLife) -> None:
        self._socket = socket
        self._life = life
        self._framing = spdy.Framing()
        self._errors: dict[str, int] = {}
        """The stream of errors of a connection, by the client's number of it."""
        self._pipes: dict[int, Pipe] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Answer frames until the client leaves."""
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY:
                    continue
                for frame in self._framing.feed(message.data):
                    await self._answer(frame)
        except spdy.SpdyError:
            await self._socket.close(code=1002)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _answer(self, frame: spdy.Frame) -> None:
        match frame.type:
            case spdy.PING:
                await self._send(spdy.pong(frame.stream))
            case spdy.SYN_STREAM:
                await self._send(self._framing.reply(frame.stream))
                self._begin(frame)
            case 0 if frame.stream in self._pipes:
                for piece in (frame.data, b"" if frame.fin else None):
                    if piece is not None and (piece or frame.fin):
                        self._pipes[frame.stream].incoming.put_nowait(piece)
            case spdy.RST_STREAM if frame.stream in self._pipes:
                self._pipes[frame.stream].incoming.put_nowait(b"")

    def _begin(self, frame: spdy.Frame) -> None:
        number = frame.headers.get("requestid", "")
        if frame.headers.get("streamtype") == "error":
            self._errors[number] = frame.stream
            return
        stream = frame.stream

        async def write(data: bytes) -> None:
            await self._send(spdy.data(stream, data))

        self._pipes[stream] = Pipe(write)
        port = int(frame.headers.get("port", "0"))
        task = asyncio.create_task(self._work(stream, self._errors.pop(number, 0), port))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, stream: int, errors: int, port: int) -> None:
        problem = await converse(self._life, port, self._pipes[stream])
        self._pipes.pop(stream, None)
        if errors:
            await self._send(spdy.data(errors, problem.encode(), fin=True))
        await self._send(spdy.data(stream, fin=True))

    async def _send(self, frame: bytes) -> None:
        if not self._socket.closed:
            await self._socket.send_bytes(frame)


# what is at the other end


async def converse(life: PodLife, port: int, pipe: Pipe) -> str:
    """Talk to a port as its program would, until either side ends; returns what went wrong, or nothing."""
    first = life.main[0]
    declared = {int(item["containerPort"]) for item in first.spec.get("ports") or ()}
    forward = wish(life.pod, FORWARD_TO)
    problem = f"error forwarding port {port} to pod {life.name}, uid {life.uid}"
    if forward:
        return await _relay(forward, pipe, problem)
    if port not in declared | set(first.program.ports):
        return f"{problem}: dial tcp4 127.0.0.1:{port}: connect: connection refused"
    await _speak_http(life, pipe)
    return ""


async def _relay(address: str, pipe: Pipe, problem: str) -> str:
    """Connect a pipe with a server on loopback."""
    found = _LOOPBACK.fullmatch(address)
    if found is None:
        return f"{problem}: {FORWARD_TO} must name an address on loopback"
    try:
        reader, writer = await asyncio.open_connection(found[1], int(found[2]))
    except OSError as error:
        return f"{problem}: {error}"

    async def upwards() -> None:
        while data := await pipe.read():
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    up = asyncio.create_task(upwards())
    try:
        while data := await reader.read(CHUNK):
            await pipe.write(data)
    except OSError as error:
        return f"{problem}: {error}"
    finally:
        up.cancel()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return ""


async def _speak_http(life: PodLife, pipe: Pipe) -> None:
    """Answer HTTP requests with a page of one line; anything else comes back as it was."""
    program = life.main[0].program
    held = b""
    while data := await pipe.read():
        held += data
        if not held.startswith(_METHODS):
            await pipe.write(held)
            held = b""
            continue
        while b"\r\n\r\n" in held:
            head, _, held = held.partition(b"\r\n\r\n")
            lines = head.decode(errors="replace").split("\r\n")
            method, path = (*lines[0].split(" "), "/")[:2]
            fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(fields.get("content-length", "0")) if fields.get("content-length", "0").isdigit() else 0
            while len(held) < size and (more := await pipe.read()):
                held += more
            held = held[size:]
            status = program.bad_paths.get(path, 200) or 504
            page = f"{life.name} served {path}\n".encode()
            closing = fields.get("connection", "").lower() == "close"
            answer = [
                f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}",
                "Content-Type: text/plain",
                f"Content-Length: {len(page)}",
                *(["Connection: close"] if closing else []),
            ]
            await pipe.write("\r\n".join([*answer, "", ""]).encode() + (b"" if method == "HEAD" else page))
            if closing:
                return
