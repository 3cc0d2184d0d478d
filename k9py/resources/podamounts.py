"""What pods ask for and may use: CPU and memory as the scheduler counts them, GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.resources.podobject import Container, PodSpec, Resources

GPU_RESOURCES = frozenset({"nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"})
"""Extended resources shown in the GPU columns."""

Sums = tuple[int, int, int, int]
"""CPU request and limit in millicores, memory request and limit in bytes."""


def amounts_of(resources: Resources | None) -> tuple[Any, Any, Any, Any]:
    """Return CPU request and limit, memory request and limit as they are written; None for what is not."""
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


def requested_and_limited(spec: PodSpec, *, partial_limits: bool = False) -> Sums:
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
        for index, value in enumerate(amounts_of(spec.resources)):
            if value is not None:
                sums[index] = amount(value, "cpu" if index < 2 else "memory")
    return (sums[0], sums[1], sums[2], sums[3])


def _add(totals: list[int], unlimited: list[bool], resources: Resources | None) -> None:
    cpu, cpu_limit, memory, memory_limit = amounts_of(resources)
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
