"""What makes an object of a smaller kind invalid: policies, access, storage, schedules, autoscalers."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.sim.objects import Object
from k9py.sim.rules import Causes

LONGEST_CRON_JOB_NAME = 52
"""Characters: the names of its Jobs add eleven."""
HIGHEST_USER_PRIORITY = 1_000_000_000
LONGEST_STABILISATION = 3600
_METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")
_PERCENT = re.compile(r"(\d+)%")
_QUOTA_RESOURCES = re.compile(
    r"(requests\.|limits\.)?(cpu|memory|ephemeral-storage|storage|hugepages-.+)|pods|services(\.\w+)?|configmaps|secrets"
    r"|replicationcontrollers|resourcequotas|persistentvolumeclaims"
)
_SERVICE_ACCOUNT = "kubernetes.io/service-account.name"


def _spec(obj: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("spec") or {}
    return found


def share(causes: Causes, path: str, value: Any) -> None:
    """Check a count or a percentage."""
    causes.not_negative(path, value)
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found and int(found[1]) > 100:
        causes.invalid(path, value, "must not be greater than 100%")


def budget(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A PodDisruptionBudget's shares."""
    for field in ("minAvailable", "maxUnavailable"):
        share(causes, f"spec.{field}", _spec(obj).get(field))


def cron_job(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A CronJob's name and time zone."""
    name = obj["metadata"].get("name") or ""
    if len(name) > LONGEST_CRON_JOB_NAME:
        causes.invalid("metadata.name", name, f"must be no more than {LONGEST_CRON_JOB_NAME} characters")
    zone = _spec(obj).get("timeZone")
    if zone and zone not in zoneinfo.available_timezones():
        causes.invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def autoscaler(causes: Causes, obj: Object, _old: Object | None) -> None:
    """An autoscaler's metrics and windows."""
    for position, metric in enumerate(_spec(obj).get("metrics") or ()):
        path = f"spec.metrics[{position}]"
        kind = metric.get("type")
        if kind not in _METRICS:
            for _ in range(2):  # The server finds it in two of its checks.
                causes.unsupported(f"{path}.type", kind, _METRICS)
        target = (metric.get("resource") or {}).get("target")
        if kind == "Resource" and target and not (target.get("averageUtilization") or target.get("averageValue")):
            text = "must set either a target raw value or a target utilization"
            causes.required(f"{path}.resource.target.averageUtilization", text)
    for side, rules in (_spec(obj).get("behavior") or {}).items():
        seconds = rules.get("stabilizationWindowSeconds")
        path = f"spec.behavior.{side}.stabilizationWindowSeconds"
        causes.not_negative(path, seconds)
        if isinstance(seconds, int) and seconds > LONGEST_STABILISATION:
            causes.invalid(path, seconds, f"must be less than or equal to {LONGEST_STABILISATION}")


def quota(causes: Causes, obj: Object, _old: Object | None) -> None:
    """What a ResourceQuota may count."""
    for name, amount in (_spec(obj).get("hard") or {}).items():
        path = f"spec.hard[{name}]"
        if "/" not in name and not _QUOTA_RESOURCES.fullmatch(name):
            causes.invalid(path, name, "must be a standard resource type or fully qualified")
            causes.invalid(path, name, "must be a standard resource for quota")
        if quantity.parse(str(amount)) < 0:
            causes.invalid(path, amount, "must be greater than or equal to 0")


def limit_range(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A LimitRange's amounts must not contradict each other."""
    for position, item in enumerate(_spec(obj).get("limits") or ()):
        for name, least in (item.get("min") or {}).items():
            for field, words in (("max", "max value"), ("default", "default value"),
                                 ("defaultRequest", "default request value")):  # fmt: skip
                amount = (item.get(field) or {}).get(name)
                if amount is None or quantity.parse(str(least)) <= quantity.parse(str(amount)):
                    continue
                shown, where = (least, "min") if field == "max" else (amount, field)
                path = f"spec.limits[{position}].{where}[{name}]"
                causes.invalid(path, shown, f"min value {least} is greater than {words} {amount}")


def priority_class(causes: Causes, obj: Object, _old: Object | None) -> None:
    """Users' priorities end where the system's begin."""
    if (obj.get("value") or 0) > HIGHEST_USER_PRIORITY and not obj["metadata"]["name"].startswith("system-"):
        text = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
        causes.forbidden("value", text)


def storage_class(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A StorageClass names who provisions."""
    if not obj.get("provisioner"):
        causes.required("provisioner")


def role(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A Role is about objects of its namespace."""
    for position, rule in enumerate(obj.get("rules") or ()):
        if rule.get("nonResourceURLs"):
            text = "namespaced rules cannot apply to non-resource URLs"
            causes.invalid(f"rules[{position}].nonResourceURLs", rule["nonResourceURLs"], text)


def binding(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A binding's subjects are of three kinds."""
    for position, subject in enumerate(obj.get("subjects") or ()):
        kinds = ("ServiceAccount", "User", "Group")
        if subject.get("kind") not in kinds:
            causes.unsupported(f"subjects[{position}].kind", subject.get("kind"), kinds)


def config_map(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A key is text or bytes, not both."""
    for key in sorted({*(obj.get("data") or {})} & {*(obj.get("binaryData") or {})}):
        causes.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")


def secret(causes: Causes, obj: Object, _old: Object | None) -> None:
    """What Secrets of the known types hold."""
    kind, data = obj.get("type"), obj.get("data") or {}
    if kind == "kubernetes.io/service-account-token":
        if not (obj["metadata"].get("annotations") or {}).get(_SERVICE_ACCOUNT):
            causes.required(f"metadata.annotations[{_SERVICE_ACCOUNT}]")
    elif kind == "kubernetes.io/dockerconfigjson" and ".dockerconfigjson" in data:
        try:
            msgspec.json.decode(msgspec.convert(data[".dockerconfigjson"], bytes))
        except msgspec.DecodeError:
            causes.invalid("data[.dockerconfigjson]", "<secret contents redacted>", "unexpected end of JSON input")


def service(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A Service's address."""
    given = _spec(obj).get("clusterIP")
    if given in (None, "", "None"):
        return
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        causes.invalid("spec.clusterIPs[0]", given, text)
        return
    if address not in ipaddress.ip_network("10.96.0.0/16"):
        text = f"failed to allocate IP {given}: the provided IP ({given}) is not in the valid range. "
        causes.invalid("spec.clusterIPs", [given], f"{text}The range of valid IPs is 10.96.0.0/16")


def ingress(causes: Causes, obj: Object, _old: Object | None) -> None:
    """An Ingress's hosts, which may begin with one wildcard."""
    for position, rule in enumerate(_spec(obj).get("rules") or ()):
        if rule.get("host"):
            causes.subdomain(f"spec.rules[{position}].host", rule["host"].removeprefix("*."))


def network_policy(causes: Causes, obj: Object, _old: Object | None) -> None:
    """A NetworkPolicy's address blocks."""
    for path, block in _blocks(_spec(obj)):
        try:
            ipaddress.ip_network(block.get("cidr", ""))
        except ValueError:
            text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            causes.invalid(f"{path}.cidr", block.get("cidr", ""), text)


def _blocks(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for position, rule in enumerate(spec.get(side) or ()):
            for number, peer in enumerate(rule.get(peers) or ()):
                if peer.get("ipBlock"):
                    yield f"spec.{side}[{position}].{peers}[{number}].ipBlock", peer["ipBlock"]


def smaller_claim(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Say whether a claim asks for less than before."""
    amounts = [((spec.get("resources") or {}).get("requests") or {}).get("storage", "0") for spec in (new, old)]
    try:
        return quantity.parse(str(amounts[0])) < quantity.parse(str(amounts[1]))
    except QuantityError:
        return False


_RBAC = "rbac.authorization.k8s.io"
RULES = {
    "poddisruptionbudgets.policy": budget,
    "cronjobs.batch": cron_job,
    "horizontalpodautoscalers.autoscaling": autoscaler,
    "resourcequotas": quota,
    "limitranges": limit_range,
    "priorityclasses.scheduling.k8s.io": priority_class,
    "storageclasses.storage.k8s.io": storage_class,
    f"roles.{_RBAC}": role,
    f"rolebindings.{_RBAC}": binding,
    f"clusterrolebindings.{_RBAC}": binding,
    "configmaps": config_map,
    "secrets": secret,
    "services": service,
    "ingresses.networking.k8s.io": ingress,
    "networkpolicies.networking.k8s.io": network_policy,
}
"""One rule more per kind, beside those of its shape."""
