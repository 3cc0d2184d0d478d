"""Validation: everything at once, in the server's words, with its place; custom kinds and what may not change."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.manifests.kinds import Kinds, bundled
from k9py.manifests.rules.workloads import cron_problem
from k9py.manifests.validation import validate_object, validate_text
from tests.manifests.mutants import mutants, valid


@pytest.fixture
def kinds() -> Kinds:
    return bundled()


def test_every_mistake_is_told_at_once_with_line_and_column(kinds: Kinds) -> None:
    text = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  prots: []
  type: NodePrt
  ports:
  - port: 70000
  - port: "80"
    name: b
"""
    (document,) = validate_text(text, kinds)
    found = {(problem.line, problem.column): problem for problem in document.errors}
    assert found[6, 3].hint == "did you mean ports?"
    assert found[7, 3].hint == "did you mean NodePort?"
    assert found[9, 5].text == "Invalid value: 70000: must be between 1 and 65535, inclusive"
    assert found[10, 5].reason == "FieldValueTypeInvalid"
    assert len(document.errors) == 5  # the first port has no name


def test_a_text_that_is_no_yaml_is_one_problem_with_its_line(kinds: Kinds) -> None:
    (document,) = validate_text("a: 1\na: 2\n", kinds)
    assert (document.problems[0].line, document.problems[0].reason) == (2, "Yaml")


def test_a_key_given_twice_is_told_with_its_path_and_place_and_hides_nothing_else(kinds: Kinds) -> None:
    text = """\
apiVersion: v1
kind: Service
metadata: {name: web, name: other}
spec:
  ports:
  - port: 80
    port: 70000
    targetPort: 80000
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: Bad_
"""
    service, settings = validate_text(text, kinds)
    told = {(problem.line, problem.column, problem.field): problem.text for problem in service.errors}
    assert service.title == "Service/web"
    assert told[3, 23, "metadata.name"] == "the key is given twice; it stands on line 3 already"
    assert told[7, 5, "spec.ports[0].port"] == "the key is given twice; it stands on line 6 already"
    assert (8, 5, "spec.ports[0].targetPort") in told
    assert [(problem.line, problem.field) for problem in settings.errors] == [(13, "metadata.name")]


def test_an_alias_of_its_own_document_beside_a_key_given_twice_comes_to_an_end(kinds: Kinds) -> None:
    (document,) = validate_text("a: &x [*x]\nb: 1\nb: 2\n", kinds)
    assert document.problems[0].reason == "Yaml"


def test_a_kind_in_the_wrong_version_names_the_right_one(kinds: Kinds) -> None:
    (problem,) = validate_object({"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "a"}}, kinds)
    assert problem.hint == "it is in apps/v1"


def test_items_of_a_list_are_checked_one_by_one(kinds: Kinds) -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: A}\n"
    (document,) = validate_text(text, kinds)
    assert document.title == "ConfigMap/A"
    assert document.errors[0].line == 6


CRD: dict[str, Any] = {
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"kind": "Cat", "plural": "cats"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "required": ["spec"], "properties": {"spec": {
                "type": "object", "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "port": {"x-kubernetes-int-or-string": True},
                    "note": {"type": "string", "nullable": True},
                    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "tone": {"type": "string", "enum": ["low", "high"]},
                    "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
                },
            }}}}}],
    }
}  # fmt: skip


def test_a_custom_kind_is_checked_by_its_own_schema(kinds: Kinds) -> None:
    kinds.add_definition(CRD)
    head = {"apiVersion": "example.com/v1", "kind": "Cat", "metadata": {"name": "tom"}}
    good = {**head, "spec": {"size": 1, "port": "http", "note": None, "open": {"any": [1]}, "tone": "low"}}
    assert validate_object(good, kinds) == []
    assert validate_object({**head, "spec": {"size": 1, "port": 80}}, kinds) == []
    bad = {**head, "spec": {"size": 0, "port": True, "tone": "", "name": "Long", "colour": 1}}
    fields = sorted(problem.field for problem in validate_object(bad, kinds))
    assert fields == ["spec.colour", "spec.name", "spec.name", "spec.port", "spec.size", "spec.tone"]
    assert [p.field for p in validate_object(head, kinds)] == ["spec"]


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("Deployment", lambda o: o["spec"]["selector"]["matchLabels"].update(a="b"), "spec.selector"),
        ("PersistentVolumeClaim", lambda o: o["spec"].update(accessModes=["ReadWriteMany"]), "spec"),
        ("PersistentVolume", lambda o: o["spec"].update(hostPath={"path": "/other"}), "spec.persistentvolumesource"),
        ("RoleBinding", lambda o: o["roleRef"].update(name="edit"), "roleRef"),
        ("Secret", lambda o: o.update(type="example.com/other"), "type"),
        ("StatefulSet", lambda o: o["spec"].update(podManagementPolicy="OrderedReady"), "spec"),
        ("Pod", lambda o: o["spec"].update(hostname="other"), "spec"),
    ],
)
def test_what_may_not_change_is_told(kind: str, change: Any, field: str, kinds: Kinds) -> None:
    old = next(obj for obj in valid() if obj["kind"] == kind)
    new = next(obj for obj in valid() if obj["kind"] == kind)
    assert validate_object(new, kinds, old=old) == []
    change(new)
    assert field in [problem.field for problem in validate_object(new, kinds, old=old)]


@pytest.mark.parametrize(
    ("schedule", "good"),
    [("*/5 * * * *", True), ("@daily", True), ("@every 1h30m", True), ("0 3 * * MON-FRI", True), ("0 0 1 jan *", True),
     ("* * * *", False), ("61 * * * *", False), ("* * * * 8", False), ("@often", False), ("a b c d e", False)],
)  # fmt: skip
def test_schedules_are_read_as_the_server_reads_them(schedule: str, good: bool) -> None:
    assert (cron_problem(schedule) == "") is good


def test_every_valid_manifest_is_valid(kinds: Kinds) -> None:
    for obj in valid():
        assert [str(problem) for problem in validate_object(obj, kinds) if problem.is_error] == []


def test_no_mistake_makes_the_validator_fail(kinds: Kinds) -> None:
    checked = sum(validate_object(mutant.obj, kinds) is not None for mutant in mutants(kinds, seed=99, per_object=60))
    assert checked > 1500
