"""Objects as YAML for people: keys in the order they are read in, nothing that means something left out."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.core import yamldoc
from k9py.core.schemas import Type

_FIRST = (
    "apiVersion", "kind", "metadata", "name", "generateName", "namespace", "labels", "annotations", "type", "schedule",
    "timeZone", "scaleTargetRef", "targetRef", "roleRef", "subjects", "minReplicas", "maxReplicas", "replicas",
    "serviceName", "clusterIP", "podSelector", "selector", "policyTypes", "ingressClassName", "key", "operator",
    "values", "strategy", "updateStrategy", "podManagementPolicy", "completions", "parallelism", "image",
    "imagePullPolicy", "command", "args", "workingDir", "host", "path", "pathType", "containerPort", "port",
    "targetPort", "protocol", "nodePort", "env", "envFrom", "value", "valueFrom", "resources", "requests", "limits",
    "startupProbe", "livenessProbe", "readinessProbe", "httpGet", "exec", "tcpSocket", "initialDelaySeconds",
    "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold", "lifecycle", "securityContext",
    "volumeMounts", "capacity", "accessModes", "storageClassName", "persistentVolumeReclaimPolicy", "spec",
)  # fmt: skip
_LAST = ("initContainers", "containers", "volumes", "template", "jobTemplate", "volumeClaimTemplates", "immutable",
         "data", "stringData", "binaryData", "rules", "status")  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(_FIRST)} | {name: 10_000 + rank for rank, name in enumerate(_LAST)}
_MIDDLE = 5_000


def arranged(value: Any, type_: Type | None) -> Any:
    """Return a value with the keys of its structs in reading order; maps keep the order they were given in."""
    if isinstance(value, dict):
        if type_ is None or type_.shape == "map":
            return {key: arranged(inner, type_.element if type_ else None) for key, inner in value.items()}
        if type_.shape != "struct":
            return value
        places = {name: place for place, name in enumerate(type_.fields)}
        order = sorted(value, key=lambda name: (_RANK.get(name, _MIDDLE), places.get(name, len(places))))
        return {name: arranged(value[name], type_.fields.get(name)) for name in order}
    if isinstance(value, list):
        element = type_.element if type_ is not None and type_.shape == "list" else None
        return [arranged(item, element) for item in value]
    return value


def render(value: Any, type_: Type | None = None) -> str:
    """Return an object as YAML."""
    return yamldoc.dump(arranged(value, type_))


def render_json(values: list[Any]) -> str:
    """Return one object, or several in a List, as JSON."""
    whole = values[0] if len(values) == 1 else {"apiVersion": "v1", "kind": "List", "items": values}
    return msgspec.json.format(msgspec.json.encode(whole), indent=4).decode() + "\n"
