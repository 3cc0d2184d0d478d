"""How forms end: reviewed, left with a draft, killed; copies and kinds of somebody else's making."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k9py.changes.drafts import Draft
from k9py.ui.editor.keeping import drafts_of
from k9py.ui.forms.ending import FORM_KEY
from k9py.ui.forms.live import laid_over, template_of
from k9py.ui.forms.screen import FormScreen
from tests.ui.forms.driving import fill, form, get, go_down_to, is_open, open_new, row, write
from tests.ui.harness import Driver, running

SMALL = (80, 24)
CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "test", "namespace": "shop"}, "data": {"a": "b"},
}  # fmt: skip
SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "description": "How many. More follows."},
        "colour": {"type": "string", "enum": ["red", "blue"]},
    },
}
WIDGETS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}


def drafts(k9: Driver) -> list[Draft]:
    return drafts_of(k9.app).left(k9.app.context_name)


async def show(k9: Driver, kind: str, name: str) -> None:
    await k9.press(":")
    await k9.type(kind)
    await k9.press("enter")
    await k9.until(lambda: name in k9.names)


async def leave_new(k9: Driver) -> None:
    """Begin a new ConfigMap and leave it, keeping what was typed."""
    await open_new(k9, "configmap test")
    await fill(k9, "data", "colour=blue")
    await k9.press("escape")
    await k9.sees("Leave, and keep")
    await k9.type("keep")
    await k9.press("enter")
    await k9.until(lambda: k9.app.screen is k9.app.browser and drafts(k9))


async def test_what_is_typed_is_on_the_disk_a_moment_later_a_half_typed_field_included(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "configmap test")
        await go_down_to(k9, "data")
        await k9.type("level=in")
        await k9.until(lambda: any(draft.extra.get("typed") == "level=in" for draft in drafts(k9)))
        (draft,) = drafts(k9)
        assert draft.key.startswith(FORM_KEY)
        await k9.press("f8")
        await k9.until(lambda: not drafts(k9))
        k9.app.rooms.forms.resume(draft)
        await k9.until(lambda: is_open(k9))
        assert (row(k9).id, form(k9).list.typed) == ("data", "level=in")


async def test_leaving_keeps_a_draft_that_opens_as_the_same_form(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "deployment web")
        await fill(k9, "image", "nginx:1.29")
        await k9.press("escape")
        await k9.sees("Nothing was written yet")
        await k9.press("down", "enter")
        await k9.until(lambda: k9.app.screen is k9.app.browser)
        await k9.press(":")
        await k9.type("drafts")
        await k9.press("enter")
        await k9.sees("Drafts: what was typed and kept")
        await k9.press("enter")
        await k9.until(lambda: is_open(k9))
        assert form(k9).sheet.models[0].get("image") == "nginx:1.29"


async def test_what_was_written_leaves_no_draft(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "configmap test")
        await fill(k9, "immutable", "n")
        await write(k9)
        assert not drafts(k9)


async def test_a_secrets_value_is_covered_on_both_sides_and_kept_in_no_draft(tmp_path: Path) -> None:
    async with running(tmp_path, size=(160, 48)) as k9:
        await open_new(k9, "secret db")
        await go_down_to(k9, "data")
        await k9.type("password")
        await k9.press("enter")
        await k9.type("hunter2")
        await k9.press("up")
        await k9.until(lambda: drafts(k9))
        assert "hunter2" not in k9.screen
        assert "aHVudGVyMg==" not in k9.screen
        assert not any(b"hunter2" in file.read_bytes() or b"aHVudGVyMg" in file.read_bytes()
                       for file in tmp_path.rglob("*") if file.is_file())  # fmt: skip
        await write(k9)
        assert (await get(k9, "secrets", "db"))["data"] == {"password": "aHVudGVyMg=="}


async def test_going_back_from_the_review_keeps_everything(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await open_new(k9, "configmap test")
        await go_down_to(k9, "data")
        await k9.type("a=b")
        await k9.press("enter", "ctrl+s")
        await k9.until(lambda: "y write" in k9.bar("keys"))
        await k9.press("escape")
        await k9.until(lambda: isinstance(k9.app.screen, FormScreen))
        assert form(k9).sheet.objects[0]["data"] == {"a": "b"}


async def test_a_copy_has_a_name_of_its_own_and_nothing_the_cluster_gave_the_first(tmp_path: Path) -> None:
    async with running(tmp_path, {"configmaps": [CONFIG_MAP]}, size=SMALL) as k9:
        await show(k9, "configmaps", "test")
        await k9.press("D")
        await k9.until(lambda: is_open(k9))
        await write(k9)
        made = await get(k9, "configmaps", "test-copy")
        assert made["data"] == {"a": "b"}
        assert (await get(k9, "configmaps", "test"))["metadata"]["uid"] != made["metadata"]["uid"]


def test_a_copy_of_a_service_has_no_address_and_an_edit_keeps_what_its_form_does_not_show() -> None:
    service = {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "a", "uid": "u", "resourceVersion": "5", "ownerReferences": [{"kind": "X"}]},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30000}]}, "status": {"loadBalancer": {}},
    }  # fmt: skip
    fresh = template_of(service)
    assert fresh["metadata"] == {"name": "a"}
    assert fresh["spec"] == {"ports": [{"port": 80}]}
    edited = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": []}}
    whole = laid_over(service, edited)
    assert whole["metadata"] == {"name": "a", "uid": "u", "resourceVersion": "5"}
    assert whole["status"] == {"loadBalancer": {}}


async def test_a_kind_of_a_custom_resource_definition_has_a_form_from_its_schema(tmp_path: Path) -> None:
    async with running(tmp_path, {"customresourcedefinitions.apiextensions.k8s.io": [WIDGETS]}, size=SMALL) as k9:
        await k9.until(lambda: k9.app.session is not None and any(
            one.kind == "Widget" for one in k9.app.session.discovery.resources))  # fmt: skip
        screen = await open_new(k9, "widgets round")
        assert {"spec.size", "spec.colour"} <= {one.id for one in screen.list.rows}
        await go_down_to(k9, "spec.size")
        await k9.type("many")
        await k9.press("down")
        await k9.sees("must be a whole number")
        await k9.press("up", *["backspace"] * 4)
        await k9.type("3")
        await k9.press("down", "right")
        await write(k9)
        assert (await get(k9, "widgets.example.com", "round"))["spec"] == {"size": 3, "colour": "red"}


async def test_a_bundle_that_was_left_opens_with_its_options_and_its_objects_follow_them_again(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as k9:
        screen = await open_new(k9, "bundle tiers shelter")
        await go_down_to(k9, "apiImage")
        await k9.type("api:1")
        await k9.press("down")
        await go_down_to(k9, "password")
        await k9.type("hunter2")
        await k9.press("down")
        await k9.until(lambda: any("api:1" in draft.text for draft in drafts(k9)))
        await k9.press("escape", "down", "enter")
        await k9.until(lambda: not is_open(k9))
        (draft,) = drafts(k9)
        assert draft.title.endswith("shelter")
        assert "hunter2" not in repr(draft)
        k9.app.rooms.forms.resume(draft)
        await k9.until(lambda: is_open(k9))
        again = form(k9)
        assert again is not screen
        recipe = again.sheet.recipe
        assert recipe is not None
        assert (recipe.name, recipe.given) == ("shelter", {"apiImage": "api:1"})
        secret = next(obj for obj in again.sheet.objects if obj["kind"] == "Secret")
        assert (secret["stringData"]["root_username"], secret["stringData"]["user_password"]) == ("root", "")
        await go_down_to(k9, "apiImage")
        await k9.press("end")
        await k9.type("2")
        await k9.press("down")
        assert "image: api:12" in again.editor.text
        await go_down_to(k9, "password")
        await k9.type("hunter3")
        await k9.press("down")
        secret = next(obj for obj in again.sheet.objects if obj["kind"] == "Secret")
        assert secret["stringData"]["user_password"] == "hunter3"


async def test_what_was_typed_of_something_new_is_offered_at_the_next_opening(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await leave_new(k9)
        await k9.press(":")
        await k9.type("new configmap")
        await k9.press("enter")
        await k9.sees("Go on with new ConfigMap test")
        await k9.press("down", "enter")
        await k9.until(lambda: is_open(k9))
        await k9.until(lambda: form(k9).sheet.objects[0].get("data") == {"colour": "blue"})
        await write(k9)
        await k9.until(lambda: not drafts(k9))
        await k9.press("escape")
        await open_new(k9, "configmap other")


async def test_a_new_one_of_another_name_is_begun_without_being_asked_about_a_draft(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        await leave_new(k9)
        await open_new(k9, "configmap another")
        await k9.until(lambda: form(k9).sheet.objects[0]["metadata"]["name"] == "another")


async def test_undo_and_redo_go_back_and_forth_over_the_values_of_several_fields(tmp_path: Path) -> None:
    async with running(tmp_path, size=SMALL) as k9:
        screen = await open_new(k9, "deployment web")
        states = [screen.sheet.text]
        for name, text in (("image", "nginx:1.29"), ("replicas", "3"), ("image", "caddy:2")):
            await fill(k9, name, text)
            states.append(screen.sheet.text)
        assert len(set(states)) == 4
        for before in reversed(states[:-1]):
            await k9.press("ctrl+z")
            assert screen.sheet.text == before
        assert screen.sheet.models[0].get("replicas") in (None, 1)
        for after in states[1:]:
            await k9.press("ctrl+y")
            assert screen.sheet.text == after
        assert screen.sheet.models[0].get("image") == "caddy:2"
