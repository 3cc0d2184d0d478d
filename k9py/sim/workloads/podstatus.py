"""Composing a pod's status from its containers, as the kubelet does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k9py.sim.objects import timestamp
from k9py.sim.workloads.containerlife import ContainerLife

if TYPE_CHECKING:
    from k9py.sim.workloads.podlife import PodLife

Object = dict[str, Any]


def compose(life: PodLife, now: float) -> Object:
    """Return the whole status."""
    old = life.pod.get("status") or {}
    phase = _phase(life)
    status: Object = {"phase": phase}
    generation = life.pod["metadata"].get("generation")
    if generation:
        status["observedGeneration"] = generation
    reason, message = life.phase_reason
    if reason:
        status |= {"reason": reason, "message": message}
    status["conditions"] = _conditions(life, phase, old, now)
    status |= {"hostIP": life.node_life.ip, "hostIPs": [{"ip": life.node_life.ip}]}
    if life.ip:
        status |= {"podIP": life.ip, "podIPs": [{"ip": life.ip}]}
    status["startTime"] = timestamp(life.start_time)
    if life.init:
        status["initContainerStatuses"] = [container_status(item) for item in life.init]
    status["containerStatuses"] = [container_status(item) for item in life.main]
    if life.ephemeral:
        status["ephemeralContainerStatuses"] = [container_status(item) for item in life.ephemeral]
    status["qosClass"] = old.get("qosClass") or qos_class(life.pod)
    return status


def container_status(item: ContainerLife) -> Object:
    """Return one entry of containerStatuses."""
    status: Object = {
        "name": item.name,
        "state": item.state,
        "lastState": item.last,
        "ready": item.ready,
        "restartCount": item.restarts,
        "image": item.spec.get("image", ""),
        "imageID": "",
        "started": item.started if item.kind != "init" else item.running,
    }
    if item.container_id and item.image:
        status |= {
            "image": item.image.canonical,
            "imageID": item.image.image_id,
            "containerID": item.container_id,
        }
    if item.running:
        resources = item.spec.get("resources") or {}
        if resources.get("requests"):
            status["allocatedResources"] = resources["requests"]
        status["resources"] = resources
    return status


def _phase(life: PodLife) -> str:
    if life.phase_reason[0]:
        return "Failed"
    if any(item.kind == "init" and item.finished and not item.succeeded for item in life.init):
        return "Failed"
    if all(item.finished for item in life.main):
        return "Succeeded" if all(item.succeeded for item in life.main) else "Failed"
    if any(_init_pending(item) for item in life.init):
        return "Pending"
    if all("waiting" in item.state and not item.last and not item.restarts for item in life.main):
        return "Pending"
    if any("waiting" in item.state and not item.last for item in life.main):
        return "Pending"
    return "Running"


def _init_pending(item: ContainerLife) -> bool:
    return not item.started if item.kind == "sidecar" else not item.succeeded


def _conditions(life: PodLife, phase: str, old: Object, now: float) -> list[Object]:
    unready = [item.name for item in (*life.init, *life.main) if item.kind in ("main", "sidecar") and not item.ready]
    uninitialised = [item.name for item in life.init if _init_pending(item)]
    done = phase == "Succeeded"
    not_ready = ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    if phase == "Failed":
        not_ready = ("PodFailed", "")
    elif done:
        not_ready = ("PodCompleted", "")
    ready = not unready and not uninitialised and not done and phase == "Running"
    if not ready and not unready and not done and phase != "Failed":
        not_ready = ("ContainersNotReady", "")
    initialised: tuple[bool, str, str] = (not uninitialised, "", "")
    if uninitialised:
        text = f"containers with incomplete status: [{' '.join(uninitialised)}]"
        initialised = (False, "ContainersNotInitialized", text)
    elif done:
        initialised = (True, "PodCompleted", "")
    wanted = [
        ("PodReadyToStartContainers", life.sandbox_ready and phase not in ("Succeeded", "Failed"), "", ""),
        ("Initialized", *initialised),
        ("Ready", ready, *(("", "") if ready else not_ready)),
        ("ContainersReady", ready, *(("", "") if ready else not_ready)),
    ]
    before = {item["type"]: item for item in old.get("conditions") or ()}
    generation = life.pod["metadata"].get("generation")
    stamp = timestamp(now)
    conditions = []
    for kind, value, reason, message in wanted:
        word = "True" if value else "False"
        was = before.pop(kind, None)
        entry: Object = {"type": kind}
        if generation:
            entry["observedGeneration"] = generation
        entry |= {"status": word, "lastProbeTime": None}
        entry["lastTransitionTime"] = was["lastTransitionTime"] if was and was["status"] == word else stamp
        entry |= {name: text for name, text in (("reason", reason), ("message", message)) if text}
        conditions.append(entry)
    if "PodScheduled" not in before:
        scheduled: Object = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": stamp,
        }
        before["PodScheduled"] = scheduled
    return [*conditions, *before.values()]


def qos_class(pod: Object) -> str:
    """Return Guaranteed, Burstable or BestEffort by the containers' requests and limits."""
    containers = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    guaranteed, anything = True, False
    for item in containers:
        resources = item.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            limit = limits.get(name)
            request = requests.get(name, limit)
            anything = anything or bool(limit or request)
            guaranteed = guaranteed and bool(limit) and str(limit) == str(request)
    return "Guaranteed" if guaranteed else "Burstable" if anything else "BestEffort"
