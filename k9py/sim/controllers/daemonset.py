"""DaemonSets: one pod on every node that takes it."""

from __future__ import annotations

from typing import Any

from k9py.core.errors import ApiError
from k9py.sim.controllers.cluster import Cluster, Controller, clone, key_of, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import create_pod, delete_pod, is_going, is_ready, pod_from, template_hash
from k9py.sim.controllers.scheduler import matches_node, tolerates
from k9py.sim.controllers.statefulset import REVISION, keep_revision

Object = dict[str, Any]
SOURCE = Source("daemonset-controller")
SETS = "daemonsets.apps"
RETRY = 5.0
"""Seconds until a refused pod is tried again."""
_ALWAYS_TOLERATED = [
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
    for name, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
]


class DaemonSets(Controller):
    """The DaemonSet control loop."""

    name = "daemonset"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own(SETS)
        self.watch_owned("pods", "DaemonSet")
        cluster.watch("nodes", self._node_changed)

    def _node_changed(self, change: str, node: Object, old: Object | None) -> None:
        if change == "MODIFIED" and old is not None and old.get("spec") == node.get("spec"):
            return
        for owner in self.cluster.list(SETS):
            self.wake(key_of(owner))

    def reconcile(self, key: str) -> None:
        """Put pods where they belong and report."""
        owner = self.cluster.get(SETS, *split_key(key))
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        digest = template_hash(owner["spec"]["template"])
        data = {"spec": {"template": owner["spec"]["template"]}}
        keep_revision(self.cluster, owner, f"{owner['metadata']['name']}-{digest}", data)
        pods = {_target(pod): pod for pod in self.cluster.owned("pods", owner)}
        nodes = self.cluster.list("nodes")
        names = {node["metadata"]["name"] for node in nodes if self._belongs(owner, node)}
        # A node that went bad gets no new pod, but keeps the one it has unless a NoExecute taint drives it out.
        allowed = {node["metadata"]["name"] for node in nodes if self._belongs(owner, node, effects=("NoExecute",))}
        try:
            for name in sorted(names - pods.keys()):
                self._create(owner, name, digest)
        except ApiError:
            self.engine.enqueue_after(self.queue, key, RETRY)
        for name, pod in pods.items():
            misplaced = name not in allowed
            failed = (pod.get("status") or {}).get("phase") == "Failed"
            if (misplaced or failed) and not is_going(pod):
                if failed:
                    text = f"Found failed daemon pod {key_of(pod)} on node {name}, will try to kill it"
                    self.cluster.events.warn(owner, "FailedDaemonPod", text, SOURCE)
                delete_pod(self.cluster, owner, pod, SOURCE)
        self._update(owner, pods, digest)
        self._report(owner, names, digest)

    @staticmethod
    def _belongs(owner: Object, node: Object, *, effects: tuple[str, ...] = ("NoExecute", "NoSchedule")) -> bool:
        spec = owner["spec"]["template"].get("spec") or {}
        if not matches_node(spec, node):
            return False
        pod = {"spec": {"tolerations": [*(spec.get("tolerations") or ()), *_ALWAYS_TOLERATED]}}
        taints = (node.get("spec") or {}).get("taints") or ()
        return all(taint["effect"] not in effects or tolerates(pod, taint) for taint in taints)

    def _create(self, owner: Object, node: str, digest: str) -> None:
        pod = pod_from(owner["spec"]["template"], owner, generate=f"{owner['metadata']['name']}-")
        pod["metadata"]["labels"] |= {REVISION: digest, "pod-template-generation": "1"}
        spec = pod["spec"]
        terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
        spec["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        }
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *clone(_ALWAYS_TOLERATED)]
        create_pod(self.cluster, owner, pod, SOURCE)

    def _update(self, owner: Object, pods: dict[str, Object], digest: str) -> None:
        """Replace pods of an older template, as many at a time as may be away."""
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        allowed = int((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1))
        away = sum(not is_ready(pod) or is_going(pod) for pod in pods.values())
        stale = [
            pod for pod in pods.values() if pod["metadata"]["labels"].get(REVISION) != digest and not is_going(pod)
        ]
        for pod in sorted(stale, key=is_ready):
            if is_ready(pod):
                if away >= allowed:
                    return
                away += 1
            delete_pod(self.cluster, owner, pod, SOURCE)

    def _report(self, owner: Object, names: set[str], digest: str) -> None:
        pods = [pod for pod in self.cluster.owned("pods", owner) if not is_going(pod)]
        placed = [pod for pod in pods if _target(pod) in names]
        ready = sum(is_ready(pod) for pod in placed)
        counts = {
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(REVISION) == digest for pod in placed),
            "numberAvailable": ready,
            "numberUnavailable": len(names) - ready,
        }
        status: Object = {
            "currentNumberScheduled": len(placed),
            "numberMisscheduled": len(pods) - len(placed),
            "desiredNumberScheduled": len(names),
            "numberReady": ready,
            "observedGeneration": owner["metadata"].get("generation", 1),
        }
        self.cluster.set_status(SETS, owner, status | {name: value for name, value in counts.items() if value})


def _target(pod: Object) -> str:
    """Return the node a daemon pod is meant for."""
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name":
                return str(field["values"][0])
    return str(pod["spec"].get("nodeName") or "")
