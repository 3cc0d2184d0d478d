"""The desk: everything one session needs to change its cluster, behind ``app.desk``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from k9py.changes import edits
from k9py.changes.gate import Gate, Policy
from k9py.changes.journal import Journal
from k9py.changes.model import Report, Trouble, Wish
from k9py.changes.surroundings import Surroundings
from k9py.changes.validating import ManifestValidator
from k9py.core.errors import ChangeError
from k9py.core.refs import ApiResource
from k9py.core.tasks import TaskSet
from k9py.kube.rows import Row
from k9py.manifests.kinds import Kinds, bundled
from k9py.ui.changing.direct import DirectChanges
from k9py.ui.changing.review import ReviewScreen

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App


class ChangeDesk:
    """Reviews, writes and follows changes of one session."""

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
            app.paths.journal_file(session.context), now=session.clock.now, new_id=lambda: secrets.token_hex(4)
        )
        """What was changed from here in this context."""
        self._kinds: Kinds | None = None
        self.gate = Gate(
            session.transport, session.discovery, session.permissions, clock=session.clock, journal=self.journal,
            policy=Policy(session.context, session.user, app.readonly, app.settings.protected),
            namespace=session.namespace, validator=ManifestValidator(lambda: self.kinds, self.surroundings),
        )  # fmt: skip

    @property
    def kinds(self) -> Kinds:
        """The kinds and their types: the server's own once they were read, else the recorded ones."""
        if self._kinds is None:
            self._kinds = bundled()
        return self._kinds

    def images_before(self, resource: ApiResource, row: Row, container: str) -> list[str]:
        """Return the images a container had before, newest first, as far as the journal knows."""
        images: list[str] = []
        for entry in reversed(self.journal.about(resource.kind, row.namespace, row.name)):
            for state in (entry.after, entry.before):
                image = edits.images_of(state).get(container) if state is not None else None
                if image and image not in images:
                    images.append(image)
        return images

    async def close(self) -> None:
        """Stop following; the session is being left."""
        await self.tasks.close()

    def review(
        self,
        wishes: Sequence[Wish],
        *,
        title: str,
        done: Callable[[Report | None], None] | None = None,
        show: Callable[[Trouble], None] | None = None,
        ask: bool = False,
    ) -> None:
        """Show what would come of wishes, ask, write and follow them.

        ``done`` is told what became of it once the caller's screen is on top again, before the follow board comes:
        None when nothing was written. ``show`` is asked, after ``done(None)``, to go to the field of a trouble; without
        it there is no such key. ``ask`` goes straight to the question when nothing stands in the way.
        Raises ChangeError in a read-only context and for no wishes.
        """
        if self.gate.policy.readonly:
            raise ChangeError(
                f"{self.gate.policy.context} is read-only here", remedy="Nothing can be changed from here"
            )
        if not wishes:
            raise ChangeError("there is nothing to change")

        def finished(report: Report | None, trouble: Trouble | None) -> None:
            # In the application's own turn, when the review is off the stack.
            self.app.call_later(self._finish, report, trouble, done, show)

        self.app.push_screen(
            ReviewScreen(self, wishes, title=title, finished=finished, can_show=show is not None, ask=ask)
        )

    def _finish(
        self,
        report: Report | None,
        trouble: Trouble | None,
        done: Callable[[Report | None], None] | None,
        show: Callable[[Trouble], None] | None,
    ) -> None:
        if done is not None:
            self.app.attempt(lambda: done(report))
        if trouble is not None and show is not None:
            self.app.attempt(lambda: show(trouble))
