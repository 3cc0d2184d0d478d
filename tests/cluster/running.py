"""One running cluster: bringing it up, taking it down, stopping and starting its parts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import processes
from .api import ApiClient, write_kubeconfig
from .build import Binaries, build
from .components import START_ORDER, command
from .errors import ClusterError
from .layout import NODE_ADDRESSES, NODE_NAMES, Layout
from .objects import create_base_objects
from .waiting import wait_for

READY_SECONDS = 60.0
"""For one component to answer: seconds on an idle machine, more beside other work."""

METRICS_API = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
STOP_LAST = ("kube-apiserver", "etcd")
"""The others talk to these two while they say goodbye."""

USERS = {
    "admin": "default",
    "restricted": "restricted",
    "controller-manager": "default",
    "scheduler": "default",
    "nodes": "default",
    "metrics-server": "kube-system",
}
"""Every kubeconfig that is written, with its namespace."""


class Cluster:
    """A cluster of this machine: where it answers, as whom, and how to hurt it."""

    def __init__(self, layout: Layout, binaries: Binaries) -> None:
        self.layout = layout
        self._binaries = binaries

    @property
    def kubeconfig(self) -> Path:
        return self.layout.kubeconfig("admin")

    @property
    def restricted_kubeconfig(self) -> Path:
        """The user who may get, list and watch pods in namespace `restricted` and do nothing else."""
        return self.layout.kubeconfig("restricted")

    @property
    def kubectl(self) -> Path:
        return self.layout.kubectl

    @property
    def server(self) -> str:
        return self.layout.server

    @property
    def audit_log(self) -> Path:
        return self.layout.audit_log

    def start_component(self, name: str) -> None:
        """Start a part of the control plane and wait until it answers."""
        if name not in START_ORDER:
            raise ClusterError(f"no component {name!r}; there are {', '.join(START_ORDER)}")
        if name == "kwok" and not processes.running(self.layout, name):
            self._release_leases()
        processes.start(self.layout, name, command(name, self.layout, self._binaries))
        self._wait_ready(name)

    def stop_component(self, name: str, *, kill: bool = True) -> None:
        """End a part of the control plane, by default without warning, as a crash would."""
        if name not in START_ORDER:
            raise ClusterError(f"no component {name!r}; there are {', '.join(START_ORDER)}")
        processes.stop(self.layout, name, kill=kill)

    def status(self) -> dict[str, bool]:
        """Say of every component whether its process lives."""
        return {name: processes.running(self.layout, name) for name in START_ORDER}

    def down(self) -> None:
        """End every process and remove the cluster's folder."""
        down(self.layout.root)

    def _release_leases(self) -> None:
        """Remove the nodes' leases: a new kwok would wait until those of the one before it run out."""
        client = ApiClient(self.layout, port=self.layout.ports.apiserver)
        for name in NODE_NAMES:
            client.delete(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}")

    def _wait_ready(self, name: str) -> None:
        check = self._readiness().get(name)
        if check is None:
            return

        def ready_or_dead() -> bool:
            if not processes.running(self.layout, name):
                raise ClusterError(f"{name} ended:\n{processes.log_tail(self.layout, name)}")
            return check()

        wait_for(f"{name} ready (see {self.layout.logs})", ready_or_dead, limit_seconds=READY_SECONDS)

    def _readiness(self) -> dict[str, Callable[[], bool]]:
        ports = self.layout.ports
        probes = {
            "etcd": (ports.etcd, "/health"),
            "kube-apiserver": (ports.apiserver, "/readyz"),
            "kube-controller-manager": (ports.controller_manager, "/healthz"),
            "kube-scheduler": (ports.scheduler, "/healthz"),
            "kubelet": (ports.kubelet[0], "/healthz"),
        }
        return {name: self._probe(port, path) for name, (port, path) in probes.items()} | {
            "kwok": self._nodes_ready,
            "metrics-server": self._metrics_available,
        }

    def _probe(self, port: int, path: str) -> Callable[[], bool]:
        client = ApiClient(self.layout, port=port)
        return lambda: client.healthy(path)

    def _nodes_ready(self) -> bool:
        client = ApiClient(self.layout, port=self.layout.ports.apiserver)
        nodes = client.get("/api/v1/nodes")["items"]
        ready = [node for node in nodes if _condition(node, "Ready") and not node["spec"].get("taints")]
        return len(ready) >= len(NODE_NAMES)

    def _metrics_available(self) -> bool:
        client = ApiClient(self.layout, port=self.layout.ports.apiserver)
        return _condition(client.get(METRICS_API), "Available")


def up(root: Path) -> Cluster:
    """Return the cluster of folder `root`, building and starting what is missing, once it is ready."""
    layout = Layout.load(root)
    binaries = build() if layout is None else Binaries(folder=layout.build)
    if layout is None:
        layout = Layout.create(root, binaries.folder)
        subprocess.run(
            [binaries.control, "certificates", layout.certificates, *NODE_ADDRESSES.values()],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        for user, namespace in USERS.items():
            write_kubeconfig(layout, user, namespace=namespace)
    layout.kubectl.unlink(missing_ok=True)
    layout.kubectl.symlink_to(binaries.kubectl)
    cluster = Cluster(layout, binaries)
    cluster.start_component("etcd")
    cluster.start_component("kube-apiserver")
    create_base_objects(layout, ApiClient(layout, port=layout.ports.apiserver))
    others = START_ORDER[2:]
    for name in others:
        processes.start(layout, name, command(name, layout, binaries))
    for name in others:
        cluster.start_component(name)
    return cluster


def down(root: Path) -> bool:
    """End every process of the cluster in `root` and remove the folder; say whether there was one."""
    layout = Layout.to_remove(root)
    if layout is None:
        return False
    processes.stop_all(layout, STOP_LAST)
    shutil.rmtree(root)
    return True


def find(root: Path) -> Cluster | None:
    """Return the cluster of folder `root` when there is one, running or not."""
    layout = Layout.load(root)
    return None if layout is None else Cluster(layout, Binaries(folder=layout.build))


def _condition(manifest: dict[str, object], wanted: str) -> bool:
    status = manifest.get("status")
    conditions = status.get("conditions", []) if isinstance(status, dict) else []
    return any(condition["type"] == wanted and condition["status"] == "True" for condition in conditions)
