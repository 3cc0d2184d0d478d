"""A small safe shell for simulated containers. Nothing of it ever reaches the machine it runs on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from k9py.core.clock import Clock
from k9py.sim.workloads.commands import COMMANDS, Call, Exit, Terminal
from k9py.sim.workloads.files import FileError, Files
from k9py.sim.workloads.syntax import Incomplete, Listed, Loop, Node, Pipeline, parse, redirection

T = TypeVar("T")

NOT_FOUND = 127
INTERRUPTED = 130
PROMPT = "{directory} # "
MORE = "> "
"""What a terminal shows before the next line of a command that has not ended."""


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
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by Ctrl-C on the terminal."""


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
        pending, begun = b"", ""
        if self.place.tty:
            await self._prompt(PROMPT)
        while True:
            data = await self._until_interrupted(self.terminal.read())
            if data is None:
                begun = ""
                await self._prompt(PROMPT)
                continue
            if not data:
                break
            pending += data
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                begun += line.decode(errors="replace") + "\n"
                if not _goes_on(begun):
                    if await self._until_interrupted(self.script(begun)) is None:
                        self.status = INTERRUPTED
                    begun = ""
                if self.place.tty:
                    await self._prompt(MORE if begun else PROMPT)
        if begun or pending:
            await self.script(begun + pending.decode(errors="replace"))
        return self.status

    async def _until_interrupted(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Wait for something; None when Ctrl-C came first, which ends it where there is a terminal."""
        stop = self.place.interrupted
        if not self.place.tty:
            return await work
        stop.clear()
        task, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
            return await task if task.done() else None
        finally:
            task.cancel()
            told.cancel()

    async def _prompt(self, prompt: str) -> None:
        await self.terminal.write(prompt.format(directory=self.directory).encode())

    async def script(self, text: str) -> int:
        """Run a line or a script: ``;``, ``&&``, ``||``, ``|``, ``>``, ``>>``, ``if``, ``for`` and ``while``."""
        try:
            commands = parse(text)
        except ValueError as error:
            await self.terminal.write(f"sh: syntax error: {error}\n".encode(), error=True)
            self.status = 2
            return self.status
        return await self._listed(commands)

    async def _listed(self, commands: Listed) -> int:
        run = True
        for node, joint in commands:
            if run:
                self.status = await self._node(node)
            run = {"&&": self.status == 0, "||": self.status != 0}.get(joint, True)
        return self.status

    async def _node(self, node: Node) -> int:
        if isinstance(node, Pipeline):
            return await self._pipeline(node.words)
        if isinstance(node, Loop):
            return await self._loop(node)
        for condition, body in node.guarded:
            if await self._listed(condition) == 0:
                return await self._listed(body)
        return await self._listed(node.otherwise) if node.otherwise else 0

    async def _loop(self, loop: Loop) -> int:
        code = 0
        if not loop.name:
            while await self._listed(loop.condition) == 0:
                code = await self._listed(loop.body)
                await asyncio.sleep(0)  # Others live in this process too.
            return code
        for word in loop.words:
            self.env[loop.name] = self._expand(word)
            code = await self._listed(loop.body)
        return code

    async def _pipeline(self, words: list[str]) -> int:
        stages: list[list[str]] = [[]]
        for word in words:
            if word == "|":
                stages.append([])
            else:
                stages[-1].append(word)
        data, code = b"", 0
        for number, stage in enumerate(stages):
            argv, target, append, turns = redirection(stage)
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


def _goes_on(text: str) -> bool:
    """Say whether a command has begun that has not ended."""
    try:
        parse(text)
    except Incomplete:
        return True
    except ValueError:
        return False
    return False


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
