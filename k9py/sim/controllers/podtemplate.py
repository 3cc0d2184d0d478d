"""From a pod template to a pod, and the hash that tells two templates apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from k9py.core.errors import ApiError
from k9py.sim.controllers.cluster import Cluster, clone, owner_reference
from k9py.sim.controllers.events import Source

Object = dict[str, Any]
TEMPLATE_HASH = "pod-template-hash"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_FNV_OFFSET = 2166136261
_FNV_PRIME = 16777619


def template_hash(template: Object) -> str:
    """Return the label value for a template: stable, up to ten letters that spell no words."""
    return _hash(msgspec.json.encode(template, order="deterministic"))


@lru_cache(maxsize=1024)
def _hash(raw: bytes) -> str:
    value = _FNV_OFFSET
    for byte in raw:
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(value))


def pod_from(template: Object, owner: Object, *, name: str = "", generate: str = "") -> Object:
    """Return a pod for a controller to create."""
    meta = template.get("metadata") or {}
    fields = {"labels": clone(meta.get("labels") or {}), "namespace": owner["metadata"]["namespace"]}
    if meta.get("annotations"):
        fields["annotations"] = clone(meta["annotations"])
    if meta.get("finalizers"):
        fields["finalizers"] = list(meta["finalizers"])
    fields |= {"name": name} if name else {"generateName": generate}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": fields | {"ownerReferences": [owner_reference(owner)]},
        "spec": clone(template.get("spec") or {}),
        "status": {"phase": "Pending"},
    }


def create_pod(cluster: Cluster, owner: Object, pod: Object, source: Source) -> Object | None:
    """Create a pod for its controller with the events that go with it; raises ApiError when it is refused."""
    try:
        created = cluster.create("pods", pod)
    except ApiError as error:
        cluster.events.warn(owner, "FailedCreate", f"Error creating: {error}", source)
        raise
    cluster.events.note(owner, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}", source)
    return created


def delete_pod(cluster: Cluster, owner: Object, pod: Object, source: Source) -> None:
    """Delete a pod for its controller with the event that goes with it."""
    cluster.delete("pods", pod)
    cluster.events.note(owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", source)


def is_going(pod: Object) -> bool:
    """Return True once a pod was deleted."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Object) -> bool:
    """Return True for a pod that counts: neither finished nor deleted."""
    return not is_going(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def ready_since(pod: Object) -> str:
    """Return the time a pod became ready, empty while it is not."""
    for item in (pod.get("status") or {}).get("conditions") or ():
        if item["type"] == "Ready" and item["status"] == "True":
            return str(item.get("lastTransitionTime") or "")
    return ""


def is_ready(pod: Object) -> bool:
    """Return True when a pod's Ready condition holds."""
    return bool(ready_since(pod))


def deletion_rank(pod: Object) -> tuple[int, int, int, int, str]:
    """Sort key for which pod of a set goes first: unscheduled, pending, not ready, restarted, youngest."""
    status = pod.get("status") or {}
    restarts = sum(item.get("restartCount", 0) for item in status.get("containerStatuses") or ())
    created = pod["metadata"]["creationTimestamp"]
    return (
        1 if (pod.get("spec") or {}).get("nodeName") else 0,
        {"Pending": 0, "Unknown": 1}.get(status.get("phase", "Pending"), 2),
        1 if is_ready(pod) else 0,
        -restarts,
        "".join(chr(0x10FFFF - ord(char)) for char in created),
    )
