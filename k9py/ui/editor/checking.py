"""What is wrong with a text, found a moment after somebody stopped typing, and never on a word that is half typed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from k9py.core import yamlspans
from k9py.core.errors import InputError, K9Error, YamlError
from k9py.manifests.crosschecks import check_surroundings, needs
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Problem
from k9py.manifests.surroundings import beside
from k9py.manifests.validation import validate_object
from k9py.ui.editor.outline import document_starts
from k9py.ui.editor.subjects import Subject, places
from k9py.ui.editor.widget import Note

if TYPE_CHECKING:
    from k9py.ui.editor.screen import EditScreen

_LOG = logging.getLogger(__name__)

FEW = 5
"""Documents up to which all are compared with the cluster at every look, since that may change too."""

REST = 0.5
"""Seconds without a key before a text is looked at: less would report words nobody has finished."""


class Part:
    """One document of a text and what is wrong with it, its lines counted from its own first one."""

    def __init__(self, text: str, subject: Subject, kinds: Kinds) -> None:
        """Check it by itself: takes some 30 ms a thousand lines, so it is made in a thread."""
        self._subject = subject
        self.notes: list[Note] = []
        self.around: list[Note] | None = None
        """What does not fit the cluster; None while nobody looked."""
        self.whole: dict[str, Any] | None = None
        """The object as the cluster would get it; None for one with errors."""
        self._document: Any = None
        self._node: Any = None
        try:
            documents = places(text)
        except YamlError as error:
            told = str(error).removeprefix(f"line {error.line}, column {error.column}: ")
            said = f"{told}. {error.remedy}" if error.remedy else told
            self.notes.append(Note(max(0, error.line - 1), max(0, error.column - 1), said))
            return
        for line, document, node in documents:
            self._check(line, document, node, kinds)

    def _check(self, line: int, document: Any, node: Any, kinds: Kinds) -> None:
        subject = self._subject
        try:
            whole = subject.whole(document)
        except InputError as error:
            span = yamlspans.nearest(node, error.path)
            self.notes.append(Note(span.line - 1, span.column - 1, error.with_remedy()))
            return
        self._document, self._node = document, node
        old = subject.base if whole is not document else None
        problems = validate_object(whole, kinds, old=old)
        if not kinds.live:
            # A kind that is not recorded may well be one of this cluster's: the server judges.
            problems = [one for one in problems if (one.reason, one.path) != ("NotFound", ("kind",))]
        self.notes += self.placed(problems)
        if isinstance(whole, dict) and not any(problem.is_error for problem in problems):
            self.whole = whole

    def placed(self, problems: Iterable[Problem]) -> list[Note]:
        """Return problems where they stand."""
        notes = []
        for problem in problems:
            span = yamlspans.nearest(self._node, self._subject.place_of(problem.path, self._document))
            notes.append(Note(span.line - 1, span.column - 1, str(problem), problem.is_error))
        return notes


class Checks:
    """The documents of one text, each looked at again only when it changed."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known: dict[str, Part] = {}
        self._kinds: Kinds | None = None
        self.parts: list[tuple[int, Part]] = []
        """First line and document, in their order."""

    def look(self, lines: Sequence[str], kinds: Kinds) -> None:
        """Check what changed since the last look."""
        if kinds is not self._kinds:
            self._kinds, self._known = kinds, {}
        known, self._known, self.parts = self._known, {}, []
        starts = [0, *(start - 1 for start in document_starts(lines) if start)]
        for first, end in pairwise([*dict.fromkeys(starts), len(lines)]):
            text = "\n".join(lines[first:end]) + "\n"
            part = known.get(text) or self._known.get(text) or Part(text, self._subject, kinds)
            self._known[text] = part
            self.parts.append((first, part))

    @property
    def notes(self) -> list[Note]:
        """Everything that was found, in the lines of the whole text."""
        return [
            replace(note, line=note.line + first)
            for first, part in self.parts
            for note in (*part.notes, *(part.around or ()))
        ]


class Checker:
    """Checks the text of one screen while it is typed."""

    def __init__(self, screen: EditScreen) -> None:
        self._screen = screen
        self._task: asyncio.Task[None] | None = None
        self._checks = Checks(screen.subject)
        self._typed_on = -1
        """The line somebody is typing on; -1 once the caret left it."""

    def typed(self) -> None:
        """Something was typed: look once it rests."""
        self._typed_on = self._screen.editor.caret[0]
        self.look_soon()

    def look_soon(self) -> None:
        """Look at the text in a moment."""
        if not self._screen.subject.is_yaml:
            return
        if self._task is not None:
            self._task.cancel()
        self._task = self._screen.k9.start_loudly(self._look(), name="check the text")

    def moved(self) -> None:
        """The caret left the line that was typed on: what is wrong with it may be said."""
        if self._typed_on >= 0 and self._screen.editor.caret[0] != self._typed_on:
            self._typed_on = -1
            self._show()

    def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        await self._screen.k9.clock.sleep(REST)
        screen = self._screen
        if not screen.is_open:
            return
        lines, desk = list(screen.editor.document.lines), screen.k9.rooms.desk
        kinds = await asyncio.to_thread(lambda: desk.kinds)
        await asyncio.to_thread(self._checks.look, lines, kinds)
        self._show()
        try:
            await self._look_around(kinds)
        except K9Error as error:
            # Advice only: what the cluster says for certain is said by the review.
            _LOG.info("what is around the text: %s", error)
            return
        self._show()

    async def _look_around(self, kinds: Kinds) -> None:
        """Compare what is well formed with what the cluster has; of many documents only those that changed."""
        screen, parts = self._screen, [part for _, part in self._checks.parts]
        namespace = screen.k9.scope.single or screen.session.namespace
        sound = [(part, part.whole) for part in parts if part.whole is not None]
        asked = [(part, whole) for part, whole in sound if part.around is None or len(sound) <= FEW]
        wanted = [
            need
            for _, whole in asked
            for need in needs(whole, kinds, namespace=namespace, creating=False, thorough=True)
        ]
        known = await screen.k9.rooms.desk.surroundings.known(
            wanted, beside([one for _, one in sound], kinds, namespace)
        )
        for part, whole in asked:
            part.around = part.placed(
                check_surroundings(whole, kinds, known, namespace=namespace, creating=False, thorough=True)
            )

    def _show(self) -> None:
        """Show what was found, but for the line somebody is typing on, and what only follows from it."""
        screen, line = self._screen, self._typed_on
        if not screen.is_open:
            return
        kept = [note for note in self._checks.notes if line < 0 or note.line not in (line, line + 1)]
        screen.editor.show_problems(kept)
        screen.draw()
