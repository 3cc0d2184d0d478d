"""Cells of disruption budgets, access rules, certificates and admission policies."""

from __future__ import annotations

from typing import Any

from k9py.core import ages
from k9py.sim.objects import Object
from k9py.sim.printers.texts import (
    NONE,
    UNSET,
    Printer,
    created,
    name,
    selector_text,
    spec,
    status,
)


def _budget(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    least, most = wanted.get("minAvailable"), wanted.get("maxUnavailable")
    return [
        name(obj),
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        status(obj).get("disruptionsAllowed", 0),
        created(obj, now),
    ]


def _binding(obj: Object, now: float) -> list[Any]:
    role = obj.get("roleRef") or {}
    subjects = obj.get("subjects") or ()
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in subjects:
        text = subject["name"]
        if subject["kind"] == "ServiceAccount":
            text = f"{subject.get('namespace', '')}/{text}"
        by_kind.setdefault(subject["kind"], []).append(text)
    listed = [", ".join(by_kind[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [name(obj), f"{role.get('kind')}/{role.get('name')}", created(obj, now), *listed]


def _signing_request(obj: Object, now: float) -> list[Any]:
    kinds = {item["type"] for item in status(obj).get("conditions") or ()}
    text = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    if "Failed" in kinds:
        text += ",Failed"
    if status(obj).get("certificate"):
        text += ",Issued"
    seconds = spec(obj).get("expirationSeconds")
    return [
        name(obj),
        created(obj, now),
        spec(obj).get("signerName") or NONE,
        spec(obj).get("username", ""),
        NONE if seconds is None else ages.human(seconds),
        text,
    ]


def _webhooks(obj: Object, now: float) -> list[Any]:
    return [name(obj), len(obj.get("webhooks") or ()), created(obj, now)]


def _policy(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    rules = wanted.get("validations") or wanted.get("mutations") or ()
    kind = wanted.get("paramKind")
    text = f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else UNSET
    return [name(obj), len(rules), text, created(obj, now)]


def _policy_binding(obj: Object, now: float) -> list[Any]:
    wanted = spec(obj)
    parameter = wanted.get("paramRef")
    text = UNSET
    if parameter and parameter.get("name"):
        text = f"{parameter.get('namespace') or '*'}/{parameter['name']}"
    elif parameter and parameter.get("selector") is not None:
        text = selector_text(parameter["selector"])
    return [name(obj), wanted.get("policyName", ""), text, created(obj, now)]


PRINTERS: dict[str, Printer] = {
    "poddisruptionbudgets.policy": _budget,
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "certificatesigningrequests.certificates.k8s.io": _signing_request,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _webhooks,
    "validatingadmissionpolicies.admissionregistration.k8s.io": _policy,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": _policy_binding,
    "mutatingadmissionpolicies.admissionregistration.k8s.io": _policy,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": _policy_binding,
}
