"""The changes made from here in this context, or to one object: when, what, the difference; and taking them back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from k9py.changes.journal import JournalEntry
from k9py.core.ages import human
from k9py.core.refs import ObjectRef
from k9py.core.text import safe_line
from k9py.resources.action import Action, Where
from k9py.resources.model import Tone
from k9py.ui.changing.changelist import Item
from k9py.ui.changing.difflines import SIDES_FROM, counts_text, diff_lines
from k9py.ui.changing.workscreen import WorkScreen
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, plain

if TYPE_CHECKING:
    from k9py.ui.changing.desk import ChangeDesk

NEWEST = 500
"""Changes listed; the command line lists all."""


def is_about(entry: JournalEntry, ref: ObjectRef) -> bool:
    """Return whether a change was to an object of this kind, namespace and name, whatever uid it had."""
    own = entry.ref
    return (own.kind, own.namespace, own.name) == (ref.kind, ref.namespace, ref.name)


def state_words(entry: JournalEntry) -> tuple[str, Tone]:
    """Return what became of a change, in a word."""
    if entry.undone_by:
        return "taken back", Tone.DIM
    if entry.state == "written":
        return entry.effect, Tone.PLAIN
    if entry.state == "intent":
        return "not known", Tone.WARN
    return entry.state, Tone.BAD if entry.state == "failed" else Tone.WARN


def entry_lines(entry: JournalEntry, now: float, glyphs: Glyphs, *, width: int, sides: bool) -> list[Line]:
    """Return one change in full."""
    when = datetime.fromtimestamp(entry.at)
    word, tone = state_words(entry)
    place = f" in {entry.ref.namespace}" if entry.ref.namespace else ""
    head = f" {entry.ref.kind} {entry.ref.name}{place}"
    ago = human(max(0.0, now - entry.at))
    lines: list[Line] = [((safe_line(head), Tone.PLAIN), (f"  {word}", tone))]
    user = f" as {entry.user}" if entry.user else ""
    origin = f", from {entry.origin}" if entry.origin else ""
    moment = f" {when:%Y-%m-%d %H:%M:%S}, {ago} ago{user}{origin}; change {entry.id} of series {entry.series}"
    lines.append(plain(safe_line(moment), Tone.DIM))
    if entry.undoes:
        lines.append(plain(f" it took back {entry.undoes}", Tone.DIM))
    if entry.undone_by:
        lines.append(plain(f" it was taken back by {entry.undone_by}", Tone.DIM))
    if entry.state == "intent":
        lines.append(plain(" the program ended before it knew whether this was written: look at the object", Tone.WARN))
    if entry.text:
        lines.append(plain(f" {safe_line(entry.text)}", Tone.WARN if entry.state != "written" else Tone.PLAIN))
    if entry.secret:
        lines.append(plain(" the values of Secrets are not kept in the journal", Tone.DIM))
    difference = diff_lines(entry.diff, glyphs, width=width, sides=sides)
    return [*lines, (), *(difference or [plain(" it changed nothing that is shown", Tone.DIM)])]


class HistoryScreen(WorkScreen):
    """Lists changes, newest first, the one under the cursor in full."""

    part = Where.HISTORY
    stays = False

    def __init__(self, desk: ChangeDesk, ref: ObjectRef | None) -> None:
        """``ref`` is the object whose changes are shown; None shows all of the context."""
        super().__init__()
        self._desk = desk
        self._ref = ref
        self._only = ref is not None
        self._every: Sequence[JournalEntry] | None = None
        self._elsewhere = 0
        """Changes of other clusters that were called by the name of this context."""
        self._sides: bool | None = None
        self.handlers |= {
            "changes.undo": self.undo,
            "changes.undo-series": self.undo_series,
            "changes.every": self.every,
            "changes.sides": self.other_view,
            "changes.go": self.go_to_object,
        }

    def on_mount(self) -> None:
        """Read the journal."""
        super().on_mount()
        self.read()

    def on_screen_resume(self) -> None:
        """Something may have been taken back meanwhile."""
        if self._every is not None:
            self.read()

    def read(self) -> None:
        """Read the journal again."""
        self.k9.start_loudly(self._read(), name="history")

    async def _read(self) -> None:
        # In a thread: a full journal is 32 MB.
        journal = self._desk.journal
        self._every = list(reversed(await asyncio.to_thread(journal.entries)))
        self._elsewhere = sum((await asyncio.to_thread(journal.elsewhere)).values())
        self.draw()

    # ------------------------------------------------------------------ which

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """What is listed."""
        every = self._every or ()
        if self._only and self._ref is not None:
            return [entry for entry in every if is_about(entry, self._ref)][:NEWEST]
        return every[:NEWEST]

    @property
    def current(self) -> JournalEntry | None:
        """The change under the cursor."""
        entries = self.entries
        return entries[min(self.list.at, len(entries) - 1)] if entries else None

    # ------------------------------------------------------------------ actions

    def undo(self) -> None:
        """Take back this change."""
        if self.current is not None:
            self._desk.undo_entry(self.current.id)

    def undo_series(self) -> None:
        """Take back everything written together with it."""
        if self.current is not None:
            self._desk.undo_series(self.current.series)

    def every(self) -> None:
        """Show the changes of the object, or of the whole context."""
        self._only = not self._only
        self.draw()

    def other_view(self) -> None:
        """Show the difference the other way."""
        self._sides = not self._side_by_side
        self.draw()

    def go_to_object(self) -> None:
        """Go to the object in its list."""
        entry = self.current
        if entry is not None:
            resource = self._desk.session.discovery.of_kind(entry.ref.api_version, entry.ref.kind)
            kind = resource.id if resource is not None else entry.ref.kind
            self._desk.go_to(kind, entry.ref.namespace, entry.ref.name)

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now."""
        entry = self.current
        if action.id == "changes.every":
            return "" if self._ref is not None else "These are all changes made from here"
        if action.id.startswith("changes.") and entry is None and action.id.partition(".")[2] not in _MOVES:
            return "There is no change here"
        if action.id == "changes.undo" and entry is not None:
            if entry.undone_by:
                return "It was taken back already"
            return "It was not written: there is nothing to take back" if entry.state == "failed" else ""
        if action.id == "changes.undo-series" and entry is not None:
            together = sum(one.series == entry.series for one in self._every or ())
            return "" if together > 1 else "Nothing else was written together with it: u takes it back"
        return ""

    # ------------------------------------------------------------------ drawing

    @property
    def _side_by_side(self) -> bool:
        return self.app.size.width >= SIDES_FROM if self._sides is None else self._sides

    def draw(self) -> None:
        """Bring everything up to date."""
        if not self.is_mounted:
            return
        entries, now = self.entries, self._desk.now()
        self.list.show([self._item(entry, now) for entry in entries])
        self.show_list(shown=bool(entries))
        whose = f"{self._ref.kind} {self._ref.name}" if self._only and self._ref is not None else "everything"
        context = self._desk.gate.policy.context
        self.query_one("#work-title", Bar).show(
            ((" changes ", Tone.ACCENT), (safe_line(whose), Tone.PLAIN)),
            ((f"{len(entries):,} in {context} ", Tone.DIM),),
        )
        said = "what was changed from here; what others changed is not in it"
        if self._elsewhere:
            said = f"{self._elsewhere} more were made in another cluster called {context}; they are not shown"
        self.query_one("#work-steps", Bar).show(((f" {said}", Tone.DIM),))
        self.text.set_lines(self._lines(now))
        self.show_keys()

    def _lines(self, now: float) -> list[Line]:
        entry = self.current
        if entry is not None:
            return entry_lines(
                entry, now, self.k9.look.glyphs, width=self.app.size.width, sides=self._side_by_side
            )  # fmt: skip
        if self._every is None:
            return [plain(" Reading the journal", Tone.DIM)]
        if self._only and self._ref is not None and self._every:
            return [plain(f" {self._ref.kind} {self._ref.name} was not changed from here; a shows all changes")]
        return [
            plain(" Nothing was changed from here yet."),
            plain(" Every change made with k9py is listed here with its difference, and can be taken back.", Tone.DIM),
        ]

    def _item(self, entry: JournalEntry, now: float) -> Item:
        word, tone = state_words(entry)
        parts = [f"{human(max(0.0, now - entry.at))} ago", entry.ref.namespace]
        if entry.effect == "configured":
            parts.append(counts_text(entry.diff))
        parts.append(f"takes back {entry.undoes}" if entry.undoes else "")
        return Item(f"{entry.ref.kind}/{entry.ref.name}", word, tone, "  ".join(part for part in parts if part))


_MOVES = frozenset({"up", "down", "page-up", "page-down", "line-up", "line-down", "first", "last"})
