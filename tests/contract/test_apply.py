"""Server-side apply: who owns what, conflicts, force, and fields that go when nobody applies them any more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import AGENT, Object
from tests.contract.objects import config_map, container, deployment
from tests.contract.space import Space, good


def owners(obj: Object) -> dict[tuple[str, str], Any]:
    """Return what each (manager, operation) owns."""
    return {(item["manager"], item["operation"]): item["fieldsV1"] for item in obj["metadata"]["managedFields"]}


def applied(data: Object | None, **metadata: Any) -> Object:
    return config_map("one", data, **metadata)


async def test_applying_what_is_not_there_creates_it(space: Space) -> None:
    answer = await space.try_apply("configmaps", "one", applied({"a": "1"}))
    assert answer.status == 201
    assert owners(answer.body) == {("a", "Apply"): {"f:data": {"f:a": {}}}}


async def test_applying_again_changes_nothing(space: Space) -> None:
    first = await space.apply("configmaps", "one", applied({"a": "1"}))
    answer = await space.try_apply("configmaps", "one", applied({"a": "1"}))
    assert (answer.status, answer.body) == (200, first)


async def test_a_field_left_out_is_removed(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1", "b": "2"}))
    changed = await space.apply("configmaps", "one", applied({"b": "2"}))
    assert changed["data"] == {"b": "2"}


async def test_two_managers_own_their_own_fields(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1"}))
    changed = await space.apply("configmaps", "one", applied({"b": "2"}), "other")
    assert changed["data"] == {"a": "1", "b": "2"}
    assert owners(changed) == {
        ("a", "Apply"): {"f:data": {"f:a": {}}},
        ("other", "Apply"): {"f:data": {"f:b": {}}},
    }


async def test_another_value_is_a_conflict_that_names_the_owner_and_the_field(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1"}))
    answer = await space.try_apply("configmaps", "one", applied({"a": "2"}), "other")
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert answer.causes == [("FieldManagerConflict", ".data.a")]
    assert answer.message == 'Apply failed with 1 conflict: conflict with "a": .data.a'


async def test_force_takes_the_field_away(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1", "b": "2"}))
    changed = await space.apply("configmaps", "one", applied({"a": "9"}), "other", force="true")
    assert changed["data"] == {"a": "9", "b": "2"}
    assert owners(changed) == {
        ("a", "Apply"): {"f:data": {"f:b": {}}},
        ("other", "Apply"): {"f:data": {"f:a": {}}},
    }


async def test_the_same_value_is_owned_together(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1"}))
    await space.apply("configmaps", "one", applied({"a": "1"}), "other")
    kept = await space.apply("configmaps", "one", applied({}), "a")
    assert kept["data"] == {"a": "1"}
    assert ("other", "Apply") in owners(kept)


async def test_what_was_updated_is_a_conflict_to_who_applies(space: Space) -> None:
    await space.create("configmaps", applied({"a": "1"}))
    answer = await space.try_apply("configmaps", "one", applied({"a": "2"}))
    assert answer.causes == [("FieldManagerConflict", ".data.a")]
    assert f'conflict with "{AGENT}" using v1' in answer.message


async def test_an_update_takes_a_field_without_asking(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1", "b": "2"}))
    changed = await space.merge("configmaps", "one", {"data": {"a": "9"}})
    assert owners(changed) == {
        ("a", "Apply"): {"f:data": {"f:b": {}}},
        (AGENT, "Update"): {"f:data": {"f:a": {}}},
    }


async def test_the_field_manager_of_an_update_is_its_parameter(space: Space) -> None:
    made = await space.create("configmaps", applied({"a": "1"}), fieldManager="somebody")
    assert owners(made) == {("somebody", "Update"): {"f:data": {".": {}, "f:a": {}}}}


async def test_lists_with_keys_are_owned_item_by_item(space: Space) -> None:
    await space.apply("deployments", "web", deployment("web", container("main"), replicas=0))
    side: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [container("side", image="run:2")]}}},
    }
    changed = await space.apply("deployments", "web", side, "sidecars")
    names = [item["name"] for item in changed["spec"]["template"]["spec"]["containers"]]
    assert names == ["main", "side"]
    template = owners(changed)[("sidecars", "Apply")]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert list(template) == ['k:{"name":"side"}']
    side["spec"]["template"]["spec"] = {}
    left = await space.apply("deployments", "web", side, "sidecars")
    assert [item["name"] for item in left["spec"]["template"]["spec"]["containers"]] == ["main"]


async def test_a_conflict_in_a_list_names_the_item(space: Space) -> None:
    await space.apply("deployments", "web", deployment("web", container("main"), replicas=0))
    other = deployment("web", container("main", image="run:2"), replicas=0)
    answer = await space.try_apply("deployments", "web", other, "other")
    assert answer.causes == [("FieldManagerConflict", '.spec.template.spec.containers[name="main"].image')]


async def test_sets_are_owned_by_value(space: Space) -> None:
    await space.apply("configmaps", "one", applied(None, finalizers=["example.com/a"]))
    both = await space.apply("configmaps", "one", applied(None, finalizers=["example.com/b"]), "other")
    assert both["metadata"]["finalizers"] == ["example.com/a", "example.com/b"]
    left = await space.apply("configmaps", "one", applied(None))
    assert left["metadata"]["finalizers"] == ["example.com/b"]
    await space.apply("configmaps", "one", applied(None), "other")


async def test_a_default_belongs_to_nobody(space: Space) -> None:
    changed = await space.apply("deployments", "web", deployment("web", replicas=0))
    spec = owners(changed)[("a", "Apply")]["f:spec"]
    assert "f:strategy" not in spec
    assert changed["spec"]["strategy"]["type"] == "RollingUpdate"


async def test_a_status_written_through_its_path_is_owned_apart(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0, paused=True))
    body: Object = {"status": {"conditions": [{"type": "Mine", "status": "True"}]}}
    changed = await space.merge("deployments", "web", body, "status", fieldManager="watcher")
    entry = next(item for item in changed["metadata"]["managedFields"] if item["manager"] == "watcher")
    assert (entry["operation"], entry["subresource"]) == ("Update", "status")


async def test_managed_fields_can_be_cleared(space: Space) -> None:
    await space.apply("configmaps", "one", applied({"a": "1"}))
    changed = await space.merge("configmaps", "one", {"metadata": {"managedFields": [{}]}})
    assert not changed["metadata"].get("managedFields")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "Secret"}, 400),
        ({"apiVersion": "v2"}, 400),
        ({"kind": None}, 400),
        ({"data": {"a": 1}}, 500),
        ({"nothing": "such"}, 500),
        ({"metadata": {"name": "other"}}, 400),
        ({"metadata": {"name": "one", "managedFields": [{"manager": "x"}]}}, 400),
    ],
)
async def test_a_configuration_that_does_not_fit_is_refused(space: Space, change: Object, status: int) -> None:
    body = {key: value for key, value in {**applied({"a": "1"}), **change}.items() if value is not None}
    answer = await space.try_apply("configmaps", "one", body)
    assert answer.status == status


async def test_an_apply_without_a_manager_is_refused(space: Space) -> None:
    answer = await space.try_apply("configmaps", "one", applied({}), fieldManager="")
    assert (answer.status, answer.causes) == (422, [("FieldValueRequired", "fieldManager")])


async def test_force_is_for_apply_alone(space: Space) -> None:
    await space.create("configmaps", applied({}))
    answer = await space.try_patch("configmaps", "one", {"data": {"a": "1"}}, force="true")
    assert (answer.status, answer.causes) == (422, [("FieldValueForbidden", "force")])


async def test_applying_with_an_old_version_is_a_conflict(space: Space) -> None:
    first = await space.apply("configmaps", "one", applied({"a": "1"}))
    await space.apply("configmaps", "one", applied({"a": "2"}))
    stale = applied({"a": "3"}, resourceVersion=first["metadata"]["resourceVersion"])
    answer = await space.try_apply("configmaps", "one", stale)
    assert (answer.status, answer.reason) == (409, "Conflict")


async def test_yaml_can_be_applied(space: Space) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: 'x'\n"
    made = good(await space.try_patch("configmaps", "one", text, "application/apply-patch+yaml", fieldManager="a"))
    assert made["data"] == {"a": "x"}
