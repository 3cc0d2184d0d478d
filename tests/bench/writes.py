"""The table of S0: users who create and delete objects of unique names through the gate, on a real control plane.

Beside it the same client's bare POST and DELETE, in the same run. Every change is permitted, validated, tried by the
server, compared with what is there, confirmed (by a program, which reads the lines of the difference as a person would
see them), journalled and written.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k9py.changes import edits
from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.model import Answer, Question
from k9py.changes.surroundings import Surroundings
from k9py.changes.validating import ManifestValidator
from k9py.core.clock import SystemClock
from k9py.core.errors import K9Error
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.session import Session
from k9py.manifests.kinds import bundled
from tests.bench.at_terminal import Figures
from tests.bench.budgets import BUDGETS, WRITERS
from tests.cluster import running_cluster

USERS = WRITERS
"""Concurrent users, as in the source of the scenario."""
SECONDS = 4.0
"""How long each cell of the table is measured."""
TURNS = 4
"""Times the gate and the bare requests take turns, where they are compared."""
JSON = {"Content-Type": "application/json"}


def _config_map(name: str) -> dict[str, Any]:
    return {"data": {"greeting": "hello", "app.properties": "colour=blue\nsize=3\n"}}


def _service(name: str) -> dict[str, Any]:
    return {"spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]}}


def _claim(name: str) -> dict[str, Any]:
    return {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "by-hand",
            "resources": {"requests": {"storage": "2Gi"}},
        }
    }


def _deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx:1.27"}]}}
    return {"spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}}


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table."""

    name: str
    api_version: str
    kind: str
    path: str
    body: Callable[[str], dict[str, Any]]

    def document(self, namespace: str, name: str) -> dict[str, Any]:
        """Return a manifest."""
        metadata = {"name": name, "namespace": namespace}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata, **self.body(name)}


KINDS = (
    Kind("configmap", "v1", "ConfigMap", "/api/v1/namespaces/{}/configmaps", _config_map),
    Kind("service", "v1", "Service", "/api/v1/namespaces/{}/services", _service),
    Kind("persistentvolumeclaim", "v1", "PersistentVolumeClaim",
         "/api/v1/namespaces/{}/persistentvolumeclaims", _claim),
    Kind("deployment", "apps/v1", "Deployment", "/apis/apps/v1/namespaces/{}/deployments", _deployment),
)  # fmt: skip

NAMES = tuple(name for name in BUDGETS if name.startswith("writes."))
"""Every figure measured here."""


@dataclass
class Cell:
    """One kind with one number of users."""

    times: list[float] = field(default_factory=list)
    """Seconds each change took."""
    failures: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.times + other.times, self.failures + other.failures, self.seconds + other.seconds)

    @property
    def rps(self) -> float:
        """Changes per second."""
        return len(self.times) / self.seconds

    @property
    def mean_ms(self) -> float:
        """Mean response in milliseconds."""
        return 1000 * sum(self.times) / max(1, len(self.times))


Change = Callable[[str], Awaitable[None]]


async def _measured(users: int, create: Change, delete: Change, *, seconds: float) -> Cell:
    """Let users create and delete one object after the other, each its own."""
    cell = Cell()
    numbers = itertools.count()
    prefix = secrets.token_hex(3)
    started = time.perf_counter()

    async def user() -> None:
        while time.perf_counter() - started < seconds:
            name = f"w-{prefix}-{next(numbers)}"
            for change in (create, delete):
                before = time.perf_counter()
                try:
                    await change(name)
                except K9Error:
                    cell.failures += 1
                cell.times.append(time.perf_counter() - before)

    await asyncio.gather(*(user() for _ in range(users)))
    cell.seconds = time.perf_counter() - started
    return cell


async def _confirm(question: Question) -> Answer:
    for change in question.plan.changes:
        if not change.diff.unified(title=change.title):
            raise AssertionError(f"{change.title}: nothing to confirm")
    return Answer(go=True, typed=question.type_this)


class _Through:
    """Changes through the gate."""

    def __init__(self, gate: Gate, kind: Kind, namespace: str) -> None:
        self._gate = gate
        self._kind = kind
        self._namespace = namespace

    async def create(self, name: str) -> None:
        await self._do(edits.apply(self._kind.document(self._namespace, name)))

    async def delete(self, name: str) -> None:
        await self._do(edits.delete(self._kind.document(self._namespace, name)))

    async def _do(self, wish: Any) -> None:
        report = await self._gate.carry_out(await self._gate.plan([wish]), _confirm)
        if not report.done:
            raise report.outcomes[0].error or K9Error(report.outcomes[0].text)


class _Bare:
    """The same changes without the gate."""

    def __init__(self, session: Session, kind: Kind, namespace: str) -> None:
        self._transport = session.transport
        self._kind = kind
        self._namespace = namespace
        self._path = kind.path.format(namespace)

    async def create(self, name: str) -> None:
        body = json.dumps(self._kind.document(self._namespace, name)).encode()
        await self._transport.request("POST", self._path, headers=JSON, body=body)

    async def delete(self, name: str) -> None:
        await self._transport.request("DELETE", f"{self._path}/{name}")


async def _beside(users: int, through: _Through, bare: _Bare, *, seconds: float) -> tuple[Cell, Cell]:
    """Measure both in turns, so that whatever else the machine does slows both."""
    cell, plain = Cell(), Cell()
    for _ in range(TURNS):
        cell += await _measured(users, through.create, through.delete, seconds=seconds / TURNS)
        plain += await _measured(users, bare.create, bare.delete, seconds=seconds / TURNS)
    return cell, plain


@contextmanager
def _kubeconfig() -> Iterator[Path]:
    with running_cluster() as cluster:
        yield cluster.kubeconfig


async def _table(kubeconfig: Path, state: Path, *, seconds: float) -> Figures:
    clock = SystemClock()
    target = Kubeconfig.load([str(kubeconfig)], dict(os.environ)).target()
    session = await Session.open(target, clock=clock)
    namespace = f"writes-{secrets.token_hex(3)}"
    space = f"/api/v1/namespaces/{namespace}"
    figures: Figures = {}
    try:
        body = json.dumps({"metadata": {"name": namespace}}).encode()
        await session.transport.request("POST", "/api/v1/namespaces", headers=JSON, body=body)
        journal = Journal(state / "journal.jsonl", now=clock.now, new_id=lambda: secrets.token_hex(4))
        validator = ManifestValidator(bundled, Surroundings(session.transport, session.discovery, clock))
        gate = Gate(
            session.transport, session.discovery, session.permissions, clock=clock, journal=journal,
            policy=Policy(target.context, target.user), namespace=namespace, validator=validator,
        )  # fmt: skip
        for kind in KINDS:
            through, bare = _Through(gate, kind, namespace), _Bare(session, kind, namespace)
            await _measured(2, through.create, through.delete, seconds=0.3)  # first questions and connections
            for users in USERS:
                if users == USERS[-1]:
                    cell, plain = await _beside(users, through, bare, seconds=seconds)
                    figures[f"writes.{kind.name}.{users}.vs_bare"] = cell.rps / plain.rps
                else:
                    cell = await _measured(users, through.create, through.delete, seconds=seconds)
                figures[f"writes.{kind.name}.{users}.rps"] = cell.rps
                figures[f"writes.{kind.name}.{users}.mean_ms"] = cell.mean_ms
                figures[f"writes.{kind.name}.{users}.failures"] = float(cell.failures)
    finally:
        await session.transport.request("DELETE", space)
        await session.close()
    return figures


def table() -> Figures:
    """Measure the whole table once."""
    with _kubeconfig() as kubeconfig, tempfile.TemporaryDirectory() as state:
        return asyncio.run(_table(kubeconfig, Path(state), seconds=SECONDS))
