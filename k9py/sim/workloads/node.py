"""One node: its address, the images it has, its heartbeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k9py.sim.controllers.cluster import Cluster, set_condition
from k9py.sim.controllers.events import Source
from k9py.sim.objects import micro_timestamp, timestamp
from k9py.sim.workloads.images import Image, Registry
from k9py.sim.workloads.wishes import NODE_STATE, wish

if TYPE_CHECKING:
    from k9py.sim.workloads.containerlife import ContainerLife
    from k9py.sim.workloads.podlife import PodLife

Object = dict[str, Any]
LEASE_PERIOD = 10.0
"""Seconds between renewals of a node's Lease."""
LEASE_SECONDS = 40
STATUS_PERIOD = 300.0
"""Seconds between reports of an unchanged node status."""
LEASES = "leases.coordination.k8s.io"
HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
"""Conditions of a node that is well, as the kubelet reports them."""
FAILING = ("Ready", "False", "KubeletNotReady", "container runtime is down")
"""The condition of one that is asked not to be."""


class NodeLife:
    """The kubelet of one node as far as it is about the node itself."""

    def __init__(
        self,
        cluster: Cluster,
        node: Object,
        registry: Registry,
        *,
        publish: Callable[[PodLife], None],
        forget: Callable[[PodLife], None],
        busy: Callable[[PodLife, ContainerLife], bool],
    ) -> None:
        self.cluster = cluster
        self.name: str = node["metadata"]["name"]
        self.uid: str = node["metadata"]["uid"]
        self.registry = registry
        self.images: dict[str, Image] = {}
        """What was pulled, by full name."""
        self.alive = True
        self.busy = busy
        self.publish = publish
        self._forget = forget
        self._next_ip = 1
        addresses = (node.get("status") or {}).get("addresses") or ()
        self.ip: str = next((item["address"] for item in addresses if item["type"] == "InternalIP"), "172.18.0.2")
        cidr = (node.get("spec") or {}).get("podCIDR") or "10.244.0.0/24"
        self._prefix = cidr.rsplit(".", 1)[0]

    def take_ip(self) -> str:
        """Return the next pod address of the node's range, going round after 253."""
        self._next_ip = self._next_ip % 253 + 1
        return f"{self._prefix}.{self._next_ip}"

    def forgetting(self, life: PodLife) -> Callable[[], None]:
        """Return what removes a pod that has ended from the API."""
        return lambda: self._forget(life)

    # heartbeat

    def begin(self) -> None:
        """Report the node as ready and start to renew its lease."""
        engine = self.cluster.engine
        self.renew()
        self.report()
        engine.every(LEASE_PERIOD, self.renew, name=f"lease {self.name}")
        engine.every(STATUS_PERIOD, self.report, name=f"node status {self.name}")

    def renew(self) -> None:
        """Renew the lease."""
        if not self.alive or not self.cluster.engine.clock.live:
            return
        now = self.cluster.now
        lease = self.cluster.get(LEASES, "kube-node-lease", self.name)
        if lease is None:
            if self.cluster.get("namespaces", "", "kube-node-lease") is None:
                return
            owner = {"apiVersion": "v1", "kind": "Node", "name": self.name, "uid": self.uid}
            self.cluster.create(
                LEASES,
                {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {"name": self.name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
                    "spec": {
                        "holderIdentity": self.name,
                        "leaseDurationSeconds": LEASE_SECONDS,
                        "renewTime": micro_timestamp(now),
                    },
                },
            )
            return
        self.cluster.edit(LEASES, lease, lambda fresh: fresh["spec"].update(renewTime=micro_timestamp(now)))

    def report(self) -> None:
        """Report the node's conditions with a fresh heartbeat."""
        node = self.cluster.get("nodes", "", self.name)
        if node is None or not self.alive:
            return
        now = self.cluster.now
        well = wish(node, NODE_STATE) != "not-ready"
        report = HEALTHY if well else (*HEALTHY[:-1], FAILING)

        def change(fresh: Object) -> None:
            status = fresh.setdefault("status", {})
            kept = {item["type"]: item for item in status.get("conditions") or ()}
            for kind, value, reason, message in report:
                was = kept.get(kind)
                if kind != "Ready" and was and was["status"] == "True":
                    continue
                set_condition(status, kind, value, reason=reason, message=message, now=now)
            for item in status["conditions"]:
                item["lastHeartbeatTime"] = timestamp(now)

        was_ready = _ready(node)
        self.cluster.edit("nodes", node, change)
        if was_ready != well:
            reason = "NodeReady" if well else "NodeNotReady"
            self.cluster.events.note(
                node | {"kind": "Node", "apiVersion": "v1"},
                reason,
                f"Node {self.name} status is now: {reason}",
                Source("kubelet", self.name),
            )


def _ready(node: Object) -> bool:
    return any(
        item["type"] == "Ready" and item["status"] == "True"
        for item in (node.get("status") or {}).get("conditions") or ()
    )
