"""A transport whose answers are scripted, and bodies as the API server writes them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from k9py.core.clock import ManualClock
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.wire import REQUEST_TIMEOUT, ByteStream, Query, Response, WebSocket

PODS = ApiResource(
    Gvr("", "v1", "pods"),
    "Pod",
    "pod",
    namespaced=True,
    verbs=frozenset({"get", "list", "watch", "delete"}),
    short_names=("po",),
    categories=("all",),
    subresources=frozenset({"log", "exec"}),
)
NODES = ApiResource(Gvr("", "v1", "nodes"), "Node", "node", namespaced=False, verbs=frozenset({"list", "watch"}))


class HighestRandom(random.Random):
    """Draws the upper bound of a wait and the lower bound of a server timeout, so that both are known."""

    def uniform(self, a: float, b: float) -> float:
        return b

    def randint(self, a: int, b: int) -> int:
        return a


@dataclass(frozen=True)
class Asked:
    """One request the transport saw."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None = None
    streamed: bool = False
    inactivity: float | None = None


class FakeStream:
    """A body the test writes while it is read."""

    def __init__(self, *pieces: bytes) -> None:
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.closed = False
        self._pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        for piece in pieces:
            self._pieces.put_nowait(piece)

    def send(self, *pieces: bytes) -> FakeStream:
        """Let pieces arrive."""
        for piece in pieces:
            self._pieces.put_nowait(piece)
        return self

    def end(self) -> FakeStream:
        """Let the server end the answer."""
        self._pieces.put_nowait(None)
        return self

    def fail(self, error: BaseException) -> FakeStream:
        """Let the connection break."""
        self._pieces.put_nowait(error)
        return self

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            piece = await self._pieces.get()
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            yield piece


@dataclass
class FakeSocket:
    """A WebSocket whose peer is the test."""

    protocol: str = "v5.channel.k8s.io"
    sent: list[bytes] = field(default_factory=list)
    closed: bool = False
    incoming: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def receive(self) -> bytes | None:
        return await self.incoming.get()

    async def close(self) -> None:
        self.closed = True


Answer = bytes | BaseException | FakeStream
Handler = Callable[[Asked], Answer | None]


class FakeTransport:
    """Gives scripted answers in order, or by a handler; a request nobody scripted waits for ever."""

    def __init__(self, *answers: Answer, handler: Handler | None = None) -> None:
        self.asked: list[Asked] = []
        self.sockets: list[FakeSocket] = []
        self.socket_queries: list[tuple[str, Query, Sequence[str]]] = []
        self.closed = False
        self.clock_skew = 0.0
        self._answers = list(answers)
        self._handler = handler

    def then(self, *answers: Answer) -> None:
        """Script further answers."""
        self._answers += answers

    @property
    def unused(self) -> int:
        """How many scripted answers nobody asked for yet."""
        return len(self._answers)

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
        answer = await self._answer(Asked(method, path, dict(query), headers or {}, body))
        assert isinstance(answer, bytes), f"a stream was scripted for the request {path}"
        return Response(200, {}, answer)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        inactivity: float | None = None,
    ) -> AsyncIterator[ByteStream]:
        asked = Asked(method, path, dict(query), headers or {}, streamed=True, inactivity=inactivity)
        answer = await self._answer(asked)
        assert isinstance(answer, FakeStream), f"a body was scripted for the stream {path} {asked.query}"
        try:
            yield answer
        finally:
            answer.closed = True

    @asynccontextmanager
    async def websocket(self, path: str, *, query: Query = (), protocols: Sequence[str]) -> AsyncIterator[WebSocket]:
        self.socket_queries.append((path, query, protocols))
        socket = self.sockets[len(self.socket_queries) - 1]
        try:
            yield socket
        finally:
            await socket.close()

    async def close(self) -> None:
        self.closed = True

    async def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        answer = self._handler(asked) if self._handler else None
        if answer is None and self._answers:
            answer = self._answers.pop(0)
        if answer is None:
            await asyncio.get_running_loop().create_future()
        assert answer is not None
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def settle(clock: ManualClock) -> None:
    """Let everything that can run do so, however long its chain of awaits; no time passes."""
    for _ in range(5):
        await clock.advance(0)


def pod(name: str, version: int, *, uid: str = "", namespace: str = "shop", **metadata: Any) -> dict[str, Any]:
    """Return a small pod."""
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid or f"uid-{name}",
            "resourceVersion": str(version),
            **metadata,
        },
        "spec": {"containers": [{"name": "main"}]},
    }


def listing(
    *items: dict[str, Any], version: int | str, token: str = "", remaining: int | None = None, kind: str = "PodList"
) -> bytes:
    """Return the body of a list."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if token:
        metadata |= {"continue": token, "remainingItemCount": remaining}
    bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
    return json.dumps({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": bare}).encode()


def event(kind: str, thing: dict[str, Any]) -> bytes:
    """Return a line of a watch."""
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


def bookmark(version: int, *, ends_initial: bool = False) -> bytes:
    """Return a bookmark as the API server writes it, with its unusable spec."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if ends_initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {"containers": None}})


def failure(code: int, reason: str, message: str = "no") -> bytes:
    """Return an ERROR event."""
    return event(
        "ERROR",
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message},
    )
