"""What others say about an object that its own status leaves out: its events, and the claims it waits for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from k9py.kube.rows import Row
from k9py.resources import causes
from k9py.resources.podkind import IMAGE_REASONS
from k9py.resources.pods import PodRow
from k9py.resources.podstate import Trouble
from k9py.resources.storage import ClaimRow

if TYPE_CHECKING:
    from k9py.kube.happenings import Happening

UNBOUND = "unbound immediate PersistentVolumeClaims"
"""How the scheduler says that a pod waits for its claims."""

_PROBE = re.compile(r"^(?:Readiness|Startup) probe (?:failed|errored)[^:]*: ")


def asks_events(row: Row) -> bool:
    """Return whether events may say why an object is in the state it is in."""
    if isinstance(row, ClaimRow):
        return row.status == "Pending"
    return isinstance(row, PodRow) and not row.deleting and (_waits(row) or bool(_openings(row.trouble)))


def events_add(row: Row, events: Sequence[Happening]) -> str:
    """Return what events add to the sentence about an object, ready to be put behind it; empty for nothing."""
    if not asks_events(row):
        return ""
    trouble = row.trouble if isinstance(row, PodRow) else None
    said = causes.newest_warning(events, *_openings(trouble))
    if not said:
        return ""
    if trouble is None:
        return f": {said}"
    if trouble.what == "unready":
        return f": {_PROBE.sub('', said)}"
    if trouble.reason in IMAGE_REASONS:
        image = causes.image_of(said)
        return f": {causes.image_text(trouble.reason, image, said).removeprefix(f'the image {image} ')}"
    return f"; {said[0].lower()}{said[1:]}"


def _waits(row: PodRow) -> bool:
    """Return whether a pod is between its node and its first container: volumes and network are said by events only."""
    return row.trouble is None and row.phase == "Pending" and bool(row.node)


def _openings(trouble: Trouble | None) -> tuple[str, ...]:
    """Return how the warnings begin that may explain a trouble; empty when it explains itself."""
    if trouble is None:
        return ()
    if trouble.what == "unready":
        return ("Startup probe",) if trouble.reason == "Starting" else ("Readiness probe",)
    if trouble.reason in IMAGE_REASONS:
        why = causes.image_text(trouble.reason, causes.image_of(trouble.message), trouble.message)
        return ("Failed to pull image",) if why.endswith("cannot be pulled") else ()
    ended = trouble.what in ("waiting", "terminated", "restarted") and trouble.restarts > 0
    is_known = trouble.last_message or "OOMKilled" in (trouble.reason, trouble.last_reason)
    return ("Liveness probe", "Startup probe") if ended and not is_known and trouble.exit_code in causes.KILLED else ()


def asks_claims(row: Row) -> bool:
    """Return whether the claims of a pod say why no node takes it."""
    trouble = row.trouble if isinstance(row, PodRow) else None
    return trouble is not None and trouble.what == "unschedulable" and UNBOUND in trouble.message


def unbound(row: Row, claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of the claims that a pod waits for."""
    names = {ref.removeprefix("pvc/") for ref in getattr(row, "refs", ()) if ref.startswith("pvc/")}
    return [
        claim for claim in claims
        if (claim.get("metadata") or {}).get("name") in names and (claim.get("status") or {}).get("phase") != "Bound"
    ]  # fmt: skip
