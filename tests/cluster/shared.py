"""The one real cluster of a test run: started by whoever asks first, shared by its workers, ended with the run.

Tests that stop parts of a control plane take one of their own (`running_cluster`).
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from .foreign import ForeignCluster, foreign_kubeconfig
from .running import Cluster, down, up

KEPT = "K9PY_CONTRACT_CLUSTER"
"""Names a folder whose cluster outlives the run, for those who run the suite again and again."""
RUN = "K9PY_CONTRACT_RUN"
"""Tells the workers of one run the folder of the cluster they share."""


def choose_folder() -> None:
    """Choose the folder of this run's cluster; called once, before there are workers."""
    os.environ[RUN] = os.environ.get(KEPT) or tempfile.mkdtemp(prefix="k9py-contract-")


def shared_cluster() -> Cluster | ForeignCluster:
    """Return the run's cluster, or the one that `K9PY_TEST_KUBECONFIG` names; nobody stops its parts."""
    foreign = foreign_kubeconfig()
    if foreign is not None:
        return ForeignCluster(foreign)
    folder = Path(os.environ[RUN])
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return up(folder)


def passing() -> bool:
    """Say whether the shared cluster ends with the run, and all that is left in it."""
    return foreign_kubeconfig() is None and not os.environ.get(KEPT)


def clear_away() -> None:
    """End the run's cluster unless it is to be kept."""
    folder = Path(os.environ.pop(RUN))
    if os.environ.get(KEPT):
        return
    if not down(folder):  # No case asked for it.
        folder.rmdir()
    Path(f"{folder}.lock").unlink(missing_ok=True)
