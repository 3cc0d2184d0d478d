"""What goes with an object that is deleted, and who has to agree first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from k9py.changes.model import DeleteOptions, Notice, NoticeKind, Object
from k9py.core import selectors
from k9py.core.errors import K9Error, NotFound
from k9py.core.refs import ApiResource
from k9py.kube.discovery import Discovery
from k9py.kube.verbs import decode_object
from k9py.kube.wire import Transport

SHOWN = 5
"""Names listed of each kind; the rest is a number."""
COUNTED = 200
"""Objects read of each kind; of more, the number is taken from the server."""
WAITING = 8
"""Requests at once while counting a namespace, so that the rest of the program goes on."""

_MAKES: dict[str, tuple[str, ...]] = {
    "deployments.apps": ("replicasets.apps",),
    "replicasets.apps": ("pods",),
    "statefulsets.apps": ("pods",),
    "daemonsets.apps": ("pods",),
    "replicationcontrollers": ("pods",),
    "jobs.batch": ("pods",),
    "cronjobs.batch": ("jobs.batch",),
}
"""Kind id to the kinds whose objects it makes and owns."""
_MAKES_NOTHING = frozenset(
    {
        "configmaps", "services", "secrets", "persistentvolumeclaims", "persistentvolumes", "pods", "serviceaccounts",
        "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io", "poddisruptionbudgets.policy",
        "horizontalpodautoscalers.autoscaling", "roles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io", "resourcequotas", "limitranges", "endpointslices.discovery.k8s.io",
        "endpoints",
    }
)  # fmt: skip
"""Kinds without dependents; of any other kind it is said that they are not known."""
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


async def goes_too(
    transport: Transport, discovery: Discovery, resource: ApiResource, live: Object, options: DeleteOptions
) -> list[Notice]:
    """Return notices of what disappears with an object, of lost data, and of finalizers."""
    notices = [*_finalizers(live, options), *_data(resource, live)]
    if resource.id == "persistentvolumeclaims":
        notices += await _volume(transport, discovery, live)
    if resource.id == "namespaces":
        return [*notices, *await _contents(transport, discovery, str(live["metadata"]["name"]))]
    if resource.id == "customresourcedefinitions.apiextensions.k8s.io":
        return [*notices, *await _instances(transport, discovery, live)]
    if options.propagation == "Orphan":
        return notices
    try:
        notices += await _owned(transport, discovery, resource, live)
    except K9Error as error:
        notices.append(Notice(NoticeKind.GOES_TOO, f"what goes with it could not be read: {error}"))
    return notices


def _finalizers(live: Object, options: DeleteOptions) -> list[Notice]:
    metadata = live["metadata"]
    names = list(metadata.get("finalizers") or ())
    found = [Notice(NoticeKind.FINALIZER, f"it stays until {name} lets it go") for name in names]
    if options.propagation == "Foreground":
        found.append(Notice(NoticeKind.FINALIZER, "it stays until what it owns is gone"))
    if metadata.get("deletionTimestamp"):
        found.append(Notice(NoticeKind.FINALIZER, f"it is being deleted since {metadata['deletionTimestamp']}"))
    return found


def _data(resource: ApiResource, live: Object) -> list[Notice]:
    spec = live.get("spec") or {}
    if resource.id == "persistentvolumes" and spec.get("persistentVolumeReclaimPolicy") == "Delete":
        return [Notice(NoticeKind.LOST, "its data, where whoever made the volume deletes it (reclaim policy Delete)")]
    if resource.id == "statefulsets.apps" and spec.get("volumeClaimTemplates"):
        policy = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenDeleted", "Retain")
        if policy == "Delete":
            return [Notice(NoticeKind.LOST, "its claims and their data (whenDeleted: Delete)")]
        return [Notice(NoticeKind.ADVICE, "its claims and their data stay")]
    return []


async def _volume(transport: Transport, discovery: Discovery, live: Object) -> list[Notice]:
    """Return what becomes of the data of a claim, as its volume says; whoever must not read volumes is told both."""
    name = (live.get("spec") or {}).get("volumeName")
    if not name:
        return []
    try:
        path = discovery.resolve("persistentvolumes").gvr.path(name=name)
        volume = decode_object((await transport.request("GET", path)).body, f"persistentvolume/{name}")
    except NotFound:
        return []
    except K9Error:
        return [Notice(NoticeKind.LOST, f"the data of volume {name}, where its reclaim policy is Delete")]
    if (volume.get("spec") or {}).get("persistentVolumeReclaimPolicy") == "Delete":
        return [Notice(NoticeKind.LOST, f"volume {name} and its data: its reclaim policy is Delete")]
    return [Notice(NoticeKind.ADVICE, f"volume {name} keeps its data, and no other claim gets it: Retain")]


async def _owned(transport: Transport, discovery: Discovery, resource: ApiResource, live: Object) -> list[Notice]:
    if resource.id in _MAKES_NOTHING:
        return []
    if resource.id not in _MAKES:
        if resource.gvr.group.endswith(".k8s.io") or "." not in resource.gvr.group:
            return []
        text = f"whatever objects name this {resource.kind} as their owner"
        return [Notice(NoticeKind.GOES_TOO, text)]
    if resource.id == "deployments.apps" and _has_no_pods(live):
        return [Notice(NoticeKind.GOES_TOO, "its earlier revisions (ReplicaSets); it has no pods")]
    notices: list[Notice] = []
    owners = {str(live["metadata"]["uid"])}
    namespace = str(live["metadata"].get("namespace") or "")
    kinds = list(_MAKES[resource.id])
    chosen = _selector(resource, live)
    while kinds:
        made = discovery.resolve(kinds.pop(0))
        objects = await _metadata(transport, made, namespace, chosen)
        mine = [item for item in objects if owners & set(_owner_uids(item))]
        if mine:
            notices.append(_listed(made, [str(item["metadata"]["name"]) for item in mine]))
            owners |= {str(item["metadata"]["uid"]) for item in mine}
            kinds += _MAKES.get(made.id, ())
    return notices


def _selector(resource: ApiResource, live: Object) -> str:
    """Return the labels of what an object makes, so that not the whole namespace is read; empty when there are none."""
    spec = live.get("spec") or {}
    if resource.id == "cronjobs.batch" or not spec.get("selector"):
        return ""
    if resource.id == "replicationcontrollers":
        return str(selectors.of_labels(spec["selector"]))
    return str(selectors.of_object(spec["selector"]))


def _has_no_pods(live: Object) -> bool:
    """Return whether a workload certainly has no pods: none are wanted and its controller counts none."""
    status = live.get("status") or {}
    return (live.get("spec") or {}).get("replicas") == 0 and not status.get("replicas")


def _owner_uids(item: Object) -> Iterable[str]:
    return (str(owner.get("uid")) for owner in item["metadata"].get("ownerReferences") or ())


def _listed(resource: ApiResource, names: list[str], total: int = 0) -> Notice:
    total = max(total, len(names))
    word = resource.kind if total == 1 else resource.gvr.resource
    shown = ", ".join(names[:SHOWN]) + (", …" if total > SHOWN else "")
    return Notice(NoticeKind.GOES_TOO, f"{total} {word}: {shown}")


async def _metadata(transport: Transport, resource: ApiResource, namespace: str, chosen: str) -> list[Object]:
    """Return the metadata of the objects of a kind in a namespace that a label selector chooses."""
    items: list[Object] = []
    token = ""
    while True:
        page = await _page(transport, resource, namespace, limit=500, token=token, chosen=chosen)
        items += page.get("items") or ()
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return items


async def _page(
    transport: Transport, resource: ApiResource, namespace: str, *, limit: int, token: str = "", chosen: str = ""
) -> dict[str, Any]:
    query = [("limit", str(limit))] + ([("continue", token)] if token else [])
    query += [("labelSelector", chosen)] if chosen else []
    path = resource.gvr.path(namespace if resource.namespaced else "")
    answer = await transport.request("GET", path, query=query, headers={"Accept": _METADATA})
    return decode_object(answer.body, f"the list of {resource.id}")


async def _contents(transport: Transport, discovery: Discovery, namespace: str) -> list[Notice]:
    """Return how much of each kind is in a namespace, which all goes with it."""
    kinds = [
        kind for kind in discovery.resources
        if kind.namespaced and "list" in kind.verbs and kind.id not in _DERIVED and kind.gvr.group not in _VIEWS
    ]  # fmt: skip
    slots = asyncio.Semaphore(WAITING)

    async def count(kind: ApiResource) -> Notice | None:
        async with slots:
            try:
                return _counted(kind, await _page(transport, kind, namespace, limit=COUNTED))
            except K9Error as error:
                return Notice(NoticeKind.GOES_TOO, f"{kind.id}: could not be read ({error})")

    found = await asyncio.gather(*map(count, kinds))
    return [notice for notice in found if notice is not None]


def _counted(kind: ApiResource, page: dict[str, Any]) -> Notice | None:
    names = [str(item["metadata"]["name"]) for item in page.get("items") or ()]
    # Every namespace has these; they are no loss.
    names = [name for name in names if (kind.id, name) not in _FURNITURE]
    if not names:
        return None
    more = int((page.get("metadata") or {}).get("remainingItemCount") or 0)
    return _listed(kind, names, len(names) + more)


_DERIVED = frozenset({"events", "events.events.k8s.io", "endpoints", "endpointslices.discovery.k8s.io"})
"""Kinds that only say what other objects are or did."""
_VIEWS = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
"""Groups whose objects are measurements of others."""
_FURNITURE = frozenset({("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")})


async def _instances(transport: Transport, discovery: Discovery, live: Object) -> list[Notice]:
    spec = live.get("spec") or {}
    names = spec.get("names") or {}
    try:
        kind = discovery.resolve(f"{names.get('plural')}.{spec.get('group')}")
        notice = _counted(kind, await _page(transport, kind, "", limit=COUNTED))
    except K9Error as error:
        return [Notice(NoticeKind.GOES_TOO, f"every {names.get('kind')}; they could not be counted ({error})")]
    return [notice] if notice else []
