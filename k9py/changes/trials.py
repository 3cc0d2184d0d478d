"""Trying one change: what is there, what the server would make of it, and how the two differ."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from k9py.changes import requests
from k9py.changes.allotted import unsettled
from k9py.changes.dependents import goes_too
from k9py.changes.model import (
    FIELD_MANAGER,
    Conflict,
    Deed,
    DryRun,
    Effect,
    Notice,
    NoticeKind,
    Object,
    PlannedChange,
    Stage,
    Trouble,
    Weight,
)
from k9py.changes.owners import applied_by, conflicts_of, managed_by, merge_edit, scaled_by, stays_applied
from k9py.changes.requests import Order, Sent, refusing_webhook, scrubbed
from k9py.core.diffs import Diff, named_items, with_value
from k9py.core.errors import ApiError, K9Error, NotFound, UsageError
from k9py.core.errors import Conflict as Refused
from k9py.core.refs import ApiResource
from k9py.kube.discovery import Discovery
from k9py.kube.verbs import list_pages
from k9py.kube.wire import Transport

EDIT_ATTEMPTS = 4
"""Times an edit is laid over the newest object; one that is written to more often than that is told about."""
RECREATED = "it was deleted and made anew meanwhile"
_RECREATED_SIGNS = ("metadata.uid", "uid mismatch", "UID in precondition", "UID in the precondition")
_MUCH = frozenset(
    {
        "namespaces", "customresourcedefinitions.apiextensions.k8s.io", "persistentvolumeclaims", "persistentvolumes",
        "storageclasses.storage.k8s.io", "nodes",
    }
)  # fmt: skip
"""Kinds with which other objects or data go."""
_AT_ONCE = frozenset(
    {
        "clusterrolebindings.rbac.authorization.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
    }
)  # fmt: skip
"""Kinds that change what the whole cluster allows the moment one is made: making one is more than adding something."""


def order_of(change: PlannedChange, resource: ApiResource) -> Order:
    """Return the write of a change."""
    wish = change.wish
    body = change.sent if change.sent is not None else wish.document
    return Order(
        wish.deed, resource, change.ref.namespace, change.ref.name, body, wish.force, wish.deletion, change.ref.uid
    )


def _only_ours(conflicts: tuple[Conflict, ...]) -> bool:
    return all(set(conflict.managers) == {FIELD_MANAGER} for conflict in conflicts)


def was_recreated(error: ApiError) -> bool:
    """Return whether a refusal means that the object is another one than the one meant."""
    return any(sign in str(error) for sign in _RECREATED_SIGNS)


def troubles_of(error: K9Error, stage: Stage, *documents: Object | None) -> tuple[Trouble, ...]:
    """Return what a refusal says, one trouble per field; the values of Secrets never appear."""
    if isinstance(error, ApiError) and error.causes:
        causes = dict.fromkeys((cause.field, cause.message) for cause in error.causes)
        return tuple(
            Trouble(stage, scrubbed(f"{where}: {text}" if where else text, *documents), error=error, field=where)
            for where, text in causes
        )
    return (Trouble(stage, scrubbed(str(error), *documents), error.remedy, error),)


class Trials:
    """Tries changes on one cluster."""

    def __init__(self, transport: Transport, discovery: Discovery) -> None:
        self._transport = transport
        self._discovery = discovery

    async def live(self, change: PlannedChange) -> Object | None:
        """Return the object as it is now."""
        assert change.resource is not None
        return await requests.read(self._transport, change.resource, change.ref.namespace, change.ref.name)

    async def of(self, change: PlannedChange) -> PlannedChange:
        """Return the change tried; a refusal becomes troubles or conflicts of it, never an exception."""
        assert change.resource is not None
        try:
            match change.wish.deed:
                case Deed.DELETE:
                    tried = await self._deletion(change, change.resource)
                case Deed.CREATE:
                    tried = await self._creation(change, change.resource)
                case Deed.APPLY:
                    tried = await self._application(change, change.resource)
                case Deed.UPDATE | Deed.SCALE:
                    tried = await self._edit(change, change.resource)
        except K9Error as error:
            found = troubles_of(error, Stage.DRY_RUN, change.wish.document, change.sent)
            return (await self._refused(change, error)).with_troubles(*found)
        return weighed(tried)

    async def _refused(self, change: PlannedChange, error: K9Error) -> PlannedChange:
        """Return a refused change beside what is there, so that only what it would change has to be looked at."""
        alone = change.live is not None or change.wish.deed in (Deed.CREATE, Deed.DELETE)
        if alone or not isinstance(error, ApiError) or isinstance(error, NotFound):
            return change
        try:
            live = await self.live(change)
        except K9Error:
            return change  # the refusal is told; what is there cannot be read either
        return change if live is None else replace(change, live=live)

    # apply

    async def _application(self, change: PlannedChange, resource: ApiResource) -> PlannedChange:
        document = change.sent or change.wish.document
        order = Order(Deed.APPLY, resource, change.ref.namespace, change.ref.name, document, change.wish.force)
        try:
            sent = await requests.send(self._transport, order, dry_run=True)
        except Refused as error:
            live = await self.live(change)
            conflicts = tuple(conflicts_of(error, document, live, change.wish.base))
            if not conflicts:
                raise
            if not _only_ours(conflicts):
                return replace(change, live=live, conflicts=conflicts, ref=_pinned(change, live).ref)
            # What we own by another way of writing is ours already.
            forced = replace(change, wish=replace(change.wish, force=True))
            return await self._application(forced, resource)
        except ApiError as error:
            return await self._unseen(change, error)
        if sent.created:
            return self._compared(change, None, sent)
        live = await self.live(change)
        if live is None:
            return self._compared(change, None, sent)
        pinned = _pinned(change, live)
        tried = self._compared(pinned, live, sent)
        stays = stays_applied(live, document)
        return replace(tried, notices=(*tried.notices, *await self._others(tried, live), *stays))

    async def _creation(self, change: PlannedChange, resource: ApiResource) -> PlannedChange:
        order = Order(Deed.CREATE, resource, change.ref.namespace, change.ref.name, change.sent or change.wish.document)
        try:
            return self._compared(change, None, await requests.send(self._transport, order, dry_run=True))
        except ApiError as error:
            return await self._unseen(change, error)

    # edits

    async def _edit(
        self, change: PlannedChange, resource: ApiResource, *, attempts: int = EDIT_ATTEMPTS
    ) -> PlannedChange:
        live = await self.live(change)
        wish = change.wish
        if live is None:
            text = f"{change.title} is not there any more"
            return change.with_troubles(Trouble(Stage.DRY_RUN, text, "What you typed is kept; it can be made anew"))
        change = replace(change, live=live, ref=structs.replace(change.ref, uid=str(live["metadata"]["uid"])))
        base = wish.base if wish.base is not None else live
        if wish.base is not None and _uid(wish.base) and _uid(wish.base) != change.ref.uid:
            text = f"{change.title}: {RECREATED}"
            return change.with_troubles(
                Trouble(
                    Stage.DRY_RUN, text, "Look at the new one; the edit can be laid over it if that still makes sense"
                )
            )
        if wish.deed is Deed.SCALE:
            return await self._scale(change, resource, live, attempts)
        merged, conflicts = merge_edit(base, wish.document, live)
        stands = merged
        for conflict in conflicts:
            merged = with_value(merged, conflict.path, conflict.mine)
        if conflicts and not wish.force:
            notices = await self._others(replace(change, diff=Diff(live, merged)), live)
            return replace(change, sent=stands, conflicts=tuple(conflicts), notices=(*change.notices, *notices))
        change = replace(change, sent=merged)
        try:
            sent = await requests.send(self._transport, order_of(change, resource), dry_run=True)
        except Refused:
            if attempts <= 1:
                raise
            return await self._edit(change, resource, attempts=attempts - 1)  # written to in this very moment
        except ApiError as error:
            return await self._unseen(change, error)
        tried = self._compared(change, live, sent)
        return replace(
            tried,
            notices=(*tried.notices, *await self._others(tried, live)),
        )

    async def _scale(self, change: PlannedChange, resource: ApiResource, live: Object, attempts: int) -> PlannedChange:
        replicas = (change.wish.document.get("spec") or {}).get("replicas")
        meta = {"uid": live["metadata"]["uid"], "resourceVersion": live["metadata"]["resourceVersion"]}
        change = replace(change, sent={"metadata": meta, "spec": {"replicas": replicas}})
        try:
            sent = await requests.send(self._transport, order_of(change, resource), dry_run=True)
        except Refused:
            if attempts <= 1:
                raise
            return await self._edit(change, resource, attempts=attempts - 1)
        except ApiError as error:
            tried = await self._unseen(change, error)
        else:
            scaled = Sent(sent.status, with_value(live, ("spec", "replicas"), replicas), sent.warnings)
            tried = self._compared(change, live, scaled)
        return replace(
            tried,
            notices=(*tried.notices, *await self._others(tried, live)),
        )

    # deletion

    async def _deletion(self, change: PlannedChange, resource: ApiResource) -> PlannedChange:
        order = Order(Deed.DELETE, resource, change.ref.namespace, change.ref.name, {}, deletion=change.wish.deletion)
        trial, live = await asyncio.gather(
            requests.send(self._transport, order, dry_run=True), self.live(change), return_exceptions=True
        )
        if isinstance(live, BaseException):
            raise live
        if live is None:
            if change.wish.may_be_gone:
                return replace(change, dry_run=DryRun(seen=True), effect=Effect.NOTHING)
            raise NotFound(f"{change.title} not found", status=404, reason="NotFound")
        change = replace(change, live=live, ref=structs.replace(change.ref, uid=str(live["metadata"]["uid"])))
        if change.wish.base is not None and _uid(change.wish.base) not in ("", change.ref.uid):
            return change.with_troubles(
                Trouble(Stage.DRY_RUN, f"{change.title}: {RECREATED}", "Look at the new object before deleting it")
            )
        change = replace(change, diff=Diff(live, None), effect=Effect.DELETES)
        if isinstance(trial, ApiError):
            webhook = refusing_webhook(trial)
            if not webhook:
                raise trial
            change = replace(change, dry_run=_unseen_by(webhook, None))
        elif isinstance(trial, BaseException):
            raise trial
        else:
            change = replace(
                change, dry_run=DryRun(seen=True), notices=(*change.notices, *_server_notices(trial))
            )  # fmt: skip
        more = await goes_too(self._transport, self._discovery, resource, live, change.wish.deletion)
        return replace(change, notices=(*change.notices, *managed_by(live), *more))

    # what they share

    async def _unseen(self, change: PlannedChange, error: ApiError) -> PlannedChange:
        """Go on without a trial where a webhook refuses to be tried; any other refusal stays one."""
        webhook = refusing_webhook(error)
        if not webhook:
            raise error
        live = change.live if change.live is not None else await self.live(change)
        guess = wanted(replace(change, live=live))
        change = _pinned(replace(change, dry_run=_unseen_by(webhook, guess)), live)
        diff = Diff(live, guess)
        effect = Effect.CREATES if live is None else Effect.NOTHING if diff.empty else Effect.CHANGES
        notice = Notice(NoticeKind.UNSEEN, change.dry_run.why_unseen)
        return replace(change, diff=diff, effect=effect, notices=(*change.notices, notice, *managed_by(live)))

    @staticmethod
    def _compared(change: PlannedChange, live: Object | None, sent: Sent) -> PlannedChange:
        diff = Diff(live, unsettled(sent.body, change.sent or change.wish.document, live))
        effect = Effect.CREATES if live is None else Effect.NOTHING if diff.empty else Effect.CHANGES
        dry_run = DryRun(seen=True, result=sent.body, creates=live is None)
        return replace(
            change, live=live, dry_run=dry_run, diff=diff, effect=effect,
            notices=(*change.notices, *_server_notices(sent)),
        )  # fmt: skip

    async def _others(self, change: PlannedChange, live: Object) -> list[Notice]:
        """Return who else writes what a change writes, and will again."""
        return [*managed_by(live), *applied_by(live, change.diff), *await self._scalers(change)]

    async def _scalers(self, change: PlannedChange) -> list[Notice]:
        """Return the autoscalers that set the replicas too; asked only when this change sets them."""
        if not any(one.path == ("spec", "replicas") for one in change.diff.fields):
            return []
        found: list[Object] = []
        try:
            kind = self._discovery.resolve("horizontalpodautoscalers.autoscaling")
            async for page in list_pages(self._transport, kind, change.ref.namespace):
                found += page.get("items") or ()
        except K9Error as error:
            if isinstance(error, UsageError):
                return []
            return [Notice(NoticeKind.ADVICE, f"whether an autoscaler sets the replicas could not be read: {error}")]
        return scaled_by(found, change.ref.api_version, change.ref.kind, change.ref.name, change.diff)


def _uid(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("uid") or "")


def _pinned(change: PlannedChange, live: Object | None) -> PlannedChange:
    """Return the change of this very object: another one under the same name will be refused."""
    if live is None:
        return change
    meta = live["metadata"]
    pinned = replace(change, live=live, ref=structs.replace(change.ref, uid=str(meta["uid"])))
    if change.wish.deed is not Deed.APPLY:
        return pinned
    document = change.sent or change.wish.document
    pins: dict[str, Any] = {"uid": meta["uid"]}
    if change.wish.force:
        # A forced apply takes every field it names, so it must meet what was shown.
        pins["resourceVersion"] = meta["resourceVersion"]
    return replace(pinned, sent={**document, "metadata": {**document["metadata"], **pins}})


def _unseen_by(webhook: str, guess: Object | None) -> DryRun:
    why = f"the admission webhook {webhook} refuses to be tried: what it changes or refuses is not seen here"
    return DryRun(seen=False, result=guess, why_unseen=why, webhook=webhook)


def _server_notices(sent: Sent) -> tuple[Notice, ...]:
    return tuple(Notice(NoticeKind.SERVER, text) for text in sent.warnings)


def overlaid(live: Any, mine: Any) -> Any:
    """Return our guess of an apply: maps merged, lists of named items merged by name, everything else replaced."""
    if isinstance(live, Mapping) and isinstance(mine, Mapping):
        return {**live, **{key: overlaid(live[key], value) if key in live else value for key, value in mine.items()}}
    ours, theirs = named_items(mine), named_items(live)
    if ours is not None and theirs is not None:
        merged = {**theirs, **{key: overlaid(theirs[key], v) if key in theirs else v for key, v in ours.items()}}
        return list(merged.values())
    return mine


def wanted(change: PlannedChange) -> Object | None:
    """Return our guess of what a change that was not tried would make of what is there; None for a deletion."""
    mine = change.sent or change.wish.document
    match change.wish.deed:
        case Deed.DELETE:
            return None
        case Deed.SCALE if change.live is not None:
            return dict(with_value(change.live, ("spec", "replicas"), (mine.get("spec") or {}).get("replicas")))
        case Deed.UPDATE if change.live is not None and change.sent is None:
            base = change.wish.base if change.wish.base is not None else change.live
            return merge_edit(base, change.wish.document, change.live)[0]
        case Deed.APPLY if change.live is not None:
            return dict(overlaid(change.live, mine))
    return mine


def weighed(change: PlannedChange) -> PlannedChange:
    """Return the change with how much it can break."""
    weight = {
        Effect.NOTHING: Weight.NOTHING, Effect.CREATES: Weight.ADDS, Effect.CHANGES: Weight.CHANGES,
        Effect.DELETES: Weight.DESTROYS,
    }[change.effect]  # fmt: skip
    if change.effect is Effect.DELETES and change.resource is not None and change.resource.id in _MUCH:
        weight = Weight.DESTROYS_MUCH
    if change.effect is Effect.CREATES and change.resource is not None and change.resource.id in _AT_ONCE:
        weight = Weight.CHANGES
    stops = any(one.path == ("spec", "replicas") and one.after == 0 for one in change.diff.fields)
    if change.effect is Effect.CHANGES and stops:
        weight = Weight.DESTROYS
    return replace(change, weight=weight)
