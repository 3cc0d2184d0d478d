"""What makes an object of a built-in kind invalid; each finding is a cause in the server's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from k9py.core.errors import Cause
from k9py.core.schemas import Type, walk
from k9py.sim import matching, validation_kinds, validation_pods
from k9py.sim.objects import Object
from k9py.sim.rules import Causes

Check = Callable[[Causes, Object, Object | None], None]
_RBAC = "rbac.authorization.k8s.io"
_LABEL_NAMES = frozenset({"namespaces", "services"})
_FREE_NAMES = frozenset(
    {f"{kind}.{_RBAC}" for kind in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")}
)
"""Kinds whose names are path segments only."""
_OLD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
"""Finalizers without a prefix that everybody knows."""
_CRON_FIELD = re.compile(r"^[\d*,/\-?A-Za-z#L]+$")


def check(resource: str, obj: Object, old: Object | None, type_: Type) -> Causes:
    """Return every cause for which an object may not be stored."""
    causes = Causes()
    _metadata(causes, resource, obj)
    if old is not None:
        _unchanged_metadata(causes, obj, old)
    for rule in RULES.get(resource, ()):
        rule(causes, obj, old)
    if resource in validation_kinds.RULES:
        validation_kinds.RULES[resource](causes, obj, old)
    for path, inner, value in walk(type_, obj):
        known = inner.node.get("enum")
        if known and isinstance(value, str) and value and value not in known and "" not in known:
            _unsupported(causes, resource, path, value, known)
    return causes


def _unsupported(causes: Causes, resource: str, path: str, value: str, known: list[str]) -> None:
    """Name a value that is not one of a few where the server names it."""
    if (resource, path) == ("statefulsets.apps", "spec.podManagementPolicy"):
        causes.invalid(path, value, "must be 'OrderedReady' or 'Parallel'")
        return
    if path in ("spec.strategy.type", "spec.updateStrategy.type"):
        path = path.removesuffix(".type")
    elif path.startswith("spec.accessModes["):
        path = "spec.accessModes"
    if not any(cause.field.startswith(path) for cause in causes):
        causes.unsupported(path, value, known)


def _metadata(causes: Causes, resource: str, obj: Object) -> None:
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    if not name and not metadata.get("generateName"):
        causes.required("metadata.name", "name or generateName is required")
    elif resource in _LABEL_NAMES and "." in name:
        causes.invalid("metadata.name", name, "must not contain dots")
    elif name and resource in _LABEL_NAMES:
        causes.label("metadata.name", name)
    elif resource in _FREE_NAMES:
        if name in (".", "..") or "/" in name or "%" in name:
            causes.invalid("metadata.name", name, "may not contain '/'" if "/" in name else f"may not be '{name}'")
    elif name:
        causes.subdomain("metadata.name", name)
    causes.labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        causes.qualified("metadata.annotations", key.lower())
    for position, finalizer in enumerate(metadata.get("finalizers") or ()):
        causes.qualified("metadata.finalizers", finalizer)
        if "/" not in finalizer and finalizer not in _OLD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            causes.invalid(f"metadata.finalizers[{position}]", finalizer, text)
    _owners(causes, metadata.get("ownerReferences") or [])


def _owners(causes: Causes, owners: list[Object]) -> None:
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                text = "version must not be empty" if field == "apiVersion" else "must not be empty"
                causes.invalid(f"metadata.ownerReferences.{field}", owner.get(field) or "", text)
    ruling = [f"{owner.get('kind')}/{owner.get('name')}" for owner in owners if owner.get("controller")]
    if len(ruling) > 1:
        text = 'Only one reference can have Controller set to true. Found "true" in references for '
        text += " and ".join(ruling)
        causes.invalid("metadata.ownerReferences", owners, text)


def _unchanged_metadata(causes: Causes, obj: Object, old: Object) -> None:
    for field in ("uid", "creationTimestamp"):
        given = obj["metadata"].get(field)
        if given and given != old["metadata"].get(field):
            for _ in range(2 if field == "uid" else 1):  # The server checks it twice.
                causes.invalid(f"metadata.{field}", given, "field is immutable")

    if old["metadata"].get("deletionTimestamp"):
        before = old["metadata"].get("finalizers") or []
        added = [name for name in obj["metadata"].get("finalizers") or () if name not in before]
        for _ in range(2 if added else 0):  # The server checks it twice.
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {added}"
            causes.forbidden("metadata.finalizers", text)


def _spec(obj: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("spec") or {}
    return found


def _template(causes: Causes, obj: Object, _old: Object | None) -> None:
    template = _spec(obj).get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    causes.labels("spec.template.labels", labels)
    validation_pods.spec(causes, "spec.template.spec", template.get("spec") or {})


def _only_always(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = (_spec(obj).get("template") or {}).get("spec") or {}
    if spec.get("restartPolicy") not in (None, "Always"):
        causes.unsupported("spec.template.spec.restartPolicy", spec["restartPolicy"], ["Always"])


def _selector(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    selector = spec.get("selector")
    if selector is None:
        causes.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.invalid("spec.selector", selector, "empty selector is invalid for deployment")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    wrong = False
    for position, item in enumerate((selector or {}).get("matchExpressions") or ()):
        if item.get("operator") not in ("In", "NotIn", "Exists", "DoesNotExist"):
            path = f"spec.selector.matchExpressions[{position}].operator"
            causes.invalid(path, item.get("operator"), "not a valid selector operator")
            wrong = True
    if wrong:
        causes.invalid("spec.selector", selector, "invalid label selector")
        return
    if selector is None or not matching.labels_match(matching.selector_of(selector), labels):
        causes.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _fixed_selector(causes: Causes, obj: Object, old: Object | None) -> None:
    if old is not None:
        causes.unchanged("spec.selector", _spec(old).get("selector"), _spec(obj).get("selector"))


def _replicas(causes: Causes, obj: Object, _old: Object | None) -> None:
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        causes.not_negative(f"spec.{field}", _spec(obj).get(field))


def _strategy(causes: Causes, obj: Object, _old: Object | None) -> None:
    strategy = _spec(obj).get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling:
        causes.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    if rolling and strategy.get("type") == "RollingUpdate":
        validation_kinds.share(causes, "spec.strategy.rollingUpdate.maxUnavailable", rolling.get("maxUnavailable"))
        zero = (0, "0%")
        if rolling.get("maxUnavailable") in zero and rolling.get("maxSurge") in zero:
            causes.invalid(
                "spec.strategy.rollingUpdate.maxUnavailable",
                rolling["maxUnavailable"],
                "may not be 0 when `maxSurge` is 0",
            )
    deadline, ready = _spec(obj).get("progressDeadlineSeconds"), _spec(obj).get("minReadySeconds") or 0
    if isinstance(deadline, int) and deadline <= ready:
        causes.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


_SET_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def _daemon_set(causes: Causes, obj: Object, _old: Object | None) -> None:
    rolling = (_spec(obj).get("updateStrategy") or {}).get("rollingUpdate") or {}
    zero = (0, "0%")
    if rolling.get("maxUnavailable") in zero and rolling.get("maxSurge") in zero:
        causes.required("spec.updateStrategy.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _stateful_set(causes: Causes, obj: Object, old: Object | None) -> None:
    rolling = (_spec(obj).get("updateStrategy") or {}).get("rollingUpdate") or {}
    causes.not_negative("spec.updateStrategy.rollingUpdate.partition", rolling.get("partition"))
    if old is None:
        return
    fixed = {key: value for key, value in _spec(obj).items() if key not in _SET_MUTABLE}
    if fixed != {key: value for key, value in _spec(old).items() if key not in _SET_MUTABLE}:
        causes.forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
            "'minReadySeconds' are forbidden",
        )


def _job(causes: Causes, obj: Object, old: Object | None) -> None:
    spec = _spec(obj)
    for field in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        causes.not_negative(f"spec.{field}", spec.get(field))
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if policy == "Always":
        causes.required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    if old is None:
        _job_selector(causes, obj)
        return
    before, after = dict(_spec(old)), dict(spec)
    if before.get("suspend") and after.get("suspend"):  # Where its pods may go is still open.
        specs = [_without_placement((each.get("template") or {}).get("spec") or {}) for each in (before, after)]
        causes.unchanged("spec.template.spec", *specs)
    else:
        causes.unchanged("spec.template", before.get("template"), after.get("template"))
    causes.unchanged("spec.selector", before.get("selector"), after.get("selector"))
    if after.get("completionMode") != "Indexed":
        causes.unchanged("spec.completions", before.get("completions"), after.get("completions"))


def _without_placement(pod: Mapping[str, Any]) -> Object:
    placement = ("nodeSelector", "tolerations", "affinity", "schedulingGates")
    return {key: value for key, value in pod.items() if key not in placement}


def _job_selector(causes: Causes, obj: Object) -> None:
    spec = _spec(obj)
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if selector and not spec.get("manualSelector"):
        if set(selector.get("matchLabels") or {}) - {"batch.kubernetes.io/controller-uid"}:
            causes.invalid("spec.selector", selector, "`selector` not auto-generated")
        if not matching.labels_match(matching.selector_of(selector), labels):
            causes.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _cron_job(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    schedule = spec.get("schedule") or ""
    if not schedule:
        causes.required("spec.schedule")
    elif not schedule.startswith("@"):
        fields = schedule.split()
        if len(fields) != 5:
            causes.invalid(
                "spec.schedule", schedule, f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
            )
        elif not all(map(_CRON_FIELD.match, fields)):
            causes.invalid("spec.schedule", schedule, "failed to parse the schedule")
    template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    base = "spec.jobTemplate.spec.template.spec"
    validation_pods.spec(causes, base, template.get("spec") or {})
    if (template.get("spec") or {}).get("restartPolicy") == "Always":
        causes.required(f"{base}.restartPolicy", 'valid values: "OnFailure", "Never"')


def _service(causes: Causes, obj: Object, old: Object | None) -> None:
    spec = _spec(obj)
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        causes.required("spec.ports")
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        causes.required("spec.externalName")
    seen: set[tuple[Any, Any]] = set()
    for position, port in enumerate(ports):
        path = f"spec.ports[{position}]"
        if len(ports) > 1 and not port.get("name"):
            causes.required(f"{path}.name")
        causes.port(f"{path}.port", port.get("port", 0))
        target = port.get("targetPort")
        if isinstance(target, int) or target is None:
            target = target or 0
            causes.port(f"{path}.targetPort", target)
        number = port.get("nodePort")
        if number and not 30000 <= number <= 32767:
            causes.invalid(f"{path}.nodePort", number, "provided port is not in the valid range. The range of valid "
                           "ports is 30000-32767")  # fmt: skip
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            causes.duplicate(path, {"port": port.get("port"), "protocol": port.get("protocol")})
        seen.add(key)
    before = _spec(old).get("clusterIP") if old is not None else ""
    kept = spec.get("type") != "ExternalName" and _spec(old or {}).get("type") != "ExternalName"
    if before and kept and spec.get("clusterIP") not in (None, "", before):
        causes.invalid("spec.clusterIPs[0]", [spec["clusterIP"]], "may not change once set")


def _claim(causes: Causes, obj: Object, old: Object | None) -> None:
    spec = _spec(obj)
    if not spec.get("accessModes"):
        causes.required("spec.accessModes", "at least 1 access mode is required")
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        causes.required("spec.resources[storage]")
    if old is None:
        return
    mutable = ("resources", "volumeAttributesClassName", "volumeName", "storageClassName")
    fixed, before = ({key: value for key, value in each.items() if key not in mutable} for each in (spec, _spec(old)))
    if fixed != before or validation_kinds.smaller_claim(spec, _spec(old)):
        causes.forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        )


def _volume(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    if not spec.get("accessModes"):
        causes.required("spec.accessModes")
    if not spec.get("capacity"):
        causes.required("spec.capacity")
        causes.append(
            Cause("spec.capacity", 'Unsupported value: null: supported values: "storage"', "FieldValueNotSupported")
        )
    known = {"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
             "storageClassName", "volumeAttributesClassName", "volumeMode"}  # fmt: skip
    if not set(spec) - known:
        causes.required("spec", "must specify a volume type")


def _autoscaler(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if isinstance(least, int) and least < 1:
        causes.invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        causes.required("spec.maxReplicas", "must be set and greater than 0")
    if isinstance(least, int) and most < least:
        causes.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        if not target.get(field):
            causes.required(f"spec.scaleTargetRef.{field}")
    if "/" not in str(target.get("apiVersion", "")):
        causes.invalid(
            "spec.scaleTargetRef.apiVersion", target.get("apiVersion", ""), "apiVersion must specify API group"
        )


def _data(causes: Causes, obj: Object, old: Object | None) -> None:
    for field in ("data", "binaryData"):
        for key in obj.get(field) or {}:
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
                causes.invalid(
                    f"{field}[{key}]",
                    key,
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  "
                    "or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
                )
    if old is not None and old.get("immutable"):
        for field in ("data", "binaryData"):
            if obj.get(field) != old.get(field):
                causes.forbidden(field, "field is immutable when `immutable` is set")
    if old is not None and old.get("type") and obj.get("type") != old["type"]:
        causes.invalid("type", obj.get("type"), "field is immutable")


_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _secret(causes: Causes, obj: Object, _old: Object | None) -> None:
    for key in _SECRET_KEYS.get(obj.get("type", ""), ()):
        if key not in (obj.get("data") or {}):
            causes.required(f"data[{key}]")


def _budget(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        causes.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")


def _ingress(causes: Causes, obj: Object, _old: Object | None) -> None:
    spec = _spec(obj)
    if not spec.get("rules") and not spec.get("defaultBackend"):
        causes.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    for at, rule in enumerate(spec.get("rules") or ()):
        for position, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            where = f"spec.rules[{at}].http.paths[{position}]"
            if not path.get("pathType"):
                causes.required(f"{where}.pathType", "pathType must be specified")
            elif path["pathType"] in ("Exact", "Prefix") and not str(path.get("path", "")).startswith("/"):
                causes.invalid(f"{where}.path", path.get("path", ""), "must be an absolute path")


def _role(causes: Causes, obj: Object, _old: Object | None) -> None:
    for position, rule in enumerate(obj.get("rules") or ()):
        if not rule.get("verbs"):
            causes.required(f"rules[{position}].verbs", "verbs must contain at least one value")
        if not rule.get("nonResourceURLs"):
            if not rule.get("apiGroups"):
                causes.required(f"rules[{position}].apiGroups", "resource rules must supply at least one api group")
            if not rule.get("resources"):
                causes.required(f"rules[{position}].resources", "resource rules must supply at least one resource")


def _binding(causes: Causes, obj: Object, old: Object | None) -> None:
    role = obj.get("roleRef") or {}
    if not role.get("name"):
        causes.required("roleRef.name")
    for position, subject in enumerate(obj.get("subjects") or ()):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            causes.required(f"subjects[{position}].namespace")
    if old is not None and role != old.get("roleRef"):
        causes.invalid("roleRef", role, "cannot change roleRef")


def _pod(causes: Causes, obj: Object, old: Object | None) -> None:
    validation_pods.spec(causes, "spec", _spec(obj))
    if old is not None:
        validation_pods.update(causes, obj, old)


_WORKLOAD: tuple[Check, ...] = (_replicas, _selector, _template, _only_always)
RULES: dict[str, tuple[Check, ...]] = {
    "pods": (_pod,),
    "deployments.apps": (*_WORKLOAD, _strategy, _fixed_selector),
    "replicasets.apps": (*_WORKLOAD, _fixed_selector),
    "daemonsets.apps": (*_WORKLOAD, _fixed_selector, _daemon_set),
    "statefulsets.apps": (*_WORKLOAD, _stateful_set),
    "jobs.batch": (_template, _job),
    "cronjobs.batch": (_cron_job,),
    "services": (_service,),
    "persistentvolumeclaims": (_claim,),
    "persistentvolumes": (_volume,),
    "horizontalpodautoscalers.autoscaling": (_autoscaler,),
    "configmaps": (_data,),
    "secrets": (_data, _secret),
    "poddisruptionbudgets.policy": (_budget,),
    "ingresses.networking.k8s.io": (_ingress,),
    f"roles.{_RBAC}": (_role,),
    f"clusterroles.{_RBAC}": (_role,),
    f"rolebindings.{_RBAC}": (_binding,),
    f"clusterrolebindings.{_RBAC}": (_binding,),
}
