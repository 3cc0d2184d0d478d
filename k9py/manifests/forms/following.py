"""Objects made together agree: a new name, label or port of one goes wherever the others speak of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k9py.manifests.forms.paths import get, put

Object = dict[str, Any]
_Path = tuple[str | int, ...]

POD_SPECS: dict[str, _Path] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Kind to where its pod spec is."""

_SELECTORS: dict[str, tuple[_Path, ...]] = {
    "Service": (("spec", "selector"),),
    "PodDisruptionBudget": (("spec", "selector", "matchLabels"),),
    "NetworkPolicy": (("spec", "podSelector", "matchLabels"),),
}
"""Kind to the maps of labels that select pods; the peers of a NetworkPolicy are looked for apart."""

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in an object that names another one."""

    path: _Path
    kind: str
    name: str


def followed(before: Object, after: Object, others: Sequence[Object]) -> tuple[Object, list[Object]]:
    """Return an object that was just changed, and those made with it, all of them agreeing again.

    What never agreed is left alone. Objects that need no change are returned as they are.
    """
    after = _own_ports(before, after)
    changed = list(others)
    changed = [_renamed(other, before, after) for other in changed]
    changed = [_relabelled(other, before, after) for other in changed]
    return after, [_reported(other, before, after) for other in changed]


# names


def references(obj: Object) -> Iterator[Reference]:
    """Yield every place of an object that names another one."""
    kind = str(obj.get("kind"))
    if kind in POD_SPECS:
        yield from _of_pod(obj, POD_SPECS[kind])
    if kind == "Ingress":
        for path in _backends(obj):
            yield from _at(obj, (*path, "service", "name"), "Service")
        for index, _ in _items(obj, ("spec", "tls")):
            yield from _at(obj, ("spec", "tls", index, "secretName"), "Secret")
    if kind == "StatefulSet":
        yield from _at(obj, ("spec", "serviceName"), "Service")
    for key in ("scaleTargetRef", "targetRef"):
        target = get(obj, ("spec", key))
        if isinstance(target, dict):
            yield from _at(obj, ("spec", key, "name"), str(target.get("kind")))
    if kind in ("RoleBinding", "ClusterRoleBinding"):
        yield from _at(obj, ("roleRef", "name"), str(get(obj, ("roleRef", "kind"))))
        for index, subject in _items(obj, ("subjects",)):
            if subject.get("kind") == "ServiceAccount":
                yield from _at(obj, ("subjects", index, "name"), "ServiceAccount")
    if kind == "PersistentVolumeClaim":
        yield from _at(obj, ("spec", "volumeName"), "PersistentVolume")
    if kind == "PersistentVolume":
        yield from _at(obj, ("spec", "claimRef", "name"), "PersistentVolumeClaim")


def _of_pod(obj: Object, base: _Path) -> Iterator[Reference]:
    yield from _at(obj, (*base, "serviceAccountName"), "ServiceAccount")
    for index, _ in _items(obj, (*base, "imagePullSecrets")):
        yield from _at(obj, (*base, "imagePullSecrets", index, "name"), "Secret")
    for index, _ in _items(obj, (*base, "volumes")):
        volume = (*base, "volumes", index)
        yield from _at(obj, (*volume, "configMap", "name"), "ConfigMap")
        yield from _at(obj, (*volume, "secret", "secretName"), "Secret")
        yield from _at(obj, (*volume, "persistentVolumeClaim", "claimName"), "PersistentVolumeClaim")
        for source, _ in _items(obj, (*volume, "projected", "sources")):
            yield from _at(obj, (*volume, "projected", "sources", source, "configMap", "name"), "ConfigMap")
            yield from _at(obj, (*volume, "projected", "sources", source, "secret", "name"), "Secret")
    for container in _containers(obj, base):
        for index, _ in _items(obj, (*container, "envFrom")):
            yield from _at(obj, (*container, "envFrom", index, "configMapRef", "name"), "ConfigMap")
            yield from _at(obj, (*container, "envFrom", index, "secretRef", "name"), "Secret")
        for index, _ in _items(obj, (*container, "env")):
            source_path = (*container, "env", index, "valueFrom")
            yield from _at(obj, (*source_path, "configMapKeyRef", "name"), "ConfigMap")
            yield from _at(obj, (*source_path, "secretKeyRef", "name"), "Secret")


def _at(obj: Object, path: _Path, kind: str) -> Iterator[Reference]:
    name = get(obj, path)
    if isinstance(name, str) and name:
        yield Reference(path, kind, name)


def _renamed(other: Object, before: Object, after: Object) -> Object:
    """Return an object with the new name wherever it has the old one, addresses in the environment included."""
    old, new = _name(before), _name(after)
    if not old or not new or old == new:
        return other
    kind = str(after.get("kind"))
    changed = other
    for reference in references(other):
        if (reference.kind, reference.name) == (kind, old):
            changed = put(changed, reference.path, new)
    if kind == "Service" and str(other.get("kind")) in POD_SPECS:
        for path, text in _plain_variables(other):
            if text.startswith(f"{old}.") and ".svc" in text:
                changed = put(changed, path, f"{new}{text[len(old) :]}")
    return changed


def _plain_variables(obj: Object) -> Iterator[tuple[_Path, str]]:
    for container in _containers(obj, POD_SPECS[str(obj.get("kind"))]):
        for index, variable in _items(obj, (*container, "env")):
            if isinstance(variable.get("value"), str):
                yield (*container, "env", index, "value"), variable["value"]


# labels


def _relabelled(other: Object, before: Object, after: Object) -> Object:
    """Return an object whose selectors chose the pods before, choosing them still."""
    old, new = pod_labels(before), pod_labels(after)
    if old == new or not old:
        return other
    changed = other
    for path in _selector_paths(other):
        chosen = get(other, path)
        if not isinstance(chosen, dict) or not chosen or any(old.get(key) != value for key, value in chosen.items()):
            continue
        moved = {key: new[key] for key in chosen if key in new}
        if moved and moved != chosen:
            changed = put(changed, path, moved)
    return changed


def pod_labels(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the labels of an object's pods; empty when it makes none."""
    path = POD_SPECS.get(str(obj.get("kind")))
    found = get(obj, (*path[:-1], "metadata", "labels")) if path is not None else None
    return found if isinstance(found, dict) else {}


def _selector_paths(obj: Object) -> Iterator[_Path]:
    kind = str(obj.get("kind"))
    yield from _SELECTORS.get(kind, ())
    if kind == "NetworkPolicy":
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule, _ in _items(obj, ("spec", direction)):
                for peer, _ in _items(obj, ("spec", direction, rule, peers)):
                    yield ("spec", direction, rule, peers, peer, "podSelector", "matchLabels")


# ports


def _own_ports(before: Object, after: Object) -> Object:
    """Return a workload with the probes of a container on the port it listens on now."""
    base = POD_SPECS.get(str(after.get("kind")))
    if base is None:
        return after
    for container in _containers(after, base):
        moved = _moved(_ports_of(before, container), _ports_of(after, container))
        for probe in _PROBES if moved else ():
            for way in ("httpGet", "tcpSocket", "grpc"):
                path = (*container, probe, way, "port")
                if get(after, path) in moved and get(before, path) == get(after, path):
                    after = put(after, path, moved[get(after, path)])
    return after


def _reported(other: Object, before: Object, after: Object) -> Object:
    """Return an object that sends to a port, sending to the one it became."""
    kind, base = str(after.get("kind")), POD_SPECS.get(str(after.get("kind")))
    changed = other
    if base is not None and other.get("kind") in ("Service", "NetworkPolicy"):
        moved: dict[Any, Any] = {}
        for container in _containers(after, base):
            moved |= _moved(_ports_of(before, container), _ports_of(after, container))
        labels = pod_labels(after)
        if moved and _selects(other, labels):
            changed = _moved_targets(other, moved)
    elif kind == "Service" and other.get("kind") == "Ingress":
        moved = _moved(_service_ports(before), _service_ports(after))
        for path in _backends(other) if moved else ():
            service = get(other, (*path, "service"))
            number = get(other, (*path, "service", "port", "number"))
            if isinstance(service, dict) and service.get("name") == _name(after) and number in moved:
                changed = put(changed, (*path, "service", "port", "number"), moved[number])
    return changed


def _selects(other: Object, labels: Mapping[str, Any]) -> bool:
    for path in _SELECTORS[str(other.get("kind"))]:
        chosen = get(other, path)
        if isinstance(chosen, dict) and chosen and all(labels.get(key) == value for key, value in chosen.items()):
            return True
    return False


def _moved_targets(other: Object, moved: Mapping[Any, Any]) -> Object:
    changed = other
    if other.get("kind") == "Service":
        for index, port in _items(other, ("spec", "ports")):
            if port.get("targetPort") in moved:
                changed = put(changed, ("spec", "ports", index, "targetPort"), moved[port["targetPort"]])
        return changed
    for rule, _ in _items(other, ("spec", "ingress")):
        for index, port in _items(other, ("spec", "ingress", rule, "ports")):
            if port.get("port") in moved:
                changed = put(changed, ("spec", "ingress", rule, "ports", index, "port"), moved[port["port"]])
    return changed


def _moved(before: Sequence[tuple[Any, Any]], after: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return which number and which name became which, for ports that stayed in their places."""
    if len(before) != len(after):
        return {}
    found: dict[Any, Any] = {}
    for (number, name), (new_number, new_name) in zip(before, after, strict=True):
        for old, new in ((number, new_number), (name, new_name)):
            if old is not None and new is not None and old != new and isinstance(old, int | str):
                found[old] = new
    return found


def _ports_of(obj: Object, container: _Path) -> list[tuple[Any, Any]]:
    return [(port.get("containerPort"), port.get("name")) for _, port in _items(obj, (*container, "ports"))]


def _service_ports(obj: Object) -> list[tuple[Any, Any]]:
    return [(port.get("port"), port.get("name")) for _, port in _items(obj, ("spec", "ports"))]


# where things are


def _containers(obj: Object, base: _Path) -> Iterator[_Path]:
    for part in ("containers", "initContainers"):
        for index, _ in _items(obj, (*base, part)):
            yield (*base, part, index)


def _backends(obj: Object) -> Iterator[_Path]:
    if get(obj, ("spec", "defaultBackend")) is not None:
        yield ("spec", "defaultBackend")
    for rule, _ in _items(obj, ("spec", "rules")):
        for index, _ in _items(obj, ("spec", "rules", rule, "http", "paths")):
            yield ("spec", "rules", rule, "http", "paths", index, "backend")


def _items(obj: Object, path: _Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the items of a list that are maps, with their positions."""
    found = get(obj, path)
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict):
            yield index, item


def _name(obj: Mapping[str, Any]) -> str:
    metadata = obj.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""
