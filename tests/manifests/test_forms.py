"""Forms: short names, values that follow each other, texts and values as one, nothing lost on any way."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from k9py.core import yamldoc, yamledit
from k9py.core.errors import UsageError, YamlError
from k9py.manifests.forms.fields import Field, Form, Input, Repeat
from k9py.manifests.forms.model import Entry, FormModel
from k9py.manifests.forms.paths import get, put
from k9py.manifests.forms.registry import FORMS, form_for
from k9py.manifests.forms.sheet import Sheet
from k9py.manifests.forms.values import typed
from k9py.manifests.kinds import Kinds, bundled
from k9py.manifests.secretvalues import closed, opened
from k9py.manifests.validation import validate_object
from tests.manifests.mutants import valid

KINDS = bundled()


@pytest.fixture
def kinds() -> Kinds:
    return KINDS


def new(kind: str, name: str, kinds: Kinds, **values: Any) -> FormModel:
    model = FormModel.new(form_for(kinds.resolve(kind), kinds), kinds, name)
    model.apply({key.replace("__", "."): value for key, value in values.items()})
    return model


def test_importing_the_generator_loads_no_client_and_no_screen() -> None:
    code = (
        "import sys, k9py.manifests, k9py.manifests.forms.model, k9py.manifests.bundles, k9py.manifests.crosschecks\n"
        "print([name for name in ('textual', 'aiohttp', 'kubernetes', 'rich') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_label_set_on_a_new_workload_goes_wherever_it_has_to_agree(kinds: Kinds) -> None:
    value = new("deployment", "test", kinds, image="nginx", labels__app="myapp").value
    assert value["spec"]["selector"] == {"matchLabels": {"app": "myapp"}}
    assert value["spec"]["template"]["metadata"]["labels"] == {"app": "myapp"}


def test_a_name_emptied_and_typed_anew_is_still_followed(kinds: Kinds) -> None:
    model = new("Deployment", "api", kinds, image="nginx")
    model.clear("name")
    model.set("name", "test")
    labels = {"app": "test"}
    assert model.value["metadata"]["labels"] == labels
    assert model.value["spec"]["selector"]["matchLabels"] == labels
    assert model.value["spec"]["template"]["metadata"]["labels"] == labels
    assert model.value["spec"]["template"]["spec"]["containers"][0]["name"] == "test"


def test_on_a_live_workload_labels_leave_its_selector_alone(kinds: Kinds) -> None:
    live = FormModel.of_object(new("deployment", "test", kinds, image="nginx").value, kinds)
    live.set("labels.team", "shop")
    assert live.value["metadata"]["labels"] == {"app": "test", "team": "shop"}
    assert live.value["spec"]["selector"] == {"matchLabels": {"app": "test"}}


def test_an_unknown_field_is_refused_with_the_nearest_names(kinds: Kinds) -> None:
    with pytest.raises(UsageError) as caught:
        new("deployment", "test", kinds, imge="nginx")
    assert "image" in caught.value.remedy


def test_any_path_of_the_schema_can_be_set(kinds: Kinds) -> None:
    model = new("deployment", "test", kinds, image="nginx")
    model.set("spec.template.spec.dnsConfig.options[0].name", "ndots")
    model.set("metadata.annotations.example.com/why", "a test")
    assert model.value["metadata"]["annotations"] == {"example.com/why": "a test"}
    assert model.value["spec"]["template"]["spec"]["dnsConfig"] == {"options": [{"name": "ndots"}]}
    assert [problem for problem in model.problems() if problem.is_error] == []


def test_a_part_of_the_object_with_parts_of_its_own_is_shown_and_typed_as_yaml(kinds: Kinds) -> None:
    model = new("deployment", "test", kinds, image="nginx")
    model.set("spec.template.spec.dnsConfig", "nameservers: [1.1.1.1]\noptions:\n- name: ndots\n")
    shown = model.add_field("spec.template.spec.dnsConfig").text
    assert shown == "nameservers:\n- 1.1.1.1\noptions:\n- name: ndots"
    model.set("spec.template.spec.dnsConfig", shown.replace("ndots", "timeout"))
    assert model.get("spec.template.spec.dnsConfig")["options"] == [{"name": "timeout"}]
    with pytest.raises(YamlError):
        model.set("spec.template.spec.dnsConfig", "a: [")


def test_clearing_a_field_takes_what_it_left_empty_but_not_what_means_something(kinds: Kinds) -> None:
    model = new("networkpolicy", "deny", kinds, pods="app=web")
    model.clear("pods")
    assert model.value["spec"]["podSelector"] == {}
    assert "podSelector: {}" in model.text
    autoscaler = new("hpa", "web", kinds, target="deployment/web", max=3, cpu=50)
    autoscaler.clear("cpu")
    assert "metrics" not in autoscaler.value["spec"]


def test_an_empty_directory_stays_an_empty_directory(kinds: Kinds) -> None:
    model = new("deployment", "test", kinds, image="nginx")
    model.add_item("volumes")
    model.set("volumes[0].name", "work")
    model.set("volumes[0].emptyDir", "yes")
    assert model.get("volumes[0].emptyDir") is True
    model.set("replicas", 2)
    assert "emptyDir: {}" in model.text


def test_a_comment_and_a_field_no_form_knows_survive_changes_on_both_sides(kinds: Kinds) -> None:
    text = new("deployment", "test", kinds, image="nginx").text
    edited = text.replace("image: nginx", "image: nginx  # pinned by hand\n        tty: true")
    model = FormModel.of_text(edited, kinds)
    model.set("replicas", "3")
    model.set("image", "nginx:1.29")
    assert "image: nginx:1.29  # pinned by hand" in model.text
    assert model.value["spec"]["template"]["spec"]["containers"][0]["tty"] is True
    model.text = model.text.replace("replicas: 3", "replicas: 4 # more")
    assert model.get("replicas") == 4


def test_a_text_that_is_broken_while_typing_keeps_the_form_as_it_was(kinds: Kinds) -> None:
    model = new("service", "web", kinds, port=80)
    good = model.text
    model.text = good + "  bad: [\n"
    assert model.broken is not None
    assert model.get("port") == 80
    assert model.problems()[0].line >= 1
    model.text = good
    assert model.broken is None


def test_a_problem_belongs_to_the_field_that_caused_it_and_names_its_line(kinds: Kinds) -> None:
    model = new("service", "web", kinds, port="70000")
    (problem,) = model.problems()
    owner = model.owner(problem)
    assert owner is not None
    assert owner.id == "ports[0].port"
    assert model.text.splitlines()[problem.line - 1].strip() == "- port: 70000"


def test_fields_show_when_they_mean_something(kinds: Kinds) -> None:
    model = new("service", "web", kinds, port=80)
    assert "externalName" not in [entry.id for entry in model.entries()]
    model.set("type", "ExternalName")
    assert "externalName" in [entry.id for entry in model.entries()]
    basic = {entry.id for entry in model.entries()}
    assert basic < {entry.id for entry in model.entries(advanced=True)}


def _whole(form: Form, kinds: Kinds) -> tuple[dict[str, Any], list[Entry]]:
    """Return an object of a form with every field filled in, and those fields."""
    model = FormModel.new(form, kinds, "test")
    for _ in range(3):  # lists, lists in their items, and lists in those
        for entry in model.entries(advanced=True):
            if isinstance(entry.item, Repeat) and entry.index is None and not entry.is_set:
                model.add_item(entry.id)
    fields = [entry for entry in model.entries(advanced=True) if isinstance(entry.item, Field)]
    value = model.value
    for entry in fields:
        assert isinstance(entry.item, Field)
        value = put(value, entry.path, typed(entry.item, _sample(entry.item)))
    return value, fields


def test_every_field_of_every_form_is_in_the_schema(kinds: Kinds) -> None:
    for form in FORMS.values():
        value, fields = _whole(form, kinds)
        for entry in fields:
            assert entry.item.why, (form.kind, entry.id)
        unknown = [p.field for p in validate_object(value, kinds) if p.reason == "Unknown"]
        assert unknown == [], form.kind
        assert len(fields) >= 5


def _sample(field: Field, *, other: bool = False) -> Any:
    samples = {Input.NUMBER: 5, Input.SWITCH: True, Input.AMOUNT: "1Gi", Input.LIST: ["a"], Input.WORDS: ["a"],
               Input.MAP: {"a": "b"}, Input.SECRET: {"a": "b"}, Input.PORT: 80, Input.COUNT: "25%"}  # fmt: skip
    others = {Input.NUMBER: 6, Input.SWITCH: False, Input.AMOUNT: "2Gi", Input.LIST: ["c", "d"], Input.WORDS: ["c d"],
              Input.MAP: {"a": "c"}, Input.SECRET: {"c": "d"}, Input.PORT: "http", Input.COUNT: 3}  # fmt: skip
    if field.choices and field.input is Input.CHOICE:
        return field.choices[-1 if other else 0]
    return others.get(field.input, "another text") if other else samples.get(field.input, "text")


@pytest.mark.parametrize("obj", valid(), ids=lambda obj: f"{obj['kind']}-{obj['metadata'].get('name', '')}")
def test_a_manifest_becomes_a_form_and_the_same_manifest_again(obj: dict[str, Any], kinds: Kinds) -> None:
    text = "# kept\n" + yamldoc.dump(obj)
    model = FormModel.of_text(text, kinds)
    for entry in model.entries(advanced=True):
        if isinstance(entry.item, Field) and entry.is_set:
            model.set(entry.id, entry.value)
    assert yamledit.same(model.value, obj)
    assert model.text == text


def test_one_value_that_is_no_text_leaves_the_others_of_a_secret_readable_and_itself_as_it_was(kinds: Kinds) -> None:
    data = {"user": "amFuZQ==", "store": "/wD/AA==", "crlf": "YQ0KYg0K"}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": data}
    model = FormModel.of_object(live, kinds)
    assert model.get("data") == {"user": "jane", "crlf": "a\r\nb\r\n"}
    assert model.get("encoded")["store"].startswith("binary, 4 bytes")
    model.set("encoded", model.get("encoded"))
    assert closed(model.value, live) == live
    model.set("data.user", "joan")
    model.set("encoded.store", model.get("encoded.store"))
    assert list(closed(model.value, live)["data"].items()) == [*({**data, "user": "am9hbg=="}).items()]


def test_a_text_of_a_secret_that_is_as_it_was_keeps_its_base64_to_the_letter() -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": {"user": "amFuZR==", "n": ""}}
    shown = opened(live)
    assert shown["stringData"] == {"user": "jane", "n": ""}
    assert "data" not in shown
    assert closed(shown, live) == live
    assert closed({**shown, "stringData": {"n": ""}}, live)["data"] == {"n": ""}
    gone = {key: value for key, value in shown.items() if key != "stringData"}
    assert closed(gone, live)["data"] == {}


def test_an_immutable_secret_opened_as_a_form_is_told_of_a_changed_value_and_of_nothing_else(kinds: Kinds) -> None:
    live = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "type": "Opaque", "immutable": True,
        "data": {"user": "amFuZQ=="},
    }  # fmt: skip
    sheet = Sheet.of_object(kinds, live)
    assert sheet.findings() == []
    sheet.set(sheet.parts[0], "data.user", "joan")
    assert [finding.owner for finding in sheet.findings()] == ["data"]


def test_binary_values_of_a_config_map_are_taken_as_base64_and_kept(kinds: Kinds) -> None:
    model = new("configmap", "files", kinds, binaryData__logo="/wD/AA==")
    assert model.value["binaryData"] == {"logo": "/wD/AA=="}
    assert model.get("binaryData.logo").startswith("binary, 4 bytes")
    model.set("binaryData", model.get("binaryData"))
    assert model.value["binaryData"] == {"logo": "/wD/AA=="}


TEXTS = st.text("ab:#-|>'\"{[&*!%@`~ \n\r\t\x85\u2028\ufeff\\0e.", max_size=24)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, TEXTS)
def test_texts_of_any_lines_come_back_character_for_character(first: str, second: str) -> None:
    model = FormModel.new(FORMS["v1", "ConfigMap"], KINDS, "test")
    model.set("data.file", first)
    again = FormModel.of_text(f"# by hand\n{model.text}", KINDS)
    again.set("data.other", "1")
    assert again.get("data.file") == first
    again.set("data.file", second)
    assert yamldoc.load(again.text)["data"] == {"file": second, "other": "1"}


VALUES = st.fixed_dictionaries({}, optional={
    "image": st.sampled_from(["nginx", "a/b:1"]), "replicas": st.integers(0, 9), "labels.tier": st.just("x"),
    "command": st.lists(st.text("abc $'\"", min_size=1, max_size=5), max_size=3), "ports[0].containerPort": st.just(80),
    "env[0].name": st.just("A"), "cpu": st.sampled_from(["1", "100m", "0.5"]),
    "maxSurge": st.sampled_from(["1", "30%"]),
    "nodeSelector": st.dictionaries(st.sampled_from(["a", "b.c/d"]), st.sampled_from(["yes", "1e3", ""]), max_size=2),
})  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES, VALUES)
def test_what_is_set_is_what_is_read_back(first: dict[str, Any], second: dict[str, Any]) -> None:
    model = FormModel.new(FORMS["apps/v1", "Deployment"], KINDS, "test")
    model.apply(first)
    again = FormModel.of_text(f"# by hand\n{model.text}", KINDS)
    again.apply(second)
    for name, value in {**first, **second}.items():
        if not (value in ("", [], {}) and again.get(name) is None):
            expected = int(value) if name == "maxSurge" and value.isdigit() else value
            assert again.get(name) == expected
    assert again.text.startswith("# by hand\n")
    assert yamldoc.load(again.text) == again.value


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.kind)
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_change_by_any_form_drops_no_field_and_no_comment(form: Form, data: st.DataObject) -> None:
    whole, _ = _whole(form, KINDS)
    lines = f"{yamldoc.dump(whole)}ofNoForm:\n  kept: [1, two]\n".split("\n")
    places = data.draw(st.sets(st.integers(0, len(lines) - 2), max_size=8))
    noted = [f"{line}  # note {at}" if at in places else line for at, line in enumerate(lines)]
    model = FormModel.of_text("# by hand\n" + "\n".join(noted), KINDS, live=True)
    fields = [entry for entry in model.entries(advanced=True) if isinstance(entry.item, Field) and entry.is_set]
    entry = data.draw(st.sampled_from(fields))
    assert isinstance(entry.item, Field)
    new = typed(entry.item, _sample(entry.item, other=True))
    assume(new is not None)  # a directory that is no longer meant is taken out
    wanted = put(model.value, entry.path, new)
    before = model.value
    model.set(entry.id, _sample(entry.item, other=True))
    assert yamldoc.load(model.text) == model.value
    assert yamledit.same(model.value, wanted)
    # A comment on a line of the value itself may go with it; every other one is still there.
    own = len(yamldoc.dump(get(before, entry.path)).split("\n"))
    assert sum(f"# note {at}" in model.text for at in places) >= len(places) - own
    assert model.text.startswith("# by hand\n")
    again = FormModel.of_text(model.text, KINDS, live=True)
    assert [(one.id, one.value) for one in again.entries(advanced=True)] == [
        (one.id, one.value) for one in model.entries(advanced=True)
    ]


def test_a_kind_without_a_form_of_its_own_gets_one_from_its_schema(kinds: Kinds) -> None:
    model = new("lease", "lock", kinds, spec__holderIdentity="me")
    assert model.get("spec.leaseDurationSeconds") is None
    assert "spec.leaseDurationSeconds" in [entry.id for entry in model.entries(advanced=True)]
