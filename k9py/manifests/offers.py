"""What live objects, and those made beside them, offer for a field: the one source of pick-lists and completions.

Nothing is fetched here: :func:`needs` says what to look up, :func:`offered` answers from what was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k9py.manifests.forms.following import POD_SPECS, pod_labels
from k9py.manifests.forms.paths import get
from k9py.manifests.pointing import Path
from k9py.manifests.surroundings import UNKNOWN, Known, Need

Object = Mapping[str, Any]

KINDS: dict[str, tuple[str, ...]] = {
    "namespaces": ("namespaces",),
    "secrets": ("secrets",),
    "configmaps": ("configmaps",),
    "persistentvolumeclaims": ("persistentvolumeclaims",),
    "persistentvolumes": ("persistentvolumes",),
    "serviceaccounts": ("serviceaccounts",),
    "subjects": ("serviceaccounts",),
    "services": ("services",),
    "nodes": ("nodes",),
    "priorityclasses": ("priorityclasses.scheduling.k8s.io",),
    "runtimeclasses": ("runtimeclasses.node.k8s.io",),
    "storageclasses": ("storageclasses.storage.k8s.io",),
    "ingressclasses": ("ingressclasses.networking.k8s.io",),
    "scalable": ("deployments.apps", "statefulsets.apps", "replicasets.apps"),
    "roles": ("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"),
    "pods": ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "pods"),
    "images": ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch"),
}
"""What a field names to the kinds that are looked up for it."""

_CLUSTER_WIDE = frozenset({"namespaces", "nodes", "persistentvolumes", "priorityclasses", "runtimeclasses",
                           "storageclasses", "ingressclasses", "clusterroles"})  # fmt: skip

_OF_CONTROLLERS = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
"""Labels controllers give pods; nobody selects by them."""

_CONTAINERS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Asked:
    """A field somebody wants to fill in."""

    pick: str
    """What it names: ``secrets``, ``secrets:keys``; see :func:`k9py.manifests.pointing.pick_at`."""
    namespace: str
    """Where the object of the field is, or will be."""
    document: Object
    """That object, as far as it can be read."""
    path: Path
    key: str = ""
    """The key of one entry of a map of labels; empty: whole pairs are meant."""

    @property
    def what(self) -> str:
        """The sort of object."""
        return self.pick.partition(":")[0]

    @property
    def of(self) -> str:
        """What of it; empty: its name."""
        return self.pick.partition(":")[2]


def needs(asked: Asked) -> list[Need]:
    """Return what has to be looked up; nothing for what the object itself tells."""
    namespace = asked.namespace
    if asked.what == "subjects":
        subject = _map(get(asked.document, asked.path[:-1]))
        if subject.get("kind", "ServiceAccount") != "ServiceAccount":
            return []
        namespace = str(subject.get("namespace") or namespace)
    return [
        Need(kind_id, "" if kind_id.partition(".")[0] in _CLUSTER_WIDE else namespace)
        for kind_id in KINDS.get(asked.what, ())
    ]


def offered(asked: Asked, known: Known) -> list[tuple[str, str]]:
    """Return what may stand in a field, each with a hint, in order."""
    if asked.what == "volumes":
        return list(dict(_volumes(asked.document)).items())
    if asked.what == "ports":
        return list(dict(_own_ports(asked)).items())
    found: dict[str, str] = {}
    label = f"{asked.key}=" if asked.of == "labels" and asked.key else ""
    for name, hint in _offered(asked, _objects(asked, known)):
        if name and name.startswith(label):
            found.setdefault(name.removeprefix(label), hint)
    return sorted(found.items())


def _objects(asked: Asked, known: Known) -> Iterator[tuple[str, Object]]:
    # The labels of a workload's own pods are what its selector selects.
    if asked.what == "pods" and asked.document.get("kind") in POD_SPECS:
        yield "", asked.document
    for need in needs(asked):
        listed = known.all(need.id, need.namespace)
        for obj in listed if listed is not UNKNOWN else ():
            # What belongs to another object is scaled through that one.
            if asked.what != "scalable" or not get(obj, ("metadata", "ownerReferences")):
                yield need.id, obj


def _offered(asked: Asked, objects: Iterable[tuple[str, Object]]) -> Iterator[tuple[str, str]]:
    of = asked.of
    holder = _holder(asked) if of in ("keys", "ports", "names") else ""
    wanted = _kind_beside(asked) if of == "names" else ""
    for kind_id, obj in objects:
        name = _name(obj)
        kind = str(kind_id).partition(".")[0].removesuffix("s")
        if of == "keys":
            if holder in ("", name):
                yield from _keys(obj, name)
        elif of.startswith("label"):
            yield from _labels(asked, obj)
        elif of == "ports" or (of == "names" and asked.what == "services"):
            yield from _ports(asked, obj, holder)
        elif of == "names":
            if wanted in ("", kind):
                yield name, kind
        elif asked.what in ("scalable", "roles"):
            yield f"{kind}/{name}", f"{get(obj, ('spec', 'replicas'))} pods" if asked.what == "scalable" else ""
        elif asked.what == "images":
            yield from _images(obj, name)
        else:
            yield name, _hint(asked.what, obj)


def _holder(asked: Asked) -> str:
    """Return the name beside a key or a port: that of the Secret, ConfigMap or Service it belongs to."""
    path = asked.path[:-1]
    if path[-1:] == ("port",):
        path = path[:-1]  # the port's own name is no holder's
    for length in range(len(path), max(-1, len(path) - 3), -1):
        beside = get(asked.document, path[:length])
        for field in ("name", "secretName"):
            if isinstance(beside, dict) and isinstance(beside.get(field), str) and beside[field]:
                return str(beside[field])
    return ""


def _kind_beside(asked: Asked) -> str:
    return str(_map(get(asked.document, asked.path[:-1])).get("kind") or "").lower()


def _keys(obj: Object, name: str) -> Iterator[tuple[str, str]]:
    for field in ("data", "binaryData", "stringData"):
        for key in _map(obj.get(field)):
            yield key, name


def _hint(what: str, obj: Object) -> str:
    if what == "secrets":
        return str(obj.get("type") or "")
    if what == "configmaps":
        return f"{len(obj.get('data') or {})} keys"
    if what == "persistentvolumeclaims":
        return str(get(obj, ("status", "phase")) or "")
    if what == "services":
        ports = ", ".join(str(port.get("port")) for port in _maps(get(obj, ("spec", "ports"))))
        return f"port {ports}" if ports else ""
    if what == "storageclasses":
        default = "storageclass.kubernetes.io/is-default-class"
        return "default" if get(obj, ("metadata", "annotations", default)) == "true" else ""
    return ""


def _labels(asked: Asked, obj: Object) -> Iterator[tuple[str, str]]:
    """Offer labels as ``key=value``, their keys, or the values of one: of nodes, or of the pods that workloads make."""
    labels = _map(get(obj, ("metadata", "labels")))
    if asked.what == "pods" and obj.get("kind") in POD_SPECS:
        labels = pod_labels(obj) or labels
    name = _name(obj)
    chosen = str(_map(get(asked.document, asked.path[:-2])).get("key") or "") if asked.of == "labelvalues" else ""
    for key, value in labels.items():
        if key in _OF_CONTROLLERS:
            continue
        if asked.of == "labels":
            yield f"{key}={value}", name
        elif asked.of == "labelkeys":
            yield str(key), name
        elif chosen in ("", key):
            yield str(value), name


def _ports(asked: Asked, obj: Object, holder: str) -> Iterator[tuple[str, str]]:
    name = _name(obj)
    if asked.what == "services":
        for port in _maps(get(obj, ("spec", "ports"))) if holder in ("", name) else ():
            if asked.of == "names":
                yield str(port.get("name") or ""), str(port.get("port"))
            else:
                yield str(port.get("port")), str(port.get("name") or name)
        return
    for container in _containers(obj):
        yield from _container_ports(container, name)


def _container_ports(container: Object, name: str) -> Iterator[tuple[str, str]]:
    for port in _maps(container.get("ports")):
        yield str(port.get("containerPort")), str(port.get("name") or name)
        if port.get("name"):
            yield str(port["name"]), str(port.get("containerPort"))


def _own_ports(asked: Asked) -> Iterator[tuple[str, str]]:
    """Offer the ports of the container a probe belongs to."""
    at = next((place for place, step in enumerate(asked.path) if step in _CONTAINERS), None)
    container = get(asked.document, asked.path[: at + 2]) if at is not None else None
    return _container_ports(container, "") if isinstance(container, dict) else iter(())


def _images(obj: Object, name: str) -> Iterator[tuple[str, str]]:
    for container in _containers(obj, *_CONTAINERS):
        yield str(container.get("image") or ""), name


def _containers(obj: Object, *fields: str) -> Iterator[Object]:
    path = POD_SPECS.get(str(obj.get("kind")), ("spec",))
    for field in fields or ("containers",):
        yield from _maps(get(obj, (*path, field)))


def _volumes(obj: Object) -> Iterator[tuple[str, str]]:
    """Offer the volumes of the pod a mount is in, and the claims a StatefulSet makes."""
    for volume in _maps(get(obj, (*POD_SPECS.get(str(obj.get("kind")), ("spec",)), "volumes"))):
        yield str(volume.get("name") or ""), next((key for key in volume if key != "name"), "")
    for claim in _maps(get(obj, ("spec", "volumeClaimTemplates"))):
        yield _name(claim), "claim of each pod"


def _name(obj: Object) -> str:
    return str(get(obj, ("metadata", "name")) or "")


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> list[Any]:
    """Return the items of a list that are maps; what somebody is still typing may be anything."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
