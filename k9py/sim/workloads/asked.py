"""Load that annotations on workloads ask for: ``k9py.dev/load-cpu`` and ``k9py.dev/load-memory``."""

from __future__ import annotations

from typing import Any

from k9py.core.quantity import parse
from k9py.sim.controllers.cluster import Cluster
from k9py.sim.workloads.images import Registry, program_for
from k9py.sim.workloads.load import LoadModel
from k9py.sim.workloads.wishes import LOAD_CPU, LOAD_MEMORY, wish

WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps")

Object = dict[str, Any]


def heed_loads(cluster: Cluster, registry: Registry, load: LoadModel) -> None:
    """Put the load a workload asks for on its pods, from now on whenever that changes."""

    def changed(change: str, obj: Object, old: Object | None) -> None:
        if obj["metadata"].get("ownerReferences"):
            return  # A Deployment's annotations are copied to its ReplicaSets.
        names = (LOAD_CPU, LOAD_MEMORY)
        before = [wish(old, name) if old else "" for name in names]
        now = [wish(obj, name) if change != "DELETED" else "" for name in names]
        if before == now:
            return
        template = obj["spec"]["template"]
        app = (template["metadata"].get("labels") or {}).get("app", "")
        first = template["spec"]["containers"][0]
        cost = program_for(registry.find(first.get("image", "")), first).request_cpu
        backend = f"{obj['metadata']['namespace']}/{app}"
        cores, size = (float(parse(text)) if text else 0.0 for text in now)
        load.ask(backend, rate=cores / cost if cost else 0.0, memory=size)

    for resource in WORKLOADS:
        cluster.watch(resource, changed)
