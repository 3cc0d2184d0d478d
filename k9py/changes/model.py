"""The values of the write gate: what somebody wants, what would come of it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import Any, Literal, Protocol

from k9py.core.diffs import ABSENT, Diff, Path, is_secret, path_text
from k9py.core.errors import K9Error
from k9py.core.refs import ApiResource, ObjectRef

FIELD_MANAGER = "k9py"
"""The name under which the server records the fields we own."""

Object = dict[str, Any]


class Deed(Enum):
    """How a change is written."""

    APPLY = "apply"
    """Server-side apply: the document says what we own; other fields stay as they are."""
    CREATE = "create"
    """POST: fails when the name is taken; the only way for ``generateName``."""
    UPDATE = "update"
    """PUT of the live object with an edit laid over it, pinned to its uid and resource version."""
    SCALE = "scale"
    """The replicas through the ``scale`` subresource."""
    DELETE = "delete"


Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How an object is deleted."""

    propagation: Propagation = "Background"
    grace: int | None = None
    """Seconds; None leaves it to the object, 0 does not wait for the processes to end."""


DELETE_DEFAULTS = DeleteOptions()


@dataclass(frozen=True, slots=True)
class Wish:
    """One change somebody wants; it keeps what was typed, whatever becomes of it."""

    deed: Deed
    document: Object = field(repr=False)
    """As typed; of a deletion only ``apiVersion``, ``kind``, ``metadata.name`` and ``namespace`` are read."""
    base: Object | None = field(default=None, repr=False)
    """The object as its editing began, for an UPDATE; for a DELETE its uid, where only that very one is meant."""
    origin: str = ""
    """Where it was typed: a file with its line, or empty."""
    force: bool = False
    """Take over fields that others own (APPLY)."""
    deletion: DeleteOptions = DELETE_DEFAULTS
    undoes: str = ""
    """Id of the journal entry this takes back."""
    may_be_gone: bool = False
    """A deletion of something that is not there is no mistake."""
    notices: tuple[Notice, ...] = ()
    """What is known of it before it is tried, such as what taking a change back cannot return."""

    @property
    def ref(self) -> ObjectRef:
        """The object meant."""
        metadata = self.document.get("metadata")
        meta = metadata if isinstance(metadata, Mapping) else {}
        return ObjectRef(
            kind=str(self.document.get("kind") or ""),
            namespace=str(meta.get("namespace") or ""),
            name=str(meta.get("name") or meta.get("generateName") or ""),
            api_version=str(self.document.get("apiVersion") or ""),
        )


class Stage(Enum):
    """The steps of the gate, in their order."""

    PERMISSION = "permission"
    VALIDATE = "validate"
    DRY_RUN = "dry-run"
    DIFF = "diff"
    CONFIRM = "confirm"
    JOURNAL = "journal"
    WRITE = "write"
    OUTCOME = "outcome"


class StageState(Enum):
    """Where a step is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StageReport:
    """One step of one change began or ended."""

    stage: Stage
    state: StageState
    index: int = -1
    """Which change of the plan; -1 for the plan as a whole."""
    text: str = ""


class Problem(Protocol):
    """What a validator finds; ``k9py.manifests`` has such."""

    @property
    def field(self) -> str:
        """Path as the server writes it."""

    @property
    def text(self) -> str:
        """What is wrong, without the path."""

    @property
    def hint(self) -> str:
        """What to do about it; empty when nothing is known."""

    @property
    def is_error(self) -> bool:
        """True when the server would refuse the object."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a change cannot go on as it is."""

    stage: Stage
    text: str
    remedy: str = ""
    error: K9Error | None = field(default=None, repr=False)
    problem: Problem | None = field(default=None, repr=False)
    # Last, since it hides the function of the same name.
    field: str = ""
    """Path as the server writes it; empty when it is about the whole object."""

    def __str__(self) -> str:
        return f"{self.text}. {self.remedy}" if self.remedy else self.text


class NoticeKind(Enum):
    """What a notice is about."""

    MANAGED = "managed"
    """Something else writes this object and may undo the change."""
    SERVER = "server"
    """A warning of the server, such as of a deprecated version."""
    UNSEEN = "unseen"
    """The server could not try the change beforehand."""
    GOES_TOO = "goes too"
    """What disappears with a deleted object."""
    FINALIZER = "finalizer"
    """Who has to agree before a deleted object is gone."""
    ADVICE = "advice"
    """It will be accepted and not do what it looks like."""
    LOST = "lost"
    """What taking a change back cannot bring back."""
    ANEW = "anew"
    """The object is, or becomes, another one than the one that was meant, under its name."""
    IN_USE = "in use"
    """What needs a deleted object."""

    @property
    def word(self) -> str:
        """What stands before the text of such a notice."""
        return _NOTICE_WORDS.get(self, self.value)


_NOTICE_WORDS = {
    NoticeKind.SERVER: "the server says", NoticeKind.UNSEEN: "not seen", NoticeKind.FINALIZER: "waits",
    NoticeKind.ADVICE: "note", NoticeKind.LOST: "is lost", NoticeKind.ANEW: "made anew",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before confirming."""

    kind: NoticeKind
    text: str


class Choice(Enum):
    """What to do about a field somebody else owns; the three ways the server documents."""

    TAKE = "take"
    """Their value becomes mine too; both own the field."""
    KEEP = "keep"
    """Leave the field to them; mine says nothing about it."""
    FORCE = "force"
    """My value, and I become its only owner."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field on which two writers differ."""

    path: Path
    managers: tuple[str, ...]
    """Who owns it, as the server names them; empty when it is not known."""
    mine: Any = field(repr=False)
    theirs: Any = field(repr=False)
    base: Any = field(default=ABSENT, repr=False)
    """What it was when both began, ABSENT when it was not there or is not known."""
    secret: bool = False
    """The values must not be shown."""

    @property
    def field(self) -> str:
        """The path as messages show it."""
        return path_text(self.path)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the server made of the change when it only tried it."""

    seen: bool
    """False when the server could not be asked: the result is then our own guess."""
    result: Object | None = field(default=None, repr=False)
    """The object as it would be; None after a deletion, and for an object that is not there."""
    creates: bool = False
    why_unseen: str = ""
    webhook: str = ""
    """The admission webhook that refuses to be tried."""
    later: bool = False
    """It is tried just before it is written: it needs something this very plan makes first."""


class Weight(IntEnum):
    """How much a change can break."""

    NOTHING = 0
    ADDS = 1
    CHANGES = 2
    DESTROYS = 3
    DESTROYS_MUCH = 4
    """Other objects or data go with it: a name has to be typed."""


class Effect(Enum):
    """What a change would do, in kubectl's words."""

    NOTHING = "unchanged"
    CREATES = "created"
    CHANGES = "configured"
    DELETES = "deleted"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One wish, tried and compared with what is there."""

    wish: Wish
    ref: ObjectRef
    """With the namespace it goes to, and the uid of the live object."""
    resource: ApiResource | None = None
    """None while the server does not know the kind."""
    live: Object | None = field(default=None, repr=False)
    sent: Object | None = field(default=None, repr=False)
    """What is written: the document with its namespace, or the live object with the edit in it."""
    dry_run: DryRun = DryRun(seen=False)
    diff: Diff = field(default_factory=lambda: Diff(None, None))
    effect: Effect = Effect.NOTHING
    troubles: tuple[Trouble, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[Notice, ...] = ()
    weight: Weight = Weight.NOTHING

    @property
    def ready(self) -> bool:
        """True when nothing stands in the way of writing it."""
        return not self.troubles and not self.conflicts

    @property
    def secret(self) -> bool:
        """True when the values must not be shown or kept."""
        return is_secret(self.wish.document)

    @property
    def title(self) -> str:
        """``deployment.apps/web`` as kubectl names objects."""
        if self.resource is None:
            return f"{self.ref.kind}/{self.ref.name}"
        name = self.resource.singular or self.resource.gvr.resource
        group = f".{self.resource.gvr.group}" if self.resource.gvr.group else ""
        return f"{name}{group}/{self.ref.name}"

    @property
    def short_title(self) -> str:
        """The title without the API group, for where there is little room."""
        kind, _, name = self.title.partition("/")
        return f"{kind.partition('.')[0]}/{name}"

    def with_troubles(self, *more: Trouble) -> PlannedChange:
        """Return the change with more in its way."""
        return replace(self, troubles=(*self.troubles, *more))


@dataclass(frozen=True, slots=True)
class Plan:
    """Several changes in the order in which they would be written."""

    changes: tuple[PlannedChange, ...]
    context: str
    series: str
    """Id under which the journal keeps them together."""

    @property
    def ready(self) -> bool:
        """True when every change can be written."""
        return all(change.ready for change in self.changes)

    @property
    def pending(self) -> tuple[PlannedChange, ...]:
        """The changes that would do something."""
        return tuple(change for change in self.changes if change.effect is not Effect.NOTHING)

    @property
    def weight(self) -> Weight:
        """The heaviest of its changes."""
        return max((change.weight for change in self.changes), default=Weight.NOTHING)

    @property
    def unseen(self) -> tuple[PlannedChange, ...]:
        """The changes the server will not have tried before they are written."""
        return tuple(c for c in self.pending if not c.dry_run.seen and not c.dry_run.later and c.ready)

    def only(self, indices: Sequence[int]) -> Plan:
        """Return the plan with some of its changes, in the same order."""
        wanted = set(indices)
        return replace(self, changes=tuple(c for index, c in enumerate(self.changes) if index in wanted))

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What was wanted, to plan it again."""
        return tuple(change.wish for change in self.changes)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before a plan is written."""

    plan: Plan
    text: str
    weight: Weight
    type_this: str = ""
    """The name that has to be typed; empty when yes or no is enough."""
    unseen: tuple[str, ...] = ()
    """Why the server could not try some of it."""

    @property
    def is_plain(self) -> bool:
        """True when it only makes what was tried, and nothing warns: who has read the plan needs no second question."""
        told = any(notice.kind is not NoticeKind.ADVICE for change in self.plan.pending for notice in change.notices)
        return self.weight is Weight.ADDS and not (self.type_this or self.unseen or told)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person said."""

    go: bool
    typed: str = ""


class State(Enum):
    """What became of one change."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    """There was nothing to write."""
    FAILED = "failed"
    """Certainly not written."""
    UNCERTAIN = "uncertain"
    """Sent, but neither the answer nor the object could be had."""
    HELD_BACK = "held back"
    """Not tried, because one before it failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change."""

    change: PlannedChange
    state: State
    result: Object | None = field(default=None, repr=False)
    """The object as the server returned it; None after a deletion."""
    text: str = ""
    """What a person should know: why it failed, or how it was found to be written."""
    error: K9Error | None = field(default=None, repr=False)
    entry: str = ""
    """Id in the journal; empty when nothing was sent."""
    conflicts: tuple[Conflict, ...] = ()
    """What others wrote meanwhile."""

    @property
    def done(self) -> bool:
        """True when the cluster is as wished."""
        return self.state in (State.WRITTEN, State.UNCHANGED)

    @property
    def verb(self) -> str:
        """What to say behind the name: ``created``, ``unchanged``, ``failed`` …"""
        return self.change.effect.value if self.done else self.state.value


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a plan."""

    plan: Plan
    outcomes: tuple[Outcome, ...]

    @property
    def done(self) -> bool:
        """True when everything is as wished."""
        return all(outcome.done for outcome in self.outcomes)

    @property
    def unfinished(self) -> tuple[Wish, ...]:
        """What is left to do, as typed."""
        return tuple(outcome.change.wish for outcome in self.outcomes if not outcome.done)
