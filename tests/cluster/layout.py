"""Where one cluster keeps its things, and on which loopback ports it listens."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import ClusterError

LOOPBACK = "127.0.0.1"
NODE_ADDRESSES = {"node-1": "10.100.0.11", "node-2": "10.100.0.12", "node-3": "10.100.0.13"}
"""Known to the API server alone, which refuses to proxy to loopback: its egress proxy turns them back into it."""

NODE_NAMES = tuple(NODE_ADDRESSES)
FIRST_PORT, LAST_PORT = 20_000, 32_000
"""Below those the kernel gives to whoever wants any: none is taken before its listener starts, or while it is down."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One loopback port per listener; `kubelet` has one per node, in the order of NODE_NAMES."""

    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int
    scheduler: int
    metrics_server: int
    prometheus: int
    egress: int
    kubelet: tuple[int, ...]

    @classmethod
    def free(cls) -> Ports:
        """Return ports nobody listens on, each process looking at a place of its own first."""
        count = 8 + len(NODE_NAMES)
        places = [range(first, first + count) for first in range(FIRST_PORT, LAST_PORT - count, count)]
        mine = os.getpid() % len(places)
        numbers = next((place for place in places[mine:] + places[:mine] if all(map(_is_free, place))), None)
        if numbers is None:
            raise ClusterError(f"no {count} neighbouring ports from {FIRST_PORT} to {LAST_PORT} are free")
        return cls(
            etcd=numbers[0],
            etcd_peer=numbers[1],
            apiserver=numbers[2],
            controller_manager=numbers[3],
            scheduler=numbers[4],
            metrics_server=numbers[5],
            prometheus=numbers[6],
            egress=numbers[7],
            kubelet=tuple(numbers[8:]),
        )


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The folder of one cluster and the names of what is in it."""

    root: Path
    ports: Ports
    build: Path
    """The folder of the binaries that the cluster was made with: later sources must not change a running one."""

    @classmethod
    def create(cls, root: Path, build: Path) -> Layout:
        """Make the folder of a new cluster, readable by its owner alone: it holds keys."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        layout = cls(root=root, ports=Ports.free(), build=build)
        for folder in (layout.certificates, layout.logs, layout.processes, layout.kubeconfigs):
            folder.mkdir(mode=0o700, exist_ok=True)
        layout.state_file.write_text(json.dumps({"ports": asdict(layout.ports), "build": str(build)}))
        return layout

    @classmethod
    def load(cls, root: Path) -> Layout | None:
        """Return the layout of the cluster in `root`, or None when there is none."""
        state_file = root / "state.json"
        if not state_file.exists():
            return None
        try:
            state = json.loads(state_file.read_text())
            ports = state["ports"] | {"kubelet": tuple(state["ports"]["kubelet"])}
            return cls(root=root, ports=Ports(**ports), build=Path(state["build"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ClusterError(f"{state_file} is damaged: remove {root} and start again") from error

    @classmethod
    def to_remove(cls, root: Path) -> Layout | None:
        """Return enough to end the cluster in `root`, even one of another version that listens elsewhere."""
        unknown = Ports(
            etcd=0, etcd_peer=0, apiserver=0, controller_manager=0, scheduler=0,
            metrics_server=0, prometheus=0, egress=0, kubelet=(),
        )  # fmt: skip
        return cls(root=root, ports=unknown, build=root) if (root / "state.json").exists() else None

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def processes(self) -> Path:
        return self.root / "processes"

    @property
    def kubeconfigs(self) -> Path:
        return self.root / "kubeconfigs"

    @property
    def kubectl(self) -> Path:
        """A link to the kubectl built for this cluster: its own path changes with every build."""
        return self.root / "kubectl"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def server(self) -> str:
        return f"https://{LOOPBACK}:{self.ports.apiserver}"

    def certificate(self, name: str) -> Path:
        return self.certificates / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.certificates / f"{name}.key"

    def kubeconfig(self, user: str) -> Path:
        return self.kubeconfigs / f"{user}.yaml"
