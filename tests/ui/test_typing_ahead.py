"""Keys typed faster than the screen changes: each does what it does to a person who waits."""

from __future__ import annotations

from pathlib import Path

from textual.events import Key

from k9py.config.launch import UiOptions
from k9py.ui.logscreen import LogScreen
from tests.ui.harness import namespace, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), oom_killed("worker-1"), pod("far-1", "other")]}


async def test_a_line_that_lost_the_focus_still_takes_enter_and_escape(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("/")
        k9.app.browser.table.focus()
        await k9.press(*"work", "enter")
        await k9.until(lambda: k9.app.browser.view.filter == "work")
        await k9.press("/")
        k9.app.browser.table.focus()
        await k9.press("x", "escape")
        await k9.until(lambda: not k9.app.browser.prompt.mode and k9.app.browser.view.filter == "work")


async def test_a_command_typed_while_the_cluster_is_still_connected_to_is_carried_out(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        for key in (":", *"po other", "enter"):
            k9.app.simulate_key(key)
        await k9.until(lambda: k9.names == ["far-1"])


async def test_a_filter_typed_before_there_is_a_list_means_what_it_means_in_the_list(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.press("/", *"restarts>2")
        await k9.until(lambda: k9.names == ["worker-1"])
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.view.filter == "restarts>2")


async def test_only_problems_asked_for_before_there_is_a_list_holds_for_the_list_that_comes(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.press("!")
        await k9.until(lambda: k9.names == ["worker-1"])
        assert k9.app.browser.view.problems_only
        await k9.press("!")
        await k9.until(lambda: len(k9.names) == 2)


async def test_only_problems_asked_for_too_early_is_refused_for_a_kind_that_has_none(tmp_path: Path) -> None:
    options = UiOptions(kind="serviceaccounts", namespaces=("shop",))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "builder", "namespace": "shop"}}
    async with running(tmp_path, {"serviceaccounts": [account]}, options=options) as k9:
        await k9.press("!")
        await k9.until(lambda: "builder" in k9.names)
        assert not k9.app.browser.view.problems_only


async def test_a_key_typed_right_behind_the_one_that_opens_logs_is_for_the_logs(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, options=UiOptions(namespaces=("shop",))) as k9:
        await k9.sees("worker-1")
        k9.app.simulate_key("l")
        k9.app.simulate_key("w")
        await k9.until(lambda: isinstance(k9.app.screen, LogScreen) and k9.app.screen.view.wrap)
        assert k9.app.scope.namespaces == ("shop",)


async def test_an_enter_typed_ahead_belongs_to_the_prompt_and_opens_no_row(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for key in (":", *"nodes", "enter"):
            k9.app.simulate_key(key)
        await k9.until(lambda: k9.app.browser.view.kind == "nodes")
        assert [view.kind for view in k9.app.browser.tabs.trail.crumbs] == ["pods", "nodes"]


async def test_letters_that_arrive_while_a_line_opens_keep_their_order(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for turn in range(6):
            text = f"nodes-and-more-{turn}"
            k9.app.simulate_key(":")
            for number, key in enumerate(text):
                if number % (turn + 1) == 0:
                    # The next letters come while the ones before are still on their way.
                    await k9.pilot.pause(0)
                k9.app.simulate_key(key)
            await k9.until(lambda text=text: k9.app.browser.prompt.line.value == text, text)  # type: ignore[misc]
            await k9.press("escape")


async def test_a_key_after_one_whose_screen_went_away_is_not_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for key in ("?", "escape", "l", "q", "G", "ctrl+n", "escape", "g"):
            k9.app.simulate_key(key)
        await k9.until(lambda: k9.app.screen is k9.app.browser and k9.cursor == "api-1")
        await k9.press("G")
        await k9.until(lambda: k9.cursor == "worker-1")


async def test_text_that_arrives_as_a_burst_of_keys_is_a_filter_and_does_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for key in "dworker-1":
            k9.app.post_message(Key(key, key))
        await k9.until(lambda: k9.app.browser.prompt.line.value == "dworker-1")
        assert not k9.app.browser.body_shows_detail


async def test_a_filter_typed_right_behind_a_command_keeps_the_order_of_its_keys(tmp_path: Path) -> None:
    async with running(tmp_path, {**PODS, "namespaces": [namespace("changing-a")]}) as k9:
        await k9.sees("worker-1")
        for key in (":", *"ns", "enter", "/", *"changing-a", "enter"):
            k9.app.simulate_key(key)
        await k9.until(lambda: k9.app.browser.view.filter == "changing-a" and not k9.app.browser.prompt.mode)
        assert k9.app.browser.view.kind == "namespaces"
