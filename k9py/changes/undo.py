"""Taking changes back: the wish that restores what was before a journal entry, and what cannot be brought back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from k9py.changes.journal import Journal, JournalEntry
from k9py.changes.model import Deed, Notice, NoticeKind, Object, Wish
from k9py.core.diffs import quiet
from k9py.core.errors import ChangeError

_JOB_LABELS = frozenset(
    {"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"}
)
"""Labels a Job gives its pods by itself; those of the old uid would be refused."""
_OF_BINDING = frozenset({
    "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller", "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
})  # fmt: skip
"""Annotations that tie a claim to one volume."""
_TOKEN_VOLUME = "kube-api-access-"
_ANEW = Notice(NoticeKind.ANEW, "a new object under the old name, with another uid and another age")


@dataclass(frozen=True, slots=True)
class Undo:
    """How one entry is taken back."""

    entry: JournalEntry
    wish: Wish

    @property
    def lost(self) -> tuple[Notice, ...]:
        """What it cannot bring back."""
        return self.wish.notices


def undo_of(journal: Journal, entry: JournalEntry) -> Undo:
    """Return how an entry is taken back; raises ChangeError with the reason when it cannot be."""
    if entry.undone_by:
        raise ChangeError(f"{entry.id} was taken back already, by {entry.undone_by}")
    if entry.state == "failed":
        raise ChangeError(f"{entry.id} was not written: there is nothing to take back")
    before, after = entry.before, entry.after
    if entry.secret and not (entry.deed is not Deed.DELETE and before is None):
        states = journal.secret_states(entry.id)
        if states is None:
            raise ChangeError(
                f"{entry.id} changed a Secret in an earlier run",
                remedy="The values of Secrets are kept only until the program ends",
            )
        before, after = states.before, states.after
    if after is None and entry.deed is Deed.DELETE:
        return _remade(entry, before)
    if before is None:
        return _unmade(entry)
    return _restored(entry, before, after)


def undo_series(journal: Journal, entries: Iterable[JournalEntry]) -> list[Undo]:
    """Return how a series is taken back, last written first; entries that failed or are undone are left out."""
    standing = [one for one in entries if not one.undone_by and one.state in ("written", "uncertain", "intent")]
    if not standing:
        raise ChangeError("there is nothing left to take back")
    return [undo_of(journal, entry) for entry in reversed(standing)]


def _named(entry: JournalEntry) -> Object:
    ref = entry.ref
    metadata: Object = {"name": ref.name}
    if ref.namespace:
        metadata["namespace"] = ref.namespace
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}


def _unmade(entry: JournalEntry) -> Undo:
    """It was made: delete it."""
    return Undo(entry, Wish(Deed.DELETE, _named(entry), undoes=entry.id, may_be_gone=True))


def _restored(entry: JournalEntry, before: Object, after: Object | None) -> Undo:
    """It was changed: put back what this change changed, and nothing others changed since."""
    base = _with_uid(after if after is not None else before, entry.ref.uid)
    notices: tuple[Notice, ...] = ()
    if entry.deed is Deed.SCALE:
        notices = (Notice(NoticeKind.LOST, "the pods that were stopped: new ones come in their place"),)
    return Undo(entry, Wish(Deed.UPDATE, before, base=base, undoes=entry.id, notices=notices))


def _with_uid(obj: Object, uid: str) -> Object:
    return {**obj, "metadata": {**(obj.get("metadata") or {}), "uid": uid}} if uid else obj


def _remade(entry: JournalEntry, before: Object | None) -> Undo:
    """It was deleted: make it again, as a new object."""
    if before is None:
        raise ChangeError(f"{entry.id}: what was deleted is not known")
    ref = entry.ref
    lost = [_ANEW]
    document = _as_new(before)
    if ref.kind == "Pod":
        lost.append(Notice(NoticeKind.LOST, "the pod's address, its node, its logs and what it wrote"))
    elif ref.kind == "PersistentVolumeClaim":
        lost.append(Notice(NoticeKind.LOST, "its data, unless the volume was kept (reclaim policy Retain)"))
    elif ref.kind == "Namespace":
        lost.append(Notice(NoticeKind.LOST, "everything in it: only the namespace itself comes back"))
    elif ref.kind == "CustomResourceDefinition":
        lost.append(Notice(NoticeKind.LOST, "its objects: only the kind comes back"))
    elif ref.kind in ("Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob"):
        lost.append(Notice(NoticeKind.LOST, "its revisions, and what its pods wrote: its pods are new ones"))
    elif ref.kind == "Service" and (before.get("spec") or {}).get("type") == "LoadBalancer":
        lost.append(Notice(NoticeKind.LOST, "perhaps its address: the load balancer may get another"))
    if (before.get("metadata") or {}).get("ownerReferences"):
        lost.append(Notice(NoticeKind.ADVICE, "its owner may be gone too; then it is cleaned up again"))
    return Undo(entry, Wish(Deed.CREATE, document, undoes=entry.id, notices=tuple(lost)))


def made_anew(wish: Wish) -> Wish:
    """Return the wish to make an edited object again that is gone: what was typed, as a new object."""
    return Wish(Deed.CREATE, _as_new(quiet(wish.document)), origin=wish.origin, notices=(_ANEW,))


def laid_over(wish: Wish, live: Object) -> Wish:
    """Return the wish to make the same edit of an object that has taken the place of the edited one.

    What the two objects differ in is a conflict wherever the edit changes it too.
    """
    same = {"uid": live["metadata"]["uid"]}
    document, base = (
        {**one, "metadata": {**one["metadata"], **same}} for one in (wish.document, wish.base or wish.document)
    )
    other = Notice(NoticeKind.ANEW, "this is not the object that was edited; somebody made it since, under its name")
    return replace(wish, document=document, base=base, notices=(*wish.notices, other))


def _as_new(before: Object) -> Object:
    """Return a deleted object as it can be made again."""
    metadata: Object = {
        key: value for key, value in before["metadata"].items()
        if key not in ("deletionTimestamp", "deletionGracePeriodSeconds", "generateName")
    }  # fmt: skip
    document: Object = {**before, "metadata": metadata}
    spec = before.get("spec")
    if not isinstance(spec, dict):
        return document
    kind = before.get("kind")
    if kind == "Job" and not spec.get("manualSelector"):
        document["spec"] = _without_job_uid(spec)
        document["metadata"]["labels"] = _without_labels(metadata.get("labels"))
    elif kind == "Pod":
        document["spec"] = _unbound(spec)
    elif kind == "PersistentVolume":
        document["spec"] = {key: value for key, value in spec.items() if key != "claimRef"}
    elif kind == "PersistentVolumeClaim" and _is_bound_for(metadata):
        # The volume was chosen for that claim and is none for another one: with its name this one would be Lost.
        document["spec"] = {key: value for key, value in spec.items() if key != "volumeName"}
        annotations = metadata["annotations"]
        metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _OF_BINDING}
    elif kind == "Namespace":
        document.pop("spec")
    return document


def _is_bound_for(metadata: Object) -> bool:
    """Return whether a controller chose the volume of a claim, and not the person who made the claim."""
    return (metadata.get("annotations") or {}).get("pv.kubernetes.io/bound-by-controller") == "yes"


def _without_labels(labels: Any) -> Object:
    return {key: value for key, value in (labels or {}).items() if key not in _JOB_LABELS}


def _without_job_uid(spec: Object) -> Object:
    kept = {key: value for key, value in spec.items() if key != "selector"}
    template = dict(kept.get("template") or {})
    meta = dict(template.get("metadata") or {})
    meta["labels"] = _without_labels(meta.get("labels"))
    return {**kept, "template": {**template, "metadata": meta}}


def _unbound(spec: Object) -> Object:
    """Return a pod's specification without its node and without the token volume the server adds by itself."""
    kept = {key: value for key, value in spec.items() if key != "nodeName"}
    kept["volumes"] = [one for one in spec.get("volumes") or () if not str(one.get("name")).startswith(_TOKEN_VOLUME)]
    for part in ("containers", "initContainers"):
        if part in kept:
            kept[part] = [
                {
                    **one,
                    "volumeMounts": [
                        mount for mount in one.get("volumeMounts") or ()
                        if not str(mount.get("name")).startswith(_TOKEN_VOLUME)
                    ],
                }
                for one in kept[part]
            ]  # fmt: skip
    return kept
