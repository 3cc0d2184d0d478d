"""What state a pod is in: the STATUS, READY and RESTARTS of ``kubectl get pods``, and what troubles it.

The rules are kubectl's printing rules for pods (Kubernetes 1.36): the first init container that is not done decides;
then the main containers from the last to the first; then deletion. Native sidecars are init containers with restart
policy Always; they count as containers.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from k9py.core.ages import time_or_zero
from k9py.resources.podfacts import PodFacts
from k9py.resources.podobject import ContainerStatus, PodStatus, Terminated
from k9py.resources.projecting import intern

NODE_LOST = "NodeLost"
"""Status reason of a pod whose node stopped answering."""

STARTING_REASONS = frozenset({"ContainerCreating", "PodInitializing", ""})
"""Waiting reasons that are part of a healthy start."""

MESSAGE_LIMIT = 400
"""Characters of a message kept in a row; the whole text is in the object."""
MESSAGE_HEAD = 120
"""Of them, those kept of its beginning: what wraps other messages has the cause at its end."""


class Trouble(msgspec.Struct, gc=False, frozen=True):
    """What is, or last was, wrong with a pod."""

    what: str
    """``waiting``, ``terminated``, ``restarted`` (runs again), ``unready``, ``unschedulable``, ``deleting`` or ``pod``
    (failed as a whole)."""
    container: str = ""
    is_init: bool = False
    """An init container, which is no native sidecar."""
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    at: float = 0.0
    """Unix time it happened, 0 when unknown."""
    last_reason: str = ""
    """How the container ended before it went to wait, such as OOMKilled behind CrashLoopBackOff."""
    last_message: str = ""
    """What was said at that end: the runtime's reason, or the container's own termination message."""
    restarts: int = 0
    memory_limit: str = ""
    """The container's memory limit as written, for OOMKilled."""


class PrintedState(NamedTuple):
    """The columns kubectl derives from the container statuses."""

    status: str
    ready: int
    total: int
    restarts: int
    restarted: float
    initializing: bool


class _Restarts:
    """Adds up restarts and keeps the time of the last one."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0

    def add(self, status: ContainerStatus) -> None:
        """Count one container."""
        self.count += status.restart_count or 0
        last = status.last_state
        if last is not None and last.terminated is not None:
            self.last = max(self.last, time_or_zero(last.terminated.finished_at))


def printed_state(facts: PodFacts, status: PodStatus, *, deleting: bool) -> PrintedState:
    """Return what ``kubectl get pods`` prints for this pod."""
    if not deleting and status.phase == "Running" and not status.reason and not facts.inits:
        running = _all_run(facts, status)
        if running is not None:
            return running
    reason = status.reason or status.phase or ""
    initialized = False
    for condition in status.conditions:
        if condition.type == "PodScheduled" and condition.reason == "SchedulingGated":
            reason = "SchedulingGated"
        elif condition.type == "Initialized" and condition.status == "True":
            initialized = True
    restarts = _Restarts()
    total, ready, init_reason = facts.containers, 0, ""
    if facts.inits:
        sidecars = facts.sidecars
        total += len(sidecars)
        all_restarts, sidecar_restarts = _Restarts(), _Restarts()
        for index, container in enumerate(status.init_container_statuses or ()):
            all_restarts.add(container)
            is_sidecar = container.name in sidecars
            if is_sidecar:
                sidecar_restarts.add(container)
            init_reason = _init_reason(container, index, facts.inits, is_sidecar=is_sidecar)
            if init_reason:
                break
            ended = container.state.terminated if container.state else None
            if is_sidecar and container.started and container.ready and (ended is None or ended.exit_code):
                ready += 1
        restarts = sidecar_restarts if not init_reason or initialized else all_restarts
    if not init_reason or initialized:
        reason, main_ready = _main_reason(status, init_reason or reason, restarts)
        ready += main_ready
    else:
        reason = init_reason
    if deleting:
        if status.reason == NODE_LOST:
            reason = "Unknown"
        elif status.phase not in ("Failed", "Succeeded"):
            reason = "Terminating"
    return PrintedState(intern(reason), ready, total, restarts.count, restarts.last, bool(init_reason))


def _all_run(facts: PodFacts, status: PodStatus) -> PrintedState | None:
    """Return the state of a pod whose containers all run and are ready, as nearly every pod's do; None for others."""
    statuses = status.container_statuses or ()
    restarts, newest = 0, 0.0
    for container in statuses:
        state, last = container.state, container.last_state
        if not container.ready or state is None or state.running is None:
            return None
        restarts += container.restart_count or 0
        if last is not None and last.terminated is not None:
            newest = max(newest, time_or_zero(last.terminated.finished_at))
    return PrintedState("Running", len(statuses), facts.containers, restarts, newest, False)


def _init_reason(container: ContainerStatus, index: int, total: int, *, is_sidecar: bool) -> str:
    """Return the status text this init container forces on the pod; empty when it is done or a started sidecar."""
    state = container.state
    ended = state.terminated if state else None
    if ended is not None and ended.exit_code == 0:
        return ""
    if is_sidecar and container.started:
        return ""
    if ended is not None:
        return f"Init:{ended_text(ended)}"
    waiting = state.waiting if state else None
    if waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
        return f"Init:{waiting.reason}"
    return f"Init:{index}/{total}"


def ended_text(ended: Terminated) -> str:
    """Return how a container ended: the reason, else its signal or exit code."""
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _main_reason(status: PodStatus, reason: str, restarts: _Restarts) -> tuple[str, int]:
    """Return the status text the main containers give, and how many of them are ready.

    The first container has the last word, unless it completed and another one failed or still runs.
    """
    ready = 0
    failure = ""
    for container in reversed(status.container_statuses or ()):
        restarts.add(container)
        state = container.state
        if state is None:
            continue
        if state.waiting is not None and state.waiting.reason:
            reason = state.waiting.reason
        elif state.terminated is not None:
            reason = ended_text(state.terminated)
            if state.terminated.exit_code:
                failure = reason
        elif container.ready and state.running is not None:
            ready += 1
    if reason == "Completed":
        pod_ready = any(c.type == "Ready" and c.status == "True" for c in status.conditions)
        if ready and pod_ready:
            reason = "Running"
        elif failure:
            reason = failure
        elif ready:
            reason = "NotReady"
    return reason, ready


def find_trouble(facts: PodFacts, status: PodStatus, state: PrintedState) -> Trouble | None:
    """Return what a person should know about this pod first, or None when there is nothing to say."""
    if status.phase == "Running" and state.ready == state.total and not status.reason:
        if not state.restarts:
            return None
        if not facts.inits:
            # All run and are ready, so nothing is wrong now; without this, whatever restarted once costs more for ever.
            return _last_restart(facts, status)
    if status.phase == "Failed" and status.reason:
        return Trouble("pod", reason=intern(status.reason), message=_cut(status.message))
    for group in (status.init_container_statuses, status.container_statuses):
        for container in group or ():
            trouble = container_trouble(facts, container, in_inits=group is status.init_container_statuses)
            if trouble is not None:
                return trouble
    if status.phase == "Pending":
        for condition in status.conditions:
            if condition.type == "PodScheduled" and condition.status == "False":
                return Trouble(
                    "unschedulable",
                    reason=intern(condition.reason or ""),
                    message=_cut(condition.message),
                    at=time_or_zero(condition.last_transition_time),
                )
    unready = _unready(status)
    if unready is not None:
        return unready
    if state.restarts:
        return _last_restart(facts, status)
    return None


def container_trouble(facts: PodFacts, container: ContainerStatus, *, in_inits: bool = False) -> Trouble | None:
    """Return the trouble of a container that waits for a bad reason or has failed; None for any other."""
    state = container.state
    is_init = in_inits and container.name not in facts.sidecars
    if state is None:
        return None
    waiting, ended = state.waiting, state.terminated
    if waiting is not None and (waiting.reason or "") not in STARTING_REASONS:
        last = last_end(container)
        return Trouble(
            "waiting",
            container=intern(container.name or ""),
            is_init=is_init,
            reason=intern(waiting.reason or ""),
            message=_cut(waiting.message),
            exit_code=last.exit_code if last else 0,
            at=time_or_zero(last.finished_at) if last else 0.0,
            last_reason=intern(ended_text(last)) if last else "",
            last_message=_cut(last.message) if last else "",
            restarts=container.restart_count or 0,
            memory_limit=facts.memory_limit(container.name) if last and last.reason == "OOMKilled" else "",
        )
    if ended is not None and ended.exit_code != 0:
        return _from_end(facts, "terminated", container, ended, is_init=is_init)
    return None


def last_end(container: ContainerStatus) -> Terminated | None:
    """Return how the run before this one ended."""
    return container.last_state.terminated if container.last_state else None


def _from_end(
    facts: PodFacts, what: str, container: ContainerStatus, ended: Terminated, *, is_init: bool = False
) -> Trouble:
    return Trouble(
        what,
        container=intern(container.name or ""),
        is_init=is_init,
        reason=intern(ended_text(ended)),
        message=_cut(ended.message),
        exit_code=ended.exit_code,
        at=time_or_zero(ended.finished_at),
        restarts=container.restart_count or 0,
        memory_limit=facts.memory_limit(container.name) if ended.reason == "OOMKilled" else "",
    )


def _unready(status: PodStatus) -> Trouble | None:
    """Return the trouble of a container that runs but is not ready: its probe fails or has not passed yet."""
    for group in (status.init_container_statuses, status.container_statuses):
        for container in group or ():
            state = container.state
            if state is not None and state.running is not None and not container.ready:
                last = last_end(container)
                return Trouble(
                    "unready",
                    container=intern(container.name or ""),
                    reason="Starting" if container.started is False else "Unready",
                    at=time_or_zero(state.running.started_at),
                    last_reason=intern(ended_text(last)) if last else "",
                    restarts=container.restart_count or 0,
                )
    return None


def _last_restart(facts: PodFacts, status: PodStatus) -> Trouble | None:
    """Return how the container that restarted last ended before."""
    newest: tuple[float, ContainerStatus, Terminated] | None = None
    for group in (status.init_container_statuses, status.container_statuses):
        for container in group or ():
            last = last_end(container)
            if last is None or not container.restart_count:
                continue
            at = time_or_zero(last.finished_at)
            if newest is None or at >= newest[0]:
                newest = (at, container, last)
    return _from_end(facts, "restarted", newest[1], newest[2]) if newest else None


def _cut(message: str | None) -> str:
    """Return the message on one line and no longer than a row may keep."""
    if not message:
        return ""
    flat = " ".join(message.split())
    if len(flat) <= MESSAGE_LIMIT:
        return flat
    return f"{flat[:MESSAGE_HEAD]}…{flat[MESSAGE_HEAD - MESSAGE_LIMIT :]}"
