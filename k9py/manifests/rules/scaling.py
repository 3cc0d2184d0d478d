"""Autoscalers, disruption budgets, quotas, limit ranges, priority classes."""

from __future__ import annotations

from collections.abc import Callable

from k9py.core import naming
from k9py.manifests.problems import At
from k9py.manifests.rules.selectors import check_selector

_METRIC_SOURCES = {
    "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
    "Resource": "resource",
}  # fmt: skip
_WINDOW_LIMIT = 3600
_PERIOD_LIMIT = 1800
_SCOPES = ("BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
           "VolumeAttributesClass")  # fmt: skip
_PRIORITY_LIMIT = 1_000_000_000


def autoscaler(obj: At) -> None:
    """Check a HorizontalPodAutoscaler."""
    spec = obj["spec"]
    least, most = spec["minReplicas"], spec["maxReplicas"]
    if least.number is not None and least.number < 1:
        least.invalid("must be greater than or equal to 1")
    if most.number is not None and most.number < 1:
        most.invalid("must be greater than 0")
    elif least.number is not None and most.number is not None and most.number < least.number:
        most.invalid("must be greater than or equal to `minReplicas`")
    target = spec["scaleTargetRef"]
    for name in ("kind", "name"):
        if target[name].needed():
            target[name].fits(naming.path_segment(target[name].text))
    version = target["apiVersion"]
    if version.text.count("/") > 1:
        version.invalid(f"unexpected GroupVersion string: {version.text}")
    elif target["kind"].text not in ("ReplicationController", "") and "/" not in version.text:
        version.invalid("apiVersion must specify API group")
    for metric in spec["metrics"].items():
        _metric(metric)
    for direction in ("scaleUp", "scaleDown"):
        _behaviour(spec["behavior"][direction])
    average = spec["targetCPUUtilizationPercentage"]
    if average.number is not None and average.number < 1:
        average.invalid("must be greater than 0")


def _metric(metric: At) -> None:
    kind = metric["type"]
    if not kind.needed("must specify a metric source type") or not kind.one_of(*_METRIC_SOURCES):
        return
    wanted = _METRIC_SOURCES[kind.text]
    source = metric[wanted]
    if not source.given:
        source.required(f"must populate information for the given metric source: {kind.text}")
    for name in _METRIC_SOURCES.values():
        if name != wanted and metric[name].given:
            metric[name].forbidden("must populate the given metric source only")
    if not source.given:
        return
    if wanted in ("resource", "containerResource"):
        source["name"].needed("must specify a resource name")
        if wanted == "containerResource":
            source["container"].needed("must specify a container")
    else:
        if source["metric"]["name"].needed("must specify a metric name"):
            source["metric"]["name"].fits(naming.path_segment(source["metric"]["name"].text))
        check_selector(source["metric"]["selector"])
    if wanted == "object":
        for name in ("kind", "name"):
            source["describedObject"][name].needed()
    _target(source["target"], wanted)


def _target(target: At, source: str) -> None:
    if not target["type"].needed("must specify a metric target type"):
        return
    target["type"].one_of("AverageValue", "Utilization", "Value")
    values = {name: target[name] for name in ("averageUtilization", "averageValue", "value")}
    utilization = values["averageUtilization"]
    if utilization.number is not None and utilization.number < 1:
        utilization.invalid("must be greater than 0")
    for name in ("averageValue", "value"):
        amount = values[name].quantity() if values[name].given else None
        if amount is not None and amount <= 0:
            values[name].invalid("must be positive")
    if source in ("resource", "containerResource"):
        if not utilization.given and not values["averageValue"].given:
            utilization.required("must set either a target raw value or a target utilization")
        if utilization.given and values["averageValue"].given:
            values["averageValue"].forbidden("may not set both a target raw value and a target utilization")
    elif source == "pods" and not values["averageValue"].given:
        values["averageValue"].required("must specify a positive target averageValue")
    elif source in ("object", "external"):
        if not values["value"].given and not values["averageValue"].given:
            values["averageValue"].required("must set either a target value for metric or a per-pod target")
        elif source == "external" and values["value"].given and values["averageValue"].given:
            values["value"].forbidden("may not set both a target value for metric and a per-pod target")


def _behaviour(rules: At) -> None:
    window = rules["stabilizationWindowSeconds"]
    window.at_least(0)
    if (window.number or 0) > _WINDOW_LIMIT:
        window.invalid(f"must be less than or equal to {_WINDOW_LIMIT}")
    rules["selectPolicy"].one_of("Disabled", "Max", "Min")
    if rules.given and rules["policies"].value == []:
        rules["policies"].required("must specify at least one Policy")
    for policy in rules["policies"].items():
        policy["type"].one_of("Percent", "Pods")
        if policy["value"].number is not None and policy["value"].number < 1:
            policy["value"].invalid("must be greater than zero")
        period = policy["periodSeconds"]
        if period.number is not None and period.number < 1:
            period.invalid("must be greater than zero")
        elif (period.number or 0) > _PERIOD_LIMIT:
            period.invalid(f"must be less than or equal to {_PERIOD_LIMIT}")


def budget(obj: At) -> None:
    """Check a PodDisruptionBudget."""
    spec = obj["spec"]
    least, most = spec["minAvailable"], spec["maxUnavailable"]
    if least.given and most.given:
        spec.invalid("minAvailable and maxUnavailable cannot be both set")
    for amount in (least, most):
        if amount.given:
            amount.amount_or_percent()
            amount.at_most_all()
    check_selector(spec["selector"])
    spec["unhealthyPodEvictionPolicy"].one_of("AlwaysAllow", "IfHealthyBudget")


def quota(obj: At) -> None:
    """Check a ResourceQuota."""
    spec = obj["spec"]
    for name, amount in spec["hard"].entries():
        if problem := naming.qualified(name):
            amount.report("FieldValueInvalid", f'Invalid value: "{name}": {problem}')
        elif "/" not in name and not _is_quota_resource(name):
            amount.report("FieldValueInvalid", f'Invalid value: "{name}": must be a standard resource for quota')
        amount.not_negative_quantity()
        if amount.quantity() is not None and amount.quantity().denominator != 1 and name in _COUNTED:
            amount.invalid("must be an integer")
    for scope in spec["scopes"].items():
        if scope.text not in _SCOPES:
            scope.alias(spec["scopes"].path).invalid("unsupported scope")
    scopes = {scope.text for scope in spec["scopes"].items()}
    for pair in ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}):
        if pair <= scopes:
            spec["scopes"].invalid("conflicting scopes")
    for expression in spec["scopeSelector"]["matchExpressions"].items():
        _scope_expression(expression)


def _scope_expression(expression: At) -> None:
    operator, values = expression["operator"], expression["values"]
    if expression["scopeName"].text not in _SCOPES:
        expression["scopeName"].invalid("unsupported scope")
    if operator.text in ("In", "NotIn") and not values:
        values.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
    elif operator.text in ("Exists", "DoesNotExist") and values:
        values.invalid("must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector")
    elif operator.text not in ("In", "NotIn", "Exists", "DoesNotExist"):
        operator.invalid("not a valid selector operator")


_COUNTED = frozenset({
    "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services",
    "services.loadbalancers", "services.nodeports",
})  # fmt: skip
_MEASURED = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})


def _is_quota_resource(name: str) -> bool:
    if name in _COUNTED | _MEASURED:
        return True
    head, dot, rest = name.partition(".")
    if head == "count":
        return bool(dot and rest)
    return (
        head in ("requests", "limits")
        and (rest in ("cpu", "memory", "ephemeral-storage", "storage") or rest.startswith("hugepages-"))
    ) or name.startswith("hugepages-")


def limit_range(obj: At) -> None:
    """Check a LimitRange."""
    types: set[str] = set()
    for item in obj["spec"]["limits"].items():
        kind = item["type"]
        if kind.needed():
            if kind.text in types:
                kind.duplicate()
            types.add(kind.text)
            if kind.text not in ("Pod", "Container", "PersistentVolumeClaim") and "/" not in kind.text:
                kind.invalid("must be a standard limit type or fully qualified")
        _limits(item, kind.text)


def _limits(item: At, kind: str) -> None:
    groups = ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")
    if kind == "Pod":
        for name in ("default", "defaultRequest"):
            if item[name]:
                item[name].forbidden("may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not item["min"].map.get("storage") and not item["max"].map.get("storage"):
        item.required("either minimum or maximum storage value is required, but neither was provided")
    for group in groups:
        for name, amount in item[group].entries():
            if problem := naming.qualified(name):
                amount.report("FieldValueInvalid", f'Invalid value: "{name}": {problem}')
            elif "/" not in name and name not in _MEASURED and not name.startswith("hugepages-"):
                text = f'Invalid value: "{name}": must be a standard resource type or fully qualified'
                amount.report("FieldValueInvalid", text)
    for name in {key for group in groups for key in item[group].map}:
        _ordered(item, name)


def _ordered(item: At, name: str) -> None:
    amounts = {group: item[group][name].quantity() for group in ("min", "defaultRequest", "default", "max")
               if item[group][name].given}  # fmt: skip
    order = ("min", "defaultRequest", "default", "max")
    for position, low in enumerate(order):
        for high in order[position + 1 :]:
            lower, upper = amounts.get(low), amounts.get(high)
            if lower is not None and upper is not None and lower > upper:
                item[low][name].invalid(f"{low} value {item[low][name].value} is greater than {high} value "
                                        f"{item[high][name].value}")  # fmt: skip
    ratio = item["maxLimitRequestRatio"][name]
    amount = ratio.quantity() if ratio.given else None
    if amount is not None:
        if amount < 1:
            ratio.invalid(f"ratio {ratio.value} is less than 1")
        least, most = amounts.get("min"), amounts.get("max")
        if least and most and amount > most / least:
            ratio.invalid(f"ratio {ratio.value} is greater than max/min = {float(most / least):f}")


def priority_class(obj: At) -> None:
    """Check a PriorityClass."""
    value = obj["value"]
    name = obj["metadata"]["name"]
    if name.text.startswith("system-"):
        if name.text not in ("system-cluster-critical", "system-node-critical"):
            name.forbidden("priority class names with 'system-' prefix are reserved for system use only. "
                           "error: priority class is not known as a system priority class")  # fmt: skip
    elif (value.number or 0) > _PRIORITY_LIMIT:
        value.forbidden(f"maximum allowed value of a user defined priority is {_PRIORITY_LIMIT}")
    obj["preemptionPolicy"].one_of("Never", "PreemptLowerPriority")


def lease(obj: At) -> None:
    """Check a Lease."""
    spec = obj["spec"]
    spec["leaseDurationSeconds"].at_least(1)
    spec["leaseTransitions"].at_least(0)


RULES: dict[str, Callable[[At], None]] = {
    "HorizontalPodAutoscaler.autoscaling": autoscaler,
    "PodDisruptionBudget.policy": budget,
    "ResourceQuota.": quota,
    "LimitRange.": limit_range,
    "Lease.coordination.k8s.io": lease,
    "PriorityClass.scheduling.k8s.io": priority_class,
}
