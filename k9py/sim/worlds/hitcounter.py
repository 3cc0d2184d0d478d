"""S4, from a compose file to an autoscaled cluster: a hit counter and its redis."""

from __future__ import annotations

from k9py.sim.workloads.images import Image
from k9py.sim.workloads.programs import MIB, Program
from k9py.sim.worlds.builders import autoscaler, container, deployment, env, resources, service
from k9py.sim.worlds.ground import nodes, system
from k9py.sim.worlds.model import Step, Wave, World

BACKEND = "ghcr.io/lecture/hit-counter:2.0"
KOMPOSE = {
    "kompose.cmd": "kompose convert",
    "kompose.controller.type": "deployment",
    "kompose.image-pull-policy": "always",
    "kompose.service.type": "nodeport",
    "kompose.version": "1.36.0",
}
"""The labels of the compose file, carried as annotations."""

_backend = container(
    "backend",
    BACKEND,
    port=3000,
    imagePullPolicy="Always",
    resources=resources("100m", "128Mi", "200m", "256Mi"),
    env=env(REDIS_HOST="redis", REDIS_PORT="6379"),
)

WORLD = World(
    name="hitcounter",
    title="S4: a hit counter from a compose file, autoscaled by CPU and memory",
    seed=14,
    images={
        BACKEND: Image(
            BACKEND,
            Program("node", 1.1, ports=(3000,), idle_cpu=0.004, memory=58 * MIB, request_cpu=0.0036),
            171 * MIB,
            3.2,
        )
    },
    steps=(
        Step("12d", [*nodes(2, zones=1), *system("cp-1")]),
        Step(
            "2h",
            [
                deployment("default", "redis", container("redis", "redis:7-alpine", port=6379), annotations=KOMPOSE),
                service("default", "redis", 6379),
                deployment("default", "backend", _backend, annotations=KOMPOSE),
                service("default", "backend", 3000, kind="NodePort"),
                autoscaler("default", "backend", 1, 10, cpu=50, memory=70),
            ],
        ),
    ),
    waves=(
        Wave(0, "default/backend", rate=2),
        Wave(0, "default/redis", rate=2),
        Wave(60, "default/backend", connections=60),
        Wave(420, "default/backend", rate=2),
    ),
    repeat_waves=1500,
)
