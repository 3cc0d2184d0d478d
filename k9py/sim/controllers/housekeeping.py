"""Small loops: service accounts, quota, disruption budgets, dead nodes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from k9py.core.errors import ApiError
from k9py.core.quantity import format_binary, format_decimal, parse
from k9py.sim.controllers.cluster import Cluster, Controller, clone, key_of, set_condition, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import is_active, is_going, is_ready
from k9py.sim.controllers.rollout_math import int_or_percent
from k9py.sim.controllers.scheduler import request_of, toleration_seconds
from k9py.sim.objects import timestamp

Object = dict[str, Any]
NODE_GRACE = 50.0
"""Seconds without a heartbeat after which a node counts as gone."""
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
ABOUT = "kubernetes.io/description"
AUTHORITY_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of "
    "Kubernetes clusters."
)
BUDGETS, QUOTAS = "poddisruptionbudgets.policy", "resourcequotas"


class Namespaces(Controller):
    """Gives each namespace its default service account and the cluster's CA bundle."""

    name = "serviceaccount"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own("namespaces")
        cluster.watch("serviceaccounts", lambda _c, obj, _o: self.wake(obj["metadata"]["namespace"]))
        cluster.store.prepare("pods", self._look_up_account)
        for item in cluster.list("namespaces"):
            self.wake(key_of(item))

    def _look_up_account(self, pod: Object, old: Object | None) -> None:
        """Refuse a pod whose service account is not there, also one that a controller makes."""
        account = (pod.get("spec") or {}).get("serviceAccountName") or "default"
        meta = pod["metadata"]
        where = meta.get("namespace", "")
        # The default account is made a moment after its namespace; a world's pods do not wait for it.
        if old is not None or account == "default" or self.cluster.get("serviceaccounts", where, account) is not None:
            return
        why = f'error looking up service account {where}/{account}: serviceaccount "{account}" not found'
        raise _forbidden(meta.get("name", ""), why)

    def reconcile(self, key: str) -> None:
        """Make what every namespace has."""
        namespace = self.cluster.get("namespaces", "", key)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        if self.cluster.get("serviceaccounts", key, "default") is None:
            meta = {"name": "default", "namespace": key}
            self.cluster.create("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        if self.cluster.get("configmaps", key, "kube-root-ca.crt") is None:
            about: Object = {"name": "kube-root-ca.crt", "namespace": key, "annotations": {ABOUT: AUTHORITY_TEXT}}
            text = "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n"
            self.cluster.create(
                "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": {"ca.crt": text}}
            )


class Quotas(Controller):
    """Counts what a namespace uses, and refuses pods beyond its quota as admission does."""

    name = "resourcequota"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own(QUOTAS)
        cluster.store.prepare("pods", self._admit)
        for resource in ("pods", "services", "persistentvolumeclaims", "configmaps", "secrets"):
            cluster.watch(resource, self._object_changed)

    def _object_changed(self, change: str, obj: Object, old: Object | None) -> None:
        if change == "MODIFIED" and old is not None and is_active(obj) == is_active(old):
            return
        for quota in self.cluster.list(QUOTAS, obj["metadata"].get("namespace", "")):
            self.wake(key_of(quota))

    def reconcile(self, key: str) -> None:
        """Write the use of one quota."""
        quota = self.cluster.get(QUOTAS, *split_key(key))
        if quota is None:
            return
        hard = quota["spec"].get("hard") or {}
        used = self._used(quota["metadata"]["namespace"], hard)
        self.cluster.set_status(QUOTAS, quota, {"hard": clone(hard), "used": used})

    def _used(self, namespace: str, hard: Object) -> dict[str, str]:
        totals: dict[str, float] = {}
        pods = [pod for pod in self.cluster.list("pods", namespace) if is_active(pod) or is_going(pod)]
        for name in hard:
            if name == "pods" or name == "count/pods":
                totals[name] = len(pods)
            elif "/" in name or name in ("services", "persistentvolumeclaims", "configmaps", "secrets"):
                totals[name] = len(self.cluster.list(name.removeprefix("count/"), namespace))
            else:
                totals[name] = sum(_asks(pod, name) for pod in pods)
        return {name: _written(name, total) for name, total in totals.items()}

    def _admit(self, pod: Object, old: Object | None) -> None:
        if old is not None:
            return
        name = pod["metadata"].get("name", "")
        for quota in self.cluster.list(QUOTAS, pod["metadata"].get("namespace", "")):
            hard = quota["spec"].get("hard") or {}
            title = quota["metadata"]["name"]
            unset = [item for item in hard if not item.startswith(("pods", "count/")) and not _sets(pod, item)]
            unset = [item for item in unset if item.split(".")[0] in ("requests", "limits", "cpu", "memory")]
            if unset:
                missing = "; ".join(f"{item} for: {','.join(_without(pod, item))}" for item in sorted(unset))
                raise _forbidden(name, f"failed quota: {title}: must specify {missing}")
            used = self._used(quota["metadata"]["namespace"], hard)
            asked = {item: 1.0 if item in ("pods", "count/pods") else _asks(pod, item) for item in hard}
            over = [
                item
                for item in sorted(hard)
                if asked[item] and float(parse(used[item])) + asked[item] > float(parse(str(hard[item])))
            ]
            if over:
                parts = (
                    ",".join(f"{item}={_written(item, asked[item])}" for item in over),
                    ",".join(f"{item}={used[item]}" for item in over),
                    ",".join(f"{item}={hard[item]}" for item in over),
                )
                text = "exceeded quota: {}, requested: {}, used: {}, limited: {}".format(title, *parts)
                raise _forbidden(name, text)


def _forbidden(name: str, why: str) -> ApiError:
    return ApiError.of(403, f'pods "{name}" is forbidden: {why}', reason="Forbidden")


def _field(item: str) -> tuple[str, str]:
    """Return (requests or limits, resource) of a quota item such as ``limits.cpu`` or ``memory``."""
    head, dot, tail = item.partition(".")
    return (head, tail) if dot else ("requests", head)


def _asks(pod: Object, item: str) -> float:
    group, resource = _field(item)
    if group == "requests" and resource in ("cpu", "memory"):
        return request_of(pod)[0 if resource == "cpu" else 1]
    return sum(
        float(parse(str((container.get("resources") or {}).get(group, {}).get(resource, "0"))))
        for container in pod["spec"]["containers"]
    )


def _without(pod: Object, item: str) -> list[str]:
    group, resource = _field(item)
    return [
        container["name"]
        for container in pod["spec"]["containers"]
        if resource not in ((container.get("resources") or {}).get(group) or {})
        and not (group == "requests" and resource in ((container.get("resources") or {}).get("limits") or {}))
    ]


def _sets(pod: Object, item: str) -> bool:
    return not _without(pod, item)


def _written(name: str, total: float) -> str:
    if "memory" in name or "storage" in name:
        return str(format_binary(int(total)))
    return str(format_decimal(Fraction(round(total * 1000), 1000)))


class Budgets(Controller):
    """Keeps the status of PodDisruptionBudgets."""

    name = "disruption"
    SOURCE = Source("controllermanager")

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own(BUDGETS)
        cluster.watch("pods", self._pod_changed)

    def _pod_changed(self, change: str, pod: Object, old: Object | None) -> None:
        if (
            change == "MODIFIED"
            and old is not None
            and (is_ready(pod), is_active(pod))
            == (
                is_ready(old),
                is_active(old),
            )
        ):
            return
        for budget in self.cluster.list(BUDGETS, pod["metadata"]["namespace"]):
            self.wake(key_of(budget))

    def reconcile(self, key: str) -> None:
        """Count the healthy pods of one budget."""
        budget = self.cluster.get(BUDGETS, *split_key(key))
        if budget is None:
            return
        spec = budget["spec"]
        wanted = ((spec.get("selector") or {}).get("matchLabels") or {}).items()
        pods = [
            pod
            for pod in self.cluster.list("pods", budget["metadata"]["namespace"])
            if wanted <= (pod["metadata"].get("labels") or {}).items() and is_active(pod)
        ]
        if not pods:
            self.cluster.events.note(budget, "NoPods", "No matching pods found", self.SOURCE)
        healthy = sum(is_ready(pod) for pod in pods)
        if spec.get("maxUnavailable") is not None:
            away = int_or_percent(spec["maxUnavailable"], len(pods), default=0, round_up=True)
            least = max(0, len(pods) - away)
        else:
            least = int_or_percent(spec.get("minAvailable"), len(pods), default=1, round_up=True)
        allowed = max(0, healthy - least) if pods else 0
        status: Object = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": least,
            "expectedPods": len(pods),
            "conditions": clone((budget.get("status") or {}).get("conditions") or []),
        }
        value, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        set_condition(status, "DisruptionAllowed", value, reason=reason, now=self.cluster.now)
        status["conditions"][0] |= {"message": "", "observedGeneration": status["observedGeneration"]}
        self.cluster.set_status(BUDGETS, budget, status)


class NodeLifecycle(Controller):
    """Marks nodes whose kubelet is silent, and deletes their pods after a while."""

    name = "node-lifecycle"
    SOURCE = Source("node-controller")

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        cluster.watch("nodes", self._node_changed)

    def _node_changed(self, change: str, node: Object, old: Object | None) -> None:
        """Keep the taint of a cordoned node, which keeps pods away from it."""
        spec = node.get("spec") or {}
        tainted = any(item["key"] == UNSCHEDULABLE for item in spec.get("taints") or ())
        if change == "DELETED" or bool(spec.get("unschedulable")) == tainted:
            return
        self.engine.after(0.0, lambda: self._mark(node), name="cordon taint")

    def _mark(self, node: Object) -> None:
        taint = {"key": UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": timestamp(self.cluster.now)}

        def change(fresh: Object) -> None:
            spec = fresh.setdefault("spec", {})
            kept = [item for item in spec.get("taints") or () if item["key"] != UNSCHEDULABLE]
            if spec.get("unschedulable"):
                kept.append(taint)
            if kept:
                spec["taints"] = kept
            else:
                spec.pop("taints", None)

        self.cluster.edit("nodes", node, change)

    def lost(self, name: str) -> None:
        """Act on a node that went silent now."""
        self.engine.after(NODE_GRACE, lambda: self.wake(name), name=f"node {name} silent")

    def reconcile(self, key: str) -> None:
        """Mark one silent node."""
        node = self.cluster.get("nodes", "", key)
        if node is None:
            return
        now = self.cluster.now

        def change(fresh: Object) -> None:
            status = fresh.setdefault("status", {})
            for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"):
                text = "Kubelet stopped posting node status."
                set_condition(status, kind, "Unknown", reason="NodeStatusUnknown", message=text, now=now)
            taints = [item for item in fresh["spec"].get("taints") or () if item["key"] != UNREACHABLE]
            fresh["spec"]["taints"] = [
                *taints,
                {"key": UNREACHABLE, "effect": "NoSchedule"},
                {"key": UNREACHABLE, "effect": "NoExecute"},
            ]

        self.cluster.edit("nodes", node, change)
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": key, "uid": key}}
        text = f"Node {key} status is now: NodeNotReady"
        self.cluster.events.note(about, "NodeNotReady", text, self.SOURCE)
        for pod in self.cluster.list("pods"):
            if pod["spec"].get("nodeName") == key and not is_going(pod):
                self._strand(pod)

    def _strand(self, pod: Object) -> None:
        """Make a pod of a silent node not ready, and plan its deletion."""
        now = self.cluster.now
        if is_ready(pod):

            def change(fresh: Object) -> None:
                set_condition(fresh["status"], "Ready", "False", now=now)
                for item in fresh["status"]["conditions"]:
                    item.setdefault("lastProbeTime", None)

            self.cluster.edit("pods", pod, change)
            self.cluster.events.warn(pod, "NodeNotReady", "Node is not ready", self.SOURCE)
        patience = toleration_seconds(pod, {"key": UNREACHABLE, "effect": "NoExecute"})
        self.engine.at(now + patience, lambda: self._evict(pod), name="taint eviction")

    def _evict(self, pod: Object) -> None:
        current = self.cluster.get("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        if current is None or is_going(current) or current["metadata"]["uid"] != pod["metadata"]["uid"]:
            return
        text = "Taint manager: deleting due to NoExecute taint"

        def change(fresh: Object) -> None:
            set_condition(
                fresh["status"],
                "DisruptionTarget",
                "True",
                reason="DeletionByTaintManager",
                message=text,
                now=self.cluster.now,
            )

        self.cluster.edit("pods", current, change)
        marking = f"Marking for deletion Pod {key_of(pod)}"
        self.cluster.events.note(pod, "TaintManagerEviction", marking, Source("taint-eviction-controller"))
        self.cluster.delete("pods", current)
