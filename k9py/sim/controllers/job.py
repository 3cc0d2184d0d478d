"""Jobs: pods until enough of them succeeded or too many failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k9py.core.ages import time_or_zero
from k9py.core.errors import ApiError
from k9py.sim.controllers.cluster import Cluster, Controller, clone, set_condition, split_key
from k9py.sim.controllers.events import Source
from k9py.sim.controllers.podtemplate import create_pod, delete_pod, is_going, is_ready, pod_from
from k9py.sim.objects import timestamp

Object = dict[str, Any]
SOURCE = Source("job-controller")
JOBS = "jobs.batch"
FIRST_RETRY = 10.0
"""Seconds until a failed pod is replaced, doubling with each failure."""
LONGEST_RETRY = 600.0
REFUSED_RETRY = 5.0
INDEX = "batch.kubernetes.io/job-completion-index"
_ENDS = {
    "BackoffLimitExceeded": "Job has reached the specified backoff limit",
    "DeadlineExceeded": "Job was active longer than specified deadline",
}


class Jobs(Controller):
    """The Job control loop."""

    name = "job"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.watch_own(JOBS)
        self.watch_owned("pods", "Job")

    def reconcile(self, key: str) -> None:
        """Start, count, finish."""
        job = self.cluster.get(JOBS, *split_key(key))
        if job is None or job["metadata"].get("deletionTimestamp"):
            return
        if _finished(job):
            self._expire(key, job)
            return
        status = clone(job.get("status") or {})
        pods = self.cluster.owned("pods", job)
        if job["spec"].get("suspend"):
            self._suspend(job, status, pods)
            return
        if not status.get("startTime"):
            status["startTime"] = timestamp(self.cluster.now)
            if any(item["type"] == "Suspended" for item in status.get("conditions") or ()):
                set_condition(
                    status, "Suspended", "False", reason="JobResumed", message="Job resumed", now=self.cluster.now
                )
                self.cluster.events.note(job, "Resumed", "Job resumed", SOURCE)
        self._work(key, job, status, pods)

    def _work(self, key: str, job: Object, status: Object, pods: list[Object]) -> None:
        spec = job["spec"]
        active = [pod for pod in pods if _phase(pod) not in ("Succeeded", "Failed") and not is_going(pod)]
        succeeded = sum(_phase(pod) == "Succeeded" for pod in pods)
        failed = [pod for pod in pods if _phase(pod) == "Failed"]
        parallelism = spec.get("parallelism", 1)
        completions = spec.get("completions")
        if spec.get("completionMode") == "Indexed":
            status["completedIndexes"] = _ranges(
                int(pod["metadata"]["annotations"][INDEX]) for pod in pods if _phase(pod) == "Succeeded"
            )
        end = self._verdict(key, job, status, len(failed), active, succeeded)
        if end:
            self._finish(job, status, end, active, succeeded, len(failed))
            return
        if completions is None:
            wanted = parallelism if not succeeded else len(active)
        else:
            wanted = min(parallelism, completions - succeeded)
        wait = self._wait_after(failed)
        if wait > 0 and wanted > len(active):
            self.engine.enqueue_after(self.queue, key, wait)
        else:
            self._create(key, job, pods, active, wanted)
        for pod in active[wanted:]:
            delete_pod(self.cluster, job, pod, SOURCE)
        pods = self.cluster.owned("pods", job)
        active = [pod for pod in pods if _phase(pod) not in ("Succeeded", "Failed") and not is_going(pod)]
        self._count(job, status, active, succeeded, len(failed), pods)

    def _verdict(self, key: str, job: Object, status: Object, failed: int, active: list[Object], succeeded: int) -> str:
        """Return Complete or the reason of the failure; empty while it goes on."""
        spec = job["spec"]
        completions = spec.get("completions")
        if completions is None:
            if succeeded and not active:
                return "Complete"
        elif succeeded >= completions:
            return "Complete"
        restarts = sum(
            item.get("restartCount", 0)
            for pod in active
            for item in (pod.get("status") or {}).get("containerStatuses") or ()
        )
        limit = spec.get("backoffLimit", 6)
        if failed > limit or (_policy(job) == "OnFailure" and restarts and failed + restarts >= max(limit, 1)):
            return "BackoffLimitExceeded"
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None:
            left = time_or_zero(status["startTime"]) + deadline - self.cluster.now
            if left <= 0:
                return "DeadlineExceeded"
            self.engine.enqueue_after(self.queue, key, left + 0.1)
        return ""

    def _wait_after(self, failed: list[Object]) -> float:
        """Return the seconds until a failed pod may be replaced."""
        if not failed:
            return 0.0
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** (len(failed) - 1))
        return float(max(map(_ended_at, failed)) + wait - self.cluster.now)

    def _create(self, key: str, job: Object, pods: list[Object], active: list[Object], wanted: int) -> None:
        taken = {pod["metadata"].get("annotations", {}).get(INDEX) for pod in pods if _phase(pod) != "Failed"}
        for _ in range(max(0, wanted - len(active))):
            pod = pod_from(job["spec"]["template"], job, generate=f"{job['metadata']['name']}-")
            labels = pod["metadata"]["labels"]
            labels |= _labels(job)
            if job["spec"].get("completionMode") == "Indexed":
                index = next(str(n) for n in range(len(taken) + 1) if str(n) not in taken)
                taken.add(index)
                pod["metadata"]["annotations"] = {**pod["metadata"].get("annotations", {}), INDEX: index}
                labels[INDEX] = index
                pod["metadata"]["generateName"] = f"{job['metadata']['name']}-{index}-"
            try:
                create_pod(self.cluster, job, pod, SOURCE)
            except ApiError:
                self.engine.enqueue_after(self.queue, key, REFUSED_RETRY)
                return

    def _count(
        self, job: Object, status: Object, active: list[Object], succeeded: int, failed: int, pods: list[Object]
    ) -> None:
        counts = {"active": len(active), "succeeded": succeeded, "failed": failed}
        for name, value in counts.items():
            status.pop(name, None)
            if value:
                status[name] = value
        status["ready"] = sum(is_ready(pod) for pod in active)
        status["terminating"] = sum(is_going(pod) for pod in pods)
        status["uncountedTerminatedPods"] = {}
        self.cluster.set_status(JOBS, job, status)

    def _finish(self, job: Object, status: Object, end: str, active: list[Object], succeeded: int, failed: int) -> None:
        for pod in active:
            delete_pod(self.cluster, job, pod, SOURCE)
        now = self.cluster.now
        if end == "Complete":
            text = "Reached expected number of succeeded pods"
            for kind in ("SuccessCriteriaMet", "Complete"):
                set_condition(status, kind, "True", reason="CompletionsReached", message=text, now=now)
            status["completionTime"] = timestamp(now)
            self.cluster.events.note(job, "Completed", "Job completed", SOURCE)
        else:
            for kind in ("FailureTarget", "Failed"):
                set_condition(status, kind, "True", reason=end, message=_ENDS[end], now=now)
            self.cluster.events.warn(job, end, _ENDS[end], SOURCE)
        for item in status["conditions"]:
            item.setdefault("lastProbeTime", item["lastTransitionTime"])
        failed += len(active) if end != "Complete" else 0
        self._count(job, status, [], succeeded, failed, [])

    def _suspend(self, job: Object, status: Object, pods: list[Object]) -> None:
        for pod in pods:
            if _phase(pod) not in ("Succeeded", "Failed") and not is_going(pod):
                delete_pod(self.cluster, job, pod, SOURCE)
        status.pop("startTime", None)
        if set_condition(
            status, "Suspended", "True", reason="JobSuspended", message="Job suspended", now=self.cluster.now
        ):
            self.cluster.events.note(job, "Suspended", "Job suspended", SOURCE)
        for item in status["conditions"]:
            item.setdefault("lastProbeTime", item["lastTransitionTime"])
        self._count(job, status, [], sum(_phase(pod) == "Succeeded" for pod in pods), 0, pods)

    def _expire(self, key: str, job: Object) -> None:
        """Delete a finished job after its time to live."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        ended = max(time_or_zero(item.get("lastTransitionTime")) for item in job["status"]["conditions"])
        left = ended + ttl - self.cluster.now
        if left > 0:
            self.engine.enqueue_after(self.queue, key, left + 0.1)
        else:
            self.cluster.delete(JOBS, job)


def _ranges(numbers: Iterable[int]) -> str:
    """Write numbers as ``0-2,5``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def _finished(job: Object) -> bool:
    return any(
        item["type"] in ("Complete", "Failed") and item["status"] == "True"
        for item in (job.get("status") or {}).get("conditions") or ()
    )


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def _policy(job: Object) -> str:
    return str((job["spec"]["template"].get("spec") or {}).get("restartPolicy") or "")


def _ended_at(pod: Object) -> float:
    times = [
        time_or_zero((item.get("state") or {}).get("terminated", {}).get("finishedAt"))
        for item in (pod.get("status") or {}).get("containerStatuses") or ()
    ]
    return max(times, default=0.0)


def _labels(job: Object) -> dict[str, str]:
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    return {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
