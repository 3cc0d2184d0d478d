"""The two servers the contract is held against: the simulated cluster and a real control plane."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from k9py.sim.demo import serve
from k9py.sim.simulation import LivingServer
from tests.cluster import shared, shared_cluster
from tests.cluster.build import built
from tests.contract.world import WORLD

START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """One of the two, by the kubeconfig of its administrator."""

    name: str
    kubeconfig: Path
    kubectl: Path | None
    """None where none was built and none is installed."""
    passing: bool = False
    """It ends with the run, and all that is left in it."""

    @property
    def is_real(self) -> bool:
        return self.name == "real"


@contextmanager
def simulated(folder: Path) -> Iterator[Server]:
    """Run the simulated cluster in a thread of its own, so that no case waits for its loop."""
    loop = asyncio.new_event_loop()
    started: list[LivingServer] = []
    ready = threading.Event()

    def run() -> None:
        started.append(loop.run_until_complete(serve(WORLD)))
        started[0].simulation.store.compact()  # As a cluster that has run for a while.
        ready.set()
        loop.run_forever()
        loop.run_until_complete(started[0].close())
        loop.close()

    thread = threading.Thread(target=run, name="simulated cluster")
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise TimeoutError("the simulated cluster did not start")
        kubeconfig = folder / "sim.yaml"
        kubeconfig.write_text(started[0].kubeconfig_text())
        binaries = built()
        yield Server("sim", kubeconfig, binaries.kubectl if binaries else None)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
    failures = started[0].simulation.engine.failures
    assert not failures, f"controllers of the simulated cluster failed: {failures[:3]}"


def real() -> Server:
    """Return the run's real cluster."""
    cluster = shared_cluster()
    return Server("real", cluster.kubeconfig, cluster.kubectl, passing=shared.passing())
