"""What a review says of one change: what is wrong, what to know, what differs, what became of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence

from k9py.changes.board import WITH_PODS
from k9py.changes.model import (
    Deed,
    Effect,
    Notice,
    NoticeKind,
    Outcome,
    Plan,
    PlannedChange,
    Question,
    StageReport,
    StageState,
    State,
    Trouble,
    Weight,
)
from k9py.changes.owners import describe_conflict
from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.changing.changelist import Item
from k9py.ui.changing.difflines import counts_text, diff_lines
from k9py.ui.changing.laying import hanging
from k9py.ui.changing.refusedtext import refused_lines
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Spans
from k9py.ui.textview import Line, plain

_GRAVE = frozenset({NoticeKind.LOST, NoticeKind.GOES_TOO, NoticeKind.IN_USE})
_TONES = {NoticeKind.SERVER: Tone.WARN, NoticeKind.ADVICE: Tone.PLAIN}
_STATES = {
    State.WRITTEN: Tone.OK, State.UNCHANGED: Tone.DIM, State.FAILED: Tone.BAD, State.UNCERTAIN: Tone.WARN,
    State.HELD_BACK: Tone.DIM,
}  # fmt: skip


def notice_line(notice: Notice, glyphs: Glyphs) -> Line:
    """Return a notice with what it is about."""
    tone = Tone.BAD if notice.kind in _GRAVE else _TONES.get(notice.kind, Tone.WARN)
    sign = glyphs.separator if notice.kind is NoticeKind.ADVICE else glyphs.warn
    return ((f" {sign} {notice.kind.word}: ", tone), (safe_line(notice.text), Tone.PLAIN))


def trouble_lines(trouble: Trouble, glyphs: Glyphs) -> list[Line]:
    """Return what is wrong, where, and what would be right."""
    lines: list[Line] = [((f" {glyphs.bad} ", Tone.BAD), (safe_line(trouble.text), Tone.BAD))]
    if trouble.remedy:
        lines.append(plain(f"     {safe_line(trouble.remedy)}"))
    return lines


def steps_lines(reports: Iterable[StageReport], glyphs: Glyphs) -> list[Line]:
    """Return how far one change is."""
    signs = {
        StageState.RUNNING: (glyphs.busy, Tone.PLAIN), StageState.DONE: (glyphs.done, Tone.OK),
        StageState.REFUSED: (glyphs.bad, Tone.BAD),
    }  # fmt: skip
    lines: list[Line] = []
    for report in reports:
        sign, tone = signs[report.state]
        text = safe_line(report.text) if report.state is StageState.REFUSED else ""
        lines.append(((f" {sign} {report.stage.value:<12}", tone), (text, Tone.PLAIN)))
    return lines


def change_lines(change: PlannedChange, glyphs: Glyphs, *, width: int, sides: bool, whole: bool) -> list[Line]:
    """Return everything to know before a change is confirmed."""
    lines: list[Line] = []
    for trouble in change.troubles:
        lines += trouble_lines(trouble, glyphs)
    for conflict in change.conflicts:
        lines.append(((f" {glyphs.warn} ", Tone.WARN), (safe_line(describe_conflict(conflict)), Tone.PLAIN)))
    if change.conflicts:
        ways = "take, keep or force" if change.wish.deed is Deed.APPLY else "take theirs or force yours"
        lines.append(plain(f"     c decides {'it' if len(change.conflicts) == 1 else 'them'}: {ways}"))
    lines = hanging([*lines, *(notice_line(notice, glyphs) for notice in change.notices)], width)
    difference = _difference(change, glyphs, width=width, sides=sides, whole=whole)
    if lines and difference:
        lines.append(())
    if not difference and change.ready:
        return [*lines, *hanging(_unchanged(change, glyphs), width)]
    return lines + difference


def _unchanged(change: PlannedChange, glyphs: Glyphs) -> list[Line]:
    """Return why there is nothing to write."""
    if change.wish.deed is Deed.DELETE:
        return [((f" {glyphs.done} ", Tone.OK), (f"{change.title} is not there: nothing to delete", Tone.PLAIN))]
    what = "every field that was typed has this value already"
    return [
        ((f" {glyphs.done} ", Tone.OK), (f"{change.title} is unchanged: {what}", Tone.PLAIN)),
        plain("   Nothing is written for it, and nothing has to be", Tone.DIM),
    ]


def _difference(change: PlannedChange, glyphs: Glyphs, *, width: int, sides: bool, whole: bool) -> list[Line]:
    """Return what a change would change; of one that is refused and makes something new, the lines that are wrong."""
    if change.troubles and change.live is None:
        return [] if change.wish.deed is Deed.DELETE else refused_lines(change, glyphs, whole=whole)
    return diff_lines(change.diff, glyphs, width=width, sides=sides, whole=whole)


def outcome_lines(outcome: Outcome, glyphs: Glyphs) -> list[Line]:
    """Return what became of a change, and what to do about it."""
    sign = {True: glyphs.done, False: glyphs.bad}[outcome.done]
    sign = {State.UNCERTAIN: glyphs.warn, State.HELD_BACK: glyphs.separator}.get(outcome.state, sign)
    tone = _STATES[outcome.state]
    lines: list[Line] = [((f" {sign} {outcome.verb}", tone), (_said(outcome.text), Tone.PLAIN))]
    remedy = outcome.error.remedy if outcome.error is not None else ""
    if remedy:
        lines.append(plain(f"     {safe_line(remedy)}"))
    for conflict in outcome.conflicts:
        lines.append(((f"   {glyphs.warn} ", Tone.WARN), (safe_line(describe_conflict(conflict)), Tone.PLAIN)))
    if not outcome.done:
        lines.append(plain(f"     {_next(outcome)}", Tone.DIM))
    return lines


def _said(text: str) -> str:
    return f": {safe_line(text)}" if text else ""


def _next(outcome: Outcome) -> str:
    if outcome.conflicts:
        return "c decides field by field, then it is planned again; nothing of yours is lost"
    if outcome.state is State.UNCERTAIN:
        return "r looks again what is there and shows what is still missing; it is never sent twice unseen"
    return "r plans it again; what you typed is kept"


def has_place(change: PlannedChange) -> bool:
    """Return whether what is wrong is wrong at a field, and not with the object as a whole."""
    return bool(change.troubles) and bool(change.troubles[0].field or change.troubles[0].problem)


def effect_text(change: PlannedChange) -> str:
    """Return what a change would do, in a word."""
    if change.troubles:
        return "refused"
    if change.conflicts:
        return "conflict"
    return _PLANNED[change.effect]


_PLANNED = {Effect.NOTHING: "same", Effect.CREATES: "create", Effect.CHANGES: "change", Effect.DELETES: "delete"}


def effect_tone(change: PlannedChange) -> Tone:
    """Return the tone of that word."""
    if change.troubles:
        return Tone.BAD
    if change.conflicts:
        return Tone.WARN
    return {Effect.DELETES: Tone.BAD, Effect.NOTHING: Tone.DIM, Effect.CREATES: Tone.NEW}.get(change.effect, Tone.PLAIN)


def change_detail(change: PlannedChange) -> str:
    """Return the rest of a change's line in the list: where it goes, how much changes, the first thing to know."""
    parts = [change.ref.namespace] if change.ref.namespace else []
    if change.ready and change.effect is Effect.CHANGES:
        parts.append(counts_text(change.diff))
    first = change.troubles[0].text if change.troubles else next((n.text for n in change.notices), "")
    return "  ".join([*parts, *([safe_line(first)] if first else [])])


def planned_items(changes: Sequence[PlannedChange], left_out: Container[int]) -> list[Item]:
    """Return the list of a plan."""
    return [
        Item(
            change.title, effect_text(change), effect_tone(change), change_detail(change), change.short_title,
            index not in left_out,
        )
        for index, change in enumerate(changes)
    ]  # fmt: skip


def outcome_items(outcomes: Sequence[Outcome]) -> list[Item]:
    """Return the list of what became of a plan."""
    return [
        Item(one.change.title, one.verb, outcome_tone(one), safe_line(one.text), one.change.short_title)
        for one in outcomes
    ]


def plan_summary(changes: Sequence[PlannedChange]) -> str:
    """Return what a plan would do, in numbers: ``2 create · 1 change``; that it would change nothing, in words."""
    if changes and all(change.ready and change.effect is Effect.NOTHING for change in changes):
        return f"nothing to write: {'it is' if len(changes) == 1 else f'all {len(changes)} objects are'} so already"
    counted = Counter(effect_text(change) for change in changes)
    return " · ".join(f"{count} {word}" for word, count in counted.items())


def outcome_tone(outcome: Outcome) -> Tone:
    """Return the tone of what became of a change."""
    return _STATES[outcome.state]


def outcome_summary(outcomes: Sequence[Outcome]) -> str:
    """Return what became of a plan, in numbers."""
    counted = Counter(outcome.verb for outcome in outcomes)
    return " · ".join(f"{count} {word}" for word, count in counted.items())


# the question


VOLUMES = frozenset({"PersistentVolume", "PersistentVolumeClaim"})
"""Kinds that only say where data is."""
SHOWN = 6
"""Objects named in the question; the rest is a number."""


def question_lines(question: Question, glyphs: Glyphs) -> list[Line]:
    """Return what there is to know for answering: the objects, what goes with them, how to take it back."""
    pending = question.plan.pending
    lines: list[Line] = []
    if len(pending) > 1:
        for change in pending[:SHOWN]:
            lines.append(((f" {change.title} ", Tone.PLAIN), (effect_text(change), effect_tone(change))))
        if len(pending) > SHOWN:
            lines.append(plain(f" and {len(pending) - SHOWN} more", Tone.DIM))
    said: dict[Notice, list[str]] = {}
    for change in pending:
        for notice in change.notices:
            if notice.kind not in (NoticeKind.ADVICE, NoticeKind.UNSEEN):
                said.setdefault(notice, []).append(change.title)
    for notice, titles in said.items():
        line = notice_line(notice, glyphs)
        if len(pending) > 1:
            whose = (
                titles[0] if len(titles) == 1 else f"{len(titles)} of them" if len(titles) < len(pending) else "each"
            )
            line = (*line, (f"  ({whose})", Tone.DIM))
        lines.append(line)
    for reason in question.unseen:
        lines.append(((f" {glyphs.warn} ", Tone.WARN), (safe_line(reason), Tone.PLAIN)))
    lines.append(plain(f" {undo_sentence(question.plan)}", Tone.DIM))
    return lines


def undo_sentence(plan: Plan) -> str:
    """Return how the changes of a plan are taken back afterwards, and what that cannot bring back."""
    effects = {change.effect for change in plan.pending}
    if _takes_back(plan):
        return "H lists it; u there takes this back in turn"
    if effects == {Effect.CREATES}:
        return "U takes it back: what was made is deleted again"
    if effects == {Effect.CHANGES}:
        return "U takes it back: the fields become what they were"
    if Effect.DELETES not in effects:
        return "U takes it back"
    kinds = {change.ref.kind for change in plan.pending if change.effect is Effect.DELETES}
    is_lost = any(notice.kind is NoticeKind.LOST for change in plan.pending for notice in change.notices)
    if kinds <= VOLUMES and not is_lost:
        return "U makes it again, as a new object; what the volume holds is not touched by this"
    if plan.weight is Weight.DESTROYS_MUCH:
        return "U makes it again as a new and empty object; what was in it does not come back"
    if kinds == {"Pod"}:
        return "Its owner makes another pod; one without an owner U makes again, with another address"
    if any(change.secret for change in plan.pending):
        return "U makes it again, until this program ends: the values of Secrets are kept in memory only"
    return f"U makes it again, as a new object{' with new pods' if kinds & WITH_PODS else ''}"


def _takes_back(plan: Plan) -> bool:
    return all(change.wish.undoes for change in plan.pending)


def way_spans(plan: Plan, key: str) -> Spans:
    """Return what a key would do at once with a plan that only makes things."""
    what = "it" if len(plan.pending) == 1 else f"all {len(plan.pending)}"
    return ((f"{key} ", Tone.ACCENT), (f"makes {what} at once; U takes it back ", Tone.DIM))


def is_grave(question: Question) -> bool:
    """Return whether something is lost by a yes."""
    return question.weight >= Weight.DESTROYS


def verb_of(plan: Plan) -> str:
    """Return what the yes of a question says."""
    effects = {change.effect for change in plan.pending}
    if _takes_back(plan):
        return "Take back"
    if effects == {Effect.DELETES}:
        return "Delete"
    if effects == {Effect.CREATES}:
        return "Create"
    deeds = {change.wish.deed for change in plan.pending}
    return "Scale" if deeds == {Deed.SCALE} else "Change" if effects == {Effect.CHANGES} else "Do it"
