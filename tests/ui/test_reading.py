"""Texts on the screen: describe, YAML and logs are moved through, searched and folded."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.resources.model import Tone
from k9py.ui.logscreen import LogScreen
from k9py.ui.textview import fold, hanging, plain
from tests.ui.harness import Driver, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), oom_killed("worker-1")]}


def places(k9: Driver) -> tuple[int, int, int]:
    return k9.app.browser.detail.text.place


async def test_a_description_longer_than_the_screen_is_read_to_its_end_and_back(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "d")
        await k9.until(lambda: places(k9)[2] > 40)
        first, last, count = places(k9)
        assert first == 1
        await k9.press("pagedown")
        await k9.until(lambda: places(k9)[0] == last)
        await k9.press("j")
        await k9.until(lambda: places(k9)[0] == last + 1)
        await k9.press("G")
        await k9.until(lambda: places(k9)[1] == count)
        await k9.press("g")
        await k9.until(lambda: places(k9)[0] == 1)


async def test_the_sentence_of_a_description_is_whole_on_a_narrow_screen(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(60, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "d")
        await k9.sees("memory limit of 128Mi")


async def test_a_text_alone_has_the_lines_of_the_sentence_about_its_row(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press("y")
        await k9.sees("kind: Pod")
        assert k9.app.browser.detail.text.size.height == 24 - 4
        await k9.press("escape")
        await k9.until(lambda: k9.app.browser.query_one("SoWhat").display)


async def test_a_search_shows_how_many_lines_match_and_esc_forgets_it(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("y", "/")
        await k9.type("name")
        await k9.until(lambda: "lines" in k9.bar("prompt-says"))
        await k9.press("enter")
        await k9.until(lambda: "matches" in k9.bar("detail-title"))
        assert k9.app.browser.detail.has_focus_within


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_title_of_logs_says_whose_they_are_and_what_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    async with running(tmp_path, PODS, size=size) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "p")
        await k9.until(lambda: isinstance(k9.app.screen, LogScreen))
        await k9.until(lambda: "shop/worker-1" in k9.screen.splitlines()[0])
        assert "previous run" in k9.screen.splitlines()[0]
        assert "follow" not in k9.screen.splitlines()[0]


def test_a_long_line_breaks_behind_a_blank_and_loses_nothing() -> None:
    line = (("the quick brown ", Tone.PLAIN), ("fox jumps over it", Tone.BAD))
    pieces = fold(7, line, 12)
    text = "the quick brown fox jumps over it"
    assert [text[start:end] for _, start, end in pieces] == ["the quick ", "brown fox ", "jumps over ", "it"]
    assert all(number == 7 and end - start <= 12 for number, start, end in pieces)


def test_a_word_longer_than_the_line_breaks_where_the_line_ends() -> None:
    assert [(start, end) for _, start, end in fold(0, plain("x" * 25), 10)] == [(0, 10), (10, 20), (20, 30)]


def test_the_later_pieces_of_a_broken_line_stand_below_what_they_belong_to() -> None:
    value, sentence, table = (
        "  Image ID:   docker.io/x",
        "→ it keeps crashing",
        "3m  Warning  BackOff  node-4  Back-off",
    )
    assert hanging(plain(value), 60) == value.index("docker")
    assert hanging(plain(sentence), 60) == 2
    assert hanging(plain(table), 60) == table.index("node-4")
    pieces = fold(0, plain("Image:  " + "x" * 30), 20, 8)
    assert [(start, end) for _, start, end in pieces] == [(0, 20), (20, 32), (32, 44)]
    wide = fold(0, plain("日" * 15), 20, 8)
    assert [(start, end) for _, start, end in wide] == [(0, 20), (20, 32)]


async def test_long_values_of_a_description_are_read_below_each_other(tmp_path: Path) -> None:
    long = pod("api-1")
    long["metadata"]["annotations"] = {"note": "word " * 40}
    async with running(tmp_path, {"pods": [long]}, size=(80, 24)) as k9:
        await k9.sees("api-1")
        await k9.press("d")
        await k9.sees("Annotations:")
        lines = k9.screen.splitlines()
        first = next(at for at, line in enumerate(lines) if "note: word" in line)
        begin = lines[first].index("note")
        assert lines[first + 1][:begin].strip() == ""
        assert lines[first + 1][begin:].startswith("word")


async def test_the_bottom_line_shows_the_keys_of_the_pane_that_has_them(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(160, 48)) as k9:
        await k9.sees("worker-1")
        await k9.press("d")
        await k9.until(lambda: "w wrap" in k9.bar("keys"))
        await k9.press("tab")
        await k9.until(lambda: "l logs" in k9.bar("keys") and "w wrap" not in k9.bar("keys"))
        await k9.press("tab", "escape")
        await k9.until(lambda: "l logs" in k9.bar("keys") and not k9.app.browser.body_shows_detail)
