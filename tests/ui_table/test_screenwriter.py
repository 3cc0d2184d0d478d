"""What is sent to the terminal, byte by byte."""

from __future__ import annotations

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from k9py.ui.cells import Line, Pen, Pens, add_segments
from k9py.ui.screenwriter import ScreenWriter
from tests.ui_table.emulator import Emulator

RED = Style.parse("red on #101010")
GREEN = Style.parse("green on #101010")
WIDTH = 20


@pytest.fixture
def pens() -> Pens:
    return Pens(ColorSystem.EIGHT_BIT)


def line(pens: Pens, *parts: tuple[str, Style | None]) -> Line:
    """Return a line of 20 cells."""
    chars: list[str] = []
    used: list[Pen] = []
    segments = [Segment(text, style) for text, style in parts]
    odd = add_segments(segments, pens, chars, used)
    missing = WIDTH - len(chars)
    return Line(chars + [" "] * missing, used + [pens.default] * missing, odd)


def numbered(pens: Pens, *numbers: int) -> list[Line]:
    return [line(pens, (f"line number {number}", None)) for number in numbers]


def test_the_same_screen_again_costs_nothing(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=True)
    assert writer.frame(numbered(pens, 1, 2, 3), (0, 0))
    assert writer.frame(numbered(pens, 1, 2, 3), (0, 0)) == ""


def test_only_changed_cells_are_written_and_the_pen_is_put_away(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    writer.frame([line(pens, ("abc def", RED))], (0, 0))
    assert writer.frame([line(pens, ("abX def", RED))], (0, 0)) == "\x1b[2C\x1b[31;48;5;233mX\x1b[m\r"


def test_the_colour_of_the_ink_is_not_changed_for_blanks(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    text = writer.frame([line(pens, ("ab", RED), ("    ", GREEN), ("cd", RED))], (0, 0))
    assert text.count("31;") == 1
    assert "32" not in text


def test_lines_that_moved_are_moved_by_the_terminal(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=True)
    writer.frame(numbered(pens, 0, 1, 2, 3, 4, 5), (0, 0))
    text = writer.frame(numbered(pens, 0, 2, 3, 4, 5, 6), (0, 0))
    assert text.startswith("\x1b[2;6r\x1b[1S\x1b[r")
    assert "number 3" not in text
    back = writer.frame(numbered(pens, 0, 1, 2, 3, 4, 5), (0, 0))
    assert back.startswith("\x1b[2;6r\x1b[1T\x1b[r")


def test_a_move_that_spoils_as_much_as_it_saves_is_not_made(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=True)
    writer.frame(numbered(pens, 0, 1, 2, 3, 4, 5, 6, 7), (0, 0))
    # The first and the last changed places; everything between them is right where it is.
    assert "r\x1b[" not in writer.frame(numbered(pens, 7, 1, 2, 3, 4, 5, 6, 0), (0, 0))


def test_no_lines_are_moved_where_that_is_not_known_to_work(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    writer.frame(numbered(pens, 0, 1, 2, 3, 4, 5), (0, 0))
    assert "S" not in writer.frame(numbered(pens, 0, 2, 3, 4, 5, 6), (0, 0))


def test_what_follows_a_character_of_doubtful_width_is_addressed_anew(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    text = writer.frame([line(pens, ("a✖b", None))], (0, 5))
    assert text.startswith("\x1b[Ha✖\x1b[1;3Hb")


def test_after_forget_everything_is_written_again(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=True)
    lines = numbered(pens, 1, 2, 3)
    whole = writer.frame(lines, (0, 0))
    writer.forget()
    assert writer.frame(lines, (0, 0)) == whole


def test_without_colours_only_weight_and_lines_are_sent() -> None:
    pens = Pens(None)
    writer = ScreenWriter(pens, scrolls=False)
    text = writer.frame([line(pens, ("a", RED), ("b", RED + Style(bold=True, reverse=True)))], (0, 0))
    assert text.startswith("\x1b[Ha\x1b[1;7mb\x1b[m")


def test_controls_in_a_text_never_reach_the_terminal(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    text = writer.frame([line(pens, ("a\x1b]0;title\x07b", None))], (0, 0))
    assert "\x1b]" not in text
    assert "\x07" not in text


def test_a_changed_wide_character_does_not_shift_what_changes_behind_it(pens: Pens) -> None:
    writer, terminal = ScreenWriter(pens, scrolls=False), Emulator(WIDTH, 1)
    terminal.feed(writer.frame([line(pens, ("数abcdefgh", None))], (0, 0)))
    terminal.feed(writer.frame([line(pens, ("文abcdefgX", None))], (0, 0)))
    assert terminal.lines()[0].rstrip() == "文abcdefgX"


def test_the_colour_of_an_underline_is_changed_on_blanks_as_well(pens: Pens) -> None:
    writer = ScreenWriter(pens, scrolls=False)
    writer.frame([line(pens, ("  ", RED + Style(underline=True)))], (0, 0))
    assert "32" in writer.frame([line(pens, ("  ", GREEN + Style(underline=True)))], (0, 0))
