"""A shell in a container: the terminal is handed over, byte by byte, until the command ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from k9py.kube.execs import ExecResult, ExecSession

READ_SIZE = 64 * 1024
"""Bytes read from the terminal at once: a paste comes in a few pieces."""
SILENCE = 3.0
"""Seconds without a word from a command just connected to until the terminal says so; a prompt comes at once."""
INTERRUPT = b"\x03"
"""What Ctrl-C sends in a raw terminal."""
LEAVING = 3
"""Ctrl-C without an answer that give the terminal back; the first is the command's, and a terminal echoes it."""
STUCK = 2.0
"""Seconds one piece of input may take to be sent; what does not go is dropped."""
LEFT = "left without an answer; the command may still run"


async def run_in_terminal(session: ExecSession, *, stdin: int, stdout: int, silence: float = SILENCE) -> ExecResult:
    """Connect a command to the terminal behind these file descriptors until it ends; raises LinkError when it is cut.

    The terminal is raw meanwhile, so that every key reaches the command; it is restored whatever happens. A command
    that says nothing is left with Ctrl-C: at once while it never said a word, else by the third without an answer.
    ``silence`` is how many seconds without a word pass until the terminal says so.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[bytes | None] = asyncio.Queue()
    answers = _Answers()
    with _raw(stdin):
        loop.add_reader(stdin, lambda: typed.put_nowait(os.read(stdin, READ_SIZE)))
        async with _resizing(session, stdout):
            reader = asyncio.create_task(_show(session, stdout, answers), name="shell output")
            sender = asyncio.create_task(_send(session, typed, answers, stdout), name="shell input")
            warner = loop.call_later(silence, lambda: None if answers.begun else typed.put_nowait(None))
            try:
                await asyncio.wait((reader, sender), return_when=asyncio.FIRST_COMPLETED)
                if sender.done() and sender.exception() is not None:
                    await asyncio.wait((reader,), timeout=STUCK)  # what cut it knows more than what could not be sent
                    sender.result()
                has_left = sender.done() and sender.result()
                if not has_left:
                    await reader  # raises what cut it
            finally:
                warner.cancel()
                loop.remove_reader(stdin)
                reader.cancel()
                sender.cancel()
                await asyncio.gather(reader, sender, return_exceptions=True)
    if has_left:
        return ExecResult(None, LEFT)
    return session.result or ExecResult(None, "the command's end was not told")


class _Answers:
    """Whether a command says anything, and how many Ctrl-C it left without an answer."""

    def __init__(self) -> None:
        self.begun = False
        self.unanswered = 0

    def came(self) -> None:
        """Something came."""
        self.begun, self.unanswered = True, 0

    def interrupted(self) -> bool:
        """Count one Ctrl-C; returns whether it gives the terminal back."""
        self.unanswered += 1
        return not self.begun or self.unanswered >= LEAVING


async def _show(session: ExecSession, stdout: int, answers: _Answers) -> None:
    """Write what a command says until it ends."""
    while (piece := await session.read()) is not None:
        answers.came()
        await _write_all(stdout, piece[1])


async def _send(session: ExecSession, typed: asyncio.Queue[bytes | None], answers: _Answers, stdout: int) -> bool:
    """Pass on what is typed; the end of the terminal ends the command's input. Returns True when a person leaves."""
    while True:
        data = await typed.get()
        if data is None:
            await _write_all(stdout, _said("nothing came from the container yet; Ctrl-C gives the terminal back"))
            continue
        if not data:
            await session.close_input()
            return False
        if not data.strip(INTERRUPT):
            if any(answers.interrupted() for _ in data):
                return True
            if answers.unanswered == LEAVING - 1:
                await _write_all(stdout, _said("no answer; Ctrl-C once more gives the terminal back"))
        # Not waited for without end: where nobody reads at the other side, keys pile up and Ctrl-C is one of them.
        with suppress(TimeoutError):
            async with asyncio.timeout(STUCK):
                await session.write(data)


def _said(text: str) -> bytes:
    return f"\r\n[k9py: {text}]\r\n".encode()


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
