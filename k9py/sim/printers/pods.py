"""Cells of pods and pod templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k9py.core import ages
from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    Printer,
    age,
    condition,
    containers,
    created,
    deleting,
    is_true,
    labels_text,
    name,
    spec,
    status,
)


class _Restarts:
    """A count of restarts and when the last container ended before one."""

    def __init__(self) -> None:
        self.count = 0
        self.latest = ""

    def add(self, container: Mapping[str, Any]) -> None:
        self.count += int(container.get("restartCount") or 0)
        ended = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
        if ages.time_or_zero(ended) > ages.time_or_zero(self.latest):
            self.latest = ended

    def text(self, now: float) -> str:
        if self.count and self.latest:
            return f"{self.count} ({age(self.latest, now)} ago)"
        return str(self.count)


def _ended(terminated: Mapping[str, Any]) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


class _Summary:
    """READY, STATUS and RESTARTS of a pod, worked out together."""

    def __init__(self, pod: Object) -> None:
        self.spec, self.status = spec(pod), status(pod)
        self.conditions = self.status.get("conditions")
        self.sidecars = {
            item["name"] for item in self.spec.get("initContainers") or () if item.get("restartPolicy") == "Always"
        }
        self.total = len(self.spec.get("containers") or ()) + len(self.sidecars)
        self.ready = 0
        self.reason = str(self.status.get("reason") or self.status.get("phase") or "")
        self.restarts = _Restarts()
        scheduled = condition(self.conditions, "PodScheduled")
        if scheduled is not None and scheduled.get("reason") == "SchedulingGated":
            self.reason = "SchedulingGated"
        self.sidecar_restarts = _Restarts()
        initializing = self._init_containers()
        if not initializing or is_true(self.conditions, "Initialized"):
            self.restarts = self.sidecar_restarts
            self._main_containers()
        if deleting(pod):
            if self.status.get("reason") == "NodeLost":
                self.reason = "Unknown"
            elif self.status.get("phase") not in ("Succeeded", "Failed"):
                self.reason = "Terminating"

    def _init_containers(self) -> bool:
        total = len(self.spec.get("initContainers") or ())
        for position, container in enumerate(self.status.get("initContainerStatuses") or ()):
            state = container.get("state") or {}
            terminated = state.get("terminated")
            waiting = (state.get("waiting") or {}).get("reason")
            self.restarts.add(container)
            sidecar = container["name"] in self.sidecars
            if sidecar:
                self.sidecar_restarts.add(container)
            if terminated is not None and not terminated.get("exitCode"):
                continue
            if sidecar and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated is not None:
                self.reason = f"Init:{_ended(terminated)}"
            elif waiting and waiting != "PodInitializing":
                self.reason = f"Init:{waiting}"
            else:
                self.reason = f"Init:{position}/{total}"
            return True
        return False

    def _main_containers(self) -> None:
        running, failure = False, ""
        for container in reversed(self.status.get("containerStatuses") or ()):
            state = container.get("state") or {}
            self.restarts.add(container)
            waiting = (state.get("waiting") or {}).get("reason")
            terminated = state.get("terminated")
            if waiting:
                self.reason = waiting
            elif terminated is not None:
                self.reason = _ended(terminated)
                if terminated.get("exitCode"):
                    failure = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            if running and is_true(self.conditions, "Ready"):
                self.reason = "Running"
            elif failure:
                self.reason = failure
            elif running:
                self.reason = "NotReady"


def _gates(pod: Object) -> str:
    gates = spec(pod).get("readinessGates")
    if not gates:
        return NONE
    conditions = status(pod).get("conditions")
    return f"{sum(is_true(conditions, gate['conditionType']) for gate in gates)}/{len(gates)}"


def pod_cells(pod: Object, now: float) -> list[Any]:
    """Return name, ready, status, restarts, age, IP, node, nominated node, readiness gates."""
    summary = _Summary(pod)
    addresses = summary.status.get("podIPs") or [{}]
    return [
        name(pod),
        f"{summary.ready}/{summary.total}",
        summary.reason,
        summary.restarts.text(now),
        created(pod, now),
        addresses[0].get("ip") or NONE,
        summary.spec.get("nodeName") or NONE,
        summary.status.get("nominatedNodeName") or NONE,
        _gates(pod),
    ]


def row_conditions(pod: Object) -> list[dict[str, str]] | None:
    """Return what a Table row of a finished pod carries."""
    phase = status(pod).get("phase")
    if phase == "Succeeded":
        message = "The pod has completed successfully."
    elif phase == "Failed":
        message = "The pod failed."
    else:
        return None
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def _template(obj: Object, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [name(obj), *containers(template), labels_text((template.get("metadata") or {}).get("labels"))]


PRINTERS: dict[str, Printer] = {"pods": pod_cells, "podtemplates": _template}
