"""The bench server as a process, a kubeconfig for it, and kubectl against it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

CORE = 0
"""The server's core; what is measured runs on the other."""
BYTECODE = Path(tempfile.gettempdir()) / "k9py-bench-bytecode"
"""Where Python keeps what it compiled. pip compiles what it installs, so a start that compiles Textual is nobody's."""


class Cluster:
    """A server with so many pods, in a folder of its own that also holds the client's home."""

    def __init__(self, pods: int, *, delay: float = 0.0, pages: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="k9py-bench-"))
        command = [sys.executable, "-m", "tests.bench.server", str(pods), "--delay", str(delay)]
        self._process = subprocess.Popen(command + ["--pages"] * pages, stdout=subprocess.PIPE)
        os.sched_setaffinity(self._process.pid, {CORE})
        assert self._process.stdout is not None
        self._port = json.loads(self._process.stdout.readline())["port"]
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(_kubeconfig(f"http://127.0.0.1:{self._port}")))

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a client: nothing of the person's own."""
        home = str(self.folder)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)},
            "PYTHONPYCACHEPREFIX": str(BYTECODE),
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_CACHE_HOME": f"{home}/cache",
            "XDG_STATE_HOME": f"{home}/state",
            "KUBECONFIG": str(self.kubeconfig),
        }

    def ask(self, path: str) -> Any:
        """Ask the server's control paths."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/bench/{path}", timeout=120) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def load(self, eps: float) -> None:
        """Have so many watch events a second sent."""
        self.ask(f"load?eps={eps}")

    def sent(self) -> int:
        """Return how many events the load was since this was asked last."""
        return int(self.ask("marks")["sent"])

    def first_list(self) -> float:
        """Return when the first list request came (monotonic seconds), and forget it."""
        return float(self.ask("marks")["first_list"])


_NOT_OURS = ("K9PY", "KUBE", "XDG", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPYCACHEPREFIX")
"""Beginnings of variables that are the person's own."""


def _kubeconfig(server: str) -> dict[str, Any]:
    context = {"cluster": "bench", "user": "bench"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": context}],
        "clusters": [{"name": "bench", "cluster": {"server": server}}],
        "users": [{"name": "bench", "user": {}}],
    }


def kubectl_path() -> str:
    """Return the kubectl to compare with: K9PY_KUBECTL, the test cluster's, or the one on PATH; empty for none."""
    named = os.environ.get("K9PY_KUBECTL", "")
    if named:
        return named
    built = sorted(Path.home().glob(".cache/k9py-test-cluster/*/kubectl"), key=lambda path: path.stat().st_mtime)
    return str(built[-1]) if built else shutil.which("kubectl") or ""


def run_kubectl(cluster: Cluster, kubectl: str) -> tuple[float, float]:
    """Return seconds and peak megabytes of ``kubectl get pods -A``."""
    with open(os.devnull, "wb") as nowhere:
        begin = time.perf_counter()
        process = subprocess.Popen([kubectl, "get", "pods", "-A"], stdout=nowhere, env=cluster.environ)
        os.sched_setaffinity(process.pid, {core for core in range(os.cpu_count() or 1) if core != CORE} or {CORE})
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"kubectl ended with {status}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024
