"""StatefulSets: numbered pods, one after the other, each with its claims."""

from __future__ import annotations

from typing import Any

from k9py.core.errors import ApiError
from k9py.sim.controllers.cluster import Cluster, Controller, clone, owner_reference, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import is_going, is_ready, pod_from, template_hash

Object = dict[str, Any]
SOURCE = Source("statefulset-controller")
SETS = "statefulsets.apps"
REVISION = "controller-revision-hash"
RETRY = 5.0
"""Seconds until a refused pod is tried again."""


class StatefulSets(Controller):
    """The StatefulSet control loop."""

    name = "statefulset"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own(SETS)
        self.watch_owned("pods", "StatefulSet")

    def reconcile(self, key: str) -> None:
        """Take one ordered step and report."""
        owner = self.cluster.get(SETS, *split_key(key))
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return
        revision = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
        self._keep_revision(owner, revision)
        current = (owner.get("status") or {}).get("currentRevision") or revision
        pods = {_ordinal(pod): pod for pod in self.cluster.owned("pods", owner)}
        try:
            self._step(owner, pods, revision)
        except ApiError:
            self.engine.enqueue_after(self.queue, key, RETRY)
        self._report(owner, revision, current)

    def _step(self, owner: Object, pods: dict[int, Object], revision: str) -> None:
        spec = owner["spec"]
        wanted = spec.get("replicas", 1)
        first = (spec.get("ordinals") or {}).get("start", 0)
        parallel = spec.get("podManagementPolicy") == "Parallel"
        for ordinal in range(first, first + wanted):
            pod = pods.get(ordinal)
            if pod is not None and (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
                self._delete(owner, pod)
                return
            if pod is None:
                self._create(owner, ordinal, revision)
            if not parallel and (pod is None or not is_ready(pod) or is_going(pod)):
                return
        extra = sorted(ordinal for ordinal in pods if ordinal >= first + wanted)
        for ordinal in reversed(extra):
            if not is_going(pods[ordinal]):
                self._delete(owner, pods[ordinal])
            if not parallel:
                return
        self._update(owner, pods, first + wanted, revision)

    def _update(self, owner: Object, pods: dict[int, Object], end: int, revision: str) -> None:
        """Replace pods of an older revision, highest ordinal first, down to the partition."""
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for ordinal in sorted((n for n in pods if partition <= n < end), reverse=True):
            pod = pods[ordinal]
            if pod["metadata"]["labels"].get(REVISION) != revision:
                if not is_going(pod):
                    self._delete(owner, pod)
                return
            if not is_ready(pod):
                return

    def _create(self, owner: Object, ordinal: int, revision: str) -> None:
        name = f"{owner['metadata']['name']}-{ordinal}"
        pod = pod_from(owner["spec"]["template"], owner, name=name)
        pod["metadata"]["labels"] |= {
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION: revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        pod["spec"] |= {"hostname": name, "subdomain": owner["spec"].get("serviceName") or ""}
        for template in owner["spec"].get("volumeClaimTemplates") or ():
            self._claim(owner, template, pod, name)
        what = f"Pod {name} in StatefulSet {owner['metadata']['name']}"
        try:
            self.cluster.create("pods", pod)
        except ApiError as error:
            self.cluster.events.warn(owner, "FailedCreate", f"Create {what} failed error: {error}", SOURCE)
            raise
        self.cluster.events.note(owner, "SuccessfulCreate", f"Create {what} successful", SOURCE)

    def _claim(self, owner: Object, template: Object, pod: Object, pod_name: str) -> None:
        volume = template["metadata"]["name"]
        claim = f"{volume}-{pod_name}"
        namespace = owner["metadata"]["namespace"]
        if self.cluster.get("persistentvolumeclaims", namespace, claim) is None:
            labels = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
            meta = {"name": claim, "namespace": namespace, "labels": dict(labels)}
            self.cluster.create(
                "persistentvolumeclaims",
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": meta,
                    "spec": clone(template["spec"]),
                    "status": {"phase": "Pending"},
                },
            )
            text = f"Create Claim {claim} Pod {pod_name} in StatefulSet {owner['metadata']['name']} success"
            self.cluster.events.note(owner, "SuccessfulCreate", text, SOURCE)
        volumes = [item for item in pod["spec"].get("volumes") or () if item["name"] != volume]
        pod["spec"]["volumes"] = [*volumes, {"name": volume, "persistentVolumeClaim": {"claimName": claim}}]

    def _delete(self, owner: Object, pod: Object) -> None:
        self.cluster.delete("pods", pod)
        what = f"Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']}"
        self.cluster.events.note(owner, "SuccessfulDelete", f"Delete {what} successful", SOURCE)

    def _keep_revision(self, owner: Object, revision: str) -> None:
        keep_revision(self.cluster, owner, revision, {"spec": {"template": owner["spec"]["template"]}})

    def _report(self, owner: Object, revision: str, current: str) -> None:
        pods = [pod for pod in self.cluster.owned("pods", owner) if not is_going(pod)]
        wanted = owner["spec"].get("replicas", 1)
        updated = [pod for pod in pods if pod["metadata"]["labels"].get(REVISION) == revision]
        if len(updated) == len(pods) == wanted and all(is_ready(pod) for pod in pods):
            current = revision
        on_current = [pod for pod in pods if pod["metadata"]["labels"].get(REVISION) == current]
        ready = sum(is_ready(pod) for pod in pods)
        status: Object = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(pods),
            "availableReplicas": ready,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        counts = {"readyReplicas": ready, "currentReplicas": len(on_current), "updatedReplicas": len(updated)}
        self.cluster.set_status(SETS, owner, status | {name: value for name, value in counts.items() if value})


def _ordinal(pod: Object) -> int:
    tail = pod["metadata"]["name"].rpartition("-")[2]
    return int(tail) if tail.isdigit() else -1


def keep_revision(cluster: Cluster, owner: Object, name: str, data: Object) -> None:
    """Keep a ControllerRevision of a template, numbered on, the newest ten of them."""
    resource = "controllerrevisions.apps"
    namespace = owner["metadata"]["namespace"]
    history = sorted(cluster.owned(resource, owner), key=lambda item: item.get("revision", 0))
    newest = history[-1] if history else None
    if newest is not None and newest["metadata"]["name"] == name:
        return
    number = newest.get("revision", 0) + 1 if newest else 1
    known = cluster.get(resource, namespace, name)
    if known is not None:
        cluster.edit(resource, known, lambda fresh: fresh.__setitem__("revision", number))
        return
    labels = dict((owner["spec"]["template"].get("metadata") or {}).get("labels") or {})
    mark = "controller-revision-hash" if owner["kind"] == "DaemonSet" else "controller.kubernetes.io/hash"
    cluster.create(
        resource,
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": labels | {mark: name.rpartition("-")[2]},
                "annotations": dict(owner["metadata"].get("annotations") or {}),
                "ownerReferences": [owner_reference(owner)],
            },
            "data": clone(data),
            "revision": number,
        },
    )
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    for item in history[: max(0, len(history) - limit)]:
        cluster.delete(resource, item)
