"""After the write: the board on a cluster in which things happen, and who left it is told how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from k9py.changes import edits
from k9py.changes.model import Wish
from k9py.config.launch import UiOptions
from k9py.core.clock import ManualClock
from k9py.resources.action import Where
from k9py.resources.actions import ACTIONS
from k9py.sim.simulation import Simulation
from k9py.sim.worlds.ground import node, storage_class
from k9py.sim.worlds.model import Step, World
from k9py.ui.changing.askline import AskScreen
from k9py.ui.changing.board import BoardScreen
from k9py.ui.logscreen import LogScreen
from tests.ui.changing.helpers import Object, Shop, config_map, deployment
from tests.ui.harness import running


@asynccontextmanager
async def living(tmp_path: Path) -> AsyncIterator[Shop]:
    """Run the program on two nodes on which pods are scheduled, pulled and started."""
    clock = ManualClock()
    ground = [node("node-1", 1), node("node-2", 2), storage_class("standard", default=True)]
    simulation = Simulation(World("lab", "two nodes", (Step("1h", ground),), rehearsal=60.0), clock=clock)
    simulation.replay()
    simulation.open()
    options = UiOptions(kind="deployments", namespaces=("shop",))
    async with running(tmp_path, cluster=simulation.server, clock=clock, options=options) as driver:
        k9 = Shop(driver.app, driver.pilot, driver.server)
        await k9.until(lambda: k9.app.session is not None and "live" in k9.bar("header"), "a list")
        yield k9


async def written(k9: Shop, wish: Wish) -> BoardScreen:
    """Have a wish written and return its board."""
    k9.app.rooms.desk.review([wish], title="it")
    await k9.write()
    await k9.until(lambda: isinstance(k9.app.screen, BoardScreen), "a board")
    assert isinstance(k9.app.screen, BoardScreen)
    return k9.app.screen


def step(k9: Shop, name: str) -> str:
    """Return the line of a step."""
    return next((text for text in k9.screen.splitlines() if text[3:].startswith(name)), "")


async def test_a_rollout_is_followed_step_by_step_to_its_end(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "nginx:1.27", replicas=2)))
        await k9.sees("applied")
        for action in ACTIONS:
            if action.where is Where.BOARD:
                assert action.id in k9.app.screen.handlers, action.id  # type: ignore[attr-defined]
        await k9.until(lambda: "✔" in step(k9, "ready"), "ready pods")
        await k9.sees("done after")
        assert "2 of 2 are ready" in step(k9, "ready")
        assert step(k9, "ready").rstrip().endswith("s")


async def test_a_missing_image_stops_the_board_and_offers_what_ran_before(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "nginx:1.27")))
        await k9.until(lambda: "✔" in step(k9, "ready"), "a ready pod")
        await k9.press("escape")
        live: Object = k9.live("deployments.apps", "web")
        await written(k9, edits.set_image(live, {"main": "registry.example/missing:1"}))
        await k9.sees("What to do")
        assert "✖" in step(k9, "images")
        await k9.sees("nginx:1.27 ran until now")
        await k9.press("i")
        await k9.until(lambda: isinstance(k9.app.screen, AskScreen) and k9.app.screen.listens)
        assert isinstance(k9.app.screen, AskScreen)
        assert k9.app.screen.line.value == "nginx:1.27"
        await k9.press("escape")
        await k9.press("l")
        await k9.until(lambda: isinstance(k9.app.screen, LogScreen))
        await k9.press("q")
        await k9.until(lambda: isinstance(k9.app.screen, BoardScreen))
        await k9.press("u")
        await k9.answer("y")
        await k9.until(
            lambda: (
                k9.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.27"
            )
        )


async def test_who_leaves_the_board_is_told_how_it_ended(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "nginx:1.27")))
        await k9.press("escape")
        await k9.until(lambda: k9.app.screen is k9.app.browser)
        await k9.sees("deployment.apps/web created; done")


async def test_the_end_of_an_earlier_write_does_not_offer_the_key_that_takes_back_a_later_one(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        earlier = (await written(k9, edits.apply(deployment("web", "nginx:1.27"))))._following
        await k9.until(lambda: earlier.ended, "the end of the first write")
        assert earlier.summary()[0].endswith("U takes it back")
        await k9.press("escape")
        await k9.until(lambda: k9.app.screen is k9.app.browser)
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="it")
        await k9.write()
        await k9.sees("configmap/settings created; done. U takes it back")
        assert earlier.summary()[0].endswith("H lists it; u there takes it back")


async def test_who_left_a_board_that_is_blocked_later_is_told_why(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "registry.example/missing:1")))
        await k9.press("escape")
        await k9.sees("registry.example/missing:1 was not found")
        await k9.sees("U takes it back")


async def test_the_pod_that_is_stuck_is_one_key_away(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "registry.example/missing:1")))
        await k9.sees("What to do")
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.view.kind == "pods" and k9.cursor.startswith("web-"))
        assert k9.app.screen is k9.app.browser


async def test_a_deletion_that_somebody_holds_has_a_board_that_says_who_and_sees_it_go(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        held = config_map("held")
        held["metadata"]["finalizers"] = ["example.com/guard"]
        k9.store.create("configmaps", held)
        await written(k9, edits.delete(held))
        await k9.sees("waits for example.com/guard")
        await k9.sees("look whether the controller of example.com runs")
        await k9.sees("it goes at once, but")
        await k9.press("u")
        await k9.sees("made again once it is gone")
        assert k9.exists("configmaps", "held")

        def let_go(obj: Object) -> None:
            obj["metadata"]["finalizers"] = []

        k9.touch("configmaps", "held", let_go)
        await k9.sees("it is gone")
        await k9.sees("configmap/held deleted; done")


async def test_a_command_is_typed_on_a_board_and_the_keys_behind_it_are_its_own(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        await written(k9, edits.apply(deployment("web", "nginx:1.27")))
        await k9.until(lambda: isinstance(k9.app.screen, BoardScreen), "a board")
        await k9.press(":", *"configmaps", "enter")
        await k9.until(lambda: k9.app.screen is k9.app.browser, "the browser")
        await k9.until(lambda: "configmaps" in k9.screen.splitlines()[0], "the list asked for")
        await k9.press("?")
        await k9.until(lambda: k9.app.screen is not k9.app.browser, "the help")


async def test_of_a_service_and_its_workload_the_workload_says_what_is_wrong(tmp_path: Path) -> None:
    async with living(tmp_path) as k9:
        service: Object = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        }  # fmt: skip
        wishes = [edits.apply(service), edits.apply(deployment("web", "registry.example/missing:1"))]
        k9.app.rooms.desk.review(wishes, title="both")
        await k9.write()
        await k9.until(lambda: isinstance(k9.app.screen, BoardScreen), "a board")
        await k9.until(lambda: "deployment.apps/web: the image" in k9.screen.splitlines()[1], "what is wrong")
        await k9.sees("service/web")
