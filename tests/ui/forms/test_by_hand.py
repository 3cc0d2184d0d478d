"""What people trip over who fill in forms by hand: values in the way, lists that jump, where one is afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k9py.ui.forms.screen import FormScreen
from k9py.ui.picker import PickScreen
from tests.ui.forms.driving import fill, form, get, go_down_to, is_open, listed, open_as_form, open_new, row, write
from tests.ui.harness import Seen, namespace, pod, running

SMALL = (80, 24)
Object = dict[str, Any]


def config_map(name: str, **data: str) -> Object:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def deployment(name: str, image: str, namespace: str = "shop") -> Object:
    """Return a Deployment without pods."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": image}]}}},
    }  # fmt: skip


def under_cursor(k9: Seen) -> str:
    """Return the name under the cursor of the list."""
    found = k9.app.browser.table.cursor_row
    return found.name if found is not None else ""


async def test_what_is_typed_first_in_a_filled_field_replaces_it_and_arrows_edit_it(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "deployment web")
        await go_down_to(k9, "labels.app")
        assert "typing replaces it" in k9.screen
        await k9.type("my")
        assert "typing replaces it" not in k9.screen
        await k9.press("down", "up")
        assert row(k9).text == "my"
        await k9.press("end")
        await k9.type("ap")
        await k9.press("down", "up")
        assert row(k9).text == "myap"
        await k9.press("backspace", "down", "up")
        assert row(k9).text == "mya"
        await k9.press("delete", "down", "up")
        assert row(k9).text == ""


async def test_a_value_taken_while_one_still_types_is_not_replaced_by_the_next_letter(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        screen = await open_new(k9, "persistentvolumeclaim data")
        await go_down_to(k9, "size")
        await k9.type("2")
        await k9.until(lambda: not screen.list.is_dirty, "the pause")
        await k9.type("Gi")
        await k9.press("down", "up")
        assert row(k9).text == "2Gi"


async def test_an_item_is_added_without_scrolling_what_fits(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "service web")
        await go_down_to(k9, "ports")
        await k9.press("+")
        await k9.sees("Target port")
        assert "Identity" in k9.screen
        assert "Protocol" in k9.screen


async def test_enter_on_another_access_mode_takes_it_in_place_of_the_one_there_was(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "persistentvolume testpv")
        await go_down_to(k9, "accessModes")
        await k9.press("ctrl+space")
        await k9.until(lambda: isinstance(k9.app.screen, PickScreen))
        assert "choose" in k9.screen
        await k9.press("up")
        await k9.sees("only this")
        await k9.press("enter")
        await k9.until(lambda: isinstance(k9.app.screen, FormScreen))
        assert row(k9).text == "ReadWriteMany"


async def test_a_volume_without_a_source_is_answered_at_the_host_path_and_not_before(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "persistentvolume testpv")
        assert "problem" not in k9.screen
        assert "namespace" not in k9.screen.splitlines()[0]
        await fill(k9, "capacity", "2Gi")
        await k9.press("ctrl+s")
        assert row(k9).id == "hostPath"
        assert "volume type: such as a host path" in " ".join(one.text for one in row(k9).said)


async def test_images_in_use_and_those_written_before_are_offered(tmp_path: Path) -> None:
    there = [deployment("web", "nginx:1.29"), deployment("far", "redis:7-alpine", "elsewhere")]
    world = {"namespaces": [namespace("elsewhere")], "deployments.apps": there}
    async with running(tmp_path, world, size=SMALL) as k9:
        await open_new(k9, "deployment other")
        await go_down_to(k9, "containers[0].image")
        await k9.press("ctrl+space")
        await k9.sees("redis:7-alpine")
        assert "deployment web" in k9.screen
        assert "deployment far in elsewhere" in k9.screen
        await k9.press("enter")
        await k9.until(lambda: isinstance(k9.app.screen, FormScreen))
        assert row(k9).text == "nginx:1.29"


async def test_the_list_is_at_what_was_made(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa"), config_map("bbb")]}, size=SMALL) as k9:
        await listed(k9, "configmaps", "aaa", "bbb")
        await k9.press("+")
        await k9.until(lambda: is_open(k9))
        await k9.type("zzz")
        await write(k9)
        await k9.until(lambda: under_cursor(k9) == "zzz")


async def test_a_filter_that_hides_what_was_made_gives_way(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa"), config_map("bbb")]}, size=SMALL) as k9:
        await listed(k9, "configmaps", "aaa", "bbb")
        await k9.press("/", *"aaa", "enter")
        await k9.until(lambda: k9.names == ["aaa"])
        await k9.press("+")
        await k9.until(lambda: is_open(k9))
        await k9.type("zzz")
        await write(k9)
        await k9.until(lambda: under_cursor(k9) == "zzz")
        assert k9.names == ["aaa", "bbb", "zzz"]


async def test_the_filter_line_opened_again_takes_another_filter(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa"), config_map("bbb")]}, size=SMALL) as k9:
        await listed(k9, "configmaps", "aaa", "bbb")
        await k9.press("/", *"aaa", "enter", "/", *"bbb", "enter")
        await k9.until(lambda: k9.names == ["bbb"])
        await k9.press("/", "end", "x", "enter")
        await k9.until(lambda: k9.names == [])
        assert k9.app.browser.view.filter == "bbbx"


async def test_what_was_made_of_another_kind_opens_its_list_and_the_way_back_stays(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa")]}, size=SMALL) as k9:
        await listed(k9, "configmaps", "aaa")
        await open_new(k9, "serviceaccount robot")
        await write(k9)
        await k9.until(lambda: under_cursor(k9) == "robot")
        assert k9.app.browser.view.kind == "serviceaccounts"
        await k9.press("[")
        await k9.until(lambda: k9.names == ["aaa"])


async def test_what_is_changed_leaves_the_cursor_where_it_is(tmp_path: Path) -> None:
    there = [config_map("aaa", a="b"), config_map("bbb")]
    async with running(tmp_path, {"configmaps": there}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "aaa", "bbb")
        await go_down_to(k9, "data.a")
        await k9.type("c")
        await k9.press("down")
        await write(k9)
        assert under_cursor(k9) == "aaa"
        assert (await get(k9, "configmaps", "aaa"))["data"] == {"a": "c"}


async def test_an_image_that_cannot_be_pulled_is_reported_on_the_workload_that_uses_it(tmp_path: Path) -> None:
    rolling = deployment("web", "missing:1")
    rolling["spec"]["replicas"] = 1
    rolling["status"] = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1,
                         "availableReplicas": 1, "unavailableReplicas": 1}  # fmt: skip
    waiting = {"reason": "ErrImagePull", "message": 'failed to pull image "missing:1": missing:1: not found'}
    state = {"name": "main", "ready": False, "restartCount": 0, "image": "missing:1", "imageID": "",
             "state": {"waiting": waiting}}  # fmt: skip
    stuck = pod("web-1", phase="Pending", conditions=[], containerStatuses=[state])
    async with running(tmp_path, {"deployments.apps": [rolling], "pods": [stuck]}, size=SMALL) as k9:
        await listed(k9, "deployments", "web")
        await k9.sees("container main: the image missing:1 was not found")
        await k9.press("d")
        await k9.sees("describe deployment")
        await k9.until(lambda: "web-1: container main: the image missing:1 was not found" in k9.screen)


async def test_what_somebody_else_changed_meanwhile_is_said_and_taken_into_the_form(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa", a="b", c="d")]}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "aaa")
        await go_down_to(k9, "data.a")
        await k9.type("mine")
        await k9.press("down")
        other = k9.store.peek("configmaps", "shop", "aaa")
        assert other is not None
        k9.store.replace("configmaps", {**other, "data": {"a": "b", "c": "theirs"}})
        await k9.sees("somebody changed data.c meanwhile")
        await k9.press("f12")
        await k9.sees("yours stays")
        await k9.press("enter")
        await k9.sees_not("somebody changed")
        assert {row.id: row.text for row in form(k9).list.rows if row.id.startswith("data.")} == {
            "data.a": "mine", "data.c": "theirs"}  # fmt: skip
        await write(k9)
        assert (await get(k9, "configmaps", "aaa"))["data"] == {"a": "mine", "c": "theirs"}


async def test_an_object_deleted_under_its_form_is_made_anew_from_what_is_typed(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa", a="b")]}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "aaa")
        k9.store.delete("configmaps", "shop", "aaa")
        await k9.sees("it was deleted meanwhile")
        await go_down_to(k9, "data.a")
        await k9.type("again")
        await write(k9)
        assert (await get(k9, "configmaps", "aaa"))["data"] == {"a": "again"}


async def test_an_object_made_anew_under_its_form_is_not_taken_for_a_changed_one(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa", a="b", c="d")]}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "aaa")
        await go_down_to(k9, "data.a")
        await k9.type("mine")
        await k9.press("down")
        k9.store.delete("configmaps", "shop", "aaa")
        await k9.sees("it was deleted meanwhile")
        k9.store.create("configmaps", config_map("aaa", a="b", c="d"))
        await k9.sees("it was deleted and made anew meanwhile")
        await k9.press("f12")
        await k9.sees("Go on with the new one")
        await k9.press("enter")
        await k9.sees_not("made anew meanwhile")
        await write(k9)
        assert (await get(k9, "configmaps", "aaa"))["data"] == {"a": "mine", "c": "d"}


async def test_news_of_the_object_that_come_while_the_form_closes_are_no_failure(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [config_map("aaa", a="b")]}, size=SMALL) as k9:
        await open_as_form(k9, "configmaps", "aaa")
        watching = form(k9).watching
        other = k9.store.peek("configmaps", "shop", "aaa")
        assert other is not None
        await form(k9).query_one("#form-others").remove()
        k9.store.replace("configmaps", {**other, "data": {"a": "theirs"}})

        def knows() -> bool:
            watching.flush()
            return watching.theirs is not None

        await k9.until(knows, "what others changed")
