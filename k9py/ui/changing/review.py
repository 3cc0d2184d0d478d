"""The review of a change: the steps of the gate, what would come of it, the question, the write, what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from textual.events import Key

from k9py.changes.model import (
    Answer,
    Deed,
    Effect,
    Object,
    Outcome,
    Plan,
    PlannedChange,
    Question,
    Report,
    Stage,
    StageReport,
    State,
    Trouble,
    Wish,
)
from k9py.changes.undo import laid_over, made_anew
from k9py.core.errors import ChangeError, K9Error
from k9py.core.text import safe_line
from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.changing import reviewtext
from k9py.ui.changing.attention import Attention
from k9py.ui.changing.changelist import Item
from k9py.ui.changing.confirm import Ask, ConfirmScreen
from k9py.ui.changing.conflicts import ConflictScreen
from k9py.ui.changing.difflines import SIDES_FROM, counts_text, diff_lines
from k9py.ui.changing.laying import hanging
from k9py.ui.changing.progress import PLANNING, WRITING, Progress
from k9py.ui.changing.workscreen import WorkScreen
from k9py.ui.keys import key_text
from k9py.ui.statusline import Bar, Spans
from k9py.ui.textview import Line, plain

if TYPE_CHECKING:
    from k9py.ui.changing.desk import ChangeDesk


class Phase(Enum):
    """How far a review is."""

    TRYING = "trying"
    SHOWN = "shown"
    ASKING = "asking"
    WRITING = "writing"
    ENDED = "ended"


Finished = Callable[[Report | None, Trouble | None], None]
"""Told what became of it, and the trouble whose field a person wants to go to."""


class ReviewScreen(WorkScreen):
    """Plans wishes, shows the plan, asks, writes, and says what became of each; keeps what was typed throughout."""

    part = Where.REVIEW

    def __init__(
        self,
        desk: ChangeDesk,
        wishes: Sequence[Wish],
        *,
        title: str,
        finished: Finished,
        can_show: bool = False,
        ask: bool = False,
    ) -> None:
        """``can_show`` says that a field can be gone to; ``ask`` goes straight to the question."""
        super().__init__()
        self._desk = desk
        self._wishes = tuple(wishes)
        self._heading = title
        self._finished = finished
        self._can_show = can_show
        self._ask_at_once = ask
        self._decide_next = False
        self._stopped = False
        self.attention = Attention()
        self._is_heeded = True
        """False when the last key was typed before the plan was on the screen."""
        self._said = ""
        """Why conflicts come up now."""
        self.phase = Phase.TRYING
        self.plan: Plan | None = None
        self.report: Report | None = None
        """What became of the last attempt."""
        self._earlier: list[Outcome] = []
        """What earlier attempts wrote, or may have written."""
        self._left_out: set[int] = set()
        self._progress = Progress(PLANNING, len(self._wishes))
        self._work: asyncio.Task[None] | None = None
        self._sides: bool | None = None
        """Side by side; None leaves it to the width."""
        self._whole = False
        self.handlers |= {
            "review.apply": self.write,
            "review.decide": self.decide,
            "review.field": self.go_to_field,
            "review.retry": self.try_again,
            "review.anew": self.make_anew,
            "review.onto": self.lay_over,
            "review.pick": self.pick,
            "review.pick-all": self.pick_all,
            "review.sides": self.other_view,
            "review.whole": self.whole_object,
        }

    def on_mount(self) -> None:
        """Try it at once."""
        super().on_mount()
        self.k9.flushing.watch(self, self.draw)
        self._plan(self._wishes)

    def on_unmount(self) -> None:
        """Whatever was under way ends with the screen; a write that was sent is in the journal."""
        self.k9.flushing.forget(self)
        if self._work is not None:
            self._work.cancel()

    # ------------------------------------------------------------------ planning

    def _plan(self, wishes: Sequence[Wish]) -> None:
        self._wishes = tuple(wishes)
        self.phase, self.plan, self.report = Phase.TRYING, None, None
        self._left_out.clear()
        self._progress = Progress(PLANNING, len(self._wishes))
        self._work = self.k9.start_loudly(self._planned(), name="plan a change")
        self.draw()

    async def _planned(self) -> None:
        try:
            self.plan = await self._desk.gate.plan(
                self._wishes, namespace=self.k9.scope.single, on_stage=self._take_stage
            )
        except K9Error:
            self._leave(None)
            raise
        self.phase = Phase.SHOWN
        self.text.home()
        self.draw()
        self.attention.await_paint(self)
        if self._ask_at_once and self.plan.ready and self.plan.pending and not self.refusal_to_write():
            self.write()
        self._ask_at_once = False
        if self._decide_next:
            self._decide_next = False
            self.decide()

    def _take_stage(self, report: StageReport) -> None:
        self._progress.take(report)
        self.k9.flushing.wake(self)

    # ------------------------------------------------------------------ what is chosen

    @property
    def changes(self) -> Sequence[PlannedChange]:
        """The changes of the plan."""
        return self.plan.changes if self.plan is not None else ()

    @property
    def current(self) -> PlannedChange | None:
        """The change that is looked at."""
        changes = self.changes
        return changes[min(self.list.at, len(changes) - 1)] if changes else None

    @property
    def _chosen(self) -> Plan | None:
        if self.plan is None:
            return None
        return self.plan.only([index for index in range(len(self.changes)) if index not in self._left_out])

    def pick(self) -> None:
        """Leave the object out, or take it in again; go on to the next."""
        self._left_out ^= {self.list.at}
        self.list.step(1)
        self.draw()

    def pick_all(self) -> None:
        """Take all in, or leave all out when all are in."""
        self._left_out = set() if self._left_out else set(range(len(self.changes)))
        self.draw()

    # ------------------------------------------------------------------ writing

    def refusal_to_write(self) -> str:
        """Return why nothing can be written now; empty when it can."""
        chosen = self._chosen
        if self.phase is Phase.TRYING:
            return "It is still being tried; esc cancels"
        if self.phase is not Phase.SHOWN or chosen is None:
            return "It is written already" if self.phase is Phase.ENDED else "It is being written"
        if not chosen.changes:
            return "Everything is left out; space takes an object in again"
        blocked = next((change for change in chosen.changes if not change.ready), None)
        if blocked is not None:
            way = "c decides" if blocked.conflicts else "mend it"
            return (
                f"{blocked.title} stands in the way: {way}{', or space leaves it out' if len(self.changes) > 1 else ''}"
            )
        return "" if chosen.pending else "There is nothing to write: it is so already"

    def write(self) -> None:
        """Ask where that is called for, then write."""
        reason = self.refusal_to_write()
        if not reason and self._is_read and not self._is_heeded:
            reason = "typed before the plan could be read: not taken"
        if reason:
            raise ChangeError(reason)
        self.phase, self._stopped = Phase.ASKING, False
        self._progress = Progress(WRITING, len(self._chosen.pending) if self._chosen else 0)
        self._work = self.k9.start_loudly(self._written(), name="write a change")
        self.draw()

    async def _written(self) -> None:
        chosen = self._chosen
        assert chosen is not None
        try:
            self.report = await self._desk.gate.carry_out(
                chosen, self._confirm, on_stage=self._take_stage, go_on=lambda: not self._stopped
            )
        except ChangeError as error:
            self.phase = Phase.SHOWN
            self.draw()
            if error.remedy or "not confirmed" not in str(error):
                raise
            return
        self.phase = Phase.ENDED
        self.text.home()
        self.draw()
        if self.report.done:
            self._leave(self._whole_report())
        elif any(one.conflicts for one in self.report.outcomes):
            self._said = "somebody wrote these fields after you began; nothing of this was written"
            self.decide()

    @property
    def _is_read(self) -> bool:
        """True when the key that writes is answer enough: the plan stands here, and all of it is new and plain."""
        chosen = self._chosen
        return chosen is not None and not self._ask_at_once and self._desk.gate.question(chosen).is_plain

    async def _confirm(self, question: Question) -> Answer:
        """Ask a person, unless the key that began this was the answer."""
        if self._is_read:
            self.phase = Phase.WRITING
            self.draw()
            return Answer(go=True)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def take(answer: Answer | None) -> None:
            if not answered.done():
                answered.set_result(answer or Answer(go=False))

        glyphs = self.k9.look.glyphs
        ask = Ask(
            question.text,
            reviewtext.question_lines(question, glyphs),
            yes=reviewtext.verb_of(question.plan),
            no="Not now",
            type_this=question.type_this,
            is_grave=reviewtext.is_grave(question),
        )
        await self.k9.push_screen(ConfirmScreen(self.k9.look, ask), take)
        answer = await answered
        if answer.go:
            self.phase = Phase.WRITING
            self.draw()
        return answer

    # ------------------------------------------------------------------ what follows

    def try_again(self) -> None:
        """Plan again what is not written yet."""
        if self.report is not None:
            self._earlier += [one for one in self.report.outcomes if one.state in (State.WRITTEN, State.UNCERTAIN)]
        self._plan(self.report.unfinished if self.report is not None else self._wishes)

    def decide(self) -> None:
        """Decide conflicts field by field; after a write that met one it is planned again first."""
        if self.report is not None:
            self._decide_next = True
            self.try_again()
            return
        conflicting = [(index, change) for index, change in enumerate(self.changes) if change.conflicts]
        if conflicting:
            self.k9.push_screen(ConflictScreen(conflicting, decided=self._decided, said=self._said))

    def _decided(self, wishes: Mapping[int, Wish]) -> None:
        """Plan again as decided; what was left out stays so."""
        left_out = set(self._left_out)
        self._plan([wishes.get(index, change.wish) for index, change in enumerate(self.changes)])
        self._left_out = left_out

    @property
    def _gone(self) -> bool:
        """True when the object that is looked at was edited and is gone."""
        change = self.current
        if change is None or self.report is not None or change.wish.deed is not Deed.UPDATE or change.live is not None:
            return False
        return any(trouble.error is None and trouble.stage is Stage.DRY_RUN for trouble in change.troubles)

    def make_anew(self) -> None:
        """Plan an object that is gone as a new one, with everything that was typed."""
        gone = self.current
        self._plan([made_anew(one.wish) if one is gone else one.wish for one in self.changes])

    @property
    def _replaced(self) -> Object | None:
        """The object that has taken the place of the edited one that is looked at."""
        change = self.current
        base = change.wish.base if change is not None and change.wish.deed is Deed.UPDATE else None
        if change is None or change.live is None or base is None or self.report is not None:
            return None
        return change.live if base["metadata"].get("uid") not in (None, change.live["metadata"]["uid"]) else None

    def lay_over(self) -> None:
        """Plan the same edit of the object that was made anew; nothing of it is taken for granted."""
        live, gone = self._replaced, self.current
        if live is not None:
            self._plan([laid_over(one.wish, live) if one is gone else one.wish for one in self.changes])

    def go_to_field(self) -> None:
        """Go back to the field that is wrong."""
        change = self.current
        trouble = change.troubles[0] if change is not None and change.troubles else None
        self._leave(self._whole_report(), trouble)

    def go_back(self) -> None:
        """Leave; what was not written is not written."""
        if self.phase is Phase.WRITING:
            self._stopped = True
            self.k9.flash_text("Stopping: what is on its way is waited for, the rest is not written")
            return
        if self._work is not None:
            self._work.cancel()
        self._leave(self._whole_report())

    def _whole_report(self) -> Report | None:
        """Return what every attempt wrote together; None when nothing was."""
        plan = self.report.plan if self.report is not None else self.plan
        last: Sequence[Outcome] = ()
        if self.report is not None:
            last = self.report.outcomes
        elif self._earlier and plan is not None:
            # Looked at again: what is so already came of the attempt before.
            there = (one for one in plan.changes if one.ready and one.effect is Effect.NOTHING)
            last = [Outcome(one, State.UNCHANGED, one.live) for one in there]
        known = [one.change.wish for one in last]
        earlier = [one for one in self._earlier if not any(one.change.wish is wish for wish in known)]
        outcomes = (*earlier, *last)
        touched = any(one.state in (State.WRITTEN, State.UNCERTAIN) for one in (*self._earlier, *outcomes))
        done = self.report is not None and self.report.done
        return Report(plan, outcomes) if plan is not None and (touched or done) else None

    def _leave(self, report: Report | None, trouble: Trouble | None = None) -> None:
        if self.is_current:
            self.dismiss()
        self._finished(report, trouble)

    # ------------------------------------------------------------------ keys

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here, and remember whether it can be an answer to the plan."""
        self._is_heeded = self.attention.takes(event.time)
        await super().on_key(event)

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now."""
        change, ended = self.current, self.phase is Phase.ENDED
        match action.id:
            case "review.apply":
                return self.refusal_to_write()
            case "review.decide":
                return "" if change is not None and self._conflicts() else "There is no conflict to decide"
            case "review.anew":
                return "" if self._gone else "It is not gone: there is nothing to make again"
            case "review.onto":
                return "" if self._replaced is not None else "The object is the one that was edited"
            case "review.field":
                wrong = self._can_show and change is not None and reviewtext.has_place(change)
                return "" if wrong else "There is no field to go to"
            case "review.retry":
                again = self.report is not None and not self.report.done
                again = again or (self.phase is Phase.SHOWN and any(one.troubles for one in self.changes))
                return "" if again else "There is nothing to try again"
            case "review.pick" | "review.pick-all":
                return "" if len(self.changes) > 1 and not ended else "There is one object: esc leaves it as it is"
            case "review.sides":
                both = change is not None and change.diff.before is not None and change.diff.after is not None
                return "" if both else "There is one side only"
            case "review.whole":
                part = change is not None and (change.effect is Effect.CHANGES or change.troubles)
                return "" if part else "Everything is shown"
        return ""

    def _conflicts(self) -> bool:
        return any(one.conflicts for one in self.changes) or any(
            one.conflicts for one in (self.report.outcomes if self.report is not None else ())
        )

    def other_view(self) -> None:
        """Show the difference the other way."""
        self._sides = not self._side_by_side
        self.draw()

    def whole_object(self) -> None:
        """Show what stays the same too, or only what changes."""
        self._whole = not self._whole
        self.draw()

    # ------------------------------------------------------------------ drawing

    @property
    def _side_by_side(self) -> bool:
        return self.app.size.width >= SIDES_FROM if self._sides is None else self._sides

    def draw(self) -> None:
        """Bring everything up to date."""
        if not self.is_mounted:
            return
        glyphs = self.k9.look.glyphs
        items = self._items()
        self.list.show(items)
        self.show_list(shown=len(items) > 1)
        self.query_one("#work-title", Bar).show(
            ((" review ", Tone.ACCENT), (safe_line(self._heading), Tone.PLAIN)), ((f"{self._count()} ", Tone.DIM),)
        )
        steps = self._progress.spans(glyphs)
        way: Spans = ()
        if self.phase in (Phase.SHOWN, Phase.ASKING):
            ready = self.plan is not None and self.plan.ready
            steps = ((f" {reviewtext.plan_summary(self.changes)} ", Tone.PLAIN if ready else Tone.WARN),)
            way = self._way()
        elif self.phase is Phase.ENDED and self.report is not None:
            done = self.report.done
            steps = ((f" {reviewtext.outcome_summary(self.report.outcomes)} ", Tone.OK if done else Tone.BAD),)
        self.query_one("#work-steps", Bar).show(steps, way)
        self.text.set_lines(self._lines())
        self.show_keys()

    def _way(self) -> Spans:
        """Return what the key that writes would do, where no question follows that says so."""
        action, chosen = self.k9.actions.get("review.apply"), self._chosen
        is_said = self.phase is Phase.SHOWN and self._is_read and not self.refusal_to_write()
        if not is_said or chosen is None or action is None or not action.keys:
            return ()
        return reviewtext.way_spans(chosen, key_text(action.keys[0], self.k9.look.glyphs))

    def _count(self) -> str:
        change = self.current
        if self.phase is Phase.TRYING or change is None:
            return self._desk.gate.policy.context
        where = f"{self._desk.gate.policy.context}"
        return f"{counts_text(change.diff)}  {where}" if change.effect is Effect.CHANGES else where

    def _items(self) -> list[Item]:
        if self.report is not None:
            return reviewtext.outcome_items(self.report.outcomes)
        if self.plan is not None:
            return reviewtext.planned_items(self.changes, self._left_out)
        items = []
        for index, wish in enumerate(self._wishes):
            steps = self._progress.of(index)
            word = steps[-1].stage.value if steps else "waits"
            items.append(Item(f"{wish.ref.kind}/{wish.ref.name}", word, Tone.DIM))
        return items

    def _lines(self) -> list[Line]:
        glyphs, change = self.k9.look.glyphs, self.current
        if self.report is not None:
            lines: list[Line] = []
            if self.report.outcomes:
                outcome = self.report.outcomes[min(self.list.at, len(self.report.outcomes) - 1)]
                lines = hanging(reviewtext.outcome_lines(outcome, glyphs), self.app.size.width)
                change = outcome.change
            return [*lines, (), *self._diff(change)] if change is not None else lines
        if change is None:
            steps = self._progress.of(self.list.at)
            lines = reviewtext.steps_lines(steps, glyphs) or [plain(" Asking the server", Tone.DIM)]
            return hanging(lines, self.app.size.width)
        return reviewtext.change_lines(
            change, glyphs, width=self.app.size.width, sides=self._side_by_side, whole=self._whole
        )

    def _diff(self, change: PlannedChange) -> list[Line]:
        return diff_lines(
            change.diff, self.k9.look.glyphs, width=self.app.size.width, sides=self._side_by_side, whole=self._whole
        )
