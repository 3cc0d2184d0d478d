"""The follow board: what happens after a write, step by step with its time, what blocks it and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.changes.advice import Advice, Move, advice_for
from k9py.changes.model import Deed, Report
from k9py.changes.steps import Board, BoardState, Step, StepState
from k9py.core.refs import ObjectRef
from k9py.core.text import safe_line
from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.changing.changelist import Item
from k9py.ui.changing.following import Followed, Following
from k9py.ui.changing.laying import hanging
from k9py.ui.changing.workscreen import WorkScreen
from k9py.ui.detail import EVENTS
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, plain

if TYPE_CHECKING:
    from k9py.ui.changing.desk import ChangeDesk

LABELS = {
    "applied": "applied", "scaled": "replicas", "replicaset": "ReplicaSet", "pods": "pods", "scheduled": "nodes",
    "pulled": "images",
    "started": "started", "ready": "ready", "retired": "old pods", "endpoints": "endpoints", "bound": "volume",
    "active": "active", "gone": "gone", "superseded": "superseded", "answering": "answering", "address": "address",
    "complete": "complete", "next": "next run", "last": "last run",
}  # fmt: skip
LABEL_CELLS = 12
TEXT_CELLS = 58
"""Cells of a step's text, so that the times stand in one column."""
_TONES = {
    StepState.DONE: Tone.OK, StepState.RUNNING: Tone.PLAIN, StepState.WAITING: Tone.DIM, StepState.BLOCKED: Tone.BAD,
    StepState.SKIPPED: Tone.DIM,
}  # fmt: skip
_STATES = {
    BoardState.RUNNING: ("on its way", Tone.PLAIN), BoardState.CONVERGED: ("done", Tone.OK),
    BoardState.BLOCKED: ("blocked", Tone.BAD), BoardState.SUPERSEDED: ("superseded", Tone.WARN),
    BoardState.GONE: ("gone", Tone.WARN),
}  # fmt: skip
_KEYS = {
    Move.UNDO: ("u", "undo"), Move.IMAGE: ("i", "set image"), Move.LOGS: ("l", "logs"), Move.POD: ("p", "pod"),
    Move.EVENTS: ("e", "events"), Move.OBJECT: ("p", "object"),
}  # fmt: skip


def step_lines(step: Step, took: float | None, glyphs: Glyphs) -> list[Line]:
    """Return one step: sign, name, text, how long it took; and what the cluster said when it is blocked."""
    signs = {
        StepState.DONE: glyphs.done, StepState.RUNNING: glyphs.busy, StepState.BLOCKED: glyphs.bad,
        StepState.WAITING: glyphs.separator, StepState.SKIPPED: glyphs.separator,
    }  # fmt: skip
    tone = _TONES[step.state]
    text = safe_line(step.text)
    line: Line = ((f" {signs[step.state]} {LABELS.get(step.id, step.id):<{LABEL_CELLS}}", tone), (text, Tone.PLAIN))
    if took is not None and step.state is StepState.DONE and took >= 0.05:
        line = (*line, (f"{' ' * max(2, TEXT_CELLS - len(text))}{took:.1f}s", Tone.DIM))
    lines = [line]
    if step.state in (StepState.BLOCKED, StepState.RUNNING):
        lines += [plain(f"{' ' * (LABEL_CELLS + 3)}{safe_line(said)}", Tone.DIM) for said in step.evidence]
    return lines


def board_lines(one: Followed, glyphs: Glyphs) -> list[Line]:
    """Return the board of one object, and what to do when it is blocked."""
    board = one.board
    if board is None:
        return [plain(f" {glyphs.busy} the server has it; looking what happens", Tone.DIM)]
    lines: list[Line] = []
    if one.outcome.text:
        lines.append(((f" {glyphs.warn} ", Tone.WARN), (safe_line(one.outcome.text), Tone.PLAIN)))
    for step in board.steps:
        named = _applied(one, step) if step.id == "applied" else step
        lines += step_lines(named, one.took.get(step.id), glyphs)
    if board.blocked is not None:
        lines += [(), plain(" What to do", Tone.ACCENT), *(_advice_line(two, glyphs) for two in advice_of(one))]
    return lines


def _applied(one: Followed, step: Step) -> Step:
    meta = (one.outcome.result or {}).get("metadata") or {}
    # Of scaling the server answers with a Scale, which has no generation: what is at hand is the one before.
    known = meta.get("generation") and one.outcome.change.wish.deed is not Deed.SCALE
    generation = f", generation {meta['generation']}" if known else ""
    return Step(step.id, step.state, f"{one.outcome.change.title} {one.outcome.verb}{generation}")


def advice_of(one: Followed) -> list[Advice]:
    """Return what to do about an object that is blocked."""
    return advice_for(one.outcome.change, one.blocked) if one.blocked is not None else []


def _advice_line(advice: Advice, glyphs: Glyphs) -> Line:
    key, title = _KEYS[advice.move]
    if advice.value:
        title = f"{title} to {advice.value}"
    return ((f"   {safe_line(advice.text)} {glyphs.arrow} ", Tone.PLAIN), (f"{key} {title}", Tone.ACCENT))


class BoardScreen(WorkScreen):
    """Shows a following; leaving it does not end it."""

    part = Where.BOARD
    stays = False

    def __init__(self, desk: ChangeDesk, following: Following) -> None:
        super().__init__()
        self._desk = desk
        self._following = following
        self.handlers |= {
            "board.undo": self.undo,
            "board.image": self.set_image,
            "board.pod": self.go_to_pod,
            "board.logs": self.logs,
            "board.events": self.events,
        }

    def on_mount(self) -> None:
        """Follow from now on."""
        self._following.watched = True
        self._following.on_change = lambda: self.k9.flushing.wake(self)
        self.k9.flushing.watch(self, self.draw, tick=lambda _ages: self.draw())
        super().on_mount()

    def on_unmount(self) -> None:
        """It goes on without being looked at."""
        self._following.leave()
        self.k9.flushing.forget(self)

    # ------------------------------------------------------------------ which

    @property
    def current(self) -> Followed:
        """The object that is looked at."""
        objects = self._following.objects
        return objects[min(self.list.at, len(objects) - 1)]

    @property
    def _pod(self) -> str:
        return self.current.blocked.pod if self.current.blocked is not None else ""

    # ------------------------------------------------------------------ actions

    def undo(self) -> None:
        """Take back everything that was written together."""
        self._desk.undo_series(self._following.report.plan.series, done=self._written)

    def _written(self, report: Report | None) -> None:
        """Another change of the same objects was written: this board gives way to the next one."""
        if report is not None and self.is_current:
            self.dismiss()

    def set_image(self) -> None:
        """Ask for another image of the container that cannot be pulled."""
        one = self.current
        change = one.outcome.change
        if change.resource is None:
            return
        advised = next((two.value for two in advice_of(one) if two.move is Move.IMAGE), "")
        container = one.blocked.container if one.blocked is not None else ""
        self._desk.direct.image(change.resource, change.ref, container=container, offer=advised, done=self._written)

    def go_to_pod(self) -> None:
        """Go to the pod that is blocked, or to the object."""
        change, pod = self.current.outcome.change, self._pod
        if pod:
            self._desk.go_to("pods", change.ref.namespace, pod)
        elif change.resource is not None:
            self._desk.go_to(change.resource.id, change.ref.namespace, change.ref.name)

    def logs(self) -> None:
        """Show what the blocked pod writes."""
        change, step = self.current.outcome.change, self.current.blocked
        if step is not None and step.pod:
            pod = ObjectRef("Pod", change.ref.namespace, step.pod, "v1")
            self.k9.rooms.pods.open_container_logs(pod, step.container, previous=step.id == "started")

    def events(self) -> None:
        """Show what happened to the blocked pod, or to the object."""
        change, pod = self.current.outcome.change, self._pod
        kind = "pods" if pod else change.resource.id if change.resource is not None else ""
        if kind:
            self._desk.go_to(kind, change.ref.namespace, pod or change.ref.name, detail=EVENTS)

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now."""
        if action.id == "board.logs" and not self._pod:
            return "No pod is stuck: there is no log to look at"
        if action.id == "board.image":
            step = self.current.blocked
            if step is None or step.id != "pulled":
                return "No image is in the way"
        if action.id == "board.undo" and self._following.is_leaving:
            return "It is still there: what is being deleted can be made again once it is gone"
        return ""

    # ------------------------------------------------------------------ drawing

    def draw(self) -> None:
        """Bring everything up to date."""
        if not self.is_mounted:
            return
        following, glyphs = self._following, self.k9.look.glyphs
        self.list.show([self._item(one) for one in following.objects])
        self.show_list(shown=len(following.objects) > 1)
        age = following.age
        ago = f"written {age:.0f} s ago" if not following.ended else "followed to its end"
        self.query_one("#work-title", Bar).show(
            ((" board ", Tone.ACCENT), (safe_line(following.title), Tone.PLAIN)), ((f"{ago} ", Tone.DIM),)
        )
        text, tone = self._state()
        self.query_one("#work-steps", Bar).show(((f" {text}", tone),))
        self.text.set_lines(hanging(board_lines(self.current, glyphs), self.app.size.width, LABEL_CELLS + 3))
        self.show_keys()

    def _state(self) -> tuple[str, Tone]:
        following = self._following
        if following.ended or any(one.blocked for one in following.objects):
            text, tone = following.summary()
            return safe_line(text.partition(". U ")[0]), tone
        done = sum(one.state is BoardState.CONVERGED for one in following.objects)
        if done == len(following.objects):
            return "ready; watching a few seconds more whether it stays so", Tone.PLAIN
        count = f"{done} of {len(following.objects)} done; " if len(following.objects) > 1 else ""
        return f"{count}on its way; esc leaves it, and you are told how it ends", Tone.DIM

    def _item(self, one: Followed) -> Item:
        word, tone = _STATES[one.state]
        return Item(one.outcome.change.title, word, tone, safe_line(_now(one.board)), one.outcome.change.short_title)


def _now(board: Board | None) -> str:
    if board is None:
        return ""
    done = [step for step in board.steps if step.state is StepState.DONE]
    return (board.blocked or board.current or (done or board.steps)[-1]).text
