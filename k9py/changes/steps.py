"""The values of the follow board: steps, where they stand, and what was read to find that out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from k9py.changes.model import Object


class StepState(Enum):
    """Where one step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    """There is nothing to do here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of what happens after a write."""

    id: str
    """``applied``, ``scaled``, ``replicaset``, ``pods``, ``scheduled``, ``pulled``, ``started``, ``ready``,
    ``complete``, ``retired``, ``endpoints``, ``answering``, ``address``, ``bound``, ``active``, ``next``, ``last``,
    ``gone``."""
    state: StepState
    text: str
    evidence: tuple[str, ...] = ()
    """What the cluster said about it."""
    pod: str = ""
    """The pod that shows what it is blocked by; empty where there is none."""
    container: str = ""
    """The container of that pod."""
    finalizers: tuple[str, ...] = ()
    """What holds a deleted object."""


class BoardState(Enum):
    """How it stands as a whole."""

    RUNNING = "running"
    CONVERGED = "converged"
    BLOCKED = "blocked"
    SUPERSEDED = "superseded"
    """Somebody wrote the object again: this is no longer the newest change."""
    GONE = "gone"
    """The object was deleted, or another one has its name."""


@dataclass(frozen=True, slots=True)
class Board:
    """The steps of one object."""

    title: str
    steps: tuple[Step, ...]
    state: BoardState
    settled: bool = True
    """False while pods that are ready have not run long enough to tell that they stay."""

    @property
    def blocked(self) -> Step | None:
        """The step that does not go on, with its evidence."""
        return next((step for step in self.steps if step.state is StepState.BLOCKED), None)

    @property
    def current(self) -> Step | None:
        """The first step that is not done."""
        return next((s for s in self.steps if s.state not in (StepState.DONE, StepState.SKIPPED)), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read at one moment."""

    object: Object | None = field(repr=False)
    now: float
    """Unix seconds by the server's clock."""
    replicasets: Sequence[Object] = field(default=(), repr=False)
    pods: Sequence[Object] = field(default=(), repr=False)
    services: Sequence[Object] = field(default=(), repr=False)
    slices: Sequence[Object] = field(default=(), repr=False)
    events: Sequence[Object] = field(default=(), repr=False)
    """Warnings of the namespace."""
    storage_class: Object | None = field(default=None, repr=False)
    """The storage class a claim names, while it is not bound."""


def overall(steps: Iterable[Step]) -> BoardState:
    """Return how steps stand together."""
    states = {step.state for step in steps}
    if StepState.BLOCKED in states:
        return BoardState.BLOCKED
    return BoardState.CONVERGED if states <= {StepState.DONE, StepState.SKIPPED} else BoardState.RUNNING


def meta(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of an object."""
    return obj.get("metadata") or {}


def conditions(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the conditions in an object's status."""
    return list((obj.get("status") or {}).get("conditions") or ())


def condition(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the condition of a type; empty when there is none."""
    return next((one for one in conditions(obj) if one.get("type") == name), {})
