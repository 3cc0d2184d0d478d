"""The gate on a simulated server, with a network that does what the test says and a clock that does not wait."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.model import Answer, Outcome, Question, Report, StageReport, Wish
from k9py.changes.planning import Validator
from k9py.core.clock import SystemClock
from k9py.core.errors import K9Error
from k9py.core.tasks import TaskSet
from k9py.kube.aio import connect
from k9py.kube.discovery import Discovery
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.permissions import Permissions
from k9py.kube.wire import REQUEST_TIMEOUT, PassingTransport, Query, Response, Transport
from k9py.sim.openapi import OpenApi
from k9py.sim.server import RESTRICTED_TOKEN, SimServer
from k9py.sim.store import Store

Object = dict[str, Any]
NS = "shop"


def config_map(name: str, **data: str) -> Object:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NS}, "data": data}


def secret(name: str, **values: str) -> Object:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NS}, "stringData": values}


def deployment(name: str, image: str = "web:1", **spec: Any) -> Object:
    """Return a Deployment of one container called ``main``."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod, **spec},
    }


def namespace(name: str) -> Object:
    """Return a Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


class QuickClock:
    """Real time, but nobody waits: a sleep moves the clock on instead."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self.slept = 0.0

    def now(self) -> float:
        """Return wall time, ahead by what was slept."""
        return self._real.now() + self.slept

    def monotonic(self) -> float:
        """Return a time ahead by what was slept."""
        return self._real.monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        """Move on at once, letting others run."""
        self.slept += seconds
        await asyncio.sleep(0)


@dataclass
class Sent:
    """One request as it was seen on the way."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes | None

    @property
    def dry(self) -> bool:
        """True for a trial."""
        return "dryRun" in self.query

    @property
    def writes(self) -> bool:
        """True for what changes the cluster."""
        return self.method != "GET" and not self.dry and "/authorization.k8s.io/" not in self.path


Meddle = Callable[[Sent, Transport], Any]


class Network(PassingTransport):
    """A transport between the gate and the server; what the test says happens to requests."""

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self.log: list[Sent] = []
        self.meddles: list[tuple[Callable[[Sent], bool], Any]] = []

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
        sent = Sent(method, path, dict(query), body)
        self.log.append(sent)

        async def go() -> Response:
            return await self.inner.request(method, path, query=query, headers=headers, body=body, timeout=timeout)

        for hits, act in self.meddles:
            if hits(sent):
                meddled: Response = await act(go)
                return meddled
        return await go()

    @property
    def writes(self) -> list[Sent]:
        """What was sent to change the cluster."""
        return [sent for sent in self.log if sent.writes]

    # what can happen

    def lose_answers(self, error: K9Error, hits: Callable[[Sent], bool] = lambda sent: sent.writes) -> None:
        """Carry requests out and lose their answers."""

        async def act(go: Any) -> Response:
            await go()
            raise error

        self.meddles.append((hits, act))

    def lose_requests(self, error: K9Error, hits: Callable[[Sent], bool] = lambda sent: sent.writes) -> None:
        """Fail requests before they arrive."""

        async def act(_go: Any) -> Response:
            raise error

        self.meddles.append((hits, act))

    def before(self, hits: Callable[[Sent], bool], deed: Callable[[], object]) -> None:
        """Do something once, in the moment before such a request arrives."""

        async def act(go: Any) -> Any:
            self.meddles.remove(entry)
            deed()
            return await go()

        entry = (hits, act)
        self.meddles.append(entry)


@dataclass
class Lab:
    """A gate, and everything around it."""

    server: SimServer
    network: Network
    gate: Gate
    journal: Journal
    clock: QuickClock
    discovery: Discovery
    permissions: Permissions
    asked: list[Question] = field(default_factory=list)
    stages: list[StageReport] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.server.store

    def live(self, kind: str, name: str, namespace: str = NS) -> Object:
        """Return an object of the store."""
        return self.store.stored(kind, namespace, name).copy()

    def exists(self, kind: str, name: str, namespace: str = NS) -> bool:
        return self.store.find(kind, namespace, name) is not None

    async def yes(self, question: Question) -> Answer:
        self.asked.append(question)
        return Answer(go=True, typed=question.type_this)

    async def write(self, *wishes: Wish) -> Report:
        """Plan and carry out; fails when the plan is not ready."""
        plan = await self.gate.plan(wishes, on_stage=self.stages.append)
        assert plan.ready, [(c.title, c.troubles, c.conflicts) for c in plan.changes]
        return await self.gate.carry_out(plan, self.yes, on_stage=self.stages.append)

    async def one(self, wish: Wish) -> Outcome:
        """Carry out one wish."""
        return (await self.write(wish)).outcomes[0]

    def touch(self, kind: str, name: str, change: Callable[[Object], None]) -> None:
        """Change an object in the store as somebody else would."""
        obj = self.live(kind, name)
        change(obj)
        self.store.replace(kind, obj)


@pytest.fixture(scope="session")
def openapi() -> OpenApi:
    """The recorded schemas, read once."""
    return OpenApi()


@pytest.fixture
async def server(openapi: OpenApi) -> AsyncIterator[SimServer]:
    server = await SimServer(Store(SystemClock()), openapi=openapi).start()
    server.store.create("namespaces", namespace(NS))
    yield server
    await server.close()


MakeLab = Callable[..., Any]


@pytest.fixture
async def make_lab(server: SimServer, tmp_path: Path) -> AsyncIterator[MakeLab]:
    """Make labs on the one server: as whom, with which policy and validator."""
    tasks = TaskSet()
    opened: list[Transport] = []
    ids = itertools.count(1)
    config = tmp_path / "kubeconfig"

    async def make(
        *, token: str = "", journal: Path | None = None, validator: Validator | None = None, **policy: Any
    ) -> Lab:
        text = server.kubeconfig_text()
        config.write_text(text, "utf-8")
        loaded = Kubeconfig.load([str(config)], dict(os.environ))
        names = [entry.name for entry in loaded.contexts if "restricted" in entry.name]
        target = loaded.target(names[0] if token == RESTRICTED_TOKEN else None)
        clock = QuickClock()
        network = Network(await connect(target, clock=clock))
        opened.append(network)
        discovery = Discovery(network, server=target.server, clock=clock, cache_dir=None)
        await discovery.refresh()
        permissions = Permissions(network, clock, tasks)
        book = Journal(
            journal or tmp_path / "state" / "journal.jsonl", now=clock.now, new_id=lambda: f"id{next(ids):03}"
        )
        gate = Gate(
            network, discovery, permissions, clock=clock, journal=book,
            policy=Policy("sim", "tester", **policy), namespace=NS, validator=validator,
        )  # fmt: skip
        return Lab(server, network, gate, book, clock, discovery, permissions)

    yield make
    await tasks.close()
    for transport in opened:
        await transport.close()


@pytest.fixture
async def lab(make_lab: MakeLab) -> Lab:
    """An administrator's lab."""
    made: Lab = await make_lab()
    return made
