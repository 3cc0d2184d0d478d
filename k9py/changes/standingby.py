"""The end of writes that start nothing by themselves: schedules, budgets and policies. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from k9py.changes.model import Object
from k9py.changes.steps import Snapshot, Step, StepState, condition, meta
from k9py.core.ages import DAY, human, time_or_zero
from k9py.core.errors import InputError


def cron_steps(obj: Object, snapshot: Snapshot) -> list[Step]:
    """Return when a CronJob runs next, when it ran last, and what of it runs now."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    steps = [_next_step(str(spec.get("schedule") or ""), str(spec.get("timeZone") or ""), snapshot.now)]
    if spec.get("suspend"):
        steps = [Step("next", StepState.SKIPPED, "suspended: it starts nothing until suspend is taken off")]
    last = time_or_zero(status.get("lastScheduleTime"))
    if last:
        running = len(status.get("active") or ())
        now = f"; {running} of its Jobs run{'s' if running == 1 else ''} now" if running else ""
        steps.append(Step("last", StepState.DONE, f"started last {human(max(0.0, snapshot.now - last))} ago{now}"))
    else:
        steps.append(Step("last", StepState.SKIPPED, "it has not started anything yet"))
    return steps


def _next_step(schedule: str, zone: str, now: float) -> Step:
    from k9py.core.cron import fires  # deferred: cronsim is for CronJobs alone

    try:
        at = next(fires(schedule, now, zone=zone))
    except (InputError, StopIteration) as error:
        return Step("next", StepState.BLOCKED, f"{schedule!r} never comes", (str(error),) if str(error) else ())
    moment = datetime.fromtimestamp(at, ZoneInfo(zone) if zone else UTC)
    shape = "%H:%M" if at - now < DAY else "%Y-%m-%d %H:%M"
    return Step("next", StepState.DONE, f"runs next in {human(at - now)}, at {moment.strftime(shape)} {zone or 'UTC'}")


def budget_steps(obj: Object, _snapshot: Snapshot) -> list[Step]:
    """Return how many pods a PodDisruptionBudget lets go now."""
    status = obj.get("status") or {}
    failed = condition(obj, "DisruptionAllowed")
    if failed.get("reason") == "SyncFailed":
        return [Step("active", StepState.BLOCKED, "its pods cannot be counted", (str(failed.get("message")),))]
    if int(status.get("observedGeneration") or 0) < int(meta(obj).get("generation") or 1):
        return [Step("active", StepState.RUNNING, "its pods are being counted")]
    pods, healthy = int(status.get("expectedPods") or 0), int(status.get("currentHealthy") or 0)
    if not pods:
        return [Step("active", StepState.SKIPPED, "no pod it is about is there yet")]
    allowed = int(status.get("disruptionsAllowed") or 0)
    text = f"{healthy} of {pods} pods healthy; {allowed or 'none'} may be evicted now"
    return [Step("active", StepState.DONE, text)]


def policy_steps(_obj: Object, snapshot: Snapshot) -> list[Step]:
    """Return which pods a NetworkPolicy is about; nobody tells whether it is enforced."""
    pods = [pod for pod in snapshot.pods if not meta(pod).get("deletionTimestamp")]
    if not pods:
        return [Step("active", StepState.SKIPPED, "no pod it is about is there yet")]
    count = f"{len(pods)} pods" if len(pods) > 1 else f"pod {meta(pods[0]).get('name')}"
    return [Step("active", StepState.DONE, f"is about {count}; the network plugin enforces it, or does not")]


STANDING_BY = {"CronJob": cron_steps, "PodDisruptionBudget": budget_steps, "NetworkPolicy": policy_steps}
"""Kinds by which function their steps are read."""
