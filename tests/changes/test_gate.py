"""The gate's steps: what is asked, refused, shown, written down and written, in this order."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from k9py.changes import edits
from k9py.changes.model import Answer, Effect, NoticeKind, Problem, Question, Stage, StageState, State, Weight
from k9py.changes.surroundings import Surroundings
from k9py.changes.validating import ManifestValidator
from k9py.core.errors import ChangeError, JournalError
from k9py.manifests.kinds import bundled
from k9py.sim.server import RESTRICTED_TOKEN
from tests.changes.conftest import NS, Lab, MakeLab, Object, config_map, deployment, namespace, secret


async def test_a_new_object_goes_through_every_step_in_order(lab: Lab) -> None:
    report = await lab.write(edits.apply(config_map("a", x="1")))
    done = [entry.stage for entry in lab.stages if entry.state is StageState.DONE]
    assert done == [Stage.PERMISSION, Stage.DRY_RUN, Stage.DIFF, Stage.CONFIRM, Stage.JOURNAL, Stage.WRITE]
    assert report.outcomes[0].verb == "created"
    assert lab.live("configmaps", "a")["data"] == {"x": "1"}
    entry = lab.live("configmaps", "a")["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("k9py", "Apply")


async def test_a_plan_writes_nothing(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a", x="1"))])
    assert plan.changes[0].effect is Effect.CREATES
    assert not lab.network.writes
    assert not lab.exists("configmaps", "a")
    assert not lab.journal.path.exists()


async def test_nothing_is_written_when_the_answer_is_no(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])

    async def no(_question: Question) -> Answer:
        return Answer(go=False)

    with pytest.raises(ChangeError, match="not confirmed"):
        await lab.gate.carry_out(plan, no)
    assert not lab.network.writes
    assert plan.wishes[0].document["metadata"]["name"] == "a"


async def test_what_is_there_already_is_neither_asked_about_nor_written(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    lab.asked.clear()
    before = len(lab.network.writes)
    outcome = await lab.one(edits.apply(config_map("a", x="1")))
    assert outcome.state is State.UNCHANGED
    assert not lab.asked
    assert len(lab.network.writes) == before


async def test_the_intent_is_on_disk_before_the_write_is_sent(lab: Lab) -> None:
    seen: list[Object] = []

    def look() -> None:
        seen.extend(json.loads(line) for line in lab.journal.path.read_text("utf-8").splitlines())

    lab.network.before(lambda sent: sent.writes, look)
    await lab.write(edits.apply(config_map("a", x="1")))
    assert [(line["state"], line["name"]) for line in seen] == [("intent", "a")]
    assert seen[0]["after"]["data"] == {"x": "1"}
    assert stat.S_IMODE(lab.journal.path.stat().st_mode) == 0o600


async def test_without_a_journal_nothing_is_written(make_lab: MakeLab, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a directory should be", "utf-8")
    lab: Lab = await make_lab(journal=tmp_path / "blocked" / "journal.jsonl")
    outcome = await lab.one(edits.apply(config_map("a")))
    assert outcome.state is State.FAILED
    assert isinstance(outcome.error, JournalError)
    assert not lab.network.writes


async def test_a_readonly_context_refuses_whatever_is_confirmed(make_lab: MakeLab) -> None:
    lab: Lab = await make_lab(readonly=True)
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    with pytest.raises(ChangeError, match="read-only"):
        await lab.gate.carry_out(plan, lab.yes)
    assert not lab.asked
    assert not lab.network.writes


async def test_a_protected_context_wants_the_name_typed(make_lab: MakeLab) -> None:
    lab: Lab = await make_lab(protected=True)
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    assert lab.gate.question(plan).type_this == "a"

    async def only_yes(_question: Question) -> Answer:
        return Answer(go=True, typed="b")

    with pytest.raises(ChangeError, match="'a' was not typed"):
        await lab.gate.carry_out(plan, only_yes)
    assert not lab.network.writes
    report = await lab.gate.carry_out(plan, lab.yes)
    assert report.done


async def test_the_question_is_in_proportion_to_the_danger(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a")), edits.apply(deployment("web", replicas=2)))
    add = await lab.gate.plan([edits.apply(config_map("b"))])
    remove = await lab.gate.plan([edits.delete(config_map("a"))])
    space = await lab.gate.plan([edits.delete(namespace(NS))])
    stop = await lab.gate.plan([edits.scale(lab.live("deployments.apps", "web"), 0)])
    assert [plan.weight for plan in (add, remove, space, stop)] == [
        Weight.ADDS, Weight.DESTROYS, Weight.DESTROYS_MUCH, Weight.DESTROYS,
    ]  # fmt: skip
    assert [lab.gate.question(plan).type_this for plan in (add, remove, space)] == ["", "", NS]
    many = await lab.gate.plan([edits.apply(config_map(f"m{number}")) for number in range(10)])
    await lab.gate.carry_out(many, lab.yes)
    gone = await lab.gate.plan([edits.delete(wish.document) for wish in many.wishes])
    assert lab.gate.question(gone).type_this == "sim"


async def test_a_missing_right_is_named_and_nothing_is_tried(make_lab: MakeLab) -> None:
    lab: Lab = await make_lab(token=RESTRICTED_TOKEN)
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    assert [trouble.text for trouble in plan.changes[0].troubles] == [
        "not allowed to patch configmaps in namespace shop"
    ]
    assert not [sent for sent in lab.network.log if "configmaps" in sent.path]


async def test_the_server_names_the_field_it_refuses(lab: Lab) -> None:
    wrong = deployment("web")
    wrong["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    change = (await lab.gate.plan([edits.apply(wrong)])).changes[0]
    assert not change.ready
    assert change.troubles[0].field == "spec.template.metadata.labels"
    with pytest.raises(ChangeError, match=r"spec\.template\.metadata\.labels"):
        await lab.gate.carry_out(await lab.gate.plan([edits.apply(wrong)]), lab.yes)


async def test_an_unknown_field_is_refused_and_not_dropped(lab: Lab) -> None:
    change = (await lab.gate.plan([edits.apply({**config_map("a"), "dato": {"x": "1"}})])).changes[0]
    assert "dato" in change.troubles[0].text


async def test_a_kind_in_another_version_is_pointed_to(lab: Lab) -> None:
    old = {**deployment("web"), "apiVersion": "extensions/v1beta1"}
    change = (await lab.gate.plan([edits.apply(old)])).changes[0]
    assert change.troubles[0].field == "apiVersion"
    assert "apps/v1" in change.troubles[0].remedy


async def test_bad_input_is_found_before_the_server_is_asked_and_the_server_has_the_last_word(
    make_lab: MakeLab,
) -> None:
    lab: Lab = await make_lab(validator=ManifestValidator(bundled))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 70000}]},
    }
    change = (await lab.gate.plan([edits.apply(service)])).changes[0]
    assert (change.troubles[0].stage, change.troubles[0].field) == (Stage.VALIDATE, "spec.ports[0].port")


async def test_a_plan_is_compared_with_what_the_cluster_has_and_with_itself(make_lab: MakeLab) -> None:
    lab: Lab = await make_lab()
    around = Surroundings(lab.network, lab.discovery, lab.clock)
    lab = await make_lab(validator=ManifestValidator(bundled, around))
    workload = deployment("web")
    reference = {"configMapRef": {"name": "settings"}}
    workload["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [reference]
    alone = await lab.gate.plan([edits.apply(workload)])
    assert any("settings" in notice.text for notice in alone.changes[0].notices)
    together = await lab.gate.plan([edits.apply(workload), edits.apply(config_map("settings"))])
    assert not any("settings" in notice.text for change in together.changes for notice in change.notices)
    await lab.write(edits.apply(config_map("settings")))
    afterwards = await lab.gate.plan([edits.apply(workload)])
    assert not any("settings" in notice.text for notice in afterwards.changes[0].notices)


async def test_what_only_our_validator_refuses_becomes_advice(make_lab: MakeLab) -> None:
    class Wrong:
        field = "data"
        text = "no such thing"
        hint = ""
        is_error = True

        def __str__(self) -> str:
            return "data: no such thing"

    class Mistaken:
        async def check(self, documents: Sequence[Object]) -> Sequence[Sequence[Problem]]:
            return [[Wrong()] for _ in documents]

        def forget(self, kind: str, namespace: str) -> None:
            """It remembers nothing."""

    lab: Lab = await make_lab(validator=Mistaken())
    change = (await lab.gate.plan([edits.apply(config_map("a"))])).changes[0]
    assert change.ready
    assert [notice.text for notice in change.notices] == ["data: no such thing (the server takes it)"]


async def test_what_others_need_is_made_first_and_what_needs_it_is_tried_once_it_is_there(lab: Lab) -> None:
    inside = config_map("a", x="1")
    inside["metadata"]["namespace"] = "fresh"
    report = await lab.write(edits.apply(inside), edits.apply(namespace("fresh")))
    assert [outcome.change.ref.kind for outcome in report.outcomes] == ["Namespace", "ConfigMap"]
    assert report.done
    assert lab.live("configmaps", "a", "fresh")["data"] == {"x": "1"}
    tried = [sent for sent in lab.network.log if sent.path.endswith("/configmaps/a")]
    assert [sent.dry for sent in tried] == [True, True, False]


async def test_after_a_failure_the_rest_is_held_back_and_kept(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a")), edits.apply(deployment("web"))])
    lab.network.before(lambda sent: sent.writes, lambda: lab.server.faults.forbidden.add("configmaps"))
    report = await lab.gate.carry_out(plan, lab.yes)
    assert [outcome.state for outcome in report.outcomes] == [State.FAILED, State.HELD_BACK]
    assert [wish.ref.name for wish in report.unfinished] == ["a", "web"]
    assert not lab.exists("deployments.apps", "web")


async def test_warnings_of_the_server_are_shown(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("kept"))
    live = lab.live("configmaps", "kept")
    live["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    live["metadata"]["annotations"] = {"meta.helm.sh/release-name": "shop"}
    lab.store.replace("configmaps", live)
    change = (await lab.gate.plan([edits.apply(config_map("kept", x="1"))])).changes[0]
    assert [(notice.kind, "shop" in notice.text) for notice in change.notices] == [(NoticeKind.MANAGED, True)]


async def test_an_autoscaler_that_sets_the_replicas_is_named(lab: Lab) -> None:
    lab.store.create("deployments.apps", deployment("web", replicas=2))
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web-hpa", "namespace": NS},
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 5,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    lab.store.create("horizontalpodautoscalers.autoscaling", scaler)
    plan = await lab.gate.plan([edits.scale(lab.live("deployments.apps", "web"), 3)])
    assert any("web-hpa" in notice.text and "2 to 5" in notice.text for notice in plan.changes[0].notices)
    image = edits.set_image(lab.live("deployments.apps", "web"), {"main": "web:2"})
    plan = await lab.gate.plan([image])
    assert not plan.changes[0].notices


async def test_secret_values_are_in_no_file_no_repr_and_no_difference(lab: Lab) -> None:
    outcome = await lab.one(edits.apply(secret("s", password="hunter2-in-clear")))
    changed = await lab.gate.plan([edits.apply(secret("s", password="correct-horse"))])
    await lab.gate.carry_out(changed, lab.yes)
    texts = [
        lab.journal.path.read_text("utf-8"), repr(outcome), repr(changed), repr(lab.journal.entries()),
        "\n".join(changed.changes[0].diff.unified()), repr(lab.stages),
    ]  # fmt: skip
    for value in ("hunter2-in-clear", "correct-horse", "aHVudGVyMi1pbi1jbGVhcg==", "Y29ycmVjdC1ob3JzZQ=="):
        assert not [text for text in texts if value in text]
    assert "password: '*** (after)'" in texts[4]


async def test_the_history_of_a_secret_shows_which_values_changed(lab: Lab) -> None:
    await lab.write(edits.apply(secret("s", password="hunter2-in-clear", other="same")))
    await lab.write(edits.apply(secret("s", password="correct-horse", other="same")))
    entry = lab.journal.entries()[-1]
    assert [one.field for one in entry.diff.fields] == ["data.password"]
    lines = entry.diff.unified()
    assert "-  password: '*** (before)'" in lines
    assert "+  password: '*** (after)'" in lines


async def test_a_refused_secret_is_explained_without_its_values(lab: Lab) -> None:
    wrong = secret("s")
    wrong["data"] = {"password": "not base64 at all!"}
    change = (await lab.gate.plan([edits.apply(wrong)])).changes[0]
    assert change.troubles
    assert "not base64 at all!" not in "".join(str(trouble) for trouble in change.troubles)


async def test_what_is_refused_is_shown_beside_what_is_there(lab: Lab) -> None:
    await lab.write(edits.apply(config_map("a", x="1")))
    wrong = config_map("a", x="2") | {"nonsense": {"y": "3"}}
    change = (await lab.gate.plan([edits.apply(wrong)])).changes[0]
    assert change.troubles
    assert {one.field for one in change.diff.fields} == {"data.x", "nonsense"}
    live = lab.live("configmaps", "a")
    edited = live | {"data": {"x": "4"}, "nonsense": "5"}
    change = (await lab.gate.plan([edits.edit(live, edited)])).changes[0]
    assert change.troubles
    assert {one.field for one in change.diff.fields} == {"data.x", "nonsense"}


async def test_a_refused_deletion_shows_no_difference(lab: Lab) -> None:
    change = (await lab.gate.plan([edits.delete(config_map("nowhere"))])).changes[0]
    assert change.troubles
    assert change.diff.empty


async def test_our_validator_quotes_no_value_of_a_secret(make_lab: MakeLab) -> None:
    lab: Lab = await make_lab(validator=ManifestValidator(bundled))
    wrong = secret("s") | {"data": {"password": "not base64 at all!"}}
    change = (await lab.gate.plan([edits.apply(wrong)])).changes[0]
    assert [trouble.field for trouble in change.troubles] == ["data.password"]
    assert "not base64 at all!" not in "".join(str(trouble) for trouble in change.troubles)


async def test_a_plan_of_another_context_is_refused(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a"))])
    with pytest.raises(ChangeError, match="was made for elsewhere"):
        await lab.gate.carry_out(replace(plan, context="elsewhere"), lab.yes)


async def test_only_some_of_a_plan_can_be_written(lab: Lab) -> None:
    plan = await lab.gate.plan([edits.apply(config_map("a")), edits.apply(config_map("b"))])
    await lab.gate.carry_out(plan.only([1]), lab.yes)
    assert not lab.exists("configmaps", "a")
    assert lab.exists("configmaps", "b")


async def test_a_generated_name_is_made_once_and_known_afterwards(lab: Lab) -> None:
    job = config_map("x")
    job["metadata"] = {"generateName": "run-", "namespace": NS}
    outcome = await lab.one(edits.apply(job))
    assert outcome.result is not None
    name = outcome.result["metadata"]["name"]
    assert name.startswith("run-")
    assert lab.journal.entries()[0].ref.name == name
    assert len(lab.network.writes) == 1
