"""A small safe shell for simulated containers. Nothing of it ever reaches the machine it runs on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from k9py.core.clock import Clock
from k9py.sim.workloads.commands import COMMANDS, Call, Exit, Terminal
from k9py.sim.workloads.files import FileError, Files

NOT_FOUND = 127
INTERRUPTED = 130
PROMPT = "{directory} # "


@dataclass(slots=True)
class Place:
    """What a shell knows of its container."""

    files: Files
    env: dict[str, str]
    clock: Clock
    processes: Callable[[], list[tuple[int, str, str]]]
    """(pid, share of CPU, command) of what runs."""
    size: Callable[[], tuple[int, int]]
    """(columns, rows) of the terminal; zeros without one."""
    shells: frozenset[str] = frozenset({"sh", "ash", "bash"})
    tty: bool = False


@dataclass(slots=True)
class Shell:
    """One process of a shell, or of a single command."""

    place: Place
    terminal: Terminal
    directory: str = "/"
    status: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = dict(self.place.env)

    def knows(self, name: str) -> bool:
        """Return True when there is such an executable."""
        base = name.rsplit("/", 1)[-1]
        return base in self.place.shells or base in COMMANDS

    async def execute(self, argv: list[str]) -> int:
        """Run an argument vector as exec does and return its exit code."""
        try:
            return await self._command(argv, b"", self.terminal)
        except Exit as left:
            return left.code

    # reading lines

    async def interact(self) -> int:
        """Read commands until exit or the end of input."""
        pending = b""
        if self.place.tty:
            await self._prompt()
        while True:
            data = await self.terminal.read()
            if not data:
                break
            pending += data
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                await self.script(line.decode(errors="replace"))
                if self.place.tty:
                    await self._prompt()
        if pending:
            await self.script(pending.decode(errors="replace"))
        return self.status

    async def _prompt(self) -> None:
        await self.terminal.write(PROMPT.format(directory=self.directory).encode())

    async def script(self, text: str) -> int:
        """Run a line or a script: ``;``, ``&&``, ``||``, ``|``, ``>``, ``>>``."""
        for line in text.split("\n"):
            if line.strip() and not line.lstrip().startswith("#"):
                await self._line(line)
        return self.status

    async def _line(self, line: str) -> None:
        try:
            words = _split(line)
        except ValueError as error:
            await self.terminal.write(f"sh: syntax error: {error}\n".encode(), error=True)
            self.status = 2
            return
        run = True
        for part, joint in _parts(words):
            if run and part:
                self.status = await self._pipeline(part)
            run = {"&&": self.status == 0, "||": self.status != 0}.get(joint, True)

    async def _pipeline(self, words: list[str]) -> int:
        stages: list[list[str]] = [[]]
        for word in words:
            if word == "|":
                stages.append([])
            else:
                stages[-1].append(word)
        data, code = b"", 0
        for number, stage in enumerate(stages):
            argv, target, append, turns = _redirection(stage)
            argv = [self._expand(word) for word in argv]
            last = number == len(stages) - 1
            sink = _Sink(self.terminal, turns, kept=not last or target is not None)
            code = await self._command(argv, data, sink if sink.kept or turns else self.terminal)
            data = bytes(sink.data)
            if target is not None and target != "/dev/null":
                path = Files.resolve(self._expand(target), self.directory)
                try:
                    self.place.files.write(path, data, append=append)
                except FileError as error:
                    await self.terminal.write(f"sh: can't create {target}: {error}\n".encode(), error=True)
                    return 1
                data = b""
        return code

    def _expand(self, word: str) -> str:
        if word.startswith("\0"):
            return word[1:]

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return str(self.status) if name == "?" else self.env.get(name, "")

        return re.sub(r"\$(?:\{(\w+)\}|(\w+|\?))", value, word)

    async def _command(self, argv: list[str], data: bytes, out: Terminal) -> int:
        while argv and re.fullmatch(r"\w+=.*", argv[0]):
            name, _, value = argv.pop(0).partition("=")
            self.env[name] = value
        if not argv:
            return 0
        name = argv[0].rsplit("/", 1)[-1]
        if name == "exec":
            raise Exit(await self._command(argv[1:], data, out)) if len(argv) > 1 else Exit(self.status)
        if name in self.place.shells:
            return await self._shell(argv, out)
        command = COMMANDS.get(name)
        if command is None:
            await out.write(f"sh: {argv[0]}: not found\n".encode(), error=True)
            return NOT_FOUND
        return await command(Call(self, argv, data, out))

    async def _shell(self, argv: list[str], out: Terminal) -> int:
        inner = Shell(self.place, out, self.directory)
        inner.env = dict(self.env)
        try:
            if "-c" in argv[1:]:
                rest = argv[argv.index("-c") + 1 :]
                return await inner.script(rest[0]) if rest else 2
            return await inner.interact()
        except Exit as left:
            return left.code


class _Sink:
    """Where a stage's output goes: kept for the next stage or a file, or on to the terminal, turned as asked."""

    def __init__(self, terminal: Terminal, turns: frozenset[str], *, kept: bool) -> None:
        self.data = bytearray()
        self.kept = kept
        self._terminal = terminal
        self._turns = turns

    async def read(self) -> bytes:
        return await self._terminal.read()

    async def write(self, data: bytes, *, error: bool = False) -> None:
        if error and "2>" in self._turns:
            return
        turned = "2>&1" in self._turns if error else bool({">&2", "1>&2"} & self._turns)
        if error != turned:
            await self._terminal.write(data, error=True)
        elif self.kept:
            self.data += data
        else:
            await self._terminal.write(data)


def _split(line: str) -> list[str]:
    """Split a line into words and operators; a word from single quotes begins with NUL: nothing in it is expanded."""
    words: list[str] = []
    for match in re.finditer(
        r"""\s*(?:(\d?>&\d|\d?>>|\d?>|&&|\|\||[;|])|((?:'[^']*'|"(?:\\.|[^"])*"|\\.|[^\s;|&>'"\\])+)|(\S))""", line
    ):
        operator, word, stray = match.groups()
        if stray:
            raise ValueError(f"unexpected {stray!r}")
        if operator:
            words.append(operator)
        elif word:
            plain = "".join(shlex.split(word, posix=True)) if word not in ("''", '""') else ""
            words.append(("\0" if word.startswith("'") else "") + plain)
    return words


def _parts(words: list[str]) -> list[tuple[list[str], str]]:
    """Cut words at ``;``, ``&&`` and ``||``; each part comes with the operator that follows it."""
    parts: list[tuple[list[str], str]] = []
    current: list[str] = []
    for word in words:
        if word in (";", "&&", "||"):
            parts.append((current, word))
            current = []
        else:
            current.append(word)
    return [*parts, (current, "")]


def _redirection(words: list[str]) -> tuple[list[str], str | None, bool, frozenset[str]]:
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
