"""The simulated cluster of the contract: three nodes, images as the real one's kubelets know them, its load."""

from __future__ import annotations

from k9py.sim.workloads.images import Image
from k9py.sim.workloads.programs import MIB, Program
from k9py.sim.worlds.ground import node, storage_class
from k9py.sim.worlds.model import Step, World

REQUEST_CPU = 0.001
"""Core-seconds one request costs, so that a rate says a load."""
_RUNS = Program("access", 0.1, ports=(8080,), idle_cpu=0.001, memory=16 * MIB, request_cpu=REQUEST_CPU, stop=0.1)


IMAGES = {f"run:{tag}": Image(f"run:{tag}", _RUNS, 4 * MIB, pull=0.1) for tag in (1, 2, 3)}
"""Images that are there at once and run; the others behave by their names."""


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
        ),
    ),
    rehearsal=60.0,
)
