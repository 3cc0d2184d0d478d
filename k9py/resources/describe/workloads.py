"""Descriptions of pods and of what makes pods."""

from __future__ import annotations

from collections import Counter
from typing import Any

from k9py.core.ages import human, time_or_zero
from k9py.resources.describe import podspecs
from k9py.resources.describe.common import (
    conditions,
    identity,
    labels_and_annotations,
    matches,
    moment,
    owner_text,
    selector_line,
)
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.model import NONE_TEXT, Tone
from k9py.resources.structs import plural

Related = dict[str, list[dict[str, Any]]]
"""Objects fetched besides the described one, by kind id."""

REVISION = "deployment.kubernetes.io/revision"


def pod(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a pod: placement, state, every container with its last end, conditions, volumes, scheduling."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj, labels=False)
    page.pair("Priority", spec.get("priority", 0))
    page.optional("Priority Class", spec.get("priorityClassName"))
    page.pair("Service Account", spec.get("serviceAccountName"))
    node, host = shown(spec.get("nodeName"), ""), shown(status.get("hostIP"), "")
    page.pair("Node", f"{node}/{host}" if node and host else node)
    page.pair("Start Time", moment(status.get("startTime"), now))
    labels_and_annotations(page, obj)
    page.pair("Status", _phase(obj, now), tone=_phase_tone(status))
    page.optional("Reason", status.get("reason"), tone=Tone.WARN)
    page.optional("Message", status.get("message"), tone=Tone.WARN)
    addresses = [shown(at(one, "ip")) for one in items(status, "podIPs")] or [shown(status.get("podIP"))]
    page.several("IP", addresses)
    page.optional("Controlled By", owner_text(obj))
    podspecs.containers(page, spec, status, now, live=True)
    page.blank()
    conditions(page, obj, now)
    podspecs.volumes(page, spec)
    page.pair("QoS Class", status.get("qosClass"))
    podspecs.scheduling(page, spec)


def _phase(obj: dict[str, Any], now: float) -> str:
    deleted = at(obj, "metadata", "deletionTimestamp")
    if deleted:
        grace = at(obj, "metadata", "deletionGracePeriodSeconds")
        return f"Terminating (lasts {human(now - time_or_zero(deleted))}, grace period {shown(grace, '0')}s)"
    return shown(at(obj, "status", "phase"), "Unknown")


def _phase_tone(status: dict[str, Any]) -> Tone:
    return {"Failed": Tone.BAD, "Pending": Tone.WARN, "Unknown": Tone.WARN}.get(status.get("phase", ""), Tone.PLAIN)


def template(page: Page, obj: dict[str, Any], now: float, *path: str) -> None:
    """Add the pod template found at a path."""
    found = fields(obj, *path)
    page.blank()
    with page.section("Pod Template"):
        page.mapping("Labels", fields(found, "metadata", "labels"))
        annotations = fields(found, "metadata", "annotations")
        if annotations:
            page.mapping("Annotations", annotations, sign=": ")
        spec = fields(found, "spec")
        page.optional("Service Account", spec.get("serviceAccountName"))
        podspecs.containers(page, spec, {}, now, live=False)
        podspecs.volumes(page, spec)
        podspecs.scheduling(page, spec)


def _pods_status(page: Page, obj: dict[str, Any], related: Related) -> None:
    """Add how many pods are in which phase, when the pods were fetched."""
    pods = related.get("pods")
    if pods is None:
        return
    uid = at(obj, "metadata", "uid")
    own = [one for one in pods if any(at(owner, "uid") == uid for owner in items(one, "metadata", "ownerReferences"))]
    phases = Counter(shown(at(one, "status", "phase"), "Unknown") for one in own)
    counts = [f"{phases[phase]} {phase}" for phase in ("Running", "Pending", "Succeeded", "Failed")]
    page.pair(
        "Pods Status", " / ".join(counts), tone=Tone.WARN if phases["Failed"] or phases["Pending"] else Tone.PLAIN
    )


def deployment(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a deployment: counts, strategy, template, conditions, its replica sets."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Created", moment(at(obj, "metadata", "creationTimestamp"), now))
    page.pair("Selector", selector_line(spec.get("selector")))
    wanted = spec.get("replicas", 1)
    counts = (
        f"{wanted} desired | {status.get('updatedReplicas', 0)} updated | {status.get('replicas', 0)} total | "
        f"{status.get('availableReplicas', 0)} available | {status.get('unavailableReplicas', 0)} unavailable"
    )
    page.pair("Replicas", counts, tone=Tone.WARN if status.get("unavailableReplicas") else Tone.PLAIN)
    page.pair("Strategy", at(spec, "strategy", "type"))
    rolling = fields(spec, "strategy", "rollingUpdate")
    if rolling:
        page.pair(
            "Rolling Update", f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge"
        )
    page.pair("Min Ready", f"{spec.get('minReadySeconds', 0)}s")
    page.optional(
        "Progress Deadline", f"{spec['progressDeadlineSeconds']}s" if "progressDeadlineSeconds" in spec else ""
    )
    if spec.get("paused"):
        page.pair("Paused", "True", tone=Tone.WARN)
    template(page, obj, now, "spec", "template")
    page.blank()
    conditions(page, obj, now)
    _replica_sets(page, obj, related)


def _replica_sets(page: Page, obj: dict[str, Any], related: Related) -> None:
    uid = at(obj, "metadata", "uid")
    own = [
        one
        for one in related.get("replicasets.apps", [])
        if any(at(owner, "uid") == uid for owner in items(one, "metadata", "ownerReferences"))
    ]
    if not own:
        return
    current = at(obj, "metadata", "annotations", REVISION)
    rows = []
    for one in sorted(own, key=_revision, reverse=True):
        revision = shown(at(one, "metadata", "annotations", REVISION), "")
        images = ",".join(shown(at(c, "image"), "") for c in items(one, "spec", "template", "spec", "containers"))
        counts = f"{at(one, 'status', 'readyReplicas') or 0}/{at(one, 'spec', 'replicas') or 0}"
        mark = "new" if revision == current else "old"
        rows.append((shown(at(one, "metadata", "name")), mark, revision, counts, images))
    with page.section("Replica Sets"):
        page.table(("NAME", "", "REVISION", "READY", "IMAGES"), rows)


def _revision(replica_set: dict[str, Any]) -> int:
    text = shown(at(replica_set, "metadata", "annotations", REVISION), "0")
    return int(text) if text.isdigit() else 0


def replica_set(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a replica set or a replication controller."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Selector", selector_line(spec.get("selector")))
    page.optional("Controlled By", owner_text(obj))
    ready = status.get("readyReplicas", 0)
    page.pair("Replicas", f"{status.get('replicas', 0)} current / {spec.get('replicas', 1)} desired / {ready} ready")
    _pods_status(page, obj, related)
    template(page, obj, now, "spec", "template")
    page.blank()
    conditions(page, obj, now)


def stateful_set(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a stateful set: counts, revisions, template, volume claims."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Created", moment(at(obj, "metadata", "creationTimestamp"), now))
    page.pair("Selector", selector_line(spec.get("selector")))
    page.pair("Service", spec.get("serviceName"))
    ready, wanted = status.get("readyReplicas", 0), spec.get("replicas", 1)
    counts = f"{wanted} desired | {status.get('replicas', 0)} total | {ready} ready"
    page.pair("Replicas", counts, tone=Tone.WARN if ready < wanted else Tone.PLAIN)
    page.pair("Update Strategy", at(spec, "updateStrategy", "type"))
    page.optional("Partition", at(spec, "updateStrategy", "rollingUpdate", "partition"))
    page.optional("Pod Management", spec.get("podManagementPolicy"))
    if status.get("updateRevision") != status.get("currentRevision"):
        page.pair("Revision", f"{status.get('currentRevision')} → {status.get('updateRevision')}", tone=Tone.ACCENT)
    _pods_status(page, obj, related)
    template(page, obj, now, "spec", "template")
    claims = items(spec, "volumeClaimTemplates")
    if claims:
        with page.section("Volume Claims"):
            rows = [
                (
                    at(one, "metadata", "name"),
                    at(one, "spec", "storageClassName") or "<default>",
                    at(one, "spec", "resources", "requests", "storage"),
                    ",".join(items(one, "spec", "accessModes")),
                )
                for one in claims
            ]
            page.table(("NAME", "STORAGECLASS", "CAPACITY", "ACCESS MODES"), rows)
    page.blank()
    conditions(page, obj, now)


def daemon_set(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a daemon set: on how many nodes it should run and does."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Selector", selector_line(spec.get("selector")))
    page.pair("Node-Selector", selector_line(at(spec, "template", "spec", "nodeSelector")))
    page.pair("Desired Number of Nodes Scheduled", status.get("desiredNumberScheduled", 0))
    page.pair("Current Number of Nodes Scheduled", status.get("currentNumberScheduled", 0))
    page.pair("Number of Nodes Scheduled with Up-to-date Pods", status.get("updatedNumberScheduled", 0))
    page.pair("Number of Nodes Scheduled with Available Pods", status.get("numberAvailable", 0))
    wrong = status.get("numberMisscheduled", 0)
    page.pair("Number of Nodes Misscheduled", wrong, tone=Tone.WARN if wrong else Tone.PLAIN)
    _pods_status(page, obj, related)
    template(page, obj, now, "spec", "template")
    page.blank()
    conditions(page, obj, now)


def job(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a job: how often it runs, how it went, when it started and ended."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Selector", selector_line(spec.get("selector")))
    page.optional("Controlled By", owner_text(obj))
    page.pair("Parallelism", spec.get("parallelism"), absent="<unset>")
    page.pair("Completions", spec.get("completions"), absent="<unset>")
    page.optional("Completion Mode", spec.get("completionMode"))
    page.pair("Suspend", bool(spec.get("suspend")))
    page.optional("Backoff Limit", spec.get("backoffLimit"))
    page.optional("Active Deadline", f"{spec['activeDeadlineSeconds']}s" if "activeDeadlineSeconds" in spec else "")
    page.pair("Start Time", moment(status.get("startTime"), now))
    started, ended = time_or_zero(status.get("startTime")), time_or_zero(status.get("completionTime"))
    if ended:
        page.pair("Completed At", moment(status.get("completionTime"), now))
        page.pair("Duration", human(ended - started))
    failed = status.get("failed", 0)
    page.pair(
        "Pods Statuses",
        f"{status.get('active', 0)} active ({status.get('ready', 0)} ready) / {status.get('succeeded', 0)} succeeded / "
        f"{failed} failed",
        tone=Tone.WARN if failed else Tone.PLAIN,
    )
    template(page, obj, now, "spec", "template")
    page.blank()
    conditions(page, obj, now)


def cron_job(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a cron job: schedule, policies, last runs, what is active."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    identity(page, obj)
    page.pair("Schedule", spec.get("schedule"))
    page.pair("Time Zone", spec.get("timeZone"), absent="the cluster's")
    page.pair("Concurrency Policy", spec.get("concurrencyPolicy"))
    page.pair("Suspend", bool(spec.get("suspend")), tone=Tone.WARN if spec.get("suspend") else Tone.PLAIN)
    page.pair("Successful Job History Limit", spec.get("successfulJobsHistoryLimit"), absent="<unset>")
    page.pair("Failed Job History Limit", spec.get("failedJobsHistoryLimit"), absent="<unset>")
    deadline = spec.get("startingDeadlineSeconds")
    page.pair("Starting Deadline", f"{deadline}s" if deadline is not None else None, absent="<unset>")
    page.pair("Last Schedule Time", moment(status.get("lastScheduleTime"), now))
    page.pair("Last Successful Time", moment(status.get("lastSuccessfulTime"), now))
    page.several("Active Jobs", [shown(at(one, "name")) for one in items(status, "active")])
    own = [one for one in related.get("jobs.batch", []) if owner_text(one) == f"CronJob/{at(obj, 'metadata', 'name')}"]
    if own:
        with page.section("Jobs"):
            page.table(("NAME", "SUCCEEDED", "FAILED", "STARTED"), [_job_row(one, now) for one in own])
    template(page, obj, now, "spec", "jobTemplate", "spec", "template")


def _job_row(one: dict[str, Any], now: float) -> tuple[str, ...]:
    status = fields(one, "status")
    return (
        shown(at(one, "metadata", "name")),
        shown(status.get("succeeded", 0)),
        shown(status.get("failed", 0)),
        moment(status.get("startTime"), now),
    )


def selected_pods(obj: dict[str, Any], related: Related, *path: str) -> list[dict[str, Any]]:
    """Return the fetched pods of the object's namespace that its selector matches."""
    namespace, selector = at(obj, "metadata", "namespace"), at(obj, *path)
    return [
        one
        for one in related.get("pods", [])
        if at(one, "metadata", "namespace") == namespace and matches(selector, one)
    ]


def pods_text(pods: list[dict[str, Any]]) -> str:
    """Return how many pods there are and how many of them are ready."""
    ready = sum(
        any(at(c, "type") == "Ready" and at(c, "status") == "True" for c in items(one, "status", "conditions"))
        for one in pods
    )
    return f"{plural(len(pods), 'pod')}, {ready} ready" if pods else NONE_TEXT
