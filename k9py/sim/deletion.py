"""What a DELETE does to an object: preconditions, grace, finalizers, propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from k9py.sim import statuses
from k9py.sim.objects import Object, timestamp

Propagation = Literal["", "Background", "Foreground", "Orphan"]
PROPAGATIONS: tuple[Propagation, ...] = ("", "Background", "Foreground", "Orphan")
FOREGROUND_FINALIZER = "foregroundDeletion"
ORPHAN_FINALIZER = "orphan"
CUSTOM_KINDS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
"""Finalizer that holds a definition until its objects are gone."""
DEFAULT_POD_GRACE = 30
"""Seconds a pod gets when its spec does not say."""


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions; empty values are those the request did not give."""

    propagation: Propagation = ""
    grace: int | None = None
    """Seconds; None means the kind's default."""
    uid: str = ""
    version: str = ""


DEFAULT = Options()


def check(obj: Object, options: Options) -> None:
    """Raise Conflict when a precondition does not hold."""
    metadata = obj["metadata"]
    group = obj["apiVersion"].rpartition("/")[0]
    resource = f"{obj['kind']}.{group}" if group else obj["kind"]
    for field, wanted, found, verb in (
        ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", options.version, metadata["resourceVersion"], "modified"),
    ):
        if wanted and wanted != found:
            why = (
                f"the {field} in the precondition ({wanted}) does not match the {field} in record ({found}). "
                f"The object might have been {verb}"
            )
            raise statuses.conflict(resource, metadata["name"], why)


def mark(resource: str, obj: Object, options: Options, *, now: float) -> bool:
    """Mark the object as going in place; return True when nothing holds it back."""
    metadata = obj["metadata"]
    _set_finalizers(metadata, options.propagation)
    grace = _grace(resource, obj, options)
    current = metadata.get("deletionGracePeriodSeconds")
    if metadata.get("deletionTimestamp") is None or (options.grace is not None and grace < (current or 0)):
        if metadata.get("deletionTimestamp") is None and "generation" in metadata:
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = timestamp(now + grace)
        metadata["deletionGracePeriodSeconds"] = grace
    if resource == "namespaces":
        obj.setdefault("status", {})["phase"] = "Terminating"
        metadata.pop("deletionGracePeriodSeconds", None)
    if resource == CUSTOM_KINDS:
        _mark_custom_kind(obj, now)
    return finished(resource, obj)


def _mark_custom_kind(obj: Object, now: float) -> None:
    """Hold a definition until its objects are gone, and say so."""
    metadata = obj["metadata"]
    metadata.pop("deletionGracePeriodSeconds", None)
    if CLEANUP_FINALIZER not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), CLEANUP_FINALIZER]
    conditions = obj.setdefault("status", {}).get("conditions") or []
    if not any(condition["type"] == "Terminating" for condition in conditions):
        condition = {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": timestamp(now),
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        }
        obj["status"]["conditions"] = [*conditions, condition]


def finished(resource: str, obj: Object) -> bool:
    """Say whether an object marked as going has nothing left to wait for."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("deletionGracePeriodSeconds"):
        return False
    if metadata.get("finalizers"):
        return False
    return not (resource == "namespaces" and (obj.get("spec") or {}).get("finalizers"))


def _set_finalizers(metadata: dict[str, Any], propagation: Propagation) -> None:
    if not propagation:
        return
    wanted = {"Foreground": FOREGROUND_FINALIZER, "Orphan": ORPHAN_FINALIZER}.get(propagation)
    kept = [
        name
        for name in metadata.get("finalizers") or []
        if name not in (FOREGROUND_FINALIZER, ORPHAN_FINALIZER) or name == wanted
    ]
    if wanted and wanted not in kept:
        kept.append(wanted)
    metadata["finalizers"] = kept


def _grace(resource: str, obj: Object, options: Options) -> int:
    if resource != "pods":
        return 0
    spec = obj.get("spec") or {}
    phase = (obj.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        return max(0, options.grace)
    return int(spec.get("terminationGracePeriodSeconds", DEFAULT_POD_GRACE))
