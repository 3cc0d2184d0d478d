"""The program at a real terminal: one that stops reading, is lent, stopped, continued, or goes away."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench.pty_host import HEIGHT, WIDTH, Program
from tests.ui_table.emulator import Emulator

LIMIT = 60.0
"""Seconds a condition may take on a busy machine."""
LEFT_BY = 15.0
"""Seconds: the two after which the program ends whatever it does, and what a busy machine adds."""


class Life:
    """The app on a pty, its notes, and what its screen shows."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        command = [sys.executable, "-m", "tests.ui_table.life_app", str(self.notes)]
        self.program = Program(command, {**os.environ, **environ})
        self.wait(lambda: "painted" in self.noted or self.ended())
        assert not self.ended(), self.program.output.decode()[-2000:]
        self.shows(lambda screen: "api-046" in screen.lines()[-1])
        self.program.settle()

    @property
    def noted(self) -> str:
        return self.notes.read_text()

    def wait(self, condition: Callable[[], bool], *, reading: bool = True) -> float:
        """Wait until something is so, reading from the terminal meanwhile or not; returns the seconds it took."""
        begin = time.monotonic()
        while not condition():
            assert time.monotonic() - begin < LIMIT, f"never; notes: {self.noted!r}"
            self.program.read(0.02) if reading else time.sleep(0.02)
        return time.monotonic() - begin

    def shows(self, condition: Callable[[Emulator], bool]) -> None:
        """Read until the terminal shows something."""
        self.wait(lambda: condition(self.screen()))

    def screen(self) -> Emulator:
        """What the terminal shows."""
        emulator = Emulator(WIDTH, HEIGHT)
        emulator.feed(self.program.output.decode(errors="ignore"))  # The last character may be half there.
        return emulator

    def ended(self) -> bool:
        """Return whether the process is gone."""
        return self.program.poll()


@pytest.fixture(params=["own", "plain"])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    environ = {"K9PY_PLAIN_OUTPUT": "1"} if request.param == "plain" else {}
    life = Life(tmp_path, environ)
    yield life
    life.program.close()


def test_a_terminal_that_stops_reading_stops_nothing_and_gets_one_frame_at_the_end(life: Life) -> None:
    before = len(life.program.output)
    life.program.press(b"c")
    life.wait(lambda: "changed" in life.noted, reading=False)
    life.shows(lambda screen: " 80m" in screen.lines()[1])
    life.program.settle()
    # What fits in the pty's buffer and in the writer's hands, and one frame of everything.
    assert len(life.program.output) - before < 40_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("life", ["own"], indirect=True)
def test_a_signal_saves_the_state_and_ends_the_program_within_two_seconds(life: Life, number: signal.Signals) -> None:
    os.kill(life.program.pid, number)
    assert life.wait(life.ended) < LEFT_BY
    assert "saved" in life.noted


@pytest.mark.parametrize("life", ["own"], indirect=True)
def test_a_signal_ends_the_program_even_when_the_terminal_does_not_read(life: Life) -> None:
    life.program.press(b"c")
    life.wait(lambda: "changed" in life.noted, reading=False)
    os.kill(life.program.pid, signal.SIGTERM)
    assert life.wait(life.ended, reading=False) < LEFT_BY
    assert "saved" in life.noted


@pytest.mark.parametrize("life", ["own"], indirect=True)
def test_a_terminal_that_is_gone_ends_the_program(life: Life) -> None:
    life.program.hang_up()
    assert life.wait(life.ended, reading=False) < LEFT_BY
    assert "saved" in life.noted


def test_the_screen_is_whole_again_after_the_terminal_was_lent(life: Life) -> None:
    before = life.screen().picture()
    life.program.press(b"z")
    life.wait(lambda: "back" in life.noted and b"another program" in life.program.output)
    life.shows(lambda screen: screen.picture() == before)


@pytest.mark.parametrize("life", ["own"], indirect=True)
def test_the_screen_is_whole_again_after_a_stop_nobody_announced_and_keys_still_work(life: Life) -> None:
    before = len(life.program.output)
    os.kill(life.program.pid, signal.SIGSTOP)
    os.kill(life.program.pid, signal.SIGCONT)
    life.wait(lambda: b"api-040" in life.program.output[before:])
    life.program.press(b"jjjjjjjjjj")
    life.shows(lambda screen: screen.cursor == (11, 3))


@pytest.mark.parametrize("life", ["own"], indirect=True)
def test_a_suspend_that_no_shell_waits_for_comes_back_by_itself(life: Life) -> None:
    before = len(life.program.output)
    life.program.press(b"s")
    life.wait(lambda: b"api-040" in life.program.output[before:])
    life.program.press(b"jjjjjjjjjj")
    life.shows(lambda screen: screen.cursor == (11, 3))


@pytest.mark.skipif(shutil.which("bash") is None, reason="the job control is bash's")
def test_a_suspended_program_continued_in_the_background_is_whole_again_in_the_foreground(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    command = shlex.join([sys.executable, "-m", "tests.ui_table.life_app", str(notes)])
    shell = Program(["bash", "--norc", "--noediting", "-i"], os.environ)
    try:
        shell.press(f"{command}\n".encode())
        shell.until(b"api-040")
        shell.settle()
        shell.press(b"s")
        shell.until(b"Stopped")
        shell.press(b"bg\n")
        shell.until(b"life_app [^\n]* &")
        shell.press(b"fg\n")
        shell.until(b"api-040")
        shell.press(b"c")
        shell.until("80▲  80".encode())
    finally:
        shell.close()


@pytest.mark.parametrize("what", ["focus", "window change"])
def test_focus_and_a_window_that_changed_repaint_everything(life: Life, what: str) -> None:
    before = len(life.program.output)
    if what == "focus":
        life.program.press(b"\x1b[O\x1b[I")
    else:
        os.kill(life.program.pid, signal.SIGWINCH)
    names = [f"api-{number:03d}".encode() for number in range(47)]
    life.wait(lambda: all(name in life.program.output[before:] for name in names))
