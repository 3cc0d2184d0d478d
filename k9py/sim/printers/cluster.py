"""Cells of nodes, namespaces, configuration, quotas and the cluster's own machinery."""

from __future__ import annotations

from typing import Any

from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    UNKNOWN,
    Printer,
    age,
    condition,
    created,
    deleting,
    is_true,
    name,
    name_and_age,
    spec,
    status,
)

_ROLE_PREFIX = "node-role.kubernetes.io/"


def _roles(obj: Object) -> str:
    roles = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == "kubernetes.io/role":
            roles.add(value)
    return ",".join(sorted(filter(None, roles))) or NONE


def _address(obj: Object, kind: str) -> str:
    addresses = status(obj).get("addresses") or ()
    return next((item["address"] for item in addresses if item["type"] == kind), NONE)


def _node(obj: Object, now: float) -> list[Any]:
    conditions = status(obj).get("conditions")
    state = "Unknown"
    if condition(conditions, "Ready") is not None:
        state = "Ready" if is_true(conditions, "Ready") else "NotReady"
    if spec(obj).get("unschedulable"):
        state += ",SchedulingDisabled"
    info = status(obj).get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name(obj),
        state,
        _roles(obj),
        created(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        kernel,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _namespace(obj: Object, now: float) -> list[Any]:
    return [name(obj), status(obj).get("phase", ""), created(obj, now)]


def _secret(obj: Object, now: float) -> list[Any]:
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), created(obj, now)]


def _config_map(obj: Object, now: float) -> list[Any]:
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), created(obj, now)]


def _quota(obj: Object, now: float) -> list[Any]:
    hard, used = status(obj).get("hard") or {}, status(obj).get("used") or {}
    texts: dict[bool, list[str]] = {True: [], False: []}
    for resource in sorted(hard):
        texts[resource.startswith("limits.")].append(f"{resource}: {used.get(resource, '0')}/{hard[resource]}")
    return [name(obj), ", ".join(texts[False]), ", ".join(texts[True]), created(obj, now)]


def _component(obj: Object, now: float) -> list[Any]:
    found = condition(obj.get("conditions"), "Healthy")
    if found is None:
        return [name(obj), "Unknown", "", ""]
    healthy = "Healthy" if found.get("status") == "True" else "Unhealthy"
    return [name(obj), healthy, found.get("message", ""), found.get("error", "")]


def _lease(obj: Object, now: float) -> list[Any]:
    return [name(obj), spec(obj).get("holderIdentity") or "", created(obj, now)]


def _priority_class(obj: Object, now: float) -> list[Any]:
    default = bool(obj.get("globalDefault"))
    return [name(obj), obj.get("value", 0), default, created(obj, now), obj.get("preemptionPolicy", "")]


def _runtime_class(obj: Object, now: float) -> list[Any]:
    return [name(obj), obj.get("handler", ""), created(obj, now)]


def _flow_schema(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    dangling = condition(status(obj).get("conditions"), "Dangling")
    return [
        name(obj),
        (wanted.get("priorityLevelConfiguration") or {}).get("name", ""),
        wanted.get("matchingPrecedence", 0),
        (wanted.get("distinguisherMethod") or {}).get("type") or NONE,
        created(obj, now),
        dangling["status"] if dangling else "?",
    ]


def _priority_level(obj: Object, now: float) -> list[Any]:
    limited = spec(obj).get("limited")
    cells: list[Any] = [NONE] * 4
    if limited:
        cells[0] = limited.get("nominalConcurrencyShares")
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing:
            cells[1:] = [queuing.get("queues"), queuing.get("handSize"), queuing.get("queueLengthLimit")]
    return [name(obj), spec(obj).get("type", ""), *cells, created(obj, now)]


def _custom_kind(obj: Object, now: float) -> list[Any]:
    return [name(obj), obj["metadata"].get("creationTimestamp")]


def _api_service(obj: Object, now: float) -> list[Any]:
    service = spec(obj).get("service")
    where = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    available = condition(status(obj).get("conditions"), "Available")
    text = "Unknown"
    if available:
        text = str(available.get("status"))
        if text != "True" and available.get("reason"):
            text = f"{text} ({available['reason']})"
    return [name(obj), where, text, created(obj, now)]


def _resource_claim(obj: Object, now: float) -> list[Any]:
    allocation = status(obj).get("allocation")
    states = ["deleted"] if deleting(obj) else []
    if allocation is not None:
        states.append("allocated")
        if status(obj).get("reservedFor"):
            states.append("reserved")
    elif not deleting(obj):
        states.append("pending")
    return [name(obj), ",".join(states), created(obj, now)]


def _resource_slice(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    pool = (wanted.get("pool") or {}).get("name", "")
    return [name(obj), wanted.get("nodeName", ""), wanted.get("driver", ""), pool, created(obj, now)]


def _taint_rule(obj: Object, now: float) -> list[Any]:
    taint = spec(obj).get("taint") or {}
    added = age(taint["timeAdded"], now) if taint.get("timeAdded") else ""
    texts = [taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")]
    return [name(obj), *texts, added, created(obj, now)]


PRINTERS: dict[str, Printer] = {
    "nodes": _node,
    "namespaces": _namespace,
    "secrets": _secret,
    "configmaps": _config_map,
    "serviceaccounts": name_and_age,
    "resourcequotas": _quota,
    "componentstatuses": _component,
    "leases.coordination.k8s.io": _lease,
    "priorityclasses.scheduling.k8s.io": _priority_class,
    "runtimeclasses.node.k8s.io": _runtime_class,
    "flowschemas.flowcontrol.apiserver.k8s.io": _flow_schema,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": _priority_level,
    "customresourcedefinitions.apiextensions.k8s.io": _custom_kind,
    "apiservices.apiregistration.k8s.io": _api_service,
    "deviceclasses.resource.k8s.io": name_and_age,
    "resourceclaims.resource.k8s.io": _resource_claim,
    "resourceclaimtemplates.resource.k8s.io": name_and_age,
    "resourceslices.resource.k8s.io": _resource_slice,
    "devicetaintrules.resource.k8s.io": _taint_rule,
}
