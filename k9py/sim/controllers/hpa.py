"""HorizontalPodAutoscalers: read metrics, decide, scale, explain."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

from k9py.core.ages import time_or_zero
from k9py.core.quantity import format_binary, format_decimal, parse
from k9py.sim import managed
from k9py.sim.controllers import hpa_math
from k9py.sim.controllers.cluster import Cluster, Controller, clone, key_of, set_condition, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.hpa_math import Memory, PodSample, Proposal
from k9py.sim.controllers.podtemplate import is_going
from k9py.sim.managed import Manager
from k9py.sim.objects import timestamp

Object = dict[str, Any]
SOURCE = Source("horizontal-pod-autoscaler")
SCALERS = "horizontalpodautoscalers.autoscaling"
TARGETS = {"Deployment": "deployments.apps", "ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps"}
REPLAYED_PERIOD = 60.0
"""Seconds between two looks while the past is replayed, where load does not change."""
_NO_METRICS = "unable to get metrics for resource {}: no metrics returned from resource metrics API"


class PodMetrics(Protocol):
    """Where samples come from."""

    def pod_sample(self, uid: str, resource: str) -> tuple[float, float, float] | None:
        """Return (use, Unix time of the sample, its window in seconds) of a pod; None when there is none."""

    def container_sample(self, uid: str, container: str, resource: str) -> float | None:
        """Return the use of one container; None when there is none."""


class MetricFailure(Exception):
    """A metric that cannot be computed: the reason and the text of the condition."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Autoscalers(Controller):
    """The HorizontalPodAutoscaler control loop."""

    name = "hpa"

    def __init__(self, cluster: Cluster, metrics: PodMetrics) -> None:
        super().__init__(cluster)
        self._metrics = metrics
        self._memory: dict[str, Memory] = {}
        self._planned: set[str] = set()
        cluster.watch(SCALERS, self._changed)

    def _changed(self, change: str, scaler: Object, old: Object | None) -> None:
        key = key_of(scaler)
        if change == "DELETED":
            self._memory.pop(key, None)
            self._planned.discard(key)
        elif key not in self._planned:
            self._planned.add(key)
            self.engine.after(0.5, lambda: self._turn(key), name=f"hpa {key}")

    def _turn(self, key: str) -> None:
        if key in self._planned:
            self.wake(key)
            period = hpa_math.SYNC_PERIOD if self.engine.clock.live else REPLAYED_PERIOD
            self.engine.after(period, lambda: self._turn(key), name=f"hpa {key}")

    def reconcile(self, key: str) -> None:
        """Look at one autoscaler's metrics and act."""
        scaler = self.cluster.get(SCALERS, *split_key(key))
        if scaler is None:
            return
        status = clone(scaler.get("status") or {})
        status.setdefault("desiredReplicas", 0)
        target = self._target(scaler, status)
        if target is None:
            self.cluster.set_status(SCALERS, scaler, status)
            return
        current = target["spec"].get("replicas", 1)
        memory = self._memory.setdefault(key, Memory())
        if not memory.recommendations:
            memory.recommendations.append((self.cluster.now, current))
        self._condition(
            status,
            "AbleToScale",
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        desired, why = self._desired(key, scaler, target, current, status)
        status["currentReplicas"] = current
        if desired is None:
            self.cluster.set_status(SCALERS, scaler, status)
            return
        if desired != current:
            self._rescale(key, scaler, target, current, desired, why, status)
        status["desiredReplicas"] = desired
        self.cluster.set_status(SCALERS, scaler, status)

    def _target(self, scaler: Object, status: Object) -> Object | None:
        ref = scaler["spec"]["scaleTargetRef"]
        resource = TARGETS.get(ref["kind"])
        found = self.cluster.get(resource, scaler["metadata"]["namespace"], ref["name"]) if resource else None
        if found is None:
            text = f'{resource or ref["kind"].lower()} "{ref["name"]}" not found'
            message = f"the HPA controller was unable to get the target's current scale: {text}"
            self._condition(status, "AbleToScale", "False", "FailedGetScale", message)
            self.cluster.events.warn(scaler, "FailedGetScale", text, SOURCE)
        return found

    def _desired(
        self, key: str, scaler: Object, target: Object, current: int, status: Object
    ) -> tuple[int | None, str]:
        """Return the replicas to set (None when they cannot be known) and the reason for the event."""
        spec = scaler["spec"]
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        if current == 0 and low != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._condition(status, "ScalingActive", "False", "ScalingDisabled", text)
            return 0, ""
        if current > high:
            return high, "Current number of replicas above Spec.MaxReplicas"
        if current < low:
            return low, "Current number of replicas below Spec.MinReplicas"
        proposal, title = self._proposals(scaler, target, current, status)
        if proposal is None:
            return None, ""
        behavior = spec.get("behavior")
        decision = hpa_math.decide(
            self.cluster.now,
            current,
            proposal,
            low=low,
            high=high,
            up=hpa_math.rules_of(behavior, "scaleUp"),
            down=hpa_math.rules_of(behavior, "scaleDown"),
            memory=self._memory[key],
        )
        self._condition(status, "AbleToScale", "True", decision.able_reason, decision.able_message)
        limited = "True" if decision.limited else "False"
        self._condition(status, "ScalingLimited", limited, decision.limited_reason, decision.limited_message)
        why = f"{title} above target" if decision.replicas > current else "All metrics below target"
        return decision.replicas, why

    def _proposals(self, scaler: Object, target: Object, current: int, status: Object) -> tuple[int | None, str]:
        """Return the largest proposal of all metrics, and the name of the metric that made it."""
        specs = scaler["spec"].get("metrics") or [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ]
        best, title, shown = None, "", []
        failures: list[MetricFailure] = []
        for metric in specs:
            try:
                proposal, name, current_metric = self._one(metric, target, current)
            except MetricFailure as failure:
                failures.append(failure)
                shown.append({"type": ""})
                self.cluster.events.warn(scaler, failure.reason, str(failure), SOURCE)
                continue
            shown.append(current_metric)
            if best is None or proposal.replicas > best:
                best, title = proposal.replicas, name
        status["currentMetrics"] = shown
        # A failing metric may be outvoted only upwards: without it nobody knows that fewer pods are enough.
        if failures and (best is None or best < current):
            first = failures[0]
            word = str(first)
            kind = specs[shown.index({"type": ""})].get("resource", {}).get("name", "container")
            text = f"the HPA was unable to compute the replica count: {word}"
            self._condition(status, "ScalingActive", "False", first.reason, text)
            count = f"invalid metrics ({len(failures)} invalid out of {len(specs)}), first error is: "
            detail = f"failed to get {kind} resource metric value: {word}"
            self.cluster.events.warn(scaler, "FailedComputeMetricsReplicas", count + detail, SOURCE)
            return None, ""
        text = f"the HPA was able to successfully calculate a replica count from {title}"
        self._condition(status, "ScalingActive", "True", "ValidMetricFound", text)
        return best, title

    def _one(self, metric: Object, target: Object, current: int) -> tuple[Proposal, str, Object]:
        """Return one metric's proposal, its name, and how status shows its current value."""
        kind = metric["type"]
        field = {"Resource": "resource", "ContainerResource": "containerResource"}.get(kind)
        if field is None:
            raise MetricFailure(f"FailedGet{kind}Metric", f"unable to get {kind.lower()} metric: no such API is served")
        source = metric[field]
        resource, container, goal = source["name"], source.get("container", ""), source["target"]
        samples = self._samples(target, resource, container, utilization=goal["type"] == "Utilization")
        if goal["type"] == "Utilization":
            proposal = hpa_math.propose_utilization(current, goal["averageUtilization"], samples)
            suffix = "utilization (percentage of request)"
        else:
            proposal = hpa_math.propose_average(current, float(parse(str(goal["averageValue"]))), samples)
            suffix = ""
        if proposal is None:
            text = f"failed to get {resource} utilization: {_NO_METRICS.format(resource)}"
            raise MetricFailure("FailedGetResourceMetric", text)
        value: Object = {"averageValue": _written(resource, proposal.average)}
        if goal["type"] == "Utilization":
            value = {"averageUtilization": proposal.utilization} | value
        shown = {"name": resource, "current": value} | ({"container": container} if container else {})
        what = f"{resource} {'container resource' if container else 'resource'}".strip()
        return proposal, f"{what} {suffix}".strip(), {"type": kind, field: shown}

    def _samples(self, target: Object, resource: str, container: str, *, utilization: bool) -> list[PodSample]:
        """Return a sample for each pod that counts."""
        labels = ((target["spec"].get("selector") or {}).get("matchLabels") or {}).items()
        found = []
        for pod in self.cluster.list("pods", target["metadata"]["namespace"]):
            if not labels <= (pod["metadata"].get("labels") or {}).items() or is_going(pod):
                continue
            if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
                continue
            request = _request(pod, resource, container)
            if request is None and utilization:
                lacking = _lacking(pod, resource)
                text = f"missing request for {resource} in container {lacking} of Pod {pod['metadata']['name']}"
                raise MetricFailure("FailedGetResourceMetric", f"failed to get {resource} utilization: {text}")
            sample = self._metrics.pod_sample(pod["metadata"]["uid"], resource)
            use = sample[0] if sample else None
            if sample and container:
                use = self._metrics.container_sample(pod["metadata"]["uid"], container, resource)
            ready = self._counts(pod, resource, sample)
            found.append(PodSample(pod["metadata"]["name"], use, request or 0.0, ready))
        return found

    def _counts(self, pod: Object, resource: str, sample: tuple[float, float, float] | None) -> bool:
        """Return False for a pod whose use does not count yet."""
        status = pod.get("status") or {}
        if status.get("phase") == "Pending":
            return False
        if resource != "cpu" or sample is None:
            return True
        ready = next((item for item in status.get("conditions") or () if item["type"] == "Ready"), None)
        started = time_or_zero(status.get("startTime"))
        if ready is None or not started:
            return False
        turned = time_or_zero(ready.get("lastTransitionTime"))
        if self.cluster.now < started + hpa_math.CPU_INITIALIZATION:
            return ready["status"] != "False" and sample[1] >= turned + sample[2]
        return not (ready["status"] == "False" and started + hpa_math.INITIAL_READINESS_DELAY > turned)

    def _rescale(
        self, key: str, scaler: Object, target: Object, current: int, desired: int, why: str, status: Object
    ) -> None:
        resource = TARGETS[target["kind"]]
        scaler_of = Manager("kube-controller-manager", "Update", target["apiVersion"], "scale")

        def scaled(fresh: Object) -> None:
            fresh["spec"]["replicas"] = desired
            managed.take(fresh, ("f:spec", "f:replicas"), scaler_of, now=timestamp(self.cluster.now))

        self.cluster.edit(resource, target, scaled)
        self._memory[key].moved(self.cluster.now, current, desired)
        text = f"New size: {desired}; reason: {why}"
        self.cluster.events.note(scaler, "SuccessfulRescale", text, SOURCE)
        message = f"the HPA controller was able to update the target scale to {desired}"
        self._condition(status, "AbleToScale", "True", "SucceededRescale", message)
        status["lastScaleTime"] = timestamp(self.cluster.now)

    def _condition(self, status: Object, kind: str, value: str, reason: str, message: str) -> None:
        set_condition(status, kind, value, reason=reason, message=message, now=self.cluster.now)


def _request(pod: Object, resource: str, container: str) -> float | None:
    """Return what a pod (or one container) requests; None when a container requests nothing."""
    total = 0.0
    for item in pod["spec"]["containers"]:
        if container and item["name"] != container:
            continue
        resources = item.get("resources") or {}
        given = (resources.get("requests") or {}).get(resource) or (resources.get("limits") or {}).get(resource)
        if not given:
            return None
        total += float(parse(str(given)))
    return total


def _lacking(pod: Object, resource: str) -> str:
    for item in pod["spec"]["containers"]:
        resources = item.get("resources") or {}
        if not ((resources.get("requests") or {}).get(resource) or (resources.get("limits") or {}).get(resource)):
            return str(item["name"])
    return ""


def _written(resource: str, value: float) -> str:
    if resource == "memory":
        return str(format_binary(int(value)))
    return str(format_decimal(Fraction(round(value * 1000), 1000)))
