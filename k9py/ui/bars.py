"""The lines around the list: where we are, what narrows it, what is to be known of the row, which keys work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.core.errors import KubeconfigError
from k9py.core.refs import Scope
from k9py.kube.states import SyncState
from k9py.resources.action import Where
from k9py.resources.model import Level, Tone
from k9py.ui import header
from k9py.ui.beneath import Beneath
from k9py.ui.celltext import cut
from k9py.ui.keys import footer, hints, key_text
from k9py.ui.sources import LOCAL_VIEWS
from k9py.ui.sowhat import SoWhat
from k9py.ui.statusline import Bar, Spans, width_of

if TYPE_CHECKING:
    from k9py.ui.browse import BrowseScreen

COMMAND_KEYS = (("enter", "run"), ("tab", "complete"), ("up", "earlier"), ("escape", "leave"))
EVENT_KINDS = frozenset({"events", "events.events.k8s.io"})
"""Kinds whose names say nothing: the sentence about one names its object."""
_NOTHING_COMES = frozenset({SyncState.OFFLINE, SyncState.DENIED})
FILTER_KEYS = (("enter", "keep"), ("up", "earlier"), ("escape", "as before"))
"""What the keys do while a person types."""


KIND_LEAST = 8
"""Cells that are left of the name of a kind when it gives way to the cluster's load."""


class BrowseBars:
    """Writes the bars of the browser."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen
        self._beneath = Beneath(screen)
        self._cut_problem = ""
        """What is wrong with the connection, where the line above the list has no room for all of it."""

    def show_state(self) -> None:
        """Bring the header up to date: context, namespaces, kind, count, state of the list, load."""
        screen = self._screen
        k9, glyphs = screen.k9, screen.k9.look.glyphs
        source, session = screen.listing.source, k9.session
        if session is None or source is None:
            # Before the kubeconfig is read nobody knows the name of its current context; unreadable, it has none.
            unnamed = "" if isinstance(k9.connection.trouble, KubeconfigError) else "current context"
            left = header.left_side(
                context=k9.context_name or unnamed, scope="", kind=screen.view.kind.partition(".")[0], count="",
                sync=k9.connection_text(), glyphs=glyphs,
            )  # fmt: skip
            screen.query_one("#header", Bar).show(left)
            screen.table.set_empty(*((session is not None and screen.no_view) or k9.connection.lines()))
            self.show_crumbs()
            self.show_so_what()  # Nothing is said any more of a row of a cluster that was left.
            return
        now = k9.now()
        scope = (
            "" if screen.view.kind in LOCAL_VIEWS or not k9.rooms.opener.namespaced(screen.view) else screen.view.scope
        )
        status = header.sync_text(source.status, now, glyphs)
        known = source.status.state
        # A list that knows itself that the server is gone also knows since when and when it is tried again.
        lost = k9.connection.refused or (k9.connection.lost and known is not SyncState.OFFLINE)
        if lost or (k9.connection.unready and known is SyncState.LIVE):
            status = k9.connection_text()
        kind = screen.view.kind.partition(".")[0]

        def left_side(kind: str) -> Spans:
            return header.left_side(
                context=k9.context_name,
                scope=header.scope_text(scope) if isinstance(scope, Scope) else "",
                kind=kind,
                count=f"{screen.table.total_count:,}",
                sync=status,
                glyphs=glyphs,
            )

        left = left_side(kind)
        missing = width_of(left) + 1 + width_of(self._loads(with_trend=False)) - screen.size.width
        if 0 < missing <= width_of(((kind, Tone.PLAIN),)) - KIND_LEAST:
            # The line below has the whole name; the cluster's load stands nowhere else.
            left = left_side(cut(kind, width_of(((kind, Tone.PLAIN),)) - missing, glyphs.ellipsis))
        screen.query_one("#header", Bar).show(left, self._load(screen.size.width - width_of(left) - 1))
        self.show_crumbs()
        self.show_so_what()

    def _load(self, room: int) -> Spans:
        """Return the cluster's load as far as there is room: the state of the list is worth more."""
        spans = self._loads(with_trend=True)
        if width_of(spans) > room:
            spans = self._loads(with_trend=False)
        return spans if width_of(spans) <= room else ()

    def _loads(self, *, with_trend: bool) -> Spans:
        k9 = self._screen.k9
        metrics = k9.settings.metrics
        return header.right_side(
            k9.measuring.loads(), k9.look.glyphs, warn=metrics.warn, critical=metrics.critical, with_trend=with_trend
        )

    def show_crumbs(self) -> None:
        """Bring the second line up to date: the way here, what narrows the list, how many rows are left."""
        screen = self._screen
        view, table, look = screen.view, screen.table, screen.k9.look
        spans: list[tuple[str, Tone]] = [(" :", Tone.DIM)]
        if len(screen.tabs.trails) > 1:
            spans = [(f" {screen.tabs.active + 1}/{len(screen.tabs.trails)} ", Tone.ACCENT), (":", Tone.DIM)]
        spans.append((view.title or view.kind, Tone.PLAIN))
        if view.parent is not None and not view.title:
            spans.append((f" of {view.parent.name}", Tone.PLAIN))
        for selector in (view.label_selector, view.field_selector):
            if selector and not view.title:
                spans.append((f"  {selector}", Tone.ACCENT))
        if view.filter:
            spans += [("  /", Tone.DIM), (view.filter, Tone.ACCENT)]
        if view.problems_only:
            spans.append((f"  {look.glyphs.warn}problems", Tone.WARN))
        problem = self._problem()
        if problem:
            spans.append((f"  {look.glyphs.warn} {problem}", Tone.WARN))
        right: list[tuple[str, Tone]] = []
        marked = len(table.marked_rows)
        if marked:
            right.append((f"{marked} marked  ", Tone.ACCENT))
        if table.row_count != table.total_count:
            right.append((f"{table.row_count:,} of {table.total_count:,} ", Tone.PLAIN))
        is_lost = screen.k9.connection.problem or (
            screen.listing.source is not None and screen.listing.source.status.state in _NOTHING_COMES
        )
        is_cut = width_of(tuple(spans)) + width_of(tuple(right)) >= screen.size.width
        self._cut_problem = problem if problem and is_lost and is_cut else ""
        screen.query_one("#crumbs", Bar).show(tuple(spans), tuple(right))

    def _problem(self) -> str:
        """Return what is wrong with the connection or with the list, where the list itself does not say it."""
        screen = self._screen
        source = screen.listing.source
        said = screen.k9.connection.problem
        if said or source is None:
            return said
        status = source.status
        return status.detail if screen.table.row_count or status.state is SyncState.LIVE else ""

    def show_so_what(self) -> None:
        """Say the one sentence about the selected row and the key that follows from it."""
        screen = self._screen
        row, spec, look = screen.table.cursor_row, screen.listing.spec, screen.k9.look
        bar = screen.query_one(SoWhat)
        if row is None or spec is None:
            bar.say("", "", Tone.PLAIN)
            return
        if self._cut_problem:  # The rows are old, and what to do about it is worth more than what one of them was.
            bar.say("", self._cut_problem, Tone.WARN)
            return
        if row.broken:
            bar.say(row.name, f"cannot be read: {row.broken}", Tone.BAD)
            return
        context = screen.table.context
        health = self._beneath.health(row, spec.health(row, context))
        tone = {Level.WARN: Tone.WARN, Level.BAD: Tone.BAD, Level.DONE: Tone.DIM}.get(health.level, Tone.PLAIN)
        action = screen.k9.actions.get(health.action) if health.action else None
        key = key_text(action.keys[0], look.glyphs) if action is not None and action.keys else ""
        bar.say(
            "" if spec.id in EVENT_KINDS else row.name,
            health.sentence,
            tone,
            more=spec.notice(row, context),
            key=key,
            action=action.title if action is not None else "",
        )

    def show_keys(self) -> None:
        """Show the keys that work where the focus is; while a person types, those of the line."""
        screen = self._screen
        look, width = screen.k9.look, screen.size.width
        bar = screen.query_one("#keys", Bar)
        mode = screen.prompt.mode
        if mode:
            bar.show(hints(COMMAND_KEYS if mode == ":" else FILTER_KEYS, look.glyphs))
            return
        # On every move of the cursor: only what the footer can show is asked about.
        actions = screen.k9.offering.available(screen.where or Where.TABLE, footer_only=True)
        bar.show(footer(actions, look.glyphs, width))
