"""The ResourceQuotas and LimitRanges of a namespace against what a manifest asks for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from k9py.core import quantity
from k9py.core.errors import QuantityError
from k9py.manifests.problems import At, Severity
from k9py.manifests.surroundings import UNKNOWN, Lookup


def check_limit_ranges(spec: At, lookup: Lookup, namespace: str, *, severity: Severity) -> None:
    """Report containers outside what the namespace's LimitRanges allow; their defaults count as asked for."""
    ranges = lookup.all("limitranges", namespace)
    if ranges is UNKNOWN:
        return
    for item in (limit for obj in ranges for limit in At([], obj)["spec"]["limits"].items()):
        if item["type"].text != "Container":
            continue
        for container in spec["containers"].items():
            for name in {*item["min"].map, *item["max"].map}:
                _bounded(container["resources"], item, name, severity)


def _bounded(resources: At, item: At, name: str, severity: Severity) -> None:
    request = _asked(resources, item, "requests", name)
    limit = _amount(resources["limits"][name].value, item["default"][name].value)
    least, most = item["min"][name].quantity(), item["max"][name].quantity()
    if least is not None and (request is None or request < least):
        _say(resources["requests"][name], f"minimum {name} usage per Container is {item['min'][name].value}"
             + ("" if request is not None else ". No request is specified"), severity)  # fmt: skip
    if most is not None and (limit is None or limit > most):
        _say(resources["limits"][name], f"maximum {name} usage per Container is {item['max'][name].value}"
             + ("" if limit is not None else ". No limit is specified"), severity)  # fmt: skip


def _asked(resources: At, item: At, group: str, name: str) -> Fraction | None:
    """A request that is not given is the limit that is given, else the namespace's default."""
    return _amount(
        resources[group][name].value, resources["limits"][name].value, item["defaultRequest"][name].value,
        item["default"][name].value,
    )  # fmt: skip


def _amount(*values: Any) -> Fraction | None:
    for value in values:
        if value is not None:
            try:
                return quantity.parse(str(value))
            except QuantityError:
                return None
    return None


def check_quotas(root: At, spec: At, lookup: Lookup, namespace: str, *, severity: Severity) -> None:
    """Report what would go beyond the namespace's ResourceQuotas: the pods' requests and limits, and their number."""
    quotas = lookup.all("resourcequotas", namespace)
    if quotas is UNKNOWN:
        return
    count = 1 if root["kind"].text == "Pod" else root["spec"]["replicas"].number
    wanted = _wanted(spec, 1 if count is None else count)
    for quota in quotas:
        at = At([], quota)
        if at["spec"]["scopes"] or at["spec"]["scopeSelector"].given:
            continue  # which pods count depends on more than the manifest says
        name = at["metadata"]["name"].text
        for resource, hard in at["spec"]["hard"].entries():
            key = f"requests.{resource}" if resource in ("cpu", "memory") else resource
            if key not in wanted or hard.quantity() is None:
                continue
            asked = wanted[key]
            where = spec["containers"]
            if asked is None:
                if _filled_in(lookup, namespace, resource):
                    continue
                _say(where, f"failed quota: {name}: must specify {resource} for: every container", severity)
                continue
            used = at["status"]["used"][resource].quantity() or Fraction(0)
            if used + asked > hard.quantity():
                _say(where, f"exceeded quota: {name}, requested: {resource}={_shown(asked)}, used: "
                     f"{resource}={_shown(used)}, limited: {resource}={hard.value}", severity)  # fmt: skip


def _filled_in(lookup: Lookup, namespace: str, resource: str) -> bool:
    """Return whether a LimitRange gives, or may give, containers an amount they do not name themselves."""
    ranges = lookup.all("limitranges", namespace)
    group, _, name = resource.rpartition(".")
    field = "default" if group == "limits" else "defaultRequest"
    return ranges is UNKNOWN or any(
        limit[field][name].given or limit["default"][name].given
        for obj in ranges
        for limit in At([], obj)["spec"]["limits"].items()
    )


def _wanted(spec: At, count: int) -> dict[str, Fraction | None]:
    """Return what all pods together ask for; None where a container does not say."""
    wanted: dict[str, Fraction | None] = {"pods": Fraction(count)}
    for group in ("requests", "limits"):
        for name in ("cpu", "memory"):
            total: Fraction | None = Fraction(0)
            for container in spec["containers"].items():
                resources = container["resources"]
                given = resources[group][name].value
                if group == "requests" and given is None:
                    given = resources["limits"][name].value
                amount = _amount(given)
                total = None if amount is None or total is None else total + amount * count
            wanted[f"{group}.{name}"] = total
    return wanted


def _shown(amount: Fraction) -> str:
    return quantity.format_decimal(amount)


def _say(at: At, text: str, severity: Severity) -> None:
    if severity is Severity.ERROR:
        at.forbidden(text)
    else:
        at.warn(text, "its pods would be refused")
