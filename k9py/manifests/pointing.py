"""Which fields name something of the cluster, told by their paths: any kind, CRDs included, by the same words."""

from __future__ import annotations

from collections.abc import Sequence

Path = tuple[str | int, ...]

_BY_END: dict[tuple[str, ...], str] = {
    ("metadata", "namespace"): "namespaces",
    ("subjects", "namespace"): "namespaces",
    ("configMapKeyRef", "name"): "configmaps",
    ("configMapRef", "name"): "configmaps",
    ("configMap", "name"): "configmaps",
    ("configMapKeyRef", "key"): "configmaps:keys",
    ("configMap", "items", "key"): "configmaps:keys",
    ("secretKeyRef", "name"): "secrets",
    ("secretRef", "name"): "secrets",
    ("secret", "name"): "secrets",
    ("secret", "secretName"): "secrets",
    ("tls", "secretName"): "secrets",
    ("imagePullSecrets", "name"): "secrets",
    ("secrets", "name"): "secrets",
    ("secretKeyRef", "key"): "secrets:keys",
    ("secret", "items", "key"): "secrets:keys",
    ("serviceAccountName",): "serviceaccounts",
    ("subjects", "name"): "subjects",
    ("storageClassName",): "storageclasses",
    ("ingressClassName",): "ingressclasses",
    ("priorityClassName",): "priorityclasses",
    ("runtimeClassName",): "runtimeclasses",
    ("claimName",): "persistentvolumeclaims",
    ("spec", "volumeName"): "persistentvolumes",
    ("service", "name"): "services",
    ("spec", "serviceName"): "services",
    ("service", "port", "number"): "services:ports",
    ("service", "port", "name"): "services:names",
    ("scaleTargetRef", "name"): "scalable:names",
    ("targetRef", "name"): "scalable:names",
    ("roleRef", "name"): "roles:names",
    ("nodeName",): "nodes",
    ("containers", "image"): "images",
    ("initContainers", "image"): "images",
    ("volumeMounts", "name"): "volumes",
    ("targetPort",): "pods:ports",
    ("ingress", "ports", "port"): "pods:ports",
    ("egress", "ports", "port"): "pods:ports",
    ("httpGet", "port"): "ports",
    ("tcpSocket", "port"): "ports",
    ("grpc", "port"): "ports",
    ("topologyKey",): "nodes:labelkeys",
    ("rules", "resources"): "resources",
}
"""Ends of paths, positions left out, to what stands there: a sort of object, and what of it behind a colon."""

_LABEL_MAPS = ("matchLabels", "nodeSelector")


def pick_at(kind: str, path: Sequence[str | int]) -> str:
    """Return what the value at a path names, as ``Field.pick`` says it; empty for what names nothing."""
    steps = tuple(step for step in path if isinstance(step, str))
    for length in (3, 2, 1):
        found = _BY_END.get(steps[-length:])
        if found is not None:
            return found
    if steps[-2:] in (("matchExpressions", "key"), ("matchExpressions", "values")):
        return f"{_labelled(kind, steps)}:{'labelkeys' if steps[-1] == 'key' else 'labelvalues'}"
    # A map of labels and one label of it.
    if {*steps[-2:]} & {*_LABEL_MAPS} or (kind == "Service" and steps[:2] == ("spec", "selector")):
        return f"{_labelled(kind, steps)}:labels"
    return ""


def _labelled(kind: str, steps: Sequence[str]) -> str:
    """Return whose labels are selected."""
    if "nodeSelector" in steps or "nodeAffinity" in steps:
        return "nodes"
    if "namespaceSelector" in steps:
        return "namespaces"
    return "persistentvolumes" if kind == "PersistentVolumeClaim" else "pods"
