"""The description of a node: what it is, what it carries, and what of it is taken."""

from __future__ import annotations

from typing import Any

import msgspec

from k9py.core import quantity
from k9py.core.ages import human, time_or_zero
from k9py.core.errors import QuantityError
from k9py.resources.describe.common import conditions, labels_and_annotations, moment
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.describe.workloads import Related
from k9py.resources.model import NONE_TEXT, Tone
from k9py.resources.podamounts import requested_and_limited
from k9py.resources.podobject import PodSpec

Amounts = tuple[int, int, int, int]
"""CPU request and limit in millicores, memory request and limit in bytes."""


def node(page: Page, obj: dict[str, Any], related: Related, now: float) -> None:
    """Describe a node; the pods on it are taken from ``related``."""
    spec, status = fields(obj, "spec"), fields(obj, "status")
    page.pair("Name", at(obj, "metadata", "name"))
    prefix = "node-role.kubernetes.io/"
    labels = fields(obj, "metadata", "labels")
    page.pair("Roles", ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))))
    labels_and_annotations(page, obj)
    page.pair("Created", moment(at(obj, "metadata", "creationTimestamp"), now))
    page.several("Taints", [_taint(one) for one in items(spec, "taints")])
    closed = bool(spec.get("unschedulable"))
    page.pair("Unschedulable", closed, tone=Tone.WARN if closed else Tone.PLAIN)
    page.blank()
    conditions(page, obj, now)
    with page.section("Addresses"):
        for one in items(status, "addresses"):
            page.pair(shown(at(one, "type")), at(one, "address"))
    with page.section("Capacity"):
        rows = [
            (name, fields(status, "capacity")[name], shown(at(status, "allocatable", name)))
            for name in sorted(fields(status, "capacity"))
        ]
        page.table(("RESOURCE", "CAPACITY", "ALLOCATABLE"), rows)
    with page.section("System Info"):
        for key, value in sorted(fields(status, "nodeInfo").items()):
            if isinstance(value, str):
                page.pair(_words(key), value)
    page.optional("PodCIDRs", ",".join(map(str, items(spec, "podCIDRs"))))
    page.optional("ProviderID", spec.get("providerID"))
    if "pods" in related:
        _allocated(page, obj, related["pods"], now)


def _words(key: str) -> str:
    text = "".join(f" {char}" if char.isupper() else char for char in key).strip()
    return (text[:1].upper() + text[1:]).replace("I D", "ID").replace("U U ID", "UUID").replace("O S", "OS")


def _taint(taint: dict[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def _allocated(page: Page, obj: dict[str, Any], pods: list[dict[str, Any]], now: float) -> None:
    """Add requests and limits of each pod that is not finished, absolute and in percent, and their sums."""
    name = at(obj, "metadata", "name")
    here = [
        one
        for one in pods
        if at(one, "spec", "nodeName") == name and at(one, "status", "phase") not in ("Succeeded", "Failed")
    ]
    cpu, memory = _allocatable(obj, "cpu"), _allocatable(obj, "memory")
    rows: list[tuple[str, ...]] = []
    totals = [0, 0, 0, 0]
    for one in sorted(
        here, key=lambda pod: (at(pod, "metadata", "namespace") or "", at(pod, "metadata", "name") or "")
    ):
        amounts = _amounts(one)
        totals = [total + amount for total, amount in zip(totals, amounts, strict=True)]
        created = time_or_zero(at(one, "metadata", "creationTimestamp"))
        rows.append(
            (
                shown(at(one, "metadata", "namespace")), shown(at(one, "metadata", "name")),
                *_cells(amounts, cpu, memory), human(now - created) if created else "<unknown>",
            )
        )  # fmt: skip
    titles = ("NAMESPACE", "NAME", "CPU REQUESTS", "CPU LIMITS", "MEMORY REQUESTS", "MEMORY LIMITS", "AGE")
    page.blank()
    with page.section(f"Pods ({len(rows)} in total)"):
        if rows:
            page.table(titles, rows)
        else:
            page.text(NONE_TEXT)
    cells = _cells((totals[0], totals[1], totals[2], totals[3]), cpu, memory)
    with page.section("Allocated Resources (limits may be over 100 percent)"):
        page.table(
            ("RESOURCE", "REQUESTS", "LIMITS"),
            [("cpu", cells[0], cells[1]), ("memory", cells[2], cells[3])],
            lambda row: Tone.WARN if row[1].endswith("%)") and int(row[1].rsplit("(")[-1][:-2]) >= 90 else Tone.PLAIN,
        )


def _meta(pod: dict[str, Any], key: str) -> str:
    return shown(at(pod, "metadata", key), "")


def _allocatable(obj: dict[str, Any], resource: str) -> int:
    text = shown(at(obj, "status", "allocatable", resource), "0")
    try:
        return quantity.milli(text) if resource == "cpu" else quantity.whole(text)
    except QuantityError:
        return 0


def _amounts(pod: dict[str, Any]) -> Amounts:
    try:
        return requested_and_limited(
            msgspec.json.decode(msgspec.json.encode(fields(pod, "spec")), type=PodSpec), partial_limits=True
        )
    except msgspec.ValidationError:
        return (0, 0, 0, 0)


def _cells(amounts: Amounts, cpu: int, memory: int) -> tuple[str, str, str, str]:
    def cell(value: int, of: int, text: str) -> str:
        return f"{text} ({value * 100 // of}%)" if of else text

    return (
        cell(amounts[0], cpu, quantity.format_cpu(amounts[0])),
        cell(amounts[1], cpu, quantity.format_cpu(amounts[1])),
        cell(amounts[2], memory, quantity.format_bytes(amounts[2])),
        cell(amounts[3], memory, quantity.format_bytes(amounts[3])),
    )
