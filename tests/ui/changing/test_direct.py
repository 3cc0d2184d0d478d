"""Changes by one key on the rows of a table, taking them back, and what was changed from here."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.changes import edits
from k9py.resources.action import Where
from k9py.resources.actions import ACTIONS
from k9py.sim.deletion import Options
from k9py.ui.changing.askline import AskScreen
from k9py.ui.changing.board import BoardScreen
from k9py.ui.changing.direct import image_hopeless, image_wrong, replicas_hopeless, replicas_wrong
from k9py.ui.changing.history import HistoryScreen
from k9py.ui.picker import PickScreen
from tests.ui.changing.helpers import Shop, Told, config_map, deployment, shop

WEB = {"deployments.apps": [deployment("web", "web:1", replicas=2)]}


async def line(k9: Shop) -> AskScreen:
    """Wait for the line that asks."""
    await k9.until(lambda: isinstance(k9.app.screen, AskScreen) and k9.app.screen.listens, "a line")
    assert isinstance(k9.app.screen, AskScreen)
    return k9.app.screen


async def board(k9: Shop) -> None:
    """Wait for the board."""
    await k9.until(lambda: isinstance(k9.app.screen, BoardScreen), "a board")


async def test_scaling_asks_for_a_number_that_takes_the_place_of_the_present_one(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("s")
        asked = await line(k9)
        assert asked.line.value == "2"
        await k9.press("5")
        assert asked.line.value == "5"
        await k9.press("x")
        await k9.sees("a whole number")
        await k9.press("enter")
        assert k9.app.screen is asked
        await k9.press("backspace", "enter")
        await k9.asked()
        await k9.sees("from 2 to 5 replicas")
        await k9.answer("y")
        await board(k9)
        assert k9.live("deployments.apps", "web")["spec"]["replicas"] == 5


async def test_restarting_changes_the_template_only(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("r")
        await k9.asked()
        await k9.answer("y")
        await board(k9)
        template = k9.live("deployments.apps", "web")["spec"]["template"]
        assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


async def test_an_image_is_asked_for_with_the_present_one_and_the_ones_before(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("I")
        asked = await line(k9)
        assert asked.line.value == "web:1"
        await k9.press("backspace", "2", "space")
        await k9.press("y")
        await k9.sees("no blank")
        await k9.press("backspace", "backspace", "enter")
        await k9.asked()
        await k9.answer("y")
        await board(k9)
        await k9.press("escape")
        await k9.press("I")
        asked = await line(k9)
        assert asked.line.value == "web:2"
        await k9.press("up")
        assert asked.line.value == "web:1"


async def test_of_several_containers_one_is_chosen_first(tmp_path: Path) -> None:
    two = deployment("web", "web:1")
    two["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "side:1"})
    async with shop(tmp_path, {"deployments.apps": [two]}) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("I")
        await k9.until(lambda: isinstance(k9.app.screen, PickScreen))
        await k9.press("down", "enter")
        assert (await line(k9)).line.value == "side:1"


@pytest.mark.parametrize(
    ("text", "while_typing", "at_the_end"),
    [
        ("nginx:", "", "couldn't parse"),
        ("nginx:1.29", "", ""),
        ("Nginx", "", "lowercase"),
        ("ngi nx", "no blank", "no blank"),
        ("", "", "such as"),
    ],
)
def test_a_half_typed_image_is_left_alone(text: str, while_typing: str, at_the_end: str) -> None:
    assert while_typing in image_hopeless(text)
    assert bool(image_hopeless(text)) is bool(while_typing)
    assert at_the_end in image_wrong(text)
    assert bool(image_wrong(text)) is bool(at_the_end)


def test_a_number_of_replicas_is_a_whole_number() -> None:
    assert not replicas_hopeless("")
    assert replicas_wrong("")
    assert replicas_hopeless("-1")
    assert replicas_hopeless("99999999999")
    assert not replicas_wrong("0")


async def test_marked_objects_are_deleted_together_after_one_question(tmp_path: Path) -> None:
    maps = {"configmaps": [config_map("one"), config_map("two"), config_map("three")]}
    async with shop(tmp_path, maps, kind="configmaps") as k9:
        await k9.until(lambda: len(k9.names) == 3)
        await k9.press("home", "space", "space", "ctrl+d")
        await k9.asked()
        await k9.sees("Delete 2 objects")
        await k9.answer("y")
        await k9.until(lambda: k9.names == ["two"])


async def test_another_object_of_the_same_name_is_not_deleted(tmp_path: Path) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("one", at="first")]}, kind="configmaps") as k9:
        await k9.until(lambda: k9.cursor == "one")
        row, resource = k9.app.browser.table.cursor_row, k9.app.browser.looking.resource
        assert row is not None
        assert resource is not None
        k9.store.delete("configmaps", "shop", "one", options=Options(grace=0))
        k9.store.create("configmaps", config_map("one", at="second"))
        k9.app.rooms.desk.direct.delete(resource, [row])
        await k9.planned()
        await k9.sees("deleted and made anew")
        assert k9.live("configmaps", "one")["data"] == {"at": "second"}


async def test_what_was_written_last_is_taken_back_by_one_key(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="configmaps") as k9:
        told = Told()
        wishes = [edits.apply(config_map("one")), edits.apply(config_map("two"))]
        k9.app.rooms.desk.review(wishes, title="two", done=told)
        await k9.write()
        await k9.until(lambda: told.reports and sorted(k9.names) == ["one", "two"])
        await k9.press("U")
        await k9.asked()
        await k9.sees("To take it back, delete 2 objects")
        await k9.answer("y")
        await k9.sees("2 objects deleted; done. H lists it")  # What is said last takes the place of what stood there.
        await k9.until(lambda: k9.names == [])
        await k9.press("U")
        await k9.sees("nothing was changed from here that could be taken back")


async def test_taking_back_a_deletion_says_what_does_not_return(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("ctrl+d")
        await k9.answer("y")
        # The row may go before the answer that says so has come.
        await k9.until(lambda: [one.state for one in k9.app.rooms.desk.journal.entries()] == ["written"])
        await k9.until(lambda: k9.names == [] and k9.app.screen is k9.app.browser)
        await k9.press("U")
        await k9.asked()
        await k9.sees("its pods are new ones")
        await k9.sees("a new object under the old name")
        await k9.answer("y")
        await k9.until(lambda: k9.exists("deployments.apps", "web"))


async def test_the_changes_of_an_object_are_listed_with_their_differences_and_taken_back(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("H")
        await k9.sees("Nothing was changed from here yet")
        await k9.press("escape", "s")
        await line(k9)
        await k9.press("4", "enter")
        await k9.answer("y")
        await board(k9)
        await k9.press("escape", "H")
        await k9.sees("Deployment/web")
        await k9.sees("replicas: 4")
        for action in ACTIONS:
            if action.where is Where.HISTORY:
                assert action.id in k9.app.screen.handlers, action.id  # type: ignore[attr-defined]
        await k9.press("u")
        await k9.asked()
        await k9.sees("from 4 to 2 replicas")
        await k9.answer("y")
        await board(k9)
        assert k9.live("deployments.apps", "web")["spec"]["replicas"] == 2
        await k9.press("escape")
        await k9.until(lambda: isinstance(k9.app.screen, HistoryScreen))
        await k9.sees("taken back")


async def test_the_history_of_another_object_shows_all_on_request(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new", done=told)
        await k9.write()
        await k9.until(lambda: told.reports and k9.app.browser.view.kind == "configmaps")
        await k9.press("[")
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("H")
        await k9.sees("web was not changed from here")
        await k9.press("a")
        await k9.sees("ConfigMap/settings")
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.view.kind == "configmaps" and k9.cursor == "settings")


async def test_help_shows_the_kubectl_command_of_a_change(tmp_path: Path) -> None:
    async with shop(tmp_path, WEB) as k9:
        await k9.until(lambda: k9.cursor == "web")
        await k9.press("f1")
        for key in "replicas":
            await k9.press(key)
        await k9.sees("kubectl scale deployments.apps/web -n shop --replicas=N")
