"""A terminal that is lent to a command: a command that says nothing does not keep it."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from collections.abc import Iterator
from typing import Any, cast

import pytest

from k9py.core.errors import Unreachable
from k9py.kube.execs import Channel, ExecResult, ExecSession
from k9py.ui.shell import LEFT, run_in_terminal

PATIENCE = 60.0
"""Seconds a test waits on a busy machine before it fails."""


class Command:
    """A command at the other end of a connection."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.heard = bytearray()
        self.hears = asyncio.Event()
        self.is_deaf = False
        self.result: ExecResult | None = None

    async def read(self) -> tuple[Channel, bytes] | None:
        piece = await self.says.get()
        if piece is None:
            self.result = ExecResult(0)
            return None
        return Channel.STDOUT, piece

    async def write(self, data: bytes) -> None:
        if self.is_deaf:
            raise Unreachable("the connection is closed")
        self.heard += data
        self.hears.set()

    async def close_input(self) -> bool:
        return True

    async def resize(self, *, columns: int, rows: int) -> None:
        """It does not care."""


class Terminal:
    """Both ends of a pseudo terminal."""

    def __init__(self) -> None:
        self.person, self.program = pty.openpty()
        os.set_blocking(self.person, False)
        self.before = termios.tcgetattr(self.program)
        self.seen = ""

    def type(self, data: bytes) -> None:
        os.write(self.person, data)

    async def sees(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while text not in self.seen:
                try:
                    self.seen += os.read(self.person, 4096).decode()
                except BlockingIOError:
                    await asyncio.sleep(0.01)

    @property
    def is_as_before(self) -> bool:
        return termios.tcgetattr(self.program)[:4] == self.before[:4]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal()
    yield found
    os.close(found.person)
    os.close(found.program)


def lent(terminal: Terminal, command: Command, silence: float = PATIENCE) -> asyncio.Task[ExecResult]:
    session = cast(ExecSession, cast(Any, command))
    return asyncio.create_task(
        run_in_terminal(session, stdin=terminal.program, stdout=terminal.program, silence=silence)
    )


async def test_a_command_that_never_says_a_word_is_told_and_left_with_ctrl_c(terminal: Terminal) -> None:
    command = Command()
    running = lent(terminal, command, silence=0.01)
    await terminal.sees("nothing came from the container yet; Ctrl-C gives the terminal back")
    terminal.type(b"\x03")
    result = await asyncio.wait_for(running, PATIENCE)
    assert result == ExecResult(None, LEFT)
    assert command.heard == b""
    assert terminal.is_as_before


async def test_ctrl_c_is_the_commands_as_long_as_it_answers(terminal: Terminal) -> None:
    command = Command()
    running = lent(terminal, command)
    command.says.put_nowait(b"$ ")
    await terminal.sees("$ ")
    for count in range(1, 6):
        terminal.type(b"\x03")
        async with asyncio.timeout(PATIENCE):
            while command.heard.count(b"\x03") < count:
                command.hears.clear()
                await command.hears.wait()
        terminal.seen = ""
        command.says.put_nowait(b"^C")
        await terminal.sees("^C")
    command.says.put_nowait(None)
    assert await asyncio.wait_for(running, PATIENCE) == ExecResult(0)


async def test_a_command_that_stops_answering_is_left_by_the_third_ctrl_c(terminal: Terminal) -> None:
    command = Command()
    running = lent(terminal, command)
    command.says.put_nowait(b"$ ")
    await terminal.sees("$ ")
    terminal.type(b"\x03\x03")
    await terminal.sees("Ctrl-C once more gives the terminal back")
    terminal.type(b"\x03")
    assert await asyncio.wait_for(running, PATIENCE) == ExecResult(None, LEFT)
    assert terminal.is_as_before


async def test_a_connection_that_takes_nothing_more_gives_the_terminal_back(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("k9py.ui.shell.STUCK", 0.01)
    command = Command()
    command.is_deaf = True
    running = lent(terminal, command)
    command.says.put_nowait(b"$ ")
    await terminal.sees("$ ")
    terminal.type(b"x")
    with pytest.raises(Unreachable):
        await asyncio.wait_for(running, PATIENCE)
    assert terminal.is_as_before
