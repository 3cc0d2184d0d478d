"""Custom kinds: they appear and go in discovery, have columns, a schema that prunes, fills in and refuses, versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import APPLY, MERGE, STRATEGIC, TABLE, Api, Object, eventually
from tests.contract.space import Space, condition, good, path_of

SCHEMA: Object = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "name": {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$"},
                "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "ports": {
                    "type": "array",
                    "items": {
                        "required": ["port"],
                        "type": "object",
                        "properties": {"port": {"type": "integer"}, "name": {"type": "string"}},
                    },
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["port"],
                },
                "port": {"x-kubernetes-int-or-string": True},
                "replicas": {"type": "integer"},
            },
            "x-kubernetes-validations": [{"rule": "self.size != 7", "message": "seven is not a size"}],
        },
        "status": {
            "type": "object",
            "properties": {
                "phase": {"type": "string"},
                "replicas": {"type": "integer"},
                "selector": {"type": "string"},
            },
        },
    },
}
COLUMNS: list[Object] = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Colour", "type": "string", "jsonPath": ".spec.colour", "priority": 1},
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


class Custom(Space):
    """A namespace with a custom kind of its own, `Widget`."""

    group: str

    def path(self, plural: str, name: str = "", sub: str = "") -> str:
        if plural != "widgets":
            return super().path(plural, name, sub)
        tail = "".join(f"/{part}" for part in (name, sub) if part)
        return f"/apis/{self.group}/v1/namespaces/{self.name}/widgets{tail}"

    def widget(self, **spec: Any) -> Object:
        body = {"size": 3, **spec}
        return {"apiVersion": f"{self.group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": body}


def definition(group: str) -> Object:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "additionalPrinterColumns": COLUMNS,
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["toys"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


@pytest.fixture
async def custom(space: Space, cleaned: list[str]) -> Custom:
    custom = Custom(space.api, space.name)
    custom.group = f"{space.name}.example.com"
    made = await space.create("customresourcedefinitions", definition(custom.group))
    cleaned.append(path_of("customresourcedefinitions", name=made["metadata"]["name"]))
    await space.until(
        "customresourcedefinitions",
        made["metadata"]["name"],
        lambda obj: condition(obj, "Established").get("status") == "True",
    )

    async def served() -> bool:
        if (await custom.api.get(custom.path("widgets"))).status != 200:
            return False
        async with custom.api.stream(custom.path("widgets"), watch="1") as watch:
            return watch.status == 200  # A watch is refused while the server's memory of the kind is being filled.

    await eventually(served, "the kind is served")
    return custom


async def discovered(api: Api, group: str) -> Object | None:
    answer = await api.get(f"/apis/{group}/v1")
    return answer.body if answer.status == 200 else None


async def test_a_new_kind_appears_in_discovery(custom: Custom) -> None:
    found: Object = await eventually(lambda: discovered(custom.api, custom.group), "legacy discovery")
    by_name = {item["name"]: item for item in found["resources"]}
    assert set(by_name) == {"widgets", "widgets/status", "widgets/scale"}
    widget = by_name["widgets"]
    assert (widget["kind"], widget["namespaced"], widget["shortNames"]) == ("Widget", True, ["wd"])
    assert (widget["singularName"], widget["categories"]) == ("widget", ["toys"])
    assert "deletecollection" in widget["verbs"]

    async def aggregated() -> bool:
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        groups = (await custom.api.read("/apis", accept=accept))["items"]
        return custom.group in [item["metadata"]["name"] for item in groups]

    await eventually(aggregated, "aggregated discovery")


async def test_a_kind_goes_with_its_objects(custom: Custom) -> None:
    await custom.create("widgets", custom.widget())
    name = f"widgets.{custom.group}"
    await custom.delete("customresourcedefinitions", name)
    await custom.until_gone("customresourcedefinitions", name)

    async def gone() -> bool:
        return (await custom.api.get(custom.path("widgets"))).status == 404

    await eventually(gone, "the kind is no longer served")


async def test_a_definition_says_what_was_accepted(custom: Custom) -> None:
    found = await custom.get("customresourcedefinitions", f"widgets.{custom.group}")
    assert condition(found, "NamesAccepted")["status"] == "True"
    assert found["status"]["storedVersions"] == ["v1"]
    assert found["status"]["acceptedNames"]["listKind"] == "WidgetList"


async def test_columns_are_those_of_the_definition(custom: Custom) -> None:
    await custom.create("widgets", custom.widget())
    table = await custom.api.read(custom.path("widgets"), accept=TABLE)
    assert [(c["name"], c["priority"]) for c in table["columnDefinitions"]] == [
        ("Name", 0), ("Size", 0), ("Colour", 1), ("Phase", 0), ("Age", 0),
    ]  # fmt: skip
    assert table["rows"][0]["cells"][:4] == ["one", 3, "red", None]


async def test_defaults_are_filled_in_and_the_unknown_is_pruned(custom: Custom) -> None:
    made = await custom.create("widgets", custom.widget(nonsense=1, free={"anything": [1]}, port="http"))
    assert made["spec"] == {"size": 3, "colour": "red", "free": {"anything": [1]}, "port": "http"}


async def test_what_is_pruned_is_refused_when_strict(custom: Custom) -> None:
    answer = await custom.try_create("widgets", custom.widget(nonsense=1), fieldValidation="Strict")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.message.endswith('strict decoding error: unknown field "spec.nonsense"')


@pytest.mark.parametrize(
    ("spec", "causes"),
    [
        ({"size": 0}, [("FieldValueInvalid", "spec.size")]),
        ({"size": 10}, [("FieldValueInvalid", "spec.size")]),
        ({"size": "big"}, [("FieldValueTypeInvalid", "spec.size")]),
        ({"size": None}, [("FieldValueRequired", "spec.size")]),
        ({"colour": "green"}, [("FieldValueNotSupported", "spec.colour")]),
        ({"name": "toolong"}, [("FieldValueTooLong", "spec.name")]),
        ({"name": "A"}, [("FieldValueInvalid", "spec.name")]),
        ({"tags": ["a", "b", "c"]}, [("FieldValueTooMany", "spec.tags")]),
        ({"tags": [1]}, [("FieldValueTypeInvalid", "spec.tags[0]")]),
    ],
)
async def test_a_schema_refuses(custom: Custom, spec: Object, causes: list[tuple[str, str]]) -> None:
    answer = await custom.try_create("widgets", custom.widget(**spec))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert set(causes) <= set(answer.causes)


async def test_status_and_spec_are_apart(custom: Custom) -> None:
    made = await custom.create("widgets", {**custom.widget(), "status": {"phase": "Mine"}})
    assert "status" not in made
    changed = await custom.merge("widgets", "one", {"status": {"phase": "Ready"}, "spec": {"size": 5}}, "status")
    assert (changed["status"], changed["spec"]["size"]) == ({"phase": "Ready"}, 3)
    assert changed["metadata"]["generation"] == 1
    bigger = await custom.merge("widgets", "one", {"spec": {"size": 5}})
    assert bigger["metadata"]["generation"] == 2


async def test_a_custom_kind_scales(custom: Custom) -> None:
    await custom.create("widgets", custom.widget(replicas=2))
    scale = await custom.get("widgets", "one", "scale")
    assert scale["spec"] == {"replicas": 2}
    await custom.merge("widgets", "one", {"spec": {"replicas": 4}}, "scale")
    assert (await custom.get("widgets", "one"))["spec"]["replicas"] == 4


async def test_a_strategic_patch_is_not_for_custom_kinds(custom: Custom) -> None:
    await custom.create("widgets", custom.widget())
    answer = await custom.try_patch("widgets", "one", {"spec": {"size": 4}}, STRATEGIC)
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")
    assert (await custom.merge("widgets", "one", {"spec": {"size": 4}}))["spec"]["size"] == 4


async def test_lists_with_keys_are_applied_item_by_item(custom: Custom) -> None:
    await custom.apply("widgets", "one", custom.widget(ports=[{"port": 1, "name": "a"}]))
    changed = await custom.apply("widgets", "one", custom.widget(ports=[{"port": 2}]), "other")
    assert changed["spec"]["ports"] == [{"port": 1, "name": "a"}, {"port": 2}]
    conflict = await custom.try_patch(
        "widgets", "one", custom.widget(ports=[{"port": 1, "name": "b"}]), APPLY, fieldManager="other"
    )
    assert conflict.causes == [("FieldManagerConflict", ".spec.ports[port=1].name")]


async def test_an_update_of_a_custom_object_needs_a_version(custom: Custom) -> None:
    await custom.create("widgets", custom.widget())
    answer = await custom.try_update("widgets", "one", custom.widget(size=4))
    assert (answer.status, answer.causes) == (422, [("FieldValueInvalid", "metadata.resourceVersion")])


async def test_custom_objects_are_watched(custom: Custom) -> None:
    listed = good(await custom.api.get(custom.path("widgets")))
    version = listed["metadata"]["resourceVersion"]
    assert listed["kind"] == "WidgetList"
    async with custom.api.watch(custom.path("widgets"), resourceVersion=version) as events:
        await custom.create("widgets", custom.widget())
        good(await custom.try_patch("widgets", "one", {"spec": {"size": 4}}, MERGE))
        await custom.delete("widgets", "one")
        assert [(await events.next())[0] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_watch_from_before_the_kind_was_is_too_old(custom: Custom) -> None:
    async with custom.api.watch(custom.path("widgets"), resourceVersion="1") as events:
        kind, status = await events.next()
        assert await events.ended()
    assert (kind, status["kind"], status["code"], status["reason"]) == ("ERROR", "Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")
