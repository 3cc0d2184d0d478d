"""The proxy itself: connections, requests, WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from k9py.kube import tls
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import Target
from tests.kube_auth.pki import Authority

from .faults import Act, Asked, Faults, first_broken, first_broken_event, in_its_place

LOOPBACK = "127.0.0.1"
SLICE = 16 * 1024
"""Bytes passed on at once when the answer is slow."""
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length"})
"""Headers of one connection only."""


class FaultProxy:
    """Listens on loopback, before the server of one target."""

    def __init__(self, target: Target, folder: Path) -> None:
        """``folder`` must not exist yet: the certificates are made in it."""
        self.faults = Faults()
        self.asked: list[Asked] = []
        """Every request so far."""
        self.port = 0
        self._target = target
        self._authority = Authority(folder, "fault proxy")
        pair = self._authority.issue("proxy", alt=f"IP:{LOOPBACK}")
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(pair.cert_file, pair.key_file)
        self._certified = bool(target.tls.cert_data or target.tls.cert_file)
        self._loud = asyncio.Event()
        self._loud.set()
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, kubeconfig: Path, folder: Path) -> AsyncIterator[FaultProxy]:
        """Run a proxy before the server of a kubeconfig's current context."""
        proxy = cls(Kubeconfig.load(kubeconfig, {}).target(), folder)
        await proxy.up()
        try:
            yield proxy
        finally:
            await proxy.close()

    def kubeconfig(self, *, user: Mapping[str, Any] | None = None, namespace: str = "default") -> str:
        """Return a kubeconfig through the proxy, as JSON; ``user`` replaces the token of the server's own."""
        token = self._target.login.token
        who = dict(user) if user is not None else {"token": token} if token else {}
        cluster = {
            "server": f"https://{LOOPBACK}:{self.port}",
            "certificate-authority": str(self._authority.root.cert_file),
        }
        context = {"cluster": "proxied", "user": "me", "namespace": namespace}
        return json.dumps(
            {
                "apiVersion": "v1", "kind": "Config", "current-context": "proxied",
                "contexts": [{"name": "proxied", "context": context}],
                "clusters": [{"name": "proxied", "cluster": cluster}],
                "users": [{"name": "me", "user": who}],
            }
        )  # fmt: skip

    # --- the whole connection -------------------------------------------------------------------------------

    async def up(self) -> None:
        """Listen, on the same port as before."""
        if self._session is None:
            trust: Any = True
            if self._target.server.startswith("https"):
                trust = tls.make_context(tls.read_material(self._target.tls))
            connector = aiohttp.TCPConnector(limit=0, ssl=trust)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
            )
        self._server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=self._tls, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Cut everything and listen no more: who comes is refused."""
        self.cut()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def cut(self) -> None:
        """Cut every open connection."""
        for handler in list(self._server.connections) if self._server is not None else ():
            if handler.transport is not None:
                handler.transport.abort()

    def stall(self) -> None:
        """Say nothing any more, neither to new requests nor in open watches."""
        self._loud.clear()

    def resume(self) -> None:
        """Go on; what waited is answered."""
        self._loud.set()

    def clear(self) -> None:
        """Switch every fault off."""
        self.faults = Faults()
        self.resume()

    async def close(self) -> None:
        """End it."""
        self.resume()
        await self.down()
        if self._session is not None:
            await self._session.close()

    # --- one request ----------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Asked(request.method, request.path, dict(request.query), bearer, await request.read())
        self.asked.append(asked)
        act = await self.faults.meddle(asked)
        if act is Act.CUT:
            return _cut(request)
        await self._loud.wait()
        faults = self.faults if self.faults.only in asked.path else Faults()
        if answer := in_its_place(asked, faults):
            return answer
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._relayed(request)
            return await self._passed(request, asked, faults, lose=act is Act.LOSE)
        except (aiohttp.ClientError, ConnectionError):
            return _cut(request)  # what a connection that ends in the server would do when the server ends

    def _headers(self, request: web.BaseRequest) -> dict[str, str]:
        dropped = {*_HOP, "accept-encoding", *({"authorization"} if self._certified else ())}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        return {name: value for name, value in headers.items() if not name.lower().startswith("sec-websocket")}

    async def _passed(
        self, request: web.BaseRequest, asked: Asked, faults: Faults, *, lose: bool
    ) -> web.StreamResponse:
        assert self._session is not None
        url = self._target.server + request.raw_path
        async with self._session.request(
            request.method, url, headers=self._headers(request), data=asked.body or None, allow_redirects=False
        ) as answer:
            if lose:
                await answer.read()
                return _cut(request)
            response = web.StreamResponse(status=answer.status)
            response.headers.extend((n, v) for n, v in answer.headers.items() if n.lower() not in _HOP)
            await response.prepare(request)
            pieces: AsyncIterator[bytes] = answer.content.iter_any()
            if faults.malformed and answer.status == 200:
                pieces = first_broken_event(answer.content) if asked.is_watch else first_broken(answer)
            limit = faults.watch_cut if asked.is_watch and faults.watch_cut else None
            try:
                async with asyncio.timeout(limit):
                    await self._written(response, pieces, faults.rate)
            except TimeoutError:
                return _cut(request, response)
            await response.write_eof()
            return response

    async def _written(self, response: web.StreamResponse, pieces: AsyncIterator[bytes], rate: float) -> None:
        async for piece in pieces:
            for start in range(0, len(piece), SLICE) if rate else (0,):
                part = piece[start : start + SLICE] if rate else piece
                await self._loud.wait()
                await response.write(part)
                if rate:
                    await asyncio.sleep(len(part) / rate)

    async def _relayed(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass the messages of a WebSocket both ways."""
        assert self._session is not None
        protocols = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        url = self._target.server + request.raw_path
        try:
            back = await self._session.ws_connect(
                url, protocols=protocols, headers=self._headers(request), max_msg_size=0
            )
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status, text=refused.message)
        front = web.WebSocketResponse(protocols=[back.protocol] if back.protocol else (), max_msg_size=0)
        try:
            await front.prepare(request)
            ways = {asyncio.create_task(_messages(front, back)), asyncio.create_task(_messages(back, front))}
            _, waiting = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in waiting:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            await back.close()
            await front.close()
        return front


def _cut(request: web.BaseRequest, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return begun or web.Response()  # goes nowhere: the transport is gone


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _messages(source: _Socket, sink: _Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        elif message.type is aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)
