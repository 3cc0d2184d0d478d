"""What is offered: every action is carried out by somebody, and none does nothing in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.resources.action import Where
from k9py.resources.actions import ACTIONS
from k9py.resources.registry import known
from k9py.ui.flash import Flash
from k9py.ui.logscreen import LogScreen
from tests.ui.harness import Driver, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), oom_killed("worker-1")]}


def flashed(k9: Driver) -> str:
    return " ".join(flash.text for flash in k9.app.screen.query(Flash))


async def test_every_action_of_the_registry_is_carried_out_by_somebody(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        for action in ACTIONS:
            if action.where in (Where.TABLE, Where.CONTAINERS, Where.TEXT, Where.GLOBAL):
                assert callable(k9.app.carrier.handler_of(action)), action.id
        await k9.press("G", "l")
        await k9.until(lambda: isinstance(k9.app.screen, LogScreen))
        for action in ACTIONS:
            if action.where in (Where.LOGS, Where.GLOBAL):
                assert callable(k9.app.carrier.handler_of(action)), action.id


@pytest.mark.parametrize("action", [a for a in ACTIONS if a.id.startswith("go.")], ids=lambda a: str(a.id))
def test_every_key_to_a_relation_finds_it_in_its_kinds(action) -> None:  # type: ignore[no-untyped-def]
    relation = action.id.removeprefix("go.")
    assert action.kinds
    for kind in action.kinds:
        spec = known(kind)
        assert spec is not None, kind
        assert relation in {drill.id for drill in spec.relations}, kind


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("[", "Nothing behind"),
        ("]", "Nothing ahead"),
        ("-", "Nothing behind"),
        ("}", "There is one tab"),
        ("W", "only tab"),
        ("J", "Nobody owns"),
        ("9", "no recent namespace number 9"),
        ("tab", "There is one pane"),
        ("backslash", "Nothing is marked"),
        ("p", "has not restarted"),
    ],
)
async def test_a_key_with_nothing_to_act_on_says_so(tmp_path: Path, key: str, said: str) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        assert k9.cursor == "api-1"
        await k9.press(key)
        await k9.until(lambda: said in flashed(k9), said)


@pytest.mark.parametrize("key", ["d", "y", "E", "i", "|"])
async def test_contexts_are_no_objects_and_the_keys_that_need_one_say_so(tmp_path: Path, key: str) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":", *"ctx", "enter")
        await k9.until(lambda: k9.app.browser.view.kind == "contexts")
        await k9.press(key)
        await k9.until(lambda: "no objects of the cluster" in flashed(k9))
        assert "d describe" not in k9.bar("keys")


async def test_contexts_begin_at_the_one_in_use_and_none_is_made_here(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        in_use = k9.app.context_name
        await k9.press(":", *"ctx", "enter")
        await k9.sees(f"{in_use} *")
        assert k9.cursor == in_use
        assert k9.names == sorted(k9.names)
        assert "+ new" not in k9.bar("keys")
        await k9.press("+")
        await k9.until(lambda: "contexts are not made here" in flashed(k9))


async def test_help_leaves_out_what_does_not_work_here_and_the_palette_says_why(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("?")
        await k9.sees("Keys that work here and now: pods")
        assert "Show only matching rows" in k9.screen
        assert "Go to the object that made" not in k9.screen
        await k9.press("escape", "ctrl+p")
        await k9.sees("Do what?")
        await k9.type("owner")
        await k9.sees("Nobody owns this object")
        await k9.press("enter")
        await k9.until(lambda: "Nobody owns this object" in k9.app.screen.query_one("#overlay-foot").text)  # type: ignore[attr-defined]


async def test_containers_have_the_keys_of_a_table_too(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "enter")
        await k9.until(lambda: k9.names == ["main"])
        await k9.press("ctrl+w")
        await k9.sees("IMAGE")
        await k9.press("/", *"nothing", "enter")
        await k9.until(lambda: k9.names == [])
        await k9.press("escape")
        await k9.until(lambda: k9.names == ["main"])


async def test_the_commands_offered_for_a_container_name_its_pod(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("G", "enter")
        await k9.until(lambda: k9.names == ["main"])
        await k9.press("?")
        await k9.type("follow")
        await k9.sees("kubectl logs pods/worker-1 -n shop -c main --follow")
