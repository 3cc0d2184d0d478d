"""Pods: the projection, and the row that columns, health and relations read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.kube.rows import Projection, Row
from k9py.resources.podobject import (
    Container,
    Gate,
    NameRef,
    PodObject,
    PodSpec,
    PodStatus,
    Resources,
    referring_variables,
)
from k9py.resources.podstate import Trouble, find_trouble, printed_state
from k9py.resources.projecting import ObjectProjection, Shared, intern

GPU_RESOURCES = frozenset({"nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"})
"""Extended resources shown in the GPU columns."""


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


_NO_SPEC = PodSpec()
_NO_STATUS = PodStatus()

_Sums = tuple[int, int, int, int]


class _PodFill:
    """Fills pod rows; remembers the sums of equal sets of requests, since pods of one workload ask for the same."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Any, ...], _Sums] = {}

    def __call__(self, row: PodRow, pod: PodObject, shared: Shared) -> None:
        spec, status = pod.spec or _NO_SPEC, pod.status or _NO_STATUS
        row.phase = intern(status.phase or "")
        state = printed_state(spec, status, deleting=row.deleting)
        row.status, row.ready, row.total = state.status, state.ready, state.total
        row.restarts, row.restarted = state.restarts, state.restarted
        row.trouble = find_trouble(spec, status, state)
        row.ip = status.pod_ip or ""
        row.node = intern(spec.node_name or "")
        row.nominated = intern(status.nominated_node_name or "")
        row.service_account = intern(spec.service_account_name or "")
        row.qos = intern(status.qos_class or "")
        if spec.readiness_gates:
            row.gates = _gates(spec.readiness_gates, status)
        row.cpu_request, row.cpu_limit, row.memory_request, row.memory_limit = self._resources(spec)
        row.gpu = gpus_of(spec.containers or ())
        row.refs = shared.texts(_references(row.name, spec))

    def _resources(self, spec: PodSpec) -> _Sums:
        """Return CPU request and limit in millicores, memory request and limit in bytes."""
        key: list[Any] = []
        for container in spec.containers or ():
            key += _amounts(container.resources)
        if spec.init_containers:
            for container in spec.init_containers:
                key.append(container.restart_policy == "Always")
                key += _amounts(container.resources)
        if spec.overhead:
            key += (spec.overhead.get("cpu"), spec.overhead.get("memory"))
        if spec.resources:
            key.append("pod")
            key += _amounts(spec.resources)
        memo = (len(spec.containers or ()), *key)
        sums = self._sums.get(memo)
        if sums is None:
            if len(self._sums) > 4096:
                self._sums.clear()
            sums = self._sums[memo] = requested_and_limited(spec)
        return sums


def _amounts(resources: Resources | None) -> tuple[Any, Any, Any, Any]:
    if resources is None:
        return (None, None, None, None)
    requests, limits = resources.requests, resources.limits
    return (
        requests.get("cpu") if requests else None,
        limits.get("cpu") if limits else None,
        requests.get("memory") if requests else None,
        limits.get("memory") if limits else None,
    )


def amount(value: str | int | float | None, resource: str) -> int:
    """Return millicores of a CPU amount and bytes (or a count) of any other; 0 when absent or unreadable."""
    if value is None:
        return 0
    try:
        return quantity.milli(str(value)) if resource == "cpu" else quantity.whole(str(value))
    except QuantityError:
        return 0


def requested_and_limited(spec: PodSpec, *, partial_limits: bool = False) -> _Sums:
    """Return what the scheduler counts: main containers and sidecars together, or the largest init container.

    A limit counts only when every container that runs beside the others has one, unless ``partial_limits`` asks for the
    sum of those there are, as ``kubectl describe node`` adds them. Source: the pod resource rules of
    sidecar containers in the Kubernetes documentation; pod-level resources win where they are given.
    """
    mains = spec.containers or []
    totals = [0, 0, 0, 0]
    unlimited = [False, False]
    peak = [0, 0, 0, 0]
    for container in mains:
        _add(totals, unlimited, container.resources)
    sidecar_sum = [0, 0, 0, 0]
    for container in spec.init_containers or ():
        if container.restart_policy == "Always":
            _add(totals, unlimited, container.resources)
            _add(sidecar_sum, unlimited, container.resources)
            at_once = sidecar_sum
        else:
            own = [0, 0, 0, 0]
            _add(own, [False, False], container.resources)
            at_once = [own[index] + sidecar_sum[index] for index in range(4)]
        peak = [max(peak[index], at_once[index]) for index in range(4)]
    totals = [max(totals[index], peak[index]) for index in range(4)]
    if spec.overhead:
        for index, resource in ((0, "cpu"), (2, "memory")):
            extra = amount(spec.overhead.get(resource), resource)
            totals[index] += extra
            totals[index + 1] += extra if totals[index + 1] else 0
    cpu_limit = 0 if unlimited[0] and not partial_limits else totals[1]
    memory_limit = 0 if unlimited[1] and not partial_limits else totals[3]
    sums = [totals[0], cpu_limit, totals[2], memory_limit]
    if spec.resources:
        for index, value in enumerate(_amounts(spec.resources)):
            if value is not None:
                sums[index] = amount(value, "cpu" if index < 2 else "memory")
    return (sums[0], sums[1], sums[2], sums[3])


def _add(totals: list[int], unlimited: list[bool], resources: Resources | None) -> None:
    cpu, cpu_limit, memory, memory_limit = _amounts(resources)
    totals[0] += amount(cpu if cpu is not None else cpu_limit, "cpu")
    totals[1] += amount(cpu_limit, "cpu")
    totals[2] += amount(memory if memory is not None else memory_limit, "memory")
    totals[3] += amount(memory_limit, "memory")
    unlimited[0] |= cpu_limit is None
    unlimited[1] |= memory_limit is None


def gpus_of(containers: Sequence[Container]) -> str:
    """Return ``request:limit`` of the GPUs these containers ask for; empty without."""
    asked = limited = 0
    for container in containers:
        resources = container.resources
        if resources is None or not resources.limits or GPU_RESOURCES.isdisjoint(resources.limits):
            continue
        for name in GPU_RESOURCES & resources.limits.keys():
            limited += amount(resources.limits[name], name)
            asked += amount((resources.requests or resources.limits).get(name), name)
    return f"{asked}:{limited}" if limited else ""


def _gates(gates: list[Gate], status: PodStatus) -> str:
    true = {condition.type for condition in status.conditions or () if condition.status == "True"}
    return f"{sum(gate.condition_type in true for gate in gates)}/{len(gates)}"


def _references(pod_name: str, spec: PodSpec) -> tuple[str, ...]:
    """Return the objects the pod cannot do without, each once, as ``prefix/name``."""
    refs: dict[str, None] = {}
    for volume in spec.volumes or ():
        if volume.config_map is not None:
            refs[f"cm/{volume.config_map.name}"] = None
        elif volume.secret is not None:
            refs[f"secret/{volume.secret.secret_name}"] = None
        elif volume.persistent_volume_claim is not None:
            refs[f"pvc/{volume.persistent_volume_claim.claim_name}"] = None
        elif volume.ephemeral is not None:
            refs[f"pvc/{pod_name}-{volume.name}"] = None
        elif volume.projected is not None:
            for source in volume.projected.sources or ():
                _refer(refs, source.config_map, source.secret)
    for group in (spec.containers, spec.init_containers):
        for container in group or ():
            for source_all in container.env_from or ():
                _refer(refs, source_all.config_map_ref, source_all.secret_ref)
            for variable in referring_variables(container.env):
                if variable.value_from is not None:
                    _refer(refs, variable.value_from.config_map_key_ref, variable.value_from.secret_key_ref)
    for secret in spec.image_pull_secrets or ():
        _refer(refs, None, secret)
    if spec.service_account_name:
        refs[f"sa/{spec.service_account_name}"] = None
    if spec.priority_class_name:
        refs[f"pc/{spec.priority_class_name}"] = None
    return tuple(refs)


def _refer(refs: dict[str, None], config_map: NameRef | None, secret: NameRef | None) -> None:
    if config_map is not None and config_map.name:
        refs[f"cm/{config_map.name}"] = None
    if secret is not None and secret.name:
        refs[f"secret/{secret.name}"] = None


def pod_projection() -> Projection:
    """Return a projection of pods."""
    return ObjectProjection(PodObject, PodRow, _PodFill())
