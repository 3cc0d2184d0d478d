"""Descriptions of config maps, secrets, claims and volumes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from k9py.resources.describe.common import conditions, identity, moment
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.describe.podspecs import volume_text
from k9py.resources.describe.workloads import Related
from k9py.resources.model import Tone
from k9py.resources.storage import access_modes
from k9py.resources.structs import plural

VALUE_LINES = 200
"""Lines of one config map value shown; the YAML has them all."""


def config_map(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a config map: every key with its value, binary ones by size."""
    identity(page, obj)
    if obj.get("immutable"):
        page.pair("Immutable", "True")
    page.blank()
    for key, value in sorted(fields(obj, "data").items()):
        lines = shown(value, "").rstrip("\n").split("\n")
        with page.section(f"{key} ({plural(len(shown(value, '').encode()), 'byte')})"):
            page.text("\n".join(lines[:VALUE_LINES]))
            if len(lines) > VALUE_LINES:
                page.text(f"… {len(lines) - VALUE_LINES} more lines", tone=Tone.DIM)
    for key, value in sorted(fields(obj, "binaryData").items()):
        page.pair(key, f"{plural(_decoded_size(value), 'byte')} of binary data")
    if not fields(obj, "data") and not fields(obj, "binaryData"):
        page.text("no data", tone=Tone.DIM)


def secret(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a secret: its keys and how long their values are, never the values."""
    identity(page, obj)
    page.pair("Type", obj.get("type"))
    if obj.get("immutable"):
        page.pair("Immutable", "True")
    page.blank()
    with page.section("Data"):
        for key, value in sorted(fields(obj, "data").items()):
            page.pair(key, plural(_decoded_size(value), "byte"))
        if not fields(obj, "data"):
            page.text("no data", tone=Tone.DIM)


def _decoded_size(value: Any) -> int:
    try:
        return len(base64.b64decode(str(value)))
    except (binascii.Error, ValueError):
        return len(str(value))


def claim(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a claim: what it asks for, what it got, who uses it."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("StorageClass", spec.get("storageClassName"))
    phase = shown(status.get("phase"), "")
    if at(obj, "metadata", "deletionTimestamp"):
        phase = f"Terminating (lasts {moment(at(obj, 'metadata', 'deletionTimestamp'), now)})"
    page.pair("Status", phase, tone=Tone.PLAIN if phase == "Bound" else Tone.WARN)
    page.pair("Volume", spec.get("volumeName"))
    page.pair("Requested", at(spec, "resources", "requests", "storage"))
    page.pair("Capacity", at(status, "capacity", "storage"), absent="")
    page.pair("Access Modes", access_modes(items(status, "accessModes") or items(spec, "accessModes")))
    page.pair("VolumeMode", spec.get("volumeMode"))
    page.several("Finalizers", [str(one) for one in items(obj, "metadata", "finalizers")])
    if "pods" in related:
        name = at(obj, "metadata", "name")
        users = [
            shown(at(one, "metadata", "name"))
            for one in related["pods"]
            if any(at(v, "persistentVolumeClaim", "claimName") == name for v in items(one, "spec", "volumes"))
        ]
        page.several("Used By", users)
    page.blank()
    conditions(page, obj, now)


def volume(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a persistent volume: its state, claim, source and where it can be used."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.several("Finalizers", [str(one) for one in items(obj, "metadata", "finalizers")])
    page.pair("StorageClass", spec.get("storageClassName"))
    phase = shown(status.get("phase"), "")
    page.pair("Status", phase, tone=Tone.PLAIN if phase in ("Bound", "Available") else Tone.WARN)
    page.optional("Reason", status.get("reason"), tone=Tone.WARN)
    page.optional("Message", status.get("message"), tone=Tone.WARN)
    reference = fields(spec, "claimRef")
    page.pair("Claim", f"{reference.get('namespace')}/{reference.get('name')}" if reference else None)
    page.pair("Reclaim Policy", spec.get("persistentVolumeReclaimPolicy"))
    page.pair("Access Modes", access_modes(items(spec, "accessModes")))
    page.pair("VolumeMode", spec.get("volumeMode"))
    page.pair("Capacity", at(spec, "capacity", "storage"))
    page.pair("Source", volume_text({key: value for key, value in spec.items() if isinstance(value, dict)}))
    terms = []
    for term in items(spec, "nodeAffinity", "required", "nodeSelectorTerms"):
        for one in items(term, "matchExpressions"):
            terms.append(f"{at(one, 'key')} {shown(at(one, 'operator'), '').lower()} {','.join(items(one, 'values'))}")
    page.several("Node Affinity", terms)
