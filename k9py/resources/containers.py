"""The containers of one pod as rows: init containers, native sidecars, main and ephemeral ones."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.core import ages, quantity
from k9py.core.ages import time_or_zero
from k9py.kube.rows import Projection, Row
from k9py.resources.cells import since
from k9py.resources.model import (
    FINISHED,
    HEALTHY,
    MISSING,
    NO_SAMPLE,
    NONE_TEXT,
    TONE_OF,
    ColumnMaker,
    Health,
    KindSpec,
    Level,
    Measure,
    RowContext,
    Tone,
    Usage,
    fixed,
    unreadable,
)
from k9py.resources.podamounts import amount, gpus_of
from k9py.resources.podfacts import Facts, PodFacts
from k9py.resources.podkind import container_health
from k9py.resources.podobject import Container, ContainerStatus, PodSpec, PodStatus
from k9py.resources.podstate import Trouble, container_trouble, ended_text, last_end
from k9py.resources.projecting import Meta, Shared
from k9py.resources.usagecells import usage_columns, use_sentence


class _ContainerPort(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    container_port: int | None = None
    host_port: int | None = None
    protocol: str | None = None


class FullContainer(Container, gc=False, rename="camel"):
    """A container with what its own row shows besides."""

    ports: list[_ContainerPort] | None = None
    liveness_probe: dict[str, Any] | None = None
    readiness_probe: dict[str, Any] | None = None
    startup_probe: dict[str, Any] | None = None
    command: list[str] | None = None


class _FullSpec(PodSpec, gc=False, rename="camel"):
    containers: list[FullContainer] | None = None  # type: ignore[assignment]
    init_containers: list[FullContainer] | None = None  # type: ignore[assignment]
    ephemeral_containers: list[FullContainer] | None = None


class _FullStatus(PodStatus, gc=False, rename="camel"):
    ephemeral_container_statuses: list[ContainerStatus] | None = None


class _FullPod(msgspec.Struct, gc=False):
    metadata: Meta | None = None
    spec: _FullSpec | None = None
    status: _FullStatus | None = None


class ContainerRow(Row, gc=False):
    """One container of a pod; ``name`` is the container's, ``created`` is when it last started."""

    pod: str = ""
    index: str = ""
    """``I1``, ``S2``, ``M1``, ``E1``: init, sidecar, main, ephemeral, each in the order of the pod."""
    image: str = ""
    ready: bool = False
    state: str = ""
    restarts: int = 0
    restarted: float = 0.0
    last_end: str = ""
    """How the run before ended; empty when there was none."""
    probes: str = ""
    ports: str = ""
    cpu_request: int = 0
    cpu_limit: int = 0
    memory_request: int = 0
    memory_limit: int = 0
    gpu: str = ""
    trouble: Trouble | None = None
    running: bool = False


def container_rows(pod: dict[str, Any]) -> list[Row]:
    """Return the containers of a whole pod object: ephemeral last, else in the order in which they start."""
    try:
        full = msgspec.json.decode(msgspec.json.encode(pod), type=_FullPod)
    except msgspec.ValidationError as error:
        return [_broken(pod, str(error))]
    meta, spec, status = full.metadata or Meta(), full.spec or _FullSpec(), full.status or _FullStatus()
    groups = (
        ("I", spec.init_containers, status.init_container_statuses),
        ("M", spec.containers, status.container_statuses),
        ("E", spec.ephemeral_containers, status.ephemeral_container_statuses),
    )
    facts = Facts(Shared()).of(spec, meta.name or "")
    rows: list[Row] = []
    for letter, containers, statuses in groups:
        by_name = {one.name: one for one in statuses or ()}
        for index, container in enumerate(containers or (), 1):
            sidecar = letter == "I" and container.restart_policy == "Always"
            place = f"{'S' if sidecar else letter}{index}"
            rows.append(_row(meta, facts, place, container, by_name.get(container.name)))
    return rows


def _broken(pod: dict[str, Any], reason: str) -> ContainerRow:
    meta = pod.get("metadata")
    name = str(meta.get("name", "")) if isinstance(meta, dict) else ""
    return ContainerRow(
        uid=name, namespace="", name=name, resource_version="", created=0.0, labels=None, owners=(), deleting=False,
        broken=reason,
    )  # fmt: skip


def _row(
    meta: Meta, facts: PodFacts, place: str, container: FullContainer, status: ContainerStatus | None
) -> ContainerRow:
    row = ContainerRow(
        uid=f"{meta.uid or meta.name}/{container.name}",
        namespace=meta.namespace or "",
        name=container.name or "",
        resource_version=meta.resource_version or "",
        created=0.0,
        labels=None,
        owners=(),
        deleting=meta.deletion_timestamp is not None,
        broken="",
        pod=meta.name or "",
        index=place,
        image=container.image or "",
        probes=_probes(container),
        ports=",".join(map(_port, container.ports or ())),
        gpu=gpus_of([container]),
        state="Waiting",
    )
    requests = (container.resources.requests if container.resources else None) or {}
    limits = (container.resources.limits if container.resources else None) or {}
    row.cpu_request = amount(requests.get("cpu", limits.get("cpu")), "cpu")
    row.cpu_limit = amount(limits.get("cpu"), "cpu")
    row.memory_request = amount(requests.get("memory", limits.get("memory")), "memory")
    row.memory_limit = amount(limits.get("memory"), "memory")
    if status is not None:
        _fill_state(row, facts, status)
    return row


def _fill_state(row: ContainerRow, facts: PodFacts, status: ContainerStatus) -> None:
    row.ready, row.restarts = bool(status.ready), status.restart_count or 0
    row.trouble = container_trouble(facts, status, in_inits=row.index[:1] == "I")
    state = status.state
    if state is not None and state.running is not None:
        row.state, row.running = "Running", True
        row.created = time_or_zero(state.running.started_at)
    elif state is not None and state.terminated is not None:
        row.state = ended_text(state.terminated)
    elif state is not None and state.waiting is not None:
        row.state = state.waiting.reason or "Waiting"
    last = last_end(status)
    if last is not None:
        row.restarted = time_or_zero(last.finished_at)
        row.last_end = f"{ended_text(last)} ({last.exit_code})"


def _probes(container: FullContainer) -> str:
    """Return which probes there are: ``L:R:S``, a dash where there is none."""
    probes = (("L", container.liveness_probe), ("R", container.readiness_probe), ("S", container.startup_probe))
    return ":".join(letter if probe else "-" for letter, probe in probes)


def _port(port: _ContainerPort) -> str:
    protocol = "" if port.protocol in (None, "TCP") else f"/{port.protocol}"
    name = f"{port.name}:" if port.name else ""
    return f"{name}{port.container_port}{protocol}"


_container = ColumnMaker(ContainerRow)


def _usage(row: ContainerRow, ctx: RowContext) -> Usage | None:
    return ctx.usage.container(row.namespace, row.pod, row.name) if ctx.usage is not None else None


def _restarts(row: ContainerRow, ctx: RowContext) -> str:
    if not row.restarts or not row.restarted:
        return str(row.restarts)
    return f"{row.restarts} ({ages.human(ctx.now - row.restarted)} ago)"


_ORDER = {"I": 0, "S": 0, "M": 1, "E": 2}


def _index_key(row: ContainerRow, _ctx: RowContext) -> tuple[int, int]:
    return _ORDER.get(row.index[:1], 3), int(row.index[1:] or 0)


_COLUMNS = (
    _container("idx", "IDX", lambda row, _: row.index, sort=_index_key, width=3, rank=4,
               description="I init, S sidecar, M main, E ephemeral, in the order they start"),
    _container("name", "NAME", lambda row, _: row.name, width=10, flex=True, rank=0),
    _container("image", "IMAGE", lambda row, _: row.image, width=12, max_width=60, rank=20),
    _container("ready", "READY", lambda row, _: str(row.ready).lower(), rank=6,
               tone=lambda row, _: Tone.WARN if row.running and not row.ready else Tone.PLAIN),
    _container("state", "STATE", lambda row, _: row.state, width=9, max_width=28, rank=1,
               tone=lambda row, ctx: TONE_OF[row_health(row, ctx).level]),
    _container("restarts", "RESTARTS", _restarts, sort=lambda row, _: row.restarts, align="right", rank=5, live=True,
               max_width=18, measure=Measure.NUMBER),
    _container("last", "LAST STATE", lambda row, _: row.last_end or NONE_TEXT, rank=16, max_width=24),
    _container("probes", "PROBES(L:R:S)", lambda row, _: row.probes, rank=30,
               description="Liveness, readiness and startup probe"),
    *usage_columns(_container, "cpu", _usage, lambda row: row.cpu_request, lambda row: row.cpu_limit),
    *usage_columns(_container, "memory", _usage, lambda row: row.memory_request, lambda row: row.memory_limit),
    _container("gpu", "GPU/RL", lambda row, _: row.gpu or NONE_TEXT, wide=True, rank=80),
    _container("ports", "PORTS", lambda row, _: row.ports, rank=25, max_width=40),
    _container("age", "AGE", lambda row, ctx: since(row.created, ctx.now, absent=NO_SAMPLE), align="right", width=5,
               rank=10, live=True, measure=Measure.DURATION,
               sort=lambda row, ctx: ctx.now - row.created if row.created else MISSING,
               description="How long the container has been running"),
)  # fmt: skip


_ACTIONS = {"logs.previous": "container.previous", "logs": "container.logs"}
"""A pod's action, and the one that does the same here."""


def row_health(row: Row, ctx: RowContext) -> Health:
    """Return how a container is doing."""
    assert isinstance(row, ContainerRow)
    if row.broken:
        return unreadable(row)
    if row.trouble is not None:
        found = container_health(row.trouble, ctx)
        return Health(found.level, found.sentence, _ACTIONS.get(found.action, "container.describe"))
    if row.state == "Completed":
        return FINISHED
    if not row.running:
        return Health(Level.BUSY, "not started yet")
    if not row.ready and row.index[:1] != "E":
        return Health(Level.WARN, "runs and its readiness or startup probe has not passed", "container.describe")
    if row.last_end.startswith("OOMKilled"):
        when = ages.human(ctx.now - row.restarted)
        of = f" of {quantity.format_bytes(row.memory_limit)}" if row.memory_limit else ""
        text = f"runs again; its last state is OOMKilled, {when} ago at its memory limit{of}"
        return Health(Level.WARN, text, "container.previous")
    return HEALTHY


def _notice(row: Row, ctx: RowContext) -> str:
    assert isinstance(row, ContainerRow)
    return use_sentence(_usage(row, ctx), row.cpu_limit, row.memory_limit)


def _never() -> Projection:
    raise AssertionError("containers are computed from their pod, never listed")


CONTAINERS_SPEC = KindSpec(
    id="containers",
    projection=_never,
    columns=fixed(_COLUMNS),
    default_sort=("idx", False),
    health=row_health,
    notice=_notice,
    metered=True,
    purpose="A pod without containers has not been read yet.",
)
