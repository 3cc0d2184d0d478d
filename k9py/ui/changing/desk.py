"""The desk: everything one session needs to change its cluster, behind ``app.rooms.desk``."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal, JournalEntry
from k9py.changes.model import Deed, Report, State, Trouble, Wish
from k9py.changes.serverkinds import read_kinds
from k9py.changes.surroundings import Surroundings
from k9py.changes.undo import Undo, undo_of, undo_series
from k9py.changes.validating import ManifestValidator
from k9py.core.errors import ChangeError, K9Error
from k9py.core.refs import ObjectRef, Scope
from k9py.core.tasks import TaskSet
from k9py.manifests.kinds import Kinds, bundled
from k9py.ui.changing.arriving import arrive
from k9py.ui.changing.board import BoardScreen
from k9py.ui.changing.direct import DirectChanges
from k9py.ui.changing.following import Following
from k9py.ui.changing.history import HistoryScreen
from k9py.ui.changing.review import ReviewScreen
from k9py.ui.navigator import View

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App

_LOG = logging.getLogger(__name__)

Done = Callable[[Report | None], None]
Show = Callable[[Trouble], None]


class ChangeDesk:
    """Reviews, writes, follows and takes back changes of one session."""

    def __init__(self, app: K9App, session: Session) -> None:
        self.app = app
        self.session = session
        self.direct = DirectChanges(self)
        """What the keys of a table change."""
        self.tasks = TaskSet(app.report_failure)
        """What follows changes; it ends with the session."""
        self.surroundings = Surroundings(session.transport, session.discovery, session.clock)
        """Live objects for cross checks and pick-lists."""
        self.journal = Journal(
            app.paths.journal_file(session.context), now=session.clock.now, new_id=lambda: secrets.token_hex(4),
            server=session.identity,
        )  # fmt: skip
        """What was changed from here in this context."""
        self.latest: str | None = None
        """The series written last from this session, which is what U takes back."""
        self._is_closed = False
        self._kinds: Kinds | None = None
        self._validator = ManifestValidator(lambda: self.kinds, self.surroundings)
        self.gate = Gate(
            session.transport, session.discovery, session.permissions, clock=session.clock, journal=self.journal,
            policy=Policy(session.context, session.user, app.readonly, app.settings.protected),
            namespace=session.namespace, validator=self._validator,
        )  # fmt: skip
        self.tasks.start(self._learn_kinds(), name="kinds of the server")

    @property
    def kinds(self) -> Kinds:
        """The kinds and their types: the server's own once they were read, else the recorded ones."""
        if self._kinds is None:
            self._kinds = bundled()
        return self._kinds

    async def _learn_kinds(self) -> None:
        """Load the recorded kinds where nobody waits for it, then take the server's own."""
        recorded = await asyncio.to_thread(bundled)
        self._kinds = self._kinds or recorded
        session = self.session
        try:
            self._kinds = await read_kinds(session.transport, session.discovery, session.server_version)
        except K9Error as error:
            _LOG.info("types of the server: %s; the recorded ones are used", error)
            return
        self._validator.take(self._kinds)

    async def close(self) -> None:
        """Stop following; the session is being left."""
        self._is_closed = True
        await self.tasks.close()

    # ------------------------------------------------------------------ review

    def review(
        self,
        wishes: Sequence[Wish],
        *,
        title: str,
        done: Done | None = None,
        show: Show | None = None,
        ask: bool = False,
    ) -> None:
        """Show what would come of wishes, ask, write and follow them.

        ``done`` is told what became of it once the caller's screen is on top again, before the follow board comes:
        None when nothing was written. ``show`` is asked, after ``done(None)``, to go to the field of a trouble; without
        it there is no such key. ``ask`` goes straight to the question when nothing stands in the way.
        Raises ChangeError in a read-only context and for no wishes.
        """
        self._check_writable()
        if not wishes:
            raise ChangeError("there is nothing to change")

        def finished(report: Report | None, trouble: Trouble | None) -> None:
            # In the application's own turn, when the review is off the stack.
            self.app.call_later(self._finish, report, trouble, title, done, show)

        self.app.push_screen(
            ReviewScreen(self, wishes, title=title, finished=finished, can_show=show is not None, ask=ask)
        )

    def _check_writable(self) -> None:
        if self.gate.policy.readonly:
            raise ChangeError(f"{self.gate.policy.context} is read-only here: nothing can be changed")

    def _finish(
        self, report: Report | None, trouble: Trouble | None, title: str, done: Done | None, show: Show | None
    ) -> None:
        if done is not None:
            self.app.attempt(lambda: done(report))
        if trouble is not None and show is not None:
            self.app.attempt(lambda: show(trouble))
        if report is None:
            return
        arrive(self.app, report)
        if any(one.change.ref.kind == "CustomResourceDefinition" for one in report.outcomes) and not self._is_closed:
            self.tasks.start(self._learn_kinds(), name="kinds of the server")
        self.follow(report, title)

    def follow(self, report: Report, title: str) -> None:
        """Follow what was written: on a board where something has to come true, else quietly."""
        if self._is_closed:
            return  # what was written is in the journal
        following = Following(self, report, title)
        if not following.objects:
            if report.done:
                self.app.flash_text("Nothing had to be written: it is so already")
            return
        self.latest = report.plan.series
        following.watched = following.is_worth_a_board
        following.start()
        if following.watched:
            self.app.push_screen(BoardScreen(self, following))
            return
        going = [one for one in report.outcomes if one.change.wish.deed is Deed.DELETE and one.state is State.WRITTEN]
        if going:
            name = going[0].change.title if len(going) == 1 else f"{len(going)} objects"
            self.app.flash_text(f"{name} {'is' if len(going) == 1 else 'are'} being deleted")

    # ------------------------------------------------------------------ taking back

    def undo_last(self) -> None:
        """Take back what was written last, everything that was confirmed together."""
        self._check_writable()
        self.app.start_loudly(self._undo_last(), name="undo")

    def undo_series(self, series: str, *, done: Done | None = None) -> None:
        """Take back everything that was confirmed together; ``done`` as for :meth:`review`."""
        self._check_writable()
        self.app.start_loudly(self._undo_series(series, done), name="undo")

    def undo_entry(self, entry_id: str) -> None:
        """Take back one change."""
        self._check_writable()
        self.app.start_loudly(self._undo_entry(entry_id), name="undo")

    async def _undo_last(self) -> None:
        entries = await asyncio.to_thread(self.journal.entries)
        standing = [one for one in entries if one.state == "written" and not one.undone_by and not one.undoes]
        if not standing:
            raise ChangeError("nothing was changed from here that could be taken back")
        series = standing[-1].series
        self._undo(undo_series(self.journal, [one for one in entries if one.series == series]))

    async def _undo_series(self, series: str, done: Done | None) -> None:
        entries = await asyncio.to_thread(self.journal.series, series)
        self._undo(undo_series(self.journal, entries), done)

    async def _undo_entry(self, entry_id: str) -> None:
        entry = await asyncio.to_thread(self.journal.find, entry_id)
        self._undo([undo_of(self.journal, entry)])

    def _undo(self, undos: Sequence[Undo], done: Done | None = None) -> None:
        first = undos[0].entry
        what = _named(first) if len(undos) == 1 else f"{len(undos)} changes"
        self.review([undo.wish for undo in undos], title=f"take back: {what}", done=done, ask=True)

    # ------------------------------------------------------------------ looking back, going there

    def show_history(self, ref: ObjectRef | None) -> None:
        """Show the changes of an object, or of the whole context."""
        self.app.push_screen(HistoryScreen(self, ref))

    def now(self) -> float:
        """Return the time by which the journal dates its entries."""
        return self.session.clock.now()

    def go_to(self, kind: str, namespace: str, name: str, *, detail: str = "") -> None:
        """Leave what lies over the browser and show an object in its list; ``detail`` opens its description too."""
        resource = self.session.discovery.resolve(kind)
        if any(getattr(screen, "stays", False) for screen in self.app.screen_stack):
            raise ChangeError("something unfinished is open below", remedy="Leave this with esc, then that")
        self.app.call_later(self._go_to, View(resource.id, Scope((namespace,) if namespace else ()),
                                              cursor=f"name:{name}"), namespace, name, detail)  # fmt: skip

    async def _go_to(self, view: View, namespace: str, name: str, detail: str) -> None:
        browser = self.app.browser
        while self.app.screen is not browser:
            await self.app.pop_screen()
        browser.go(view)
        if detail:
            resource = self.session.discovery.resolve(view.kind)
            browser.detail.show(self.session, resource, namespace, name, detail)
            browser.show_detail(split="auto")
            browser.detail.focus_text()


def _named(entry: JournalEntry) -> str:
    """Return what a change did, for a title."""
    words = {"created": "making", "deleted": "deleting", "configured": "changing"}
    return f"{words[entry.effect]} {entry.ref.kind.lower()} {entry.ref.name}"
