"""Several documents on one sheet: what has to agree goes on agreeing, and nothing a person wrote is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k9py.core import yamldoc
from k9py.core.errors import UsageError, YamlError
from k9py.manifests.bundles import BUNDLES
from k9py.manifests.forms.fields import Field, Input
from k9py.manifests.forms.joining import join, name_beside, workload_of
from k9py.manifests.forms.merging import merged
from k9py.manifests.forms.model import FormModel
from k9py.manifests.forms.registry import FORMS
from k9py.manifests.forms.schemapaths import schema_paths
from k9py.manifests.forms.sheet import Part, Sheet
from k9py.manifests.kinds import bundled

KINDS = bundled()


def web(**options: Any) -> Sheet:
    sheet = Sheet.of_bundle(KINDS, BUNDLES["web"], "web", namespace="shop")
    for name, value in {"image": "nginx:1.29", **options}.items():
        sheet.set_option(name, value)
    return sheet


def part(sheet: Sheet, kind: str) -> Part:
    return next(one for one in sheet.parts if one.model is not None and one.model.form.kind == kind)


def value(sheet: Sheet, kind: str) -> dict[str, Any]:
    model = part(sheet, kind).model
    assert model is not None
    return model.value


@pytest.mark.parametrize("name", sorted(BUNDLES))
def test_a_bundle_told_everything_it_needs_has_no_problem(name: str) -> None:
    bundle = BUNDLES[name]
    sheet = Sheet.of_bundle(KINDS, bundle, "web", namespace="shop")
    for option in bundle.options:
        if option.required:
            sheet.set_option(option.id, {"schedule": "*/5 * * * *"}.get(option.id, "nginx:1"))
    assert [str(finding.problem) for finding in sheet.findings()] == []


def test_a_new_name_goes_through_every_object_of_a_bundle_and_keeps_what_was_changed_by_hand() -> None:
    sheet = web(hpa=True, host="a.example", configmap=True)
    sheet.set(part(sheet, "Deployment"), "gracePeriod", "60")
    sheet.text = sheet.text.replace("kind: Service\n", "kind: Service # ours\n")
    sheet.set_option("name", "shop")
    names = {one["metadata"]["name"] for one in sheet.objects}
    assert names == {"shop", "shop-config"}
    assert value(sheet, "Service")["spec"]["selector"] == {"app": "shop"}
    assert value(sheet, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "shop"
    pod = value(sheet, "Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 60
    assert pod["containers"][0]["envFrom"] == [{"configMapRef": {"name": "shop-config"}}]
    assert "kind: Service # ours" in sheet.text


def test_one_objects_name_label_and_port_are_followed_by_those_that_speak_of_it() -> None:
    sheet = web(host="a.example", hpa=True, configmap=True)
    sheet.set(part(sheet, "ConfigMap"), "name", "settings")
    sheet.set(part(sheet, "Deployment"), "name", "api")
    sheet.set(part(sheet, "Deployment"), "ports[0].name", "front")
    sheet.set(part(sheet, "Service"), "name", "api-svc")
    sheet.set(part(sheet, "Service"), "port", "8080")
    container = value(sheet, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}]
    assert container["readinessProbe"]["httpGet"]["port"] == "front"
    assert value(sheet, "Service")["spec"]["selector"] == {"app": "api"}
    assert value(sheet, "Service")["spec"]["ports"][0]["targetPort"] == "front"
    assert value(sheet, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "api"
    backend = value(sheet, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "api-svc", "port": {"number": 8080}}


def test_on_a_live_object_nothing_follows() -> None:
    live = web().objects[0]
    sheet = Sheet.of_object(KINDS, live)
    sheet.set(sheet.parts[0], "ports[0].name", "front")
    container = sheet.objects[0]["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"]["port"] == "http"


def test_taking_a_text_back_takes_the_option_back_that_made_it() -> None:
    sheet = web()
    before = sheet.text
    sheet.set_option("hpa", "yes")
    sheet.text = before
    assert sheet.recipe is not None
    assert sheet.recipe.given == {"image": "nginx:1.29"}
    sheet.set_option("hpa", "yes")
    assert part(sheet, "HorizontalPodAutoscaler")


def test_the_secret_of_the_three_tiers_is_called_as_typed_wherever_it_is_spoken_of_and_keeps_what_is_in_it() -> None:
    sheet = Sheet.of_bundle(KINDS, BUNDLES["tiers"], "shelter", namespace="shop")
    sheet.set(part(sheet, "Secret"), "stringData.extra", "kept")
    sheet.set_option("secret", "flaskapi-secrets")
    assert value(sheet, "Secret")["metadata"]["name"] == "flaskapi-secrets"
    assert value(sheet, "Secret")["stringData"]["extra"] == "kept"
    assert "shelter-api-secrets" not in sheet.text
    sheet.set_option("secret", "")
    assert value(sheet, "Secret")["metadata"]["name"] == "shelter-api-secrets"
    sheet.set_option("name", "dogs")
    assert value(sheet, "Secret")["metadata"]["name"] == "dogs-api-secrets"


@pytest.mark.parametrize(("name", "told"), [("tiers", {}), ("web", {"hpa": True})])
def test_a_workload_with_an_autoscaler_begins_with_the_least_of_its_pods(name: str, told: dict[str, Any]) -> None:
    made = BUNDLES[name].make("web", told, unfinished=True)
    scaler = next(obj["spec"] for obj in made if obj["kind"] == "HorizontalPodAutoscaler")
    target = next(obj for obj in made if obj["metadata"]["name"] == scaler["scaleTargetRef"]["name"])
    assert target["spec"]["replicas"] == scaler["minReplicas"] == 2


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [
        ([2222], [{"port": 2222, "targetPort": 2222}]),
        ([80, 9090], [{"name": "port-80", "port": 80, "targetPort": 80},
                      {"name": "port-9090", "port": 9090, "targetPort": 9090}]),
        ([], None),
    ],
)  # fmt: skip
def test_a_service_that_joins_a_workload_is_called_as_it_is_and_sends_to_its_ports(
    ports: list[int], wanted: list[dict[str, Any]] | None
) -> None:
    web_model = FormModel.new(FORMS["apps/v1", "Deployment"], KINDS, "api")
    for number in ports:
        position = web_model.add_item("containers[0].ports")
        web_model.set(f"containers[0].ports[{position}].containerPort", number)
    service = FormModel.new(FORMS["v1", "Service"], KINDS, name_beside(web_model, "Service"))
    join(service, workload_of([web_model]))
    assert service.value["metadata"]["name"] == "api"
    assert service.value["spec"]["selector"] == {"app": "api"}
    assert service.value["spec"].get("ports") == wanted


def test_an_autoscaler_that_joins_a_workload_is_about_it_and_a_configmap_is_not() -> None:
    web_model = FormModel.new(FORMS["apps/v1", "Deployment"], KINDS, "api")
    scaler = FormModel.new(
        FORMS["autoscaling/v2", "HorizontalPodAutoscaler"], KINDS, name_beside(web_model, "HorizontalPodAutoscaler")
    )
    join(scaler, web_model)
    target = scaler.value["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"], scaler.value["metadata"]["name"]) == ("Deployment", "api", "api")
    assert name_beside(web_model, "ConfigMap") == "configmap"


def test_an_object_taken_out_stays_out_when_the_bundle_is_told_something_else() -> None:
    sheet = web(hpa=True)
    sheet.remove(part(sheet, "HorizontalPodAutoscaler"))
    sheet.set_option("port", "8080")
    assert [one["kind"] for one in sheet.objects] == ["Deployment", "Service"]


def test_a_document_that_breaks_keeps_its_values_and_the_others_their_forms() -> None:
    sheet = web()
    service = part(sheet, "Service")
    sheet.text = sheet.text.replace("kind: Deployment", "kind: Deployment\n bad: [")
    assert sheet.broken is not None
    assert part(sheet, "Service") is service
    assert value(sheet, "Deployment")["metadata"]["name"] == "web"
    with pytest.raises(YamlError):
        sheet.set_option("port", "81")


def test_a_kind_nobody_knows_is_left_as_it_is() -> None:
    sheet = Sheet(KINDS, "apiVersion: example.com/v1\nkind: Odd\nmetadata:\n  name: a\n---\n" + web().text)
    assert [one.title for one in sheet.parts] == ["YAML", "Deployment web", "Service web"]
    assert "not known" in sheet.findings()[0].problem.text


def test_a_wrong_option_changes_nothing() -> None:
    sheet = web()
    before = sheet.text
    with pytest.raises(UsageError):
        sheet.set_option("replicas", "many")
    assert sheet.text == before


def test_one_name_twice_is_said_at_the_second_one() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    sheet = Sheet(KINDS, f"{text}---\n{text}")
    (found,) = sheet.findings()
    assert (found.part, found.owner, found.line) == (sheet.parts[1], "name", 9)


def test_a_place_of_the_text_leads_to_the_field_and_the_field_to_its_lines() -> None:
    sheet = web()
    service = part(sheet, "Service")
    lines = sheet.lines(service, ("spec", "ports", 0, "port"))
    assert lines is not None
    assert sheet.text.split("\n")[lines[0]].strip() == "port: 80"
    found = sheet.place_at(lines[0], 8)
    assert found == (service, ("spec", "ports", 0, "port"))


def test_every_schema_path_can_be_added_as_a_field() -> None:
    for kind in ("Deployment", "Service", "Ingress"):
        form = next(one for one in FORMS.values() if one.kind == kind)
        model = FormModel.new(form, KINDS, "web")
        assert model.type is not None
        for found in schema_paths(model.type):
            assert model.find(found.path), found.path


@pytest.mark.parametrize(
    ("base", "made", "mine", "result"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1, "b": 3}, {"a": 2, "b": 3}),
        ({"a": 1}, {"a": 1}, {"a": 5}, {"a": 5}),
        ({"a": 1, "b": 1}, {"a": 1}, {"a": 5, "b": 1}, {"a": 5}),
        ({"l": [{"name": "x", "v": 1}]}, {"l": [{"name": "x", "v": 2}]},
         {"l": [{"name": "x", "v": 1, "w": 1}, {"name": "y"}]}, {"l": [{"name": "x", "v": 2, "w": 1}, {"name": "y"}]}),
    ],
)  # fmt: skip
def test_what_is_made_again_is_laid_over_what_a_person_made(base: Any, made: Any, mine: Any, result: Any) -> None:
    assert merged(base, made, mine) == result


TYPED = (Input.TEXT, Input.NUMBER, Input.AMOUNT)
FIELDS = [
    (form, entry)
    for form in FORMS.values()
    for entry in FormModel.new(form, KINDS, "test").entries(advanced=True)
    if isinstance(entry.item, Field) and entry.item.input in TYPED
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_two_way_edit_of_any_form_drops_neither_a_comment_nor_a_field_no_form_knows(data: st.DataObject) -> None:
    form, entry = data.draw(st.sampled_from(FIELDS))
    model = FormModel.new(form, KINDS, "test")
    text = f"# above\n{model.text}".replace("metadata:\n", "metadata: # here\n  finalizers: [example.com/kept]\n", 1)
    sheet = Sheet(KINDS, f"{text}---\n# second\n{text.replace('name: test', 'name: other', 1)}")
    typed = data.draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12))
    sheet.set(sheet.parts[0], entry.id, typed)
    assert [comment for comment in ("# above", "# here", "# second") if comment not in sheet.text] == []
    for value_ in yamldoc.load_all(sheet.text):
        assert value_["metadata"]["finalizers"] == ["example.com/kept"]
    again = Sheet(KINDS, sheet.text)
    assert again.objects == sheet.objects
