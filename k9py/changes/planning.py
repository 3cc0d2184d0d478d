"""From wishes to a plan: kinds, namespaces, permission, validation, trial; everything before anybody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from msgspec import structs

from k9py.changes.documents import place_of
from k9py.changes.model import (
    Deed,
    DryRun,
    Effect,
    Notice,
    NoticeKind,
    Object,
    Plan,
    PlannedChange,
    Problem,
    Stage,
    StageReport,
    StageState,
    Trouble,
    Wish,
)
from k9py.changes.secretdata import as_kept
from k9py.changes.trials import Trials, wanted, weighed
from k9py.changes.users import Users
from k9py.core.diffs import Diff
from k9py.core.errors import K9Error
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.discovery import Discovery
from k9py.kube.permissions import Permissions, Verdict

OnStage = Callable[[StageReport], None]
"""Called as steps begin and end."""

_VERB = {
    Deed.APPLY: "patch",
    Deed.CREATE: "create",
    Deed.UPDATE: "update",
    Deed.SCALE: "patch",
    Deed.DELETE: "delete",
}


class Validator(Protocol):
    """Finds what is wrong with objects before the server sees them; ``k9py.manifests`` has one."""

    async def check(self, documents: Sequence[Object]) -> Sequence[Sequence[Problem]]:
        """Return the problems of each document, in their order; the documents may refer to each other."""

    def forget(self, kind: str, namespace: str) -> None:
        """Something of a kind (its id) was written: what is remembered of it may be wrong."""


class Planner:
    """Makes plans for one cluster."""

    def __init__(
        self,
        trials: Trials,
        discovery: Discovery,
        permissions: Permissions,
        users: Users,
        *,
        context: str,
        namespace: str,
        validator: Validator | None = None,
    ) -> None:
        """``namespace`` is where objects go that name none."""
        self._trials = trials
        self._users = users
        self._discovery = discovery
        self._permissions = permissions
        self._context = context
        self._namespace = namespace
        self._validator = validator

    async def plan(
        self, wishes: Sequence[Wish], *, series: str, namespace: str = "", on_stage: OnStage | None = None
    ) -> Plan:
        """Return what would come of the wishes, in the order in which they can be written; writes nothing."""
        tell = on_stage or _nobody
        ordered = _in_order(wishes)
        named = await self._named(ordered, namespace or self._namespace)
        allowed = await self._staged(Stage.PERMISSION, named, self._permitted, tell)
        if any(change.troubles and change.resource is not None for change in allowed):
            self._permissions.forget()  # whoever tries again may have been given the right
        valid = await self._validated(allowed, tell)
        tried, known = await asyncio.gather(
            self._staged(Stage.DRY_RUN, valid, self._tried, tell), self._users.known(valid)
        )
        changes = tuple(map(_settled, await self._users.told(tried, known)))
        for index, change in enumerate(changes):
            tell(StageReport(Stage.DIFF, StageState.DONE, index, change.effect.value))
        return Plan(changes, self._context, series)

    async def _staged(self, stage: Stage, changes: Sequence[PlannedChange], step: Any, tell: OnStage) -> Any:
        """Run one step of every change at once; those we may not make, or whose kind there is not, rest."""

        async def one(index: int, change: PlannedChange) -> PlannedChange:
            if any(trouble.stage is Stage.PERMISSION for trouble in change.troubles):
                return change
            tell(StageReport(stage, StageState.RUNNING, index))
            done: PlannedChange = await step(change)
            refused = bool(done.troubles or done.conflicts)
            text = str(done.troubles[0]) if done.troubles else ""
            tell(StageReport(stage, StageState.REFUSED if refused else StageState.DONE, index, text))
            return done

        if len(changes) == 1:
            return [await one(0, changes[0])]
        return await asyncio.gather(*(one(index, change) for index, change in enumerate(changes)))

    # which object

    async def _named(self, wishes: Sequence[Wish], namespace: str) -> list[PlannedChange]:
        """Give each wish its kind and its namespace; the server is asked once for kinds nobody knows."""
        made = _kinds_made(wishes)
        found = [self._kind(wish, made) for wish in wishes]
        if any(kind is None for kind in found):
            try:
                await self._discovery.refresh()
            except K9Error as error:
                trouble = Trouble(Stage.PERMISSION, str(error), error.remedy, error)
                return [PlannedChange(wish, wish.ref, troubles=(trouble,)) for wish in wishes]
            found = [self._kind(wish, made) for wish in wishes]
        spaces = {wish.ref.name for wish in wishes if wish.ref.kind == "Namespace" and wish.deed is not Deed.DELETE}
        return [self._placed(wish, kind, made, spaces, namespace) for wish, kind in zip(wishes, found, strict=True)]

    def _kind(self, wish: Wish, made: Mapping[tuple[str, str], ApiResource]) -> ApiResource | None:
        ref = wish.ref
        kind = self._discovery.of_kind(ref.api_version, ref.kind)
        if kind is not None and kind.api_version == ref.api_version:
            return kind
        return made.get((ref.api_version, ref.kind))

    def _placed(
        self,
        wish: Wish,
        kind: ApiResource | None,
        made: Mapping[tuple[str, str], ApiResource],
        spaces: set[str],
        namespace: str,
    ) -> PlannedChange:
        ref = wish.ref
        if kind is None:
            return PlannedChange(wish, ref, troubles=(self._unknown_kind(wish),), notices=wish.notices)
        if kind.namespaced and not ref.namespace:
            ref = structs.replace(ref, namespace=namespace)
        document = wish.document
        if wish.deed in (Deed.APPLY, Deed.CREATE) and kind.namespaced and not wish.ref.namespace:
            document = {**document, "metadata": {**document["metadata"], "namespace": ref.namespace}}
        sent = document if document is not wish.document else None
        change = PlannedChange(wish, ref, kind, sent=sent, notices=wish.notices)
        later = ref.namespace in spaces or made.get((ref.api_version, ref.kind)) is kind
        if later and wish.deed in (Deed.APPLY, Deed.CREATE):
            # Perhaps: when what it needs is there already, the trial will just succeed.
            return replace(change, dry_run=DryRun(seen=False, result=document, later=True))
        return change

    def _unknown_kind(self, wish: Wish) -> Trouble:
        ref = wish.ref
        other = self._discovery.of_kind(ref.api_version, ref.kind)
        text = f"the server has no kind {ref.kind} in {ref.api_version}"
        if other is not None:
            return Trouble(Stage.PERMISSION, text, f"It has {ref.kind} in {other.api_version}", field="apiVersion")
        group = ref.api_version.rpartition("/")[0]
        near = next((one for one in self._discovery.resources if one.kind == ref.kind and one.gvr.group != group), None)
        if near is not None:
            return Trouble(Stage.PERMISSION, text, f"It has {ref.kind} in {near.api_version}", field="apiVersion")
        remedy = "Install the CustomResourceDefinition of it first" if "." in group else "Check apiVersion and kind"
        return Trouble(Stage.PERMISSION, text, remedy, field="kind")

    # permission

    async def _permitted(self, change: PlannedChange) -> PlannedChange:
        assert change.resource is not None
        verb = _VERB[change.wish.deed]
        sub = "scale" if change.wish.deed is Deed.SCALE else ""
        where = change.ref.namespace
        verdict = await self._permissions.allowed(verb, change.resource, where, subresource=sub)
        if verdict is Verdict.NO and change.wish.deed is not Deed.CREATE:
            # Rights may be given for single names.
            verdict = await self._permissions.allowed(verb, change.resource, where, change.ref.name, sub)
        if verdict is not Verdict.NO:
            return change  # the server decides what is not known
        what = f"{change.resource.id}/{sub}" if sub else change.resource.id
        place = f" in namespace {where}" if change.resource.namespaced else ""
        text = f"not allowed to {verb} {what}{place}"
        return change.with_troubles(Trouble(Stage.PERMISSION, text, "Ask whoever gives rights in this cluster for it"))

    # validation

    async def _validated(self, changes: Sequence[PlannedChange], tell: OnStage) -> list[PlannedChange]:
        """Hand every document that is to be made or changed to the validator."""
        checked = list(changes)
        wanted = [
            index for index, change in enumerate(changes)
            if not change.troubles and change.wish.deed in (Deed.APPLY, Deed.CREATE, Deed.UPDATE)
        ]  # fmt: skip
        if self._validator is None or not wanted:
            return checked
        for index in wanted:
            tell(StageReport(Stage.VALIDATE, StageState.RUNNING, index))
        every = await self._validator.check([changes[index].sent or changes[index].wish.document for index in wanted])
        for index, problems in zip(wanted, every, strict=True):
            checked[index] = _with_problems(changes[index], problems)
            errors = [problem for problem in problems if problem.is_error]
            state = StageState.REFUSED if errors else StageState.DONE
            tell(StageReport(Stage.VALIDATE, state, index, str(errors[0]) if errors else ""))
        return checked

    # trial

    async def _tried(self, change: PlannedChange) -> PlannedChange:
        """Try a change; what our validator refuses and the server takes becomes advice, for the server is right."""
        later = change.dry_run
        if change.wish.deed is Deed.APPLY and change.secret:
            change = replace(change, sent=as_kept(change.sent or change.wish.document))
        tried = await self._trials.of(replace(change, dry_run=DryRun(seen=False), troubles=()))
        if change.troubles:
            if tried.ready and tried.dry_run.seen:
                advice = [Notice(NoticeKind.ADVICE, f"{one} (the server takes it)") for one in change.troubles]
                return replace(tried, notices=(*tried.notices, *advice))
            known = {trouble.field for trouble in change.troubles}
            more = [trouble for trouble in tried.troubles if trouble.field and trouble.field not in known]
            return replace(tried, troubles=(*change.troubles, *more))
        if later.later and tried.troubles and _is_missing_ground(tried):
            effect = Effect.CREATES
            return weighed(replace(change, effect=effect, diff=Diff(None, later.result), dry_run=later))
        return tried


def _nobody(_report: StageReport) -> None:
    """Nobody is told."""


def _in_order(wishes: Sequence[Wish]) -> list[Wish]:
    """Return deletions first, last made first deleted; then what is made and changed, what others need first."""
    deletions = [wish for wish in wishes if wish.deed is Deed.DELETE]
    others = [wish for wish in wishes if wish.deed is not Deed.DELETE]
    by_place = sorted(deletions, key=lambda wish: -place_of(wish.document))
    return [*by_place, *sorted(others, key=lambda wish: place_of(wish.document))]


def _kinds_made(wishes: Sequence[Wish]) -> dict[tuple[str, str], ApiResource]:
    """Return the kinds that CustomResourceDefinitions among the wishes will give, by version and kind."""
    made: dict[tuple[str, str], ApiResource] = {}
    for wish in wishes:
        if wish.ref.kind != "CustomResourceDefinition" or wish.deed is Deed.DELETE:
            continue
        spec = wish.document.get("spec")
        spec = spec if isinstance(spec, Mapping) else {}
        names, group = spec.get("names") or {}, str(spec.get("group") or "")
        for version in spec.get("versions") or ():
            if not isinstance(version, Mapping) or not isinstance(names, Mapping):
                continue
            gvr = Gvr(group, str(version.get("name")), str(names.get("plural")))
            made[f"{group}/{gvr.version}", str(names.get("kind"))] = ApiResource(
                gvr, str(names.get("kind")), str(names.get("singular") or ""), spec.get("scope") == "Namespaced",
                frozenset({"get", "list", "patch", "create", "delete"}),
            )  # fmt: skip
    return made


def _is_missing_ground(change: PlannedChange) -> bool:
    """Return whether a trial failed only because the namespace or kind is not made yet."""
    error = change.troubles[0].error
    return getattr(error, "status", 0) in (403, 404)


def _with_problems(change: PlannedChange, problems: Sequence[Problem]) -> PlannedChange:
    notices = [Notice(NoticeKind.ADVICE, str(problem)) for problem in problems if not problem.is_error]
    troubles = [
        Trouble(Stage.VALIDATE, _without_hint(problem), problem.hint, problem=problem, field=problem.field)
        for problem in problems
        if problem.is_error
    ]
    return replace(change, notices=(*change.notices, *notices), troubles=(*change.troubles, *troubles))


def _without_hint(problem: Problem) -> str:
    return f"{problem.field}: {problem.text}" if problem.field else problem.text


def _settled(change: PlannedChange) -> PlannedChange:
    """Return a change that was refused with what it would be, so that it can be shown; a refused deletion is none."""
    if change.diff.empty and change.troubles and change.wish.deed is not Deed.DELETE:
        return replace(change, diff=Diff(change.live, wanted(change)))
    return change
