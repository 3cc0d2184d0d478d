"""Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from k9py.core import naming
from k9py.manifests.problems import At
from k9py.manifests.rules.pods import check_pod_spec
from k9py.manifests.rules.selectors import check_selector, matches
from k9py.manifests.rules.storage import check_claim_spec

JOB_NAME_LIMIT = 52
"""Characters of a CronJob's name: eleven more make the names of its Jobs."""
_COMPLETION_INDEX_LIMIT = 100_000
_PARALLELISM_OF_INDEXED = 100_000
_ANY_DAY = datetime(2026, 1, 1)
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})


def template(at: At, *, restart_policies: tuple[str, ...] = ("Always",), claims: At | None = None) -> None:
    """Check a pod template; ``claims`` are templates of claims that count as volumes."""
    at["metadata"]["labels"].labels()
    for key, value in at["metadata"]["annotations"].entries():
        if problem := naming.qualified(key.lower()):
            value.report("FieldValueInvalid", f'Invalid value: "{key}": {problem}')
    names = [claim["metadata"]["name"].text for claim in claims.items()] if claims is not None else []
    check_pod_spec(at["spec"], restart_policies=restart_policies, more_volumes=names)


def _selector(spec: At, kind: str) -> None:
    selector = spec["selector"]
    if not selector.given:
        selector.required()
    elif not selector["matchLabels"] and not selector["matchExpressions"]:
        selector.invalid(f"empty selector is invalid for {kind}")
    check_selector(selector)
    labels = spec.under("template", "metadata", "labels")
    if selector and not matches(selector, labels):
        labels.invalid("`selector` does not match template `labels`")


def _counts(spec: At, *names: str) -> None:
    for name in names:
        spec[name].at_least(0)


def replica_set(obj: At) -> None:
    """Check a ReplicaSet."""
    spec = obj["spec"]
    _counts(spec, "replicas", "minReadySeconds")
    _selector(spec, "deployment")
    template(spec["template"])


def deployment(obj: At) -> None:
    """Check a Deployment."""
    spec = obj["spec"]
    _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    _selector(spec, "deployment")
    template(spec["template"])
    strategy = spec["strategy"]
    rolling = strategy["rollingUpdate"]
    if strategy["type"].one_of("Recreate", "RollingUpdate") and strategy["type"].text == "Recreate" and rolling.given:
        rolling.forbidden("may not be specified when strategy `type` is 'Recreate'")
    elif strategy["type"].text != "Recreate":
        _rolling(rolling)
    deadline = spec["progressDeadlineSeconds"]
    deadline.at_least(0)
    if deadline.number is not None and deadline.number <= (spec["minReadySeconds"].number or 0):
        deadline.invalid("must be greater than minReadySeconds")


def _rolling(rolling: At) -> None:
    for name in ("maxUnavailable", "maxSurge"):
        if rolling[name].given:
            rolling[name].amount_or_percent()
    rolling["maxUnavailable"].at_most_all()
    zero = (0, "0%")
    if rolling["maxUnavailable"].value in zero and rolling["maxSurge"].value in zero:
        rolling["maxUnavailable"].invalid("may not be 0 when `maxSurge` is 0")


def daemon_set(obj: At) -> None:
    """Check a DaemonSet."""
    spec = obj["spec"]
    _counts(spec, "minReadySeconds", "revisionHistoryLimit")
    _selector(spec, "daemonset")
    template(spec["template"])
    strategy = spec["updateStrategy"]
    rolling = strategy["rollingUpdate"]
    strategy["type"].one_of("OnDelete", "RollingUpdate")
    if strategy["type"].text != "OnDelete" and rolling.given:
        for name in ("maxUnavailable", "maxSurge"):
            rolling[name].amount_or_percent()
            rolling[name].at_most_all()
        unavailable = rolling["maxUnavailable"].value
        has_surge = rolling["maxSurge"].value not in (None, 0, "0%")
        has_unavailable = unavailable not in (0, "0%") if unavailable is not None else not rolling["maxSurge"].given
        if has_surge and unavailable not in (None, 0, "0%"):
            rolling["maxSurge"].invalid("may not be set when maxUnavailable is non-zero")
        elif not has_surge and not has_unavailable:
            rolling["maxUnavailable"].required("cannot be 0 when maxSurge is 0")


def stateful_set(obj: At) -> None:
    """Check a StatefulSet."""
    spec = obj["spec"]
    _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    _selector(spec, "statefulset")
    template(spec["template"], claims=spec["volumeClaimTemplates"])
    spec["podManagementPolicy"].one_of("OrderedReady", "Parallel")
    spec["ordinals"]["start"].at_least(0)
    if spec["serviceName"].text:
        spec["serviceName"].subdomain()
    strategy = spec["updateStrategy"]
    rolling = strategy["rollingUpdate"]
    if strategy["type"].one_of("OnDelete", "RollingUpdate") and strategy["type"].text == "OnDelete" and rolling.given:
        rolling.invalid("only allowed for updateStrategy 'RollingUpdate'")
    rolling["partition"].at_least(0)
    if rolling["maxUnavailable"].given:
        rolling["maxUnavailable"].amount_or_percent()
        rolling["maxUnavailable"].at_most_all()
        if rolling["maxUnavailable"].value in (0, "0%"):
            rolling["maxUnavailable"].invalid("cannot be 0")
    for claim in spec["volumeClaimTemplates"].items():
        if claim["metadata"]["name"].needed():
            claim["metadata"]["name"].label()
        check_claim_spec(claim["spec"])
    for name in ("whenDeleted", "whenScaled"):
        spec["persistentVolumeClaimRetentionPolicy"][name].one_of("Delete", "Retain")


# jobs


def job(obj: At) -> None:
    """Check a Job."""
    name = obj["metadata"]["name"]
    if len(name.text) > naming.LABEL_LIMIT:
        name.warn("a Job's name goes into a label of its pods: must be no more than 63 characters")
    job_spec(obj["spec"])


def job_spec(spec: At) -> None:
    """Check the spec of a Job, alone or in a CronJob."""
    _counts(spec, "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
            "backoffLimitPerIndex", "maxFailedIndexes")  # fmt: skip
    if spec["activeDeadlineSeconds"].value == 0:
        spec["activeDeadlineSeconds"].warn("the Job would fail at once")
    mode = spec["completionMode"]
    mode.one_of("Indexed", "NonIndexed")
    if mode.text == "Indexed":
        if not spec["completions"].given:
            spec["completions"].required("when completion mode is Indexed")
        parallel = spec["parallelism"]
        if (parallel.number or 0) > _PARALLELISM_OF_INDEXED:
            parallel.invalid(f"must be less than or equal to {_PARALLELISM_OF_INDEXED} when completion mode is Indexed")
    else:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec[field].given:
                spec[field].invalid("requires indexed completion mode")
    if spec["maxFailedIndexes"].given and not spec["backoffLimitPerIndex"].given:
        spec["backoffLimitPerIndex"].required("when maxFailedIndexes is specified")
    spec["podReplacementPolicy"].one_of("Failed", "TerminatingOrFailed")
    if spec["managedBy"].text:
        spec["managedBy"].fits("" if "/" in spec["managedBy"].text else "must be a domain-prefixed path (such as "
                               '"acme.io/foo")')  # fmt: skip
    pod = spec.under("template", "spec")
    template(spec["template"], restart_policies=("Never", "OnFailure", "Always"))
    policy = pod["restartPolicy"]
    if policy.text in ("", "Always") and spec["template"].given:
        if policy.text:
            policy.unsupported(("OnFailure", "Never"), "a Job's pods end")
        else:
            policy.required('valid values: "OnFailure", "Never"')
    elif spec["podFailurePolicy"].given and policy.text != "Never":
        policy.invalid('only "Never" is supported when podFailurePolicy is specified')
    if not spec["manualSelector"].value and spec["selector"].given:
        spec["selector"].invalid("`selector` not auto-generated")
    for rule in spec["podFailurePolicy"]["rules"].items():
        _failure_rule(rule)


def _failure_rule(rule: At) -> None:
    codes, conditions = rule["onExitCodes"], rule["onPodConditions"]
    if codes.given and conditions:
        rule.invalid("specifying both OnExitCodes and OnPodConditions is not supported")
    if not codes.given and not conditions:
        rule.invalid("specifying one of OnExitCodes and OnPodConditions is required")
    if rule["action"].needed():
        rule["action"].one_of("Count", "FailIndex", "FailJob", "Ignore")
    if codes.given:
        if codes["operator"].needed():
            codes["operator"].one_of("In", "NotIn")
        if not codes["values"]:
            codes["values"].invalid("at least one value is required")


def cron_job(obj: At) -> None:
    """Check a CronJob."""
    spec = obj["spec"]
    name = obj["metadata"]["name"]
    if len(name.text) > JOB_NAME_LIMIT:
        name.invalid(f"must be no more than {JOB_NAME_LIMIT} characters")
    if spec["schedule"].needed():
        _schedule(spec["schedule"], has_zone=spec["timeZone"].given)
    zone = spec["timeZone"]
    if zone.given:
        if not zone.text:
            zone.invalid("timeZone must be nil or non-empty string")
        elif problem := _zone(zone.text):
            zone.invalid(problem)
    policy = spec["concurrencyPolicy"]
    policy.one_of("Allow", "Forbid", "Replace")
    _counts(spec, "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    job_spec(spec.under("jobTemplate", "spec"))


def _zone(name: str) -> str:
    from zoneinfo import available_timezones  # deferred: reads a directory tree

    if name.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    return "" if name in available_timezones() else f"unknown time zone {name}"


def _schedule(schedule: At, *, has_zone: bool) -> None:
    text = schedule.text
    if "TZ" in text:
        schedule.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
        return
    problem = cron_problem(text)
    if problem:
        schedule.invalid(problem, "minute hour day-of-month month day-of-week, such as */5 * * * *")


def cron_problem(text: str) -> str:
    """Return why a schedule cannot be read, or nothing.

    The server's reader (robfig/cron) knows macros and ``@every``, and neither ``L`` nor ``#`` of other crons.
    """
    if text.startswith("@"):
        if text in _MACROS or (text.startswith("@every ") and _go_duration(text[7:])):
            return ""
        return f"unrecognized descriptor: {text}"
    fields = text.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    from cronsim import CronSim, CronSimError  # deferred: only schedules need it

    if any(mark in text.upper().replace("JUL", "") for mark in ("#", "L", "W")) and not _named_days(fields[4]):
        return "failed to parse the schedule"
    try:
        CronSim(text.replace("?", "*"), _ANY_DAY)
    except CronSimError as error:
        return str(error).lower()
    return ""


def _named_days(field: str) -> bool:
    return "#" not in field and "L" not in field.upper()


def _go_duration(text: str) -> bool:
    return re.fullmatch(r"(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+", text.strip()) is not None


RULES: dict[str, Callable[[At], None]] = {
    "ReplicaSet.apps": replica_set,
    "Deployment.apps": deployment,
    "DaemonSet.apps": daemon_set,
    "StatefulSet.apps": stateful_set,
    "Job.batch": job,
    "CronJob.batch": cron_job,
}
