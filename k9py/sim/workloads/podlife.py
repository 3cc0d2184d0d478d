"""The life of one pod on its node: volumes, sandbox, init containers, containers, the end."""

from __future__ import annotations

import random
from typing import Any

from k9py.core.ages import time_or_zero
from k9py.sim.controllers.cluster import Cluster
from k9py.sim.controllers.events import Source
from k9py.sim.engine import Engine, Timer
from k9py.sim.workloads.containerlife import ContainerLife
from k9py.sim.workloads.health import look
from k9py.sim.workloads.images import Image
from k9py.sim.workloads.needs import missing_config, missing_volume
from k9py.sim.workloads.node import NodeLife
from k9py.sim.workloads.podstatus import compose
from k9py.sim.workloads.probes import Sight

Object = dict[str, Any]
PICK_UP = 0.2
"""Seconds until the node's kubelet acts on a pod bound to it."""
SANDBOX = 0.7
"""Seconds to set up the network of a pod."""
RESIZE = 0.5
"""Seconds a kubelet takes to give a running container other resources."""
MOUNT_RETRY = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 122.0)
"""Seconds between tries to mount a volume."""


class PodLife:
    """One pod: the host of its containers."""

    def __init__(self, cluster: Cluster, pod: Object, node: NodeLife) -> None:
        self.cluster = cluster
        self.engine: Engine = cluster.engine
        self.pod = pod
        meta = pod["metadata"]
        self.name: str = meta["name"]
        self.namespace: str = meta["namespace"]
        self.uid: str = meta["uid"]
        self.node: str = pod["spec"]["nodeName"]
        self.node_life = node
        self.random = random.Random(self.uid)
        self.source = Source("kubelet", self.node)
        self.ip = ""
        self.start_time = 0.0
        self.sandbox_ready = False
        self.stopping = False
        self.over = False
        self.phase_reason: tuple[str, str] = ("", "")
        """Reason and message of a pod that failed as a whole (evicted, deadline exceeded)."""
        self._mount_tries = 0
        self._timers: list[Timer] = []
        self._stopped_at = 0.0
        waiting = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
        policy = pod["spec"].get("restartPolicy") or "Always"
        self.init = [self._init_container(spec, policy) for spec in pod["spec"].get("initContainers") or ()]
        self.main = [ContainerLife(self, spec, policy, "main", waiting) for spec in pod["spec"]["containers"]]
        self.ephemeral: list[ContainerLife] = []

    def _init_container(self, spec: Object, policy: str) -> ContainerLife:
        if spec.get("restartPolicy") == "Always":
            return ContainerLife(self, spec, "Always", "sidecar", "PodInitializing")
        return ContainerLife(self, spec, "Never" if policy == "Never" else "OnFailure", "init", "PodInitializing")

    @property
    def containers(self) -> list[ContainerLife]:
        """Every container, init ones first."""
        return [*self.init, *self.main, *self.ephemeral]

    def find(self, name: str) -> ContainerLife | None:
        """Return a container by name."""
        return next((item for item in self.containers if item.name == name), None)

    # beginning

    def begin(self) -> None:
        """Act on a pod that was just bound."""
        self._later(PICK_UP, self._pick_up)

    def _pick_up(self) -> None:
        self.start_time = self.engine.now
        self.changed()
        self._mount()

    def _mount(self) -> None:
        problem = missing_volume(self.cluster, self.pod)
        if problem is None:
            self._later(SANDBOX, self._sandbox)
            return
        if problem.message:
            self._event("Warning", problem.reason, problem.message)
        self._later(MOUNT_RETRY[min(self._mount_tries, len(MOUNT_RETRY) - 1)], self._mount)
        self._mount_tries += 1

    def _sandbox(self) -> None:
        self.ip = self.node_life.ip if self.pod["spec"].get("hostNetwork") else self.node_life.take_ip()
        self.sandbox_ready = True
        self.changed()
        self._advance()

    def _advance(self) -> None:
        """Start the next containers: init containers one after the other, then all others."""
        if self.stopping or not self.sandbox_ready:
            return
        for item in self.init:
            if not item.active:
                item.start()
                return
            done = item.started if item.kind == "sidecar" else item.succeeded
            if not done:
                return
        for item in self.main:
            if not item.active:
                item.start()

    # what containers ask for

    def changed(self) -> None:
        """Have the status written."""
        if not self.over:
            self.node_life.publish(self)

    def report(self, container: ContainerLife, kind: str, reason: str, message: str) -> None:
        """Write an event about a container."""
        group = {"init": "initContainers", "sidecar": "initContainers", "ephemeral": "ephemeralContainers"}
        path = f"spec.{group.get(container.kind, 'containers')}{{{container.name}}}"
        self._event(kind, reason, message, field=path)

    def image_of(self, reference: str) -> Image:
        """Find an image in the registry."""
        return self.node_life.registry.find(reference)

    def present(self, image: Image) -> bool:
        """Return True when the node has the image."""
        return image.canonical in self.node_life.images

    def pulled(self, image: Image) -> None:
        """Note that the node has the image."""
        self.node_life.images[image.canonical] = image

    def missing_config(self, spec: Object) -> str:
        """Return why a container cannot be configured."""
        return missing_config(self.cluster, self.namespace, spec)

    def look(self, container: ContainerLife, probe: Object) -> Sight:
        """Look at a container's health."""
        return look(container, probe, ip=self.ip, now=self.engine.now, busy=self.node_life.busy(self, container))

    def started(self, container: ContainerLife) -> None:
        """A container runs or became ready: the next ones may be due."""
        if container.kind in ("init", "sidecar"):
            self._advance()

    def ended(self, container: ContainerLife) -> None:
        """A container ended: go on, or find that the pod is over."""
        if self.stopping:
            self._check_gone()
            return
        if container.kind == "init":
            if container.succeeded:
                self._advance()
            elif container.finished:
                self._finish()
        elif container.kind == "main" and all(item.finished for item in self.main):
            self._finish()

    def _finish(self) -> None:
        """All that was to run has run: end the sidecars."""
        for item in self.init:
            if item.kind == "sidecar" and item.running:
                item.stopping = True
                item.stop(2.0)
        self.changed()

    # ending

    def stop(self, grace: float) -> None:
        """End every container within the grace period (seconds), then remove the pod from the API."""
        if self.stopping:
            return
        self.stopping = True
        self._stopped_at = self.engine.now
        for timer in self._timers:
            timer.cancel()
        for item in self.containers:
            item.stopping = True
            if item.running:
                self.report(item, "Normal", "Killing", f"Stopping container {item.name}")
            item.stop(grace)
        self._check_gone()

    def _check_gone(self) -> None:
        if not any(item.running for item in self.containers):
            self._later(0.5, self.node_life.forgetting(self))

    def fail(self, reason: str, message: str) -> None:
        """End the pod as a whole and keep it as Failed: eviction, or its active deadline."""
        self.phase_reason = (reason, message)
        for item in self.containers:
            item.stopping = True
            if item.running:
                item.stop(0.1)
            else:
                item.halt()
        self.changed()

    def halt(self) -> None:
        """Do nothing any more, as when the node is dead."""
        self.over = True
        for timer in self._timers:
            timer.cancel()
        for item in self.containers:
            item.halt()

    # changes of the pod by others

    def updated(self, pod: Object) -> None:
        """Take over a changed spec: new images restart containers, ephemeral containers are added."""
        self.pod = pod
        for spec in pod["spec"].get("ephemeralContainers") or ():
            if self.find(spec["name"]) is None:
                extra = ContainerLife(self, spec, "Never", "ephemeral", "ContainerCreating")
                self.ephemeral.append(extra)
                if self.sandbox_ready:
                    extra.start()
        for item, spec in zip(self.main, pod["spec"]["containers"], strict=False):
            if item.running and item.spec.get("resources") != spec.get("resources"):
                self.engine.after(RESIZE, self.changed, name=f"resize {self.name}")
            if item.spec.get("image") != spec.get("image") and item.running:
                text = f"Container {item.name} definition changed, will be restarted"
                self.report(item, "Normal", "Killing", text)
                item.spec = spec
                item.stop(float(pod["spec"].get("terminationGracePeriodSeconds") or 30))
            item.spec = spec

    def skip(self, gap: float) -> None:
        """Pretend that ``gap`` seconds went by."""
        for item in self.containers:
            item.skip(gap)

    def status(self) -> Object:
        """Return the status as it is now."""
        return compose(self, self.engine.now)

    def restore_start(self, pod: Object) -> None:
        """Take the start time over from a status written before."""
        self.start_time = time_or_zero((pod.get("status") or {}).get("startTime"))

    def _event(self, kind: str, reason: str, message: str, *, field: str = "") -> None:
        write = self.cluster.events.warn if kind == "Warning" else self.cluster.events.note
        write(self.pod, reason, message, self.source, field=field)

    def _later(self, seconds: float, action: Any) -> None:
        self._timers = [timer for timer in self._timers if timer.live and timer.when >= self.engine.now - 1]
        self._timers.append(self.engine.after(seconds, action, name=f"pod {self.name}"))
