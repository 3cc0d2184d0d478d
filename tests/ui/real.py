"""The running program before a real control plane, reached through the fault proxy or straight."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from k9py.config.launch import UiOptions
from k9py.core.clock import SystemClock
from k9py.core.errors import Forbidden
from k9py.kube.aio import connect
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.states import SyncState
from k9py.kube.wire import Transport
from k9py.ui.app import K9App
from tests.faultproxy import FaultProxy
from tests.ui.harness import Seen, shown

PATIENCE = 60.0
"""Seconds for a condition to come about on a busy machine that runs a control plane."""
LOOK = 0.02
"""Seconds between two looks at the rows, for those that were lost for a moment."""
JSON = {"Content-Type": "application/json"}
KEPT = ("kept-1", "kept-2", "kept-3")
"""The pods that are there before a fault and must be shown all through it."""

HURRY = 8.0
"""How much faster than the machine's clock a hurried one goes: what waits a minute is seen within a test."""

Object = dict[str, Any]


class HurriedClock:
    """Waits shorter than it was told to: pings, retries and backoffs come sooner, and nothing else changes."""

    def now(self) -> float:
        """Return wall time as it is: ages are the server's."""
        return time.time()

    def monotonic(self) -> float:
        """Return a time that goes as fast as the waits are short."""
        return time.monotonic() * HURRY

    async def sleep(self, seconds: float) -> None:
        """Sleep for a part of it."""
        await asyncio.sleep(seconds / HURRY)


class Cluster:
    """A way to the real server past every fault, and a namespace of the test's own with three pods."""

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.transport = transport
        self.namespace = namespace

    async def post(self, path: str, body: Object) -> None:
        """Create an object, again while its namespace is being made ready."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.transport.request("POST", path, headers=JSON, body=json.dumps(body).encode())
                except Forbidden:
                    await asyncio.sleep(0.1)  # the service account of a new namespace comes a moment later
                    continue
                return

    async def create(self, resource: str, name: str, *, api: str = "api/v1", **body: Any) -> None:
        """Create an object in the namespace."""
        metadata = {"name": name, **body.pop("metadata", {})}
        await self.post(f"/{api}/namespaces/{self.namespace}/{resource}", {"metadata": metadata, **body})

    async def pod(self, name: str) -> None:
        """Create a pod that no scheduler looks at: nothing happens to it but what the test does."""
        spec = {"schedulerName": "nobody", "containers": [{"name": "main", "image": "web:1"}]}
        await self.create("pods", name, spec=spec)

    async def granted(self, user: str, resource: str) -> None:
        """Wait until somebody may list a kind: rights reach the server's memory a moment after they are written."""
        what = {"namespace": self.namespace, "verb": "list", "resource": resource}
        body = json.dumps({"spec": {"user": user, "resourceAttributes": what}}).encode()
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.transport.request("POST", path, headers=JSON, body=body)
                if json.loads(answer.body)["status"].get("allowed"):
                    return
                await asyncio.sleep(0.1)

    async def namespaced(self, name: str) -> None:
        """Create a namespace."""
        await self.post("/api/v1/namespaces", {"metadata": {"name": name}})


@asynccontextmanager
async def prepared(kubeconfig: Path) -> AsyncIterator[Cluster]:
    """Make a namespace with pods, and remove it afterwards."""
    target = Kubeconfig.load([str(kubeconfig)], dict(os.environ)).target()
    transport = await connect(target, clock=SystemClock())
    cluster = Cluster(transport, f"faults-{secrets.token_hex(4)}")
    try:
        await cluster.namespaced(cluster.namespace)
        for name in KEPT:
            await cluster.pod(name)
        yield cluster
        await transport.request("DELETE", f"/api/v1/namespaces/{cluster.namespace}")
    finally:
        await transport.close()


class RealDriver(Seen):
    """The program on the real cluster."""

    def __init__(self, app: K9App, pilot: Pilot[None], cluster: Cluster) -> None:
        super().__init__(app, pilot)
        self.cluster = cluster
        self.patience = PATIENCE
        self.states: list[SyncState] = []
        """Every state the list of pods was in within :meth:`keeping`, in order, however short."""

    @property
    def state(self) -> SyncState:
        """Where the list stands."""
        source = self.app.browser.listing.source
        assert source is not None
        return source.status.state

    async def live(self) -> None:
        """Wait until every pod is there and the watch is open."""
        await self.until(lambda: {*KEPT} <= {*self.names} and self.state is SyncState.LIVE)

    async def go(self, words: str) -> None:
        """Type a command."""
        await self.press(":")
        await self.type(words)
        await self.press("enter")

    async def follows(self, name: str = "after") -> None:
        """Prove that the list is live again: what happens now is seen, and nothing that was there is missing."""
        await self.cluster.pod(name)
        await self.shows(name)

    async def shows(self, name: str) -> None:
        """Wait until a pod is among the rows, and nothing that was there is missing."""
        await self.until(lambda: name in self.names, f"{name} on the screen")
        assert {*KEPT} <= {*self.names}

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Fail if a row is lost at any moment within the block, or if the program ends."""
        lost: list[set[str]] = []

        async def watch() -> None:
            while True:
                missing = {*KEPT} - {*self.names}
                if missing:
                    lost.append(missing)
                await asyncio.sleep(LOOK)

        session = self.app.connection.session
        assert session is not None
        (pods,) = [one for one in session.hub.reflectors if one.source.path.endswith("/pods")]
        pods.observers.append(lambda: self.states.append(pods.status.state))
        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        assert not lost, f"rows were missing for a moment: {lost[:3]}"
        assert self.app.fault is None
        assert self.app.is_running


@asynccontextmanager
async def through(proxy: FaultProxy, cluster: Cluster, folder: Path, **how: Any) -> AsyncIterator[RealDriver]:
    """Run the program with the proxy between it and the server; ``user`` is what the kubeconfig says of its user."""
    text = proxy.kubeconfig(user=how.pop("user", None), namespace=cluster.namespace)
    async with straight(text, cluster, folder, **how) as k9:
        yield k9


@asynccontextmanager
async def straight(kubeconfig: str, cluster: Cluster, folder: Path, **how: Any) -> AsyncIterator[RealDriver]:
    """Run the program on a kubeconfig, in the cluster's namespace."""
    options = UiOptions(namespaces=(cluster.namespace,))
    async with shown(folder, kubeconfig, options=options, **how) as (app, pilot):
        k9 = RealDriver(app, pilot, cluster)
        await k9.live()
        yield k9
