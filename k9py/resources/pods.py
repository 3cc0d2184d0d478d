"""Pods: the projection, and the row that columns, health and relations read."""

from __future__ import annotations

from k9py.core.ages import time_or_zero
from k9py.kube.rows import Projection, Row
from k9py.resources.podfacts import Facts
from k9py.resources.podobject import PodObject, PodStatus
from k9py.resources.podstate import Trouble, find_trouble, printed_state
from k9py.resources.projecting import ObjectProjection, Shared, intern


class PodRow(Row, gc=False):
    """One pod in a list."""

    phase: str = ""
    status: str = "Unknown"
    """What kubectl prints under STATUS."""
    ready: int = 0
    total: int = 0
    """Containers that should be ready, native sidecars included."""
    restarts: int = 0
    restarted: float = 0.0
    """Unix time of the last restart, 0 when there was none."""
    ip: str = ""
    node: str = ""
    nominated: str = ""
    service_account: str = ""
    qos: str = ""
    gates: str = ""
    """``1/2`` readiness gates that are true; empty without gates."""
    cpu_request: int = 0
    """Millicores, the sum over containers as the scheduler counts it; 0 when none asks."""
    cpu_limit: int = 0
    """Millicores; 0 when at least one container has no limit."""
    memory_request: int = 0
    """Bytes."""
    memory_limit: int = 0
    """Bytes; 0 when at least one container has no limit."""
    gpu: str = ""
    """``request:limit`` of GPUs; empty without."""
    refs: tuple[str, ...] = ()
    """What the pod needs: ``cm/NAME``, ``secret/NAME``, ``pvc/NAME``, ``sa/NAME``, ``pc/NAME``."""
    trouble: Trouble | None = None
    """What keeps the pod from being well, or did last; None for most pods."""


GOING = frozenset({"Terminating", "Unknown"})
"""Statuses of a pod that is being deleted and has not ended; one that has is there only while a finalizer holds it."""

_NO_STATUS = PodStatus()


class _PodFill:
    """Fills pod rows."""

    def __init__(self) -> None:
        self._facts: Facts | None = None

    def __call__(self, row: PodRow, pod: PodObject, shared: Shared) -> None:
        status = pod.status or _NO_STATUS
        if self._facts is None:
            self._facts = Facts(shared)
        facts = self._facts.of_raw(pod.spec, row.name)
        row.phase = intern(status.phase or "")
        state = printed_state(facts, status, deleting=row.deleting)
        row.status, row.ready, row.total = state.status, state.ready, state.total
        row.restarts, row.restarted = state.restarts, state.restarted
        row.trouble = find_trouble(facts, status, state)
        meta = pod.metadata
        if row.deleting and meta is not None and (row.status in GOING or meta.finalizers):
            held = ", ".join(meta.finalizers or ())
            row.trouble = Trouble("deleting", at=time_or_zero(meta.deletion_timestamp), message=held)
        row.ip = status.pod_ip or ""
        row.node = facts.node
        row.nominated = intern(status.nominated_node_name or "")
        row.service_account = facts.service_account
        row.qos = intern(status.qos_class or "")
        if facts.gates:
            row.gates = _gates(facts.gates, status)
        row.cpu_request, row.cpu_limit, row.memory_request, row.memory_limit = facts.sums
        row.gpu = facts.gpu
        row.refs = facts.refs


def _gates(gates: tuple[str, ...], status: PodStatus) -> str:
    true = {condition.type for condition in status.conditions if condition.status == "True"}
    return f"{sum(gate in true for gate in gates)}/{len(gates)}"


def pod_projection() -> Projection:
    """Return a projection of pods."""
    return ObjectProjection(PodObject, PodRow, _PodFill())
