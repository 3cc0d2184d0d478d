"""Thousands of pods, made as bytes: for measuring, not for living. 250 nodes, 40 namespaces."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from k9py.sim.engine import Timer
from k9py.sim.history import Stored
from k9py.sim.objects import encode, name_suffix, timestamp
from k9py.sim.worlds.builders import namespace
from k9py.sim.worlds.ground import node
from k9py.sim.worlds.large_pod import template
from k9py.sim.worlds.model import World

if TYPE_CHECKING:
    from k9py.sim.simulation import Simulation

Object = dict[str, Any]
NODES = 250
NAMESPACES = 40
REPLICAS = 8
"""Pods of one workload."""
DAY = 86400.0
_WORDS = ("orders", "search", "billing", "media", "profile", "stock", "routing", "reports", "pricing", "session")
_TIERS = ("api", "worker", "cache", "gateway", "sync")
CHURN_TICK = 0.1
"""Seconds between two bursts of churn."""


class Large:
    """The pods of a large cluster: built fast, changed cheaply."""

    def __init__(self, simulation: Simulation, pods: int) -> None:
        self._simulation = simulation
        self._random = random.Random(simulation.seed)
        self.names: list[tuple[str, str]] = []
        """(namespace, name) of every pod, in the order made."""
        self._timer: Timer | None = None
        self._owed = 0.0
        self._turn = 0
        self._count = pods
        self._rate = self._share = 0.0
        self._shown: list[tuple[str, str]] = []

    def build(self) -> None:
        """Make namespaces, nodes and pods."""
        store, now = self._simulation.store, self._simulation.engine.now
        for number in range(NAMESPACES):
            store.create("namespaces", namespace(_space(number), team=f"team-{number % 9}"))
        for number in range(NODES):
            store.put_encoded("nodes", self._node(number, now))
        for workload in range(-(-self._count // REPLICAS)):
            for resource, obj in self._owners(workload, now):
                store.put_encoded(resource, obj)
        for number in range(self._count):
            store.put_encoded("pods", self._pod(number, now))

    def _node(self, number: int, now: float) -> bytes:
        obj = node(
            f"worker-{number:03d}", number + 1, cpu="16", memory="65843064Ki", zone=f"eu-north-1{'abc'[number % 3]}"
        )
        meta = obj["metadata"]
        meta |= {
            "uid": self._uid(),
            "creationTimestamp": timestamp(now - 90 * DAY - number * 60),
            "resourceVersion": "1",
        }
        stamp = timestamp(now - 240)
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
        }
        obj["status"]["conditions"] = [
            ready | {"lastHeartbeatTime": stamp, "lastTransitionTime": meta["creationTimestamp"]}
        ]
        return encode(obj, api_version="v1", kind="Node")

    def _owners(self, workload: int, now: float) -> list[tuple[str, bytes]]:
        """Return the Deployment and ReplicaSet of a workload."""
        space, app, digest = _named(workload)
        pod = {"containers": [{"name": "app", "image": f"registry.acme.example/{space}/{app}:2026.11.3"}]}
        spec = {
            "replicas": REPLICAS,
            "selector": {"matchLabels": {"app": app}},
            "template": {"metadata": {"labels": {"app": app}}, "spec": pod},
        }
        counts = {f"{word}eplicas": REPLICAS for word in ("r", "readyR", "availableR", "updatedR")}
        made = {
            "namespace": space,
            "creationTimestamp": timestamp(now - 80 * DAY),
            "resourceVersion": "1",
            "generation": 1,
        }
        owner_uid = str(uuid.UUID(int=(workload + 7_000_001) * 40503 % 2**128, version=4))
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app, "uid": owner_uid, "controller": True}
        status = {"observedGeneration": 1, **counts}
        top = {
            "metadata": made | {"name": app, "uid": owner_uid, "labels": {"app": app}},
            "spec": spec,
            "status": status,
        }
        counts.pop("updatedReplicas")
        below = {
            "metadata": made
            | {
                "name": f"{app}-{digest}",
                "uid": _owner_uid(workload),
                "labels": {"app": app},
                "ownerReferences": [owner],
            },
            "spec": spec,
            "status": {"observedGeneration": 1, **counts, "fullyLabeledReplicas": REPLICAS},
        }
        return [
            ("deployments.apps", encode(top, api_version="apps/v1", kind="Deployment")),
            ("replicasets.apps", encode(below, api_version="apps/v1", kind="ReplicaSet")),
        ]

    def _pod(self, number: int, now: float) -> bytes:
        workload = number // REPLICAS
        space, app, digest = _named(workload)
        name = f"{app}-{digest}-{name_suffix(self._random)}"
        self.names.append((space, name))
        age = (number * 7919 % 5_000_000) + 40
        restarts = 0 if number % 17 else number % 9
        fields = {
            "@NAME@": name,
            "@SPACE@": space,
            "@APP@": app,
            "@HASH@": digest,
            "@UID@": self._uid(),
            "@OWNER@": _owner_uid(workload),
            "@NODE@": f"worker-{number * 31 % NODES:03d}",
            "@IP@": f"10.{244 + number // 65000}.{number // 250 % 250}.{number % 250 + 2}",
            "@CREATED@": timestamp(now - age),
            "@STARTED@": timestamp(now - age + 4),
            "@ID@": f"{number * 0x9E3779B97F4A7C15 % 2**256:064x}",
        }
        return template(fields, restarts=restarts, waiting="CrashLoopBackOff" if number % 97 == 0 else "")

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # churn

    def churn(self, rate: float, visible_share: float = 0.01, *, visible: int = 40) -> None:
        """Modify pods ``rate`` times a second from now on; 0 stops.

        ``visible_share`` of the changes go to the first ``visible`` pods in list order, which a table shows first.
        """
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._rate, self._share = rate, visible_share
        self._shown = sorted(self.names)[:visible]
        if rate > 0:
            self._timer = self._simulation.engine.after(CHURN_TICK, self._burst, name="churn")

    def _burst(self) -> None:
        self._timer = self._simulation.engine.after(CHURN_TICK, self._burst, name="churn")
        self._owed += self._rate * CHURN_TICK
        while self._owed >= 1:
            self._owed -= 1
            self.change_one()

    def change_one(self) -> Stored:
        """Give one pod another restart count and resource version, without decoding it."""
        self._turn += 1
        shown = self._shown if self._random.random() < self._share else self.names
        space, name = shown[self._turn * 7919 % len(shown)]
        store = self._simulation.store
        raw = store.stored("pods", space, name).raw
        start = raw.index(_COUNT) + len(_COUNT)
        end = start
        while raw[end] in b"0123456789":
            end += 1
        return store.put_encoded("pods", b"%b%d%b" % (raw[:start], int(raw[start:end]) % 999 + 1, raw[end:]))


_COUNT = b'"restartCount":'


def _named(workload: int) -> tuple[str, str, str]:
    """Return namespace, name and template hash of a workload."""
    app = f"{_WORDS[workload % len(_WORDS)]}-{_TIERS[workload // 3 % len(_TIERS)]}-{workload:04d}"
    return _space(workload % NAMESPACES), app, f"{(workload + 1) * 2654435761 % 0xFFFFFFFF:08x}" + "f5"


def _owner_uid(workload: int) -> str:
    return str(uuid.UUID(int=(workload + 1) * 2654435761 % 2**128, version=4))


def _space(number: int) -> str:
    return f"{_WORDS[number % len(_WORDS)]}-{('prod', 'stage', 'dev', 'perf')[number // len(_WORDS) % 4]}"


WORLD = World(name="large", title="thousands of pods, for measuring", seed=3, steps=(), rehearsal=0.0, living=False)
