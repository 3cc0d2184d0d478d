"""What happens after a write, followed whether anybody looks or not; who does not look is told how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k9py.changes.board import WITH_PODS
from k9py.changes.follow import Follower
from k9py.changes.leaving import finalizers_of
from k9py.changes.model import Deed, Outcome, Report, State
from k9py.changes.steps import Board, BoardState, Step, StepState
from k9py.resources.model import Tone

if TYPE_CHECKING:
    from k9py.ui.changing.desk import ChangeDesk

WORTH_A_BOARD = WITH_PODS | {
    "Service", "Ingress", "PersistentVolumeClaim", "Namespace", "CustomResourceDefinition", "HorizontalPodAutoscaler",
    "CronJob", "PodDisruptionBudget", "NetworkPolicy",
}  # fmt: skip
"""Kinds of which something has to come true after the write."""

Ended = Callable[["Following"], None]


_SHORT = frozenset({"batch.kubernetes.io/job-tracking"})
"""Finalizers that are gone before anybody could look."""


def _is_waited_for(outcome: Outcome) -> bool:
    """Return whether a person waits for what comes of a write: something has to come true, or somebody to let go."""
    change = outcome.change
    if change.wish.deed is not Deed.DELETE:
        return change.ref.kind in WORTH_A_BOARD
    held = set(finalizers_of(change.live or {})) - _SHORT
    return bool(held) or change.ref.kind == "Namespace" or change.wish.deletion.propagation == "Foreground"


class Followed:
    """One written object on its way."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.board: Board | None = None
        self.took: dict[str, float] = {}
        """Seconds from the write until each step was done, by its id."""
        self.ended = False

    @property
    def state(self) -> BoardState:
        """Where it stands."""
        return self.board.state if self.board is not None else BoardState.RUNNING

    @property
    def is_deletion(self) -> bool:
        """True when it is its end that is waited for."""
        return self.outcome.change.wish.deed is Deed.DELETE

    @property
    def blocked(self) -> Step | None:
        """The step it is blocked at."""
        return self.board.blocked if self.board is not None else None


class Following:
    """Follows everything a report says was written."""

    def __init__(self, desk: ChangeDesk, report: Report, title: str) -> None:
        self._desk = desk
        self.report = report
        self.title = title
        self.objects = [Followed(one) for one in report.outcomes if one.state is State.WRITTEN]
        self.watched = False
        """True while a person looks at the board."""
        self.on_change: Callable[[], None] | None = None
        self._seen = False
        """True once a person left the board that said what is in the way: it need not be said again."""
        session = desk.session
        self._clock = session.clock
        self._follower = Follower(session.transport, session.discovery, clock=session.clock)
        self.written_at = self._clock.monotonic()

    @property
    def is_worth_a_board(self) -> bool:
        """True when something has to come true after the write that a person waits for."""
        return any(_is_waited_for(one.outcome) for one in self.objects)

    @property
    def is_leaving(self) -> bool:
        """True while something is still there that is being deleted."""
        return any(one.is_deletion and one.state is not BoardState.CONVERGED for one in self.objects)

    @property
    def _is_latest(self) -> bool:
        """True while nothing was written from here since: U takes back what was written last."""
        return self._desk.latest in (None, self.report.plan.series)

    @property
    def ended(self) -> bool:
        """True when nothing is followed any more."""
        return all(one.ended for one in self.objects)

    @property
    def age(self) -> float:
        """Seconds since the write."""
        return self._clock.monotonic() - self.written_at

    def start(self) -> None:
        """Begin to follow every object."""
        for one in self.objects:
            self._desk.tasks.start(self._follow(one), name=f"follow {one.outcome.change.title}")

    def leave(self) -> None:
        """Nobody looks any more; it goes on."""
        self.watched, self.on_change = False, None
        self._seen = any(one.blocked is not None for one in self.objects)

    async def _follow(self, one: Followed) -> None:
        try:
            async for board in self._follower.follow(one.outcome, stays=lambda: self.watched):
                self._take(one, board)
        finally:
            one.ended = True
        self._changed()
        still = any(two.blocked is not None for two in self.objects)
        if self.ended and not self.watched and not (self._seen and still):
            self._tell()

    def _take(self, one: Followed, board: Board) -> None:
        one.board = board
        for step in board.steps:
            if step.state is StepState.DONE:
                one.took.setdefault(step.id, self.age)
            else:
                one.took.pop(step.id, None)
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _tell(self) -> None:
        """Say how it ended to somebody who is elsewhere by now."""
        app = self._desk.app
        text, tone = self.summary()
        app.flash_text(text, tone)

    def summary(self) -> tuple[str, Tone]:
        """Return how it stands, in one sentence."""
        # A Service without addresses only shows what is wrong with a workload: that is said where it is known.
        stuck = [one for one in self.objects if one.blocked is not None]
        blocked = min(stuck, key=lambda one: one.blocked is None or one.blocked.id == "endpoints", default=None)
        if blocked is not None and blocked.blocked is not None:
            back = "U takes it back, H shows it" if self._is_latest else "H lists it; u there takes it back"
            way = "" if blocked.is_deletion else f". {back}"
            still = "is being deleted and " if blocked.is_deletion else ""
            return f"{blocked.outcome.change.title}: {still}{blocked.blocked.text}{way}", Tone.BAD
        if not self.objects:
            return "nothing was written", Tone.DIM
        first = self.objects[0].outcome.change.title
        name = first if len(self.objects) == 1 else f"{len(self.objects)} objects"
        states = {one.state for one in self.objects}
        if states <= {BoardState.CONVERGED}:
            last = max((took for one in self.objects for took in one.took.values()), default=0.0)
            words = {one.outcome.verb for one in self.objects}
            word = words.pop() if len(words) == 1 else "as wished"
            after = f" after {last:.0f} s" if last >= 1 else ""
            # What took something back is not taken back by U, which goes on to what was written before it.
            again = all(one.outcome.change.wish.undoes for one in self.objects)
            way = "U takes it back" if self._is_latest else "H lists it; u there takes it back"
            way = "H lists it; u there takes this back in turn" if again else way
            return f"{name} {word}; done{after}. {way}", Tone.OK
        if BoardState.SUPERSEDED in states:
            over = next(one for one in self.objects if one.state is BoardState.SUPERSEDED)
            why = over.board.steps[-1].text if over.board is not None else "somebody changed it again"
            return f"{name}: {why}; that change is not followed from here", Tone.WARN
        if BoardState.GONE in states:
            return f"{name}: it was written, and is gone by now", Tone.WARN
        return f"{name}: still not done after {self.age:.0f} s; it is not followed any longer", Tone.WARN
