"""Writing one change: journal first, one request, and the truth about what came of it. Nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from k9py.changes import requests
from k9py.changes.allotted import GIVEN, unsettled
from k9py.changes.journal import Journal
from k9py.changes.model import (
    Deed,
    Effect,
    Object,
    Outcome,
    PlannedChange,
    Stage,
    StageReport,
    StageState,
    State,
)
from k9py.changes.owners import conflicts_of, merge_edit, we_wrote
from k9py.changes.requests import Order, Sent, scrubbed
from k9py.changes.trials import RECREATED, Trials, order_of, was_recreated
from k9py.core.clock import Clock
from k9py.core.diffs import ABSENT, Path, changes, children, quiet, same, value_at
from k9py.core.errors import (
    ApiError,
    Forbidden,
    JournalError,
    K9Error,
    LinkError,
    NotFound,
    RubbishError,
)
from k9py.core.errors import (
    Conflict as Refused,
)
from k9py.core.refs import ApiResource
from k9py.kube.permissions import Permissions
from k9py.kube.wire import Transport

LOOKUPS = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
"""Seconds before each look for a write whose answer was lost; together longer than the server may work on it."""
GATEWAY = frozenset({502, 503, 504})
"""Statuses of something between us and the server, which may have sent the request on."""
GROUND_WAIT = 15.0
"""Seconds a new namespace may take to have its service account, and a new kind to be served."""
GROUND_EVERY = 0.5
"""Seconds between two looks for them."""

Note = Callable[[str], None]
"""Told what a write is waiting for."""


class Writer:
    """Writes planned changes on one cluster."""

    def __init__(
        self, transport: Transport, permissions: Permissions, trials: Trials, journal: Journal, *, clock: Clock
    ) -> None:
        self._transport = transport
        self._permissions = permissions
        self._trials = trials
        self._journal = journal
        self._clock = clock

    async def write(
        self, change: PlannedChange, *, series: str, context: str, user: str, tell: Callable[[StageReport], None],
        index: int,
    ) -> Outcome:  # fmt: skip
        """Write one change; every failure becomes an outcome, so that nothing typed is lost."""
        if change.effect is Effect.NOTHING:
            return Outcome(change, State.UNCHANGED, change.live)
        if change.dry_run.later:
            change = await self._on_its_ground(change)
            if not change.ready:
                problem = change.troubles[0]
                return Outcome(change, State.FAILED, text=problem.text, error=problem.error)
            if change.effect is Effect.NOTHING:
                return Outcome(change, State.UNCHANGED, change.live)
        tell(StageReport(Stage.JOURNAL, StageState.RUNNING, index))
        try:
            entry = self._journal.intend(change, series=series, context=context, user=user)
        except JournalError as error:
            tell(StageReport(Stage.JOURNAL, StageState.REFUSED, index, str(error)))
            return Outcome(change, State.FAILED, text=error.with_remedy(), error=error)
        tell(StageReport(Stage.JOURNAL, StageState.DONE, index, entry))
        tell(StageReport(Stage.WRITE, StageState.RUNNING, index))
        try:
            running = StageReport(Stage.WRITE, StageState.RUNNING, index)
            outcome = await self._sent(change, lambda text: tell(replace(running, text=text)))
        except asyncio.CancelledError:
            self._journal.conclude(entry, State.UNCERTAIN.value, text="the program was stopped while it was being sent")
            raise
        outcome = self._concluded(replace(outcome, entry=entry))
        state = StageState.DONE if outcome.done else StageState.REFUSED
        tell(StageReport(Stage.WRITE, state, index, outcome.text))
        return outcome

    def _concluded(self, outcome: Outcome) -> Outcome:
        """Write down how it ended; a journal that fails now is told, but does not undo what was done."""
        text = scrubbed(outcome.text, outcome.change.wish.document, outcome.change.sent)
        outcome = replace(outcome, text=text)
        try:
            self._journal.conclude(outcome.entry, outcome.state.value, result=outcome.result, text=text)
        except JournalError as error:
            note = f"{error}; its end is not written down"
            return replace(outcome, text=f"{text}. {note}" if text else note)
        return outcome

    # what a change needs that this very plan makes

    async def _on_its_ground(self, change: PlannedChange) -> PlannedChange:
        """Try a change now that its namespace or its kind was made; both need a moment."""
        deadline = self._clock.monotonic() + GROUND_WAIT
        while True:
            tried = await self._trials.of(change)
            waits = tried.troubles and isinstance(tried.troubles[0].error, NotFound | Forbidden)
            if not waits or self._clock.monotonic() >= deadline:
                return replace(tried, dry_run=replace(tried.dry_run, later=False))
            await self._clock.sleep(GROUND_EVERY)

    # sending

    async def _sent(self, change: PlannedChange, note: Note) -> Outcome:
        assert change.resource is not None
        order = order_of(change, change.resource)
        try:
            return self._answered(change, await requests.send(self._transport, order, dry_run=False))
        except Refused as error:
            return await self._refused(change, order, error, note)
        except NotFound as error:
            if change.wish.deed is Deed.DELETE:
                return Outcome(change, State.WRITTEN, text="it was gone already")
            if change.wish.deed in (Deed.UPDATE, Deed.SCALE):
                return self._failed(change, error, f"{change.title} was deleted meanwhile; nothing was written")
            return self._failed(change, error)
        except ApiError as error:
            if error.status >= 500:
                return await self._looked_up(change, change.resource, error, note)
            if isinstance(error, Forbidden):
                self._permissions.forget()
            if was_recreated(error):
                return self._failed(change, error, f"{change.title}: {RECREATED}; nothing was written")
            return self._failed(change, error)
        except (LinkError, RubbishError) as error:
            if isinstance(error, LinkError) and not error.sent:
                return self._failed(change, error, f"{error}; nothing was sent")
            return await self._looked_up(change, change.resource, error, note)
        except K9Error as error:
            return self._failed(change, error)

    @staticmethod
    def _answered(change: PlannedChange, sent: Sent) -> Outcome:
        text = ""
        if change.effect is Effect.CREATES and change.wish.deed is Deed.APPLY and not sent.created:
            text = "somebody made it in the same moment; your fields were laid over theirs"
        result = None if change.wish.deed is Deed.DELETE and sent.body is None else sent.body
        if change.wish.deed is Deed.SCALE:
            result = change.dry_run.result
        return Outcome(change, State.WRITTEN, result, text)

    @staticmethod
    def _failed(change: PlannedChange, error: K9Error, text: str = "") -> Outcome:
        return Outcome(change, State.FAILED, text=text or str(error), error=error)

    # somebody else wrote meanwhile

    async def _refused(self, change: PlannedChange, order: Order, error: Refused, note: Note) -> Outcome:
        """Tell what a 409 means: recreated, fields of others, or a newer version."""
        if was_recreated(error):
            return self._failed(change, error, f"{change.title}: {RECREATED}; nothing was written")
        try:
            live = await self._trials.live(change)
        except K9Error:
            return self._failed(change, error)
        if live is None:
            return self._failed(change, error, f"{change.title} was deleted meanwhile; nothing was written")
        if change.ref.uid and live["metadata"].get("uid") != change.ref.uid:
            return self._failed(change, error, f"{change.title}: {RECREATED}; nothing was written")
        found = conflicts_of(error, order.body, live, change.wish.base)
        if found:
            text = f"others wrote the same fields meanwhile: {', '.join(one.field for one in found)}"
            return replace(self._failed(change, error, text), conflicts=tuple(found), result=live)
        if change.wish.deed in (Deed.UPDATE, Deed.SCALE) or order.force:
            return await self._newer(change, order.resource, live, error, note)
        return self._failed(change, error)

    async def _newer(
        self, change: PlannedChange, resource: ApiResource, live: Object, error: Refused, note: Note
    ) -> Outcome:
        """Write to a newer version when nothing a person would have looked at differs, else tell what does."""
        if change.dry_run.result is not None and _meets(quiet(live), quiet(_expected(change))) and we_wrote(live):
            return Outcome(change, State.WRITTEN, live, "it was written; the answer had been lost")
        assert change.live is not None
        if not _same(live, change.live):
            _, found = merge_edit(change.live, change.dry_run.result or change.live, live)
            others = ", ".join(one.field for one in changes(quiet(change.live), quiet(live))[:5])
            text = f"somebody changed it meanwhile ({others}); nothing was written: look at the new difference"
            return replace(self._failed(change, error, text), conflicts=tuple(found), result=live)
        version = {"uid": change.ref.uid, "resourceVersion": live["metadata"]["resourceVersion"]}
        body = change.sent or change.wish.document
        fresh = replace(change, live=live, sent={**body, "metadata": {**(body.get("metadata") or {}), **version}})
        order = order_of(fresh, resource)
        try:
            # The first one was refused as a whole, so this is not a second write.
            return self._answered(fresh, await requests.send(self._transport, order, dry_run=False))
        except (LinkError, RubbishError) as lost:
            return await self._looked_up(fresh, resource, lost, note)
        except K9Error as refused:
            return self._failed(fresh, refused)

    # the answer was lost

    async def _looked_up(self, change: PlannedChange, resource: ApiResource, error: K9Error, note: Note) -> Outcome:
        """Find out whether a write took place whose answer was lost; it is not sent again."""
        answered = isinstance(error, ApiError) and error.status not in GATEWAY
        problem: K9Error | None = error
        note("the answer was lost; looking whether it was written")
        for pause in LOOKUPS:
            await self._clock.sleep(pause)
            try:
                live = await requests.read(self._transport, resource, change.ref.namespace, change.ref.name)
            except K9Error as again:
                problem = again
                continue
            problem = None
            found = _judged(change, live)
            if found is not None:
                return found
            if answered:  # the server itself said no, and nothing came of it
                return self._failed(change, error)
        if problem is None:
            return self._failed(change, error, f"{error}; looked up: it was not written")
        text = f"{error}; whether it was written could not be found out ({problem}): look before trying again"
        return Outcome(change, State.UNCERTAIN, text=text, error=error)


def _same(one: Object, other: Object) -> bool:
    return same(quiet(one), quiet(other))


def _judged(change: PlannedChange, live: Object | None) -> Outcome | None:
    """Return what the object says of a write whose answer was lost; None while it shows no trace of it."""
    deed = change.wish.deed
    known = change.ref.uid
    uid = str(((live or {}).get("metadata") or {}).get("uid") or "")
    if deed is Deed.DELETE:
        if live is None or uid != known:
            return Outcome(change, State.WRITTEN, text="the answer was lost; looked up: it is gone")
        if live["metadata"].get("deletionTimestamp"):
            return Outcome(change, State.WRITTEN, live, "the answer was lost; looked up: it is being deleted")
        return None
    if live is None:
        return None
    if known and uid != known:
        text = f"the answer was lost, and {change.title} {RECREATED.removeprefix('it ')}"
        return Outcome(change, State.UNCERTAIN, live, text)
    before = ((change.live or {}).get("metadata") or {}).get("resourceVersion")
    if before is not None and live["metadata"].get("resourceVersion") == before:
        return None
    # Scaling is recorded under a subresource, and of an object with nothing but a name nobody owns a field.
    ours = we_wrote(live) or deed is Deed.SCALE or not _owns_fields(change)
    if ours and _holds(change, live):
        return Outcome(change, State.WRITTEN, live, "the answer was lost; looked up: it is written")
    return None


def _holds(change: PlannedChange, live: Object) -> bool:
    """Return whether an object has every value this change was to give it."""
    now, tried = quiet(live), quiet(_expected(change))
    if change.live is not None and tried:
        return all(_meets(value_at(now, one.path), one.after) for one in changes(quiet(change.live), tried))
    # Of a new object only what was typed is compared, as the server wrote it in the trial: names and addresses it
    # makes up differ from one time to the next.
    for path, typed in _leaves(quiet(change.sent or change.wish.document)):
        wanted = value_at(tried, path) if tried else typed
        if wanted is not ABSENT and not _meets(value_at(now, path), wanted):
            return False
    return True


def _expected(change: PlannedChange) -> Object | None:
    """Return what the trial came to, without what the server gives anew at the write, a node port for one."""
    return unsettled(change.dry_run.result, change.sent or change.wish.document, change.live)


def _meets(now: Any, wanted: Any) -> bool:
    """Return whether a value is the one that was wanted; any value meets one the server was to give."""
    if wanted == GIVEN:
        return now is not ABSENT
    if isinstance(now, Mapping) and isinstance(wanted, Mapping):
        return now.keys() == wanted.keys() and all(_meets(now[key], value) for key, value in wanted.items())
    if isinstance(now, list) and isinstance(wanted, list):
        return len(now) == len(wanted) and all(map(_meets, now, wanted))
    return same(now, wanted)


def _owns_fields(change: PlannedChange) -> bool:
    """Return whether what was typed has any field that the server records an owner of."""
    names = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
    return any(path not in names and value not in ({}, [], None)
               for path, value in _leaves(quiet(change.wish.document)))  # fmt: skip


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    below = children(value)
    if not below:
        yield path, value
        return
    for step, inner in below.items():
        yield from _leaves(inner, (*path, step))
