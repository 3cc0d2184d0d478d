"""The shell of simulated containers: what scripts and people type there."""

from __future__ import annotations

import pytest

from k9py.core.clock import ManualClock
from k9py.sim.workloads.files import container_files
from k9py.sim.workloads.shell import Place, Shell


class Typed:
    """A terminal with lines to be read, that keeps what is written."""

    def __init__(self, *lines: str) -> None:
        self._lines = [line.encode() for line in lines]
        self.written = ""

    async def read(self) -> bytes:
        return self._lines.pop(0) if self._lines else b""

    async def write(self, data: bytes, *, error: bool = False) -> None:
        self.written += data.decode()


def shell(terminal: Typed, *, tty: bool = False) -> Shell:
    files = container_files(hostname="web", ip="10.0.0.1", image="web:1", token=False, mounts={})
    return Shell(Place(files, {"HOME": "/"}, ManualClock(), lambda: [], lambda: (80, 24), tty=tty), terminal)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("for i in 1 2 3; do echo $i; done", "1\n2\n3\n"),
        ("if [ 1 = 2 ]; then echo one; elif test 2 -gt 1; then echo two; else echo three; fi", "two\n"),
        ("if false\nthen echo one\nelse echo two\nfi && echo after", "two\nafter\n"),
        ("echo x > /tmp/f; while test -f /tmp/f; do echo there; rm /tmp/f; done", "there\n"),
        ("echo one # and no more", "one\n"),
        ("for i in a b; do for j in c d; do echo $i$j; done; done", "ac\nad\nbc\nbd\n"),
    ],
)
async def test_scripts_branch_and_loop(script: str, says: str) -> None:
    terminal = Typed()
    await shell(terminal).script(script)
    assert terminal.written == says


async def test_a_command_over_several_lines_is_read_to_its_end() -> None:
    terminal = Typed("for i in 1 2\n", "do echo $i\n", "done\n")
    await shell(terminal, tty=True).interact()
    assert terminal.written == "/ # > > 1\n2\n/ # "


@pytest.mark.parametrize("script", ["if true; then echo x", "fi", "for i of x; do echo; done", "echo 'open"])
async def test_what_is_no_command_is_refused_and_nothing_of_it_runs(script: str) -> None:
    terminal = Typed()
    assert await shell(terminal).script("echo before; " + script) == 2
    assert terminal.written.startswith("sh: syntax error")
