"""The benchmark's API server: pods only, everything encoded beforehand, in a process of its own.

``python -m tests.bench.server PODS [--delay SECONDS] [--pages]`` prints its port. ``/bench/load?eps=…`` sets how many
watch events a second it sends, ``/bench/burst?events=…`` sends that many at once, ``/bench/marks`` tells when the first
list request came and how many watch events were sent since somebody asked last.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.bench.pods import Pods

BLOCK = 100
"""Initial events sent in one piece."""
VISIBLE = 40
"""Pods that are on the screen when the table stands at its first row."""
VISIBLE_SHARE = 0.01
STEP = 0.02
"""Seconds between two groups of watch events."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BenchServer:
    """Answers what a client of pods asks for."""

    def __init__(self, pods: Pods, *, delay: float, pages_only: bool) -> None:
        self.pods = pods
        self.delay = delay
        self.pages_only = pages_only
        self.rate = 0.0
        self.burst: list[bytes] = []
        self.first_list: float | None = None
        self.sent = 0
        self._tables: dict[int, bytes] = {}
        self._wake = asyncio.Event()

    def app(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._delayed])
        app.router.add_get("/bench/load", self.set_load)
        app.router.add_get("/bench/burst", self.set_burst)
        app.router.add_get("/bench/marks", self.marks)
        app.router.add_get("/api/v1/pods", self.list_or_watch)
        app.router.add_post("/apis/authorization.k8s.io/v1/{kind}", self.review)
        app.router.add_get("/{path:.*}", self.other)
        return app

    @web.middleware
    async def _delayed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.delay and not request.path.startswith("/bench"):
            await asyncio.sleep(self.delay)
        return await handler(request)

    # -- control -------------------------------------------------------------------------------------------------

    async def set_load(self, request: web.Request) -> web.Response:
        """Send so many events a second from now on."""
        self.rate = float(request.query["eps"])
        self._wake.set()
        return web.Response()

    async def set_burst(self, request: web.Request) -> web.Response:
        """Send so many events at once; they are made before the answer."""
        count = int(request.query["events"])
        events = [self.pods.change(0.0, 1) for _ in range(count)]
        self.burst = [b"".join(events[start : start + BLOCK]) for start in range(0, count, BLOCK)]
        self._wake.set()
        return web.Response()

    async def marks(self, _request: web.Request) -> web.Response:
        """Tell when the first list request came, by the machine's monotonic clock, and forget it."""
        first, self.first_list = self.first_list, None
        sent, self.sent = self.sent, 0
        return web.json_response({"first_list": first, "sent": sent})

    # -- pods ----------------------------------------------------------------------------------------------------

    async def list_or_watch(self, request: web.Request) -> web.StreamResponse:
        """Answer a list page, a Table page or a watch."""
        if self.first_list is None:
            self.first_list = time.monotonic() - self.delay
        query = request.query
        if query.get("watch") in {"true", "1"}:
            if self.pages_only and "sendInitialEvents" in query:
                return _status(422, "Invalid", "sendInitialEvents is forbidden for watch")
            return await self.watch(request)
        limit = int(query.get("limit", "0"))
        start = int(query.get("continue", "from-0").removeprefix("from-"))
        if "as=Table" in request.headers.get("Accept", ""):
            if start not in self._tables:
                self._tables[start] = self.pods.table_page(start, limit)
            return web.Response(body=self._tables[start], content_type="application/json")
        return web.Response(body=self.pods.page(start, limit), content_type="application/json")

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Send initial events where asked, then changes at the rate set."""
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        # The client goes away in the end, as every client of a watch does.
        with contextlib.suppress(ConnectionError):
            await self._send(answer, initial=request.query.get("sendInitialEvents") == "true")
        return answer

    async def _send(self, answer: web.StreamResponse, *, initial: bool) -> None:
        if initial:
            for start in range(0, self.pods.count, BLOCK):
                await answer.write(self.pods.initial_events(start, start + BLOCK))
            await answer.write(self.pods.end_of_initial_events())
        debt, last = 0.0, time.monotonic()
        while True:
            if not self.rate and not self.burst:
                self._wake.clear()
                await self._wake.wait()
                debt, last = 0.0, time.monotonic()
            blocks, self.burst = self.burst, []
            for block in blocks:
                await answer.write(block)
            await asyncio.sleep(STEP)
            now = time.monotonic()
            debt += (now - last) * self.rate
            last = now
            for _ in range(int(debt)):
                await answer.write(self.pods.change(VISIBLE_SHARE, VISIBLE))
                self.sent += 1
            debt -= int(debt)

    # -- the rest ------------------------------------------------------------------------------------------------

    async def review(self, request: web.Request) -> web.Response:
        """Allow everything."""
        body = await request.json()
        rules = {"resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                 "nonResourceRules": [], "incomplete": False}  # fmt: skip
        body["status"] = {"allowed": True, **(rules if "rules" in request.path else {})}
        return web.json_response(body, status=201)

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Answer discovery, health and empty lists."""
        path = request.path
        if path in _DOCUMENTS:
            return web.json_response(_DOCUMENTS[path], content_type="application/json")
        if path in {"/readyz", "/livez", "/healthz"}:
            return web.Response(text="ok")
        if path == "/api/v1/namespaces":
            names = sorted({f"team-{number // 250:03d}-prod" for number in range(0, self.pods.count, 250)})
            items = [{"metadata": {"name": name, "uid": name, "resourceVersion": "1"}} for name in names]
            return web.json_response({"kind": "NamespaceList", "apiVersion": "v1",
                                      "metadata": {"resourceVersion": "1"}, "items": items})  # fmt: skip
        return _status(404, "NotFound", f"{path} is not served by the benchmark")


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason,
            "message": message, "code": code}  # fmt: skip
    return web.json_response(body, status=code)


_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_RESOURCES = [
    {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": _VERBS, "shortNames": ["po"],
     "categories": ["all"]},
    {"name": "namespaces", "singularName": "namespace", "namespaced": False, "kind": "Namespace", "verbs": _VERBS,
     "shortNames": ["ns"]},
]  # fmt: skip
_DOCUMENTS: dict[str, object] = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "clean",
                 "buildDate": "", "goVersion": "", "compiler": "gc", "platform": "linux/amd64"},
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": _RESOURCES},
}  # fmt: skip


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    server = BenchServer(Pods(arguments.pods), delay=arguments.delay, pages_only=arguments.pages)
    server.pods.encoded  # noqa: B018 - made before the first request
    runner = web.AppRunner(server.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pods", type=int)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--pages", action="store_true")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
