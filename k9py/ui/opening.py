"""From a view to what shows it: the kind's spec and the source of its rows, for one session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from msgspec import structs

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, ObjectRef, Scope
from k9py.kube.rows import Projection
from k9py.kube.session import Session
from k9py.kube.states import SyncState, SyncStatus
from k9py.resources.containers import CONTAINERS_SPEC, container_rows
from k9py.resources.model import KindSpec
from k9py.resources.registry import spec_for, spelled_out
from k9py.ui.connecting import ContextEntry
from k9py.ui.fallback import NamedNamespaces
from k9py.ui.navigator import View
from k9py.ui.rights import rights_source, rights_spec
from k9py.ui.sources import (
    CONTAINERS,
    CONTEXTS,
    CONTEXTS_SPEC,
    IN_USE,
    KINDS,
    KINDS_SPEC,
    LOCAL_VIEWS,
    RIGHTS,
    LocalSource,
    Source,
    kind_rows,
    local_row,
)


class Opener:
    """Knows how to show any view in one session."""

    def __init__(self, session: Session, contexts: Callable[[], Iterable[ContextEntry]]) -> None:
        self._session = session
        self._contexts = contexts
        self._projections: dict[str, Projection] = {}
        """One per kind, so that panes on one kind share one watch."""
        self._shown: dict[str, ApiResource] = {}
        """Every kind that was opened, by its id."""

    def resource(self, view: View) -> ApiResource | None:
        """Return the kind of a view, None for a local one; raises UsageError for a kind the server never had.

        One that was shown is known for good: its definition may go while its list is still on the screen.
        """
        if view.kind in LOCAL_VIEWS:
            return None
        try:
            return self._resolved(view.kind)
        except UsageError:
            if view.kind not in self._shown:
                raise
            return self._shown[view.kind]

    def _resolved(self, kind: str) -> ApiResource:
        resolve = self._session.discovery.resolve
        return resolve(spelled_out(kind, resolve))

    def of_kind(self, kind: str) -> ApiResource:
        """Return the resource of an owner's kind; raises UsageError when the server has none."""
        return self._session.discovery.resolve(kind)

    def namespaced(self, view: View) -> bool:
        """Return whether the view's rows live in namespaces."""
        resource = self.resource(view)
        return resource is not None and resource.namespaced

    def settle(self, view: View) -> View:
        """Return the view with its kind by the one name it has everywhere; raises UsageError for an unknown kind."""
        if view.kind in LOCAL_VIEWS:
            return view
        resource = self._resolved(view.kind)
        if "list" not in resource.verbs:
            raise UsageError(f"{resource.id} cannot be listed", remedy="It can only be created: reviews are such kinds")
        self._shown[resource.id] = resource
        return replace(view, kind=resource.id)

    def spec(self, view: View) -> KindSpec:
        """Return what is known of the view's kind."""
        if view.kind == CONTEXTS:
            return CONTEXTS_SPEC
        if view.kind == KINDS:
            return KINDS_SPEC
        if view.kind == CONTAINERS:
            return CONTAINERS_SPEC
        if view.kind == RIGHTS:
            return rights_spec(_parent(view))
        resource = self.resource(view)
        assert resource is not None
        return spec_for(resource)

    def source(self, view: View, fields: str = "") -> Source:
        """Open the rows of a view; the caller closes them. ``fields`` is a field selector of the filter's."""
        if view.kind == CONTEXTS:
            return LocalSource(context_rows(self._contexts(), self._session.context))
        if view.kind == KINDS:
            return self._kinds()
        if view.kind == CONTAINERS:
            return self._containers(view)
        if view.kind == RIGHTS:
            return rights_source(self._session, _parent(view))
        resource = self.resource(view)
        assert resource is not None
        scope = view.scope if resource.namespaced else Scope()
        for namespace in scope.namespaces:
            self._session.remember_namespace(namespace)
        subscription = self._session.hub.subscribe(
            resource,
            scope,
            self.projection(resource),
            label_selector=view.label_selector,
            field_selector=",".join(filter(None, (view.field_selector, fields))),
        )
        if resource.id == "namespaces":
            return NamedNamespaces(subscription, self._session.named_namespaces)
        return subscription

    def projection(self, resource: ApiResource) -> Projection:
        """Return the one projection of a kind."""
        known = self._projections.get(resource.id)
        if known is None:
            known = self._projections[resource.id] = spec_for(resource).projection()
        return known

    def _kinds(self) -> LocalSource:
        discovery = self._session.discovery
        source: LocalSource

        def refill() -> None:
            source.put(kind_rows(discovery.resources))

        source = LocalSource(kind_rows(discovery.resources), on_close=discovery.on_change(refill))
        return source

    def _containers(self, view: View) -> LocalSource:
        """Follow one pod and show its containers; they stay on screen when the pod goes, and the state says so."""
        parent = view.parent
        if parent is None:
            raise UsageError("containers are shown of a pod", remedy="Open pods and press Enter on one")
        pods = self._session.discovery.resolve("pods")
        session = self._session
        watch = session.watch_object(pods, parent.namespace, parent.name)
        source = LocalSource(on_close=watch.close)
        source.status = SyncStatus(SyncState.SYNCING, since=session.clock.now())

        def changed() -> None:
            watch.drain()
            pod = watch.object
            if pod is not None:
                source.put(container_rows(pod))
            detail = f"pod {parent.name} is gone" if watch.gone else watch.status.detail
            source.status = structs.replace(watch.status, detail=detail)

        watch.on_wake = changed
        changed()
        return source


def _parent(view: View) -> ObjectRef:
    """Return what a view hangs on."""
    if view.parent is None:
        raise UsageError("rights are somebody's", remedy="Press Enter on a role, or write can u:USER")
    return view.parent


def context_rows(contexts: Iterable[ContextEntry], in_use: str) -> list[Any]:
    """Return one row per context; the one in use is marked by a sign as well as a colour."""
    return [
        local_row(
            entry.name,
            (f"{entry.name}{IN_USE if entry.name == in_use else ''}", entry.cluster, entry.user, entry.namespace),
        )
        for entry in contexts
    ]
