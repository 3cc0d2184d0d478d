"""The scheduler: which node a pod fits on, or why on none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from k9py.core.quantity import parse
from k9py.sim.binding import bind
from k9py.sim.controllers.cluster import Cluster, Controller, key_of, set_condition, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.engine import Timer

Object = dict[str, Any]
SOURCE = Source("default-scheduler")
RETRY = 300.0
"""Seconds after which an unschedulable pod is tried again even when nothing happened."""
CROWDED = ("Insufficient", "Too many")
"""How reasons begin that evicting others could remove."""
NO_NODES = "no nodes available to schedule pods"


@dataclass(slots=True)
class Use:
    """What the pods of one node ask for."""

    cpu: float = 0.0
    memory: float = 0.0
    pods: int = 0
    requests: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By pod uid."""

    def add(self, uid: str, request: tuple[float, float]) -> None:
        """Count a pod once."""
        if uid not in self.requests:
            self.requests[uid] = request
            self.cpu += request[0]
            self.memory += request[1]
            self.pods += 1

    def remove(self, uid: str) -> None:
        """Count a pod no more."""
        request = self.requests.pop(uid, None)
        if request:
            self.cpu -= request[0]
            self.memory -= request[1]
            self.pods -= 1


def request_of(pod: Object) -> tuple[float, float]:
    """Return (cores, bytes) a pod asks for: its containers together, or its largest init container."""

    def ask(container: Object, name: str) -> float:
        resources = container.get("resources") or {}
        given = (resources.get("requests") or {}).get(name) or (resources.get("limits") or {}).get(name)
        return float(parse(str(given))) if given else 0.0

    found = []
    for name in ("cpu", "memory"):
        sidecars = sum(
            ask(c, name) for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"
        )
        largest = max((ask(c, name) for c in pod["spec"].get("initContainers") or ()), default=0.0)
        found.append(max(sum(ask(c, name) for c in pod["spec"]["containers"]) + sidecars, largest))
    return found[0], found[1]


NAME = "default-scheduler"
"""Pods that name another scheduler wait for that one."""


class Scheduler(Controller):
    """The default scheduler."""

    name = "scheduler"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.use: dict[str, Use] = {}
        self._unscheduled: dict[str, Timer] = {}
        cluster.watch("pods", self._pod_changed)
        cluster.watch("nodes", self._room_changed)
        cluster.watch("persistentvolumeclaims", self._room_changed)

    def _pod_changed(self, change: str, pod: Object, _old: Object | None) -> None:
        node = pod["spec"].get("nodeName")
        if not node and pod["spec"].get("schedulerName", NAME) != NAME:
            return
        uid = pod["metadata"]["uid"]
        ended = change == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if node:
            self._settle(key_of(pod))
            use = self.use.setdefault(node, Use())
            if ended and uid in use.requests:
                use.remove(uid)
                self._room_changed("MODIFIED", pod, None)
            elif not ended:
                use.add(uid, request_of(pod))
        elif ended:
            self._settle(key_of(pod))
        elif change == "ADDED" or key_of(pod) not in self._unscheduled:
            self.wake(key_of(pod))

    def _settle(self, key: str) -> None:
        timer = self._unscheduled.pop(key, None)
        if timer:
            timer.cancel()

    def _room_changed(self, change: str, obj: Object, old: Object | None) -> None:
        """Try the waiting pods again when room may have come up; a heartbeat is no reason."""
        if change == "MODIFIED" and obj["kind"] == "Node" and old is not None:
            same_spec = obj.get("spec") == old.get("spec") and obj["metadata"].get("labels") == old["metadata"].get(
                "labels"
            )
            if same_spec and obj["status"].get("allocatable") == (old.get("status") or {}).get("allocatable"):
                return
        for key in list(self._unscheduled):
            self.wake(key)

    def reconcile(self, key: str) -> None:
        """Bind one pod, or say why not."""
        pod = self.cluster.get("pods", *split_key(key))
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            self._settle(key)
            return
        if pod["spec"].get("schedulingGates"):
            return
        blocked = self._claims(pod)
        nodes = self.cluster.list("nodes")
        reasons: Counter[str] = Counter()
        hopeless = 0
        fitting: list[tuple[float, str]] = []
        request = request_of(pod)
        for node in nodes:
            why = [] if blocked else self._misfits(pod, node, request)
            if why:
                reasons.update(why)
                hopeless += not why[0].startswith(CROWDED) or _never_fits(node, request)
            elif not blocked:
                fitting.append((self._score(node, request), node["metadata"]["name"]))
        if fitting:
            self._bind(pod, max(fitting, key=lambda item: (item[0], item[1]))[1])
            return
        self._refuse(key, pod, self._explain(len(nodes), reasons, blocked, hopeless))

    # filters, with the words of the scheduler's plugins

    def _claims(self, pod: Object) -> str:
        for volume in pod["spec"].get("volumes") or ():
            claim = volume.get("persistentVolumeClaim")
            if not claim:
                continue
            name = claim.get("claimName", "")
            found = self.cluster.get("persistentvolumeclaims", pod["metadata"]["namespace"], name)
            if found is None:
                return f'persistentvolumeclaim "{name}" not found'
            if (found.get("status") or {}).get("phase") == "Bound":
                continue
            wanted = found["spec"].get("storageClassName")
            storage = self.cluster.get("storageclasses.storage.k8s.io", "", wanted) if wanted else None
            waits = storage is not None and storage.get("volumeBindingMode") == "WaitForFirstConsumer"
            if not waits:
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def _misfits(self, pod: Object, node: Object, request: tuple[float, float]) -> list[str]:
        if (node.get("spec") or {}).get("unschedulable") and not tolerates(
            pod, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        ):
            return ["node(s) were unschedulable"]
        for taint in (node.get("spec") or {}).get("taints") or ():
            if taint.get("effect") in ("NoSchedule", "NoExecute") and not tolerates(pod, taint):
                return ["node(s) had untolerated taint(s)"]
        if not matches_node(pod["spec"], node):
            return ["node(s) didn't match Pod's node affinity/selector"]
        return self._too_small(node, request)

    def _too_small(self, node: Object, request: tuple[float, float]) -> list[str]:
        room = (node.get("status") or {}).get("allocatable") or {}
        use = self.use.get(node["metadata"]["name"]) or Use()
        why = []
        if use.pods + 1 > int(room.get("pods", 110)):
            why.append("Too many pods")
        if request[0] and use.cpu + request[0] > float(parse(str(room.get("cpu", "0")))) + 1e-9:
            why.append("Insufficient cpu")
        if request[1] and use.memory + request[1] > float(parse(str(room.get("memory", "0")))):
            why.append("Insufficient memory")
        return why

    def _score(self, node: Object, request: tuple[float, float]) -> float:
        """Return how empty and how evenly used the node would be."""
        room = (node.get("status") or {}).get("allocatable") or {}
        use = self.use.get(node["metadata"]["name"]) or Use()
        cpu = (use.cpu + request[0]) / max(1e-9, float(parse(str(room.get("cpu", "1")))))
        memory = (use.memory + request[1]) / max(1.0, float(parse(str(room.get("memory", "1Gi")))))
        soft = sum(1 for taint in (node.get("spec") or {}).get("taints") or () if taint["effect"] == "PreferNoSchedule")
        return round(2 - cpu - memory - abs(cpu - memory) - use.pods / 400 - soft, 6)

    # results

    def _bind(self, pod: Object, node: str) -> None:
        self._settle(key_of(pod))
        now = self.cluster.now

        def change(fresh: Object) -> None:
            bind(fresh, node, self.cluster.get("nodes", "", node))
            status = fresh.setdefault("status", {"phase": "Pending"})
            set_condition(status, "PodScheduled", "True", now=now)
            for item in status["conditions"]:
                item.setdefault("lastProbeTime", None)

        self._pick_claims(pod, node)
        if self.cluster.edit("pods", pod, change):
            text = f"Successfully assigned {key_of(pod)} to {node}"
            self.cluster.events.note(pod, "Scheduled", text, SOURCE)

    def _pick_claims(self, pod: Object, node: str) -> None:
        """Tell claims that wait for a consumer where it runs."""
        for volume in pod["spec"].get("volumes") or ():
            claim = volume.get("persistentVolumeClaim") or {}
            found = self.cluster.get("persistentvolumeclaims", pod["metadata"]["namespace"], claim.get("claimName", ""))
            if found is None or (found.get("status") or {}).get("phase") == "Bound":
                continue

            def select(fresh: Object) -> None:
                annotations = dict(fresh["metadata"].get("annotations") or {})
                annotations["volume.kubernetes.io/selected-node"] = node
                fresh["metadata"]["annotations"] = annotations

            self.cluster.edit("persistentvolumeclaims", found, select)

    def _refuse(self, key: str, pod: Object, message: str) -> None:
        self._settle(key)
        self._unscheduled[key] = self.engine.enqueue_after(self.queue, key, RETRY)
        now = self.cluster.now

        def change(fresh: Object) -> None:
            status = fresh.setdefault("status", {"phase": "Pending"})
            set_condition(status, "PodScheduled", "False", reason="Unschedulable", message=message, now=now)
            for item in status["conditions"]:
                item.setdefault("lastProbeTime", None)

        self.cluster.edit("pods", pod, change)
        self.cluster.events.warn(pod, "FailedScheduling", message, SOURCE)

    @staticmethod
    def _explain(nodes: int, reasons: Counter[str], blocked: str, hopeless: int) -> str:
        """Return the scheduler's sentence, with the odd tail its claim plugin adds."""
        if not nodes:
            return NO_NODES
        if blocked:
            return f"0/{nodes} nodes are available: {blocked}. not found"
        parts = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        outcomes = (
            (nodes - hopeless, "No preemption victims found for incoming pod"),
            (hopeless, "Preemption is not helpful for scheduling"),
        )
        final = ", ".join(sorted(f"{count} {text}" for count, text in outcomes if count))
        return (
            f"0/{nodes} nodes are available: {parts}. no new claims to deallocate, "
            f"preemption: 0/{nodes} nodes are available: {final}."
        )


def _never_fits(node: Object, request: tuple[float, float]) -> bool:
    """Return True when a node would be too small even if it were empty."""
    room = (node.get("status") or {}).get("allocatable") or {}
    cpu, memory = (float(parse(str(room.get(name, "0")))) for name in ("cpu", "memory"))
    return request[0] > cpu or request[1] > memory


def tolerates(pod: Object, taint: Object) -> bool:
    """Return True when one of a pod's tolerations covers a taint."""
    return toleration_seconds(pod, taint) > 0


def toleration_seconds(pod: Object, taint: Object) -> float:
    """Return how long a pod stays with a taint: infinity without a limit, 0 when it does not tolerate it."""
    found = [
        float(item["tolerationSeconds"]) if item.get("tolerationSeconds") is not None else float("inf")
        for item in pod["spec"].get("tolerations") or ()
        if _covers(item, taint)
    ]
    return min(found, default=0.0)


def _covers(item: Object, taint: Object) -> bool:
    if item.get("effect") not in (None, "", taint.get("effect")):
        return False
    if item.get("operator") == "Exists":
        return item.get("key") in (None, "", taint.get("key"))
    return bool(item.get("key") == taint.get("key") and item.get("value", "") == taint.get("value", ""))


def matches_node(spec: Object, node: Object) -> bool:
    """Return True when a pod spec's nodeSelector and required node affinity accept a node."""
    labels = node["metadata"].get("labels") or {}
    selector = spec.get("nodeSelector") or {}
    if not selector.items() <= labels.items():
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = (affinity or {}).get("nodeSelectorTerms")
    if not terms:
        return True
    return any(_term(term, node, labels) for term in terms)


def _term(term: Object, node: Object, labels: dict[str, str]) -> bool:
    fields = {"metadata.name": node["metadata"]["name"]}
    return all(_expression(item, labels) for item in term.get("matchExpressions") or ()) and all(
        _expression(item, fields) for item in term.get("matchFields") or ()
    )


def _expression(item: Object, labels: dict[str, str]) -> bool:
    value: str | None = labels.get(item["key"])
    wanted: list[str] = item.get("values") or []
    match item["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and int(value) > int(wanted[0])
        case "Lt":
            return value is not None and int(value) < int(wanted[0])
    return False
