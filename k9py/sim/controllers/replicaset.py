"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from typing import Any

from k9py.core.ages import time_or_zero
from k9py.core.errors import ApiError
from k9py.sim.controllers.cluster import (
    Cluster,
    Controller,
    condition,
    controller_of,
    set_condition,
    split_key,
    with_owner,
)
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import (
    create_pod,
    delete_pod,
    deletion_rank,
    is_active,
    is_going,
    is_ready,
    pod_from,
    ready_since,
)
from k9py.sim.matching import labels_match, selector_of

Object = dict[str, Any]
SOURCE = Source("replicaset-controller")
RETRY = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
"""Seconds until a refused pod is tried again."""


class ReplicaSets(Controller):
    """The ReplicaSet control loop."""

    name = "replicaset"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._refused: dict[str, tuple[int, float]] = {}
        """Refusals in a row and the Unix time of the next try, by key."""
        self.watch_own("replicasets.apps")
        self.watch_owned("pods", "ReplicaSet")

    def reconcile(self, key: str) -> None:
        """Create or delete pods and count them."""
        owner = self.cluster.get("replicasets.apps", *split_key(key))
        if owner is None:
            self._refused.pop(key, None)
            return
        if not owner["metadata"].get("deletionTimestamp"):
            self._claim(owner)
        pods = [pod for pod in self.cluster.owned("pods", owner) if is_active(pod)]
        wanted = owner["spec"].get("replicas", 1)
        refusal = ""
        if not owner["metadata"].get("deletionTimestamp"):
            refusal = self._scale(key, owner, pods, wanted)
        self._count(key, owner, refusal)

    def _claim(self, owner: Object) -> None:
        """Let go of pods that no longer match the selector; take pods that do and belong to nobody."""
        selector = selector_of(owner["spec"].get("selector") or {})
        uid, mine = owner["metadata"]["uid"], self.cluster.owned("pods", owner)
        for pod in mine:
            if not labels_match(selector, pod["metadata"].get("labels")):
                self.cluster.edit("pods", pod, lambda fresh: _without_owner(fresh, uid))
        if sum(map(is_active, mine)) >= owner["spec"].get("replicas", 1):
            return
        for pod in self.cluster.list("pods", owner["metadata"]["namespace"]):
            loose = controller_of(pod) is None and is_active(pod)
            if loose and labels_match(selector, pod["metadata"].get("labels")):
                self.cluster.edit("pods", pod, lambda fresh: with_owner(fresh, owner))

    def _scale(self, key: str, owner: Object, pods: list[Object], wanted: int) -> str:
        """Bring the number of pods to ``wanted``; returns why the API refused one, empty when it did not."""
        template = owner["spec"]["template"]
        turn, until = self._refused.get(key, (0, 0.0))
        if self.cluster.now < until and wanted > len(pods):
            return _refusal(owner)
        try:
            for _ in range(wanted - len(pods)):
                pod = pod_from(template, owner, generate=f"{owner['metadata']['name']}-")
                create_pod(self.cluster, owner, pod, SOURCE)
        except ApiError as error:
            wait = RETRY[min(turn, len(RETRY) - 1)]
            self._refused[key] = (turn + 1, self.cluster.now + wait - 0.01)
            self.engine.enqueue_after(self.queue, key, wait)
            return _refusal(owner) or str(error)
        self._refused.pop(key, None)
        for pod in sorted(pods, key=deletion_rank)[: max(0, len(pods) - wanted)]:
            delete_pod(self.cluster, owner, pod, SOURCE)
        return ""

    def _count(self, key: str, owner: Object, refusal: str) -> None:
        pods = [pod for pod in self.cluster.owned("pods", owner) if is_active(pod)]
        labels = ((owner["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
        ready = [pod for pod in pods if is_ready(pod)]
        least = owner["spec"].get("minReadySeconds", 0)
        available = 0
        for pod in ready:
            left = time_or_zero(ready_since(pod)) + least - self.cluster.now
            if left <= 0 or not least:
                available += 1
            else:
                self.engine.enqueue_after(self.queue, key, left)
        status: Object = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(labels.items() <= (p["metadata"].get("labels") or {}).items() for p in pods),
            "readyReplicas": len(ready),
            "availableReplicas": available,
            "terminatingReplicas": sum(is_going(pod) for pod in self.cluster.owned("pods", owner)),
            "observedGeneration": owner["metadata"].get("generation", 1),
        }
        status = {
            name: value
            for name, value in status.items()
            if value or name in ("replicas", "observedGeneration", "terminatingReplicas")
        }
        if refusal:
            holder = {"conditions": list((owner.get("status") or {}).get("conditions") or [])}
            set_condition(
                holder, "ReplicaFailure", "True", reason="FailedCreate", message=refusal, now=self.cluster.now
            )
            status |= holder
        self.cluster.set_status("replicasets.apps", owner, status)


def _without_owner(pod: Object, uid: str) -> None:
    left = [item for item in pod["metadata"].get("ownerReferences") or () if item["uid"] != uid]
    pod["metadata"]["ownerReferences"] = left
    if not left:
        del pod["metadata"]["ownerReferences"]


def _refusal(owner: Object) -> str:
    """Return the refusal already in the status: the first one stays until pods can be made again."""
    found = condition(owner, "ReplicaFailure")
    return str(found["message"]) if found else ""
