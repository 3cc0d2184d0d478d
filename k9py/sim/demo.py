"""Starting a world by name: what ``k9py demo`` and the tests call."""

from __future__ import annotations

from importlib import import_module

from k9py.core.clock import Clock
from k9py.core.errors import UsageError
from k9py.sim.simulation import LivingServer, Simulation
from k9py.sim.worlds.model import World

WORLDS = {
    "broken": "one of every common failure, among workloads that are well",
    "shop": "S1: a three-tier shop window with an autoscaled API",
    "scaling": "S3: one REST API scaled up and out under 1,000 to 10,000 users",
    "hitcounter": "S4: a hit counter from a compose file, autoscaled",
    "large": "thousands of pods, for measuring (--pods N)",
}
"""Every world and its one line."""
DEFAULT_WORLD = "broken"


def load_world(name: str) -> World:
    """Return a world by name; raises UsageError for an unknown one."""
    if name not in WORLDS:
        raise UsageError(f"there is no world {name!r}", remedy=f"Worlds are {', '.join(WORLDS)}")
    world: World = import_module(f"k9py.sim.worlds.{name}").WORLD
    return world


async def serve(
    world: str | World = DEFAULT_WORLD,
    *,
    pods: int = 10_000,
    port: int = 0,
    seed: int | None = None,
    clock: Clock | None = None,
) -> LivingServer:
    """Start a world and its server on loopback; ``pods`` is for the large one. Close the server when done.

    Raises UsageError for a name that is no world.
    """
    chosen = load_world(world) if isinstance(world, str) else world
    simulation = Simulation(chosen, clock=clock, seed=seed)
    simulation.replay()
    if not chosen.living:
        simulation.fill(pods)
    await simulation.server.start(port=port)
    simulation.open()
    return simulation.server
