"""What can go wrong between the plan and the end: each is explained, nothing is lost, nothing is written twice."""

from __future__ import annotations

from pathlib import Path

from k9py.changes import edits
from k9py.changes.model import State
from k9py.core.diffs import with_value
from k9py.core.errors import Stalled, Unreachable
from k9py.resources.action import Where
from k9py.resources.actions import ACTIONS
from k9py.sim.deletion import Options
from k9py.ui.changing.conflicts import ConflictScreen
from k9py.ui.changing.review import ReviewScreen
from tests.ui.changing.helpers import Object, Shop, Told, config_map, deployment, secret, shop

SETTINGS = {"configmaps": [config_map("settings", colour="blue", size="1")]}


def edited(k9: Shop, key: str, value: str) -> tuple[Object, Object]:
    """Return a ConfigMap as its editing began, and as it was edited."""
    base = k9.live("configmaps", "settings")
    return base, with_value(base, ("data", key), value)


async def test_a_server_gone_between_the_trial_and_the_write_is_told_and_tried_again_without_writing_twice(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        gone = Unreachable("the connection was refused")
        gone.sent = False
        k9.network.lose_requests(gone)
        k9.app.rooms.desk.review([edits.apply(config_map("settings", colour="blue"))], title="new", done=told)
        await k9.write()
        await k9.ended()
        await k9.sees("nothing was sent")
        await k9.sees("colour: blue")
        k9.network.meddles.clear()
        await k9.press("r")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert told.last.done
        assert len(k9.network.writes) == 2
        assert k9.live("configmaps", "settings")["data"] == {"colour": "blue"}


async def test_a_write_whose_answer_was_lost_is_found_done_and_not_sent_again(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        k9.network.lose_answers(Stalled("no answer within 30 s"))
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new", done=told)
        await k9.write()
        await k9.until(lambda: told.reports)
        assert told.last.outcomes[0].state is State.WRITTEN
        assert len(k9.network.writes) == 1


async def test_an_outcome_that_cannot_be_found_out_is_explained_and_looked_at_again(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        base, mine = edited_after(k9)
        k9.network.lose_answers(Stalled("no answer within 30 s"))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", done=told)
        await k9.planned()
        k9.network.lose_requests(
            Unreachable("no route to host"),
            lambda sent: sent.method == "GET" and sent.path.endswith("/settings") and bool(k9.network.writes),
        )
        await k9.write()
        await k9.ended()
        await k9.sees("uncertain")
        await k9.sees("could not be found out")
        k9.network.meddles.clear()
        await k9.press("r")
        await k9.planned()
        await k9.sees("it is so already")
        await k9.press("escape")
        await k9.until(lambda: told.reports)
        assert told.last.done
        assert len(k9.network.writes) == 1


def edited_after(k9: Shop) -> tuple[Object, Object]:
    """Make the ConfigMap and return it as its editing began, and as it was edited."""
    k9.store.create("configmaps", config_map("settings", colour="blue", size="1"))
    return edited(k9, "colour", "red")


async def test_two_people_on_one_field_meet_on_the_board_of_conflicts_after_the_write_was_tried(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        told = Told()
        base, mine = edited(k9, "colour", "red")
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", done=told)
        await k9.planned()
        k9.touch("configmaps", "settings", lambda obj: obj["data"].update(colour="green"))
        await k9.write()
        await k9.until(lambda: isinstance(k9.app.screen, ConflictScreen), "the conflicts")
        for text in ("data.colour", "blue", "green", "red", "nothing of this was written"):
            await k9.sees(text)
        assert k9.live("configmaps", "settings")["data"]["colour"] == "green"
        await k9.press("enter")
        await k9.sees("not decided yet")
        await k9.press("m", "enter")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert told.last.done
        assert k9.live("configmaps", "settings")["data"] == {"colour": "red", "size": "1"}


async def test_taking_theirs_keeps_the_rest_of_what_was_edited(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        told = Told()
        base, mine = edited(k9, "colour", "red")
        mine = with_value(mine, ("data", "size"), "2")
        k9.touch("configmaps", "settings", lambda obj: obj["data"].update(colour="green"))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", done=told)
        await k9.planned()
        await k9.press("c")
        await k9.until(lambda: isinstance(k9.app.screen, ConflictScreen))
        await k9.press("e")
        await k9.sees("by taking theirs")
        await k9.press("t", "ctrl+s")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert k9.live("configmaps", "settings")["data"] == {"colour": "green", "size": "2"}


async def test_leaving_the_conflicts_leaves_the_review_as_it_was(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        base, mine = edited(k9, "colour", "red")
        k9.touch("configmaps", "settings", lambda obj: obj["data"].update(colour="green"))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit")
        await k9.planned()
        await k9.press("c")
        await k9.until(lambda: isinstance(k9.app.screen, ConflictScreen))
        for action in ACTIONS:
            if action.where is Where.CONFLICTS:
                assert action.id in k9.app.screen.handlers, action.id  # type: ignore[attr-defined]
        await k9.press("t", "escape")
        await k9.planned()
        assert k9.review.plan is not None
        assert not k9.review.plan.ready
        assert k9.network.writes == []


async def test_conflicts_on_a_secret_show_no_values(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        k9.store.create("secrets", {**secret("login"), "data": {"password": "aHVudGVyMg=="}})
        base = k9.live("secrets", "login")
        mine = with_value(base, ("data", "password"), "bWluZQ==")
        k9.touch("secrets", "login", lambda obj: obj["data"].update(password="dGhlaXJz"))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit")
        await k9.planned()
        assert "bWluZQ" not in k9.screen
        await k9.press("c")
        await k9.sees("(secret)")
        for value in ("bWluZQ", "dGhlaXJz", "aHVudGVyMg"):
            assert value not in k9.screen


async def test_an_object_deleted_and_made_anew_meanwhile_is_not_written_to(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        base, mine = edited(k9, "colour", "red")
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit")
        await k9.planned()
        k9.store.delete("configmaps", "shop", "settings", options=Options(grace=0))
        k9.store.create("configmaps", config_map("settings", colour="another"))
        await k9.write()
        await k9.ended()
        await k9.sees("deleted and made anew meanwhile")
        assert k9.live("configmaps", "settings")["data"] == {"colour": "another"}
        await k9.press("r")
        await k9.planned()
        await k9.sees("if that still makes sense")
        await k9.press("o")
        await k9.planned()
        await k9.sees("1 conflict")
        await k9.press("c")
        await k9.press("m")
        await k9.press("enter")
        await k9.planned()
        await k9.write()
        await k9.until(lambda: k9.live("configmaps", "settings")["data"] == {"colour": "red"}, "laid over")


async def test_an_object_deleted_meanwhile_is_told_and_what_was_typed_is_kept(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        told = Told()
        base, mine = edited(k9, "colour", "red")
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", done=told)
        await k9.planned()
        k9.store.delete("configmaps", "shop", "settings", options=Options(grace=0))
        await k9.write()
        await k9.ended()
        await k9.sees("nothing was written")
        await k9.sees("colour: red")
        assert not k9.exists("configmaps", "settings")
        await k9.press("r")
        await k9.planned()
        await k9.sees("is not there any more")
        await k9.press("n")
        await k9.until(lambda: k9.review.plan is not None and k9.review.plan.ready, "a plan to make it")
        await k9.sees("a new object under the old name")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert k9.live("configmaps", "settings")["data"] == {"colour": "red", "size": "1"}


async def test_a_right_lost_between_the_trial_and_the_write_is_told(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS) as k9:
        base, mine = edited(k9, "colour", "red")
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit")
        await k9.planned()
        k9.server.faults.forbidden = {"configmaps"}
        await k9.write()
        await k9.ended()
        await k9.sees("failed")
        await k9.sees("configmaps")
        k9.server.faults.clear()
        await k9.press("r")
        await k9.write()
        await k9.until(lambda: k9.live("configmaps", "settings")["data"]["colour"] == "red")


async def test_a_server_gone_while_planning_can_be_tried_again(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        k9.network.lose_requests(Unreachable("the connection was refused"), lambda sent: sent.dry)
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        await k9.sees("refused")
        k9.network.meddles.clear()
        await k9.press("r")
        await k9.write()
        await k9.until(lambda: k9.exists("configmaps", "settings"))


async def test_after_a_failure_the_rest_is_held_back_and_a_second_try_writes_only_what_is_left(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        told = Told()
        refused = Unreachable("the connection was refused")
        refused.sent = False
        k9.network.lose_requests(refused, lambda sent: sent.writes and "/deployments/" in sent.path)
        wishes = [edits.apply(config_map("settings")), edits.apply(deployment("web"))]
        k9.app.rooms.desk.review(wishes, title="two", done=told)
        await k9.write()
        await k9.ended()
        await k9.sees("1 created")
        k9.network.meddles.clear()
        await k9.press("r")
        await k9.write()
        await k9.until(lambda: told.reports)
        assert [one.change.ref.name for one in told.last.outcomes] == ["settings", "web"]
        assert sum("/configmaps/" in sent.path for sent in k9.network.writes) == 1


async def test_a_webhook_that_refuses_to_be_tried_is_named_in_the_question(tmp_path: Path) -> None:
    from k9py.core.errors import ApiError

    async with shop(tmp_path) as k9:
        webhook = ApiError.of(
            400, 'admission webhook "audit.example" does not support dry run', reason="BadRequest"
        )  # fmt: skip
        k9.network.lose_requests(webhook, lambda sent: sent.dry)
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.planned()
        await k9.sees("audit.example")
        await k9.press("y")
        await k9.asked()
        await k9.sees("refuses to be tried")
        await k9.answer("y")
        await k9.until(lambda: k9.exists("configmaps", "settings"))


async def test_a_journal_that_cannot_be_written_writes_nothing_else(tmp_path: Path) -> None:
    async with shop(tmp_path) as k9:
        folder = tmp_path / "state" / "journal"
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("in the way")
        k9.app.rooms.desk.review([edits.apply(config_map("settings"))], title="new")
        await k9.write()
        await k9.ended()
        await k9.sees("journal")
        assert k9.network.writes == []
        assert isinstance(k9.app.screen, ReviewScreen)


async def test_an_edit_that_changes_nothing_any_more_says_so_and_asks_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS, kind="configmaps") as k9:
        base, mine = edited(k9, "colour", "red")
        k9.touch("configmaps", "settings", lambda obj: obj["data"].update(colour="red"))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", ask=True)
        await k9.planned()
        await k9.sees("nothing to write: it is so already")
        await k9.sees("configmap/settings is unchanged")
        await k9.press("y")
        await k9.sees("There is nothing to write")
        assert isinstance(k9.app.screen, ReviewScreen)


async def test_a_field_is_gone_to_only_where_one_is_wrong(tmp_path: Path) -> None:
    async with shop(tmp_path, SETTINGS, kind="configmaps") as k9:
        base, mine = edited(k9, "colour", "red")
        k9.store.delete("configmaps", "shop", "settings", options=Options(grace=0))
        k9.app.rooms.desk.review([edits.edit(base, mine)], title="edit", show=lambda _trouble: None)
        await k9.planned()
        await k9.sees("is not there any more")
        action = next(one for one in ACTIONS if one.id == "review.field")
        assert k9.review.refusal(action) == "There is no field to go to"


async def test_who_uses_what_is_to_be_deleted_is_said_in_the_question(tmp_path: Path) -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"]["volumes"] = [{"name": "c", "configMap": {"name": "settings"}}]
    async with shop(tmp_path, {**SETTINGS, "deployments.apps": [web]}, kind="configmaps") as k9:
        await k9.until(lambda: k9.cursor == "settings")
        await k9.press("ctrl+d")
        await k9.asked()
        await k9.sees("in use: Deployment web")
