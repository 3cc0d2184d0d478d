"""What admission decides by other objects: LimitRanges, PriorityClasses, and quotas that count objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k9py.core import quantity
from k9py.sim import statuses
from k9py.sim.objects import Object
from k9py.sim.pod_defaults import qos_class
from k9py.sim.store import Store

_PLAIN_COUNTS = (
    "configmaps",
    "secrets",
    "services",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
)
"""Resources a quota may count by their bare name."""
_ANNOTATION = "kubernetes.io/limit-ranger"


class Limits:
    """Completes and refuses new objects by what their namespace says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.prepare("pods", self._pod)
        for kind in list(store.kinds()):
            if kind.namespaced and kind.id not in ("pods", "events"):
                store.prepare(kind.id, lambda obj, old, id_=kind.id: self._count(id_, obj, old))  # type: ignore[misc]

    def _pod(self, pod: Object, old: Object | None) -> None:
        if old is not None:
            return
        self._priority(pod)
        items = list(self._items(pod["metadata"].get("namespace", "")))
        if not items:
            return
        notes = [note for item in items for note in _fill(pod["spec"], item)]
        if notes:
            annotations = pod["metadata"].get("annotations") or {}
            text = f"LimitRanger plugin set: {'; '.join(notes)}"
            pod["metadata"]["annotations"] = {**annotations, _ANNOTATION: text}
        pod["status"]["qosClass"] = qos_class(pod["spec"])
        problems = [problem for item in items for problem in _problems(pod["spec"], item)]
        if problems:
            listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
            raise statuses.forbidden("pods", pod["metadata"].get("name", ""), listed)

    def _items(self, namespace: str) -> Iterator[Mapping[str, Any]]:
        for limit_range in self._store.list("limitranges", namespace):
            for item in (limit_range.get("spec") or {}).get("limits") or ():
                if item.get("type") == "Container":
                    yield item

    def _priority(self, pod: Object) -> None:
        spec = pod["spec"]
        name = spec.get("priorityClassName")
        classes = self._store.list("priorityclasses.scheduling.k8s.io")
        if name:
            found = next((item for item in classes if item["metadata"]["name"] == name), None)
            if found is None:
                why = f"no PriorityClass with name {name} was found"
                raise statuses.forbidden("pods", pod["metadata"].get("name", ""), why)
        else:
            found = next((item for item in classes if item.get("globalDefault")), None)
        if found is not None:
            spec["priorityClassName"] = found["metadata"]["name"]
            spec["priority"] = found.get("value", 0)
            spec["preemptionPolicy"] = found.get("preemptionPolicy", "PreemptLowerPriority")

    def _count(self, resource: str, obj: Object, old: Object | None) -> None:
        if old is not None:
            return
        namespace = obj["metadata"].get("namespace", "")
        names = [f"count/{resource}", *([resource] if resource in _PLAIN_COUNTS else [])]
        for quota in self._store.list("resourcequotas", namespace):
            hard = (quota.get("spec") or {}).get("hard") or {}
            for name in names:
                if name not in hard:
                    continue
                first, last = self._store.collection(resource).span(namespace)
                used = last - first
                if used + 1 > quantity.parse(str(hard[name])):
                    counts = f"requested: {name}=1, used: {name}={used}, limited: {name}={hard[name]}"
                    why = f"exceeded quota: {quota['metadata']['name']}, {counts}"
                    raise statuses.forbidden(resource, obj["metadata"]["name"], why)


def _fill(spec: Object, item: Mapping[str, Any]) -> list[str]:
    """Give containers the default requests and limits they lack; return what was set, for the annotation."""
    notes: list[str] = []
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            resources = container.setdefault("resources", {})
            for part, source, word in (("requests", "defaultRequest", "request"), ("limits", "default", "limit")):
                missing = {
                    name: amount
                    for name, amount in (item.get(source) or {}).items()
                    if name not in (resources.get(part) or {})
                }
                if missing:
                    resources[part] = {**(resources.get(part) or {}), **missing}
                    kind = "container" if field == "containers" else "init container"
                    notes.append(f"{', '.join(sorted(missing))} {word} for {kind} {container['name']}")
    return notes


def _problems(spec: Object, item: Mapping[str, Any]) -> Iterator[str]:
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = container.get("resources") or {}
        for word, part, low in (("minimum", "requests", True), ("maximum", "limits", False)):
            noun = part.removesuffix("s")
            for name, bound in sorted((item.get("min" if low else "max") or {}).items()):
                given = (resources.get(part) or {}).get(name)
                start = f"{word} {name} usage per Container is {bound}"
                if given is None:
                    yield f"{start}.  No {noun} is specified"
                elif (quantity.parse(str(given)) < quantity.parse(str(bound))) == low and quantity.parse(
                    str(given)
                ) != quantity.parse(str(bound)):
                    yield f"{start}, but {noun} is {given}"
