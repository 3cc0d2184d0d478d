"""CronJobs: a Job each time the schedule fires."""

from __future__ import annotations

from typing import Any

from k9py.core.ages import time_or_zero
from k9py.core.cron import fires, last_fire
from k9py.core.errors import ApiError, InputError
from k9py.sim.controllers.cluster import Cluster, Controller, clone, condition, key_of, owner_reference, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.engine import Timer
from k9py.sim.objects import timestamp

Object = dict[str, Any]
SOURCE = Source("cronjob-controller")
CRONJOBS, JOBS = "cronjobs.batch", "jobs.batch"
INSTANT = 1e-3
"""Seconds by which a timer may be early."""
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronJobs(Controller):
    """The CronJob control loop."""

    name = "cronjob"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._timers: dict[str, Timer] = {}
        self._skipped_to: dict[str, float] = {}
        """Unix time of the last leap each CronJob was there for: what fired in skipped time is not made up for."""
        self.watch_own(CRONJOBS)
        self.watch_owned(JOBS, "CronJob")
        cluster.engine.on_leap(lambda _gap: self._leapt())

    def _leapt(self) -> None:
        for cron in self.cluster.list(CRONJOBS):
            self._skipped_to[key_of(cron)] = self.cluster.now
            self.wake(key_of(cron))

    def reconcile(self, key: str) -> None:
        """Start what is due, tidy up what is done, plan the next turn."""
        cron = self.cluster.get(CRONJOBS, *split_key(key))
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()
        if cron is None or cron["metadata"].get("deletionTimestamp"):
            self._skipped_to.pop(key, None)
            return
        self._tidy(cron)
        if cron["spec"].get("suspend"):
            return
        now, schedule = self.cluster.now + INSTANT, cron["spec"]["schedule"]
        zone = cron["spec"].get("timeZone") or ""
        try:
            due = last_fire(schedule, self._earliest(cron), now, zone=zone)
            if due is not None:
                self._fire(cron, due)
            following = next(fires(schedule, now, zone=zone))
        except InputError as error:
            text = f'unparseable schedule: "{schedule}" : {error}'
            self.cluster.events.warn(cron, "UnparseableSchedule", text, SOURCE)
            return
        self._timers[key] = self.engine.at(following, lambda: self.wake(key), name=f"cron {key}")

    def _earliest(self, cron: Object) -> float:
        """Return the Unix time after which a turn that was missed is made up for, once however many there were."""
        last = (cron.get("status") or {}).get("lastScheduleTime") or cron["metadata"]["creationTimestamp"]
        limit = cron["spec"].get("startingDeadlineSeconds")
        oldest = self.cluster.now - limit if limit is not None else 0.0
        return max(time_or_zero(last), oldest, self._skipped_to.get(key_of(cron), 0.0))

    def _fire(self, cron: Object, due: float) -> None:
        policy = cron["spec"].get("concurrencyPolicy") or "Allow"
        active = [job for job in self.cluster.owned(JOBS, cron) if not _ended(job)]
        if active and policy == "Forbid":
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.cluster.events.note(cron, "JobAlreadyActive", text, SOURCE)
            return
        if active and policy == "Replace":
            for job in active:
                self.cluster.delete(JOBS, job)
                self.cluster.events.note(cron, "SuccessfulDelete", f"Deleted job {job['metadata']['name']}", SOURCE)
        template = clone(cron["spec"]["jobTemplate"])
        meta = template.get("metadata") or {}
        name = f"{cron['metadata']['name']}-{int(due) // 60}"
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": cron["metadata"]["namespace"],
                "labels": meta.get("labels") or {},
                "annotations": {**(meta.get("annotations") or {}), SCHEDULED_AT: timestamp(due)},
                "ownerReferences": [owner_reference(cron)],
            },
            "spec": template["spec"],
        }
        try:
            created = self.cluster.create(JOBS, job)
        except ApiError as error:
            self.cluster.events.warn(cron, "FailedCreate", f"Error creating job: {error}", SOURCE)
            return
        self.cluster.events.note(cron, "SuccessfulCreate", f"Created job {name}", SOURCE)
        fresh = self.cluster.get(CRONJOBS, cron["metadata"]["namespace"], cron["metadata"]["name"]) or cron
        status = clone(fresh.get("status") or {})
        status["lastScheduleTime"] = timestamp(due)
        status.setdefault("active", []).append(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": name,
                "namespace": job["metadata"]["namespace"],
                "resourceVersion": created["metadata"]["resourceVersion"],
                "uid": created["metadata"]["uid"],
            }
        )
        self.cluster.set_status(CRONJOBS, cron, status)

    def _tidy(self, cron: Object) -> None:
        """Forget active jobs that ended and delete those beyond the history limits."""
        jobs = self.cluster.owned(JOBS, cron)
        status = clone(cron.get("status") or {})
        running = {job["metadata"]["uid"] for job in jobs if not _ended(job)}
        self._see(cron, jobs, status)
        kept = []
        for entry in status.get("active") or ():
            if entry["uid"] in running:
                kept.append(entry)
                continue
            job = next((item for item in jobs if item["metadata"]["uid"] == entry["uid"]), None)
            word = _ended(job) if job else ""
            if job and word:
                text = f"Saw completed job: {entry['name']}, condition: {word}"
                self.cluster.events.note(cron, "SawCompletedJob", text, SOURCE)
        status.pop("active", None)
        if kept:
            status["active"] = kept
        self.cluster.set_status(CRONJOBS, cron, {name: value for name, value in status.items() if value})
        for word, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            done = sorted((job for job in jobs if _ended(job) == word), key=_started)
            limit = cron["spec"].get(field, default)
            for job in done[: max(0, len(done) - limit)]:
                self.cluster.delete(JOBS, job)
                self.cluster.events.note(cron, "SuccessfulDelete", f"Deleted job {job['metadata']['name']}", SOURCE)

    def _see(self, cron: Object, jobs: list[Object], status: Object) -> None:
        """Take note of jobs somebody made from this CronJob, and of the newest success of any."""
        known = {item["uid"] for item in status.get("active") or ()}
        for job in jobs:
            if not _ended(job) and job["metadata"]["uid"] not in known:
                text = f"Saw a job that the controller did not create or forgot: {job['metadata']['name']}"
                self.cluster.events.warn(cron, "UnexpectedJob", text, SOURCE)
            elif _ended(job) == "Complete":
                done = (job.get("status") or {}).get("completionTime") or ""
                status["lastSuccessfulTime"] = max(done, status.get("lastSuccessfulTime") or "")


def _ended(job: Object) -> str:
    """Return Complete or Failed for a job that ended, else an empty string."""
    for word in ("Complete", "Failed"):
        found = condition(job, word)
        if found and found["status"] == "True":
            return word
    return ""


def _started(job: Object) -> float:
    return time_or_zero((job.get("status") or {}).get("startTime"))
