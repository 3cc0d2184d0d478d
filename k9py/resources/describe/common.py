"""Parts every description shares: identity, conditions, events, pod templates' selectors, ages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from k9py.core import selectors
from k9py.core.ages import human, time_or_zero
from k9py.core.errors import SelectorError
from k9py.kube.happenings import Happening
from k9py.resources.describe.page import Page, at, fields, items, shown
from k9py.resources.model import NONE_TEXT, Tone

HIDDEN_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""A copy of the whole object, which the YAML shows anyway."""


def identity(page: Page, obj: dict[str, Any], *, labels: bool = True) -> None:
    """Add name, namespace, labels and annotations."""
    page.pair("Name", at(obj, "metadata", "name"))
    page.optional("Namespace", at(obj, "metadata", "namespace"))
    if labels:
        labels_and_annotations(page, obj)


def labels_and_annotations(page: Page, obj: dict[str, Any]) -> None:
    """Add labels and annotations, one a line."""
    page.mapping("Labels", fields(obj, "metadata", "labels"))
    annotations = fields(obj, "metadata", "annotations")
    page.mapping(
        "Annotations", {key: value for key, value in annotations.items() if key not in HIDDEN_ANNOTATIONS}, sign=": "
    )


def moment(text: Any, now: float) -> str:
    """Return a point in time with how long ago that was."""
    at_time = time_or_zero(text) if isinstance(text, str) else 0.0
    if not at_time:
        return NONE_TEXT
    written = datetime.fromtimestamp(at_time, UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")
    age = now - at_time
    return f"{written} ({human(age)} ago)" if age >= 0 else f"{written} (in {human(-age)})"


def owner_text(obj: dict[str, Any]) -> str:
    """Return ``Kind/name`` of the controller, empty without one."""
    for owner in items(obj, "metadata", "ownerReferences"):
        if at(owner, "controller"):
            return f"{at(owner, 'kind')}/{at(owner, 'name')}"
    return ""


def selector_line(selector: Any) -> str:
    """Return a label selector, or a plain map of labels, as text."""
    if not isinstance(selector, dict) or not selector:
        return NONE_TEXT
    try:
        if "matchLabels" in selector or "matchExpressions" in selector:
            return str(selectors.of_object(selector)) or NONE_TEXT
        return str(selectors.of_labels(selector))
    except (SelectorError, TypeError):
        return shown(selector)


def matches(selector: Any, obj: dict[str, Any]) -> bool:
    """Return whether an object's labels satisfy a label selector or a plain map."""
    if not isinstance(selector, dict) or not selector:
        return False
    try:
        plain = "matchLabels" not in selector and "matchExpressions" not in selector
        found = selectors.of_labels(selector) if plain else selectors.of_object(selector)
    except SelectorError:
        return False
    return found.matches(fields(obj, "metadata", "labels"))


GOOD_WHEN_FALSE = ("Pressure", "NetworkUnavailable", "ReplicaFailure", "ScalingLimited", "Failed", "FailureTarget")
"""Endings of condition types that tell of trouble when they are True."""


def condition_tone(kind: str, status: str) -> Tone:
    """Return a warning for a condition that tells of trouble."""
    good = "False" if kind.endswith(GOOD_WHEN_FALSE) else "True"
    return Tone.PLAIN if status == good else Tone.WARN


def conditions(page: Page, obj: dict[str, Any], now: float) -> None:
    """Add the table of conditions, when there are any."""
    found = items(obj, "status", "conditions")
    if not found:
        return
    rows = []
    for one in found:
        since = time_or_zero(shown(at(one, "lastTransitionTime"), ""))
        rows.append(
            (
                shown(at(one, "type"), ""), shown(at(one, "status"), ""), human(now - since) if since else "",
                shown(at(one, "reason"), ""), " ".join(shown(at(one, "message"), "").split()),
            )
        )  # fmt: skip
    with page.section("Conditions"):
        page.table(("TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"), rows, lambda row: condition_tone(row[0], row[1]))


def happened(page: Page, events: Sequence[Happening], now: float) -> None:
    """Add the table of events, the newest last."""
    if not events:
        page.pair("Events", None)
        return
    rows = [(one.type, one.reason, _when(one, now), one.source, " ".join(one.message.split())) for one in events]
    with page.section("Events"):
        page.table(
            ("TYPE", "REASON", "AGE", "FROM", "MESSAGE"),
            rows,
            lambda row: Tone.PLAIN if row[0] == "Normal" else Tone.WARN,
        )


def _when(event: Happening, now: float) -> str:
    if not event.last:
        return "<unknown>"
    last = human(max(0.0, now - event.last))
    if event.count > 1 and event.first:
        return f"{last} (x{event.count} over {human(max(0.0, now - event.first))})"
    return last
