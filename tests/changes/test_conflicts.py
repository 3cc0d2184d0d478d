"""Two writers on one object: field by field, who owns it, the three sides, and the three ways out."""

from __future__ import annotations

import json

import pytest

from k9py.changes import edits
from k9py.changes.model import Choice, Effect, State
from k9py.changes.owners import conflicts_of, describe_conflict, locate, merge_edit, owners_of
from k9py.core.diffs import ABSENT, LAST_APPLIED, path_text, with_value
from k9py.core.errors import ApiError, Cause, ChangeError
from tests.changes.conftest import NS, Lab, Network, Object, config_map, deployment, secret

IMAGE = ("spec", "template", "spec", "containers", "[main]", "image")
PATH = f"/apis/apps/v1/namespaces/{NS}/deployments/web"


async def _others_apply(network: Network, obj: Object, path: str, manager: str = "somebody") -> None:
    await network.inner.request(
        "PATCH",
        path,
        query=[("fieldManager", manager), ("force", "true")],
        headers={"Content-Type": "application/apply-patch+yaml"},
        body=json.dumps(obj).encode(),
    )


@pytest.fixture
async def shared(lab: Lab) -> Lab:
    """A Deployment whose image somebody else owns."""
    await lab.write(edits.apply(deployment("web", replicas=2)))
    theirs = deployment("web", "theirs:9")
    del theirs["spec"]["replicas"]
    await _others_apply(lab.network, theirs, PATH)
    return lab


async def test_a_field_of_somebody_else_has_three_sides_and_stops_the_plan(shared: Lab) -> None:
    plan = await shared.gate.plan([edits.apply(deployment("web", "mine:1", replicas=2))])
    assert not plan.ready
    (conflict,) = plan.changes[0].conflicts
    assert (conflict.path, conflict.managers) == (IMAGE, ("somebody",))
    assert (conflict.mine, conflict.theirs) == ("mine:1", "theirs:9")
    assert describe_conflict(conflict).startswith("spec.template.spec.containers[main].image: owned by somebody")
    with pytest.raises(ChangeError, match="others own"):
        await shared.gate.carry_out(plan, shared.yes)


async def test_a_conflict_knows_what_was_written_last_from_here(shared: Lab) -> None:
    (conflict,) = (await shared.gate.plan([edits.apply(deployment("web", "mine:1"))])).changes[0].conflicts
    assert conflict.base == "web:1"
    assert describe_conflict(conflict).endswith('theirs "theirs:9", mine "mine:1", it was "web:1"')


async def test_a_conflict_knows_what_kubectl_applied_last(lab: Lab) -> None:
    applied = config_map("a", x="kubectl's")
    annotated = {**config_map("a", x="theirs")}
    annotated["metadata"] = {**annotated["metadata"], "annotations": {LAST_APPLIED: json.dumps(applied)}}
    await _others_apply(lab.network, annotated, f"/api/v1/namespaces/{NS}/configmaps/a")
    (conflict,) = (await lab.gate.plan([edits.apply(config_map("a", x="mine"))])).changes[0].conflicts
    assert (conflict.base, conflict.theirs, conflict.mine) == ("kubectl's", "theirs", "mine")


async def test_what_kubectl_applied_and_a_document_leaves_out_stays_and_is_told(lab: Lab) -> None:
    applied = config_map("a", x="1", y="2")
    annotated = applied | {"metadata": applied["metadata"] | {"annotations": {LAST_APPLIED: json.dumps(applied)}}}
    await _others_apply(lab.network, annotated, f"/api/v1/namespaces/{NS}/configmaps/a")
    change = (await lab.gate.plan([edits.apply(config_map("a", x="1"))])).changes[0]
    assert change.effect is Effect.NOTHING
    (notice,) = change.notices
    assert "kubectl apply set it and owns it: data.y" in notice.text
    assert not (await lab.gate.plan([edits.apply(applied)])).changes[0].notices


async def test_taking_theirs_writes_their_value_and_shares_the_field(shared: Lab) -> None:
    plan = await shared.gate.plan([edits.apply(deployment("web", "mine:1", replicas=3))])
    await shared.write(edits.resolve_all(plan.changes[0], Choice.TAKE))
    live = shared.live("deployments.apps", "web")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "theirs:9"
    assert live["spec"]["replicas"] == 3


async def test_keeping_leaves_the_field_to_its_owner(shared: Lab) -> None:
    plan = await shared.gate.plan([edits.apply(deployment("web", "mine:1", replicas=3))])
    wish = edits.resolve_all(plan.changes[0], Choice.KEEP)
    assert "image" not in wish.document["spec"]["template"]["spec"]["containers"][0]
    await shared.write(wish)
    assert shared.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "theirs:9"


async def test_forcing_writes_mine_and_pins_what_was_seen(shared: Lab) -> None:
    plan = await shared.gate.plan([edits.apply(deployment("web", "mine:1", replicas=2))])
    await shared.write(edits.resolve_all(plan.changes[0], Choice.FORCE))
    assert shared.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "mine:1"
    forced = shared.network.writes[-1]
    assert forced.query["force"] == "true"
    assert b'"resourceVersion"' in (forced.body or b"")


async def test_an_undecided_conflict_is_refused(shared: Lab) -> None:
    plan = await shared.gate.plan([edits.apply(deployment("web", "mine:1"))])
    with pytest.raises(ChangeError, match="not decided"):
        edits.resolve(plan.changes[0], {})


async def test_a_conflict_that_arises_after_the_plan_writes_nothing(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web")))
    plan = await lab.gate.plan([edits.apply(deployment("web", "mine:2"))])
    await _others_apply(lab.network, deployment("web", "theirs:9"), PATH)
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.FAILED
    assert [conflict.theirs for conflict in outcome.conflicts] == ["theirs:9"]
    assert lab.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "theirs:9"


async def test_what_we_edited_ourselves_is_no_conflict(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=1)))
    await lab.write(edits.scale(lab.live("deployments.apps", "web"), 4))
    await lab.write(edits.set_image(lab.live("deployments.apps", "web"), {"main": "web:5"}))
    await lab.write(edits.apply(deployment("web", "web:6", replicas=2)))
    live = lab.live("deployments.apps", "web")
    assert (live["spec"]["replicas"], live["spec"]["template"]["spec"]["containers"][0]["image"]) == (2, "web:6")


async def test_a_value_of_a_secret_that_somebody_else_wrote_is_a_conflict_whatever_it_was_typed_as(lab: Lab) -> None:
    await lab.write(edits.apply(secret("s", password="mine", other="x")))
    theirs = secret("s") | {"data": {"password": "dGhlaXJz"}}
    del theirs["stringData"]
    await _others_apply(lab.network, theirs, f"/api/v1/namespaces/{NS}/secrets/s")
    change = (await lab.gate.plan([edits.apply(secret("s", password="mine", other="y"))])).changes[0]
    (conflict,) = change.conflicts
    assert (conflict.field, conflict.managers, conflict.secret) == ("data.password", ("somebody",), True)
    await lab.write(edits.resolve_all(change, Choice.KEEP))
    assert lab.live("secrets", "s")["data"] == {"password": "dGhlaXJz", "other": "eQ=="}


async def test_a_plain_value_left_out_of_an_applied_secret_goes(lab: Lab) -> None:
    await lab.write(edits.apply(secret("s", password="a", other="b")))
    await lab.write(edits.apply(secret("s", password="a")))
    assert lab.live("secrets", "s")["data"] == {"password": "YQ=="}


# two people edit one object


async def test_edits_of_different_fields_are_joined(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("a", x="1", y="1"))
    base = lab.live("configmaps", "a")
    lab.touch("configmaps", "a", lambda obj: obj["data"].update(y="theirs"))
    await lab.write(edits.edit(base, with_value(base, ("data", "x"), "mine")))
    assert lab.live("configmaps", "a")["data"] == {"x": "mine", "y": "theirs"}


async def test_edits_of_one_field_are_shown_with_what_it_was_before(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("a", x="1"))
    base = lab.live("configmaps", "a")
    lab.touch("configmaps", "a", lambda obj: obj["data"].update(x="theirs"))
    mine = with_value(with_value(base, ("data", "x"), "mine"), ("data", "z"), "new")
    plan = await lab.gate.plan([edits.edit(base, mine)])
    (conflict,) = plan.changes[0].conflicts
    assert (conflict.base, conflict.theirs, conflict.mine) == ("1", "theirs", "mine")
    await lab.write(edits.resolve_all(plan.changes[0], Choice.TAKE))
    assert lab.live("configmaps", "a")["data"] == {"x": "theirs", "z": "new"}
    await lab.write(edits.resolve_all(plan.changes[0], Choice.FORCE))
    assert lab.live("configmaps", "a")["data"] == {"x": "mine", "z": "new"}


async def test_an_edit_of_an_object_made_anew_is_refused(lab: Lab) -> None:
    lab.store.create("configmaps", config_map("a", x="1"))
    base = lab.live("configmaps", "a")
    lab.store.delete("configmaps", NS, "a")
    gone = await lab.gate.plan([edits.edit(base, with_value(base, ("data", "x"), "2"))])
    assert "not there any more" in gone.changes[0].troubles[0].text
    lab.store.create("configmaps", config_map("a", x="1"))
    anew = await lab.gate.plan([edits.edit(base, with_value(base, ("data", "x"), "2"))])
    assert "made anew" in anew.changes[0].troubles[0].text
    assert anew.wishes[0].document["data"] == {"x": "2"}


async def test_an_edit_passes_a_version_that_only_the_status_raised(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web")))
    plan = await lab.gate.plan([edits.set_image(lab.live("deployments.apps", "web"), {"main": "web:2"})])
    lab.network.before(
        lambda sent: sent.writes,
        lambda: lab.touch("deployments.apps", "web", lambda obj: obj.setdefault("status", {}).update(replicas=1)),
    )
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.WRITTEN
    assert lab.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"


async def test_an_edit_that_meets_another_one_is_not_written(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web")))
    plan = await lab.gate.plan([edits.set_image(lab.live("deployments.apps", "web"), {"main": "web:2"})])
    lab.network.before(
        lambda sent: sent.writes,
        lambda: lab.touch("deployments.apps", "web", lambda obj: obj["spec"].update(replicas=7)),
    )
    outcome = (await lab.gate.carry_out(plan, lab.yes)).outcomes[0]
    assert outcome.state is State.FAILED
    assert "spec.replicas" in outcome.text
    assert lab.live("deployments.apps", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"


async def test_conflicts_on_secrets_show_no_values(lab: Lab) -> None:
    lab.store.create("secrets", {**secret("s"), "data": {"p": "b25l"}})
    base = lab.live("secrets", "s")
    lab.touch("secrets", "s", lambda obj: obj["data"].update(p="dHdv"))
    plan = await lab.gate.plan([edits.edit(base, with_value(base, ("data", "p"), "dGhyZWU="))])
    (conflict,) = plan.changes[0].conflicts
    shown = describe_conflict(conflict) + repr(conflict)
    assert not [value for value in ("b25l", "dHdv", "dGhyZWU=") if value in shown]


# the server's texts


def test_the_path_of_a_conflict_is_found_in_the_object() -> None:
    obj = {
        "metadata": {"labels": {"app.kubernetes.io/name": "a", "app": "b"}, "finalizers": ["x/y"]},
        "spec": {
            "ports": [{"port": 80, "protocol": "UDP"}, {"port": 80}],
            "containers": [{"name": "a.b", "image": "i"}],
        },
    }
    assert locate(".metadata.labels.app.kubernetes.io/name", obj) == ("metadata", "labels", "app.kubernetes.io/name")
    assert locate(".metadata.labels.app", obj) == ("metadata", "labels", "app")
    assert locate('.spec.ports[port=80,protocol="TCP"].port', obj) == ("spec", "ports", 1, "port")
    assert locate('.spec.containers[name="a.b"].image', obj) == ("spec", "containers", "[a.b]", "image")
    assert locate('.metadata.finalizers[="x/y"]', obj) == ("metadata", "finalizers", 0)
    assert locate(".spec.replicas", obj) is None


def test_several_owners_of_one_field_are_all_named() -> None:
    texts = [f'conflict with "{name}" using v1' for name in ("helm", "kubectl-edit")]
    causes = [Cause(".data.x", text, "FieldManagerConflict") for text in texts]
    error = ApiError.of(409, "Apply failed with 2 conflicts", reason="Conflict", causes=causes)
    (conflict,) = conflicts_of(error, config_map("a", x="1"), config_map("a", x="2"))
    assert conflict.managers == ("helm", "kubectl-edit")


def test_removing_what_somebody_changed_is_a_conflict_and_what_both_removed_is_none() -> None:
    base = config_map("a", x="1", y="1", z="1")
    merged, conflicts = merge_edit(base, config_map("a", z="1"), config_map("a", x="2", z="2"))
    assert [(one.path, one.mine, one.theirs) for one in conflicts] == [(("data", "x"), ABSENT, "2")]
    assert merged["data"] == {"x": "2", "z": "2"}


async def test_an_edit_of_what_somebody_applies_names_who_will_set_it_back(shared: Lab) -> None:
    base = shared.live("deployments.apps", "web")
    plan = await shared.gate.plan([edits.edit(base, with_value(base, IMAGE, "mine:1"))])
    assert plan.ready
    assert [notice.text for notice in plan.changes[0].notices] == [
        f"somebody owns {path_text(IMAGE)} and will set it back when it applies again"
    ]
    other = await shared.gate.plan([edits.edit(base, with_value(base, ("spec", "minReadySeconds"), 3))])
    assert not other.changes[0].notices


def test_an_autoscaler_owns_the_replicas_it_set_through_scale() -> None:
    fields: Object = {"f:spec": {"f:replicas": {}}}
    entries = [
        {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": fields},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale", "fieldsV1": fields},
    ]
    live: Object = {"metadata": {"managedFields": entries}}
    assert owners_of(live, ("spec", "replicas")) == ("kube-controller-manager",)


async def test_a_conflict_on_the_replicas_names_the_autoscaler(lab: Lab) -> None:
    await lab.write(edits.apply(deployment("web", replicas=2)))
    base = lab.live("deployments.apps", "web")
    scaler = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": NS},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                 "minReplicas": 2, "maxReplicas": 5},
    }  # fmt: skip
    await lab.write(edits.apply(scaler))
    await lab.write(edits.edit(base, with_value(base, ("spec", "replicas"), 3)))
    plan = await lab.gate.plan([edits.edit(base, with_value(base, ("spec", "replicas"), 1))])
    assert [one.path for one in plan.changes[0].conflicts] == [("spec", "replicas")]
    assert any("HorizontalPodAutoscaler web sets the replicas" in one.text for one in plan.changes[0].notices)


def _written(manager: str, fields: Object) -> Object:
    return {"manager": manager, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields}


def test_who_only_made_the_map_owns_no_field_that_others_have_in_it() -> None:
    entries = [_written("maker", {"f:data": {}}), _written("editor", {"f:data": {"f:z": {}}})]
    live: Object = {"data": {"z": "1", "n": "2"}, "metadata": {"managedFields": entries}}
    assert owners_of(live, ("data", "z")) == ("editor",)
    assert owners_of(live, ("data", "n")) == ()


def test_who_owns_a_map_that_is_one_value_owns_every_key_of_it() -> None:
    live: Object = {"metadata": {"managedFields": [_written("maker", {"f:spec": {"f:selector": {}}})]}}
    assert owners_of(live, ("spec", "selector", "app")) == ("maker",)
