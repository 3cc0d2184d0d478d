"""Keeps what is typed as a draft, a moment after the last key and at the latest every few seconds."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from k9py.changes.drafts import Draft, Drafts, without_secrets
from k9py.changes.fates import Fate, fate_of
from k9py.changes.journal import Journal
from k9py.changes.model import Object
from k9py.core.ages import human
from k9py.core.errors import JournalError
from k9py.core.tasks import TaskSet
from k9py.resources.model import Tone
from k9py.ui.editor.document import Place
from k9py.ui.editor.external import remove_left_behind

if TYPE_CHECKING:
    from k9py.ui.app import K9App

_LOG = logging.getLogger(__name__)

REST = 0.3
"""Seconds without a key after which a draft is written: what a crash may cost at most."""

LONGEST = 2.0
"""Seconds after which it is written even while somebody types on."""


def drafts_of(app: K9App) -> Drafts:
    """Return the drafts of this person, for the cluster in use."""
    return Drafts(app.paths.drafts, now=app.clock.now, pid=os.getpid(), server=_server(app))


def _server(app: K9App) -> str:
    return app.session.identity if app.session is not None else ""


def loses_secrets(text: str) -> bool:
    """Return whether a draft of a text would be without values of Secrets that stand in it."""
    return without_secrets(text)[0] != text


def tell_drafts(app: K9App) -> None:
    """Say in one line that earlier runs left something behind, and remove what no draft is."""
    app.start_quietly(asyncio.to_thread(remove_left_behind, os.environ), name="files of editors")
    left = drafts_of(app).left(app.context_name)
    if left:
        app.start_quietly(_tell(app, left), name="drafts")


async def _tell(app: K9App, left: Sequence[Draft]) -> None:
    fate = (await fates_of(app, left[:1]))[0]
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    what = f"{left[0].title}{more}"
    if drafts_of(app).is_elsewhere(left[0]):
        text = f"Kept from another cluster of this name: {what}"
    elif fate is Fate.UNWRITTEN:
        text = f"Kept from before, not written: {what}"
    else:
        text = f"Kept from before: {what} ({fate.value})"
    app.flash_text(f"{text}; :drafts opens it", Tone.WARN)


async def fates_of(app: K9App, drafts: Sequence[Draft]) -> list[Fate]:
    """Return what became of some drafts; without a journal they count as not written."""
    # The desk of a session has a journal too, but making one reads kinds nobody may need.
    journal = Journal(app.paths.journal_file(app.context_name), now=app.clock.now, new_id=str, server=_server(app))

    def read() -> list[Fate]:
        try:
            entries = journal.entries()
        except JournalError as error:
            _LOG.warning("%s", error)
            entries = []
        return [fate_of(draft, entries) for draft in drafts]

    return await asyncio.to_thread(read)  # a full journal is 32 MB


def told_of(app: K9App, draft: Draft, fate: Fate) -> str:
    """Return when and where a draft was typed, and what became of it."""
    old = f"typed {human(max(0.0, app.clock.now() - draft.saved_at))} ago"
    where = f" on {draft.server}" if drafts_of(app).is_elsewhere(draft) else ""
    return f"{old}{where}; {fate.value}" if fate is not Fate.UNWRITTEN else f"{old}{where} and not written"


class Keeper:
    """Writes one text as a draft while it is typed."""

    def __init__(self, app: K9App, *, key: str, title: str, base: Object | None) -> None:
        self._app = app
        self._drafts = drafts_of(app)
        self._context = app.context_name
        self._key, self._title = key, title
        self.base = base
        """The object a draft is a change of."""
        self._waiting: asyncio.TimerHandle | None = None
        self._first = 0.0
        self._newest: Draft | None = None
        self._is_writing = False
        self._has_failed = False
        self._is_forgotten = False
        self._tasks = TaskSet(app.report_failure)

    def typed(self, text: str, caret: Place, extra: dict[str, Any] | None = None, *, title: str = "") -> None:
        """Something was typed: keep it soon; ``extra`` is what else it takes to open it again, a newer ``title``."""
        if not self._key:
            return
        self._is_forgotten = False
        loop = asyncio.get_running_loop()
        if self._newest is None:
            self._first = loop.time()
        self._newest = Draft(
            self._key, self._context, title or self._title, text, 0.0, line=caret[0], column=caret[1], base=self.base,
            extra=extra or {},
        )  # fmt: skip
        if self._waiting is not None:
            self._waiting.cancel()
        wait = min(REST, max(0.0, self._first + LONGEST - loop.time()))
        self._waiting = loop.call_later(wait, self._write_soon)

    def _write_soon(self) -> None:
        self._waiting = None
        if not self._is_writing and self._newest is not None:
            self._tasks.start(self._write(), name="draft")

    async def _write(self) -> None:
        """Write aside: a disk that is busy must not hold up typing."""
        self._is_writing = True
        try:
            while (draft := self._newest) is not None:
                self._newest = None
                await asyncio.to_thread(self._drafts.save, draft)
                if self._is_forgotten:
                    self._drafts.discard(self._context, self._key)
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                self._app.flash_text(f"What you type cannot be kept: {error.strerror} ({self._app.paths.drafts})")
        finally:
            self._is_writing = False

    async def close(self) -> None:
        """Write what is not written yet: the screen is being left."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if not self._is_writing and self._newest is not None:
            self._tasks.start(self._write(), name="draft")
        # Waited for, not cancelled: an older text must not be written behind a newer one.
        await self._tasks.finish()

    def forget(self) -> None:
        """It was written to the cluster, or is not wanted any more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._newest, self._is_forgotten = None, True
        if self._key:
            self._drafts.discard(self._context, self._key)
