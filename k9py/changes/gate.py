"""The one gate for every write: permission, validation, trial, difference, consent, journal, write, outcome.

Headless: the terminal interface and the command line bring their own ``confirm`` and show what they like of the values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from k9py.changes.bases import with_bases
from k9py.changes.documents import place_of
from k9py.changes.journal import Journal
from k9py.changes.model import (
    Answer,
    Deed,
    Effect,
    Outcome,
    Plan,
    PlannedChange,
    Question,
    Report,
    Stage,
    StageReport,
    StageState,
    State,
    Weight,
    Wish,
)
from k9py.changes.planning import OnStage, Planner, Validator
from k9py.changes.surroundings import Surroundings
from k9py.changes.trials import Trials
from k9py.changes.users import Users
from k9py.changes.writing import Writer
from k9py.core.clock import Clock
from k9py.core.errors import ChangeError, JournalError
from k9py.kube.discovery import Discovery
from k9py.kube.permissions import Permissions
from k9py.kube.wire import Transport

Confirm = Callable[[Question], Awaitable[Answer]]
"""Asks a person. It must not take keys for an answer that were typed before the question was on the screen."""

MANY = 10
"""Deletions at once from which a name has to be typed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a context allows."""

    context: str
    user: str = ""
    readonly: bool = False
    """Nothing is written, whatever anybody confirms."""
    protected: bool = False
    """Every change asks for a name to be typed."""


class Gate:
    """Plans and writes changes on one cluster."""

    def __init__(
        self,
        transport: Transport,
        discovery: Discovery,
        permissions: Permissions,
        *,
        clock: Clock,
        journal: Journal,
        policy: Policy,
        namespace: str = "default",
        validator: Validator | None = None,
    ) -> None:
        """``namespace`` is where objects go that name none; without a validator only the server judges."""
        self.transport = transport
        self.discovery = discovery
        self.clock = clock
        self.journal = journal
        self.policy = policy
        self._validator = validator
        trials = Trials(transport, discovery)
        self._users = Users(Surroundings(transport, discovery, clock), discovery)
        self._planner = Planner(
            trials,
            discovery,
            permissions,
            self._users,
            context=policy.context,
            namespace=namespace,
            validator=validator,
        )
        self._writer = Writer(transport, permissions, trials, journal, clock=clock)

    async def plan(self, wishes: Sequence[Wish], *, namespace: str = "", on_stage: OnStage | None = None) -> Plan:
        """Return what would come of the wishes, tried by the server; nothing is written.

        ``namespace`` is where objects go this time that name none. What stands in the way is in the changes
        (troubles, conflicts), not raised.
        """
        plan = await self._planner.plan(
            wishes, series=self.journal.new_series(), namespace=namespace, on_stage=on_stage
        )
        if not any(change.conflicts for change in plan.changes):
            return plan
        try:
            # In a thread: a full journal is 32 MB.
            changes = await asyncio.to_thread(
                lambda: tuple(with_bases(change, self.journal.about) for change in plan.changes)
            )
        except JournalError:
            return plan  # writing will tell; the other two sides are known
        return replace(plan, changes=changes)

    def question(self, plan: Plan) -> Question:
        """Return what has to be asked before a plan is written."""
        unseen = tuple(f"{change.title}: {change.dry_run.why_unseen}" for change in plan.unseen)
        weight = plan.weight
        if sum(change.effect is Effect.DELETES for change in plan.changes) >= MANY:
            weight = Weight.DESTROYS_MUCH
        typed = ""
        if weight is not Weight.NOTHING and (self.policy.protected or weight is Weight.DESTROYS_MUCH):
            pending = plan.pending
            typed = pending[0].ref.name if len(pending) == 1 else self.policy.context
        return Question(plan, _question_text(plan, self.policy.context), weight, typed, unseen)

    async def carry_out(
        self,
        plan: Plan,
        confirm: Confirm,
        *,
        on_stage: OnStage | None = None,
        go_on: Callable[[], bool] | None = None,
    ) -> Report:
        """Ask, then write; returns what became of each change.

        ``go_on`` is asked before each part of a plan that waits for the one before: False holds the rest back.
        Raises ChangeError when nothing is written at all: read-only, something in the way, or not confirmed.
        """
        tell = on_stage or _nobody
        self._refuse(plan)
        if plan.pending:
            tell(StageReport(Stage.CONFIRM, StageState.RUNNING))
            question = self.question(plan)
            answer = await confirm(question)
            if not answer.go or (question.type_this and answer.typed.strip() != question.type_this):
                said = "not confirmed" if not answer.go else f"{question.type_this!r} was not typed"
                tell(StageReport(Stage.CONFIRM, StageState.REFUSED, text=said))
                raise ChangeError(f"{said}: nothing was changed")
            tell(StageReport(Stage.CONFIRM, StageState.DONE))
            self._refuse(plan)  # the question may have stood there for long
        return await self._written(plan, tell, go_on or _on)

    def _refuse(self, plan: Plan) -> None:
        if plan.context != self.policy.context:
            raise ChangeError(f"the plan was made for {plan.context}, and this is {self.policy.context}")
        if self.policy.readonly and plan.pending:
            raise ChangeError(
                f"{self.policy.context} is read-only here: nothing was changed",
                remedy="The setting readonly of the context says so",
            )
        blocked = [change for change in plan.changes if not change.ready]
        if blocked:
            first = blocked[0]
            why = str(first.troubles[0]) if first.troubles else f"others own {first.conflicts[0].field}"
            raise ChangeError(f"{first.title}: {why}", remedy="Nothing was changed")

    async def _written(self, plan: Plan, tell: OnStage, go_on: Callable[[], bool]) -> Report:
        """Write what others need first; changes of one kind at once. After a failure the rest is held back."""
        outcomes: list[Outcome] = []
        index = 0
        held = ""
        for _, group in groupby(plan.changes, key=_wave):
            wave = list(group)
            if index and not held and not go_on():
                held = "not tried, because it was stopped"
            if held:
                outcomes += [_held_back(change, held) for change in wave]
            else:
                outcomes += await asyncio.gather(
                    *(self._one(plan, change, index + offset, tell) for offset, change in enumerate(wave))
                )
            index += len(wave)
            if not held and not all(outcome.done for outcome in outcomes):
                held = "not tried, because one before it failed"
        return Report(plan, tuple(outcomes))

    async def _one(self, plan: Plan, change: PlannedChange, index: int, tell: OnStage) -> Outcome:
        try:
            return await self._writer.write(
                change, series=plan.series, context=plan.context, user=self.policy.user, tell=tell, index=index
            )
        finally:
            if change.resource is not None:
                self._users.forget(change.resource.id, change.ref.namespace)
                if self._validator is not None:
                    self._validator.forget(change.resource.id, change.ref.namespace)


def _nobody(_report: StageReport) -> None:
    """Nobody is told."""


def _wave(change: PlannedChange) -> tuple[bool, int, str]:
    return change.wish.deed is Deed.DELETE, place_of(change.wish.document), change.ref.kind


def _on() -> bool:
    """Nobody stops it."""
    return True


def _held_back(change: PlannedChange, why: str) -> Outcome:
    if change.effect is Effect.NOTHING:
        return Outcome(change, State.UNCHANGED, change.live)
    return Outcome(change, State.HELD_BACK, text=why)


def _question_text(plan: Plan, context: str) -> str:
    """Return the question in words: what would be done to how many objects, where."""
    words = {Effect.CREATES: "create", Effect.CHANGES: "change", Effect.DELETES: "delete"}
    parts = []
    for effect, word in words.items():
        some = [change for change in plan.pending if change.effect is effect]
        if len(some) == 1:
            parts.append(f"{word} {some[0].title}{_place(some[0])}{_scaled(some[0])}")
        elif some:
            parts.append(f"{word} {len(some)} objects")
    text = ", ".join(parts)
    if text and all(change.wish.undoes for change in plan.pending):
        text = f"to take it back, {text}"
    return f"{text[:1].upper()}{text[1:]} in {context}?" if text else f"Nothing to change in {context}."


def _scaled(change: PlannedChange) -> str:
    """Return how far something is scaled, where that is all there is to it."""
    replicas = [one for one in change.diff.fields if one.path == ("spec", "replicas")]
    if change.effect is not Effect.CHANGES or len(change.diff.fields) != 1 or not replicas:
        return ""
    return f" from {replicas[0].before or 0} to {replicas[0].after or 0} replicas"


def _place(change: PlannedChange) -> str:
    return f" ({change.ref.namespace})" if change.ref.namespace else ""
