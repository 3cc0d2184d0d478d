"""Who uses what is about to be deleted: workloads, pods and Ingresses that name a ConfigMap, a Secret, a claim …"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from k9py.changes.model import Deed, Notice, NoticeKind, PlannedChange
from k9py.changes.surroundings import Surroundings
from k9py.core.refs import ApiResource
from k9py.kube.discovery import Discovery
from k9py.manifests.pointing import pick_at
from k9py.manifests.surroundings import UNKNOWN, Known, Need

SHOWN = 4
"""Users that are named; the rest is a number."""

AT_ONCE = 20
"""Objects looked through at once, some 3 ms; a namespace may have hundreds, which a thread goes through."""

_COMES_OF_IT = {
    "configmaps": "pods that run go on, new ones may not start",
    "secrets": "pods that run go on, new ones may not start",
    "persistentvolumeclaims": "pods that run keep it until they end, new ones wait for it",
    "serviceaccounts": "pods that run are refused by the API server, new ones are not made",
}
"""Kinds that are used by name, and what becomes of the pods that use them."""
_OF_SERVING = "it serves another certificate, or none"
_LOOKED_THROUGH = (
    "deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch", "pods",
    "ingresses.networking.k8s.io",
)  # fmt: skip
"""Kinds that may use them; whoever makes others comes before what it makes."""
_OVER = frozenset({"Succeeded", "Failed"})
_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class User:
    """One object that uses others, with the pods it stands for."""

    kind: str
    name: str
    uses: frozenset[tuple[str, str]]
    """Kind and name of what it names."""
    pods: int = 0

    @property
    def said(self) -> str:
        """``Deployment web (2 pods)``."""
        count = f" ({self.pods} pod{'s' if self.pods > 1 else ''})" if self.pods else ""
        return f"{self.kind} {self.name}{count}"


class Users:
    """Says of deletions who uses what is deleted; what may not be read is said too."""

    def __init__(self, around: Surroundings, discovery: Discovery) -> None:
        self._around = around
        self._discovery = discovery
        self._served: tuple[tuple[ApiResource, ...], list[str]] = ((), [])
        """The kinds to look through, with what was served when that was made out."""

    async def known(self, changes: Sequence[PlannedChange]) -> Known | None:
        """Look up what may use the objects that would be deleted; None when nothing of the kind is."""
        spaces = {change.ref.namespace for change in changes if _is_used_by_name(change)}
        if not spaces:
            return None
        return await self._around.known(Need(kind, space) for space in sorted(spaces) for kind in self._kinds())

    def _kinds(self) -> list[str]:
        """Return the kinds to look through, as far as this server has them."""
        resources = self._discovery.resources
        if self._served[0] is not resources:
            served = {resource.id for resource in resources}
            self._served = resources, [kind for kind in _LOOKED_THROUGH if kind in served]
        return self._served[1]

    def forget(self, kind: str, namespace: str) -> None:
        """Something of a kind was written: look it and its pods up anew."""
        for one in (kind, "pods") if kind in _LOOKED_THROUGH else ():
            self._around.forget(one, namespace)

    async def told(self, changes: Sequence[PlannedChange], known: Known | None) -> list[PlannedChange]:
        """Return the changes, each deletion with who uses its object; what is deleted together does not count."""
        if known is None:
            return list(changes)
        going = {(one.ref.kind, one.ref.namespace, one.ref.name) for one in changes if one.wish.deed is Deed.DELETE}
        spaces = {change.ref.namespace for change in changes if _is_used_by_name(change)}
        users = {space: await self._users_in(known, space, going) for space in sorted(spaces)}
        return [
            replace(change, notices=(*self._notices(change, users[change.ref.namespace], known), *change.notices))
            if _is_used_by_name(change) and not change.troubles
            else change
            for change in changes
        ]

    async def _users_in(self, known: Known, space: str, going: set[tuple[str, str, str]]) -> list[User]:
        listed = (known.all(kind, space) for kind in self._kinds())
        if sum(len(objects) for objects in listed if objects is not UNKNOWN) <= AT_ONCE:
            return users_in(known, space, going)
        return await asyncio.to_thread(users_in, known, space, going)

    def _notices(self, change: PlannedChange, users: Sequence[User], known: Known) -> Iterator[Notice]:
        assert change.resource is not None
        kind, space = change.resource.id, change.ref.namespace
        found = [user for user in users if (kind, change.ref.name) in user.uses]
        serving = [user for user in found if user.kind == "Ingress"]
        running = [user for user in found if user.kind != "Ingress"]
        if running:
            yield Notice(NoticeKind.IN_USE, f"{_listed(running)}: {_COMES_OF_IT[kind]}")
        if serving:
            yield Notice(NoticeKind.IN_USE, f"{_listed(serving)}: {_OF_SERVING}")
        looked = self._kinds()
        unread = [one.partition(".")[0] for one in looked if known.all(one, space) is UNKNOWN]
        if unread:
            what = "what uses it" if len(unread) == len(looked) else f"whether any of the {', '.join(unread)} use it"
            yield Notice(NoticeKind.ADVICE, f"{what} could not be read")


def _is_used_by_name(change: PlannedChange) -> bool:
    kind = change.resource.id if change.resource is not None else ""
    return change.wish.deed is Deed.DELETE and kind in _COMES_OF_IT


def _listed(users: Sequence[User]) -> str:
    named = ", ".join(user.said for user in users[:SHOWN])
    return f"{named} and {len(users) - SHOWN} more" if len(users) > SHOWN else named


# who uses what


def users_in(known: Known, namespace: str, going: Iterable[tuple[str, str, str]] = ()) -> list[User]:
    """Return everything in a namespace that names something, pods counted to the workload that made them.

    ``going`` are kind, namespace and name of what is deleted too, with its pods.
    """
    gone = {(kind, name) for kind, space, name in going if space == namespace}
    users: dict[tuple[str, str], User] = {}
    stands_for: dict[tuple[str, str], tuple[str, str]] = {}
    """Who was counted to whom: a CronJob's pods are its Job's."""
    for kind_id in _LOOKED_THROUGH:
        objects = known.all(kind_id, namespace)
        if objects is UNKNOWN:
            continue
        kind = _KINDS[kind_id]
        for obj in objects:
            here = kind, str((obj.get("metadata") or {}).get("name"))
            makers = _makers(obj)
            if gone.intersection((here, *makers)):
                gone.add(here)
                continue
            if kind in ("Pod", "Job") and _is_over(obj):
                continue
            maker = next((stands_for[key] for key in makers if key in stands_for), here)
            stands_for[here] = maker
            # A pod of an earlier revision may use what its workload names no more.
            known_uses = users[maker].uses if maker in users else frozenset()
            pods = (users[maker].pods if maker in users else 0) + (kind == "Pod" and maker != here)
            users[maker] = User(*maker, known_uses | frozenset(_named(kind, obj)), pods)
    return [user for user in users.values() if user.uses]


_KINDS = {
    "deployments.apps": "Deployment", "statefulsets.apps": "StatefulSet", "daemonsets.apps": "DaemonSet",
    "cronjobs.batch": "CronJob", "jobs.batch": "Job", "pods": "Pod", "ingresses.networking.k8s.io": "Ingress",
}  # fmt: skip
"""Items of a list say no kind."""


def _makers(obj: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return kind and name of what made an object: its controller, and what stands behind that as far as it is told."""
    metadata = obj.get("metadata") or {}
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            name = str(owner.get("name"))
            revision = (metadata.get("labels") or {}).get(_HASH)
            if owner.get("kind") == "ReplicaSet" and revision and name.endswith(f"-{revision}"):
                return [("ReplicaSet", name), ("Deployment", name.removesuffix(f"-{revision}"))]
            return [(str(owner.get("kind")), name)]
    return []


def _is_over(obj: Mapping[str, Any]) -> bool:
    """Return whether a pod or a job has ended and uses nothing any more."""
    status = obj.get("status") or {}
    ended = any(one.get("type") in ("Complete", "Failed") and one.get("status") == "True"
                for one in status.get("conditions") or ())  # fmt: skip
    return status.get("phase") in _OVER or ended


def _named(kind: str, obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of everything an object names."""
    for path, value in _texts(obj.get("spec") or {}, ("spec",)):
        picked = pick_at(kind, path)
        if picked in _COMES_OF_IT:
            yield picked, value


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(below, (*path, str(key)))
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below, path)
