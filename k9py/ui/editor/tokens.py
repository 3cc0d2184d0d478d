"""What each part of a YAML line is, told line by line: a line needs only the state the line above it ended in. Pure.

It colours a text while it is typed, so it never fails: what is no YAML is plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from k9py.ui.editor.document import Change


class Part(IntEnum):
    """What a stretch of a line is."""

    PLAIN = 0
    KEY = 1
    STRING = 2
    NUMBER = 3
    WORD = 4
    """true, false, null and what else YAML reads as one."""
    COMMENT = 5
    ANCHOR = 6
    """Anchors, aliases, tags and merge keys."""
    MARKER = 7
    """Where documents begin and end, and directives."""
    BLOCK = 8
    """The text of a block scalar, and the sign that opens it."""
    SIGN = 9
    """Dashes, colons, brackets, commas."""


class State(NamedTuple):
    """How a line ended."""

    mode: str = ""
    """Empty, ``|`` inside a block scalar, or the quote a text is still inside of."""
    indent: int = -1
    """For a block scalar: lines with more blanks than this belong to it."""
    depth: int = 0
    """Brackets still open."""


Spans = tuple[tuple[int, Part], ...]
"""The column behind each stretch, and what it is; together they cover the line."""

START = State()

LONGEST = 4000
"""Characters of a line that is looked at; a longer one is plain."""

MANY_LINES = 50_000
"""Lines of a text from which on it is shown plain: telling where its block scalars end would take a second."""

_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)$")
_WORDS = frozenset(
    word for base in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    for word in (base, base.capitalize(), base.upper())
) | {"~"}  # fmt: skip
_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
    |(?P<comment>(?<![^\s])\#.*)
    |(?P<dash>-(?=\s|$))
    |(?P<open>[\[{])|(?P<close>[\]}])
    |(?P<double>"(?:[^"\\]|\\.)*(?:"|\\?$))
    |(?P<single>'(?:[^']|'')*(?:'(?!')|$))
    |(?P<anchor>[&*!][^\s,\[\]{}]*)
    |(?P<block>[|>][-+0-9]*(?=\s*(?:\#.*)?$))
    |(?P<colon>:(?=\s|$|[,\[\]{}]))
    |(?P<comma>,)
    |(?P<question>\?(?=\s|$))
    |(?P<merge><<(?=\s*:))
    |(?P<word>(?:[^\s:#,\[\]{}"']|[:](?=[^\s])|(?<=\S)[#"'])(?:[^\s:,\[\]{}]|:(?=[^\s,\[\]{}])|(?<=\S)\#)*)
    |(?P<other>.)""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"[ \t]+")
_KEY_FOLLOWS = re.compile(r"\s*:(?=\s|$|[,\[\]{}])")
_MARKER = re.compile(r"(---|\.\.\.)(?=\s|$)|%.*")
_CLOSERS = {'"': re.compile(r'(?:[^"\\]|\\.)*?"'), "'": re.compile(r"(?:[^']|'')*?'(?!')")}


@lru_cache(maxsize=8192)
def tokenize(line: str, state: State) -> tuple[Spans, State]:
    """Return the parts of a line and the state it ends in."""
    if len(line) > LONGEST:
        return ((len(line), Part.PLAIN),), state
    if state.mode == "|":
        blanks = len(line) - len(line.lstrip(" "))
        if blanks > state.indent or not line.strip():
            return (((len(line), Part.BLOCK),) if line else ()), state
        state = START
    return _Line(line).read(state)


class _Line:
    """Reads one line."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.spans: list[tuple[int, Part]] = []
        self.depth = 0
        self.key_column = -1
        """Where the key or dash stands that a block scalar would belong to."""

    def add(self, end: int, part: Part) -> None:
        """Note a stretch; neighbours of one kind become one."""
        if self.spans and self.spans[-1][1] is part:
            self.spans[-1] = (end, part)
        else:
            self.spans.append((end, part))

    def read(self, state: State) -> tuple[Spans, State]:
        """Return the parts and the state behind the line."""
        line, at = self.line, 0
        self.depth = state.depth
        if state.mode:
            match = _CLOSERS[state.mode].match(line)
            if match is None:
                return (((len(line), Part.STRING),) if line else ()), state
            at = match.end()
            self.add(at, Part.STRING)
        elif marker := _MARKER.match(line):
            at = marker.end()
            self.add(at, Part.MARKER)
            self.depth = 0
        return self._rest(at)

    def _rest(self, at: int) -> tuple[Spans, State]:
        line = self.line
        while at < len(line):
            match = _TOKEN.match(line, at)
            assert match is not None
            name, end = match.lastgroup, match.end()
            if name in ("double", "single"):
                quote = line[at]
                if not _closed(match[0], quote):
                    self.add(end, Part.STRING)
                    return tuple(self.spans), State(quote, -1, self.depth)
                self._scalar(at, end, Part.STRING)
            elif name == "word":
                end = self._word(at, end)
            elif name == "block" and not self.depth:
                self.add(end, Part.BLOCK)
                for_comment = line.find("#", end)
                if for_comment >= 0:
                    self.add(for_comment, Part.PLAIN)
                    self.add(len(line), Part.COMMENT)
                elif end < len(line):
                    self.add(len(line), Part.PLAIN)
                return tuple(self.spans), State("|", self.key_column, 0)
            else:
                self._sign(name or "", at, end)
            at = end
        return tuple(self.spans), State("", -1, self.depth) if self.depth else START

    def _sign(self, name: str, at: int, end: int) -> None:
        part = {"comment": Part.COMMENT, "anchor": Part.ANCHOR, "merge": Part.ANCHOR, "blank": Part.PLAIN}.get(name)
        if name == "open":
            self.depth += 1
        elif name == "close":
            self.depth = max(0, self.depth - 1)
        elif name in ("dash", "question"):
            self.key_column = at
        self.add(end, part if part is not None else Part.SIGN)

    def _scalar(self, at: int, end: int, part: Part) -> None:
        """Note a scalar: a key when a colon follows."""
        follows = _KEY_FOLLOWS.match(self.line, end)
        if follows is None:
            self.add(end, part)
            return
        if not self.depth:
            self.key_column = at
        self.add(end, Part.KEY)

    def _word(self, at: int, end: int) -> int:
        """Note a plain scalar, which may hold blanks; returns where it ends."""
        line = self.line
        while True:
            # A plain scalar goes on behind blanks until a comment, a colon or, inside brackets, a comma.
            match = _BLANKS.match(line, end)
            if match is None or match.end() >= len(line) or line[match.end()] == "#":
                break
            following = _TOKEN.match(line, match.end())
            assert following is not None
            if following.lastgroup in ("colon", "comment") or (self.depth and following.lastgroup in _ENDS):
                break
            end = following.end()
            if following.lastgroup in ("double", "single"):
                # Quotes inside a plain scalar are letters.
                end = match.end() + 1
        while end < len(line) and not line[end].isspace():
            # What is glued to a plain scalar is part of it.
            if line[end] == ":" and (end + 1 == len(line) or line[end + 1].isspace()):
                break
            if self.depth and line[end] in ",[]{}:":
                break
            end += 1
        text = line[at:end]
        part = Part.NUMBER if _NUMBER.match(text) else Part.WORD if text in _WORDS else Part.PLAIN
        self._scalar(at, end, part)
        return end


_ENDS = frozenset({"comma", "open", "close"})


def _closed(text: str, quote: str) -> bool:
    return len(text) > 1 and _CLOSERS[quote].match(text, 1) is not None


class Highlighter:
    """The states between the lines of a text, read as far as somebody looks and read again where it changes."""

    def __init__(self, lines: Callable[[], Sequence[str]]) -> None:
        self._lines = lines
        self._states: list[State] = [START]
        """The state each line begins in, as far as they are known; always at least the first."""

    @property
    def is_on(self) -> bool:
        """False for a text so long that it is shown plain."""
        return len(self._lines()) <= MANY_LINES

    def changed(self, change: Change) -> int:
        """Take a change; returns how many lines below it, from its first on, may look different now.

        The lines below are read again only until one ends as it did before.
        """
        states = self._states
        if change.first + 1 >= len(states):
            del states[change.first + 1 :]
            return change.new_count
        below = states[change.first + change.old_count :]
        del states[change.first + 1 :]
        if not below or not self.is_on:
            return len(self._lines()) - change.first
        lines = self._lines()
        state = states[change.first]
        for number in range(change.first, change.first + change.new_count):
            state = tokenize(lines[number], state)[1]
            states.append(state)
        # Now ``state`` is how the line below the change begins; ``below[0]`` is how it began before.
        number, differing = change.first + change.new_count, 0
        while differing < len(below) and below[differing] != state and number < len(lines):
            states[-1] = state
            state = tokenize(lines[number], state)[1]
            number += 1
            differing += 1
            states.append(state)
        states += below[differing + 1 :]
        return change.new_count + differing

    def spans(self, number: int) -> Spans:
        """Return the parts of a line."""
        lines = self._lines()
        if not self.is_on:
            line = lines[number]
            return ((len(line), Part.PLAIN),) if line else ()
        return tokenize(lines[number], self.state(number))[0]

    def state(self, number: int) -> State:
        """Return the state a line begins in."""
        states, lines = self._states, self._lines()
        while len(states) <= number:
            states.append(tokenize(lines[len(states) - 1], states[-1])[1])
        return states[number]
