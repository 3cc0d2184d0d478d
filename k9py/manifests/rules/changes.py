"""What may not change once an object is there: checks of a new object against the old one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from k9py.manifests.problems import At

_POD_TEXT = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_STATEFUL_MUTABLE = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                     "persistentVolumeClaimRetentionPolicy", "minReadySeconds")  # fmt: skip
_STATEFUL_TEXT = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_TEXT = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_CLAIM_MUTABLE = ("resources", "volumeAttributesClassName", "volumeName", "storageClassName")


def check_changes(new: At, old: dict[str, Any]) -> None:
    """Report every field that differs and may not."""
    meta, before = new["metadata"], old.get("metadata") or {}
    for field in ("uid", "creationTimestamp", "name", "namespace"):
        if meta[field].given and before.get(field) and meta[field].value != before[field]:
            meta[field].invalid("field is immutable")
    check = _CHECKS.get(new["kind"].text)
    if check is not None:
        check(new, old)


def _spec(old: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = old.get("spec") or {}
    return spec


def _left_alone(new: At, old: dict[str, Any], *fields: str) -> None:
    """Check fields that may be left out of the manifest: a server-side apply leaves those as they are."""
    for field in fields:
        if new["spec"][field].given:
            new["spec"][field].unchanged(_spec(old).get(field))


def _selector(new: At, old: dict[str, Any]) -> None:
    _left_alone(new, old, "selector")


def _differs(new: At, old: dict[str, Any], mutable: tuple[str, ...]) -> bool:
    before = _spec(old)
    return any(key not in mutable and not _within(value, before.get(key)) for key, value in new["spec"].map.items())


def _within(new: Any, old: Any) -> bool:
    """Return whether a manifest's value says no more than what is there: the server filled in the rest."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(_within(value, old.get(key)) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(_within, new, old))
    return bool(new == old) or (new in (None, {}, []) and old is None)


def _stateful_set(new: At, old: dict[str, Any]) -> None:
    if _differs(new, old, _STATEFUL_MUTABLE):
        new["spec"].forbidden(_STATEFUL_TEXT)


def _job(new: At, old: dict[str, Any]) -> None:
    for field in ("selector", "completionMode"):
        _left_alone(new, old, field)
    template = new["spec"]["template"]
    if not _spec(old).get("suspend") and template.given and not _within(template.value, _spec(old).get("template")):
        template.invalid("field is immutable")
    if _spec(old).get("completionMode") != "Indexed":
        _left_alone(new, old, "completions")


def _claim(new: At, old: dict[str, Any]) -> None:
    if _differs(new, old, _CLAIM_MUTABLE):
        new["spec"].forbidden(_CLAIM_TEXT)
    name = new["spec"]["storageClassName"]
    if name.given and _spec(old).get("storageClassName"):
        name.unchanged(_spec(old)["storageClassName"])
    wanted = new["spec"].under("resources", "requests", "storage")
    had = At([], _spec(old)).under("resources", "requests", "storage")
    if wanted.quantity() is not None and had.quantity() is not None and wanted.quantity() < had.quantity():
        wanted.forbidden("field can not be less than status.capacity")


def _volume(new: At, old: dict[str, Any]) -> None:
    before = _spec(old)
    mutable = {"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
               "storageClassName", "volumeAttributesClassName", "volumeMode"}  # fmt: skip
    for name, source in new["spec"].entries():
        if name not in mutable and not _within(source.value, before.get(name)):
            # The server names the type of the field instead of the field.
            new["spec"]["persistentvolumesource"].report(
                "FieldValueForbidden", "Forbidden: spec.persistentvolumesource is immutable after creation",
                mend=source.path,
            )  # fmt: skip
            break
    _left_alone(new, old, "volumeMode")


def _service(new: At, old: dict[str, Any]) -> None:
    before = _spec(old)
    address = new["spec"]["clusterIP"]
    external = "ExternalName" in (new["spec"]["type"].text, before.get("type"))
    if address.text and before.get("clusterIP") and not external and address.text != before["clusterIP"]:
        address.alias((*new["spec"].path, "clusterIPs", 0)).invalid("may not change once set")


def _data(new: At, old: dict[str, Any]) -> None:
    if old.get("immutable"):
        plain = ("stringData",) if "stringData" in old else ()  # a Secret whose texts were decoded for a person
        for field in ("data", "binaryData", *plain):
            if new[field].given and new[field].value != old.get(field):
                new[field].forbidden("field is immutable when `immutable` is set")
        if new["immutable"].value is False:
            new["immutable"].forbidden("field is immutable when `immutable` is set")
    if new["kind"].text == "Secret" and new["type"].given:
        new["type"].unchanged(old.get("type") or "Opaque")


def _binding(new: At, old: dict[str, Any]) -> None:
    new["roleRef"].unchanged(old.get("roleRef"), "cannot change roleRef")


def _storage_class(new: At, old: dict[str, Any]) -> None:
    for field in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if new[field].given and new[field].value != old.get(field):
            new[field].forbidden(f"updates to {field} are forbidden.")


def _priority_class(new: At, old: dict[str, Any]) -> None:
    if new["value"].given and new["value"].value != old.get("value"):
        new["value"].forbidden("may not be changed in an update.")


def _pod(new: At, old: dict[str, Any]) -> None:
    after, before = copy.deepcopy(new["spec"].map), copy.deepcopy(_spec(old))
    for spec in (after, before):
        for field in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"):
            spec.pop(field, None)
        for field in ("containers", "initContainers"):
            for container in spec.get(field) or ():
                if isinstance(container, dict):
                    container.pop("image", None)
    if not _within(after, before):
        new["spec"].forbidden(_POD_TEXT)


_CHECKS: dict[str, Callable[[At, dict[str, Any]], None]] = {
    "Deployment": _selector,
    "ReplicaSet": _selector,
    "DaemonSet": _selector,
    "StatefulSet": _stateful_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "Service": _service,
    "ConfigMap": _data,
    "Secret": _data,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "StorageClass": _storage_class,
    "PriorityClass": _priority_class,
    "Pod": _pod,
}
