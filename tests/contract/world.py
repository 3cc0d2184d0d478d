"""The simulated cluster of the contract: three nodes, images as the real one's kubelets know them, its load."""

from __future__ import annotations

from k9py.core.quantity import parse
from k9py.sim.history import Change
from k9py.sim.simulation import Simulation
from k9py.sim.workloads.images import Image, not_there
from k9py.sim.workloads.programs import MIB, End, Program
from k9py.sim.worlds.ground import node, storage_class
from k9py.sim.worlds.model import Step, World

REQUEST_CPU = 0.001
"""Core-seconds one request costs, so that a rate says a load."""
_LOAD = "k9py.dev/load-cpu"
_RUNS = Program("access", 0.1, ports=(8080,), idle_cpu=0.001, memory=16 * MIB, request_cpu=REQUEST_CPU, stop=0.1)


def _image(name: str, program: Program, **fields: object) -> Image:
    return Image(f"{name}:1", program, 4 * MIB, **{"pull": 0.1, **fields})  # type: ignore[arg-type]


IMAGES = {
    image.reference: image
    for image in (
        _image("run", _RUNS),
        Image("run:2", _RUNS, 4 * MIB, pull=0.1),
        Image("run:3", _RUNS, 4 * MIB, pull=0.1),
        _image("complete", Program(end=End(1.0, 0, spread=0), stop=0.1)),
        _image("crash", Program(end=End(1.0, 1, spread=0), stop=0.1)),
        _image("oom", Program(end=End(1.0, 137, "OOMKilled", spread=0), stop=0.1)),
        _image("slow", _RUNS, pull=5.0),
        _image("unready", Program(ports=(8080,), bad_paths={"/ready": 503}, stop=0.1)),
        _image("missing", _RUNS, error=not_there("docker.io/library/missing:1")),
    )
}
"""What the real cluster's kubelets do by the first word of an image."""


def _heed_load(simulation: Simulation) -> None:
    """Put the load on a Deployment that its annotation asks for, as the real cluster's kubelets do."""

    def changed(change: Change) -> None:
        if change.current is None:
            return
        metadata = change.current.view()["metadata"]
        asked = (metadata.get("annotations") or {}).get(_LOAD)
        if asked:
            backend = f"{metadata['namespace']}/{metadata['name']}"
            simulation.load.ask(backend, rate=float(parse(asked)) / REQUEST_CPU)

    simulation.store.subscribe(changed, "deployments.apps")


WORLD = World(
    name="contract",
    title="three nodes and nothing on them",
    images=IMAGES,
    steps=(
        Step(
            "1h",
            [
                *(node(f"node-{number}", number) for number in (1, 2, 3)),
                storage_class("standard", default=True, mode="Immediate"),
            ],
            deed=_heed_load,
        ),
    ),
    rehearsal=60.0,
)
