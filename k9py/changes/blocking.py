"""Why a pod does not go on: the stage it is stuck at, one sentence, and what the cluster said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k9py.changes.model import Object
from k9py.core.ages import time_or_zero
from k9py.resources import causes
from k9py.resources.podkind import IMAGE_REASONS

PROBE_FAILURES = 3
"""Failed probes in a row that make a container unready, where its probe does not say."""
PROBE_PERIOD = 10
"""Seconds between two probes, where the probe does not say."""
READY_GRACE = 20.0
"""Seconds a container without a readiness probe may run and not be ready."""
EVIDENCE = 3
"""Sayings kept of each kind; the newest say it all."""

_PULLING = IMAGE_REASONS | {"ImageInspectError"}
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError"})


@dataclass(frozen=True, slots=True)
class Blocked:
    """What a pod is stuck at."""

    stage: str
    """``scheduled``, ``pulled``, ``started`` or ``ready``."""
    text: str
    evidence: tuple[str, ...] = ()
    container: str = ""
    """The container it is about; empty for the pod as a whole."""


def pod_trouble(pod: Object, events: Sequence[Object], now: float) -> Blocked | None:
    """Return why a pod does not go on, None while it does; ``now`` is Unix seconds."""
    status = pod.get("status") or {}
    name = str((pod.get("metadata") or {}).get("name"))
    if status.get("phase") == "Failed":
        said = [str(status[key]) for key in ("reason", "message") if status.get(key)]
        return _container_trouble(pod, events, name) or Blocked("started", f"pod {name} failed", tuple(said))
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            if condition.get("reason") == "SchedulingGated":
                return Blocked("scheduled", f"pod {name} is held by a scheduling gate")
            return Blocked("scheduled", f"no node fits pod {name}", _said(condition.get("message")))
    found = _container_trouble(pod, events, name)
    if found is not None:
        return found
    mounts = warnings_of(events, pod, reasons=("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"))
    if mounts and not any(one.get("imageID") for one in status.get("containerStatuses") or ()):
        return Blocked("pulled", f"pod {name} waits for its volumes or its network", tuple(mounts))
    return _unready(pod, events, name, now)


def _container_trouble(pod: Object, events: Sequence[Object], name: str) -> Blocked | None:
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    images = {one.get("name"): one.get("image") for p in ("initContainers", "containers") for one in spec.get(p) or ()}
    for one in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        state = one.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        reason, said = str(waiting.get("reason") or ""), _said(waiting.get("message"))
        container = str(one.get("name"))
        image = str(images.get(container) or one.get("image") or "")
        if reason in _PULLING:
            more = warnings_of(events, pod, reasons=("Failed", "InspectFailed"))
            text = causes.image_text(reason, image, " ".join((*said, *more)))
            return Blocked("pulled", text, _told_once((*said, *more)), container)
        if reason in _CONFIG:
            return Blocked("pulled", f"container {container} of {name} lacks something it refers to", said, container)
        if reason in ("CrashLoopBackOff", "RunContainerError"):
            last = (one.get("lastState") or {}).get("terminated") or {}
            text = f"container {container} of {name} ends again and again{_ending(last)}"
            if reason == "RunContainerError":
                text = f"container {container} of {name} cannot be started"
            return Blocked("started", text, (*said, *_said(last.get("message"))), container)
        if ended and int(ended.get("exitCode") or 0):
            text = f"container {container} of {name} ended{_ending(ended)}"
            return Blocked("started", text, _said(ended.get("message")), container)
    return None


def _told_once(sayings: Sequence[str]) -> tuple[str, ...]:
    """Return sayings without those that only repeat a shorter one in more words: they would push the advice away."""
    told = [one for one in dict.fromkeys(sayings) if not any(other != one and other in one for other in sayings)]
    return tuple(told)[:EVIDENCE]


def _ending(ended: Mapping[str, Any]) -> str:
    if not ended:
        return ""
    if ended.get("reason") == "OOMKilled":
        return ": it used more memory than its limit (OOMKilled)"
    return f" with {causes.exit_text(int(ended.get('exitCode') or 0))}"


def _unready(pod: Object, events: Sequence[Object], name: str, now: float) -> Blocked | None:
    """Return why running containers are not ready, once that lasts longer than their probes need."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    probes = {one.get("name"): one.get("readinessProbe") for one in spec.get("containers") or ()}
    for one in status.get("containerStatuses") or ():
        running = (one.get("state") or {}).get("running")
        if not running or one.get("ready"):
            continue
        container = str(one.get("name"))
        probe = probes.get(container)
        age = now - time_or_zero(running.get("startedAt"))
        if age < _patience(probe):
            continue
        said = warnings_of(events, pod, reasons=("Unhealthy",))
        failing = "its readiness probe fails" if probe else "it has no readiness probe"
        text = f"container {container} of {name} runs for {age:.0f} s and is not ready: {failing}"
        return Blocked("ready", text, tuple(said), container)
    return None


def _patience(probe: Mapping[str, Any] | None) -> float:
    if not probe:
        return READY_GRACE
    failures = int(probe.get("failureThreshold") or PROBE_FAILURES)
    period = int(probe.get("periodSeconds") or PROBE_PERIOD)
    return float(int(probe.get("initialDelaySeconds") or 0) + failures * period)


def _said(message: object) -> tuple[str, ...]:
    return (str(message).strip(),) if message else ()


def warnings_of(events: Iterable[Object], obj: Object, *, reasons: Sequence[str] = ()) -> list[str]:
    """Return what warnings say about an object, newest first, each once."""
    uid = (obj.get("metadata") or {}).get("uid")
    mine = [
        one for one in events
        if one.get("type") == "Warning" and (one.get("involvedObject") or {}).get("uid") == uid
        and (not reasons or one.get("reason") in reasons)
    ]  # fmt: skip
    mine.sort(key=_when, reverse=True)
    return list(dict.fromkeys(str(one.get("message") or "").strip() for one in mine))[:EVIDENCE]


def _when(event: Mapping[str, Any]) -> float:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max(time_or_zero(one) for one in times)
