"""The review driven by keys on a simulated cluster: nothing is written before a yes, and everything is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from k9py.changes import edits
from k9py.changes.model import State, Trouble
from k9py.core.errors import ChangeError
from k9py.resources.action import Where
from k9py.resources.actions import ACTIONS
from k9py.ui.changing import attention
from k9py.ui.changing.confirm import ConfirmScreen
from k9py.ui.changing.review import Phase, ReviewScreen
from tests.ui.changing.helpers import LATER, Told, config_map, deployment, secret, shop


@pytest.fixture
def any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key held down is told from one pressed after reading also where it repeats as slowly as the machine is busy."""
    monkeypatch.setattr(attention, "PAUSE", LATER / 2)


async def test_a_new_object_is_shown_confirmed_and_written(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="configmaps") as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(config_map("settings", colour="blue"))], title="new", done=told)
        await k9.sees("colour: blue")
        assert not k9.exists("configmaps", "settings")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert told.last.done
        assert k9.exists("configmaps", "settings")
        await k9.sees("configmap/settings created")


async def test_one_deliberate_key_makes_something_new_without_a_second_question(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="configmaps", size=(80, 24)) as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new", done=told)
        await k9.planned()
        assert "y makes it at once; U takes it back" in k9.screen
        await k9.agree()
        await k9.until(lambda: told.reports)
        assert told.last.done
        assert not any(isinstance(one, ConfirmScreen) for one in k9.app.screen_stack)


@pytest.mark.usefixtures("any_pace")
@pytest.mark.parametrize("key", ["y", "ctrl+s"])
async def test_a_key_held_down_since_before_the_plan_was_on_the_screen_makes_nothing(tmp_path: Path, key: str) -> None:
    async with shop(tmp_path) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        for _ in range(5):
            await k9.press(key)
        await k9.sees("typed before the plan could be read")
        assert k9.review.phase is Phase.SHOWN
        assert k9.network.writes == []


async def test_what_takes_effect_on_the_whole_cluster_at_once_keeps_its_question(tmp_path: Path) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "all"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"}],
    }  # fmt: skip
    async with shop(tmp_path) as k9:
        k9.app.rooms.desk.review([edits.apply(binding)], title="new")
        await k9.planned()
        assert "at once" not in k9.screen
        await k9.agree()
        await k9.asked()
        assert k9.network.writes == []


async def test_a_new_object_beside_a_changed_one_is_asked_about(tmp_path: Path) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("settings")]}) as k9:
        wishes = [edits.apply(config_map("settings", colour="red")), edits.apply(config_map("other"))]
        k9.app.rooms.desk.review(wishes, title="two")
        await k9.planned()
        await k9.agree()
        await k9.asked()
        assert k9.network.writes == []


async def test_what_the_server_gives_at_the_write_is_not_shown_as_if_it_were_known(tmp_path: Path) -> None:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "NodePort", "ports": [{"port": 80}], "selector": {"app": "web"}},
    }  # fmt: skip
    async with shop(tmp_path) as k9:
        k9.app.rooms.desk.review([edits.apply(service)], title="new")
        await k9.planned()
        lines = [line for line in k9.screen.splitlines() if "clusterIP:" in line or "nodePort:" in line]
        assert len(lines) == 2
        assert all(line.endswith(": (given by the server at the write)") for line in lines)


async def test_every_action_of_the_review_is_carried_out_by_it(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        for action in ACTIONS:
            if action.where is Where.REVIEW:
                assert action.id in k9.review.handlers, action.id


async def test_escape_while_it_is_tried_leaves_everything_as_it_is(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        k9.server.faults.stall()
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new", done=told)
        await k9.until(lambda: isinstance(k9.app.screen, ReviewScreen))
        await k9.press("y")
        await k9.sees("still being tried")
        await k9.press("escape")
        await k9.until(lambda: told.reports == [None])
        k9.server.faults.resume()
        assert k9.app.screen is k9.app.browser
        assert k9.network.writes == []


@pytest.mark.parametrize("key", ["escape", "n", "enter", "q"])
async def test_every_way_of_not_saying_yes_writes_nothing_and_keeps_the_review(tmp_path: Path, key: str) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("settings")]}) as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(config_map("settings", colour="red"))], title="change", done=told)
        await k9.planned()
        await k9.press("y")
        await k9.answer(key)
        await k9.planned()
        await k9.press("escape")
        await k9.until(lambda: told.reports == [None])
        assert k9.network.writes == []


async def test_keys_typed_before_the_question_was_painted_never_answer_it(tmp_path: Path) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("settings")]}) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings", colour="red"))], title="change")
        await k9.planned()
        for key in ("y", "y", "tab", "enter", "y"):
            k9.app.simulate_key(key)
        await k9.asked()
        await k9.sees("typed before the question")
        assert isinstance(k9.app.screen, ConfirmScreen)
        assert k9.network.writes == []


@pytest.mark.usefixtures("any_pace")
async def test_a_key_that_goes_straight_to_the_question_does_not_answer_it_when_held_down(tmp_path: Path) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("settings")]}, kind="configmaps") as k9:
        await k9.until(lambda: "settings" in k9.names)
        await k9.press("ctrl+d")
        await k9.asked()
        for _ in range(20):
            await k9.press("y")
        assert isinstance(k9.app.screen, ConfirmScreen)
        assert k9.exists("configmaps", "settings")
        await k9.answer("y")
        await k9.until(lambda: not k9.exists("configmaps", "settings"))


async def test_a_protected_context_wants_the_name_typed(tmp_path: Path) -> None:
    async with shop(tmp_path, settings="protected: true") as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        await k9.press("y")
        await k9.answer(*"sett", "enter")
        await k9.sees("that is not settings")
        assert k9.network.writes == []
        await k9.answer(*"ings", "enter")
        await k9.until(lambda: k9.exists("configmaps", "settings"))


async def test_a_read_only_context_has_no_keys_that_write(tmp_path: Path) -> None:
    objects = {"deployments.apps": [deployment("web")]}
    async with shop(tmp_path, objects, settings="readonly: true") as k9:
        await k9.until(lambda: "web" in k9.names)
        offered = {action.id for action in k9.app.offering.available(Where.TABLE)}
        assert not offered & {"delete", "scale", "restart", "image", "undo"}
        for key in ("ctrl+d", "s", "r", "I", "U"):
            await k9.press(key)
            await k9.sees("read-only")
            assert k9.app.screen is k9.app.browser
        with pytest.raises(ChangeError, match="read-only"):
            k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")


async def test_secret_values_are_in_no_place_of_the_screen(tmp_path: Path) -> None:
    async with shop(tmp_path, size=(160, 48)) as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(secret("login", password="hunter2"))], title="new", done=told)
        await k9.sees("password: '***'")
        assert "hunter2" not in k9.screen
        assert "aHVudGVyMg" not in k9.screen
        await k9.write()
        await k9.until(lambda: told.reports)
        k9.app.rooms.desk.review([edits.apply(secret("login", password="correcthorse"))], title="change", done=told)
        await k9.sees("*** (after)")
        assert "correcthorse" not in k9.screen


async def test_a_field_that_is_wrong_is_named_and_can_be_gone_to(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"ports": [{"port": 70000}], "selector": {"app": "web"}},
        }  # fmt: skip
        told, shown = Told(), list[Trouble]()
        k9.app.rooms.desk.review([edits.apply(service)], title="new", done=told, show=shown.append)
        await k9.planned()
        await k9.sees("spec.ports[0].port")
        await k9.sees("between 1 and 65535")
        await k9.press("y")
        await k9.sees("stands in the way")
        await k9.press("f")
        await k9.until(lambda: shown)
        assert shown[0].field == "spec.ports[0].port"
        assert told.reports == [None]
        assert k9.app.screen is k9.app.browser


async def test_of_many_objects_it_is_said_how_many_lines_are_out_of_sight(tmp_path: Path) -> None:
    async with shop(tmp_path, size=(80, 24)) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map(f"c{number}")) for number in range(9)], title="nine")
        await k9.planned()
        await k9.sees("3 more below")
        await k9.press(*["down"] * 7)
        await k9.sees("2 more above, 1 more below")
        await k9.press("down")
        await k9.until(lambda: "3 more above" in k9.screen and "below" not in k9.screen)


async def test_of_several_objects_some_can_be_left_out(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        wishes = [edits.apply(config_map(name, at=name)) for name in ("one", "two", "three")]
        k9.app.rooms.desk.review(wishes, title="three files", done=told)
        await k9.planned()
        await k9.press("down", "space")
        await k9.sees("[ ] configmap/two")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert sorted(one.change.ref.name for one in told.last.outcomes) == ["one", "three"]
        assert not k9.exists("configmaps", "two")


async def test_an_object_that_is_refused_can_be_left_out_of_the_rest(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Bad_Name", "namespace": "shop"}}
        k9.app.rooms.desk.review([edits.apply(wrong), edits.apply(config_map("good"))], title="two", done=told)
        await k9.planned()
        await k9.press("y")
        await k9.sees("stands in the way")
        await k9.until(lambda: "Bad_Name" in k9.review.changes[0].ref.name)
        await k9.press("space")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert k9.exists("configmaps", "good")


async def test_what_is_so_already_is_neither_asked_about_nor_written(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        k9.app.rooms.desk.review([edits.apply(config_map("settings", a="b"))], title="new", done=told)
        await k9.write()
        await k9.until(lambda: told.reports)
        sent = len(k9.network.writes)
        k9.app.rooms.desk.review([edits.apply(config_map("settings", a="b"))], title="again")
        await k9.planned()
        await k9.sees("it is so already")
        await k9.press("y")
        await k9.sees("nothing to write")
        assert len(k9.network.writes) == sent


async def test_who_else_manages_an_object_is_said_in_the_review_and_in_the_question(tmp_path: Path) -> None:
    helm = deployment("web")
    helm["metadata"]["annotations"] = {"meta.helm.sh/release-name": "front"}
    async with shop(tmp_path, {"deployments.apps": [helm]}) as k9:
        live = k9.live("deployments.apps", "web")
        k9.app.rooms.desk.review([edits.scale(live, 3)], title="scale")
        await k9.planned()
        await k9.sees("Helm manages it (release front)")
        await k9.press("y")
        await k9.asked()
        await k9.sees("Helm manages it")
        await k9.sees("from 1 to 3 replicas")


async def test_a_wide_screen_shows_both_sides_and_a_narrow_one_their_lines(tmp_path: Path) -> None:
    objects = {"deployments.apps": [deployment("web", "web:1")]}
    for width, beside in ((160, True), (80, False)):
        (tmp_path / str(width)).mkdir()
        async with shop(tmp_path / str(width), objects, size=(width, 30)) as k9:
            live = k9.live("deployments.apps", "web")
            k9.app.rooms.desk.review([edits.set_image(live, {"main": "web:2"})], title="image")
            await k9.planned()
            await k9.sees("image: web:2")
            (line,) = (text for text in k9.screen.splitlines() if "image: web:2" in text)
            assert ("image: web:1" in line) is beside
            assert "spec.template.spec.containers[main]" in k9.screen
            await k9.press("v")
            (line,) = (text for text in k9.screen.splitlines() if "image: web:2" in text)
            assert ("image: web:1" in line) is not beside


async def test_what_leads_elsewhere_is_refused_while_something_is_unfinished(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        for key in (":", "ctrl+x", "ctrl+t"):
            await k9.press(key)
            await k9.sees("Finish this first")
            assert isinstance(k9.app.screen, ReviewScreen)


async def test_stopping_half_way_holds_the_rest_back_and_tells_what_was_written(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        wishes = [edits.apply(config_map("first")), edits.apply(deployment("web"))]
        k9.app.rooms.desk.review(wishes, title="two", done=told)
        await k9.planned()
        review = k9.review
        k9.network.before(lambda sent: sent.writes, review.go_back)
        await k9.write()
        await k9.ended()
        await k9.sees("it was stopped")
        assert k9.exists("configmaps", "first")
        assert not k9.exists("deployments.apps", "web")
        await k9.press("escape")
        await k9.until(lambda: told.reports)
        assert [one.state for one in told.last.outcomes] == [State.WRITTEN, State.HELD_BACK]


async def test_leaving_the_program_while_it_is_asked_writes_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path, {"configmaps": [config_map("settings")]}) as k9:
        k9.app.rooms.desk.review([edits.apply(config_map("settings", colour="red"))], title="change")
        await k9.planned()
        await k9.press("y")
        await k9.asked()
        await k9.press("ctrl+c")
        await k9.until(lambda: isinstance(k9.app.screen, ReviewScreen) and k9.review.phase is Phase.SHOWN)
        assert k9.network.writes == []
