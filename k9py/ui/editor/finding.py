"""Find and replace, going to a line, a field or a document: what is typed in the line above the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Protocol

from k9py.core import fuzzy
from k9py.core.errors import FilterError, UsageError
from k9py.resources.action import Action
from k9py.resources.model import Tone
from k9py.ui.editor.document import Place, Selection
from k9py.ui.editor.outline import Field, document_starts, outline, path_words
from k9py.ui.editor.widget import TextEditor
from k9py.ui.prompt import Candidate, Prompt, Typed

if TYPE_CHECKING:
    from k9py.ui.app import K9App

FIND, REPLACE, WITH, GO = "find", "replace", "with", "go to"

MANY = 10_000
"""Matches that are looked at: more in one text is nothing anybody goes through."""

OFFERED_PATHS = 50
"""Fields offered for what is typed so far."""


def compile_words(words: str) -> re.Pattern[str] | None:
    """Return what to look for: the words as they are, or a regular expression between slashes; None for nothing.

    Case counts once a capital is typed. Raises FilterError for what is no regular expression.
    """
    is_pattern = len(words) > 1 and words.startswith("/") and words.endswith("/")
    pattern = words[1:-1] if is_pattern else re.escape(words)
    if not pattern:
        return None
    flags = re.MULTILINE if any(char.isupper() for char in words) else re.MULTILINE | re.IGNORECASE
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise FilterError(f"not a regular expression: {error}", remedy="Put a backslash before ( [ * + ? .") from None


class Places:
    """From offsets in a text of lines to lines and columns."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._starts = [0, *accumulate(len(line) + 1 for line in lines)]

    def of(self, offset: int) -> Place:
        """Return the place of an offset."""
        line = bisect_right(self._starts, offset) - 1
        return line, offset - self._starts[line]

    def offset(self, place: Place) -> int:
        """Return the offset of a place."""
        return self._starts[place[0]] + place[1]


class Searched(Protocol):
    """A screen with a text and a line to type in what is looked for."""

    @property
    def k9(self) -> K9App:
        """The application."""

    @property
    def editor(self) -> TextEditor:
        """The text."""

    @property
    def prompt(self) -> Prompt:
        """The line."""

    def show_keys(self) -> None:
        """Show what can be done now."""


class Finder:
    """Looks for things in one editor's text."""

    def __init__(self, screen: Searched, *, one_key: str = "f9") -> None:
        """``one_key`` is the key that replaces one match."""
        self._screen = screen
        self._one_key = one_key
        self._words = ""
        self._pattern: re.Pattern[str] | None = None
        self._replacement: str | None = None
        self._before = Selection((0, 0), (0, 0))
        """Where the caret was before something was looked for."""
        self._fields: list[Field] = []
        self._starts_at = -1
        self._starts: list[int] = [0]
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {
            "editor.find": self.find,
            "editor.next": lambda: self.step(1),
            "editor.previous": lambda: self.step(-1),
            "editor.replace": self.replace,
            "editor.replace-one": self.replace_one,
            "editor.go": self.go,
            "editor.document-next": lambda: self.step_document(1),
            "editor.document-previous": lambda: self.step_document(-1),
        }

    @property
    def _editor(self) -> TextEditor:
        return self._screen.editor

    def refusal(self, action: Action) -> str:
        """Return why an action makes no sense now; empty when it does."""
        if action.id in ("editor.next", "editor.previous") and self._pattern is None:
            return "Nothing is searched for; ctrl+f searches"
        if action.id == "editor.replace-one" and self._replacement is None:
            return "Nothing is replaced; ctrl+r says what with what"
        if action.id.startswith("editor.document") and len(self._documents()) < 2:
            return "There is one document in the text"
        return ""

    # ------------------------------------------------------------------ the line

    def _open(self, mode: str, text: str = "", completer: Callable[[str], Sequence[Candidate]] | None = None) -> None:
        prompt = self._screen.prompt
        prompt.open(
            mode, text, completer=completer or (lambda _: ()), history=self._screen.k9.memory.filters, done=self._typed
        )
        # What is offered gives way to what is typed.
        prompt.line.select_all()
        self._screen.show_keys()

    def _typed(self, typed: Typed) -> None:
        """Take what was typed, or go back to where it began."""
        self._editor.focus()
        if typed.mode in (FIND, REPLACE) and not typed.cancelled:
            # The word of what was typed last may still be on its way.
            self._take_words(typed.text)
        if typed.cancelled:
            self._pattern = None
            self._editor.show_found(())
            self._editor.document.select(self._before.caret, self._before.anchor)
            self._editor.caret_moved()
        elif typed.mode == FIND:
            self._screen.k9.memory.note_filter(typed.text)
        elif typed.mode == REPLACE and self._pattern is not None:
            self._open(WITH, self._replacement or "")
            self.changed(WITH, "")
            return
        elif typed.mode == WITH:
            self._replace_all(typed.text)
        elif typed.mode == GO:
            self._gone(typed.text.strip())
        self._screen.show_keys()

    def changed(self, mode: str, text: str) -> None:
        """Search while typing."""
        prompt = self._screen.prompt
        if mode != prompt.mode:
            return
        if mode in (FIND, REPLACE):
            found = self._take_words(text)
            if found is not None:
                many = f"{len(found):,} found" if found else "nothing matches"
                prompt.say(many if text else "/regex/ searches by one")
        elif mode == WITH:
            count = len(self._search())
            prompt.say(f"enter replaces {count:,}; {self._one_key} afterwards replaces one at a time")

    def _take_words(self, text: str) -> list[tuple[Place, Place]] | None:
        """Search for what is typed and go to the first match; None when it means nothing."""
        try:
            self._words, self._pattern = text, compile_words(text)
        except FilterError as error:
            self._pattern = None
            self._screen.prompt.say(str(error), Tone.BAD)
            return None
        found = self._search()
        self._to_first(found)
        return found

    # ------------------------------------------------------------------ find

    def find(self) -> None:
        """Search; what is selected on one line is looked for at once."""
        self._before = self._editor.document.selection
        self._open(FIND, self._begin())
        self.changed(FIND, self._begin())

    def _begin(self) -> str:
        selected = self._editor.document.selected
        return selected if "\n" not in selected else ""

    def _search(self) -> list[tuple[Place, Place]]:
        """Return every match and mark it."""
        if self._pattern is None:
            self._editor.show_found(())
            return []
        lines = self._editor.document.lines
        places = Places(lines)
        matches = islice(self._pattern.finditer("\n".join(lines)), MANY)
        found = [(places.of(match.start()), places.of(match.end())) for match in matches if match.end() > match.start()]
        self._editor.show_found(found)
        return found

    def text_changed(self) -> None:
        """Mark what matches in the text as it is now."""
        if self._pattern is not None:
            self._search()

    def _to_first(self, found: Sequence[tuple[Place, Place]]) -> None:
        start = self._before.start
        match = next((one for one in found if one[0] >= start), found[0] if found else None)
        if match is not None:
            self._select(match)

    def _select(self, match: tuple[Place, Place]) -> None:
        self._editor.go_to(*match[0])
        self._editor.document.select(match[1], match[0])
        self._editor.caret_moved()

    def step(self, by: int) -> None:
        """Go to the next match around the end."""
        found = self._search()
        if not found:
            self._screen.k9.flash_text(f"Nothing matches {self._words!r} any more")
            return
        start = self._editor.document.selection.start
        if by > 0:
            match = next((one for one in found if one[0] > start), found[0])
        else:
            match = next((one for one in reversed(found) if one[0] < start), found[-1])
        self._select(match)

    def forget(self) -> bool:
        """Take the marks of the last search away; False when there are none."""
        pattern, self._pattern = self._pattern, None
        self._editor.show_found(())
        return pattern is not None

    # ------------------------------------------------------------------ replace

    def replace(self) -> None:
        """Ask what to replace, then with what."""
        self._before = self._editor.document.selection
        self._open(REPLACE, self._begin())
        self.changed(REPLACE, self._begin())

    def _replaced(self, match: re.Match[str], words: str) -> str:
        """Return what stands for a match; only a regular expression has groups to put in."""
        try:
            return match.expand(words) if self._words.startswith("/") else words
        except (re.error, IndexError) as error:
            raise UsageError(f"{words!r} cannot be put in: {error}", remedy=r"\1 is the first group") from None

    def _replace_all(self, words: str) -> None:
        """Replace every match as one step of undo."""
        if self._pattern is None:
            return
        self._replacement = words
        lines = self._editor.document.lines
        places = Places(lines)

        def act() -> None:
            assert self._pattern is not None
            edits = [
                (places.of(match.start()), places.of(match.end()), self._replaced(match, words))
                for match in self._pattern.finditer("\n".join(lines))
                if match.end() > match.start()
            ]
            selection = self._before
            clamp = self._editor.document.clamp
            count = self._editor.document.change_many(edits)
            self._editor.document.select(clamp(selection.caret))
            self._editor.edited()
            again = "; ctrl+z takes it back" if count else ""
            self._screen.k9.flash_text(f"{count:,} replaced{again}")

        self._screen.k9.attempt(act)

    def replace_one(self) -> None:
        """Replace the match that is selected and go to the next."""
        selection, document = self._editor.document.selection, self._editor.document
        if self._pattern is None or self._replacement is None:
            return
        match = self._pattern.fullmatch(document.selected)
        if match is not None and not selection.is_empty:
            document.replace(selection.start, selection.end, self._replaced(match, self._replacement))
            self._editor.edited()
            document.select(document.caret)
        found = self._search()
        caret = document.caret
        if found:
            self._select(next((one for one in found if one[0] >= caret), found[0]))

    # ------------------------------------------------------------------ go to

    def go(self) -> None:
        """Ask for a line, or a field."""
        self._before = self._editor.document.selection
        lines = self._editor.document.lines
        self._fields = list(outline(lines, 0, len(lines), self._editor.is_in_text))
        self._open(GO, "", self._paths)
        self._screen.prompt.say("a line's number, or a field's path")

    def _paths(self, words: str) -> list[Candidate]:
        if not words.strip() or words.strip().isdigit():
            return []
        return [
            Candidate(path_words(field.path), path_words(field.path), f"line {field.line + 1}")
            for field in self._best(words.strip())[:OFFERED_PATHS]
        ]

    def _best(self, words: str) -> list[Field]:
        """Return the fields that fit, best first: whole words at the end of a path before letters anywhere."""
        ranked = []
        for index, field in enumerate(self._fields):
            if isinstance(field.path[-1], int):
                continue
            path = path_words(field.path)
            match = fuzzy.match(words, path)
            if match is not None:
                exact = 2 * (path == words) + path.lower().endswith(words.lower())
                ranked.append((-exact, -match.score, len(path), index))
        return [self._fields[index] for *_, index in sorted(ranked)]

    def _gone(self, words: str) -> None:
        if words.isdigit():
            self._editor.go_to(int(words) - 1, 0)
        elif words:
            best = self._best(words)
            if best:
                self._editor.go_to(best[0].line, best[0].column)
            else:
                self._screen.k9.flash_text(f"No field is like {words!r}")

    # ------------------------------------------------------------------ documents

    def _documents(self) -> list[int]:
        document = self._editor.document
        if self._starts_at != document.version:
            self._starts_at, self._starts = document.version, document_starts(document.lines)
        return self._starts

    def documents(self) -> str:
        """Return which document the caret is in, where there are several."""
        starts = self._documents()
        if len(starts) < 2:
            return ""
        return f"document {max(1, bisect_right(starts, self._editor.caret[0]))} of {len(starts)}  "

    def step_document(self, by: int) -> None:
        """Go to the beginning of a neighbouring document, around the end."""
        starts = self._documents()
        at = max(0, bisect_right(starts, self._editor.caret[0]) - 1)
        self._editor.go_to(starts[(at + by) % len(starts)], 0)
