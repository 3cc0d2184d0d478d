"""S3, scaling under load: one REST API in the thesis's three configurations, and its load."""

from __future__ import annotations

from typing import Any

from k9py.sim.workloads.images import Image
from k9py.sim.workloads.programs import MIB, Program
from k9py.sim.worlds.builders import container, deployment, ingress, namespace, resources, service
from k9py.sim.worlds.ground import nodes, system
from k9py.sim.worlds.model import Step, Wave, World

Object = dict[str, Any]
API = "ghcr.io/thesis/rest-api:1.0.0"
PROGRAM = Program(
    "spring",
    6.5,
    ports=(8080,),
    idle_cpu=0.004,
    memory=104 * MIB,
    request_cpu=0.00303,
    request_overhead=0.01515,
    connection_memory=28 * 1024,
)
"""Fitted to the thesis: see workloads/load.py."""
INITIAL = resources("100m", "128Mi", "200m", "256Mi")
VERTICAL = resources("200m", "256Mi", "400m", "512Mi")


def configuration(name: str, replicas: int, limits: Object) -> list[Object]:
    """Return one configuration in a namespace of its own."""
    api = container("rest-api", API, port=8080, imagePullPolicy="Always", resources=limits)
    timeouts = {f"nginx.ingress.kubernetes.io/proxy-{word}-timeout": "3600" for word in ("read", "send")}
    return [
        namespace(name, purpose="scaling-study"),
        deployment(name, "rest-api", api, replicas=replicas, labels={"component": "rest-api"}),
        service(name, "rest-api", 80, 8080),
        ingress(name, "rest-api", f"{name}.example.test", "rest-api", 80, annotations=timeouts),
    ]


def _ramp(start: float, users: int) -> list[Wave]:
    """Ramp up in ten steps over 20 s, hold 10 s, stop: on all three configurations at once."""
    waves = []
    for backend in ("initial", "vertical", "horizontal"):
        for step in range(1, 11):
            waves.append(Wave(start + 2.0 * step, f"{backend}/rest-api", connections=users * step // 10))
        waves.append(Wave(start + 30.0, f"{backend}/rest-api", rate=0.5))
    return waves


WORLD = World(
    name="scaling",
    title="S3: one REST API scaled up and out under 1,000 to 10,000 users",
    seed=13,
    images={API: Image(API, PROGRAM, 214 * MIB, 5.2)},
    steps=(
        Step("30d", [*nodes(3), *system("cp-1")]),
        Step("6d", configuration("initial", 1, INITIAL)),
        Step("5d", configuration("vertical", 1, VERTICAL)),
        Step("4d", configuration("horizontal", 2, INITIAL)),
    ),
    waves=[wave for turn in range(10) for wave in _ramp(20 + 90.0 * turn, 1000 * (turn + 1))],
    repeat_waves=960,
)
