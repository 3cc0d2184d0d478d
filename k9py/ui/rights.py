"""The rules of a role, or everything a user, group or service account may do: a live table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from k9py.core.refs import ObjectRef, Scope
from k9py.kube.rows import TableRow
from k9py.kube.session import Session
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.subscription import WORST_FIRST
from k9py.kube.wholes import WholeProjection, WholeRow
from k9py.resources.model import KindSpec
from k9py.resources.rules import VERBS, Grant, grants_of, grants_to, merged
from k9py.ui.sources import RIGHTS, LocalSource, local_row, local_spec, text_columns

GROUP = "rbac.authorization.k8s.io"
ROLE_KINDS = ("Role", "ClusterRole")
_TITLES = ("NAME", "API-GROUP", *(verb.upper() for verb in VERBS[:-1]), "DEL-LIST", "EXTRAS")

ROLE_SPEC = local_spec(RIGHTS, text_columns(_TITLES), "Rules say what may be done; this role has none")
SUBJECT_SPEC = local_spec(
    RIGHTS, text_columns(("NAME", "NAMESPACE", "BINDING", *_TITLES[1:])), "No binding gives it a role"
)


def rights_spec(parent: ObjectRef) -> KindSpec:
    """Return the columns for a role, or for somebody who has roles."""
    return ROLE_SPEC if parent.kind in ROLE_KINDS else SUBJECT_SPEC


def rights_source(session: Session, parent: ObjectRef) -> LocalSource:
    """Follow a role, or every binding and role that may concern a subject."""
    return _role_source(session, parent) if parent.kind in ROLE_KINDS else _subject_source(session, parent)


def _role_source(session: Session, role: ObjectRef) -> LocalSource:
    resource = session.discovery.resolve(f"{role.kind.lower()}s.{GROUP}")
    watch = session.watch_object(resource, role.namespace, role.name)
    source = LocalSource(on_close=watch.close)

    def changed() -> None:
        watch.drain()
        found = watch.object
        if found is not None:
            source.put(_rows(grants_of(found), told=False))
        source.status = watch.status

    watch.on_wake = changed
    changed()
    return source


def _subject_source(session: Session, subject: ObjectRef) -> LocalSource:
    resolve, projection = session.discovery.resolve, WholeProjection()
    kinds = ("rolebindings", "clusterrolebindings", "roles", "clusterroles")
    subscriptions = [session.hub.subscribe(resolve(f"{kind}.{GROUP}"), Scope(), projection) for kind in kinds]

    def close() -> None:
        for subscription in subscriptions:
            subscription.close()

    source = LocalSource(on_close=close)

    def changed() -> None:
        objects: list[list[dict[str, Any]]] = []
        for subscription in subscriptions:
            subscription.drain()
            rows = subscription.rows().values()
            objects.append([msgspec.json.decode(row.body) for row in rows if isinstance(row, WholeRow) and row.body])
        grants = grants_to(subject, (*objects[0], *objects[1]), (*objects[2], *objects[3]))
        source.put(_rows(grants, told=True))
        source.status = _worst([subscription.status for subscription in subscriptions])

    for subscription in subscriptions:
        subscription.on_wake = changed
    changed()
    return source


def _worst(statuses: Sequence[SyncStatus]) -> SyncStatus:
    """Return the worst status; what may not be read is a detail as long as something may."""
    worst = min(statuses, key=lambda status: WORST_FIRST.index(status.state))
    live = next((status for status in statuses if status.state is SyncState.LIVE), None)
    if worst.state is SyncState.DENIED and live is not None:
        return replace(live, detail=worst.detail)
    return worst


def _rows(grants: Sequence[Grant], *, told: bool) -> list[TableRow]:
    """Return one row per resource and binding; ``told`` says where each comes from."""
    rows: list[TableRow] = []
    for grant in merged(grants):
        allowed = tuple("yes" if grant.allows(verb) else "-" for verb in VERBS)
        source = (grant.namespace or "everywhere", grant.binding) if told else ()
        name = f"{grant.resource}.{grant.group}" if grant.group else grant.resource
        unique = " ".join(filter(None, (name, grant.namespace, grant.binding)))
        rows.append(local_row(unique, (grant.resource, *source, grant.group, *allowed, grant.extras)))
    return rows
