"""What the schema offers and says at a place of a text that is half typed."""

from __future__ import annotations

import pytest

from k9py.manifests.kinds import bundled
from k9py.ui.editor.schemahelp import SchemaHelp

HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"


@pytest.fixture(scope="module")
def schema() -> SchemaHelp:
    """Return what answers from the recorded schemas."""
    return SchemaHelp(bundled())


def offered(schema: SchemaHelp, text: str) -> list[str]:
    """Return what is offered at the end of a text."""
    lines = text.split("\n")
    found = schema.complete(text, len(lines) - 1, len(lines[-1]), lambda _: False)
    return [one.label or one.text for one in found]


def test_required_fields_come_first_and_what_is_there_is_not_offered_again(schema: SchemaHelp) -> None:
    found = offered(schema, f"{HEAD}  replicas: 2\n  ")
    assert found[:2] == ["selector", "template"]
    assert "replicas" not in found
    assert "status" not in offered(schema, f"{HEAD}\n")


def test_letters_narrow_what_is_offered_beginnings_first(schema: SchemaHelp) -> None:
    assert offered(schema, f"{HEAD}  rep") == ["replicas"]
    assert offered(schema, f"{HEAD}  s")[:2] == ["selector", "strategy"]


def test_values_are_offered_where_the_schema_names_them(schema: SchemaHelp) -> None:
    assert offered(schema, f"{HEAD}  paused: ") == ["true", "false"]
    container = f"{HEAD}  template:\n    spec:\n      containers:\n      - name: a\n        imagePullPolicy: If"
    assert offered(schema, container) == ["IfNotPresent"]
    assert "Deployment" in offered(schema, "apiVersion: apps/v1\nkind: Dep")
    assert offered(schema, "kind: CronJob\napiVersion: ") == ["batch/v1"]


def test_an_empty_document_offers_whole_beginnings(schema: SchemaHelp) -> None:
    text = f"{HEAD}---\nConfigM"
    lines = text.split("\n")
    found = schema.complete(text, len(lines) - 1, 7, lambda _: False)
    assert found[0].text == "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "


def test_lists_and_maps_begin_below_their_key(schema: SchemaHelp) -> None:
    text = f"{HEAD}  template:\n    spec:\n      contai"
    lines = text.split("\n")
    (found,) = [one for one in schema.complete(text, len(lines) - 1, 12, lambda _: False) if one.label == "containers"]
    assert found.text == "containers:\n- "
    assert "required" in found.hint


def test_the_field_at_a_place_is_said_in_one_line(schema: SchemaHelp) -> None:
    lines = f"{HEAD}  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: a".split("\n")
    found = schema.at(lines, 5, 4, lambda _: False)
    assert found is not None
    assert found.line == "spec.replicas (integer): Number of desired pods"
    found = schema.at(lines, len(lines) - 1, 12, lambda _: False)
    assert found is not None
    assert found.line.startswith("spec.template.spec.containers[0].name (string, required): Name of the container")


def test_a_place_no_field_is_at_is_explained_by_what_holds_it(schema: SchemaHelp) -> None:
    title, text = schema.explained(f"{HEAD}  nonsense: 1".split("\n"), 5, 4, lambda _: False)
    assert title == "Deployment.spec"
    assert "DeploymentSpec" in text


def test_a_kind_nobody_knows_offers_nothing_and_does_not_fail(schema: SchemaHelp) -> None:
    assert offered(schema, "apiVersion: x/v1\nkind: Odd\nspec:\n  a") == []
    assert schema.at(["apiVersion: x/v1", "kind: Odd", "spec:"], 2, 0, lambda _: False) is None


def test_names_of_live_objects_are_quoted_only_where_yaml_would_read_something_else() -> None:
    schema = SchemaHelp(bundled())
    schema.names = lambda asked: [("on", asked.pick), ("a/b:1", "")]
    image = f"{HEAD}  template:\n    spec:\n      containers:\n      - image: "
    for typed, expected in (("", ["'on'", "a/b:1"]), ("'", ["on", "a/b:1"]), ("a/b:", ["a/b:1"])):
        lines = f"{image}{typed}".split("\n")
        found = schema.complete(f"{image}{typed}", len(lines) - 1, len(lines[-1]), lambda _: False)
        assert [one.text for one in found] == expected
        assert {one.replaces for one in found} == {len(typed.strip("'"))}
    assert next(one.hint for one in schema.complete(image, 8, len(image.split("\n")[-1]), lambda _: False)) == "images"
