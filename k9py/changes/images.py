"""Images to choose from: those that run in the namespace, those written from here before, those of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from k9py.changes import edits
from k9py.changes.journal import Journal
from k9py.changes.model import Object
from k9py.changes.surroundings import Surroundings
from k9py.core.errors import UsageError
from k9py.manifests.surroundings import UNKNOWN, Known, Need

USERS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch")
"""Kinds whose images are offered; the pods and Jobs they make have the same ones."""
BEFORE = "written from here before"


async def known_images(surroundings: Surroundings, journal: Journal, namespace: str) -> list[tuple[str, str]]:
    """Return images with who uses them, the nearest first; what may not be listed is left out."""
    near = [Need(kind, namespace) for kind in USERS]
    far = [Need(kind, "") for kind in USERS]
    known = await surroundings.known([*near, *far])
    earlier = await asyncio.to_thread(_written, journal)
    offered: dict[str, str] = {}
    for image, hint in [*sorted(_used(known, near, namespace)), *earlier, *sorted(_used(known, far, namespace))]:
        offered.setdefault(image, hint)
    return list(offered.items())


def _used(known: Known, needs: Sequence[Need], namespace: str) -> Iterator[tuple[str, str]]:
    for need in needs:
        listed = known.all(need.id, need.namespace)
        for obj in listed if listed is not UNKNOWN else ():
            meta = obj.get("metadata") or {}
            where = "" if meta.get("namespace") == namespace else f" in {meta.get('namespace')}"
            word = need.id.partition(".")[0].removesuffix("s")
            for image in _images({"kind": _KINDS[need.id], **obj}):
                yield image, f"{word} {meta.get('name')}{where}"


_KINDS = dict(zip(USERS, ("Deployment", "StatefulSet", "DaemonSet", "CronJob"), strict=True))
"""Items of a list do not say what kind they are."""


def _written(journal: Journal) -> list[tuple[str, str]]:
    entries = reversed(journal.entries())
    return [(image, BEFORE) for entry in entries for state in (entry.after, entry.before) for image in _images(state)]


def _images(obj: Object | None) -> list[str]:
    if obj is None:
        return []
    try:
        return [image for image in edits.images_of(obj).values() if image]
    except UsageError:
        return []  # it makes no pods
