"""A shell in a container: the terminal is handed over, byte by byte, until the command ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from k9py.kube.execs import ExecResult, ExecSession

READ_SIZE = 64 * 1024
"""Bytes read from the terminal at once: a paste comes in a few pieces."""


async def run_in_terminal(session: ExecSession, *, stdin: int, stdout: int) -> ExecResult:
    """Connect a command to the terminal behind these file descriptors until it ends; raises LinkError when it is cut.

    The terminal is raw meanwhile, so that every key reaches the command; it is restored whatever happens.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    with _raw(stdin):
        loop.add_reader(stdin, lambda: typed.put_nowait(os.read(stdin, READ_SIZE)))
        async with _resizing(session, stdout):
            sender = asyncio.create_task(_send(session, typed), name="shell input")
            try:
                while (piece := await session.read()) is not None:
                    await _write_all(stdout, piece[1])
            finally:
                loop.remove_reader(stdin)
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
    return session.result or ExecResult(None, "the command's end was not told")


async def _send(session: ExecSession, typed: asyncio.Queue[bytes]) -> None:
    """Pass on what is typed; the end of the terminal ends the command's input."""
    while True:
        data = await typed.get()
        if not data:
            await session.close_input()
            return
        await session.write(data)


async def _write_all(stdout: int, data: bytes) -> None:
    """Write everything without ever blocking the loop on a terminal that does not read."""
    view = memoryview(data)
    while view:
        written = await asyncio.to_thread(os.write, stdout, view)
        view = view[written:]


@contextmanager
def _raw(stdin: int) -> Iterator[None]:
    """Make the terminal raw for a while; nothing to do where standard input is no terminal."""
    if not os.isatty(stdin):
        yield
        return
    before = termios.tcgetattr(stdin)
    tty.setraw(stdin)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


@asynccontextmanager
async def _resizing(session: ExecSession, stdout: int) -> AsyncIterator[None]:
    """Tell the command the terminal's size now and whenever it changes."""
    loop = asyncio.get_running_loop()
    if not os.isatty(stdout):
        yield
        return
    changed = asyncio.Event()
    changed.set()
    before = signal.getsignal(signal.SIGWINCH)
    loop.add_signal_handler(signal.SIGWINCH, changed.set)

    async def tell() -> None:
        while True:
            await changed.wait()
            changed.clear()
            size = os.get_terminal_size(stdout)
            await session.resize(columns=size.columns, rows=size.lines)

    teller = asyncio.create_task(tell(), name="shell size")
    try:
        yield
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        loop.remove_signal_handler(signal.SIGWINCH)
        if before is not None:
            signal.signal(signal.SIGWINCH, before)


def ending(result: ExecResult) -> str:
    """Say how a command ended; empty when it ended well."""
    if result.code == 0:
        return ""
    if result.code is None:
        return result.message or "the command could not be run"
    return f"the shell ended with exit status {result.code}"


def terminal_files() -> tuple[int, int]:
    """Return the descriptors of the terminal's input and output."""
    return sys.__stdin__.fileno() if sys.__stdin__ else 0, sys.__stdout__.fileno() if sys.__stdout__ else 1
