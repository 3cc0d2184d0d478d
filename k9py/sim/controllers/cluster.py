"""The controllers' door to the store: views to read, one function to write, and an index of who owns what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from k9py.core.errors import NotFound
from k9py.sim import deletion
from k9py.sim.controllers.events import Recorder
from k9py.sim.engine import Engine
from k9py.sim.history import Change, Stored
from k9py.sim.objects import timestamp
from k9py.sim.store import Store

Object = dict[str, Any]
Objects = list[Object]
ChangeHandler = Callable[[str, Object, "Object | None"], None]
"""Called with ADDED, MODIFIED or DELETED, the object as it is now, and as it was (None when added)."""


def clone(obj: Any) -> Any:
    """Return a private copy of JSON-like data, several times faster than deepcopy."""
    return msgspec.json.decode(msgspec.json.encode(obj))


def key_of(obj: Object) -> str:
    """Return ``namespace/name``, or the name of a cluster-scoped object."""
    meta = obj["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])


def split_key(key: str) -> tuple[str, str]:
    """Return (namespace, name) of a key."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def controller_of(obj: Object) -> Object | None:
    """Return the owner reference of the controller, if there is one."""
    owners: Iterable[Object] = obj["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def owner_reference(owner: Object) -> Object:
    """Return a controller reference to ``owner``."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def with_owner(obj: Object, owner: Object) -> None:
    """Make ``owner`` the controller of an object that has none, in place."""
    obj["metadata"]["ownerReferences"] = [*(obj["metadata"].get("ownerReferences") or ()), owner_reference(owner)]


def set_condition(
    status: Object, kind: str, value: str, *, reason: str = "", message: str = "", now: float, updated: bool = False
) -> bool:
    """Set one condition; the transition time moves only when the value does. Returns True when anything changed.

    ``updated`` adds the lastUpdateTime that Deployments keep.
    """
    conditions: list[Object] = status.setdefault("conditions", [])
    found = next((item for item in conditions if item["type"] == kind), None)
    if found and (found["status"], found.get("reason", ""), found.get("message", "")) == (value, reason, message):
        return False
    stamp = timestamp(now)
    fresh: Object = {"type": kind, "status": value, "lastTransitionTime": stamp}
    if updated:
        fresh["lastUpdateTime"] = stamp
    if found and found["status"] == value:
        fresh["lastTransitionTime"] = found.get("lastTransitionTime", stamp)
    fresh |= {name: text for name, text in (("reason", reason), ("message", message)) if text}
    if found and not updated:
        conditions[conditions.index(found)] = fresh
        return True
    if found:
        conditions.remove(found)  # A Deployment keeps the condition that changed last at the end.
    conditions.append(fresh)
    return True


def condition(obj: Object, kind: str) -> Object | None:
    """Return one condition of an object's status."""
    for item in (obj.get("status") or {}).get("conditions") or ():
        if item["type"] == kind:
            return dict(item)
    return None


def _owner_of(stored: Stored) -> Object | None:
    return controller_of(stored.view()) if b'"ownerReferences"' in stored.raw[:4000] else None


class Cluster:
    """What every controller shares."""

    def __init__(self, engine: Engine, store: Store, *, indexed: bool = True) -> None:
        self.engine = engine
        self.store = store
        self.random = engine.random
        self.events = Recorder(engine, store)
        self._owned: defaultdict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        if indexed:
            store.subscribe(self._index)

    @property
    def now(self) -> float:
        """The cluster's time in Unix seconds."""
        return self.engine.now

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """Return a shared view (never change it), or None."""
        return self.store.peek(resource, namespace, name)

    def list(self, resource: str, namespace: str = "") -> Objects:
        """Return shared views (never change them) in key order."""
        return self.store.list(resource, namespace)

    def owned(self, resource: str, owner: Object) -> Objects:
        """Return the objects of a kind whose controller is ``owner``, oldest first."""
        found = []
        for kind, key in self._owned.get(owner["metadata"]["uid"], ()):
            if kind == resource and (obj := self.get(resource, *split_key(key))):
                found.append(obj)
        return sorted(found, key=lambda obj: (obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]))

    def create(self, resource: str, obj: Object) -> Object:
        """Store a new object."""
        return self.store.create(resource, obj)

    def edit(self, resource: str, obj: Object, change: Callable[[Object], None]) -> Object | None:
        """Change the current version of an object in place; None when it is gone. Equal objects are not written."""
        meta = obj["metadata"]
        try:
            return self.store.modify(resource, meta.get("namespace") or "", meta["name"], change)
        except NotFound:
            return None

    def set_status(self, resource: str, obj: Object, status: Object) -> Object | None:
        """Replace an object's status."""
        if (obj.get("status") or {}) == status:
            return obj
        return self.edit(resource, obj, lambda fresh: fresh.__setitem__("status", status))

    def delete(self, resource: str, obj: Object, *, grace: int | None = None) -> None:
        """Delete an object in the background; harmless when it is gone."""
        meta = obj["metadata"]
        options = deletion.Options(propagation="Background", grace=grace)
        try:
            self.store.delete(resource, meta.get("namespace") or "", meta["name"], options=options)
        except NotFound:
            return

    def watch(self, resource: str, handler: ChangeHandler) -> None:
        """Have every change of a kind passed on."""

        def pass_on(change: Change) -> None:
            previous = change.previous.view() if change.previous and change.type != "ADDED" else None
            handler(change.type, change.current.view(), previous)

        self.store.subscribe(pass_on, resource)

    def _index(self, change: Change) -> None:
        """Keep the owner index; owners are looked for in the bytes first, since most objects have none."""
        entry = (change.resource, change.current.key)
        owner = _owner_of(change.current)
        if change.previous is not None and change.type == "MODIFIED":
            before = _owner_of(change.previous)
            if before is not None and (owner is None or owner["uid"] != before["uid"]):
                self._owned[before["uid"]].pop(entry, None)
        if owner is None:
            return
        if change.type == "DELETED":
            self._owned[owner["uid"]].pop(entry, None)
        else:
            self._owned[owner["uid"]][entry] = None


class Controller:
    """One control loop: keys come in, ``reconcile`` brings the world nearer to what is asked for."""

    name = ""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.engine = cluster.engine
        self.queue = cluster.engine.queue(self.name or type(self).__name__, self.reconcile)

    def reconcile(self, key: str) -> None:
        """Bring one object nearer to what its spec asks for."""
        raise NotImplementedError

    def wake(self, key: str) -> None:
        """Ask for a reconcile of a key."""
        self.engine.enqueue(self.queue, key)

    def watch_own(self, resource: str) -> None:
        """Reconcile each object of a kind whenever it changes."""
        self.cluster.watch(resource, lambda _type, obj, _old: self.wake(key_of(obj)))

    def watch_owned(self, resource: str, kind: str) -> None:
        """Reconcile the owner, of that kind, of each object that changes."""

        def pass_on(_type: str, obj: Object, old: Object | None) -> None:
            for version in (obj, old):
                owner = controller_of(version) if version else None
                if owner and owner["kind"] == kind:
                    namespace = obj["metadata"].get("namespace", "")
                    self.wake(f"{namespace}/{owner['name']}")

        self.cluster.watch(resource, pass_on)
