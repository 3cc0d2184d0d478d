"""Work that ends: Jobs and CronJobs."""

from __future__ import annotations

import msgspec

from k9py.core import ages
from k9py.core.ages import time_or_zero
from k9py.kube.rows import Row
from k9py.resources.cells import TAIL, identity, ratio_key, since
from k9py.resources.model import (
    FINISHED,
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
    fixed,
    unreadable,
)
from k9py.resources.podobject import Condition
from k9py.resources.projecting import Meta, ObjectProjection, Shared
from k9py.resources.structs import (
    LabelSelector,
    ObjectReference,
    Template,
    condition,
    message_of,
    names_and_images,
    plural,
    selector_of,
    selector_text,
)

JOB_STATES = (
    ("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)  # fmt: skip
"""Condition types in the order in which kubectl looks for them, and what it prints."""


class JobSpec(msgspec.Struct, gc=False):
    """What rows read of a job's specification."""

    completions: int | None = None
    parallelism: int | None = None
    suspend: bool | None = None
    selector: LabelSelector | None = None
    template: Template | None = None


class JobStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a job's status."""

    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[Condition] | None = None


class JobObject(msgspec.Struct, gc=False):
    """A job."""

    metadata: Meta | None = None
    spec: JobSpec | None = None
    status: JobStatus | None = None


class JobRow(Row, gc=False):
    """One job in a list."""

    status: str = ""
    completions: int | None = None
    parallelism: int = 0
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    started: float = 0.0
    finished: float = 0.0
    failure: str = ""
    failed_at: float = 0.0
    selector: str = ""
    containers: str = ""
    images: str = ""


def _fill_job(row: JobRow, job: JobObject, _shared: Shared) -> None:
    spec, status = job.spec or JobSpec(), job.status or JobStatus()
    row.completions, row.parallelism = spec.completions, spec.parallelism or 0
    row.active, row.succeeded, row.failed = status.active or 0, status.succeeded or 0, status.failed or 0
    row.started, row.finished = time_or_zero(status.start_time), time_or_zero(status.completion_time)
    row.selector = selector_of(spec.selector)
    row.containers, row.images = names_and_images(spec.template)
    row.status = _job_state(status, deleting=row.deleting)
    failed = condition(status.conditions, "Failed")
    if failed is not None and failed.status == "True":
        row.failure = message_of(failed)
        row.failed_at = time_or_zero(failed.last_transition_time)


def _job_state(status: JobStatus, *, deleting: bool) -> str:
    true = {one.type for one in status.conditions or () if one.status == "True"}
    for kind, text in JOB_STATES[:2]:
        if kind in true:
            return text
    if deleting:
        return "Terminating"
    for kind, text in JOB_STATES[2:]:
        if kind in true:
            return text
    return "Running"


_job = ColumnMaker(JobRow)


def _completions(row: JobRow) -> str:
    if row.completions is not None:
        return f"{row.succeeded}/{row.completions}"
    return f"{row.succeeded}/1 of {row.parallelism}" if row.parallelism > 1 else f"{row.succeeded}/1"


def _duration(row: JobRow, ctx: RowContext) -> float:
    return (row.finished or ctx.now) - row.started if row.started else MISSING


_JOB = (
    *identity(namespaced=True),
    _job("status", "STATUS", lambda row, _: row.status, width=8, rank=2,
         tone=lambda row, ctx: TONE_OF[job_health(row, ctx).level]),
    _job(
        "completions", "COMPLETIONS", lambda row, _: _completions(row), align="right", rank=3, measure=Measure.RATIO,
        sort=lambda row, _: ratio_key(row.succeeded, row.completions if row.completions is not None else 1),
    ),
    _job(
        "duration", "DURATION", lambda row, ctx: ages.human(_duration(row, ctx)) if row.started else "", sort=_duration,
        align="right", rank=12, live=True, measure=Measure.DURATION,
    ),
    _job("failed", "FAILED", lambda r, _: str(r.failed), sort=lambda r, _: r.failed, align="right", wide=True, rank=60,
         measure=Measure.NUMBER),
    _job("containers", "CONTAINERS", lambda row, _: row.containers, wide=True, rank=71, max_width=40),
    _job("images", "IMAGES", lambda row, _: row.images, wide=True, rank=70, max_width=70),
    _job("selector", "SELECTOR", lambda row, _: selector_text(row.selector), wide=True, rank=73, max_width=50),
    *TAIL,
)  # fmt: skip


def job_health(row: Row, ctx: RowContext) -> Health:
    """Return how a job is doing."""
    assert isinstance(row, JobRow)
    if row.broken:
        return unreadable(row)
    if row.status == "Complete":
        return FINISHED
    if row.status == "Failed":
        when = f" {ages.human(ctx.now - row.failed_at)} ago" if row.failed_at else ""
        return Health(Level.BAD, f"failed{when}: {row.failure}", "logs")
    if row.deleting:
        return Health(Level.BUSY, "being deleted")
    if row.status == "Suspended":
        return Health(Level.DONE, "suspended")
    if row.failed:
        return Health(Level.WARN, f"{plural(row.failed, 'pod')} failed so far, {row.active} active", "open")
    return Health(Level.BUSY, f"{plural(row.active, 'pod')} active, {_completions(row)} done")


def _job_pods(row: Row) -> Target | None:
    assert isinstance(row, JobRow)
    if not row.selector:
        return None
    return Target("pods", namespace=row.namespace, label_selector=row.selector, title=f"pods of job {row.name}")


class _JobTemplate(msgspec.Struct, gc=False):
    spec: JobSpec | None = None


class CronJobSpec(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a cron job's specification."""

    schedule: str | None = None
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: _JobTemplate | None = None


class CronJobStatus(msgspec.Struct, gc=False, rename="camel"):
    """What rows read of a cron job's status."""

    active: list[ObjectReference] | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJobObject(msgspec.Struct, gc=False):
    """A cron job."""

    metadata: Meta | None = None
    spec: CronJobSpec | None = None
    status: CronJobStatus | None = None


class CronJobRow(Row, gc=False):
    """One cron job in a list."""

    schedule: str = ""
    time_zone: str = ""
    suspend: bool | None = None
    active: int = 0
    last_schedule: float = 0.0
    last_success: float = 0.0
    selector: str = ""
    containers: str = ""
    images: str = ""


def _fill_cron(row: CronJobRow, cron: CronJobObject, _shared: Shared) -> None:
    spec, status = cron.spec or CronJobSpec(), cron.status or CronJobStatus()
    row.schedule, row.time_zone, row.suspend = spec.schedule or "", spec.time_zone or "", spec.suspend
    row.active = len(status.active or ())
    row.last_schedule = time_or_zero(status.last_schedule_time)
    row.last_success = time_or_zero(status.last_successful_time)
    job = spec.job_template.spec if spec.job_template else None
    if job is not None:
        row.selector = selector_of(job.selector)
        row.containers, row.images = names_and_images(job.template)


def boolean_text(value: bool | None) -> str:
    """Return a boolean as kubectl prints one that may be absent."""
    return "<unset>" if value is None else str(value)


_cron = ColumnMaker(CronJobRow)

_CRON = (
    *identity(namespaced=True),
    _cron("schedule", "SCHEDULE", lambda row, _: row.schedule, width=10, max_width=40, rank=2),
    _cron("timezone", "TIMEZONE", lambda row, _: row.time_zone or NONE_TEXT, rank=50),
    _cron("suspend", "SUSPEND", lambda row, _: boolean_text(row.suspend), rank=12),
    _cron("active", "ACTIVE", lambda row, _: str(row.active), sort=lambda row, _: row.active, align="right", rank=5,
          measure=Measure.NUMBER),
    _cron(
        "last-schedule", "LAST SCHEDULE", lambda row, ctx: since(row.last_schedule, ctx.now),
        sort=lambda row, ctx: ctx.now - row.last_schedule if row.last_schedule else MISSING, align="right", rank=8,
        live=True, measure=Measure.DURATION,
    ),
    _cron(
        "last-success", "LAST SUCCESS", lambda row, ctx: since(row.last_success, ctx.now),
        sort=lambda row, ctx: ctx.now - row.last_success if row.last_success else MISSING, align="right", rank=60,
        wide=True, live=True, measure=Measure.DURATION,
    ),
    _cron("containers", "CONTAINERS", lambda row, _: row.containers, wide=True, rank=71, max_width=40),
    _cron("images", "IMAGES", lambda row, _: row.images, wide=True, rank=70, max_width=70),
    _cron("selector", "SELECTOR", lambda row, _: selector_text(row.selector), wide=True, rank=73, max_width=50),
    *TAIL,
)  # fmt: skip


def cron_health(row: Row, ctx: RowContext) -> Health:
    """Return how a cron job is doing, as far as it says itself."""
    assert isinstance(row, CronJobRow)
    if row.broken:
        return unreadable(row)
    if row.suspend:
        return Health(Level.DONE, "suspended: no job is started")
    if row.last_schedule and row.last_success < row.last_schedule and not row.active:
        last = (
            f", last success {ages.human(ctx.now - row.last_success)} ago" if row.last_success else ", none succeeded"
        )
        when = ages.human(ctx.now - row.last_schedule)
        return Health(Level.WARN, f"the job started {when} ago has not succeeded{last}", "open")
    return HEALTHY


def _cron_jobs(row: Row) -> Target:
    uid = row.uid
    return Target(
        "jobs.batch", namespace=row.namespace, keep=lambda job: uid in job.owners, title=f"jobs of cron job {row.name}"
    )


JOBS = KindSpec(
    id="jobs.batch",
    projection=lambda: ObjectProjection(JobObject, JobRow, _fill_job),
    columns=fixed(_JOB),
    health=job_health,
    drill=Drill("pods", "its pods", _job_pods),
    purpose="Jobs run pods until a number of them have succeeded.",
)
CRONJOBS = KindSpec(
    id="cronjobs.batch",
    projection=lambda: ObjectProjection(CronJobObject, CronJobRow, _fill_cron),
    columns=fixed(_CRON),
    health=cron_health,
    drill=Drill("jobs", "its jobs", _cron_jobs),
    purpose="CronJobs start Jobs by the clock.",
)

SPECS = (JOBS, CRONJOBS)
