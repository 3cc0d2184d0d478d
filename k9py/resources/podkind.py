"""Pods as a kind: columns, health, relations."""

from __future__ import annotations

from k9py.core import ages
from k9py.kube.rows import Row
from k9py.resources import causes
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
from k9py.resources.pods import GOING, PodRow, pod_projection
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

SLOW_END = 60.0
"""Seconds past its grace period a pod may be terminating before that is a problem."""

NEVER_STARTED = frozenset({"StartError", "ContainerCannotRun"})
"""Ends of a container whose process was never there: it wrote no log."""

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
    if row.deleting and (row.status in GOING or (trouble is not None and trouble.what == "deleting")):
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
        head = "evicted" if trouble.reason == "Evicted" else f"the pod failed: {trouble.reason}"
        return Health(Level.BAD, _sentence(head, trouble.message), "events")
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
    overdue = ctx.now - row.trouble.at if row.trouble is not None and row.trouble.at else 0.0
    if overdue <= SLOW_END:
        return Health(Level.BUSY, "terminating")
    text = f"still terminating {ages.human(overdue)} after its grace period: "
    if row.trouble is not None and row.trouble.message:
        return Health(Level.WARN, f"{text}held by its finalizer {row.trouble.message}", "yaml")
    if row.node:
        return Health(Level.WARN, f"{text}node {row.node} has not said that it ended", "go.node")
    return Health(Level.WARN, f"{text}the server has not removed it", "yaml")


def container_health(trouble: Trouble, ctx: RowContext) -> Health:
    """Return what a container that waits or has ended needs."""
    return _terminated(trouble, ctx) if trouble.what == "terminated" else _waiting(trouble, ctx)


def _waiting(trouble: Trouble, ctx: RowContext) -> Health:
    subject = _subject(trouble)
    if trouble.reason in IMAGE_REASONS:
        why = causes.image_text(trouble.reason, causes.image_of(trouble.message), trouble.message)
        return Health(Level.BAD, f"{subject}: {why}", "events")
    if trouble.reason in CONFIG_REASONS:
        why = causes.start_text(trouble.message) or trouble.reason
        return Health(Level.BAD, f"{subject} cannot be created: {why}", "describe")
    if trouble.reason == "CrashLoopBackOff":
        if trouble.last_reason in NEVER_STARTED:
            return _never_started(trouble, trouble.last_message)
        text = _sentence(
            f"{subject} keeps crashing: restarted {_times(trouble)}{_end(trouble, ctx)}", _own_words(trouble)
        )
        return Health(Level.BAD, text, "logs.previous")
    return Health(Level.BAD, _sentence(f"{subject} waits: {trouble.reason}", trouble.message), "describe")


def _subject(trouble: Trouble) -> str:
    return f"init container {trouble.container}" if trouble.is_init else f"container {trouble.container}"


def _never_started(trouble: Trouble, message: str) -> Health:
    """Return what is wrong with a command the runtime cannot run; there is no log to look at."""
    tried = f"; tried {trouble.restarts + 1} times" if trouble.restarts else ""
    why = causes.start_text(message) or trouble.last_reason or trouble.reason
    return Health(Level.BAD, f"{_subject(trouble)} cannot be started: {why}{tried}", "describe")


def _own_words(trouble: Trouble) -> str:
    """Return what the container left behind as its termination message; an OOM kill needs no words."""
    return "" if "OOMKilled" in (trouble.reason, trouble.last_reason) else trouble.last_message or ""


def _times(trouble: Trouble) -> str:
    return f"{trouble.restarts} times" if trouble.restarts != 1 else "once"


def _end(trouble: Trouble, ctx: RowContext) -> str:
    """Return how the last run ended, as the tail of a sentence."""
    if not trouble.last_reason:
        return ""
    when = f" {ages.human(ctx.now - trouble.at)} ago" if trouble.at else ""
    if trouble.last_reason == "OOMKilled":
        return f", last OOMKilled{when}{_limit(trouble)}"
    return f", last {_how_ended(trouble.last_reason, trouble.exit_code)}{when}"


def _how_ended(reason: str, code: int) -> str:
    """Return reason and exit code; the reason Error says nothing that the code does not."""
    return causes.exit_text(code) if reason == "Error" else f"{reason} with {causes.exit_text(code)}"


def _limit(trouble: Trouble) -> str:
    return f" at its memory limit of {trouble.memory_limit}" if trouble.memory_limit else " (it has no memory limit)"


def _terminated(trouble: Trouble, ctx: RowContext) -> Health:
    when = f" {ages.human(ctx.now - trouble.at)} ago" if trouble.at else ""
    if trouble.reason in NEVER_STARTED:
        return _never_started(trouble, trouble.message)
    if trouble.reason == "OOMKilled":
        text = f"{_subject(trouble)} was OOMKilled{when}{_limit(trouble)}"
        if trouble.restarts:
            text += f", restarted {_times(trouble)}"
        return Health(Level.BAD, text, "logs.previous" if trouble.restarts else "logs")
    text = f"{_subject(trouble)} ended with {causes.exit_text(trouble.exit_code)}{when}"
    if trouble.reason not in ("Error", ""):
        text += f": {trouble.reason}"
    return Health(Level.BAD, _sentence(text, trouble.message), "logs")


def _unschedulable(trouble: Trouble) -> Health:
    if trouble.reason == "SchedulingGated":
        return Health(Level.BUSY, "scheduling is held back by a scheduling gate", "describe")
    return Health(Level.BAD, causes.scheduling_text(trouble.message), "events")


def _unready(row: PodRow, trouble: Trouble, ctx: RowContext) -> Health:
    runs = ctx.now - trouble.at if trouble.at else 0.0
    probe = "startup" if trouble.reason == "Starting" else "readiness"
    text = f"container {trouble.container} runs for {ages.human(runs)} and its {probe} probe has not passed"
    if trouble.last_reason:
        text += f"; restarted {_times(trouble)}, last {trouble.last_reason}"
    return Health(Level.BUSY if runs <= SLOW_START and not trouble.restarts else Level.WARN, text, "events")


def _restarted(trouble: Trouble, ctx: RowContext) -> Health:
    ago = ctx.now - trouble.at if trouble.at else 0.0
    is_told = trouble.reason in ("OOMKilled", "Completed")
    last = trouble.reason if is_told else _how_ended(trouble.reason, trouble.exit_code)
    text = f"container {trouble.container} restarted {_times(trouble)}, last {last}"
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
