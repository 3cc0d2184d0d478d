"""The program run as a person runs it: a command line in, text and an exit status out, on a simulated server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from k9py.cli.main import main
from k9py.core.clock import SystemClock
from k9py.sim import statuses
from k9py.sim.answers import answer
from k9py.sim.deletion import Options
from k9py.sim.requests import Call
from k9py.sim.server import SimServer
from k9py.sim.store import Store

T = TypeVar("T")

LOG = b"2026-01-01T00:00:01.000000001Z first line\n2026-01-01T00:00:02.000000001Z \x1b[2Jsecond line\n"


def pod(name: str, *, app: str = "web", namespace: str = "shop", **status: Any) -> dict[str, Any]:
    """Return a pod with two containers that runs."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "main", "image": "web:1"}, {"name": "proxy", "image": "p:1"}],
        },
        "status": {"phase": "Running", "podIP": "10.0.0.7", **status},
    }


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is in the cluster, each with the id of its kind."""
    for name in ("shop", "bare"):
        yield "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
    yield "nodes", node | {"status": {"allocatable": {"cpu": "2", "memory": "4Gi"}}}
    yield "pods", pod("web-1")
    yield "pods", pod("web-2", phase="Pending")
    yield "pods", pod("db-1", app="db")
    labels = {"app": "web"}
    yield (
        "deployments.apps",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": labels},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "main", "image": "web:1"}]},
                },
            },
        },
    )
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}}
    yield "configmaps", config | {"data": {"a": "1", "b": "2"}}


async def _logs(call: Call) -> web.StreamResponse:
    return await answer(call, LOG, content_type="text/plain")


METRICS: dict[str, dict[str, Any]] = {
    "nodes": {"items": [{"metadata": {"name": "node-1"}, "usage": {"cpu": "500m", "memory": "1Gi"}}]},
    "pods": {
        "items": [
            {
                "metadata": {"name": name, "namespace": "shop"},
                "containers": [
                    {"name": "main", "usage": {"cpu": cpu, "memory": "64Mi"}},
                    {"name": "proxy", "usage": {"cpu": "1500000n", "memory": "16Mi"}},
                ],
            }
            for name, cpu in (("web-1", "10m"), ("db-1", "200m"))
        ]
    },
}


async def _metrics(call: Call) -> web.StreamResponse:
    import json

    kind = call.request.path.rsplit("/", 1)[1]
    if kind not in METRICS:
        raise statuses.not_found("pods", kind)
    return await answer(call, json.dumps(METRICS[kind]).encode())


class Cluster:
    """A server on a thread of its own, since every command brings its own loop."""

    def __init__(self, directory: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.server: SimServer = self.run(self._start())
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(self.server.kubeconfig_text(), "utf-8")

    @property
    def store(self) -> Store:
        return self.server.store

    async def _start(self) -> SimServer:
        server = await SimServer(Store(SystemClock())).start()
        server.extensions.subresource("pods", "log", _logs)
        server.extensions.prefix("/apis/metrics.k8s.io/v1beta1", _metrics)
        for kind, obj in objects():
            server.store.create(kind, obj)
        return server

    def run(self, work: Any) -> Any:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def do(self, deed: Callable[[], T]) -> T:
        """Do something on the server's loop."""

        async def act() -> T:
            return deed()

        done: T = self.run(act())
        return done

    def remove(self, *names: str, kind: str = "pods", namespace: str = "shop") -> None:
        """Delete objects at once."""
        at_once = Options(grace=0)
        self.do(lambda: [self.store.delete(kind, namespace, name, options=at_once) for name in names])

    def close(self) -> None:
        self.run(self.server.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, without any fault left over by a test."""
    yield shared_cluster
    shared_cluster.do(shared_cluster.server.faults.clear)


@dataclass(frozen=True)
class Run:
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no kubeconfig, no settings, nothing remembered, a plain terminal."""
    for name in list(os.environ):
        if name.startswith(("K9PY_", "KUBE", "SSH_", "TMUX", "STY", "LC_")) or name in ("NO_COLOR", "COLORTERM"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"K9PY_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


Command = Callable[..., Run]


@pytest.fixture
def k9py(home: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process, without any cluster at hand."""

    def run(*words: str) -> Run:
        status = main(list(words))
        captured = capsys.readouterr()
        return Run(status, captured.out, captured.err)

    return run


@pytest.fixture
def on_cluster(k9py: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line with the simulated cluster as the current context."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    return k9py


@pytest.fixture
def spawn(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command line as a process of its own; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "k9py", *words],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)
