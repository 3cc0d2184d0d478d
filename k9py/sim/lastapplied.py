"""Where client-side and server-side apply meet: the annotation the former leaves, heeded for kubectl alone.

Source of the rules: the API server's field managers for last-applied configurations.
"""

from __future__ import annotations

import json

import msgspec

from k9py.core.schemas import Type
from k9py.sim import fieldsets
from k9py.sim.fieldsets import Difference, Paths
from k9py.sim.objects import Object

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"
"""The only manager the annotation counts for."""


def forgiven(type_: Type, live: Object, manager: str) -> Paths:
    """Return the fields kubectl may take over without force: those it applied before and nobody changed since."""
    text = _annotation(live)
    if manager != KUBECTL or not text:
        return frozenset()
    try:
        before = msgspec.json.decode(text, type=dict)
    except msgspec.DecodeError:
        return frozenset()
    difference = Difference(type_, before, live)
    return frozenset(fieldsets.applied(type_, before)) - difference.changed - difference.removed


def keep_up(live: Object | None, config: Object, new: Object, manager: str) -> None:
    """Write what kubectl applied into the annotation, where there is one."""
    if manager != KUBECTL or live is None or not _annotation(live):
        return
    metadata = {key: value for key, value in config["metadata"].items() if key != "managedFields"}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != ANNOTATION}
    if "annotations" in metadata:
        metadata["annotations"] = annotations
    applied = json.dumps({**config, "metadata": metadata}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    kept = dict(new["metadata"].get("annotations") or {})
    new["metadata"] = {**new["metadata"], "annotations": {**kept, ANNOTATION: applied + "\n"}}


def _annotation(obj: Object) -> str:
    return (obj["metadata"].get("annotations") or {}).get(ANNOTATION) or ""
