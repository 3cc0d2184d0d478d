"""Which faults there are, and the answers that come instead of the server's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import aiohttp
from aiohttp import web

RUBBISH = b"<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head><body>Please log in</body></html>"
MALFORMED = {"containers": 17, "nodeName": [], "replicas": "three", "ports": True}
"""A spec that fits no kind."""


class Act(Enum):
    """What becomes of one request."""

    PASS = "pass"
    CUT = "cut"
    """The connection is cut before the server hears of it."""
    LOSE = "lose"
    """The server carries it out, and the connection is cut instead of an answer."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str
    body: bytes = field(repr=False)

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"

    @property
    def is_dry(self) -> bool:
        """True for a trial: the query says so, or the body of a DELETE."""
        return "dryRun" in self.query or b'"dryRun"' in self.body

    @property
    def is_write(self) -> bool:
        """True for what changes the cluster."""
        return self.method != "GET" and not self.is_dry and "/authorization.k8s.io/" not in self.path


Meddle = Callable[[Asked], Awaitable[Act]]


async def _pass(_asked: Asked) -> Act:
    return Act.PASS


@dataclass
class Faults:
    """Which faults are on; everything is off at first, and assigning switches at any time."""

    only: str = ""
    """Part of a path: requests without it are spared by everything but a stall and a cut."""
    watch_cut: float = 0.0
    """Seconds after which every watch is cut; 0 never."""
    rate: float = 0.0
    """Bytes per second of each answer; 0 as they come."""
    unauthorized: bool = False
    expired: set[str] = field(default_factory=set)
    """Bearer tokens that are answered 401."""
    throttled: float | None = None
    """Seconds of Retry-After with which requests are answered 429."""
    gone: bool = False
    """A watch from a version gets an ERROR of 410 instead of events."""
    rubbish: bool = False
    malformed: bool = False
    """The first object of each list, or of each watch, has a spec that fits no kind."""
    meddle: Meddle = _pass
    """Asked about each request before anything else."""


def in_its_place(asked: Asked, faults: Faults) -> web.Response | None:
    """Return what is answered instead of the server."""
    if faults.rubbish:
        return web.Response(body=RUBBISH, content_type="text/html")
    if faults.throttled is not None:
        return _status(429, "TooManyRequests", "too many requests", {"Retry-After": f"{faults.throttled:g}"})
    if faults.unauthorized or asked.token in faults.expired:
        return _status(401, "Unauthorized", "Unauthorized")
    if faults.gone and asked.is_watch and "resourceVersion" in asked.query:
        event = {"type": "ERROR", "object": _document(410, "Expired", "too old resource version")}
        return web.Response(body=json.dumps(event).encode() + b"\n", content_type="application/json")
    return None


def _document(code: int, reason: str, message: str) -> dict[str, Any]:
    said = {"status": "Failure", "message": message, "reason": reason, "code": code}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, **said}


def _status(code: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(_document(code, reason, message), status=code, headers=headers)


async def first_broken(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    body = await answer.read()
    page = json.loads(body)
    if page.get("items"):
        page["items"][0]["spec"] = MALFORMED
    yield json.dumps(page).encode()


async def first_broken_event(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    first, rest = True, b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if first and event["type"] == "ADDED":
                event["object"]["spec"] = MALFORMED
                first = False
                line = json.dumps(event).encode()
            yield line + b"\n"
