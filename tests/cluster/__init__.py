"""A real Kubernetes control plane for tests: etcd, API server, controllers, scheduler, nodes and metrics.

Tests ask `available()` first; it never builds anything by itself. A cluster is started when the control
plane is in the build cache (`python -m tests.cluster build` fills it) or `K9PY_TEST_CLUSTER=1` allows a build,
which takes minutes. `K9PY_TEST_KUBECONFIG` names any other cluster (kind, minikube, k3s, a lab) to be used
instead; nothing is started or stopped then.

Pods act by the first word of their image's last part, or by the annotation `k9py.dev/behaviour` (one
container: `k9py.dev/behaviour.NAME`): `crash` exits 1, `oom` is killed for memory, `missing` cannot be pulled,
`slow` takes 5 s to start, `unready` never gets ready, `complete` exits 0; pods of a Job complete by themselves.
More annotations, all under `k9py.dev/`:

- of a pod: `run-for`, `start-delay`, `restart-delay`, `stop-delay` (durations such as `3s`),
  `log-lines-per-second` (number), `forward-to` (an address on loopback that answers for its ports);
- of a workload: `load-cpu`, `load-memory` (quantities shared by its ready pods; more memory than the limit kills);
- of a node: `node-state: not-ready`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .build import built, go_needed
from .errors import ClusterError
from .foreign import ForeignCluster, foreign_kubeconfig
from .running import Cluster, down, up
from .shared import shared_cluster
from .waiting import wait_for

__all__ = [
    "Cluster",
    "ClusterError",
    "ForeignCluster",
    "available",
    "foreign_kubeconfig",
    "running_cluster",
    "shared_cluster",
    "wait_for",
]

BUILD_ALLOWED = "K9PY_TEST_CLUSTER"
"""Set to 1: tests may build the control plane when the cache is empty."""


def available() -> str | None:
    """Return why no real cluster can be had, in one loud sentence, or None when one can."""
    foreign = foreign_kubeconfig()
    if foreign is not None:
        return None if foreign.exists() else f"NO REAL CLUSTER: K9PY_TEST_KUBECONFIG names no file: {foreign}"
    if os.environ.get(BUILD_ALLOWED) == "0":
        return f"NO REAL CLUSTER: {BUILD_ALLOWED}=0 asks for none"
    if sys.platform != "linux":
        return "NO REAL CLUSTER: it is built for Linux only; set K9PY_TEST_KUBECONFIG to a kubeconfig"
    needed = go_needed()
    if needed is not None:
        return f"NO REAL CLUSTER: install Go {needed} or set K9PY_TEST_KUBECONFIG to a kubeconfig"
    if built() is None and os.environ.get(BUILD_ALLOWED) != "1":
        return "NO REAL CLUSTER: run `python -m tests.cluster build` once, or set K9PY_TEST_CLUSTER=1 to build it"
    return None


@contextmanager
def running_cluster() -> Iterator[Cluster | ForeignCluster]:
    """Give a cluster of the caller's own and take it down afterwards; the foreign one is left as it was."""
    foreign = foreign_kubeconfig()
    if foreign is not None:
        yield ForeignCluster(foreign)
        return
    reason = available()
    if reason is not None:
        raise ClusterError(reason)
    folder = Path(tempfile.mkdtemp(prefix="k9py-cluster-"))
    try:
        yield up(folder)
    finally:
        if not down(folder):  # It failed before there was anything to end.
            folder.rmdir()
