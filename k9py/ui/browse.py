"""The browser: a list of one kind, the line one types in, and beside or below it the detail of a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Key, Resize
from textual.screen import Screen

from k9py.core.clock import Clock
from k9py.core.errors import K9Error
from k9py.resources.action import Where
from k9py.ui.acting import BrowseActions, Handler
from k9py.ui.asking import Asking
from k9py.ui.bars import BrowseBars
from k9py.ui.detail import DetailPane
from k9py.ui.flash import Flash
from k9py.ui.keys import passed_on
from k9py.ui.listpane import ListPane
from k9py.ui.look import Look
from k9py.ui.looking import Looking
from k9py.ui.navigator import Tabs, View
from k9py.ui.prompt import Completions, Prompt
from k9py.ui.sources import CONTAINERS, LOCAL_VIEWS
from k9py.ui.sowhat import SoWhat
from k9py.ui.statusline import Bar, Rule
from k9py.ui.table import RowTable

if TYPE_CHECKING:
    from k9py.ui.app import K9App

REST = 0.15
"""Seconds after which the cursor rests: longer than between two taps of a quick finger, each of which would wait for
what is said about the row before; too short to be waited for."""

DETAIL_DELAY = 0.25
"""Seconds the cursor must rest on a row before its detail is fetched."""

BESIDE_FROM = 150
"""Columns from which the detail pane opens beside the list instead of below it."""

SO_WHAT_FROM = 18
"""Lines from which the sentence about the selected row is shown; below, rows are worth more."""

TABS_SHOWN = 9
"""Tabs named in the crumb line."""


NO_VIEW = ":kinds lists what there is"
"""What to do when there is nothing to show and nothing to go back to."""


class BrowseScreen(Screen[None]):
    """Shows the view of the active tab. What a person can do here is declared in the action registry."""

    DEFAULT_CSS = """
    BrowseScreen { layers: base above; }
    #body { height: 1fr; width: 1fr; layout: vertical; }
    #body > DetailPane, #body > #wall { display: none; }
    #body.-split > DetailPane, #body.-split > #wall { display: block; }
    #body.-beside { layout: horizontal; }
    #body.-beside > #wall { width: 1; height: 1fr; }
    #body.-full > ListPane, #body.-full > #wall { display: none; }
    #body.-full > DetailPane { display: block; }
    """

    AUTO_FOCUS = "RowTable"
    BLANK = True
    """Everything is covered by widgets: nothing of the screen itself is ever rendered."""

    def __init__(self, tabs: Tabs, look: Look, clock: Clock) -> None:
        super().__init__()
        self.tabs = tabs
        self.listing = ListPane(look, clock)
        """The list."""
        self.no_view: tuple[str, ...] = ()
        """Why there is no list, where none could be opened and there is none to go back to."""
        self.detail = DetailPane(look)
        """The detail pane, shown or not."""
        self._look = look
        self.asking = Asking(self)
        """The line one types in, and what becomes of it."""
        self.looking = Looking(self)
        self.acting = BrowseActions(self, self.looking)
        self.bars = BrowseBars(self)
        self._resting: list[asyncio.TimerHandle] = []
        """What happens once the cursor rests."""

    # ------------------------------------------------------------------ parts

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    @property
    def table(self) -> RowTable:
        """The table of the list."""
        return self.listing.table

    @property
    def prompt(self) -> Prompt:
        """The line one types in."""
        return self.query_one(Prompt)

    @property
    def body(self) -> Container:
        """What holds list and detail."""
        return self.query_one("#body", Container)

    @property
    def has_room_beside(self) -> bool:
        """True when the screen is wide enough for two panes side by side."""
        return self.size.width >= BESIDE_FROM

    @property
    def body_is_split(self) -> bool:
        """True when the detail pane stands beside or below the list."""
        return self.body.has_class("-split")

    @property
    def body_shows_detail(self) -> bool:
        """True when the detail pane is shown, split or alone."""
        return self.body_is_split or self.body.has_class("-full")

    @property
    def view(self) -> View:
        """The view on screen."""
        return self.tabs.view

    @property
    def handlers(self) -> dict[str, Handler]:
        """What carries out the actions of this screen, by id."""
        return self.acting.handlers

    @property
    def where(self) -> Where | None:
        """The part that has the focus; None while a person types."""
        if self.prompt.mode:
            return None
        if self.detail.has_focus_within:
            return Where.TEXT
        return Where.CONTAINERS if self.view.kind == CONTAINERS else Where.TABLE

    def compose(self) -> ComposeResult:
        """Header, crumbs or prompt, list and detail, the sentence about the row, keys."""
        look = self._look
        completions = Completions(look)
        yield Bar(look, id="header", raised=True)
        yield Bar(look, id="crumbs")
        yield Prompt(look, completions)
        with Container(id="body"):
            yield self.listing
            yield Rule(look, id="wall")
            yield self.detail
        yield Rule(look, id="so-what-rule")
        yield SoWhat(look)
        yield Flash(look)
        yield Bar(look, id="keys", raised=True)
        yield completions

    def on_mount(self) -> None:
        """Start with what is known before there is a session."""
        self.k9.flushing.watch(self, self.flush, tick=self.tick)
        self._lay_out(self.size.width, self.size.height)
        self.show_state()

    def on_unmount(self) -> None:
        """Let go of the watch."""
        for waiting in self._resting:
            waiting.cancel()
        self.k9.flushing.forget(self)
        self.listing.close()
        self.detail.close()

    def on_resize(self, event: Resize) -> None:
        """Give up or take back what the size allows."""
        self._lay_out(event.size.width, event.size.height)

    def _lay_out(self, width: int, height: int) -> None:
        """Show the sentence about the row where there is room and where its row is in sight."""
        shows = height >= SO_WHAT_FROM and not self.body.has_class("-full")
        self.query_one("#so-what-rule").display = shows
        self.query_one(SoWhat).display = shows
        self.show_keys()

    # ------------------------------------------------------------------ views

    def go(self, view: View) -> None:
        """Open another view in this tab."""
        self._keep_place()
        self.tabs.trail.go(self.k9.memory.with_memory(view))
        self.open_view()

    def travel(self, step: Callable[[], bool]) -> bool:
        """Move along the trail (back, forward, last) and show what is there."""
        self._keep_place()
        if not step():
            return False
        self.open_view()
        return True

    def _keep_place(self) -> None:
        """Note where the cursor is, so that coming back finds it."""
        row = self.table.cursor_row
        if row is not None:
            self.tabs.trail.update(replace(self.view, cursor=row.uid))

    def open_view(self) -> None:
        """Show the current view of the active tab from the start."""
        self.close_detail()
        session = self.k9.session
        if session is None:
            self.listing.clear()
            self.show_state()
            return
        opener = self.k9.rooms.opener
        try:
            view = opener.settle(self.view)
            spec = opener.spec(view)
            source = opener.source(view)
        except K9Error as error:
            self.k9.flash(error)
            if self.tabs.trail.back():
                self.open_view()
            else:
                # Nothing was shown before: the reason stays where the rows would be.
                self.no_view = (str(error), *([error.remedy] if error.remedy else []), "", NO_VIEW)
                self.show_state()
            return
        self.no_view = ()
        self.tabs.trail.update(view)
        self.listing.how_to_make = lambda: self.k9.offering.how_to_make(view.kind)
        self.listing.no_such = self.k9.globals.no_such_namespace
        self.listing.in_namespaces = view.kind in LOCAL_VIEWS or opener.namespaced(view)
        self.listing.open(
            view,
            spec,
            source,
            self.k9.measuring.context_for(spec),
            lambda: self.k9.flushing.wake(self),
            fade=self.k9.settings.ui.change_mark,
        )
        self._ask_for_fields()
        self.k9.measuring.show(spec, view)
        self.k9.offering.learn_rights(view.scope.namespaces)
        self.listing.want(view.cursor)
        if self.prompt.mode:
            # Typed ahead while there was no list yet: what it means is known only now.
            self.asking.changed(self.prompt.mode, self.prompt.line.value)
        else:
            self.table.focus()
        self.k9.memory.note(view)
        self.show_state()
        self.show_keys()

    def change_view(self, view: View) -> None:
        """Take a new filter, order or width for the view on screen."""
        self.tabs.trail.update(view)
        self.listing.set_view(view)
        self.k9.memory.note(view)
        self._ask_for_fields()
        self.show_state()

    def _ask_for_fields(self) -> None:
        """Read the list anew when the filter selects by other fields than before, which only the server knows."""
        listing = self.listing
        if listing.wanted_fields != listing.asked_fields and self.k9.session is not None:
            listing.asked_fields = listing.wanted_fields
            listing.replace_source(self.k9.rooms.opener.source(self.view, listing.wanted_fields))

    # ------------------------------------------------------------------ live

    def flush(self) -> None:
        """Bring what changed since the last flush onto the screen."""
        self.listing.flush()
        self.show_state()

    def tick(self, ages: bool) -> None:
        """Take the time: change marks fade and, where ages are due, everything that tells one is brought up to date."""
        now = self.k9.now()
        self.table.tick(now, ages=ages)
        if ages:
            self.listing.tick(now)
            self.show_state()
            self.detail.tick(now)

    def on_list_pane_refilled(self, event: ListPane.Refilled) -> None:
        """Counts may have changed."""
        self.show_state()

    def on_row_table_highlighted(self, event: RowTable.Highlighted) -> None:
        """Once the cursor rests, say what is to be known of the row and follow it in the detail pane."""
        event.stop()
        loop = asyncio.get_running_loop()
        for waiting in self._resting:
            waiting.cancel()
        # Plain calls of the loop: a timer of Textual's per row would cost a held key more than the row itself.
        self._resting = [loop.call_later(REST, self._at_rest)]
        if self.detail.display and self.body.has_class("-split"):
            self._resting.append(loop.call_later(DETAIL_DELAY, self.looking.follow_cursor))

    def _at_rest(self) -> None:
        """Bring what is said about the row under the cursor up to date."""
        if self.is_mounted:
            self.bars.show_so_what()
            self.show_keys()

    def on_row_table_activated(self, event: RowTable.Activated) -> None:
        """Enter on a row."""
        self.acting.open_row(event.row)

    def on_row_table_sort_changed(self, event: RowTable.SortChanged) -> None:
        """A title was clicked."""
        self.change_view(replace(self.view, sort=(event.column.id, event.descending)))

    def on_row_table_marks_changed(self, event: RowTable.MarksChanged) -> None:
        """The count of marks stands in the crumb line."""
        self.bars.show_crumbs()

    def on_row_table_pasted(self, event: RowTable.Pasted) -> None:
        """Text pasted onto the table is a filter, never keys."""
        self.paste_filter(event.text)

    def paste_filter(self, text: str) -> None:
        """Open the filter line with pasted text; pasted objects go to the editor."""
        if "\n" in text and "apiVersion" in text and self.k9.session is not None:
            from k9py.ui.editor.filing import looks_like_manifest  # deferred with the editor

            if looks_like_manifest(text):
                self.k9.attempt(lambda: self.k9.rooms.editing.open_text(text, title="pasted"))
                return
        line = " ".join(text.split())
        if line:
            self.asking.filter(line)

    def on_descendant_focus(self) -> None:
        """Another part has the keys: the bottom line says what they do there."""
        self.show_keys()

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """Take what is typed while it is typed."""
        self.asking.changed(event.mode, event.text)

    # ------------------------------------------------------------------ bars

    def show_state(self) -> None:
        """Bring the header, and what depends on it, up to date."""
        if self.query("#header"):  # else the screen is being closed, and a measurement came late
            self.bars.show_state()

    def show_keys(self) -> None:
        """Show the keys that work where the focus is."""
        if self.is_mounted:
            self.bars.show_keys()

    # ------------------------------------------------------------------ detail

    def show_detail(self, *, split: str) -> None:
        """Show the detail pane: ``full``, ``beside``, ``below``, or ``auto`` by the room there is."""
        if split == "auto":
            split = "beside" if self.has_room_beside else "full"
            chosen = self.k9.settings.ui.split
            split = {"auto": split, "off": "full"}.get(chosen, chosen)
        self.body.set_class(split == "full", "-full")
        self.body.set_class(split != "full", "-split")
        self.body.set_class(split == "beside", "-beside")
        self._lay_out(self.size.width, self.size.height)

    def close_detail(self) -> bool:
        """Hide the detail pane; False when it was not shown."""
        if not self.body_shows_detail:
            return False
        self.body.remove_class("-split", "-full", "-beside")
        self.detail.close()
        self.table.focus()
        self._lay_out(self.size.width, self.size.height)
        return True

    # ------------------------------------------------------------------ keys

    async def on_key(self, event: Key) -> None:
        """Carry out what a key means here, unless a person is typing."""
        if passed_on(self, event):
            return
        where = self.where
        if where is None:
            if event is not self.prompt.line.seen:
                self.prompt.take_ahead(event)
            return
        if self.k9.burst.swallow(event):
            event.stop()
            event.prevent_default()
            return
        kind = self.listing.spec.id if self.listing.spec is not None else ""
        await self.k9.carrier.press(event, where, kind)
