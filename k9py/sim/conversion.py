"""Objects between the versions one resource is served in: autoscaling v1 and v2, and the two kinds of Event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k9py.sim.objects import Object


def convert(obj: Object, *, to: str, kind: str) -> Object:
    """Return an object in another version of its kind; versions of equal shape only change their name."""
    source = str(obj.get("apiVersion", ""))
    if source == to:
        return obj
    change = _CONVERSIONS.get((kind, source, to))
    converted = change(obj) if change else dict(obj)
    return {"kind": kind, "apiVersion": to, **{k: v for k, v in converted.items() if k not in ("kind", "apiVersion")}}


def _hpa_to_v1(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    status = dict(obj.get("status") or {})
    metrics = spec.pop("metrics", None) or []
    spec.pop("behavior", None)
    for metric in metrics:
        if (metric.get("resource") or {}).get("name") == "cpu":
            target = metric["resource"].get("target") or {}
            if "averageUtilization" in target:
                spec["targetCPUUtilizationPercentage"] = target["averageUtilization"]
    for metric in status.pop("currentMetrics", None) or []:
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu" and "averageUtilization" in (resource.get("current") or {}):
            status["currentCPUUtilizationPercentage"] = resource["current"]["averageUtilization"]
    status.pop("conditions", None)
    return {**obj, "spec": spec, "status": status}


def _hpa_to_v2(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    status = dict(obj.get("status") or {})
    status.pop("currentCPUUtilizationPercentage", None)
    return {**obj, "spec": spec, "status": status}


_EVENT_RENAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "source": "deprecatedSource",
    "reportingComponent": "reportingController",
}


def _rename(obj: Object, names: dict[str, str]) -> Object:
    return {names.get(key, key): value for key, value in obj.items()}


def _event_to_new(obj: Object) -> Object:
    return _rename(obj, _EVENT_RENAMES)


def _event_to_core(obj: Object) -> Object:
    return _rename(obj, {new: old for old, new in _EVENT_RENAMES.items()})


_CONVERSIONS: dict[tuple[str, str, str], Callable[[Object], dict[str, Any]]] = {
    ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1"): _hpa_to_v1,
    ("HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2"): _hpa_to_v2,
    ("Event", "v1", "events.k8s.io/v1"): _event_to_new,
    ("Event", "events.k8s.io/v1", "v1"): _event_to_core,
}
