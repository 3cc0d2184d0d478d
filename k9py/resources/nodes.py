"""Nodes: readiness, roles, taints, pressure, and what is used of them."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.core import ages
from k9py.core.ages import time_or_zero
from k9py.kube.rows import Row
from k9py.resources.cells import NAME, TAIL
from k9py.resources.model import (
    HEALTHY,
    MISSING,
    NONE_TEXT,
    TONE_OF,
    ColumnMaker,
    Drill,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    Target,
    Usage,
    fixed,
    unreadable,
)
from k9py.resources.podamounts import GPU_RESOURCES, amount
from k9py.resources.podobject import Condition, Quantities
from k9py.resources.projecting import Meta, ObjectProjection, Shared, intern
from k9py.resources.structs import message_of, plural
from k9py.resources.usagecells import capacity_columns, use_sentence

ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE_LABEL = "kubernetes.io/role"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
"""Conditions that are bad when they are True."""


class _Taint(msgspec.Struct, gc=False):
    key: str | None = None
    value: str | None = None
    effect: str | None = None


class NodeSpec(msgspec.Struct, gc=False):
    """What rows read of a node's specification."""

    unschedulable: bool | None = None
    taints: list[_Taint] | None = None


class _Address(msgspec.Struct, gc=False):
    type: str | None = None
    address: str | None = None


class _NodeInfo(msgspec.Struct, gc=False, rename="camel"):
    architecture: str | None = None
    kubelet_version: str | None = None
    kernel_version: str | None = None
    os_image: str | None = None
    container_runtime_version: str | None = None


class NodeStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a node's status."""

    conditions: list[Condition] | None = None
    addresses: list[_Address] | None = None
    allocatable: Quantities | None = None
    capacity: Quantities | None = None
    node_info: _NodeInfo | None = None


class NodeObject(msgspec.Struct, gc=False):
    """A node."""

    metadata: Meta | None = None
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class NodeRow(Row, gc=False):
    """One node in a list."""

    status: str = "Unknown"
    roles: str = ""
    taints: tuple[str, ...] = ()
    """As ``key=value:Effect``."""
    version: str = ""
    arch: str = ""
    os_image: str = ""
    kernel: str = ""
    runtime: str = ""
    internal_ip: str = ""
    external_ip: str = ""
    cpu: int = 0
    """Allocatable millicores."""
    memory: int = 0
    """Allocatable bytes."""
    pods: int = 0
    """Pods the node takes."""
    gpu: int = 0
    gpu_capacity: int = 0
    trouble: str = ""
    """Why the node is not ready or under pressure, for a person."""
    since: float = 0.0
    """Unix time the trouble began."""


def _fill(row: NodeRow, node: NodeObject, shared: Shared) -> None:
    spec, status = node.spec or NodeSpec(), node.status or NodeStatus()
    ready = next((one for one in status.conditions or () if one.type == "Ready"), None)
    states = ["Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"]
    if spec.unschedulable:
        states.append("SchedulingDisabled")
    row.status = intern(",".join(states))
    row.roles = _roles(row.labels)
    row.taints = shared.texts(tuple(map(_taint_text, spec.taints or ())))
    info = status.node_info or _NodeInfo()
    row.version, row.arch = intern(info.kubelet_version or ""), intern(info.architecture or "")
    row.os_image, row.kernel = intern(info.os_image or ""), intern(info.kernel_version or "")
    row.runtime = intern(info.container_runtime_version or "")
    row.internal_ip, row.external_ip = _address(status, "InternalIP"), _address(status, "ExternalIP")
    allocatable, capacity = status.allocatable or {}, status.capacity or {}
    row.cpu = amount(allocatable.get("cpu"), "cpu")
    row.memory = amount(allocatable.get("memory"), "memory")
    row.pods = amount(allocatable.get("pods"), "pods")
    row.gpu, row.gpu_capacity = _gpus(allocatable), _gpus(capacity)
    row.trouble, row.since = _trouble(status, ready)


def _roles(labels: dict[str, str] | None) -> str:
    roles = set()
    for label, value in (labels or {}).items():
        if label.startswith(ROLE_PREFIX) and len(label) > len(ROLE_PREFIX):
            roles.add(label.removeprefix(ROLE_PREFIX))
        elif label == ROLE_LABEL and value:
            roles.add(value)
    return intern(",".join(sorted(roles)))


def _taint_text(taint: _Taint) -> str:
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key or ''}{value}:{taint.effect or ''}"


def _address(status: NodeStatus, kind: str) -> str:
    return next((one.address or "" for one in status.addresses or () if one.type == kind), "")


def _gpus(amounts: dict[str, Any]) -> int:
    return sum(amount(amounts[name], name) for name in GPU_RESOURCES & amounts.keys())


def _trouble(status: NodeStatus, ready: Condition | None) -> tuple[str, float]:
    if ready is None:
        return "the node has never reported", 0.0
    if ready.status != "True":
        return message_of(ready) or "the node is not ready", time_or_zero(ready.last_transition_time)
    for one in status.conditions or ():
        if one.type in PRESSURES and one.status == "True":
            return f"{one.type}: {message_of(one)}", time_or_zero(one.last_transition_time)
    return "", 0.0


_node = ColumnMaker(NodeRow)


def _usage(row: NodeRow, ctx: RowContext) -> Usage | None:
    return ctx.usage.node(row.name) if ctx.usage is not None else None


def _pod_count(row: NodeRow, ctx: RowContext) -> int | None:
    return ctx.pods_on_node(row.name) if ctx.pods_on_node is not None else None


def _pods_text(row: NodeRow, ctx: RowContext) -> str:
    count = _pod_count(row, ctx)
    return f"{'-' if count is None else count}/{row.pods}"


def _pods_key(row: NodeRow, ctx: RowContext) -> float:
    count = _pod_count(row, ctx)
    return MISSING if count is None else count


def _kernel(row: NodeRow) -> str:
    if not row.kernel:
        return "<unknown>"
    return f"{row.kernel} ({row.arch})" if row.arch else row.kernel


_COLUMNS = (
    NAME,
    _node("status", "STATUS", lambda row, _: row.status, width=8, rank=1,
          tone=lambda row, ctx: TONE_OF[node_health(row, ctx).level]),
    _node("roles", "ROLES", lambda row, _: row.roles or NONE_TEXT, width=len(NONE_TEXT), rank=8, max_width=30),
    _node("taints", "TAINTS", lambda row, _: str(len(row.taints)), sort=lambda row, _: len(row.taints), align="right",
          rank=30, measure=Measure.NUMBER),
    _node("version", "VERSION", lambda row, _: row.version, rank=20, max_width=24),
    _node("pods", "PODS", _pods_text, sort=_pods_key, align="right", rank=11, live=True, measure=Measure.NUMBER),
    *capacity_columns(_node, "cpu", _usage, lambda row: row.cpu),
    *capacity_columns(_node, "memory", _usage, lambda row: row.memory),
    _node("gpu", "GPU/A", lambda row, _: str(row.gpu) if row.gpu_capacity else NONE_TEXT,
          sort=lambda row, _: row.gpu, align="right", wide=True, rank=80, measure=Measure.NUMBER),
    _node("gpu-capacity", "GPU/C", lambda row, _: str(row.gpu_capacity) if row.gpu_capacity else NONE_TEXT,
          sort=lambda row, _: row.gpu_capacity, align="right", wide=True, rank=81, measure=Measure.NUMBER),
    _node("arch", "ARCH", lambda row, _: row.arch or "<unknown>", wide=True, rank=66),
    _node("internal-ip", "INTERNAL-IP", lambda row, _: row.internal_ip or NONE_TEXT, wide=True, rank=60),
    _node("external-ip", "EXTERNAL-IP", lambda row, _: row.external_ip or NONE_TEXT, wide=True, rank=61),
    _node("os-image", "OS-IMAGE", lambda row, _: row.os_image or "<unknown>", wide=True, rank=62, max_width=40),
    _node("kernel", "KERNEL-VERSION", lambda row, _: _kernel(row), wide=True, rank=63, max_width=40),
    _node("runtime", "CONTAINER-RUNTIME", lambda row, _: row.runtime or "<unknown>", wide=True, rank=64, max_width=40),
    _node("taint-list", "TAINT LIST", lambda row, _: ",".join(row.taints) or NONE_TEXT, wide=True, rank=85,
          max_width=60),
    *TAIL,
)  # fmt: skip


def node_health(row: Row, ctx: RowContext) -> Health:
    """Return how a node is doing: unreachable or not ready, under pressure, closed to new pods."""
    assert isinstance(row, NodeRow)
    if row.broken:
        return unreadable(row)
    when = f" for {ages.human(ctx.now - row.since)}" if row.since else ""
    if not row.status.startswith("Ready"):
        return Health(Level.BAD, f"not ready{when}: {row.trouble}", "describe")
    if row.trouble:
        return Health(Level.BAD, f"under pressure{when}: {row.trouble}", "describe")
    if row.deleting:
        return Health(Level.BUSY, "being deleted")
    if "SchedulingDisabled" in row.status:
        count = ctx.pods_on_node(row.name) if ctx.pods_on_node is not None else None
        still = f", {plural(count, 'pod')} still on it" if count is not None else ""
        return Health(Level.WARN, f"cordoned: takes no new pods{still}", "open")
    return HEALTHY


def _notice(row: Row, ctx: RowContext) -> str:
    assert isinstance(row, NodeRow)
    return use_sentence(_usage(row, ctx), row.cpu, row.memory, of="allocatable")


def _pods(row: Row) -> Target:
    return Target("pods", namespace="", field_selector=f"spec.nodeName={row.name}", title=f"pods on node {row.name}")


NODES = KindSpec(
    id="nodes",
    projection=lambda: ObjectProjection(NodeObject, NodeRow, _fill),
    columns=fixed(_COLUMNS),
    health=node_health,
    notice=_notice,
    drill=Drill("pods", "pods on it", _pods),
    metered=True,
    purpose="Nodes are the machines that run pods.",
)

SPECS = (NODES,)
