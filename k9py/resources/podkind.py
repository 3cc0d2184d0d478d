"""Pods as a kind: columns, health, relations."""

from __future__ import annotations

from k9py.core import ages
from k9py.kube.rows import Row
from k9py.resources.cells import TAIL, identity, ratio_key, since
from k9py.resources.model import (
    FINISHED,
    HEALTHY,
    MISSING,
    NONE_TEXT,
    TONE_OF,
    Column,
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
from k9py.resources.pods import PodRow, pod_projection
from k9py.resources.podstate import Trouble
from k9py.resources.usagecells import amount_text, usage_columns, use_sentence

IMAGE_REASONS = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})

RECENT_RESTART = 3600.0
"""Seconds after a restart in which a running pod is still worth a warning."""

SLOW_START = 120.0
"""Seconds a pod may be pending or unready before that is a problem."""

_pod = ColumnMaker(PodRow)


def _restarts(row: PodRow, ctx: RowContext) -> str:
    if not row.restarts or not row.restarted:
        return str(row.restarts)
    return f"{row.restarts} ({ages.human(ctx.now - row.restarted)} ago)"


def _usage(row: PodRow, ctx: RowContext) -> Usage | None:
    return ctx.usage.pod(row.namespace, row.name) if ctx.usage is not None else None


_COLUMNS: tuple[Column, ...] = (
    *identity(namespaced=True),
    _pod(
        "ready", "READY", lambda row, _: f"{row.ready}/{row.total}",
        sort=lambda row, _: ratio_key(row.ready, row.total), align="right", rank=3, measure=Measure.RATIO,
    ),
    _pod(
        "status", "STATUS", lambda row, _: row.status, width=9, max_width=28, rank=1,
        tone=lambda row, ctx: TONE_OF[pod_health(row, ctx).level],
    ),
    _pod(
        "restarts", "RESTARTS", _restarts, sort=lambda row, _: row.restarts, align="right", rank=5, live=True,
        short="RST", width=4, max_width=18, measure=Measure.NUMBER,
    ),
    _pod(
        "last-restart", "LAST RESTART", lambda row, ctx: since(row.restarted, ctx.now),
        sort=lambda row, ctx: ctx.now - row.restarted if row.restarted else MISSING, align="right", wide=True, rank=70,
        live=True, measure=Measure.DURATION,
    ),
    *usage_columns(_pod, "cpu", _usage, lambda row: row.cpu_request, lambda row: row.cpu_limit),
    *usage_columns(_pod, "memory", _usage, lambda row: row.memory_request, lambda row: row.memory_limit),
    _pod("gpu", "GPU/RL", lambda row, _: row.gpu or NONE_TEXT, wide=True, rank=80),
    _pod("ip", "IP", lambda row, _: row.ip or NONE_TEXT, width=10, max_width=39, rank=45),
    _pod("node", "NODE", lambda row, _: row.node or NONE_TEXT, width=8, max_width=40, rank=40),
    _pod("nominated", "NOMINATED NODE", lambda row, _: row.nominated or NONE_TEXT, wide=True, rank=82),
    _pod("gates", "READINESS GATES", lambda row, _: row.gates or NONE_TEXT, wide=True, rank=81),
    _pod(
        "account", "SERVICE ACCOUNT", lambda row, _: row.service_account or NONE_TEXT, wide=True, rank=75,
        max_width=30,
    ),
    _pod("qos", "QOS", lambda row, _: row.qos or NONE_TEXT, wide=True, rank=74),
    *TAIL,
)  # fmt: skip


def pod_health(row: Row, ctx: RowContext) -> Health:
    """Return how a pod is doing and what to look at next."""
    assert isinstance(row, PodRow)
    trouble = row.trouble
    if row.broken:
        return unreadable(row)
    if row.deleting and row.status in ("Terminating", "Unknown"):
        return _terminating(row, ctx)
    if row.phase == "Succeeded":
        return FINISHED
    if trouble is None:
        return _untroubled(row, ctx)
    if trouble.what in ("waiting", "terminated"):
        return container_health(trouble, ctx)
    if trouble.what == "unschedulable":
        return _unschedulable(trouble)
    if trouble.what == "pod":
        return Health(Level.BAD, _sentence(f"the pod failed: {trouble.reason}", trouble.message), "events")
    if trouble.what == "unready":
        return _unready(row, trouble, ctx)
    return _restarted(trouble, ctx)


def _untroubled(row: PodRow, ctx: RowContext) -> Health:
    if row.phase == "Running":
        if row.ready == row.total:
            return HEALTHY
        return Health(Level.WARN, f"{row.ready} of {row.total} containers are ready", "describe")
    if row.phase == "Pending":
        age = ctx.now - row.created if row.created else 0.0
        if age <= SLOW_START:
            return Health(Level.BUSY, "starting")
        where = f"on {row.node}" if row.node else "without a node"
        return Health(Level.WARN, f"still {row.status} after {ages.human(age)} {where}", "events")
    if row.phase == "Failed":
        return Health(Level.BAD, "the pod failed", "describe")
    return Health(Level.WARN, f"the state of the pod is {row.phase or 'not known'}", "describe")


def _terminating(row: PodRow, ctx: RowContext) -> Health:
    if row.status == "Unknown":
        node = row.node or "unknown"
        return Health(Level.BAD, f"node {node} does not answer, so the pod cannot be removed", "go.node")
    return Health(Level.BUSY, "terminating")


def container_health(trouble: Trouble, ctx: RowContext) -> Health:
    """Return what a container that waits or has ended needs."""
    return _terminated(trouble, ctx) if trouble.what == "terminated" else _waiting(trouble, ctx)


def _waiting(trouble: Trouble, ctx: RowContext) -> Health:
    subject = f"container {trouble.container}"
    if trouble.reason in IMAGE_REASONS:
        return Health(Level.BAD, _sentence(f"{subject} has no image: {trouble.reason}", trouble.message), "events")
    if trouble.reason in CONFIG_REASONS:
        text = f"{subject} cannot be created: {trouble.reason}"
        return Health(Level.BAD, _sentence(text, trouble.message), "describe")
    if trouble.reason == "CrashLoopBackOff":
        end = _end(trouble, ctx)
        return Health(Level.BAD, f"{subject} keeps crashing: restarted {_times(trouble)}{end}", "logs.previous")
    return Health(Level.BAD, _sentence(f"{subject} waits: {trouble.reason}", trouble.message), "describe")


def _times(trouble: Trouble) -> str:
    return f"{trouble.restarts} times" if trouble.restarts != 1 else "once"


def _end(trouble: Trouble, ctx: RowContext) -> str:
    """Return how the last run ended, as the tail of a sentence."""
    if not trouble.last_reason:
        return ""
    when = f" {ages.human(ctx.now - trouble.at)} ago" if trouble.at else ""
    if trouble.last_reason == "OOMKilled":
        return f", last OOMKilled{when}{_limit(trouble)}"
    return f", last {trouble.last_reason} with exit code {trouble.exit_code}{when}"


def _limit(trouble: Trouble) -> str:
    return f" at its memory limit of {trouble.memory_limit}" if trouble.memory_limit else " (it has no memory limit)"


def _terminated(trouble: Trouble, ctx: RowContext) -> Health:
    when = f" {ages.human(ctx.now - trouble.at)} ago" if trouble.at else ""
    if trouble.reason == "OOMKilled":
        text = f"container {trouble.container} was OOMKilled{when}{_limit(trouble)}"
        if trouble.restarts:
            text += f", restarted {_times(trouble)}"
        return Health(Level.BAD, text, "logs.previous" if trouble.restarts else "logs")
    text = f"container {trouble.container} ended with exit code {trouble.exit_code}{when}"
    if trouble.reason not in ("Error", ""):
        text += f": {trouble.reason}"
    return Health(Level.BAD, _sentence(text, trouble.message), "logs")


def _unschedulable(trouble: Trouble) -> Health:
    if trouble.reason == "SchedulingGated":
        return Health(Level.BUSY, "scheduling is held back by a scheduling gate", "describe")
    return Health(Level.BAD, _sentence("no node takes the pod", trouble.message), "events")


def _unready(row: PodRow, trouble: Trouble, ctx: RowContext) -> Health:
    runs = ctx.now - trouble.at if trouble.at else 0.0
    probe = "startup" if trouble.reason == "Starting" else "readiness"
    text = f"container {trouble.container} runs for {ages.human(runs)} and its {probe} probe has not passed"
    if trouble.last_reason:
        text += f"; restarted {_times(trouble)}, last {trouble.last_reason}"
    return Health(Level.BUSY if runs <= SLOW_START and not trouble.restarts else Level.WARN, text, "events")


def _restarted(trouble: Trouble, ctx: RowContext) -> Health:
    ago = ctx.now - trouble.at if trouble.at else 0.0
    text = f"container {trouble.container} restarted {_times(trouble)}, last {trouble.reason}"
    if trouble.reason not in ("OOMKilled", "Completed"):
        text += f" with exit code {trouble.exit_code}"
    if trouble.at:
        text += f" {ages.human(ago)} ago"
    if trouble.reason == "OOMKilled":
        text += _limit(trouble)
    level = Level.WARN if trouble.at and ago <= RECENT_RESTART else Level.OK
    return Health(level, text, "logs.previous")


def _sentence(head: str, message: str) -> str:
    return f"{head}: {message}" if message else head


def _notice(row: Row, ctx: RowContext) -> str:
    assert isinstance(row, PodRow)
    trouble = row.trouble
    is_said = (
        trouble is not None
        and "OOMKilled" in (trouble.reason, trouble.last_reason)
        and trouble.memory_limit == amount_text(row.memory_limit, "memory")
    )
    return use_sentence(_usage(row, ctx), row.cpu_limit, row.memory_limit, limit_is_said=is_said)


def _containers(row: Row) -> Target:
    return Target(view="containers", title=f"containers of pod {row.name}")


def _node(row: Row) -> Target | None:
    assert isinstance(row, PodRow)
    return Target("nodes", namespace="", name=row.node, title=f"node of pod {row.name}") if row.node else None


PODS = KindSpec(
    id="pods",
    projection=pod_projection,
    columns=fixed(_COLUMNS),
    health=pod_health,
    notice=_notice,
    drill=Drill("containers", "containers", _containers),
    relations=(Drill("node", "its node", _node),),
    metered=True,
    purpose="Pods run the containers; workloads such as Deployments make them.",
)
