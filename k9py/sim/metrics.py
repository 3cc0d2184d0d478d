"""What the metrics server knows: the use of every running container over the last window."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from k9py.sim.engine import Engine
from k9py.sim.workloads.containerlife import ContainerLife
from k9py.sim.workloads.kubelet import Kubelets
from k9py.sim.workloads.podlife import PodLife

RESOLUTION = 15.0
"""Seconds between two scrapes of the kubelets, and the window CPU is averaged over."""
SYSTEM_CORES = 0.11
"""Cores the operating system and kubelet of a node use."""
SYSTEM_BYTES = 620 * (1 << 20)


@dataclass(slots=True)
class Scrape:
    """One round over all kubelets."""

    when: float
    served: dict[str, float] = field(default_factory=dict)
    """Mean cores spent on requests in the window, by uid of the pods under load."""


class Meter:
    """Scrapes on a fixed grid; values between two scrapes stay as they were."""

    def __init__(self, engine: Engine, kubelets: Kubelets) -> None:
        self._engine = engine
        self._kubelets = kubelets
        self._load = kubelets.load
        self.last = Scrape(engine.now)
        self._spent: dict[str, float] = {}
        engine.every(RESOLUTION, self._scrape, name="metrics")

    def _scrape(self) -> None:
        spent = dict(self._load.spent)
        self.last = Scrape(
            self._engine.now,
            {uid: (total - self._spent.get(uid, 0.0)) / RESOLUTION for uid, total in spent.items()},
        )
        self._spent = spent

    def pod(self, uid: str) -> dict[str, tuple[float, float]] | None:
        """Return {container: (cores, bytes)} of a pod, or None while it has no sample yet."""
        life = self._kubelets.pods.get(uid)
        if life is None or not life.node_life.alive:
            return None
        found = {}
        for item in life.containers:
            if item.kind == "init" or not item.running:
                continue
            if item.started_at > self.last.when - RESOLUTION:
                return None  # CPU needs two scrapes; the metrics server leaves such a pod out.
            found[item.name] = self._use(life, item)
        return found or None

    def _use(self, life: PodLife, item: ContainerLife) -> tuple[float, float]:
        when = self.last.when
        served = self.last.served.get(life.uid, 0.0) if item is life.main[0] else 0.0
        return self._load.cpu(life, item, when, served=served), self._load.memory(life, item, when)

    def still(self, namespace: str, name: str, containers: list[str]) -> dict[str, tuple[float, float]]:
        """Return figures for a pod of a world that does not live: made from its name and the time of the scrape."""
        number = zlib.crc32(f"{namespace}/{name}".encode())
        step = int(self.last.when // RESOLUTION) * 37 % 23
        share = (2 + number % 240 + step) / 1000
        return {
            item: (share / (turn + 1), float((40 + number % 300) << 20) / (turn + 1))
            for turn, item in enumerate(containers)
        }

    def node(self, name: str) -> tuple[float, float] | None:
        """Return (cores, bytes) of a node, or None when its kubelet does not answer."""
        node = self._kubelets.nodes.get(name)
        if node is None or not node.alive:
            return None
        cores, size = SYSTEM_CORES, float(SYSTEM_BYTES)
        for life in self._kubelets.pods.values():
            if life.node == name:
                for item in life.containers:
                    if item.running:
                        used = self._use(life, item)
                        cores, size = cores + used[0], size + used[1]
        return cores, size

    # what autoscalers ask

    def pod_sample(self, uid: str, resource: str) -> tuple[float, float, float] | None:
        """Return (use, Unix time, window in seconds) of a whole pod; None when there is none."""
        found = self.pod(uid)
        if found is None:
            return None
        index = 0 if resource == "cpu" else 1
        return sum(use[index] for use in found.values()), self.last.when, RESOLUTION

    def container_sample(self, uid: str, container: str, resource: str) -> float | None:
        """Return the use of one container; None when there is none."""
        use = (self.pod(uid) or {}).get(container)
        return None if use is None else use[0 if resource == "cpu" else 1]
