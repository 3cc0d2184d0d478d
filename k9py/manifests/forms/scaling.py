"""Forms of autoscalers, disruption budgets, quotas and limit ranges."""

from __future__ import annotations

from typing import Any

from k9py.manifests.forms.common import TARGET, choice, identity, number
from k9py.manifests.forms.fields import Field, Form, Group, Input, Item, Repeat


def _metric(name: str) -> str:
    return f"spec.metrics[type=Resource,resource.name={name},resource.target.type=Utilization].resource.target"


def _average(name: str) -> str:
    return f"spec.metrics[type=Resource,resource.name={name},resource.target.type=AverageValue].resource.target"


def _direction(id: str, label: str) -> Group:
    base = f"spec.behavior.{id}"
    policies = Repeat(f"{id}Policies", f"{base}.policies", "Steps", "how much at a time", (
        choice("type", "type", "Of", "pods, or percent of them", "Pods", "Percent", basic=True),
        number("value", "value", "At most", "so many", basic=True),
        number("period", "periodSeconds", "Within (s)", "up to 1800", basic=True),
    ), new={"type": "Pods", "value": 1, "periodSeconds": 60})  # fmt: skip
    return Group(id, label, (
        number(f"{id}Window", f"{base}.stabilizationWindowSeconds", "Look back (s)", "the calmest of this time counts"),
        choice(f"{id}Select", f"{base}.selectPolicy", "Of the steps", "the largest, the smallest, or never", "Max",
               "Min", "Disabled"),
        policies,
    ), basic=False)  # fmt: skip


def _hpa(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {}}


AUTOSCALER = Form(
    "HorizontalPodAutoscaler", "autoscaling/v2", "more pods under load, fewer without",
    (
        identity(),
        Group("scale", "Scale", (
            Field("target", "spec.scaleTargetRef", "Of", "such as deployment/web", required=True, pick="scalable",
                  codec=TARGET),
            Field("min", "spec.minReplicas", "At least", "pods", Input.NUMBER, default=1),
            Field("max", "spec.maxReplicas", "At most", "pods", Input.NUMBER, required=True),
            Field("cpu", f"{_metric('cpu')}.averageUtilization", "CPU (%)", "of what the pods request", Input.NUMBER),
            Field("memory", f"{_metric('memory')}.averageUtilization", "Memory (%)", "of what the pods request",
                  Input.NUMBER),
            Field("cpuValue", f"{_average('cpu')}.averageValue", "CPU per pod", "as an amount", Input.AMOUNT,
                  basic=False),
            Field("memoryValue", f"{_average('memory')}.averageValue", "Memory per pod", "as an amount", Input.AMOUNT,
                  basic=False),
        )),
        _direction("scaleUp", "Growing"),
        _direction("scaleDown", "Shrinking"),
    ),
    _hpa,
)  # fmt: skip

VERTICAL = Form(
    "VerticalPodAutoscaler", "autoscaling.k8s.io/v1", "requests that follow what the pods use",
    (
        identity(),
        Group("scale", "Scale", (
            Field("target", "spec.targetRef", "Of", "such as deployment/web", required=True, pick="scalable",
                  codec=TARGET),
            choice("mode", "spec.updatePolicy.updateMode", "Mode", "Off only recommends", "Off", "Initial", "Recreate",
                   "InPlaceOrRecreate", "Auto", basic=True),
            number("minPods", "spec.updatePolicy.minReplicas", "Only with", "so many pods alive"),
        )),
        Repeat("containers", "spec.resourcePolicy.containerPolicies", "Containers", "limits of what it may set", (
            Field("name", "containerName", "Container", "* for all"),
            choice("mode", "mode", "Mode", "leave it alone with Off", "Auto", "Off"),
            Field("minCpu", "minAllowed.cpu", "Least CPU", "never below", Input.AMOUNT),
            Field("minMemory", "minAllowed.memory", "Least memory", "never below", Input.AMOUNT),
            Field("maxCpu", "maxAllowed.cpu", "Most CPU", "never above", Input.AMOUNT),
            Field("maxMemory", "maxAllowed.memory", "Most memory", "never above", Input.AMOUNT),
        ), new={"containerName": "*"}, basic=False),
    ),
    _hpa,
)  # fmt: skip


def _budget(name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"selector": {"matchLabels": {"app": name}}}}


BUDGET = Form(
    "PodDisruptionBudget", "policy/v1", "how many pods may be missing while nodes are drained",
    (
        identity(app=("spec.selector.matchLabels.app",)),
        Group("budget", "Budget", (
            Field("minAvailable", "spec.minAvailable", "At least", "pods or percent stay; this or the next",
                  Input.COUNT),
            Field("maxUnavailable", "spec.maxUnavailable", "At most missing", "pods or percent", Input.COUNT),
            Field("selector", "spec.selector.matchLabels", "Of pods with", "labels", Input.MAP, pick="pods:labels"),
            choice("unhealthy", "spec.unhealthyPodEvictionPolicy", "Unready pods", "may they always go",
                   "IfHealthyBudget", "AlwaysAllow"),
        )),
    ),
    _budget,
)  # fmt: skip

_QUOTA = (
    ("cpu", "requests.cpu", "CPU requests"), ("memory", "requests.memory", "Memory requests"),
    ("cpuLimits", "limits.cpu", "CPU limits"), ("memoryLimits", "limits.memory", "Memory limits"),
    ("pods", "pods", "Pods"), ("services", "services", "Services"), ("storage", "requests.storage", "Storage"),
    ("claims", "persistentvolumeclaims", "Claims"), ("configmaps", "configmaps", "ConfigMaps"),
    ("secrets", "secrets", "Secrets"),
)  # fmt: skip


def _quota(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"hard": {}}}


_QUOTA_FIELDS: tuple[Item, ...] = tuple(
    Field(short, f'spec.hard["{name}"]', label, "of all pods together", Input.AMOUNT) for short, name, label in _QUOTA
)
QUOTA = Form(
    "ResourceQuota", "v1", "what a namespace may use in all",
    (
        identity(),
        Group("quota", "Quota", (
            *_QUOTA_FIELDS,
            Field("hard", "spec.hard", "Everything", "amounts by name, such as count/jobs.batch", Input.MAP,
                  basic=False),
            Field("scopes", "spec.scopes", "Only of", "pods of these sorts", Input.LIST, basic=False,
                  choices=("BestEffort", "NotBestEffort", "Terminating", "NotTerminating")),
        )),
    ),
    _quota,
)  # fmt: skip


def _range(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"limits": []}}


def _amounts(id: str, path: str, label: str, why: str) -> tuple[Item, ...]:
    return tuple(
        Field(f"{id}{name.capitalize()}", f"{path}.{name}", f"{label}, {name}", why, Input.AMOUNT,
              basic=name != "storage")
        for name in ("cpu", "memory", "storage")
    )  # fmt: skip


LIMIT_RANGE = Form(
    "LimitRange", "v1", "defaults and bounds for what pods of a namespace ask for",
    (
        identity(),
        Repeat("limits", "spec.limits", "Limits", "one set per type", (
            choice("type", "type", "Of each", "container, pod or claim", "Container", "Pod", "PersistentVolumeClaim",
                   basic=True),
            *_amounts("default", "default", "Limit if none", "given to containers without a limit"),
            *_amounts("request", "defaultRequest", "Request if none", "given to containers without a request"),
            *_amounts("min", "min", "At least", "less is refused"),
            *_amounts("max", "max", "At most", "more is refused"),
        ), new={"type": "Container"}, lends=True),
    ),
    _range,
)  # fmt: skip

FORMS = (AUTOSCALER, VERTICAL, BUDGET, QUOTA, LIMIT_RANGE)
