"""Editing an object that is there: what of it is fixed, and its edit laid over all that a form leaves out."""

from __future__ import annotations

import copy
from typing import Any

from k9py.core.diffs import quiet
from k9py.manifests.forms.fields import Field
from k9py.manifests.forms.model import HIDDEN
from k9py.manifests.forms.paths import get, put
from k9py.manifests.forms.sheet import Sheet
from k9py.manifests.problems import At, Problem
from k9py.manifests.rules.changes import check_changes
from k9py.manifests.secretvalues import closed, opened

Object = dict[str, Any]

SERVERS_OWN = HIDDEN | {"deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"}
"""Metadata that an object of its own must not begin with."""
_ASSIGNED: dict[str, tuple[tuple[str, ...], ...]] = {
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort")),
    "PersistentVolumeClaim": (("spec", "volumeName"),),
    "PersistentVolume": (("spec", "claimRef"),),
    "Pod": (("spec", "nodeName"),),
    "Job": (("spec", "selector"),),
    "ServiceAccount": (("secrets",),),
}
"""Kind to what the cluster gave this one object."""
_OWN_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
                    "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
                    "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
                    "volume.kubernetes.io/selected-node")  # fmt: skip
_JOB_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name")


def laid_over(live: Object, edited: Object) -> Object:
    """Return an edited object with what its form left out: status, the server's own metadata, notes of tools."""
    whole = dict(closed(edited, live))
    shown = quiet(live).get("metadata") or {}
    metadata = live.get("metadata") or {}
    hidden = {key: value for key, value in metadata.items() if key not in shown and key not in edited["metadata"]}
    whole["metadata"] = {**edited["metadata"], **hidden}
    noted = {key: value for key, value in (metadata.get("annotations") or {}).items()
             if key not in (shown.get("annotations") or {})}  # fmt: skip
    if noted:
        whole["metadata"]["annotations"] = {**noted, **(edited["metadata"].get("annotations") or {})}
    if "status" in live and "status" not in whole:
        whole["status"] = live["status"]
    return whole


def template_of(obj: Object) -> Object:
    """Return a new object like one that is there: without its name and what the cluster gave it."""
    fresh = copy.deepcopy({key: value for key, value in obj.items() if key != "status"})
    metadata = {key: value for key, value in (fresh.get("metadata") or {}).items() if key not in SERVERS_OWN}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items()
                   if key not in _OWN_ANNOTATIONS}  # fmt: skip
    metadata.pop("annotations", None)
    metadata.pop("generateName", None)
    metadata.pop("finalizers", None)
    if annotations:
        metadata["annotations"] = annotations
    fresh["metadata"] = metadata
    kind = str(fresh.get("kind"))
    for path in _ASSIGNED.get(kind, ()):
        holder: Any = get(fresh, path[:-1]) if len(path) > 1 else fresh
        if isinstance(holder, dict) and holder.get(path[-1]) != "None":
            holder.pop(path[-1], None)
    if kind == "Service":
        for port in get(fresh, ("spec", "ports")) or ():
            port.pop("nodePort", None)
    if kind == "Job":
        for labels in (metadata.get("labels"), get(fresh, ("spec", "template", "metadata", "labels"))):
            for name in _JOB_LABELS:
                if isinstance(labels, dict):
                    labels.pop(name, None)
    return fresh


def immutable_fields(sheet: Sheet) -> frozenset[tuple[int, str]]:
    """Return parts and ids of the fields that the server would refuse to change."""
    if sheet.live is None:
        return frozenset()
    found: set[tuple[int, str]] = set()
    before = opened(sheet.live)
    for part in sheet.parts:
        if part.model is None:
            continue
        value = part.model.value
        for entry in part.model.entries(advanced=True):
            if not isinstance(entry.item, Field) or entry.value is None:
                continue
            problems: list[Problem] = []
            check_changes(At(problems, put(value, entry.path, _another(get(value, entry.path)))), before)
            if problems:
                found.add((part.key, entry.id))
    return frozenset(found)


def _another(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, list):
        return [*value, "x"]
    if isinstance(value, dict):
        return {**value, "x": "x"}
    return "x"
