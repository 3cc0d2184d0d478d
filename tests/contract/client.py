"""A thin client of the Kubernetes API for the contract: it sends what a case says and hides nothing of the answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import Target
from k9py.kube.tls import make_context, read_material

Object = dict[str, Any]

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

PATIENCE = 40.0
"""Seconds a condition may take before its case fails; the slowest ones wait for metrics of two scrapes."""
LOOK_AGAIN = 0.2
"""Seconds between two looks at what cannot be watched, such as metrics and discovery."""
AGENT = "contract"
"""Who writes where no field manager is named: the first word of the user agent."""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    warnings: tuple[str, ...] = ()
    body: Any = field(default=None)

    @property
    def reason(self) -> str:
        """The machine's word for a refusal, such as ``NotFound``."""
        return str((self.body or {}).get("reason", ""))

    @property
    def message(self) -> str:
        return str((self.body or {}).get("message", ""))

    @property
    def causes(self) -> list[tuple[str, str]]:
        """(reason, field) of every cause, in the order given."""
        found = ((self.body or {}).get("details") or {}).get("causes") or []
        return [(cause.get("reason", ""), cause.get("field", "")) for cause in found]


class Events:
    """The lines of one open watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, seconds: float = PATIENCE) -> tuple[str, Object]:
        """Return the type and the object of the next event; fails when the watch ends or nothing comes."""
        line = await asyncio.wait_for(self.response.content.readline(), seconds)
        assert line, "the watch ended"
        event = json.loads(line)
        return event["type"], event["object"]

    async def until(self, wanted: Callable[[str, Object], bool], seconds: float = PATIENCE) -> Object:
        """Return the object of the first event that is wanted."""
        async with asyncio.timeout(seconds):
            while True:
                kind, obj = await self.next()
                if wanted(kind, obj):
                    return obj

    async def ended(self, seconds: float = PATIENCE) -> bool:
        """Say whether the server closes the watch without another event."""
        return await asyncio.wait_for(self.response.content.readline(), seconds) == b""


class Api:
    """Requests to one server as one user."""

    def __init__(self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> None:
        self._session = session
        self.url = url
        self.written: set[str] = set()
        """The paths that something was sent to by whoever this client acts as."""
        self._headers = {"User-Agent": f"{AGENT}/1", **headers}

    def impersonating(self, user: str, *groups: str) -> Api:
        """Return the same client acting as somebody else."""
        headers = {**self._headers, "Impersonate-User": user}
        if groups:
            headers["Impersonate-Group"] = groups[0]
        other = Api(self._session, self.url, headers)
        other.written = self.written
        return other

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = JSON,
        accept: str = JSON,
        **query: str,
    ) -> Answer:
        """Send a request; whatever comes back is an answer."""
        if method != "GET":
            self.written.add(path)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {**self._headers, "Accept": accept}
        if data is not None:
            headers["Content-Type"] = content
        request = self._session.request(method, self.url + path, data=data, headers=headers, params=query)
        async with request as response:
            raw = await response.read()
            warnings = tuple(response.headers.getall("Warning", []))
            # The index of OpenAPI documents is JSON that says it is text.
            return Answer(
                response.status, response.headers, raw, warnings, json.loads(raw) if raw[:1] == b"{" else None
            )

    async def get(self, path: str, *, accept: str = JSON, **query: str) -> Answer:
        return await self.send("GET", path, accept=accept, **query)

    async def read(self, path: str, *, accept: str = JSON, **query: str) -> Object:
        """Return the body of a GET that must succeed."""
        answer = await self.get(path, accept=accept, **query)
        assert answer.status == 200, f"GET {path}: {answer.status} {answer.content[:500]!r}"
        body: Object = answer.body
        return body

    @contextlib.asynccontextmanager
    async def watch(self, path: str, *, accept: str = JSON, **query: str) -> AsyncIterator[Events]:
        """Open a watch; the server must accept it."""
        headers = {**self._headers, "Accept": accept}
        timeout = aiohttp.ClientTimeout(total=None)
        query = {"watch": "1", "timeoutSeconds": "55", **query}
        async with self._session.get(self.url + path, headers=headers, params=query, timeout=timeout) as response:
            if response.status != 200:
                raise AssertionError(f"watch {path}: {response.status} {await response.text()}")
            yield Events(response)

    @contextlib.asynccontextmanager
    async def stream(self, path: str, **query: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open an answer that is read as it comes, such as a followed log."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(self.url + path, headers=self._headers, params=query, timeout=timeout) as response:
            yield response

    @contextlib.asynccontextmanager
    async def socket(
        self, path: str, query: list[tuple[str, str]], *, protocol: str = "v5.channel.k8s.io"
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket of the remote command protocol."""
        async with self._session.ws_connect(
            self.url + path, headers=self._headers, params=query, protocols=(protocol,)
        ) as socket:
            yield socket


async def eventually(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Ask an asynchronous question again and again until the answer is true; for what no watch tells."""
    limit = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert asyncio.get_running_loop().time() < limit, f"never came: {what}"
        await asyncio.sleep(LOOK_AGAIN)


def target_of(kubeconfig: str) -> Target:
    """Return who and where the current context of a kubeconfig file is."""
    return Kubeconfig.load(kubeconfig, {}).target()


@contextlib.asynccontextmanager
async def open_api(kubeconfig: str) -> AsyncIterator[Api]:
    """Open a client with the certificates or the token of a kubeconfig's current context."""
    target = target_of(kubeconfig)
    headers = {"Authorization": f"Bearer {target.login.token}"} if target.login.token else {}
    secure = target.server.startswith("https")
    context = make_context(read_material(target.tls)) if secure else None
    connector = aiohttp.TCPConnector(ssl=context if context is not None else True, limit=0)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Api(session, target.server, headers)
