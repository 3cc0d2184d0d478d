"""Descriptions of autoscalers, budgets, quotas, limits, namespaces and access rules."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.resources.describe.common import conditions, identity, moment, selector_line
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.describe.workloads import Related
from k9py.resources.model import Tone
from k9py.resources.scaling import AutoscalerObject, metric_texts


def autoscaler(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe an autoscaler: what it measures against which goal, its bounds, behaviour and conditions."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Created", moment(at(obj, "metadata", "creationTimestamp"), now))
    page.pair("Reference", f"{at(spec, 'scaleTargetRef', 'kind')}/{at(spec, 'scaleTargetRef', 'name')}")
    try:
        texts = metric_texts(msgspec.convert(obj, AutoscalerObject))
    except msgspec.ValidationError:
        texts = [shown(one) for one in items(spec, "metrics")]
    page.several("Metrics (now / goal)", texts)
    page.pair("Min replicas", spec.get("minReplicas"), absent="<unset>")
    page.pair("Max replicas", spec.get("maxReplicas"))
    for title, key in (("Scale Up", "scaleUp"), ("Scale Down", "scaleDown")):
        rules = fields(spec, "behavior", key)
        if rules:
            page.several(title, _behaviour(rules))
    now_replicas, wanted = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
    tone = Tone.ACCENT if now_replicas != wanted else Tone.PLAIN
    page.pair("Pods", f"{now_replicas} current / {wanted} desired", tone=tone)
    page.optional("Last Scale", moment(status["lastScaleTime"], now) if status.get("lastScaleTime") else "")
    page.blank()
    conditions(page, obj, now)


def _behaviour(rules: dict[str, Any]) -> list[str]:
    texts = []
    if rules.get("stabilizationWindowSeconds") is not None:
        texts.append(f"stabilization window {rules['stabilizationWindowSeconds']}s")
    for one in items(rules, "policies"):
        unit = "percent" if at(one, "type") == "Percent" else "pods"
        texts.append(f"{at(one, 'value')} {unit} every {at(one, 'periodSeconds')}s")
    if rules.get("selectPolicy"):
        texts.append(f"of these the {str(rules['selectPolicy']).lower()}")
    return texts


def budget(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a disruption budget."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.optional("Min available", spec.get("minAvailable"))
    page.optional("Max unavailable", spec.get("maxUnavailable"))
    page.pair("Selector", selector_line(spec.get("selector")))
    page.optional("Unhealthy Pod Eviction", spec.get("unhealthyPodEvictionPolicy"))
    allowed = status.get("disruptionsAllowed", 0)
    page.pair("Allowed disruptions", allowed, tone=Tone.PLAIN if allowed else Tone.WARN)
    page.pair("Current", status.get("currentHealthy", 0))
    page.pair("Desired", status.get("desiredHealthy", 0))
    page.pair("Total", status.get("expectedPods", 0))
    page.blank()
    conditions(page, obj, now)


def _usage_table(page: Page, obj: dict[str, Any]) -> None:
    hard, used = fields(obj, "status", "hard") or fields(obj, "spec", "hard"), fields(obj, "status", "used")
    rows = [(name, shown(used.get(name), "0"), shown(hard[name])) for name in sorted(hard)]
    page.table(("RESOURCE", "USED", "HARD"), rows, lambda row: Tone.WARN if row[1] == row[2] else Tone.PLAIN)


def quota(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a resource quota."""
    identity(page, obj)
    page.optional("Scopes", ", ".join(map(str, items(obj, "spec", "scopes"))))
    page.blank()
    _usage_table(page, obj)


def limit_range(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a limit range."""
    identity(page, obj)
    page.blank()
    _limits_table(page, obj)


def _limits_table(page: Page, obj: dict[str, Any]) -> None:
    keys = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
    rows = []
    for limit in items(obj, "spec", "limits"):
        names = sorted({name for key in keys for name in fields(limit, key)})
        rows += [
            (shown(at(limit, "type")), name, *(shown(at(limit, key, name), "-") for key in keys)) for name in names
        ]
    page.table(("TYPE", "RESOURCE", "MIN", "MAX", "DEFAULT REQUEST", "DEFAULT LIMIT", "MAX LIMIT/REQUEST"), rows)


def namespace(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a namespace with its quotas and limit ranges."""
    identity(page, obj)
    phase = shown(at(obj, "status", "phase"), "")
    page.pair("Status", phase, tone=Tone.PLAIN if phase == "Active" else Tone.WARN)
    page.several("Finalizers", [str(one) for one in items(obj, "spec", "finalizers")])
    page.blank()
    conditions(page, obj, now)
    for kind, title, table in (
        ("resourcequotas", "Resource Quota", _usage_table),
        ("limitranges", "Limit Range", _limits_table),
    ):
        found = related.get(kind)
        if found is None:
            continue
        for one in found:
            with page.section(f"{title} {at(one, 'metadata', 'name')}"):
                table(page, one)
        if not found:
            page.text(f"No {title.lower()}.", tone=Tone.DIM)


def service_account(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a service account."""
    identity(page, obj)
    page.several("Image pull secrets", [shown(at(one, "name")) for one in items(obj, "imagePullSecrets")])
    page.several("Mountable secrets", [shown(at(one, "name")) for one in items(obj, "secrets")])
    page.optional("Mounts its token", obj.get("automountServiceAccountToken"))


def role(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a role or cluster role: its rules as a table."""
    identity(page, obj)
    selectors = [selector_line(one) for one in items(obj, "aggregationRule", "clusterRoleSelectors")]
    if selectors:
        page.several("Aggregates roles labelled", selectors)
    page.blank()
    with page.section("Rules"):
        rows = []
        for rule in items(obj, "rules"):
            groups = items(rule, "apiGroups") or [""]
            names = [
                resource + (f".{group}" if group else "") for group in groups for resource in items(rule, "resources")
            ]
            urls = ",".join(map(str, items(rule, "nonResourceURLs")))
            limited = ",".join(map(str, items(rule, "resourceNames")))
            verbs = ",".join(map(str, items(rule, "verbs")))
            rows += [(name, urls, limited, verbs) for name in names or [""]]
        page.table(("RESOURCES", "NON-RESOURCE URLS", "RESOURCE NAMES", "VERBS"), sorted(rows))


def binding(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a role binding or cluster role binding."""
    identity(page, obj)
    page.pair("Role", f"{at(obj, 'roleRef', 'kind')}/{at(obj, 'roleRef', 'name')}")
    page.blank()
    with page.section("Subjects"):
        rows = [
            (shown(at(one, "kind")), shown(at(one, "name")), shown(at(one, "namespace"), ""))
            for one in items(obj, "subjects")
        ]
        page.table(("KIND", "NAME", "NAMESPACE"), rows)


def event(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe an event."""
    identity(page, obj)
    involved = fields(obj, "involvedObject") or fields(obj, "regarding")
    where = f"{involved['namespace']}/" if involved.get("namespace") else ""
    page.pair("Object", f"{involved.get('kind')} {where}{involved.get('name')}")
    page.optional("Part", involved.get("fieldPath"))
    kind = shown(obj.get("type"), "")
    page.pair("Type", kind, tone=Tone.PLAIN if kind == "Normal" else Tone.WARN)
    page.pair("Reason", obj.get("reason"))
    page.pair("Message", shown(obj.get("message") or obj.get("note"), ""))
    page.pair("First Seen", moment(obj.get("firstTimestamp") or obj.get("eventTime"), now))
    last = at(obj, "series", "lastObservedTime") or obj.get("lastTimestamp") or obj.get("eventTime")
    page.pair("Last Seen", moment(last, now))
    page.pair("Count", at(obj, "series", "count") or obj.get("count") or 1)
    page.pair("Source", at(obj, "source", "component") or obj.get("reportingComponent"))
    page.optional("Action", obj.get("action"))
