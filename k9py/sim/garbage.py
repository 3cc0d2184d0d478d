"""What follows a deletion: dependents of owners, the contents of ending namespaces, protected claims.

These act on the store's changes at once, where a real cluster takes a moment; a client cannot tell more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from k9py.core.errors import ApiError
from k9py.sim import deletion
from k9py.sim.deletion import FOREGROUND_FINALIZER, ORPHAN_FINALIZER
from k9py.sim.history import Change
from k9py.sim.objects import Object
from k9py.sim.store import Store

Where = tuple[str, str, str]
"""Resource, namespace, name."""
_CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
_VOLUME_PROTECTION = "kubernetes.io/pv-protection"


def _references(obj: Object | None) -> list[dict[str, Any]]:
    return list((obj or {"metadata": {}})["metadata"].get("ownerReferences") or ())


class GarbageCollector:
    """Deletes dependents whose owners are gone, by the propagation the owner was deleted with."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dependents: dict[str, dict[Where, None]] = {}
        self._owners: dict[Where, tuple[str, ...]] = {}
        self._alive: dict[str, Where] = {}
        for kind in store.kinds():
            for stored in store.collection(kind.id).select():
                self._index((kind.id, stored.namespace, stored.name), stored.uid, stored.raw)
        store.subscribe(self._changed)

    def _index(self, where: Where, uid: str, raw: bytes) -> None:
        self._alive[uid] = where
        owners = tuple(reference["uid"] for reference in _references_in(raw))
        before = self._owners.get(where, ())
        if owners == before:
            return
        for owner in before:
            self._dependents.get(owner, {}).pop(where, None)
        for owner in owners:
            self._dependents.setdefault(owner, {})[where] = None
        self._owners[where] = owners

    def _changed(self, change: Change) -> None:
        current = change.current
        where = (change.resource, current.namespace, current.name)
        before = change.previous.raw if change.previous is not None else b""
        if _owner_bytes(current.raw) == _owner_bytes(before):
            self._alive[current.uid] = where
        else:
            self._index(where, current.uid, current.raw)
        if change.type == "DELETED":
            self._gone(where, current.uid, change.current.view())
        elif b'"deletionTimestamp"' in current.raw:
            self._going(where, current.uid, current.view())
        elif change.type == "ADDED" and where in self._owners:
            self._check_orphan(where, current.raw)

    def _gone(self, where: Where, uid: str, obj: Object) -> None:
        self._alive.pop(uid, None)
        for owner in self._owners.pop(where, ()):
            self._dependents.get(owner, {}).pop(where, None)
        for dependent in list(self._dependents.get(uid, ())):
            self._owner_gone(dependent, uid)
        self._dependents.pop(uid, None)
        for reference in _references(obj):
            owner_at = self._alive.get(reference["uid"])
            if owner_at is not None:
                self._finish_foreground(owner_at)

    def _going(self, where: Where, uid: str, obj: Object) -> None:
        finalizers = obj["metadata"].get("finalizers") or ()
        if ORPHAN_FINALIZER in finalizers:
            for dependent in list(self._dependents.get(uid, ())):
                self._edit(dependent, lambda found: _drop_owner(found, uid))
            self._edit(where, lambda found: _drop_finalizer(found, ORPHAN_FINALIZER))
        elif FOREGROUND_FINALIZER in finalizers:
            for dependent in list(self._dependents.get(uid, ())):
                own = self._store.find(*dependent)
                nested = own is not None and self._dependents.get(own.uid)
                self._delete(dependent, "Foreground" if nested else "Background")
            self._finish_foreground(where)

    def _finish_foreground(self, where: Where) -> None:
        obj = self._store.peek(*where)
        if obj is None or FOREGROUND_FINALIZER not in (obj["metadata"].get("finalizers") or ()):
            return
        uid = obj["metadata"]["uid"]
        for dependent in self._dependents.get(uid, ()):
            found = self._store.peek(*dependent)
            if any(ref["uid"] == uid and ref.get("blockOwnerDeletion") for ref in _references(found)):
                return
        self._edit(where, lambda found: _drop_finalizer(found, FOREGROUND_FINALIZER))

    def _check_orphan(self, where: Where, raw: bytes) -> None:
        """Delete an object that was created for owners none of which is there."""
        references = _references_in(raw)
        if references and not any(reference["uid"] in self._alive for reference in references):
            self._delete(where, "Background")

    def _owner_gone(self, where: Where, uid: str) -> None:
        obj = self._store.peek(*where)
        if obj is None:
            return
        others = [reference for reference in _references(obj) if reference["uid"] != uid]
        if any(reference["uid"] in self._alive for reference in others):
            self._edit(where, lambda found: _drop_owner(found, uid))
        else:
            self._delete(where, "Background")

    def _edit(self, where: Where, change: Any) -> None:
        if self._store.find(*where) is not None:
            self._store.modify(*where, change)

    def _delete(self, where: Where, propagation: deletion.Propagation) -> None:
        obj = self._store.peek(*where)
        if obj is not None and not obj["metadata"].get("deletionTimestamp"):
            self._store.delete(*where, options=deletion.Options(propagation))


def _owner_bytes(raw: bytes) -> bytes:
    """Return the encoded owner references: comparing them is cheaper than decoding the object."""
    start = raw.find(b'"ownerReferences":[')
    return raw[start : raw.find(b"]", start)] if start >= 0 else b""


def _references_in(raw: bytes) -> list[dict[str, Any]]:
    """Return the owner references of an encoded object without decoding the rest of it."""
    found = _owner_bytes(raw)
    references: list[dict[str, Any]] = msgspec.json.decode(found[found.index(b"[") :] + b"]") if found else []
    return references


def _drop_owner(obj: Object, uid: str) -> None:
    obj["metadata"]["ownerReferences"] = [ref for ref in _references(obj) if ref["uid"] != uid]


def _drop_finalizer(obj: Object, name: str) -> None:
    kept = [item for item in obj["metadata"].get("finalizers") or () if item != name]
    obj["metadata"]["finalizers"] = kept


class NamespaceEnder:
    """Empties namespaces that are going, then lets them go."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ending: set[str] = set()
        store.subscribe(self._namespace_changed, "namespaces")
        store.subscribe(self._anything_changed)

    def _namespace_changed(self, change: Change) -> None:
        name = change.current.name
        if change.type == "DELETED":
            self._ending.discard(name)
        elif b'"deletionTimestamp"' in change.current.raw and name not in self._ending:
            self._ending.add(name)
            for resource, found in list(self._contents(name)):
                try:
                    self._store.delete(resource, name, found, options=deletion.Options("Background"))
                except ApiError:
                    continue  # Gone already: deleting another object took it along.
            self._finish(name)

    def _anything_changed(self, change: Change) -> None:
        if change.type == "DELETED" and change.current.namespace in self._ending:
            self._finish(change.current.namespace)

    def _contents(self, namespace: str) -> Iterable[tuple[str, str]]:
        for kind in list(self._store.kinds()):
            if kind.namespaced:
                for stored in list(self._store.collection(kind.id).select(namespace)):
                    yield kind.id, stored.name

    def _finish(self, name: str) -> None:
        if next(iter(self._contents(name)), None) is not None:
            return
        namespace = self._store.peek("namespaces", "", name)
        if namespace is not None and (namespace.get("spec") or {}).get("finalizers"):
            self._store.modify("namespaces", "", name, _without_kubernetes)


def _without_kubernetes(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec["finalizers"] = [item for item in spec.get("finalizers") or () if item != "kubernetes"]


class Protection:
    """Lets claims go when no pod uses them any more, and volumes when no claim is bound to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.subscribe(self._claim_changed, "persistentvolumeclaims")
        store.subscribe(self._pod_changed, "pods")
        store.subscribe(self._volume_changed, "persistentvolumes")

    def _claim_changed(self, change: Change) -> None:
        if change.type == "MODIFIED" and b'"deletionTimestamp"' in change.current.raw:
            self._release(change.current.namespace, change.current.name)
        if change.type == "DELETED":
            for volume in self._store.list("persistentvolumes"):
                if volume["metadata"].get("deletionTimestamp"):
                    self._release_volume(volume)

    def _volume_changed(self, change: Change) -> None:
        if change.type == "MODIFIED" and b'"deletionTimestamp"' in change.current.raw:
            self._release_volume(change.current.view())

    def _pod_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            for claim in _claims_of(change.current.view()):
                self._release(change.current.namespace, claim)

    def _release(self, namespace: str, name: str) -> None:
        claim = self._store.peek("persistentvolumeclaims", namespace, name)
        if claim is None or not claim["metadata"].get("deletionTimestamp"):
            return
        if _CLAIM_PROTECTION not in (claim["metadata"].get("finalizers") or ()):
            return
        if any(name in _claims_of(pod) for pod in self._store.list("pods", namespace)):
            return
        self._store.modify(
            "persistentvolumeclaims", namespace, name, lambda found: _drop_finalizer(found, _CLAIM_PROTECTION)
        )

    def _release_volume(self, volume: Object) -> None:
        reference = (volume.get("spec") or {}).get("claimRef") or {}
        namespace, name = reference.get("namespace", ""), reference.get("name", "")
        bound = name and self._store.find("persistentvolumeclaims", namespace, name) is not None
        if not bound and _VOLUME_PROTECTION in (volume["metadata"].get("finalizers") or ()):
            self._store.modify(
                "persistentvolumes",
                "",
                volume["metadata"]["name"],
                lambda found: _drop_finalizer(found, _VOLUME_PROTECTION),
            )


def _claims_of(pod: Object) -> set[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if volume.get("persistentVolumeClaim")}
