"""What pods, containers and nodes use, as metrics.k8s.io tells: polled, kept as short series, with gaps as gaps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import msgspec

from k9py.core import quantity
from k9py.core.ages import time_or_zero
from k9py.core.clock import Clock, sleep_unless
from k9py.core.errors import Forbidden, K9Error, LinkError, NotFound, QuantityError, RubbishError, ServerError
from k9py.core.refs import Scope
from k9py.core.rings import GAP, Ring
from k9py.kube.wire import Transport
from k9py.metrics import HISTORY

API = "/apis/metrics.k8s.io/v1beta1"

INTERVAL = 15.0
"""Seconds between two polls; metrics-server renews its samples every 15 s by default."""

MISSED_LIMIT = 4
"""Polls without a sample after which a series is forgotten: its pod is gone, or will begin anew."""

RETRY_MISSING = 60.0
"""Seconds before asking again a server that has no metrics API or does not let us read it."""


BATCH = 1000
"""Samples taken before the loop may do something else: some ten milliseconds."""

K = TypeVar("K", bound=Hashable)


class _Meta(msgspec.Struct, gc=False):
    name: str = ""
    namespace: str = ""


class _Container(msgspec.Struct, gc=False):
    name: str = ""
    usage: dict[str, str] | None = None


class _Item(msgspec.Struct, gc=False):
    metadata: _Meta
    timestamp: str = ""
    containers: list[_Container] | None = None
    usage: dict[str, str] | None = None


class _List(msgspec.Struct, gc=False):
    items: list[_Item] | None = None


class Series:
    """CPU and memory of one thing; implements ``resources.model.Usage``."""

    __slots__ = ("_cpu", "_least", "_least_at", "_memory", "at", "missed")

    def __init__(self) -> None:
        self._cpu = Ring(HISTORY)
        self._memory = Ring(HISTORY)
        self._least, self._least_at = math.inf, 0.0
        """The smallest memory seen and when: what growth is counted from."""
        self.at = 0.0
        """Unix time the newest sample was taken at the source."""
        self.missed = 0
        """Polls in a row without a sample."""

    @property
    def cpu(self) -> float:
        """Newest sample in millicores; NaN when it did not come."""
        return next(iter(self._cpu.last(1)), math.nan)

    @property
    def memory(self) -> float:
        """Newest sample in bytes; NaN when it did not come."""
        return next(iter(self._memory.last(1)), math.nan)

    def cpu_trend(self, count: int) -> list[float]:
        """Return the newest samples in millicores, oldest first."""
        return self._cpu.last(count)

    def memory_trend(self, count: int) -> list[float]:
        """Return the newest samples in bytes, oldest first."""
        return self._memory.last(count)

    @property
    def memory_growth(self) -> tuple[float, float]:
        """Bytes per second since memory was smallest, and for how many seconds; both 0 when it does not grow."""
        span = self.at - self._least_at
        if not self._least_at or span <= 0 or math.isnan(self.memory):
            return 0.0, 0.0
        return (self.memory - self._least) / span, span

    def take(self, cpu: float, memory: float, at: float) -> None:
        """Add a sample; the same one seen again is not a new one."""
        self.missed = 0
        if at and at == self.at:
            return
        self.at = at
        self._cpu.push(cpu)
        self._memory.push(memory)
        if at and memory <= self._least:
            self._least, self._least_at = memory, at

    def miss(self) -> None:
        """Note that a sample was due and did not come."""
        self.missed += 1
        self._cpu.push(GAP)
        self._memory.push(GAP)


class UsageCollector:
    """Polls while started; the newest values are read at any time. Implements ``resources.model.UsageLookup``."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        interval: float = INTERVAL,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._interval = interval
        self._on_change = on_change
        self._pods: dict[tuple[str, str], Series] = {}
        self._containers: dict[tuple[str, str, str], Series] = {}
        self._nodes: dict[str, Series] = {}
        self._decoder = msgspec.json.Decoder(_List)
        self._scope: Scope | None = None
        self._with_nodes = False
        self._poke = asyncio.Event()
        self._trouble: dict[str, str] = {}
        self.polled_at = 0.0
        """Unix time (our clock) of the last complete answer; 0 before the first."""

    # ------------------------------------------------------------------ what is wanted

    def want(self, *, pods: Scope | None, nodes: bool) -> None:
        """Say what to collect: pods of a scope (None: no pods) and nodes. Something new is asked for at once."""
        if (pods, nodes) != (self._scope, self._with_nodes):
            is_more = pods != self._scope or nodes
            self._scope, self._with_nodes = pods, nodes
            if is_more:
                self._poke.set()

    @property
    def unavailable(self) -> str:
        """Why there are no metrics, for a person; empty when there are."""
        return "; ".join(dict.fromkeys(self._trouble.values()))

    # ------------------------------------------------------------------ what is known

    def pod(self, namespace: str, name: str) -> Series | None:
        """Return the sum over the pod's containers."""
        return self._pods.get((namespace, name))

    def container(self, namespace: str, pod: str, container: str) -> Series | None:
        """Return one container's use."""
        return self._containers.get((namespace, pod, container))

    def node(self, name: str) -> Series | None:
        """Return one node's use."""
        return self._nodes.get(name)

    # ------------------------------------------------------------------ polling

    async def run(self) -> None:
        """Poll until cancelled. A failure leaves a gap and is asked again; it never ends the polling."""
        while True:
            self._poke.clear()
            if self._scope is not None or self._with_nodes:
                await self.poll()
                self._on_change()
            wait = RETRY_MISSING if self._trouble else self._interval
            await sleep_unless(self._poke, self._clock, wait)

    async def poll(self) -> None:
        """Ask once for everything wanted."""
        trouble: dict[str, str] = {}
        scope = self._scope
        if scope is not None:
            paths = [f"{API}/namespaces/{name}/pods" for name in scope.namespaces] or [f"{API}/pods"]
            items = await self._read("pods", paths, trouble)
            if items is None:
                _miss_all(self._pods.values(), self._containers.values())
            else:
                await self._take_pods(items)
        if self._with_nodes:
            items = await self._read("nodes", [f"{API}/nodes"], trouble)
            if items is None:
                _miss_all(self._nodes.values())
            else:
                self._take_nodes(items)
        self._trouble = trouble
        if not trouble:
            self.polled_at = self._clock.now()

    async def _read(self, what: str, paths: Sequence[str], trouble: dict[str, str]) -> list[_Item] | None:
        """Return the samples of some paths; None when they did not come, with the reason in ``trouble``."""
        found: list[_Item] = []
        try:
            for path in paths:
                answer = await self._transport.request("GET", path, headers={"Accept": "application/json"})
                found += self._decode(answer.body)
        except NotFound:
            trouble[what] = "the cluster has no metrics API: install metrics-server to see CPU and memory"
        except Forbidden:
            trouble[what] = f"you are not allowed to list {what}.metrics.k8s.io"
        except ServerError as error:
            trouble[what] = f"metrics.k8s.io does not answer: {error}"
        except LinkError:
            # The header already says that the server cannot be reached.
            return None
        except K9Error as error:
            trouble[what] = f"metrics.k8s.io: {error}"
        return None if what in trouble else found

    def _decode(self, body: bytes) -> list[_Item]:
        try:
            return self._decoder.decode(body).items or []
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RubbishError(f"the answer is no list of metrics: {error}") from error

    async def _take_pods(self, items: Sequence[_Item]) -> None:
        seen: set[tuple[str, str]] = set()
        seen_containers: set[tuple[str, str, str]] = set()
        for index, item in enumerate(items):
            if index % BATCH == BATCH - 1:
                await asyncio.sleep(0)
            key = (item.metadata.namespace, item.metadata.name)
            at = time_or_zero(item.timestamp)
            cpu = memory = 0.0
            for container in item.containers or ():
                used = _amounts(container.usage)
                cpu, memory = cpu + used[0], memory + used[1]
                place = (*key, container.name)
                self._containers.setdefault(place, Series()).take(*used, at)
                seen_containers.add(place)
            self._pods.setdefault(key, Series()).take(cpu, memory, at)
            seen.add(key)
        _forget(self._pods, seen)
        _forget(self._containers, seen_containers)

    def _take_nodes(self, items: Iterable[_Item]) -> None:
        seen: set[str] = set()
        for item in items:
            self._nodes.setdefault(item.metadata.name, Series()).take(
                *_amounts(item.usage), time_or_zero(item.timestamp)
            )
            seen.add(item.metadata.name)
        _forget(self._nodes, seen)


_FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "Ki": 1024.0, "Mi": 1024.0**2, "Gi": 1024.0**3}
"""The suffixes metrics servers write; reading them here is ten times faster than the exact reader."""


def _amounts(usage: dict[str, str] | None) -> tuple[float, float]:
    """Return millicores and bytes; NaN for what is not there or cannot be read."""
    return _amount(usage, "cpu") * 1000, _amount(usage, "memory")


def _amount(usage: dict[str, str] | None, name: str) -> float:
    text = (usage or {}).get(name)
    if text is None:
        return GAP
    factor = _FACTORS.get(text[-2:]) or _FACTORS.get(text[-1:])
    digits = text.rstrip("numkKMGTiPE")
    if factor is not None and digits.isdigit():
        return int(digits) * factor
    try:
        return float(quantity.parse(text))
    except QuantityError:
        return GAP


def _miss_all(*groups: Iterable[Series]) -> None:
    for series in groups:
        for one in series:
            one.miss()


def _forget(known: dict[K, Series], seen: set[K]) -> None:
    """Leave a gap in what was not seen; forget it after a few polls."""
    for key in known.keys() - seen:
        series = known[key]
        series.miss()
        if series.missed >= MISSED_LIMIT:
            del known[key]
