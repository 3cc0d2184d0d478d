"""What lies over the browser: whole on small screens, searched by typing, and nothing typed early is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from k9py.core.refs import Scope
from k9py.ui.overlay import Overlay
from tests.ui.harness import namespace, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), pod("api-2"), oom_killed("worker-1"), pod("far-1", "other")]}


@pytest.mark.parametrize("size", [(80, 24), (50, 12), (250, 60)])
@pytest.mark.parametrize(
    ("key", "last"), [("?", "kubectl describe"), ("ctrl+p", "esc leave"), ("ctrl+n", "space mark")]
)
async def test_an_overlay_shows_its_last_line_and_the_header_at_every_size(
    tmp_path: Path, size: tuple[int, int], key: str, last: str
) -> None:
    async with running(tmp_path, PODS, size=size) as k9:
        await k9.sees("worker-1")
        await k9.press(key)
        await k9.until(lambda: isinstance(k9.app.screen, Overlay))
        await k9.until(lambda: last in k9.screen.splitlines()[-1], last)
        await k9.until(lambda: "simulated" in k9.screen.splitlines()[0], "the header")


async def test_what_lies_behind_an_overlay_stays_in_sight(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+o")
        await k9.until(lambda: k9.app.screen is not k9.app.browser)
        assert "worker-1" in k9.screen


async def test_keys_typed_right_behind_the_one_that_opens_an_overlay_search_in_it(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for key in ("ctrl+n", *"oth"):
            k9.app.simulate_key(key)
        await k9.sees("1 of ")
        await k9.press("enter")
        await k9.until(lambda: k9.app.scope == Scope(("other",)))
        assert k9.app.browser.view.filter == ""


async def test_the_cursor_of_a_choice_starts_on_what_is_in_use(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+n", "enter")
        await k9.until(lambda: k9.app.screen is k9.app.browser)
        assert k9.app.scope == Scope(("shop",))


async def test_space_marks_as_in_a_table_until_something_is_searched_for(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+n")
        await k9.sees("all namespaces")
        await k9.type("other")
        await k9.sees("tab mark")
        await k9.press("space", "ctrl+u")
        await k9.sees("space mark")
        await k9.press("up", "space")
        await k9.sees("1 marked")
        assert k9.app.screen.query_one(Input).value == ""


async def test_several_namespaces_are_marked_and_shown_together(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+n")
        await k9.type("shop")
        await k9.press("tab", *["backspace"] * 4)
        await k9.type("other")
        await k9.press("tab")
        await k9.sees("2 marked")
        await k9.press("enter")
        await k9.until(lambda: "far-1" in k9.names and "api-1" in k9.names)


async def test_a_namespace_made_meanwhile_can_be_chosen(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        k9.store.create("namespaces", namespace("brand-new"))
        await k9.press("ctrl+n")
        await k9.sees("brand-new")


async def test_a_theme_is_worn_while_the_cursor_is_on_it_and_escape_takes_it_off(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        before = k9.app.look.theme.name
        k9.app.globals.choose_theme()
        await k9.sees("esc leave")
        await k9.press("down")
        await k9.until(lambda: k9.app.look.theme.name != before)
        await k9.press("escape")
        await k9.until(lambda: k9.app.look.theme.name == before)


async def test_jump_mode_goes_to_the_row_of_a_letter(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("ctrl+o", "d")
        await k9.until(lambda: k9.cursor == k9.names[2])


async def test_another_context_or_namespace_chosen_over_a_log_is_shown_and_the_log_left(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for keys, wanted in (("ctrl+n", *"other", "enter"), "far-1"), (("ctrl+x", *"restr", "enter"), "restricted"):
            await k9.press("l")
            await k9.until(lambda: k9.app.screen is not k9.app.browser)
            await k9.press(*keys)
            await k9.until(lambda: k9.app.screen is k9.app.browser)
            await k9.sees(wanted)
