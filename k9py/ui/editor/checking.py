"""What is wrong with a text, found a moment after somebody stopped typing, and never on a word that is half typed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from k9py.core import yamlspans
from k9py.core.errors import InputError, K9Error, YamlError
from k9py.manifests.crosschecks import check_surroundings, needs
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Problem
from k9py.manifests.surroundings import beside
from k9py.manifests.validation import validate_object
from k9py.ui.editor.subjects import LiveSubject, Subject, places
from k9py.ui.editor.widget import Note

if TYPE_CHECKING:
    from k9py.ui.editor.screen import EditScreen

REST = 0.5
"""Seconds without a key before a text is looked at: less would report words nobody has finished."""


class Checked:
    """The documents of a text and what is wrong with each."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.notes: list[Note] = []
        self.sound: list[tuple[dict[str, Any], Any, Any]] = []
        """Documents without an error: as the cluster would get them, as typed, and their node."""

    def add(self, problems: Iterable[Problem], document: Any, node: Any) -> None:
        """Note problems of a document where they stand."""
        for problem in problems:
            span = yamlspans.nearest(node, self._subject.place_of(problem.path, document))
            self.notes.append(Note(span.line - 1, span.column - 1, str(problem), problem.is_error))


def check(text: str, subject: Subject, kinds: Kinds) -> Checked:
    """Check a text by itself: takes some 30 ms a thousand lines, so it runs in a thread."""
    checked = Checked(subject)
    try:
        documents = places(text)
    except YamlError as error:
        told = str(error).removeprefix(f"line {error.line}, column {error.column}: ")
        said = f"{told}. {error.remedy}" if error.remedy else told
        checked.notes.append(Note(max(0, error.line - 1), max(0, error.column - 1), said))
        return checked
    for line, document, node in documents:
        try:
            whole = subject.whole(document)
        except InputError as error:
            checked.notes.append(Note(line, 0, error.with_remedy()))
            continue
        old = subject.base if isinstance(subject, LiveSubject) and subject.whole(document) is not document else None
        problems = validate_object(whole, kinds, old=old)
        if not kinds.live:
            # A kind that is not recorded may well be one of this cluster's: the server judges.
            problems = [
                problem for problem in problems if problem.reason != "NotFound" or problem.path[:1] != ("kind",)
            ]
        checked.add(problems, document, node)
        if isinstance(whole, dict) and not any(problem.is_error for problem in problems):
            checked.sound.append((whole, document, node))
    return checked


class Checker:
    """Checks the text of one screen while it is typed."""

    def __init__(self, screen: EditScreen) -> None:
        self._screen = screen
        self._task: asyncio.Task[None] | None = None
        self._notes: list[Note] = []
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
        text, desk = screen.editor.text, screen.k9.desk
        kinds = await asyncio.to_thread(lambda: desk.kinds)
        checked = await asyncio.to_thread(check, text, screen.subject, kinds)
        self._notes = checked.notes
        self._show()
        if not checked.sound:
            return
        try:
            await self._look_around(checked, kinds)
        except K9Error as error:
            # Advice only: what the cluster says for certain is said by the review.
            screen.k9.log(f"surroundings: {error}")
            return
        self._notes = checked.notes
        self._show()

    async def _look_around(self, checked: Checked, kinds: Kinds) -> None:
        """Compare what is well formed with what the cluster has."""
        screen = self._screen
        namespace = screen.k9.scope.single or screen.session.namespace
        wholes = [whole for whole, _, _ in checked.sound]
        wanted = [need for whole in wholes for need in needs(whole, kinds, namespace=namespace, creating=False)]
        known = await screen.k9.desk.surroundings.known(wanted, beside(wholes, kinds, namespace))
        for whole, document, node in checked.sound:
            checked.add(check_surroundings(whole, kinds, known, namespace=namespace, creating=False), document, node)

    def _show(self) -> None:
        """Show what was found, but for the line somebody is typing on, and what only follows from it."""
        screen, line = self._screen, self._typed_on
        if not screen.is_open:
            return
        kept = [note for note in self._notes if line < 0 or note.line not in (line, line + 1)]
        screen.editor.show_problems(kept)
        screen.draw()
