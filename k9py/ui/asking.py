"""The lines a person types in over the list: commands, filters, searches of a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from k9py.core.errors import FilterError, K9Error
from k9py.resources.model import Tone
from k9py.ui.commands import VERBS
from k9py.ui.completing import Vocabulary, complete
from k9py.ui.prompt import Candidate, Completer, Typed

if TYPE_CHECKING:
    from k9py.ui.browse import BrowseScreen


FILTER_HINT = "word !not ~fuzzy /regex/ status=Run* cpu>200m app=web"
"""What can be typed, shown while nothing is."""


class Asking:
    """Opens the browser's prompt and takes what was typed."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen
        self._filter_before = ""
        self._from_detail = False
        """True when the detail pane had the keys before the line was opened."""

    # ------------------------------------------------------------------ opening

    def command(self, text: str = "") -> None:
        """Open the line for a command."""
        vocabulary = self._screen.k9.globals.vocabulary()
        self._open(
            ":",
            text,
            completer=lambda line: self._complete(line, vocabulary),
            history=self._screen.k9.memory.commands,
            done=self._command_typed,
        )

    @staticmethod
    def _complete(line: str, vocabulary: Vocabulary) -> Sequence[Candidate]:
        """Return what a line may become; the paths of a disk are not among the words of a cluster."""
        head, space, rest = line.lstrip(":").lstrip().partition(" ")
        if space and (head in VERBS["apply"] or (head in VERBS["edit"] and rest.startswith(("/", "./", "~", "../")))):
            from k9py.ui.editor.filing import path_candidates  # deferred with the editor

            return path_candidates(line)
        return complete(line, vocabulary)

    def filter(self, text: str | None = None) -> None:
        """Open the line for the filter of this list; what is typed takes effect at once."""
        screen = self._screen
        self._filter_before = screen.view.filter
        before = screen.view.filter if text is None else text
        # Who opens the line again wants another filter as often as more of this one.
        self._open("/", before, history=screen.k9.memory.filters, done=self._filter_typed, chosen=text is None)
        self._try_filter(before)

    def search(self) -> None:
        """Open the line to search the text on show."""
        self._open("find", "", history=self._screen.k9.memory.filters, done=self._search_typed)

    def _open(
        self,
        mode: str,
        text: str,
        *,
        history: Sequence[str],
        done: Callable[[Typed], None],
        completer: Completer = lambda _: (),
        chosen: bool = False,
    ) -> None:
        screen = self._screen
        if not screen.prompt.mode:
            self._from_detail = screen.detail.has_focus_within
        screen.query_one("#crumbs").display = False
        screen.prompt.open(mode, text, completer=completer, history=history, done=done, chosen=chosen)
        screen.show_keys()

    def _leave(self) -> None:
        """Give the keys back to what had them."""
        screen = self._screen
        screen.query_one("#crumbs").display = True
        if self._from_detail and screen.body_shows_detail:
            screen.detail.focus_text()
        else:
            screen.table.focus()
        screen.show_keys()

    # ------------------------------------------------------------------ while typing

    def changed(self, mode: str, text: str) -> None:
        """Filter or search while typing; what is unfinished is explained and leaves everything as it was."""
        if mode == "/":
            self._try_filter(text)
        elif mode == "find":
            self._try_search(text)

    def _try_filter(self, text: str) -> None:
        screen = self._screen
        listing, prompt, table = screen.listing, screen.prompt, screen.table
        try:
            listing.set_filter(text)
        except FilterError as error:
            prompt.say(str(error), Tone.BAD)
            listing.set_filter(self._filter_before)
        else:
            prompt.say(f"{table.row_count:,} of {table.total_count:,}" if text.strip() else FILTER_HINT)

    def _try_search(self, text: str) -> None:
        prompt = self._screen.prompt
        try:
            count = self._screen.detail.search(text)
        except FilterError as error:
            prompt.say(str(error), Tone.BAD)
        else:
            prompt.say((f"{count:,} lines" if count else "nothing matches") if text else "")

    # ------------------------------------------------------------------ typed

    def _filter_typed(self, typed: Typed) -> None:
        """Keep the filter, or what was there before; one that means nothing is given back to be mended."""
        self._leave()
        screen = self._screen
        before = replace(screen.view, filter=self._filter_before)
        if typed.cancelled:
            screen.listing.set_filter(self._filter_before)
            screen.change_view(before)
            return
        try:
            screen.listing.parse(typed.text)
        except FilterError as error:
            screen.change_view(before)
            self.filter(typed.text)
            screen.k9.flash(error)
            return
        screen.k9.memory.note_filter(typed.text)
        screen.change_view(replace(screen.view, filter=typed.text.strip()))

    def _command_typed(self, typed: Typed) -> None:
        """Carry out a command; the beginning of a word is taken for the word it most likely begins."""
        self._leave()
        if typed.cancelled:
            return
        acting = self._screen.acting
        try:
            acting.command(typed.text)
            return
        except K9Error as error:
            trouble = error
        try:
            if typed.best and typed.best != typed.text:
                acting.command(typed.best)
                return
        except K9Error as error:
            trouble = error
        self.command(typed.text)
        self._screen.k9.flash(trouble)

    def _search_typed(self, typed: Typed) -> None:
        """Keep the search of the text, or forget it."""
        self._leave()
        if typed.cancelled:
            self._screen.detail.search("")
        else:
            self._screen.k9.memory.note_filter(typed.text)
        self._screen.detail.focus_text()
