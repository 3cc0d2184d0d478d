"""Cells of workloads and autoscalers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k9py.core import ages
from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    UNKNOWN,
    UNSET,
    Printer,
    age,
    containers,
    created,
    deleting,
    is_true,
    labels_text,
    name,
    selector_text,
    spec,
    status,
)

_HPA_METRICS_SHOWN = 2


def _deployment(obj: Object, now: float) -> list[Any]:
    wanted, have = spec(obj), status(obj)
    return [
        name(obj),
        f"{have.get('readyReplicas', 0)}/{wanted.get('replicas', 0)}",
        have.get("updatedReplicas", 0),
        have.get("availableReplicas", 0),
        created(obj, now),
        *containers(wanted.get("template")),
        selector_text(wanted.get("selector"), empty=""),
    ]


def _replicas(obj: Object, now: float) -> list[Any]:
    wanted, have = spec(obj), status(obj)
    counts = [wanted.get("replicas", 0), have.get("replicas", 0), have.get("readyReplicas", 0)]
    return [name(obj), *counts, created(obj, now), *containers(wanted.get("template"))]


def _replica_set(obj: Object, now: float) -> list[Any]:
    return [*_replicas(obj, now), selector_text(spec(obj).get("selector"))]


def _replication_controller(obj: Object, now: float) -> list[Any]:
    return [*_replicas(obj, now), labels_text(spec(obj).get("selector"))]


def _stateful_set(obj: Object, now: float) -> list[Any]:
    ready = f"{status(obj).get('readyReplicas', 0)}/{spec(obj).get('replicas', 0)}"
    return [name(obj), ready, created(obj, now), *containers(spec(obj).get("template"))]


def _daemon_set(obj: Object, now: float) -> list[Any]:
    have, template = status(obj), spec(obj).get("template") or {}
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        name(obj),
        *(have.get(field, 0) for field in counts),
        labels_text((template.get("spec") or {}).get("nodeSelector")),
        created(obj, now),
        *containers(template),
        selector_text(spec(obj).get("selector")),
    ]


def _job_status(obj: Object) -> str:
    conditions = status(obj).get("conditions")
    if is_true(conditions, "Complete"):
        return "Complete"
    if is_true(conditions, "Failed"):
        return "Failed"
    if deleting(obj):
        return "Terminating"
    shown = {"Suspended": "Suspended", "FailureTarget": "FailureTarget", "SuccessCriteriaMet": "SuccessCriteriaMet"}
    return next((text for kind, text in shown.items() if is_true(conditions, kind)), "Running")


def _job_duration(obj: Object, now: float) -> str:
    started = status(obj).get("startTime")
    if not started:
        return ""
    ended = status(obj).get("completionTime")
    until = ages.time_or_zero(ended) if ended else now
    return ages.human(until - ages.time_or_zero(started))


def _job(obj: Object, now: float) -> list[Any]:
    wanted, done = spec(obj), status(obj).get("succeeded", 0)
    parallel = wanted.get("parallelism") or 0
    if wanted.get("completions") is not None:
        completions = f"{done}/{wanted['completions']}"
    elif parallel > 1:
        completions = f"{done}/1 of {parallel}"
    else:
        completions = f"{done}/1"
    return [
        name(obj),
        _job_status(obj),
        completions,
        _job_duration(obj, now),
        created(obj, now),
        *containers(wanted.get("template")),
        selector_text(wanted.get("selector")),
    ]


def _cron_job(obj: Object, now: float) -> list[Any]:
    wanted, have = spec(obj), status(obj)
    suspend = wanted.get("suspend")
    job = (wanted.get("jobTemplate") or {}).get("spec") or {}
    return [
        name(obj),
        wanted.get("schedule", ""),
        wanted.get("timeZone") or NONE,
        UNSET if suspend is None else str(suspend),
        len(have.get("active") or ()),
        age(have["lastScheduleTime"], now) if have.get("lastScheduleTime") else NONE,
        created(obj, now),
        *containers(job.get("template")),
        selector_text(job.get("selector")),
    ]


def _metric_source(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = str(metric.get("type", ""))
    found: Mapping[str, Any] = metric.get(kind[:1].lower() + kind[1:]) or {}
    return found


def _metric_text(metric: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    source = _metric_source(metric)
    target = source.get("target") or {}
    have = _metric_source(current).get("current") or {}
    kind = metric.get("type")
    if kind in ("Resource", "ContainerResource"):
        if target.get("averageValue") is not None:
            return f"{source['name']}: {have.get('averageValue', UNKNOWN)}/{target['averageValue']}"
        used = have.get("averageUtilization")
        wanted = target.get("averageUtilization")
        shown = UNKNOWN if used is None else f"{used}%"
        return f"{source['name']}: {shown}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if kind == "Pods":
        return f"{have.get('averageValue', UNKNOWN)}/{target.get('averageValue')}"
    if kind in ("Object", "External"):
        if target.get("averageValue") is not None:
            return f"{have.get('averageValue', UNKNOWN)}/{target['averageValue']} (avg)"
        return f"{have.get('value', UNKNOWN)}/{target.get('value')}"
    return "<unknown type>"


def _autoscaler(obj: Object, now: float) -> list[Any]:
    wanted, have = spec(obj), status(obj)
    metrics = wanted.get("metrics") or []
    currents = have.get("currentMetrics") or []
    texts = [
        _metric_text(metric, currents[position] if position < len(currents) else {})
        for position, metric in enumerate(metrics)
    ]
    shown = ", ".join(texts[:_HPA_METRICS_SHOWN]) or NONE
    if len(texts) > _HPA_METRICS_SHOWN:
        shown = f"{shown} + {len(texts) - _HPA_METRICS_SHOWN} more..."
    target = wanted.get("scaleTargetRef") or {}
    least = wanted.get("minReplicas")
    return [
        name(obj),
        f"{target.get('kind')}/{target.get('name')}",
        shown,
        UNSET if least is None else str(least),
        wanted.get("maxReplicas", 0),
        have.get("currentReplicas", 0),
        created(obj, now),
    ]


def _revision(obj: Object, now: float) -> list[Any]:
    owner = next((ref for ref in obj["metadata"].get("ownerReferences") or () if ref.get("controller")), None)
    text = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = f"{owner['kind']}.{group}" if group else owner["kind"]
        text = f"{kind.lower()}/{owner['name']}"
    return [name(obj), text, obj.get("revision", 0), created(obj, now)]


PRINTERS: dict[str, Printer] = {
    "deployments.apps": _deployment,
    "replicasets.apps": _replica_set,
    "replicationcontrollers": _replication_controller,
    "statefulsets.apps": _stateful_set,
    "daemonsets.apps": _daemon_set,
    "jobs.batch": _job,
    "cronjobs.batch": _cron_job,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "controllerrevisions.apps": _revision,
}
