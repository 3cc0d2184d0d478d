"""Forms of Pod, Deployment, StatefulSet, DaemonSet, Job and CronJob."""

from __future__ import annotations

from typing import Any

from k9py.manifests.forms.common import choice, identity, number, switch
from k9py.manifests.forms.fields import Field, Form, Group, Input, Preset, Repeat
from k9py.manifests.forms.podfields import pod_items
from k9py.manifests.rules.storage import ACCESS_MODES

_TEMPLATE = "spec.template.spec"
_CRON = "spec.jobTemplate.spec"
_FOLLOW_LABELS = ("spec.selector.matchLabels", "spec.template.metadata.labels")
_FOLLOW_NAME = (
    "spec.selector.matchLabels.app", "spec.template.metadata.labels.app", "spec.template.spec.containers[0].name"
)  # fmt: skip
_ENDING = ("Never", "OnFailure")


def _labels(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}}


def _container(name: str) -> dict[str, Any]:
    return {"containers": [{"name": name, "image": ""}]}


def _workload(name: str, **spec: Any) -> dict[str, Any]:
    return {
        **_labels(name),
        "spec": {
            **spec,
            "selector": {"matchLabels": {"app": name}},
            "template": {**_labels(name), "spec": _container(name)},
        },
    }


def _pod(name: str) -> dict[str, Any]:
    return {**_labels(name), "spec": _container(name)}


def _stateful(name: str) -> dict[str, Any]:
    return _workload(name, serviceName=name, replicas=1)


def _job_template(name: str) -> dict[str, Any]:
    return {"spec": {**_container(name), "restartPolicy": "Never"}}


def _job(name: str) -> dict[str, Any]:
    return {**_labels(name), "spec": {"template": {**_labels(name), **_job_template(name)}}}


def _cron_job(name: str) -> dict[str, Any]:
    return {
        **_labels(name),
        "spec": {"schedule": "", "jobTemplate": {"spec": {"template": {**_labels(name), **_job_template(name)}}}},
    }


REPLICAS = number("replicas", "spec.replicas", "Replicas", "how many pods run at once", basic=True, default=1)
_HISTORY = number("revisionHistoryLimit", "spec.revisionHistoryLimit", "Old revisions", "kept to roll back to",
                  default=10)  # fmt: skip
_READY = number("minReadySeconds", "spec.minReadySeconds", "Ready for (s)", "before a new pod counts", default=0)

_JOB_FIELDS = (
    ("completions", "Completions", "pods that have to succeed"),
    ("parallelism", "At once", "pods that run at the same time"),
    ("backoffLimit", "Tries", "failures until the Job gives up"),
    ("activeDeadlineSeconds", "Time limit (s)", "the Job is ended after it"),
    ("ttlSecondsAfterFinished", "Kept for (s)", "after it ended; then it is deleted"),
)


def _job_group(path: str, *, basic: bool) -> Group:
    fields = [number(name, f"{path}.{name}", label, why) for name, label, why in _JOB_FIELDS]
    mode = choice("completionMode", f"{path}.completionMode", "Mode", "Indexed gives each pod its number",
                  "NonIndexed", "Indexed")  # fmt: skip
    return Group("job", "Job", (*fields, mode), basic=basic)


POD = Form(
    "Pod", "v1", "one pod by itself; nothing starts it anew elsewhere",
    (identity(app=("spec.containers[0].name",)), *pod_items("spec", restart=("Always", "OnFailure", "Never"))), _pod,
)  # fmt: skip

DEPLOYMENT = Form(
    "Deployment", "apps/v1", "pods that are all alike and are replaced little by little",
    (
        identity(*_FOLLOW_LABELS, app=_FOLLOW_NAME),
        Group("scale", "Scale", (REPLICAS,)),
        *pod_items(_TEMPLATE, pod_labels="spec.template.metadata.labels"),
        Group("rollout", "Rollout", (
            choice("strategy", "spec.strategy.type", "Strategy", "little by little, or all at once", "RollingUpdate",
                   "Recreate", default="RollingUpdate"),
            Field("maxSurge", "spec.strategy.rollingUpdate.maxSurge", "More pods", "on top of replicas meanwhile",
                  Input.COUNT, default="25%"),
            Field("maxUnavailable", "spec.strategy.rollingUpdate.maxUnavailable", "Fewer pods", "missing meanwhile",
                  Input.COUNT, default="25%"),
            _READY,
            number("progressDeadline", "spec.progressDeadlineSeconds", "Patience (s)", "then it counts as stuck",
                   default=600),
            _HISTORY,
            switch("paused", "spec.paused", "Paused", "changes wait"),
        ), basic=False),
        Group("selection", "Selector", (
            Field("selector", "spec.selector.matchLabels", "Selects", "fixed once the Deployment is there", Input.MAP),
        ), basic=False),
    ),
    _workload,
    presets=(
        Preset("web", "Web server", {"image": "nginx:1.29", "ports[0].containerPort": 80, "ports[0].name": "http",
                                     "replicas": 2, "readinessPath": "/", "readinessPort": "http", "cpu": "100m",
                                     "memory": "64Mi", "memoryLimit": "128Mi"}),
        Preset("worker", "Worker", {"image": "busybox:1.37", "command": ["sleep", "infinity"], "cpu": "50m",
                                    "memory": "32Mi", "memoryLimit": "64Mi"}),
    ),
)  # fmt: skip

STATEFUL_SET = Form(
    "StatefulSet", "apps/v1", "pods with names and storage of their own",
    (
        identity(*_FOLLOW_LABELS, app=(*_FOLLOW_NAME, "spec.serviceName")),
        Group("scale", "Scale", (
            REPLICAS,
            Field("serviceName", "spec.serviceName", "Service", "headless, it names the pods", pick="services"),
        )),
        *pod_items(_TEMPLATE),
        Repeat("claims", "spec.volumeClaimTemplates", "Storage of each pod", "one claim per pod, kept when it goes", (
            Field("name", "metadata.name", "Name", "what mounts call it", required=True),
            Field("size", "spec.resources.requests.storage", "Size", "such as 10Gi", Input.AMOUNT, required=True),
            Field("accessModes", "spec.accessModes", "Access", "who may use it at once", Input.LIST,
                  choices=ACCESS_MODES),
            Field("storageClass", "spec.storageClassName", "Storage class", "empty: the default one",
                  pick="storageclasses"),
        ), new={"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}),
        Group("rollout", "Rollout", (
            choice("podManagement", "spec.podManagementPolicy", "Order", "one after another, or all at once",
                   "OrderedReady", "Parallel", default="OrderedReady"),
            choice("strategy", "spec.updateStrategy.type", "Strategy", "by itself, or as pods are deleted",
                   "RollingUpdate", "OnDelete", default="RollingUpdate"),
            number("partition", "spec.updateStrategy.rollingUpdate.partition", "From pod", "only from this one on"),
            _READY, _HISTORY,
        ), basic=False),
    ),
    _stateful,
)  # fmt: skip

DAEMON_SET = Form(
    "DaemonSet", "apps/v1", "one pod on every node",
    (
        identity(*_FOLLOW_LABELS, app=_FOLLOW_NAME),
        *pod_items(_TEMPLATE),
        Group("rollout", "Rollout", (
            choice("strategy", "spec.updateStrategy.type", "Strategy", "by itself, or as pods are deleted",
                   "RollingUpdate", "OnDelete", default="RollingUpdate"),
            Field("maxUnavailable", "spec.updateStrategy.rollingUpdate.maxUnavailable", "Fewer pods",
                  "missing meanwhile", Input.COUNT, default=1),
            _READY, _HISTORY,
        ), basic=False),
    ),
    _workload,
)  # fmt: skip

JOB = Form(
    "Job", "batch/v1", "work that ends",
    (
        identity("spec.template.metadata.labels",
                 app=("spec.template.metadata.labels.app", "spec.template.spec.containers[0].name")),
        *pod_items(_TEMPLATE, restart=_ENDING),
        _job_group("spec", basic=True),
        Group("control", "Control", (switch("suspend", "spec.suspend", "Suspended", "no pods while it is on"),),
              basic=False),
    ),
    _job,
)  # fmt: skip

CRON_JOB = Form(
    "CronJob", "batch/v1", "work that ends, again and again",
    (
        identity(f"{_CRON}.template.metadata.labels",
                 app=(f"{_CRON}.template.metadata.labels.app", f"{_CRON}.template.spec.containers[0].name")),
        Group("time", "Time", (
            Field("schedule", "spec.schedule", "Schedule", "minute hour day month weekday, such as */5 * * * *",
                  required=True),
            Field("timeZone", "spec.timeZone", "Time zone", "such as Europe/Oslo; empty: the server's"),
            choice("concurrency", "spec.concurrencyPolicy", "When late", "what happens to a run still going", "Allow",
                   "Forbid", "Replace", basic=True, default="Allow"),
            switch("suspend", "spec.suspend", "Suspended", "no runs while it is on", basic=True),
            number("startingDeadline", "spec.startingDeadlineSeconds", "May start late by (s)", "else it is skipped"),
            number("keepSucceeded", "spec.successfulJobsHistoryLimit", "Keep successes", "Jobs kept to look at",
                   default=3),
            number("keepFailed", "spec.failedJobsHistoryLimit", "Keep failures", "Jobs kept to look at", default=1),
        )),
        *pod_items(f"{_CRON}.template.spec", restart=_ENDING),
        _job_group(_CRON, basic=False),
    ),
    _cron_job,
)  # fmt: skip

FORMS = (POD, DEPLOYMENT, STATEFUL_SET, DAEMON_SET, JOB, CRON_JOB)
