"""The four kinds of patch, their lists with merge keys, and what each refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import JSON, JSON_PATCH, MERGE, STRATEGIC, Object
from tests.contract.objects import config_map, container, deployment, service
from tests.contract.space import Space, good

IDLE = {"replicas": 0}


@pytest.fixture
async def web(space: Space) -> Space:
    """A namespace with a Deployment of two containers, a Service and a ConfigMap, each called web."""
    containers = [
        container("main", env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], args=["a", "b"],
                  ports=[{"containerPort": 80}, {"containerPort": 81}]),
        container("side", image="run:2"),
    ]  # fmt: skip
    await space.create("deployments", deployment("web", *containers, replicas=0))
    await space.create("services", service("web", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}]))
    await space.create("configmaps", config_map("web", {"a": "1", "b": "2"}, labels={"x": "1", "y": "2"}))
    return space


def containers_of(workload: Object) -> dict[str, Object]:
    return {item["name"]: item for item in workload["spec"]["template"]["spec"]["containers"]}


def in_pod(body: Object) -> Object:
    return {"spec": {"template": {"spec": body}}}


# JSON patch

CONFIG_MAP_STEPS: list[tuple[str, list[Object], Any]] = [
    ("add", [{"op": "add", "path": "/data/c", "value": "3"}], {"a": "1", "b": "2", "c": "3"}),
    ("replace", [{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9", "b": "2"}),
    ("remove", [{"op": "remove", "path": "/data/a"}], {"b": "2"}),
    ("copy", [{"op": "copy", "from": "/data/a", "path": "/data/c"}], {"a": "1", "b": "2", "c": "1"}),
    ("move", [{"op": "move", "from": "/data/a", "path": "/data/c"}], {"b": "2", "c": "1"}),
    ("test", [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data/b"}], {"a": "1"}),
    ("add over", [{"op": "add", "path": "/data/a", "value": "9"}], {"a": "9", "b": "2"}),
    ("whole", [{"op": "replace", "path": "/data", "value": {"z": "0"}}], {"z": "0"}),
    ("replace none", [{"op": "replace", "path": "/data/c", "value": "3"}], {"a": "1", "b": "2", "c": "3"}),
    ("tilde", [{"op": "add", "path": "/data/c~1d", "value": "3"}], None),
]


@pytest.mark.parametrize(("steps", "data"), [pytest.param(s, d, id=i) for i, s, d in CONFIG_MAP_STEPS])
async def test_json_patch_steps_do_as_they_say(web: Space, steps: list[Object], data: Any) -> None:
    answer = await web.try_patch("configmaps", "web", steps, JSON_PATCH)
    if data is None:  # "c/d" is no key of a ConfigMap, which only shows when ~1 was read as a slash.
        assert (answer.status, answer.causes) == (422, [("FieldValueInvalid", "data[c/d]")])
    else:
        assert good(answer)["data"] == data


@pytest.mark.parametrize(
    ("path", "value", "args"),
    [("0", "x", ["x", "a", "b"]), ("-", "x", ["a", "b", "x"]), ("2", "x", ["a", "b", "x"])],
)
async def test_json_patch_adds_to_lists_by_place(web: Space, path: str, value: str, args: list[str]) -> None:
    step = {"op": "add", "path": f"/spec/template/spec/containers/0/args/{path}", "value": value}
    changed = await web.json_patch("deployments", "web", step)
    assert containers_of(changed)["main"]["args"] == args


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"op": "test", "path": "/data/a", "value": "other"}, 422),
        ({"op": "remove", "path": "/data/absent"}, 422),
        ({"op": "add", "path": "/absent/x", "value": "1"}, 422),
        ({"op": "dance", "path": "/data/a"}, 422),
    ],
)
async def test_a_json_patch_that_does_not_fit_changes_nothing(web: Space, step: Object, status: int) -> None:
    answer = await web.try_patch("configmaps", "web", [step], JSON_PATCH)
    assert answer.status == status
    assert (await web.get("configmaps", "web"))["data"] == {"a": "1", "b": "2"}


# merge patch


@pytest.mark.parametrize("content", [MERGE, STRATEGIC])
async def test_null_removes_and_the_rest_stays(web: Space, content: str) -> None:
    patch = {"data": {"a": None, "c": "3"}, "metadata": {"labels": {"x": None}}}
    changed = good(await web.try_patch("configmaps", "web", patch, content))
    assert changed["data"] == {"b": "2", "c": "3"}
    assert changed["metadata"]["labels"] == {"y": "2"}


async def test_a_merge_patch_replaces_lists_whole(web: Space) -> None:
    changed = await web.merge("deployments", "web", in_pod({"containers": [container("only")]}))
    assert list(containers_of(changed)) == ["only"]


async def test_a_patch_with_an_old_version_is_a_conflict(web: Space) -> None:
    old = (await web.get("configmaps", "web"))["metadata"]["resourceVersion"]
    await web.merge("configmaps", "web", {"data": {"a": "2"}})
    answer = await web.try_patch("configmaps", "web", {"metadata": {"resourceVersion": old}, "data": {"a": "3"}})
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert "the object has been modified" in answer.message


async def test_a_patch_cannot_rename(web: Space) -> None:
    answer = await web.try_patch("configmaps", "web", {"metadata": {"name": "other"}})
    assert (answer.status, answer.reason) == (400, "BadRequest")


async def test_a_patch_of_nothing_there_is_404(web: Space) -> None:
    answer = await web.try_patch("configmaps", "absent", {"data": {}})
    assert answer.status == 404


@pytest.mark.parametrize("content", [JSON, "text/plain", "application/yaml"])
async def test_a_patch_of_no_known_type_is_415(web: Space, content: str) -> None:
    answer = await web.try_patch("configmaps", "web", {"data": {}}, content)
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize("content", [JSON_PATCH, MERGE, STRATEGIC])
async def test_a_patch_that_is_not_json_is_400(web: Space, content: str) -> None:
    answer = await web.try_patch("configmaps", "web", b"{not json", content)
    assert (answer.status, answer.reason) == (400, "BadRequest")


# strategic merge patch: one line per rule


STRATEGIC_CASES: list[tuple[str, Object, str, Any]] = [
    (
        "a container by name",
        {"containers": [{"name": "side", "image": "run:3"}]},
        "images",
        {"main": "run:1", "side": "run:3"},
    ),
    ("a new container comes first", {"containers": [container("new")]}, "names", ["new", "main", "side"]),
    ("a container removed", {"containers": [{"name": "side", "$patch": "delete"}]}, "names", ["main"]),
    (
        "all containers replaced",
        {"containers": [container("only"), {"$patch": "replace"}]},
        "names",
        ["only"],
    ),
    (
        "an order given",
        {
            "$setElementOrder/containers": [{"name": "side"}, {"name": "main"}],
            "containers": [{"name": "side", "image": "run:3"}],
        },
        "names",
        ["side", "main"],
    ),
    (
        "a variable by name",
        {"containers": [{"name": "main", "env": [{"name": "B", "value": "9"}]}]},
        "env",
        {"A": "1", "B": "9"},
    ),
    (
        "a variable removed",
        {"containers": [{"name": "main", "env": [{"name": "A", "$patch": "delete"}]}]},
        "env",
        {"B": "2"},
    ),
    (
        "a port by number",
        {"containers": [{"name": "main", "ports": [{"containerPort": 81, "name": "admin"}]}]},
        "ports",
        [(80, None), (81, "admin")],
    ),
    ("a plain list replaced", {"containers": [{"name": "main", "args": ["z"]}]}, "args", ["z"]),
    ("a list removed", {"containers": [{"name": "main", "args": None}]}, "args", None),
    ("a field removed", {"terminationGracePeriodSeconds": None}, "grace", 30),
    ("labels merged", {"nodeSelector": {"a": "1"}}, "selector", {"a": "1"}),
]


def seen(workload: Object, what: str) -> Any:
    spec = workload["spec"]["template"]["spec"]
    by_name = containers_of(workload)
    main = by_name.get("main", {})
    looks = {
        "images": {name: item["image"] for name, item in by_name.items()},
        "names": list(by_name),
        "env": {item["name"]: item["value"] for item in main.get("env", [])},
        "ports": [(item["containerPort"], item.get("name")) for item in main.get("ports", [])],
        "args": main.get("args"),
        "grace": spec["terminationGracePeriodSeconds"],
        "selector": spec.get("nodeSelector"),
    }
    return looks[what]


@pytest.mark.parametrize(
    ("body", "what", "wanted"), [pytest.param(b, w, x, id=i.replace(" ", "-")) for i, b, w, x in STRATEGIC_CASES]
)
async def test_a_strategic_patch_merges_lists_by_their_keys(web: Space, body: Object, what: str, wanted: Any) -> None:
    changed = await web.strategic("deployments", "web", in_pod(body))
    assert seen(changed, what) == wanted


async def test_a_strategic_patch_finds_service_ports_by_number(web: Space) -> None:
    changed = await web.strategic("services", "web", {"spec": {"ports": [{"port": 81, "targetPort": 8081}]}})
    found = {item["name"]: item["targetPort"] for item in changed["spec"]["ports"]}
    assert found == {"a": 80, "b": 8081}


async def test_finalizers_are_added_and_taken_from_by_value(web: Space) -> None:
    for name in ("example.com/a", "example.com/b"):
        await web.strategic("configmaps", "web", {"metadata": {"finalizers": [name]}})
    both = await web.get("configmaps", "web")
    assert sorted(both["metadata"]["finalizers"]) == ["example.com/a", "example.com/b"]
    removal = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    left = await web.strategic("configmaps", "web", removal)
    assert left["metadata"]["finalizers"] == ["example.com/b"]
    await web.merge("configmaps", "web", {"metadata": {"finalizers": None}})


async def test_retained_keys_drop_the_other_strategy(web: Space) -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    changed = await web.strategic("deployments", "web", patch)
    assert changed["spec"]["strategy"] == {"type": "Recreate"}


async def test_without_retained_keys_the_old_strategy_is_in_the_way(web: Space) -> None:
    answer = await web.try_patch("deployments", "web", {"spec": {"strategy": {"type": "Recreate"}}}, STRATEGIC)
    assert (answer.status, answer.causes) == (422, [("FieldValueForbidden", "spec.strategy.rollingUpdate")])


async def test_a_merge_key_that_is_missing_is_refused(web: Space) -> None:
    patch = in_pod({"containers": [{"image": "run:3"}]})
    answer = await web.try_patch("deployments", "web", patch, STRATEGIC)
    assert answer.status == 500 or answer.status == 400
    assert "does not contain declared merge key: name" in answer.message


# update


async def test_an_update_replaces_the_whole(web: Space) -> None:
    old = await web.get("configmaps", "web")
    changed = await web.update("configmaps", "web", {**old, "data": {"z": "0"}})
    assert changed["data"] == {"z": "0"}
    assert changed["metadata"]["uid"] == old["metadata"]["uid"]


async def test_an_update_with_an_old_version_is_a_conflict(web: Space) -> None:
    old = await web.get("configmaps", "web")
    await web.merge("configmaps", "web", {"data": {"a": "2"}})
    answer = await web.try_update("configmaps", "web", {**old, "data": {}})
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert answer.message.startswith('Operation cannot be fulfilled on configmaps "web": the object has been modified')


async def test_an_update_without_a_version_overwrites(web: Space) -> None:
    changed = await web.update("configmaps", "web", config_map("web", {"z": "0"}))
    assert changed["data"] == {"z": "0"}


async def test_an_update_of_another_name_is_refused(web: Space) -> None:
    answer = await web.try_update("configmaps", "web", config_map("other"))
    assert (answer.status, answer.reason) == (400, "BadRequest")


async def test_an_update_of_nothing_there_is_404(web: Space) -> None:
    answer = await web.try_update("configmaps", "absent", config_map("absent"))
    assert answer.status == 404


async def test_an_immutable_config_map_keeps_its_data(web: Space) -> None:
    await web.merge("configmaps", "web", {"immutable": True})
    answer = await web.try_patch("configmaps", "web", {"data": {"a": "9"}})
    assert (answer.status, answer.causes) == (422, [("FieldValueForbidden", "data")])


# dry run


@pytest.mark.parametrize("verb", ["create", "update", "merge", "apply", "delete"])
async def test_a_dry_run_answers_as_if_and_stores_nothing(web: Space, verb: str) -> None:
    before = await web.list("configmaps")
    if verb == "create":
        made = await web.create("configmaps", config_map("new", {"a": "b"}), dryRun="All")
        assert made["metadata"]["uid"]
    elif verb == "update":
        assert (await web.update("configmaps", "web", config_map("web", {"z": "0"}), dryRun="All"))["data"] == {
            "z": "0"
        }
    elif verb == "merge":
        assert (await web.merge("configmaps", "web", {"data": {"a": "9"}}, dryRun="All"))["data"]["a"] == "9"
    elif verb == "apply":
        await web.apply("configmaps", "new", config_map("new", {"a": "b"}), dryRun="All")
    else:
        await web.delete("configmaps", "web", dryRun="All")
    assert await web.list("configmaps") == before


async def test_a_dry_run_of_anything_but_all_is_refused(web: Space) -> None:
    answer = await web.try_create("configmaps", config_map("new"), dryRun="Some")
    assert answer.status in (400, 422)


async def test_a_dry_run_still_validates(web: Space) -> None:
    answer = await web.try_create("configmaps", config_map("Not A Name"), dryRun="All")
    assert (answer.status, answer.causes) == (422, [("FieldValueInvalid", "metadata.name")])
