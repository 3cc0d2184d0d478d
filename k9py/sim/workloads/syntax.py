"""The grammar of the simulated containers' shell: words, lists of commands, ``if``, ``for`` and ``while``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

JOINTS = frozenset({";", "\n", "&&", "||"})
_RESERVED = frozenset({"then", "elif", "else", "fi", "do", "done", "in"})
_WORD = re.compile(
    r"""[ \t\r]*(?:(\#[^\n]*|\d?>&\d|\d?>>|\d?>|&&|\|\||[;|\n])|"""
    r"""((?:'[^']*'|"(?:\\.|[^"])*"|\\.|[^\s;|&>'"\\])+)|(\S))""",
    re.DOTALL,
)


class Incomplete(ValueError):
    """A text that ends within a command: more lines may follow."""


@dataclass(slots=True)
class Pipeline:
    """Words with ``|`` and redirections among them."""

    words: list[str]


@dataclass(slots=True)
class Branch:
    """``if`` and ``elif`` with what they guard, and what is done otherwise."""

    guarded: list[tuple[Listed, Listed]] = field(default_factory=list)
    otherwise: Listed = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """``for`` over words, or ``while`` a list succeeds."""

    name: str
    """Empty: a ``while``."""
    words: list[str]
    condition: Listed
    body: Listed


Node = Pipeline | Branch | Loop
Listed = list[tuple[Node, str]]
"""Commands, each with the operator that follows it."""


def parse(text: str) -> Listed:
    """Return a script's commands; raises Incomplete where more must follow and ValueError for what is none."""
    reader = _Reader(_split(text))
    found = reader.listed(frozenset())
    if reader.rest:
        raise ValueError(f"unexpected {reader.rest[0]!r}")
    return found


def _split(text: str) -> list[str]:
    """Split into words and operators; a word from single quotes begins with NUL: nothing in it is expanded."""
    words: list[str] = []
    for match in _WORD.finditer(text):
        operator, word, stray = match.groups()
        if stray:
            raise (Incomplete if stray in "'\"\\" else ValueError)(f"unexpected {stray!r}")
        if operator and not operator.startswith("#"):
            words.append(operator)
        elif word:
            plain = "".join(shlex.split(word, posix=True)) if word not in ("''", '""') else ""
            words.append(("\0" if word.startswith("'") else "") + plain)
    return words


class _Reader:
    """Reads commands from words."""

    def __init__(self, words: list[str]) -> None:
        self.rest = words

    def listed(self, ends: frozenset[str]) -> Listed:
        """Return the commands up to one of ``ends``, which stays."""
        found: Listed = []
        while True:
            while self.rest and self.rest[0] in (";", "\n"):
                self.rest.pop(0)
            if not self.rest:
                if ends:
                    raise Incomplete(f"missing {' or '.join(sorted(ends))}")
                return found
            if self.rest[0] in ends:
                return found
            node = self._node()
            joint = self.rest.pop(0) if self.rest and self.rest[0] in JOINTS else ";"
            found.append((node, joint))

    def _node(self) -> Node:
        word = self.rest[0]
        if word == "if":
            return self._branch()
        if word in ("for", "while"):
            return self._loop()
        if word in _RESERVED or word in JOINTS:
            raise ValueError(f"unexpected {word!r}")
        words = []
        while self.rest and self.rest[0] not in JOINTS:
            words.append(self.rest.pop(0))
        return Pipeline(words)

    def _branch(self) -> Branch:
        found = Branch()
        while self.rest.pop(0) in ("if", "elif"):
            condition = self.listed(frozenset({"then"}))
            self.rest.pop(0)
            found.guarded.append((condition, self.listed(frozenset({"elif", "else", "fi"}))))
            if self.rest[0] == "else":
                self.rest.pop(0)
                found.otherwise = self.listed(frozenset({"fi"}))
        return found

    def _loop(self) -> Loop:
        name, words, condition = "", [], list[tuple[Node, str]]()
        if self.rest.pop(0) == "while":
            condition = self.listed(frozenset({"do"}))
        else:
            if len(self.rest) < 2:
                raise Incomplete("missing in")
            name = self.rest.pop(0)
            if self.rest.pop(0) != "in":
                raise ValueError("for without in")
            while self.rest and self.rest[0] not in JOINTS:
                words.append(self.rest.pop(0))
            self.listed(frozenset({"do"}))
        self.rest.pop(0)
        body = self.listed(frozenset({"done"}))
        self.rest.pop(0)
        return Loop(name, words, condition, body)


def redirection(words: list[str]) -> tuple[list[str], str | None, bool, frozenset[str]]:
    """Return the words without redirections, the file standard output goes to, whether it is appended, and turns.

    Turns are ``2>&1``, ``>&2`` and ``2>`` (errors are dropped: nobody reads them again).
    """
    kept: list[str] = []
    turns: set[str] = set()
    target, append = None, False
    rest = iter(words)
    for word in rest:
        if word in ("2>&1", ">&2", "1>&2"):
            turns.add(word)
        elif re.fullmatch(r"[12]?>>?", word):
            path = next(rest, "")
            if word.startswith("2"):
                turns.add("2>")
            else:
                target, append = path, word.endswith(">>")
        else:
            kept.append(word)
    return kept, target, append, frozenset(turns)
