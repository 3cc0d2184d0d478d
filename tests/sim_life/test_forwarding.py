"""Port-forward over channels and through kubectl's tunnel."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from k9py.sim import spdy
from k9py.sim.server import ADMIN_TOKEN
from tests.sim_life.conftest import Lab

PATH = "/api/v1/namespaces/default/pods/web/portforward"
TUNNEL = "SPDY/3.1+portforward.k8s.io"


@pytest.fixture
async def http(lab: Lab) -> AsyncIterator[aiohttp.ClientSession]:
    await lab.simulation.server.start()
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with aiohttp.ClientSession(lab.simulation.server.url, headers=headers) as session:
        yield session
    await lab.simulation.server.close()


@pytest.fixture
async def web(lab: Lab) -> Lab:
    lab.run_pod("web", "acme/web:1", port=8080)
    await lab.wait(15)
    return lab


class Tunnel:
    """The client's side of a tunnel: opens streams, sends, reads frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)
        self._framing = spdy.Framing()
        self._held: list[spdy.Frame] = []

    async def open(self, stream: int, **headers: str) -> None:
        block = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name, value):
                block += struct.pack(">I", len(text)) + text.encode()
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        body = struct.pack(">IIH", stream, 0, 0) + packed
        await self.socket.send_bytes(struct.pack(">HHI", 0x8003, spdy.SYN_STREAM, len(body)) + body)

    async def frame(self) -> spdy.Frame:
        while not self._held:
            self._held += self._framing.feed(await self.socket.receive_bytes())
        return self._held.pop(0)

    async def connect(self, number: int, port: int) -> tuple[int, int]:
        """Open the two streams of one connection; returns the data and the error stream."""
        errors, data = 4 * number + 1, 4 * number + 3
        for stream, kind in ((errors, "error"), (data, "data")):
            await self.open(stream, streamtype=kind, port=str(port), requestid=str(number))
        assert [(await self.frame()).type, (await self.frame()).type] == [spdy.SYN_REPLY, spdy.SYN_REPLY]
        return data, errors

    async def rest(self, stream: int) -> bytes:
        """Return what comes on one stream until it ends."""
        found = b""
        while True:
            frame = await self.frame()
            if frame.type == 0 and frame.stream == stream:
                found += frame.data
                if frame.fin:
                    return found


async def _tunnel(http: aiohttp.ClientSession) -> Tunnel:
    return Tunnel(await http.ws_connect(PATH, protocols=(TUNNEL,)))


async def test_a_page_comes_through_the_tunnel_and_the_next_one_on_the_same_connection(
    web: Lab, http: aiohttp.ClientSession
) -> None:
    tunnel = await _tunnel(http)
    data, _errors = await tunnel.connect(0, 8080)
    for path in ("/a", "/b"):
        await tunnel.socket.send_bytes(spdy.data(data, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
        assert (await tunnel.frame()).data.endswith(f"web served {path}\n".encode())
    await tunnel.socket.send_bytes(spdy.data(data, fin=True))
    assert await tunnel.rest(data) == b""


async def test_two_connections_of_one_tunnel_do_not_mix(web: Lab, http: aiohttp.ClientSession) -> None:
    tunnel = await _tunnel(http)
    first, _ = await tunnel.connect(0, 8080)
    second, _ = await tunnel.connect(1, 8080)
    request = b"GET /%d HTTP/1.1\r\nConnection: close\r\n\r\n"
    await tunnel.socket.send_bytes(spdy.data(second, request % 2))
    assert (await tunnel.rest(second)).endswith(b"web served /2\n")
    await tunnel.socket.send_bytes(spdy.data(first, request % 1))
    assert (await tunnel.rest(first)).endswith(b"web served /1\n")


async def test_a_port_nobody_listens_on_is_an_error_of_its_connection_alone(
    web: Lab, http: aiohttp.ClientSession
) -> None:
    tunnel = await _tunnel(http)
    data, errors = await tunnel.connect(0, 9)
    assert (await tunnel.rest(errors)).endswith(b"dial tcp4 127.0.0.1:9: connect: connection refused")
    assert await tunnel.rest(data) == b""
    data, _ = await tunnel.connect(1, 8080)
    await tunnel.socket.send_bytes(spdy.data(data, b"HEAD / HTTP/1.1\r\n\r\n"))
    assert (await tunnel.frame()).data.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_pings_are_answered(web: Lab, http: aiohttp.ClientSession) -> None:
    tunnel = await _tunnel(http)
    await tunnel.socket.send_bytes(spdy.pong(7))
    frame = await tunnel.frame()
    assert (frame.type, frame.stream) == (spdy.PING, 7)


async def test_what_is_no_spdy_closes_the_tunnel(web: Lab, http: aiohttp.ClientSession) -> None:
    tunnel = await _tunnel(http)
    await tunnel.socket.send_bytes(b"\x80\x02\x00\x01\x00\x00\x00\x00")
    message = await tunnel.socket.receive()
    assert message.type is aiohttp.WSMsgType.CLOSE


async def test_channels_begin_with_the_port_and_carry_pages(web: Lab, http: aiohttp.ClientSession) -> None:
    socket = await http.ws_connect(PATH, params={"ports": "8080"}, protocols=("v4.channel.k8s.io",))
    assert [await socket.receive_bytes(), await socket.receive_bytes()] == [b"\x00\x90\x1f", b"\x01\x90\x1f"]
    await socket.send_bytes(b"\x00GET /x HTTP/1.1\r\n\r\n")
    answer = await socket.receive_bytes()
    assert answer[0] == 0
    assert answer.endswith(b"web served /x\n")


async def test_an_annotation_lets_a_server_on_loopback_answer(lab: Lab, http: aiohttp.ClientSession) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lab.run_pod("web", "acme/web:1")
    pod = lab.store.get("pods", "default", "web")
    pod["metadata"]["annotations"] = {"k9py.dev/forward-to": f"127.0.0.1:{port}"}
    lab.store.replace("pods", pod)
    await lab.wait(15)
    tunnel = await _tunnel(http)
    data, _ = await tunnel.connect(0, 1)
    await tunnel.socket.send_bytes(spdy.data(data, b"quiet", fin=True))
    assert await tunnel.rest(data) == b"QUIET"
    server.close()


async def test_only_loopback_may_answer(lab: Lab, http: aiohttp.ClientSession) -> None:
    lab.run_pod("web", "acme/web:1")
    pod = lab.store.get("pods", "default", "web")
    pod["metadata"]["annotations"] = {"k9py.dev/forward-to": "192.0.2.1:80"}
    lab.store.replace("pods", pod)
    await lab.wait(15)
    tunnel = await _tunnel(http)
    _data, errors = await tunnel.connect(0, 80)
    assert b"must name an address on loopback" in await tunnel.rest(errors)
