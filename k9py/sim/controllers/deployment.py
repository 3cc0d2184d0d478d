"""Deployments: ReplicaSets per template, moved by rolling update or all at once."""

from __future__ import annotations

from typing import Any

from k9py.sim.controllers import rollout_math
from k9py.sim.controllers.cluster import (
    Cluster,
    Controller,
    clone,
    condition,
    controller_of,
    owner_reference,
    set_condition,
    split_key,
    with_owner,
)
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import TEMPLATE_HASH, template_hash
from k9py.sim.matching import labels_match, selector_of

Object = dict[str, Any]
SOURCE = Source("deployment-controller")
REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HISTORY = "deployment.kubernetes.io/revision-history"
UNCOPIED = frozenset({"kubectl.kubernetes.io/last-applied-configuration", REVISION, DESIRED, MAXIMUM, HISTORY})
"""Annotations that stay on the Deployment."""
SETS = "replicasets.apps"
DEPLOYMENTS = "deployments.apps"


class Deployments(Controller):
    """The Deployment control loop."""

    name = "deployment"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._progress: dict[str, tuple[tuple[int, ...], float]] = {}
        self.watch_own(DEPLOYMENTS)
        self.watch_owned(SETS, "Deployment")

    def reconcile(self, key: str) -> None:
        """Move replicas one step and report."""
        deployment = self.cluster.get(DEPLOYMENTS, *split_key(key))
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            self._progress.pop(key, None)
            return
        self._adopt(deployment)
        sets = self.cluster.owned(SETS, deployment)
        wanted_hash = template_hash(deployment["spec"]["template"])
        new = next((item for item in sets if item["metadata"]["labels"].get(TEMPLATE_HASH) == wanted_hash), None)
        old = [item for item in sets if item is not new]
        paused = bool(deployment["spec"].get("paused"))
        if paused and new is not None:
            new = self._keep_annotations(deployment, new)
        if not paused:
            new = self._ensure_new(deployment, new, old, wanted_hash)
            self._move(deployment, new, old)
            self._forget_history(deployment)
        elif new is not None or old:
            self._scale_paused(deployment, new, old)
        self._report(key, deployment, wanted_hash)

    def _adopt(self, deployment: Object) -> None:
        """Take ReplicaSets that match the selector and belong to nobody, such as those left by an orphaning delete."""
        selector = selector_of(deployment["spec"].get("selector") or {})
        for item in self.cluster.list(SETS, deployment["metadata"]["namespace"]):
            if controller_of(item) is not None or item["metadata"].get("deletionTimestamp"):
                continue
            if labels_match(selector, item["metadata"].get("labels")):
                self.cluster.edit(SETS, item, lambda fresh: with_owner(fresh, deployment))

    # the newest ReplicaSet

    def _ensure_new(self, deployment: Object, new: Object | None, old: list[Object], digest: str) -> Object:
        """Return the template's ReplicaSet, made or renumbered as needed."""
        highest = max((_revision(item) for item in old), default=0)
        if new is None:
            new = self._create_set(deployment, digest, highest + 1, has_old=bool(old))
        elif _revision(new) <= highest:
            new = self._renumber(new, highest + 1)
        new = self._keep_annotations(deployment, new)
        revision = str(_revision(new))
        if (deployment["metadata"].get("annotations") or {}).get(REVISION) != revision:
            self.cluster.edit(DEPLOYMENTS, deployment, lambda fresh: _annotate(fresh, REVISION, revision))
        return new

    def _create_set(self, deployment: Object, digest: str, revision: int, *, has_old: bool) -> Object:
        spec = deployment["spec"]
        template = clone(spec["template"])
        labels = {**(template.get("metadata") or {}).get("labels", {}), TEMPLATE_HASH: digest}
        template.setdefault("metadata", {})["labels"] = labels
        selector = clone(spec["selector"])
        selector.setdefault("matchLabels", {})[TEMPLATE_HASH] = digest
        replicas = spec.get("replicas", 1)
        surge, _ = _fence(deployment)
        size = rollout_math.new_set_size(replicas, surge, 0, _desired_total(self._sets(deployment)))
        name = f"{deployment['metadata']['name']}-{digest}"
        created = self.cluster.create(
            SETS,
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": name,
                    "namespace": deployment["metadata"]["namespace"],
                    "labels": labels,
                    "annotations": _carried(deployment)
                    | {REVISION: str(revision), DESIRED: str(replicas), MAXIMUM: str(replicas + surge)},
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": {"replicas": size, "selector": selector, "template": template}
                | ({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            },
        )
        self._announce(deployment, name, 0, size)
        return created

    def _renumber(self, new: Object, revision: int) -> Object:
        """Give a ReplicaSet that is rolled back to the newest revision, keeping its old numbers."""
        before = str(_revision(new))

        def change(fresh: Object) -> None:
            past = (fresh["metadata"].get("annotations") or {}).get(HISTORY, "")
            _annotate(fresh, HISTORY, f"{past},{before}" if past else before)
            _annotate(fresh, REVISION, str(revision))

        return self.cluster.edit(SETS, new, change) or new

    def _keep_annotations(self, deployment: Object, new: Object) -> Object:
        """Carry annotations made since, such as the cause of a change, over to the newest ReplicaSet."""
        wanted = _carried(deployment)
        if wanted.items() <= (new["metadata"].get("annotations") or {}).items():
            return new

        def change(fresh: Object) -> None:
            fresh["metadata"]["annotations"] = {**(fresh["metadata"].get("annotations") or {}), **wanted}

        return self.cluster.edit(SETS, new, change) or new

    # moving replicas

    def _move(self, deployment: Object, new: Object, old: list[Object]) -> None:
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            self._recreate(deployment, new, old)
        elif self._was_scaled(deployment):
            self._scale_paused(deployment, new, old)
        else:
            self._roll(deployment, new, old)

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> None:
        replicas = deployment["spec"].get("replicas", 1)
        surge, unavailable = _fence(deployment)
        size = rollout_math.new_set_size(replicas, surge, new["spec"].get("replicas", 1), _desired_total([new, *old]))
        if self._resize(deployment, new, size):
            return
        live = [item for item in old if item["spec"].get("replicas", 0)]
        for name, smaller in rollout_math.old_set_sizes(
            replicas, unavailable, _count(new), [_count(item) for item in live]
        ).items():
            self._resize(deployment, next(item for item in live if item["metadata"]["name"] == name), smaller)

    def _recreate(self, deployment: Object, new: Object, old: list[Object]) -> None:
        for item in old:
            self._resize(deployment, item, 0)
        if not any(self.cluster.owned("pods", item) for item in old):
            self._resize(deployment, new, deployment["spec"].get("replicas", 1))
        elif any(item["spec"].get("replicas", 0) == 0 for item in old):
            key = f"{deployment['metadata']['namespace']}/{deployment['metadata']['name']}"
            self.engine.enqueue_after(self.queue, key, 1.0)

    def _was_scaled(self, deployment: Object) -> bool:
        """Return True when spec.replicas differs from what the live ReplicaSets were sized for."""
        replicas = str(deployment["spec"].get("replicas", 1))
        live = [item for item in self._sets(deployment) if item["spec"].get("replicas", 0)]
        return any((item["metadata"].get("annotations") or {}).get(DESIRED) not in (None, replicas) for item in live)

    def _scale_paused(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        """Scale without rolling: the only live set takes all, several share in proportion."""
        live = [item for item in [*([new] if new else []), *reversed(old)] if item["spec"].get("replicas", 0)]
        replicas = deployment["spec"].get("replicas", 1)
        if len(live) <= 1:
            target = live[0] if live else new
            if target is not None:
                self._resize(deployment, target, replicas)
            return
        surge, _ = _fence(deployment)
        if not self._was_scaled(deployment):
            return
        sizes = rollout_math.proportional(replicas, surge, [_count(item) for item in live])
        for item in live:
            name = item["metadata"]["name"]
            self._resize(deployment, item, sizes.get(name, item["spec"]["replicas"]), force=True)

    def _resize(self, deployment: Object, item: Object, size: int, *, force: bool = False) -> bool:
        """Set one ReplicaSet's size and what it was sized for; returns True when the size changed."""
        replicas = deployment["spec"].get("replicas", 1)
        surge, _ = _fence(deployment)
        before: int = item["spec"].get("replicas", 1)
        marks = {DESIRED: str(replicas), MAXIMUM: str(replicas + surge)}
        annotations = item["metadata"].get("annotations") or {}
        marked = all(annotations.get(name) == text for name, text in marks.items())
        if size == before and (marked or not (size or force)):
            return False

        def change(fresh: Object) -> None:
            fresh["spec"]["replicas"] = size
            for name, text in marks.items():
                _annotate(fresh, name, text)

        self.cluster.edit(SETS, item, change)
        if size != before:
            self._announce(deployment, item["metadata"]["name"], before, size)
        return size != before

    def _announce(self, deployment: Object, name: str, before: int, size: int) -> None:
        word = "up" if size > before else "down"
        self.cluster.events.note(
            deployment,
            "ScalingReplicaSet",
            f"Scaled {word} replica set {name} from {before} to {size}",
            SOURCE,
        )

    def _forget_history(self, deployment: Object) -> None:
        keep = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [
            item
            for item in self._sets(deployment)
            if not item["spec"].get("replicas", 0)
            and not (item.get("status") or {}).get("replicas")
            and item["metadata"]["labels"].get(TEMPLATE_HASH) != template_hash(deployment["spec"]["template"])
        ]
        for item in sorted(idle, key=_revision)[: max(0, len(idle) - keep)]:
            self.cluster.delete(SETS, item)

    def _sets(self, deployment: Object) -> list[Object]:
        return self.cluster.owned(SETS, deployment)

    # status

    def _report(self, key: str, deployment: Object, digest: str) -> None:
        sets = self._sets(deployment)
        new = next((item for item in sets if item["metadata"]["labels"].get(TEMPLATE_HASH) == digest), None)
        spec = deployment["spec"]
        replicas = spec.get("replicas", 1)
        total = sum((item.get("status") or {}).get("replicas", 0) for item in sets)
        available = sum((item.get("status") or {}).get("availableReplicas", 0) for item in sets)
        counts = {
            "replicas": total,
            "updatedReplicas": ((new or {}).get("status") or {}).get("replicas", 0),
            "readyReplicas": sum((item.get("status") or {}).get("readyReplicas", 0) for item in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, max(total, _desired_total(sets)) - available),
        }
        status: Object = {"observedGeneration": deployment["metadata"].get("generation", 1)}
        status |= {name: value for name, value in counts.items() if value}
        status["terminatingReplicas"] = sum((item.get("status") or {}).get("terminatingReplicas", 0) for item in sets)
        status["conditions"] = clone((deployment.get("status") or {}).get("conditions") or [])
        _, unavailable = _fence(deployment)
        enough = available >= replicas - unavailable
        set_condition(
            status,
            "Available",
            "True" if enough else "False",
            reason="MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            message="Deployment has minimum availability."
            if enough
            else "Deployment does not have minimum availability.",
            now=self.cluster.now,
            updated=True,
        )
        self._progressing(key, deployment, new, counts, status)
        failing = next((c for item in sets if (c := condition(item, "ReplicaFailure"))), None)
        status["conditions"] = [c for c in status["conditions"] if c["type"] != "ReplicaFailure" or failing]
        if failing:
            set_condition(
                status,
                "ReplicaFailure",
                "True",
                reason=failing["reason"],
                message=failing["message"],
                now=self.cluster.now,
                updated=True,
            )
        self.cluster.set_status(DEPLOYMENTS, deployment, status)

    def _progressing(
        self, key: str, deployment: Object, new: Object | None, counts: dict[str, int], status: Object
    ) -> None:
        """Keep the Progressing condition: complete, moving, or stuck past the deadline."""
        spec = deployment["spec"]
        deadline = spec.get("progressDeadlineSeconds", 600)
        name = new["metadata"]["name"] if new else ""
        now = self.cluster.now
        if spec.get("paused"):
            self._set_progress(status, "Unknown", "DeploymentPaused", "Deployment is paused")
            return
        replicas = spec.get("replicas", 1)
        if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == replicas:
            if not _stands(status, "NewReplicaSetAvailable", name):
                self._set_progress(
                    status, "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
                )
            self._progress.pop(key, None)
            return
        if _stands(status, "NewReplicaSetAvailable", name):
            return  # A finished rollout that lost pods later is not a rollout.
        seen = (counts["updatedReplicas"], counts["readyReplicas"], counts["availableReplicas"], counts["replicas"])
        mark, since = self._progress.get(key, ((), now))
        if mark != (*seen, _revision(new) if new else 0):
            since = now
            self._progress[key] = ((*seen, _revision(new) if new else 0), now)
            self.engine.enqueue_after(self.queue, key, deadline + 1.0)
        if now - since > deadline:
            self._set_progress(
                status, "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'
            )
        else:
            reason = "NewReplicaSetCreated" if counts["updatedReplicas"] == 0 else "ReplicaSetUpdated"
            message = (
                f'Created new replica set "{name}"'
                if reason == "NewReplicaSetCreated"
                else f'ReplicaSet "{name}" is progressing.'
            )
            self._set_progress(status, "True", reason, message)

    def _set_progress(self, status: Object, value: str, reason: str, message: str) -> None:
        set_condition(status, "Progressing", value, reason=reason, message=message, now=self.cluster.now, updated=True)


def _stands(status: Object, reason: str, name: str) -> bool:
    for item in status.get("conditions") or ():
        if item["type"] == "Progressing":
            return item.get("reason") == reason and f'"{name}"' in item.get("message", "")
    return False


def _revision(item: Object) -> int:
    text = (item["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _annotate(obj: Object, name: str, text: str) -> None:
    annotations = dict(obj["metadata"].get("annotations") or {})
    annotations[name] = text
    obj["metadata"]["annotations"] = annotations


def _carried(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name not in UNCOPIED}


def _fence(deployment: Object) -> tuple[int, int]:
    strategy = deployment["spec"].get("strategy") or {}
    replicas = deployment["spec"].get("replicas", 1)
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = strategy.get("rollingUpdate") or {}
    return rollout_math.fence(rolling.get("maxSurge"), rolling.get("maxUnavailable"), replicas)


def _desired_total(sets: list[Object]) -> int:
    return sum(item["spec"].get("replicas", 1) for item in sets)


def _count(item: Object) -> rollout_math.SetCount:
    status = item.get("status") or {}
    return rollout_math.SetCount(
        item["metadata"]["name"], item["spec"].get("replicas", 1), status.get("availableReplicas", 0)
    )
