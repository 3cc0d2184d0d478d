"""A two-node cluster on a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.sim.simulation import Simulation
from k9py.sim.worlds.builders import container, deployment, pod_spec
from k9py.sim.worlds.ground import node, storage_class
from k9py.sim.worlds.model import Step, World

Object = dict[str, Any]


class Lab:
    """The cluster with short ways to ask and to wait."""

    def __init__(self, simulation: Simulation, clock: ManualClock) -> None:
        self.simulation = simulation
        self.clock = clock
        self.store = simulation.store

    async def wait(self, seconds: float) -> None:
        """Let time pass; nothing a controller does may fail meanwhile."""
        await self.clock.advance(seconds)
        assert self.simulation.engine.failures == []

    def create(self, *objects: Object) -> None:
        """Create objects as a person would."""
        self.simulation.create(objects)

    def run_pod(self, name: str, image: str, *, spec: Object | None = None, **fields: Any) -> None:
        """Create a bare pod of one container."""
        body = pod_spec(container("app", image, **fields)) | (spec or {})
        meta = {"namespace": "default", "name": name, "labels": {"app": name}}
        self.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body})

    def deploy(self, name: str, image: str, replicas: int = 1, **fields: Any) -> None:
        """Create a Deployment of one container."""
        known = {
            key: fields.pop(key) for key in ("strategy", "minReadySeconds", "progressDeadlineSeconds") if key in fields
        }
        self.create(deployment("default", name, container("app", image, **fields), replicas=replicas, **known))

    def pods(self, app: str = "") -> list[Object]:
        """Return the pods of an app that were not deleted, oldest first."""
        found = [p for p in self.store.list("pods") if not app or p["metadata"]["labels"].get("app") == app]
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def state(self, pod: Object) -> Object:
        """Return the status of a pod's first container."""
        entry: Object = pod["status"]["containerStatuses"][0]
        return entry

    def events(self, name: str, reason: str = "") -> list[Object]:
        """Return the events about an object, by reason if one is given."""
        found = [event for event in self.store.list("events") if event["involvedObject"]["name"].startswith(name)]
        return [event for event in found if not reason or event["reason"] == reason]

    def condition(self, obj: Object, kind: str) -> Object:
        """Return one condition."""
        found: Object = next(item for item in obj["status"]["conditions"] if item["type"] == kind)
        return found


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    clock = ManualClock()
    ground = [node("node-1", 1), node("node-2", 2), storage_class("standard", default=True)]
    world = World("lab", "two nodes", (Step("1h", ground),), rehearsal=60.0)
    simulation = Simulation(world, clock=clock)
    simulation.replay()
    simulation.open()
    await clock.advance(1.0)
    yield Lab(simulation, clock)
    await simulation.stop()
