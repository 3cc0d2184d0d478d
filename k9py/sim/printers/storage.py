"""Cells of volumes, claims, storage classes and CSI objects."""

from __future__ import annotations

from typing import Any

from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    UNSET,
    Printer,
    created,
    deleting,
    name,
    spec,
    status,
)

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _modes(given: list[str] | None) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (given or ()))


def _class(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations.get(_CLASS_ANNOTATION) or spec(obj).get("storageClassName") or "")


def _volume(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    claim = wanted.get("claimRef")
    return [
        name(obj),
        (wanted.get("capacity") or {}).get("storage", "0"),
        _modes(wanted.get("accessModes")),
        wanted.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if deleting(obj) else status(obj).get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        wanted.get("volumeAttributesClassName") or UNSET,
        status(obj).get("reason", ""),
        created(obj, now),
        wanted.get("volumeMode") or UNSET,
    ]


def _claim(obj: Object, now: float) -> list[Any]:
    wanted, have = spec(obj), status(obj)
    bound = bool(wanted.get("volumeName"))
    return [
        name(obj),
        "Terminating" if deleting(obj) else have.get("phase", ""),
        wanted.get("volumeName", ""),
        (have.get("capacity") or {}).get("storage", "0") if bound else "",
        _modes(have.get("accessModes")) if bound else "",
        _class(obj),
        wanted.get("volumeAttributesClassName") or UNSET,
        created(obj, now),
        wanted.get("volumeMode") or UNSET,
    ]


def _storage_class(obj: Object, now: float) -> list[Any]:
    annotations = obj["metadata"].get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_ANNOTATIONS)
    return [
        name(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        created(obj, now),
    ]


def _attributes_class(obj: Object, now: float) -> list[Any]:
    return [name(obj), obj.get("driverName", ""), created(obj, now)]


def _attachment(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    volume = (wanted.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool(status(obj).get("attached"))
    node = wanted.get("nodeName", "")
    return [name(obj), wanted.get("attacher", ""), volume, node, attached, created(obj, now)]


def _csi_driver(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    requests = wanted.get("tokenRequests")
    audiences = UNSET if requests is None else ",".join(item.get("audience", "") for item in requests)
    return [
        name(obj),
        wanted.get("attachRequired", True),
        bool(wanted.get("podInfoOnMount")),
        bool(wanted.get("storageCapacity")),
        audiences,
        bool(wanted.get("requiresRepublish")),
        ",".join(wanted.get("volumeLifecycleModes") or ()) or NONE,
        created(obj, now),
    ]


def _csi_node(obj: Object, now: float) -> list[Any]:
    return [name(obj), len(spec(obj).get("drivers") or ()), created(obj, now)]


PRINTERS: dict[str, Printer] = {
    "persistentvolumes": _volume,
    "persistentvolumeclaims": _claim,
    "storageclasses.storage.k8s.io": _storage_class,
    "volumeattributesclasses.storage.k8s.io": _attributes_class,
    "volumeattachments.storage.k8s.io": _attachment,
    "csidrivers.storage.k8s.io": _csi_driver,
    "csinodes.storage.k8s.io": _csi_node,
}
