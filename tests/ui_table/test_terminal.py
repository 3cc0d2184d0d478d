"""What the environment says about the terminal."""

from __future__ import annotations

import pytest

from k9py.ui.glyphs import ASCII, UNICODE, Glyphs
from k9py.ui.look import Depth
from k9py.ui.terminal import Terminal

MODERN = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_US.UTF-8"}


@pytest.mark.parametrize(
    ("change", "depth"),
    [
        ({}, Depth.TRUE),
        ({"COLORTERM": ""}, Depth.ANSI256),
        ({"COLORTERM": "", "TERM": "xterm"}, Depth.ANSI256),
        ({"COLORTERM": "", "TERM": "linux"}, Depth.ANSI16),
        ({"COLORTERM": "", "TERM": "vt220"}, Depth.ANSI16),
        ({"COLORTERM": "", "TERM": "dumb"}, Depth.NONE),
        ({"NO_COLOR": "1"}, Depth.NONE),
        ({"NO_COLOR": ""}, Depth.TRUE),
    ],
)
def test_colours_are_as_many_as_the_terminal_says(change: dict[str, str], depth: Depth) -> None:
    assert Terminal.detect({**MODERN, **change}).depth is depth


@pytest.mark.parametrize(
    ("change", "glyphs"),
    [
        ({}, UNICODE),
        ({"LC_ALL": "C"}, ASCII),
        ({"LC_ALL": "POSIX"}, ASCII),
        ({"LC_ALL": "C.UTF-8"}, UNICODE),
        ({"LC_CTYPE": "de_DE.utf8", "LANG": "C"}, UNICODE),
        ({"TERM": "linux"}, ASCII),
    ],
)
def test_signs_are_ascii_where_others_might_not_be_drawn(change: dict[str, str], glyphs: Glyphs) -> None:
    assert Terminal.detect({**MODERN, **change}).glyphs is glyphs


@pytest.mark.parametrize(
    ("change", "scrolls"),
    [
        ({}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"STY": "1234.pts-0.host"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "something-new"}, False),
        ({"TERM": "tmux-256color"}, True),
    ],
)
def test_lines_are_moved_by_the_terminal_only_where_that_is_known_to_work(
    change: dict[str, str], scrolls: bool
) -> None:
    assert Terminal.detect({**MODERN, **change}).scrolls is scrolls


def test_a_remote_terminal_is_flushed_and_aged_more_rarely() -> None:
    near, far = Terminal.detect(MODERN), Terminal.detect({**MODERN, "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
    assert (near.flush_interval, near.age_interval) == (0.1, 1.0)
    assert (far.flush_interval, far.age_interval) == (0.3, 10.0)


def test_settings_win_over_what_is_detected() -> None:
    terminal = Terminal.detect({**MODERN, "SSH_TTY": "/dev/pts/3"}, link="local", colours="16", glyphs="ascii")
    assert (terminal.remote, terminal.depth, terminal.glyphs) == (False, Depth.ANSI16, ASCII)


def test_every_sign_is_one_cell_and_its_twin_is_ascii() -> None:
    from rich.cells import cell_len

    words = {"bar", "enter", "shift", "arrow", "done"}
    for name in set(Glyphs.__struct_fields__) - words:
        assert cell_len(getattr(UNICODE, name)) == 1, name
        assert len(getattr(ASCII, name)) == 1, name
    assert all(getattr(ASCII, name).isascii() for name in Glyphs.__struct_fields__)
    assert len(ASCII.bar) == len(UNICODE.bar)
