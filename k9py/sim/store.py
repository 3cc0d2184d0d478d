"""The versioned store: one counter of resource versions, encoded bytes per object, changes to subscribe to.

Everything is synchronous, so a controller's step and a request's write are each atomic on the loop. A write
made inside a subscriber's callback is stored at once and announced after the change being announced.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from k9py.core.clock import Clock
from k9py.core.errors import NotFound
from k9py.sim import deletion, statuses
from k9py.sim.history import Change, ChangeType, Collection, Facts, Stored, StoredKind, with_version
from k9py.sim.objects import Object, encode, generated_name, meta, new_uid, timestamp

DEFAULT_HISTORY = 4096
"""Changes remembered per resource: about 36 MB of pods, and a second of the fastest load."""
DECODED_OBJECTS = 2000
"""Objects kept decoded beside their bytes, so that 10,000 pods do not cost 450 MB."""
_UNGENERATED_NAMES = """
    bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims
    persistentvolumes podtemplates resourcequotas secrets serviceaccounts services
    certificatesigningrequests.certificates.k8s.io leases.coordination.k8s.io
    horizontalpodautoscalers.autoscaling controllerrevisions.apps clusterroles.rbac.authorization.k8s.io
    clusterrolebindings.rbac.authorization.k8s.io roles.rbac.authorization.k8s.io
    rolebindings.rbac.authorization.k8s.io storageclasses.storage.k8s.io csinodes.storage.k8s.io
    volumeattachments.storage.k8s.io csistoragecapacities.storage.k8s.io runtimeclasses.node.k8s.io
    apiservices.apiregistration.k8s.io resourceclaims.resource.k8s.io deviceclasses.resource.k8s.io
"""
UNGENERATED = frozenset(_UNGENERATED_NAMES.split())
"""Kinds without metadata.generation."""

Subscriber = Callable[[Change], None]
Preparer = Callable[[Object, Object | None], None]
"""Fills in an object about to be stored (defaults, allocated fields); the old one is None on create."""


class Store:
    """Every object of the simulated cluster."""

    def __init__(self, clock: Clock, *, seed: int = 0, history: int = DEFAULT_HISTORY) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.version = 1
        """The newest resource version given out."""
        self._history = history
        self._collections: dict[str, Collection] = {}
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._preparers: dict[str, list[Preparer]] = {}
        self._pending: deque[Change] = deque()
        self._announcing = False
        self._recent: deque[Stored] = deque(maxlen=DECODED_OBJECTS)

    # kinds

    def register(self, kind: StoredKind) -> Collection:
        """Make room for a kind; a second call with the same id is harmless."""
        found = self._collections.get(kind.id)
        if found is None:
            found = self._collections[kind.id] = Collection(kind, history=self._history, version=self.version)
        return found

    def unregister(self, resource: str) -> None:
        """Forget a kind and what is left of its objects."""
        self._collections.pop(resource, None)

    def kinds(self) -> Iterable[StoredKind]:
        """Return what is registered."""
        return [collection.kind for collection in self._collections.values()]

    def collection(self, resource: str) -> Collection:
        """Return the objects of ``pods`` or ``deployments.apps``; raises NotFound for an unknown kind."""
        found = self._collections.get(resource)
        if found is None:
            raise statuses.no_such_path()
        return found

    def prepare(self, resource: str, preparer: Preparer) -> None:
        """Have a function complete every object of a kind before it is stored."""
        self._preparers.setdefault(resource, []).append(preparer)

    # reading

    def find(self, resource: str, namespace: str, name: str) -> Stored | None:
        """Return the stored form, or None."""
        key = f"{namespace}/{name}" if namespace else name
        return self.collection(resource).objects.get(key)

    def stored(self, resource: str, namespace: str, name: str) -> Stored:
        """Return the stored form; raises NotFound."""
        found = self.find(resource, namespace, name)
        if found is None:
            raise statuses.not_found(resource, name)
        return found

    def get(self, resource: str, namespace: str, name: str) -> Object:
        """Return a private copy; raises NotFound."""
        return self.stored(resource, namespace, name).copy()

    def peek(self, resource: str, namespace: str, name: str) -> Object | None:
        """Return the shared decoded object (it must not be changed), or None."""
        found = self.find(resource, namespace, name)
        return found.view() if found else None

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        """Return the shared decoded objects of a namespace, or of all, in key order; not to be changed."""
        return [stored.view() for stored in self.collection(resource).select(namespace)]

    # writing

    def create(self, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Store a new object and return it; raises Conflict (name taken), NotFound (no namespace)."""
        collection = self.collection(resource)
        obj = {**obj, "metadata": dict(meta(obj))}
        metadata = obj["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated_name(metadata["generateName"], self.random)
        namespace = metadata.get("namespace") or ""
        key = f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
        if key in collection.objects:
            raise statuses.already_exists(resource, metadata["name"])
        self._check_namespace(resource, namespace, metadata["name"])
        metadata["uid"] = new_uid(self.random)
        metadata["creationTimestamp"] = timestamp(self.clock.now())
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
            metadata.pop(field, None)
        if resource not in UNGENERATED:
            metadata["generation"] = 1
        for preparer in self._preparers.get(resource, ()):
            preparer(obj, None)
        return self._write(collection, "ADDED", obj, None, dry_run=dry_run)

    def replace(self, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Store an object over its predecessor, spec and status alike; an equal object is not written.

        Raises NotFound, and Conflict when ``metadata.resourceVersion`` or ``uid`` are given and not current.
        """
        collection = self.collection(resource)
        metadata = obj["metadata"] = dict(meta(obj))
        previous = self.stored(resource, metadata.get("namespace") or "", metadata["name"])
        self._check_current(resource, metadata, previous)
        old = previous.view()
        before = old["metadata"]
        for field in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
        ):
            if field in before:
                metadata[field] = before[field]
            else:
                metadata.pop(field, None)
        metadata["resourceVersion"] = before["resourceVersion"]
        for preparer in self._preparers.get(resource, ()):
            preparer(obj, old)
        if "generation" in before and _desired(resource, obj) != _desired(resource, old):
            metadata["generation"] = before["generation"] + 1
        if deletion.finished(resource, obj):
            if not dry_run:
                self._remove(collection, previous, obj)
            return obj
        raw = self._encoded(collection, obj)
        if raw == previous.raw:
            return obj
        return self._write(collection, "MODIFIED", obj, previous, dry_run=dry_run, raw=raw)

    def modify(self, resource: str, namespace: str, name: str, change: Callable[[Object], None]) -> Object:
        """Apply a function to a private copy and store the result; raises NotFound."""
        obj = self.get(resource, namespace, name)
        change(obj)
        return self.replace(resource, obj)

    def patch_status(self, resource: str, namespace: str, name: str, status: Mapping[str, Any]) -> Object:
        """Set keys of the status; a value of None removes its key. Raises NotFound."""

        def merge(obj: Object) -> None:
            merged = {**(obj.get("status") or {}), **status}
            obj["status"] = {key: value for key, value in merged.items() if value is not None}

        return self.modify(resource, namespace, name, merge)

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        options: deletion.Options = deletion.DEFAULT,
        dry_run: bool = False,
    ) -> tuple[Object, bool]:
        """Delete, or mark as going; return the object and whether it is gone. Raises NotFound, Conflict."""
        collection = self.collection(resource)
        previous = self.stored(resource, namespace, name)
        deletion.check(previous.view(), options)
        obj = previous.copy()
        at_once = deletion.mark(resource, obj, options, now=self.clock.now())
        if dry_run:
            return obj, at_once
        if at_once:
            return self._remove(collection, previous, obj), True
        if self._encoded(collection, obj) == previous.raw:
            return obj, False
        return self._write(collection, "MODIFIED", obj, previous, dry_run=False), False

    def put_encoded(self, resource: str, raw: bytes) -> Stored:
        """Store bytes laid out as :func:`~k9py.sim.objects.encode` does, only giving them a new version.

        For loads and benchmarks: nothing is decoded but the metadata, and no preparer runs.
        """
        collection = self.collection(resource)
        self.version += 1
        facts = _DECODER.decode(raw).metadata
        stored = Stored(facts, self.version, with_version(raw, self.version), self._recent)
        previous = collection.objects.get(stored.key)
        self._announce(collection, "MODIFIED" if previous else "ADDED", stored, previous)
        return stored

    def compact(self) -> None:
        """Forget every change so far: watches and continue tokens from older versions get 410."""
        for collection in self._collections.values():
            collection.compact(self.version)

    def next_version(self) -> int:
        """Take a resource version without a write, as changes of kinds kept elsewhere do."""
        self.version += 1
        return self.version

    # watching

    def subscribe(self, subscriber: Subscriber, resource: str = "") -> Callable[[], None]:
        """Have every change of a kind (or of all) passed on, in order; call the result to end it."""
        listeners = self._subscribers.setdefault(resource, [])
        listeners.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in listeners:
                listeners.remove(subscriber)

        return unsubscribe

    # how writes happen

    def _encoded(self, collection: Collection, obj: Object) -> bytes:
        return encode(obj, api_version=collection.kind.api_version, kind=collection.kind.kind)

    def _write(
        self,
        collection: Collection,
        change: ChangeType,
        obj: Object,
        previous: Stored | None,
        *,
        dry_run: bool,
        raw: bytes | None = None,
    ) -> Object:
        """Store an object; ``raw`` is what it is encoded, but for its version."""
        if not dry_run:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            stored = self._form(collection, obj, with_version(raw, self.version) if raw else None)
            self._announce(collection, change, stored, previous)
        return obj

    def _remove(self, collection: Collection, previous: Stored, obj: Object) -> Object:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self._announce(collection, "DELETED", self._form(collection, obj), previous)
        return obj

    def _form(self, collection: Collection, obj: Object, raw: bytes | None = None) -> Stored:
        metadata = obj["metadata"]
        facts = Facts(
            metadata["name"], metadata.get("namespace") or "", metadata["uid"], metadata.get("labels") or None
        )
        return Stored(facts, self.version, raw or self._encoded(collection, obj), self._recent)

    def _announce(
        self, collection: Collection, change_type: ChangeType, stored: Stored, previous: Stored | None
    ) -> None:
        change = Change(change_type, collection.kind.id, stored, previous, stored.version)
        collection.commit(change)
        self._pending.append(change)
        if self._announcing:
            return
        self._announcing = True
        try:
            while self._pending:
                change = self._pending.popleft()
                for listener in (*self._subscribers.get(change.resource, ()), *self._subscribers.get("", ())):
                    listener(change)
                if change.previous is not None:
                    change.previous.forget_view()  # Listeners compare it with the current one; nobody else asks.
        finally:
            self._announcing = False

    def _check_namespace(self, resource: str, namespace: str, name: str) -> None:
        if not namespace or "namespaces" not in self._collections:
            return
        found = self.peek("namespaces", "", namespace)
        if found is None:
            raise statuses.not_found("namespaces", namespace)
        if found["metadata"].get("deletionTimestamp"):
            raise statuses.namespace_ending(resource, name, namespace)

    @staticmethod
    def _check_current(resource: str, metadata: Mapping[str, Any], previous: Stored) -> None:
        uid = metadata.get("uid")
        if uid and uid != previous.uid:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {previous.uid}"
            raise statuses.conflict(resource, previous.name, why)
        version = metadata.get("resourceVersion")
        if version and version != str(previous.version):
            raise statuses.modified(resource, previous.name)


_REVISION = "deployment.kubernetes.io/revision"


class _Envelope(msgspec.Struct, gc=False):
    metadata: Facts


_DECODER = msgspec.json.Decoder(_Envelope)


def _desired(resource: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """What a new generation is counted for: everything but metadata, status, and where a pod is bound to."""
    found = {key: value for key, value in obj.items() if key not in ("metadata", "status", "kind", "apiVersion")}
    if resource == "deployments.apps":  # Its annotations count as well, but for what its controller writes there.
        notes = obj["metadata"].get("annotations") or {}
        found["annotations"] = {key: text for key, text in notes.items() if key != _REVISION}
    if resource == "pods":
        found["spec"] = {key: value for key, value in obj["spec"].items() if key != "nodeName"}
    return found


def exists(store: Store, resource: str, namespace: str, name: str) -> bool:
    """Say whether an object is there, also when its kind is not served at all."""
    try:
        return store.find(resource, namespace, name) is not None
    except NotFound:
        return False
