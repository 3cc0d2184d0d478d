"""Load on the workloads and what it makes of them: CPU, memory, latency, the out-of-memory kill.

The model of one container: requests cost CPU, and a little time that no core can shorten; open connections hold memory.
A container at its CPU limit serves as many requests as the limit pays for; the rest wait, which is what fills memory.
The figures of programs come from scenarios.md (S3): 200m serves about 33 requests/s, 400m about 44, two pods of 200m
about 55; the 256 MiB limit ends a single pod at 6,000 users, 512 MiB carries 10,000.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from k9py.core.quantity import parse
from k9py.sim.engine import Engine
from k9py.sim.workloads.programs import KILLED_BY_OOM, Program

if TYPE_CHECKING:
    from k9py.sim.workloads.containerlife import ContainerLife
    from k9py.sim.workloads.podlife import PodLife

Object = dict[str, Any]
TICK = 1.0
"""Seconds between two looks at workloads under load."""
REPLAYED_TICK = 15.0
"""The same while the past is replayed, where load does not change."""
UNLIMITED_CORES = 4.0
"""Cores a container without a CPU limit can use: its node's."""
CONTENTION = 0.88
"""How much longer the wait that is not CPU gets for endlessly many replicas; S3: two pods give 1.65 times one."""
BUSY_SECONDS = 20.0
"""Mean response above which health checks time out: S3's pods answered after 18 s and stayed up."""


@dataclass(slots=True)
class Demand:
    """What is asked of one workload."""

    rate: float = 0.0
    """Requests per second offered."""
    connections: int = 0
    """Clients that wait for an answer at the same time (closed loop); 0 for an open one."""
    memory: float = 0.0
    """Bytes more, shared by the pods."""


@dataclass(slots=True)
class Service:
    """What one pod gives under its share of the load."""

    rate: float = 0.0
    """Requests per second answered."""
    latency: float = 0.0
    """Mean seconds to an answer."""
    open: float = 0.0
    """Connections held."""
    cores: float = 0.0
    """CPU spent on requests."""
    memory: float = 0.0
    """Bytes held beside what connections take."""


@dataclass(slots=True)
class Backend:
    """One workload: its demand and the pods that take it."""

    demand: Demand = field(default_factory=Demand)
    shares: dict[str, Service] = field(default_factory=dict)
    """What each pod gives, by uid."""
    history: list[tuple[float, float]] = field(default_factory=list)
    """(Unix time, requests per second of one pod), for the access log; newest last."""


def capacity(program: Program, cores: float, replicas: int = 1) -> float:
    """Return requests per second a container can answer at most; replicas share what is not CPU."""
    crowd = 1 + CONTENTION * (1 - 1 / replicas)
    seconds = program.request_cpu / max(cores, 1e-6) + program.request_overhead * crowd
    return 1.0 / seconds if seconds > 0 else math.inf


def serve(program: Program, cores: float, rate: float, connections: float, *, replicas: int = 1) -> Service:
    """Return what one of ``replicas`` containers gives for its share of the demand."""
    most = capacity(program, cores, replicas)
    fastest = 1.0 / most
    if connections:
        answered = min(most, connections / max(fastest, 1e-6))
        latency = max(fastest, connections / answered)
        waiting = connections
    elif rate < most:
        answered = rate
        latency = fastest / max(0.05, 1 - rate / most)
        waiting = rate * latency
    else:
        answered = most
        latency = BUSY_SECONDS * 1.5
        waiting = min(rate * latency, 20_000.0)
    return Service(answered, latency, waiting, cores * answered / most)


def wobble(seed: str, when: float, period: float = 15.0) -> float:
    """Return a number in -1 … 1 that moves smoothly with time and is the same every time it is asked for."""
    slot, part = divmod(when / period, 1.0)
    low, high = (_noise(seed, int(slot) + step) for step in (0, 1))
    smooth = part * part * (3 - 2 * part)
    return low + (high - low) * smooth


def _noise(seed: str, slot: int) -> float:
    digest = hashlib.blake2b(f"{seed}/{slot}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 0x7FFFFFFF - 1


def cores_of(container: Object) -> float:
    """Return the CPU limit in cores, or the node's."""
    given = ((container.get("resources") or {}).get("limits") or {}).get("cpu")
    return float(parse(str(given))) if given else UNLIMITED_CORES


class LoadModel:
    """Who is asked what, and what that costs each pod."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._backends: dict[str, Backend] = {}
        self._members: dict[str, str] = {}
        self._lives: dict[str, PodLife] = {}
        self._ticking = False
        self.spent: dict[str, float] = {}
        """Core-seconds spent on requests so far, by pod uid."""

    def ask(self, backend: str, *, rate: float = 0.0, connections: int = 0, memory: float = 0.0) -> None:
        """Set the demand on ``namespace/app`` (the value of the pods' ``app`` label).

        ``memory`` is shared by its ready pods, in bytes, beside what requests need.
        """
        self._backends.setdefault(backend, Backend()).demand = Demand(rate, connections, memory)
        if not self._ticking:
            self._ticking = True
            self._engine.after(self._step, self._tick, name="load")

    @property
    def _step(self) -> float:
        return TICK if self._engine.clock.live else REPLAYED_TICK

    def totals(self, backend: str) -> tuple[float, float]:
        """Return (requests answered per second, mean latency in seconds) of a workload."""
        shares = list(self._backends.get(backend, Backend()).shares.values())
        answered = sum(item.rate for item in shares)
        latency = sum(item.latency * item.rate for item in shares) / answered if answered else 0.0
        return answered, latency

    def service(self, uid: str) -> Service:
        """Return what a pod gives now."""
        backend = self._backends.get(self._members.get(uid, ""))
        return (backend.shares.get(uid) if backend else None) or Service()

    def rate_at(self, uid: str, when: float) -> float:
        """Return the requests per second a pod got at a time, for its access log."""
        backend = self._backends.get(self._members.get(uid, ""))
        rate = 0.0
        for since, value in backend.history if backend else ():
            if since > when:
                break
            rate = value
        return rate

    def busy(self, life: PodLife, _container: ContainerLife) -> bool:
        """Return True when a pod answers too slowly for its health checks."""
        return self.service(life.uid).latency > BUSY_SECONDS * 10

    def cpu(self, life: PodLife, item: ContainerLife, when: float, *, served: float | None = None) -> float:
        """Return the cores a container uses; ``served`` is what requests cost, by default what they cost now."""
        if not item.running:
            return 0.0
        program = item.program
        seed = f"{life.uid}/{item.name}"
        base = program.idle_cpu * (1 + 0.35 * wobble(seed, when))
        if when - item.started_at < program.boot:
            base += 0.15
        load = served
        if load is None:
            load = self.service(life.uid).cores if item is life.main[0] else 0.0
        load *= 1 + 0.03 * wobble(f"{seed}/load", when)
        return min(base + load, cores_of(item.spec))

    def memory(self, life: PodLife, item: ContainerLife, when: float) -> float:
        """Return the bytes of a container's working set."""
        if not item.running:
            return 0.0
        program = item.program
        age = when - item.started_at
        warm = 1 - 0.35 * math.exp(-age / 40)
        size = program.memory * warm * (1 + 0.012 * wobble(f"{life.uid}/{item.name}/mem", when, 60))
        size += program.leak * age
        if item is life.main[0]:
            service = self.service(life.uid)
            size += service.open * program.connection_memory + service.memory
        limit = item.host_memory_limit
        return min(size, limit * 0.995) if limit else size

    # membership

    def pod_changed(self, life: PodLife) -> None:
        """Keep track of which pods take part."""
        app = (life.pod["metadata"].get("labels") or {}).get("app", "")
        self._members[life.uid] = f"{life.namespace}/{app}"
        self._lives[life.uid] = life

    def pod_gone(self, life: PodLife) -> None:
        """Forget a pod."""
        key = self._members.pop(life.uid, "")
        self._lives.pop(life.uid, None)
        self.spent.pop(life.uid, None)
        if key in self._backends:
            self._backends[key].shares.pop(life.uid, None)

    # the tick

    def _tick(self) -> None:
        busy = False
        for key, backend in self._backends.items():
            self._spread(key, backend)
            busy = busy or backend.demand != Demand() or bool(backend.shares)
        self._ticking = busy
        if busy:
            self._engine.after(self._step, self._tick, name="load")

    def _spread(self, key: str, backend: Backend) -> None:
        """Share the demand among the pods that are ready and see what it does to each."""
        takers = [
            life
            for uid, life in self._lives.items()
            if self._members.get(uid) == key and not life.stopping and life.main[0].ready
        ]
        demand = backend.demand
        asked = bool(demand.rate or demand.connections or demand.memory)
        backend.shares = {}
        for life in takers if asked else ():
            first = life.main[0]
            share = serve(
                first.program,
                cores_of(first.spec),
                demand.rate / len(takers),
                demand.connections / len(takers),
                replicas=len(takers),
            )
            share.memory = demand.memory / len(takers)
            backend.shares[life.uid] = share
            self.spent[life.uid] = self.spent.get(life.uid, 0.0) + share.cores * self._step
        rate = next(iter(backend.shares.values())).rate if backend.shares else 0.0
        if not backend.history or abs(backend.history[-1][1] - rate) > 0.5:
            backend.history.append((self._engine.now, rate))
            del backend.history[:-200]
        for life in takers if asked else ():
            self._check_memory(life)

    def _check_memory(self, life: PodLife) -> None:
        first = life.main[0]
        limit = first.host_memory_limit
        if not limit:
            return
        program = first.program
        service = self.service(life.uid)
        needed = program.memory + service.open * program.connection_memory + service.memory
        if needed > limit:
            first.kill(KILLED_BY_OOM)
