"""What a pod needs from others before it can run: ConfigMaps, Secrets, claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k9py.sim.controllers.cluster import Cluster

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a volume cannot be mounted; an empty message is a reason to wait without a word."""

    reason: str
    message: str


def missing_config(cluster: Cluster, namespace: str, container: Object) -> str:
    """Return what the environment refers to and is not there, as the kubelet words it; empty when all is."""
    for source in container.get("envFrom") or ():
        for field, resource, word in (("configMapRef", "configmaps", "configmap"), ("secretRef", "secrets", "secret")):
            ref = source.get(field)
            if ref and not ref.get("optional") and cluster.get(resource, namespace, ref.get("name", "")) is None:
                return f'{word} "{ref.get("name", "")}" not found'
    for variable in container.get("env") or ():
        found = _missing_key(cluster, namespace, variable.get("valueFrom") or {})
        if found:
            return found
    return ""


def _missing_key(cluster: Cluster, namespace: str, source: Object) -> str:
    for field, resource, word in (
        ("configMapKeyRef", "configmaps", "configmap"),
        ("secretKeyRef", "secrets", "secret"),
    ):
        ref = source.get(field)
        if not ref or ref.get("optional"):
            continue
        name = ref.get("name", "")
        obj = cluster.get(resource, namespace, name)
        if obj is None:
            return f'{word} "{name}" not found'
        keys = {**(obj.get("data") or {}), **(obj.get("binaryData") or {}), **(obj.get("stringData") or {})}
        if ref.get("key") not in keys:
            title = "ConfigMap" if field == "configMapKeyRef" else "Secret"
            return f"couldn't find key {ref.get('key')} in {title} {namespace}/{name}"
    return ""


def missing_volume(cluster: Cluster, pod: Object) -> Problem | None:
    """Return the first volume that cannot be mounted, or None."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        problem = _missing(cluster, namespace, volume)
        if problem:
            return problem
    return None


def _missing(cluster: Cluster, namespace: str, volume: Object) -> Problem | None:
    name = volume.get("name", "")
    for field, resource, word, key in (
        ("configMap", "configmaps", "configmap", "name"),
        ("secret", "secrets", "secret", "secretName"),
    ):
        source = volume.get(field)
        if source and not source.get("optional") and cluster.get(resource, namespace, source.get(key, "")) is None:
            text = f'MountVolume.SetUp failed for volume "{name}" : {word} "{source.get(key, "")}" not found'
            return Problem("FailedMount", text)
    claim = volume.get("persistentVolumeClaim")
    if claim:
        found = cluster.get("persistentvolumeclaims", namespace, claim.get("claimName", ""))
        if found is None or (found.get("status") or {}).get("phase") != "Bound":
            return Problem("FailedMount", "")
    return None
