"""One running cluster: store, server, controllers, kubelets and load, brought up from a world's past."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from k9py.core.clock import Clock, SystemClock
from k9py.core.cron import last_fires
from k9py.core.errors import UsageError
from k9py.core.tasks import TaskSet
from k9py.sim import deletion
from k9py.sim.controllers.all import start_controllers
from k9py.sim.controllers.cluster import Cluster, Object, clone
from k9py.sim.engine import Engine, WorldClock
from k9py.sim.execs import Execs
from k9py.sim.logs import Logs
from k9py.sim.metrics import Meter
from k9py.sim.metrics_api import serve_metrics
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from k9py.sim.workloads.asked import heed_loads
from k9py.sim.workloads.images import Registry
from k9py.sim.workloads.kubelet import Kubelets
from k9py.sim.workloads.load import LoadModel
from k9py.sim.worlds.large import Large
from k9py.sim.worlds.model import Step, Wave, World

SETTLE = 150.0
"""Seconds played through after each step of the past, enough for a rollout; then quiet time is skipped."""


@contextmanager
def _no_collections() -> Iterator[None]:
    """Hold the garbage collector off: a past makes many objects that stay, and looking through them takes a sixth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class LivingServer(SimServer):
    """The server of a running world; closing it ends the world."""

    simulation: Simulation

    async def close(self) -> None:
        """Stop time, then the server."""
        await self.simulation.stop()
        await super().close()


class Simulation:
    """A world in motion."""

    def __init__(self, world: World, *, clock: Clock | None = None, seed: int | None = None) -> None:
        self.world = world
        self.clock = WorldClock(clock or SystemClock())
        self.opens = self.clock.base_now
        """Unix time the world opens: everything before is replayed."""
        self.seed = world.seed if seed is None else seed
        births = [self.opens + step.offset for step in world.steps]
        self.clock.replay(min([*births, self.opens - world.rehearsal]))
        self.engine = Engine(self.clock, seed=self.seed)
        self.store = Store(self.clock, seed=self.seed)
        self.server = LivingServer(self.store)
        self.server.simulation = self
        self.cluster = Cluster(self.engine, self.store, indexed=world.living)
        self.load = LoadModel(self.engine)
        self.kubelets = Kubelets(self.cluster, Registry(dict(world.images)), self.load, watching=world.living)
        if world.living:
            heed_loads(self.cluster, self.kubelets.registry, self.load)
        self.meter = Meter(self.engine, self.kubelets)
        self.controllers = start_controllers(self.cluster, self.meter) if world.living else None
        self._tasks = TaskSet()
        self.large: Large | None = None
        serve_metrics(self)
        self._serve_streams()

    def _serve_streams(self) -> None:
        """Answer logs, exec, attach and port-forward."""
        execs = Execs(self)
        for name, handler in (
            ("log", Logs(self).answer),
            ("exec", execs.exec),
            ("attach", execs.attach),
            ("portforward", execs.portforward),
        ):
            self.server.extensions.subresource("pods", name, handler)

    # the past

    def replay(self) -> None:
        """Play the past through and stop at the opening."""
        with _no_collections():
            self._replay()

    def _replay(self) -> None:
        rehearsal = self.opens - self.world.rehearsal
        moments = [(self.opens + step.offset, step) for step in self.world.steps if step.offset <= 0]
        moments += [(when, Step("0s")) for when in self._cron_moments(rehearsal)]
        moments.append((rehearsal, Step("0s", deed=lambda _simulation: self._apply_standing_load())))
        moments.sort(key=lambda moment: moment[0])
        for when, step in moments:
            self._reach(min(when, rehearsal))
            self._reach(when, playing=True)
            self.create(step.objects)
            if step.deed:
                step.deed(self)
        self._reach(self.opens, playing=True)
        self.cluster.events.flush()
        for step in self.world.steps:
            if step.offset > 0:
                self._plan(step.offset, step.objects, step.deed)
        self._plan_waves()

    def _reach(self, when: float, *, playing: bool = False) -> None:
        """Get to a time: play a little, and skip the rest unless it is all to be played."""
        if when <= self.engine.now:
            return
        if not playing and when - self.engine.now > SETTLE:
            self.engine.run_until(self.engine.now + SETTLE)
            self.engine.leap_to(when)
        self.engine.run_until(when)

    def create(self, objects: Iterable[Object]) -> None:
        """Create objects as a person would with kubectl."""
        for obj in objects:
            self.store.create(self.resource_of(obj), clone(obj))  # The world's own data is used again.

    def delete(self, resource: str, namespace: str, name: str) -> None:
        """Delete an object as a person would with kubectl."""
        self.store.delete(resource, namespace, name, options=deletion.Options(propagation="Background"))

    def lose_node(self, name: str) -> None:
        """Let a node's kubelet die."""
        self.kubelets.lose(name)
        if self.controllers:
            self.controllers.nodes.lost(name)

    def evict(self, namespace: str, name: str, *, resource: str, used: str, asked: str) -> None:
        """Have a kubelet evict a pod because its node runs out of something."""
        life = self.kubelets.life_of(namespace, name)
        if life is None:
            raise KeyError(f"there is no living pod {namespace}/{name}")
        container = life.main[0].name
        life.fail(
            "Evicted",
            f"The node was low on resource: {resource}. Threshold quantity: 100Mi, available: 71448Ki. "
            f"Container {container} was using {used}, request is {asked}, has larger consumption of {resource}. ",
        )
        about = self.store.get("nodes", "", life.node) | {"kind": "Node", "apiVersion": "v1"}
        self.cluster.events.warn(about, "EvictionThresholdMet", f"Attempting to reclaim {resource}", life.source)
        self.cluster.events.warn(life.pod, "Evicted", life.phase_reason[1], life.source)

    def resource_of(self, obj: Object) -> str:
        """Return the store's id of an object's kind."""
        for kind in self.store.kinds():
            if kind.kind == obj["kind"] and kind.api_version.split("/")[0] == obj["apiVersion"].split("/")[0]:
                return kind.id
        raise KeyError(f"{obj['apiVersion']} {obj['kind']} is not served")

    def _plan(self, offset: float, objects: Iterable[Object], deed: object) -> None:
        def act() -> None:
            self.create(objects)
            if callable(deed):
                deed(self)

        self.engine.at(self.opens + offset, act, name="step of the world")

    def _cron_moments(self, before: float) -> list[float]:
        """Return when CronJobs fired in the past for the Jobs they still keep, a moment early."""
        found = set()
        for step in self.world.steps:
            for obj in step.objects:
                spec = obj.get("spec") or {}
                if obj["kind"] == "CronJob" and not spec.get("suspend"):
                    kept = spec.get("successfulJobsHistoryLimit", 3)
                    turns = last_fires(spec["schedule"], before, kept, zone=spec.get("timeZone") or "")
                    found |= {turn - 1 for turn in turns if turn > self.opens + step.offset}
        return sorted(found)

    def _apply_standing_load(self) -> None:
        """Begin the load that has always been there."""
        for wave in self.world.waves:
            if wave.at <= 0:
                self._apply(wave)

    def _plan_waves(self, start: float = 0.0) -> None:
        for wave in self.world.waves:
            self.engine.at(self.opens + start + wave.at, lambda wave=wave: self._apply(wave), name="wave")  # type: ignore[misc]
        period = self.world.repeat_waves
        if period:
            self.engine.at(self.opens + start + period - 1, lambda: self._plan_waves(start + period), name="waves")

    def _apply(self, wave: Wave) -> None:
        self.load.ask(wave.backend, rate=wave.rate, connections=wave.connections)

    def fill(self, pods: int) -> None:
        """Fill a world that does not live with that many pods."""
        self.large = Large(self, pods)
        self.large.build()

    def churn(self, rate: float, visible_share: float = 0.01) -> None:
        """Modify pods that many times a second from now on; only for a world that does not live."""
        if self.large is None:
            raise UsageError("only the large world can be churned")
        self.large.churn(rate, visible_share)

    # the present

    def open(self) -> None:
        """Let time run live; needs a running loop."""
        self.clock.go_live()
        for node in self.kubelets.nodes.values():
            node.renew()
        self._tasks.start(self.engine.run(), name="simulated cluster")

    async def stop(self) -> None:
        """Stop time."""
        await self._tasks.close()
