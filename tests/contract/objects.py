"""Objects the cases are about, as small as they can be."""

from __future__ import annotations

from typing import Any

from tests.contract.client import Object

RUNS = "run:1"
"""An image that starts at once and runs until it is stopped."""
COMPLETES = "complete:1"
CRASHES = "crash:1"
MISSING = "missing:1"


def meta(name: str, **fields: Any) -> Object:
    return {"name": name, **fields}


def config_map(name: str, data: Object | None = None, **metadata: Any) -> Object:
    obj: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, **metadata)}
    return obj | ({"data": data} if data is not None else {})


def container(name: str = "main", image: str = RUNS, **fields: Any) -> Object:
    return {"name": name, "image": image, **fields}


def pod(name: str, *containers: Object, labels: Object | None = None, **spec: Any) -> Object:
    """Return a pod that ends within a second of being told to."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, labels=labels or {"app": name}),
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers) or [container()], **spec},
    }


def template(app: str, *containers: Object, **spec: Any) -> Object:
    body = {"terminationGracePeriodSeconds": 1, "containers": list(containers) or [container()], **spec}
    return {"metadata": {"labels": {"app": app}}, "spec": body}


def workload(kind: str, name: str, *containers: Object, api: str = "apps/v1", **spec: Any) -> Object:
    """Return a Deployment, ReplicaSet, StatefulSet or DaemonSet of one container."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": meta(name, labels={"app": name}),
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name, *containers), **spec},
    }


def deployment(name: str, *containers: Object, replicas: int = 1, **spec: Any) -> Object:
    return workload("Deployment", name, *containers, replicas=replicas, **spec)


def service(name: str, port: int = 80, **spec: Any) -> Object:
    body = {"selector": {"app": name}, "ports": [{"port": port}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta(name), "spec": body}


def job(name: str, image: str = COMPLETES, **spec: Any) -> Object:
    pods = template(name, container(image=image), restartPolicy="Never")
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name), "spec": {"template": pods, **spec}}


def budget(name: str, app: str, **spec: Any) -> Object:
    body = {"selector": {"matchLabels": {"app": app}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta(name), "spec": body}


def claim(name: str, **spec: Any) -> Object:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(name), "spec": body}
