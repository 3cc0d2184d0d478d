"""One live list on the screen: a source, the columns of its kind, a filter, and the table that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.message import Message

from k9py.core.clock import Clock
from k9py.core.errors import FilterError
from k9py.kube.rows import Row, TableColumn
from k9py.kube.states import SyncState
from k9py.resources.cells import valid_column
from k9py.resources.model import Column, KindSpec, RowContext, always_healthy
from k9py.ui.columnlayout import GAP
from k9py.ui.look import Look
from k9py.ui.navigator import View
from k9py.ui.sources import Source
from k9py.ui.table import RowTable

if TYPE_CHECKING:
    from k9py.resources.filters import Filter
    from k9py.ui.browse import BrowseScreen

NAMESPACE_COLUMN = "namespace"

SPARE = 70
"""Cells a pane has beyond what the usual columns need at least from which the wide ones are shown as far as there is
room: 126 for deployments, 180 for pods. Names must not stand alone, and a cell nobody sees must not be computed."""

REGEX_SIGNS = frozenset("^$|*+[](\\")
"""Characters of a filter that finds nothing which look like a regular expression …"""
PATTERN_HINT = "A regular expression stands between slashes, such as /^api-/"
"""… and what is said then."""

FILTER_AGAIN = 5.0
"""Seconds between two looks at every row for a filter whose answer changes with time; 10,000 rows take 50 ms."""


class BrowserTable(RowTable, inherit_bindings=False):
    """The table without keys of its own.

    Here every key goes through the registry of actions, after the keys before it: an Enter typed ahead of a prompt
    belongs to the prompt, and a key the person gave to something else means nothing here any more.
    """

    async def on_key(self, event: Key) -> None:
        """Hand a key to the screen at once: from pane to pane up it would cost a held key a fifth more."""
        await cast("BrowseScreen", self.screen).on_key(event)
        event.stop()


class ListPane(Vertical):
    """Shows one :class:`View`. The owner opens it, flushes it when its source woke, and ticks it once a second."""

    DEFAULT_CSS = """
    ListPane { width: 1fr; height: 1fr; }
    """
    BLANK = True
    """Its children cover it."""

    @dataclass
    class Refilled(Message):
        """The list shows the rows of another source."""

        pane: ListPane

    def __init__(self, look: Look, clock: Clock) -> None:
        super().__init__()
        self._look = look
        self.table: RowTable = BrowserTable(clock=clock, glyphs=look.glyphs)
        """The table."""
        self.view: View | None = None
        self.spec: KindSpec | None = None
        self.source: Source | None = None
        self._server_columns: tuple[TableColumn, ...] = ()
        self._columns: tuple[Column, ...] = ()
        self._filter: Filter | None = None
        self._wake: Callable[[], None] = lambda: None
        self._wanted = ""
        self._hidden: Callable[[], None] | None = None
        self.how_to_make: Callable[[], str] = str
        """Returns what an empty list says about the key that makes an object; empty where none can be made."""
        self.no_such: Callable[[], str] = str
        """Returns what an empty list says about chosen namespaces that there are not; empty where all are there."""
        self.in_namespaces = True
        """False for a kind that lives in no namespace: an empty list is empty everywhere."""
        self.asked_fields = ""
        """The field selector of the filter that the source was opened with."""
        self._filtered_at = 0.0
        self._every = False
        """True when the table may leave no column out."""
        self._roomy = False
        """True where there is room for more than the usual columns."""
        self._was_live = False
        """True once the first list is complete: what comes later is new."""

    def compose(self) -> ComposeResult:
        """The table fills the pane."""
        yield self.table

    def on_resize(self, event: Resize) -> None:
        """Take the columns for which there is room now."""
        if self._roomy != self._has_room(event.size.width):
            self._take_columns()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column of the kind, also the wide ones; what filters may compare."""
        return self._columns

    def open(
        self,
        view: View,
        spec: KindSpec,
        source: Source,
        context: RowContext,
        wake: Callable[[], None],
        *,
        fade: float,
    ) -> None:
        """Show another list. ``wake`` is called whenever the source has something new; ``fade`` is how many seconds
        change marks stay.
        """
        self.close()
        self.view, self.spec, self.source = view, spec, source
        self._wake = wake
        source.on_wake = wake
        self._server_columns = source.columns
        self._filter = None
        self._was_live = False
        self.asked_fields = ""
        table = self.table
        table.set_fade(fade)
        table.clear_marks()
        table.reset(())
        table.set_context(context)
        self._take_columns()
        column, descending = view.sort or spec.default_sort
        table.set_sort(column, descending=descending)
        try:
            self.set_filter(view.filter)
        except FilterError:
            # A remembered filter may name a column this kind no longer has; the list without it beats no list.
            self.view = view
        self.flush()
        self.post_message(self.Refilled(self))

    def want(self, cursor: str, *, hidden: Callable[[], None] | None = None) -> None:
        """Put the cursor on the row of this uid, or of this name after ``name:``, as soon as it is there.

        ``hidden`` is called when it is there and the filter does not show it.
        """
        self._wanted, self._hidden = cursor, hidden
        self._place_cursor()

    def _place_cursor(self) -> None:
        wanted = self._wanted
        if not wanted:
            return
        name = wanted.removeprefix("name:")
        by_name = name != wanted
        if self.table.select(lambda row: row.name == name if by_name else row.uid == wanted):
            self._wanted = ""
        elif (
            self._hidden is not None
            and self.source is not None
            and any(row.uid == wanted for row in self.source.rows().values())
        ):
            hidden, self._hidden = self._hidden, None
            hidden()

    @property
    def wanted_fields(self) -> str:
        """The field selector of the filter: what only the server can select."""
        return self._filter.field_selector if self._filter is not None else ""

    def replace_source(self, source: Source) -> None:
        """Read the same view from another source: the filter asks the server for something else."""
        if self.source is not None:
            self.source.on_wake = None
            self.source.close()
        self.source = source
        source.on_wake = self._wake
        self.table.reset(())
        self.flush()
        self.post_message(self.Refilled(self))

    def close(self) -> None:
        """Stop listening to the source."""
        if self.source is not None:
            self.source.on_wake = None
            self.source.close()
            self.source = None

    def clear(self) -> None:
        """Show nothing: what was listed belongs to a cluster that was left."""
        self.close()
        self.table.clear_marks()
        self.table.reset(())

    def flush(self) -> None:
        """Bring what changed since the last flush onto the screen."""
        source = self.source
        if source is None:
            return
        changes = source.drain()
        if source.columns != self._server_columns:
            self._server_columns = source.columns
            self._take_columns()
        table = self.table
        if changes.reset:
            table.reset(source.rows().values())
        elif changes:
            filling = not self._was_live
            table.apply(changes.upserts, changes.removed, filling=filling)
        self._was_live = self._was_live or source.status.state is SyncState.LIVE
        self._place_cursor()
        self.explain_empty()

    def set_view(self, view: View) -> None:
        """Take what the person changed about the view without opening it again."""
        before = self.view
        self.view = view
        if before is None or self.spec is None:
            return
        if (before.wide, before.scope) != (view.wide, view.scope):
            self._take_columns()
        if before.sort != view.sort:
            column, descending = view.sort or self.spec.default_sort
            self.table.set_sort(column, descending=descending)
        if (before.filter, before.problems_only) != (view.filter, view.problems_only):
            self.set_filter(view.filter)

    def parse(self, text: str) -> Filter:
        """Read a filter against the columns of this kind; raises FilterError."""
        from k9py.resources.filters import parse_filter  # deferred: 10 ms nobody needs before a filter

        return parse_filter(text, self._columns)

    def set_filter(self, text: str) -> None:
        """Show only what matches; raises FilterError and keeps the old filter when the text means nothing."""
        found = self.parse(text) if text.strip() else None
        self._filter = found
        self.table.set_filter(self._predicate())
        self.explain_empty()

    def tick(self, now: float) -> None:
        """Filter again now and then where the answer changes with time alone: ages, samples, what is a problem."""
        view, found = self.view, self._filter
        is_live = (found is not None and found.live) or (view is not None and view.problems_only)
        if is_live and now - self._filtered_at >= FILTER_AGAIN:
            self._filtered_at = now
            self.table.set_filter(self._predicate())
            self.explain_empty()

    def _predicate(self) -> Callable[[Row], bool] | None:
        """Return what the table shows: the drill-down's rows, the filter's matches, only problems."""
        view, spec, found = self.view, self.spec, self._filter
        if view is None or spec is None:
            return None
        tests: list[Callable[[Row], bool]] = []
        table = self.table
        if view.keep is not None:
            tests.append(view.keep)
        if found is not None:
            tests.append(lambda row: found.matches(row, table.context))
        if view.problems_only:
            health = spec.health
            tests.append(lambda row: bool(row.broken) or health(row, table.context).problem)
        if not tests:
            return None
        if len(tests) == 1:
            return tests[0]
        return lambda row: all(test(row) for test in tests)

    def _take_columns(self) -> None:
        view, spec = self.view, self.spec
        if view is None or spec is None:
            return
        self._columns = spec.columns(self._server_columns)
        if spec.health is not always_healthy:
            *others, last = self._columns
            self._columns = (*others, valid_column(spec.health), last)
        self._roomy = self._has_room(self.size.width)
        shown = [
            column
            for column in self._columns
            if (view.wide or self._roomy or not column.wide)
            and (column.id != NAMESPACE_COLUMN or not view.scope.single)
        ]
        if ([column.id for column in shown], view.wide) != ([column.id for column in self.table.columns], self._every):
            self._every = view.wide
            self.table.set_columns(shown, every=view.wide)

    def _has_room(self, width: int) -> bool:
        """Return whether a pane of so many cells has room for more than the usual columns."""
        usual = [column.width + GAP for column in self._columns if not column.wide]
        return bool(usual) and width >= sum(usual) + SPARE

    def explain_empty(self) -> None:
        """Say why there are no rows: nothing yet, nothing at all, or nothing that matches."""
        table, view, source, spec = self.table, self.view, self.source, self.spec
        if view is None or source is None or spec is None or table.row_count:
            return
        status = source.status
        where = "" if view.scope.all or not self.in_namespaces else f" in {view.scope}"
        if table.total_count:
            why = "No problems" if view.problems_only and not view.filter else "Nothing matches"
            sought = self._filter.text if self._filter is not None else ""
            pattern = (PATTERN_HINT,) if sought[:1] != "/" and REGEX_SIGNS & set(sought) else ()
            table.set_empty(f"{why} among {table.total_count}{where}", "Esc shows them all", *pattern)
        elif status.state is SyncState.LIVE and where and (lacking := self.no_such()):
            table.set_empty(lacking, "ctrl+n chooses namespaces   0 looks in all of them")
        elif status.state is SyncState.LIVE:
            elsewhere = "0 looks in all namespaces" if where else ""
            hint = tuple(text for text in (spec.purpose, "", self.how_to_make(), elsewhere) if text)
            if status.detail:
                hint = (status.detail, *hint)
            table.set_empty(f"No {view.kind.partition('.')[0]}{where}", *hint)
        elif status.vanished:
            gone = "Its CustomResourceDefinition may have been deleted, or its API is not served for now"
            table.set_empty(status.detail, gone, "k9py looks again by itself", "", ":kinds lists what there is")
        elif status.state in (SyncState.DENIED, SyncState.OFFLINE):
            keys = "ctrl+n chooses other namespaces   ctrl+x another context   ctrl+r tries again"
            table.set_empty(status.detail or "The server cannot be reached", "k9py keeps trying", "", keys)
        else:
            table.set_empty(f"Loading {view.kind.partition('.')[0]}{where} {self._look.glyphs.ellipsis}")

    def set_context(self, context: RowContext) -> None:
        """Take new samples or counts."""
        self.table.set_context(context)
