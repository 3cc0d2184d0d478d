"""The life of one container on its node: pull, create, run, probe, end, back off, run again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from k9py.core.quantity import parse
from k9py.sim.engine import Engine, Timer
from k9py.sim.objects import timestamp
from k9py.sim.workloads.backoff import LONGEST, Backoff, written
from k9py.sim.workloads.behaviours import act
from k9py.sim.workloads.images import Image
from k9py.sim.workloads.probes import Probe, Sight
from k9py.sim.workloads.programs import FOREVER, End, Program
from k9py.sim.workloads.pulling import Pull

Object = dict[str, Any]
RELIST = 1.0
"""Seconds until the kubelet sees that a container ended."""
ENDED_SHOWN = 5.0
"""Seconds a container that must back off still shows how it ended, before CrashLoopBackOff."""
SYNC = 12.0
"""Seconds between two tries of the kubelet at a pod that waits; each counts its event once more."""
UNREADY = partial(Sight, False, "HTTP probe failed with statuscode: 503")
KILLED = 137
TERMINATED = 143


class Host(Protocol):
    """What a container asks of the pod it lives in."""

    engine: Engine
    pod: Object
    name: str
    namespace: str
    uid: str
    node: str

    def changed(self) -> None:
        """The status is to be written."""

    def report(self, container: ContainerLife, kind: str, reason: str, message: str) -> None:
        """Write an event about a container."""

    def image_of(self, reference: str) -> Image:
        """Find an image."""

    def present(self, image: Image) -> bool:
        """Return True when the node has the image."""

    def pulled(self, image: Image) -> None:
        """Note that the node has the image."""

    def missing_config(self, spec: Object) -> str:
        """Return why a container cannot be configured; empty when it can."""

    def look(self, container: ContainerLife, probe: Object) -> Sight:
        """Look at a container's health."""

    def ended(self, container: ContainerLife) -> None:
        """A container ended, or cannot be had any further."""

    def started(self, container: ContainerLife) -> None:
        """A container runs, or became ready or started."""


@dataclass(slots=True)
class Past:
    """What a container goes through again and again; lets quiet time be skipped."""

    cycle: float = FOREVER
    end: End | None = None


@dataclass(slots=True)
class ContainerLife:
    """One container of one pod."""

    host: Host
    spec: Object
    restart: str
    """When to run again: ``Always``, ``OnFailure`` or ``Never``."""
    kind: str = "main"
    """``main``, ``init``, ``sidecar`` or ``ephemeral``."""
    waiting: str = "ContainerCreating"
    state: Object = field(default_factory=dict)
    last: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False
    image: Image | None = None
    program: Program = field(default_factory=Program)
    container_id: str = ""
    active: bool = False
    """True from the first start() on."""
    stopping: bool = False
    _timers: list[Timer] = field(default_factory=list)
    _probes: dict[str, Probe] = field(default_factory=dict)
    _crashes: Backoff = field(default_factory=Backoff)
    _pull: Pull = field(init=False)
    _past: Past = field(default_factory=Past)
    _duration: float = FOREVER
    _started_at: float = 0.0

    def __post_init__(self) -> None:
        self.state = {"waiting": {"reason": self.waiting}}
        self._pull = Pull(self, self._create)

    # what others read

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def running(self) -> bool:
        """True while its process runs."""
        return "running" in self.state

    @property
    def finished(self) -> bool:
        """True when it ended and will not run again."""
        return "terminated" in self.state and not self._again(self.state["terminated"]["exitCode"])

    @property
    def succeeded(self) -> bool:
        """True when it ended with 0."""
        return bool(self.state.get("terminated", {}).get("exitCode") == 0)

    @property
    def started_at(self) -> float:
        """Unix time the current run began; 0 when it does not run."""
        return self._started_at if self.running else 0.0

    @property
    def booted(self) -> bool:
        """True once the program listens."""
        return self.running and self._engine.now >= self._started_at + self.program.boot - 1e-3

    @property
    def limit(self) -> Object:
        """The container's limits."""
        return (self.spec.get("resources") or {}).get("limits") or {}

    # from waiting to running

    def start(self) -> None:
        """Begin: get the image, then run."""
        self.active = True
        self.image, self.program = act(self.host.pod, self.spec, self.host.image_of(self.spec.get("image", "")))
        self._pull.begin()

    def _create(self) -> None:
        missing = self.host.missing_config(self.spec)
        if missing:
            self.wait("CreateContainerConfigError", missing)
            self.fail("Failed", f"Error: {missing}")
            self.later(SYNC, self._retry_create)
            return
        self.later(0.15 + (0.0 if self.restarts else self.program.start_delay), self._run)

    def _retry_create(self) -> None:
        image = self.image
        assert image is not None
        self.tell(
            "Pulled",
            f'Container image "{image.reference}" already present on machine and can be accessed by the pod',
        )
        self._create()

    def _run(self) -> None:
        now = self._engine.now
        self.tell("Created", "Container created")
        self._crashes_note(now)
        digest = hashlib.sha256(f"{self.host.uid}/{self.name}/{self.restarts}".encode()).hexdigest()
        self.container_id = f"containerd://{digest}"
        if self.program.start_error:
            self.fail("Failed", f"Error: {self.program.start_error}")
            self._over(End(0, 128, "StartError", self.program.start_error), now)
            return
        self.tell("Started", "Container started")
        self._started_at = now
        self.state = {"running": {"startedAt": timestamp(now)}}
        self.started = False
        self._duration = self._choose_duration()
        if self._past.end is not None:
            end = self._past.end
            self.later(self._duration, lambda: self._over(end, self._engine.now))
        self._watch_health()
        self.host.started(self)
        self.host.changed()

    def _choose_duration(self) -> float:
        """Return how long this run lasts and remember how it will end."""
        program = self.program
        end, after = program.end, FOREVER
        if end is not None:
            after = end.after * (1 + end.spread * self._chance())
        memory_limit = self.host_memory_limit
        if program.leak and memory_limit:
            until_oom = max(1.0, (memory_limit - program.memory) / program.leak) * (1 + 0.1 * self._chance())
            if until_oom < after:
                end, after = End(until_oom, KILLED, "OOMKilled"), until_oom
        elif memory_limit and program.memory > memory_limit:
            end, after = End(program.boot, KILLED, "OOMKilled"), max(0.4, program.boot)
        self._past.end = end if after < FOREVER else None
        self._past.cycle = after
        return after

    @property
    def host_memory_limit(self) -> float:
        """Bytes of the memory limit; 0 when there is none."""
        given = self.limit.get("memory")
        return float(parse(str(given))) if given else 0.0

    def _chance(self) -> float:
        """Return a number in -1 … 1 that is always the same for this run of this container."""
        digest = hashlib.sha256(f"{self.host.uid}/{self.name}/{self.restarts}/chance".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 0x7FFFFFFF - 1

    # health

    def _watch_health(self) -> None:
        startup = self.spec.get("startupProbe")
        self.ready = False
        if startup:
            self._probe("startup", startup, passing=False)
            return
        self.started = True
        self._watch_ready_and_live()

    def _watch_ready_and_live(self) -> None:
        readiness, liveness = self.spec.get("readinessProbe"), self.spec.get("livenessProbe")
        if readiness:
            self._probe("readiness", readiness, passing=False)
        else:
            self.ready = not self.program.unready
        if liveness:
            self._probe("liveness", liveness, passing=True)

    def _probe(self, kind: str, spec: Object, *, passing: bool) -> None:
        word = {"startup": "Startup", "readiness": "Readiness", "liveness": "Liveness"}[kind]
        self._probes[kind] = Probe(
            self._engine,
            spec,
            look=UNREADY if kind == "readiness" and self.program.unready else partial(self.host.look, self),
            failed=lambda text: self.fail("Unhealthy", f"{word} probe failed: {text}"),
            turned=self._turn_of(kind),
            passing=passing,
        )
        self._probes[kind].start()

    def _turn_of(self, kind: str) -> Callable[[bool], None]:
        def turned(ok: bool) -> None:
            if kind == "readiness":
                if self.ready != ok:
                    self.ready = ok
                    self.host.started(self)
                    self.host.changed()
            elif kind == "startup" and ok:
                self._probes.pop("startup").stop()
                self.started = True
                self._watch_ready_and_live()
                self.host.started(self)
                self.host.changed()
            elif not ok:
                self.tell("Killing", f"Container {self.name} failed {kind} probe, will be restarted")
                self.stop(self._grace())

        return turned

    def poke(self) -> None:
        """Look at the health again: load or a fault changed it."""
        for probe in self._probes.values():
            probe.poke()

    # ending

    def stop(self, grace: float) -> None:
        """Send SIGTERM; the program ends by itself or is killed after the grace period (seconds)."""
        if not self.running:
            self._quiet()
            return
        self._stop_probes()
        self._cancel_timers()
        polite = self.program.stop <= grace
        code = self.program.stop_code if polite else KILLED
        end = End(0, code, "Completed" if code == 0 else "Error")
        self.later(min(self.program.stop, max(grace, 0.05)), lambda: self._over(end, self._engine.now))

    def kill(self, end: End) -> None:
        """End the run at once, as the OOM killer does; harmless when it does not run."""
        if self.running:
            self._over(end, self._engine.now)

    def halt(self) -> None:
        """Do nothing any more: the pod is gone or its node is."""
        self._quiet()

    def _over(self, end: End, now: float) -> None:
        """The process is gone."""
        self._stop_probes()
        self._cancel_timers()
        began = timestamp(self._started_at) if self.running else timestamp(now)
        ended: Object = {"exitCode": end.code, "reason": end.word}
        if end.message:
            ended["message"] = end.message
        ended |= {"startedAt": began, "finishedAt": timestamp(now), "containerID": self.container_id}
        if end.word == "StartError":
            ended["startedAt"] = "1970-01-01T00:00:00Z"
        self.state = {"terminated": ended}
        self.ready = self.kind == "init" and end.code == 0
        self.started = False
        self.host.changed()
        self.host.ended(self)
        if self._again(end.code) and not self.stopping:
            self.later(RELIST, lambda: self._retry(now, shown=False))

    def _again(self, code: int) -> bool:
        return self.restart == "Always" or (self.restart == "OnFailure" and code != 0)

    def _retry(self, ended_at: float, *, shown: bool) -> None:
        """Run again, or say that it has to wait."""
        now = self._engine.now
        if not self._crashes.holds(ended_at, now):
            self._restart()
            return
        if not shown:
            self.later(ENDED_SHOWN - RELIST, lambda: self._retry(ended_at, shown=True))
        else:
            if "terminated" in self.state:
                self.last = self.state
            self.wait("CrashLoopBackOff", self._crash_text("restarting", f"container={self.name}"))
            left = ended_at + self._crashes.wait - now
            self.later(min(SYNC, left + 0.1), lambda: self._retry(ended_at, shown=True))
        self.fail(
            "BackOff",
            f"Back-off restarting failed container {self.name} in pod "
            f"{self.host.name}_{self.host.namespace}({self.host.uid})",
        )

    def _crash_text(self, verb: str, what: str) -> str:
        pod = f"{self.host.name}_{self.host.namespace}({self.host.uid})"
        return f"back-off {written(self._crashes.wait)} {verb} failed {what} pod={pod}"

    def _restart(self) -> None:
        if "terminated" in self.state:
            self.last = self.state
        self.restarts += 1
        self._pull.begin()

    def _crashes_note(self, now: float) -> None:
        if self.restarts or self.program.restart_delay:
            self._crashes.next(now, fixed=self.program.restart_delay)

    # skipped time

    def skip(self, gap: float) -> None:
        """Pretend that ``gap`` seconds went by: a container that ends again and again did so all the while."""
        cycle, end = self._past.cycle, self._past.end
        if end is None or cycle == FOREVER or not self._again(end.code) or not self.active:
            return
        if self.kind == "init" and end.code == 0:
            return
        now = self._engine.now
        wait = LONGEST if cycle < 2 * LONGEST else 0.0
        rounds = int(gap / (cycle + wait))
        if rounds < 1:
            return
        self.restarts += rounds
        ended_at = now - (0.3 + 0.2 * self._chance()) * (wait or cycle)
        ended: Object = {"exitCode": end.code, "reason": end.word}
        if end.message:
            ended["message"] = end.message
        ended |= {"startedAt": timestamp(ended_at - cycle), "finishedAt": timestamp(ended_at)}
        ended["containerID"] = self.container_id
        if end.word == "StartError":
            ended["startedAt"] = "1970-01-01T00:00:00Z"
        self._stop_probes()
        self._cancel_timers()
        if wait:
            self._crashes.raise_to(LONGEST, ended_at - cycle)
            self.state = {"terminated": ended}
            self.ready = self.started = False
            self._retry(ended_at, shown=True)
        else:
            self.last = {"terminated": ended}
            self._resume_run(ended_at)
        self.host.changed()

    def _resume_run(self, began: float) -> None:
        """Be in the middle of a run that began at that time."""
        now = self._engine.now
        self._started_at = began
        self.state = {"running": {"startedAt": timestamp(began)}}
        self._duration = self._choose_duration()
        end = self._past.end
        if end is not None:
            self.later(max(1.0, began + self._duration - now), lambda: self._over(end, self._engine.now))
        self._watch_health()
        for probe in self._probes.values():
            probe.passing = True
        self.ready = self.started = True
        self.host.started(self)

    # small things

    @property
    def _engine(self) -> Engine:
        return self.host.engine

    def _grace(self) -> float:
        own = (self.spec.get("livenessProbe") or {}).get("terminationGracePeriodSeconds")
        return float(30 if own is None else own)

    def wait(self, reason: str, message: str = "") -> None:
        """Show a reason for not running."""
        fresh = {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        if fresh != self.state:
            self.state = fresh
            self.ready = self.started = False
            self.host.changed()

    def tell(self, reason: str, message: str) -> None:
        """Write a Normal event."""
        self.host.report(self, "Normal", reason, message)

    def fail(self, reason: str, message: str) -> None:
        """Write a Warning event."""
        self.host.report(self, "Warning", reason, message)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later unless the run ends before."""
        self._timers = [timer for timer in self._timers if timer.live and timer.when >= self._engine.now - 1]
        self._timers.append(self._engine.after(seconds, action, name=f"{self.host.name}/{self.name}"))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _stop_probes(self) -> None:
        for probe in self._probes.values():
            probe.stop()
        self._probes.clear()

    def _quiet(self) -> None:
        self._stop_probes()
        self._cancel_timers()
