"""The two servers the contract is held against: the simulated cluster and a real control plane."""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from k9py.sim.demo import serve
from k9py.sim.simulation import LivingServer
from tests.cluster import ForeignCluster, foreign_kubeconfig
from tests.cluster.build import built
from tests.cluster.running import Cluster, down, up
from tests.contract.world import WORLD

KEPT = "K9PY_CONTRACT_CLUSTER"
"""Names a folder whose cluster outlives the run, for those who run the suite again and again."""
RUN = "K9PY_CONTRACT_RUN"
"""Tells the workers of one run the folder of the cluster they share."""
START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """One of the two, by the kubeconfig of its administrator."""

    name: str
    kubeconfig: Path
    kubectl: Path | None
    """None where none was built and none is installed."""
    cluster: Cluster | None = None

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


def choose_folder() -> None:
    """Choose the folder of this run's real cluster; called once, before there are workers."""
    os.environ[RUN] = os.environ.get(KEPT) or tempfile.mkdtemp(prefix="k9py-contract-")


def real() -> Server:
    """Return the run's real cluster, started by whoever asks first."""
    foreign = foreign_kubeconfig()
    if foreign is not None:
        elsewhere = ForeignCluster(foreign)
        return Server("real", foreign, elsewhere.kubectl)
    folder = Path(os.environ[RUN])
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cluster = up(folder)
    return Server("real", cluster.kubeconfig, cluster.kubectl, cluster=cluster)


def clear_away() -> None:
    """End the run's real cluster unless it is to be kept."""
    folder = Path(os.environ.pop(RUN))
    if os.environ.get(KEPT):
        return
    if not down(folder):  # No case asked for it.
        folder.rmdir()
    Path(f"{folder}.lock").unlink(missing_ok=True)
