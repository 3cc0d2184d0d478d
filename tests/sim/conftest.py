"""A simulated server per test, on a clock that stands still, and a client that speaks plain HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from k9py.core.clock import ManualClock
from k9py.sim.openapi import OpenApi
from k9py.sim.server import ADMIN_TOKEN, SimServer
from k9py.sim.store import Store

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PATIENCE = 30.0
"""Seconds an event may take on a busy machine."""


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, decoded body, headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Events:
    """The lines of one watch."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, dict[str, Any]]:
        """Return the next event's type and object; fails when none comes."""
        line = await asyncio.wait_for(self.response.content.readline(), PATIENCE)
        assert line, "the watch ended"
        event = json.loads(line)
        return event["type"], event["object"]

    async def ended(self) -> bool:
        """Return True when the stream closes without another line."""
        return await asyncio.wait_for(self.response.content.readline(), PATIENCE) == b""


class Client:
    """Requests with a bearer token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._token = token

    def as_token(self, token: str) -> Client:
        """Return a client with another token."""
        return Client(self._session, self._url, token)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "User-Agent": "test/1", **more}

    async def send(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json", **headers: str
    ) -> Reply:
        """Send a request; header names are written with underscores."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = self._headers({name.replace("_", "-"): value for name, value in headers.items()})
        if data is not None:
            sent["Content-Type"] = content
        async with self._session.request(method, self._url + path, data=data, headers=sent) as response:
            text = await response.text()
            try:
                decoded = json.loads(text)
            except ValueError:
                decoded = text
            warnings = tuple(response.headers.getall("Warning", []))
            return Reply(response.status, decoded, response.headers, warnings)

    async def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return await self.send("GET", path, **headers)

    async def post(self, path: str, body: Any) -> Reply:
        """POST."""
        return await self.send("POST", path, body)

    async def patch(self, path: str, body: Any, content: str = MERGE) -> Reply:
        """PATCH."""
        return await self.send("PATCH", path, body, content=content)

    async def delete(self, path: str, body: Any = None) -> Reply:
        """DELETE."""
        return await self.send("DELETE", path, body)

    async def watch(self, path: str, **headers: str) -> Events:
        """Open a watch; the session closes it."""
        joint = "&" if "?" in path else "?"
        sent = self._headers({name.replace("_", "-"): value for name, value in headers.items()})
        return Events(await self._session.get(f"{self._url}{path}{joint}watch=1", headers=sent))


@pytest.fixture(scope="session")
def openapi() -> OpenApi:
    """The recorded schemas, read once."""
    return OpenApi()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only tests move."""
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Store:
    """An empty store, before the server furnishes it."""
    return Store(clock)


@pytest.fixture
async def server(store: Store, openapi: OpenApi) -> AsyncIterator[SimServer]:
    """A listening server."""
    server = await SimServer(store, openapi=openapi).start()
    yield server
    await server.close()


@pytest.fixture
async def client(server: SimServer) -> AsyncIterator[Client]:
    """An administrator's client."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, server.url, ADMIN_TOKEN)


def config_map(name: str, **data: str) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    """Return a Deployment with one container called ``web``."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    """Return a pod with one container."""
    spec = {"containers": [{"name": "web", "image": "nginx:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}
