"""What became of one container, as its pod says: needed to know why its log ended and whether it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k9py.core.ages import time_or_zero


@dataclass(frozen=True, slots=True)
class ContainerFate:
    """A container's last known state."""

    restarts: int
    running: bool
    started: float
    """Unix seconds the running instance started, 0 when none runs."""
    final: bool
    """It ended and is not started again."""
    waiting: str
    """Why it does not run yet, such as ``CrashLoopBackOff``; empty when it does."""
    ending: str
    """How the last instance ended, such as ``OOMKilled, exit code 137``; empty when none did."""
    ending_before: str
    """How the one before the present instance ended: what the log of the previous run is about."""


def fate_of(pod: dict[str, Any], container: str) -> ContainerFate:
    """Return what the pod's status says of a container of any sort."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    found: dict[str, Any] = {}
    init = False
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for entry in status.get(field) or ():
            if entry.get("name") == container:
                found, init = entry, field == "initContainerStatuses"
    state = found.get("state") or {}
    ended, before = state.get("terminated"), (found.get("lastState") or {}).get("terminated")
    phase_over = status.get("phase") in ("Succeeded", "Failed")
    return ContainerFate(
        restarts=int(found.get("restartCount") or 0),
        running="running" in state,
        started=time_or_zero((state.get("running") or {}).get("startedAt")),
        final=phase_over or (ended is not None and not _starts_again(spec, container, ended, init=init)),
        waiting=str((state.get("waiting") or {}).get("reason") or ""),
        ending=_ending(ended or before),
        ending_before=_ending(before),
    )


def _starts_again(spec: dict[str, Any], container: str, ended: dict[str, Any], *, init: bool) -> bool:
    """True when the kubelet starts this ended container again; a container's own policy goes before the pod's."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    own = next((each.get("restartPolicy") for each in containers if each.get("name") == container), None)
    if not any(each.get("name") == container for each in containers):
        return False  # an ephemeral container
    policy = own or spec.get("restartPolicy") or "Always"
    failed = bool(ended.get("exitCode"))
    if init and own != "Always":
        return failed and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and failed)


def _ending(terminated: dict[str, Any] | None) -> str:
    if not terminated:
        return ""
    reason = terminated.get("reason") or "ended"
    signal = terminated.get("signal")
    code = f"signal {signal}" if signal else f"exit code {terminated.get('exitCode', '?')}"
    return f"{reason}, {code}"
