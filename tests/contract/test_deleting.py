"""Deleting: finalizers, owners, propagation, preconditions, collections, namespaces that end; generated names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import MERGE, Object
from tests.contract.objects import config_map, deployment, pod
from tests.contract.space import Space, good, path_of

HELD = "example.com/held"


def owned(name: str, owner: Object, **fields: Any) -> Object:
    """Return a ConfigMap that an object owns."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        **fields,
    }
    return config_map(name, ownerReferences=[reference])


async def release(space: Space, name: str, plural: str = "configmaps") -> None:
    await space.merge(plural, name, {"metadata": {"finalizers": None}})


# finalizers


async def test_a_finalizer_keeps_what_was_deleted_until_it_is_taken_away(space: Space) -> None:
    await space.create("configmaps", config_map("one", finalizers=[HELD]))
    going = await space.delete("configmaps", "one")
    assert going["kind"] == "ConfigMap"
    kept = await space.get("configmaps", "one")
    assert kept["metadata"]["deletionTimestamp"]
    assert kept["metadata"]["deletionGracePeriodSeconds"] == 0
    await release(space, "one")
    await space.until_gone("configmaps", "one")


async def test_something_going_can_be_changed_but_gets_no_new_finalizer(space: Space) -> None:
    await space.create("configmaps", config_map("one", finalizers=[HELD]))
    await space.delete("configmaps", "one")
    assert (await space.merge("configmaps", "one", {"data": {"a": "b"}}))["data"] == {"a": "b"}
    answer = await space.try_patch("configmaps", "one", {"metadata": {"finalizers": [HELD, "example.com/new"]}})
    assert (answer.status, {*answer.causes}) == (422, {("FieldValueForbidden", "metadata.finalizers")})
    await release(space, "one")


async def test_a_second_delete_changes_nothing(space: Space) -> None:
    await space.create("configmaps", config_map("one", finalizers=[HELD]))
    await space.delete("configmaps", "one")
    first = await space.get("configmaps", "one")
    await space.delete("configmaps", "one")
    assert await space.get("configmaps", "one") == first
    await release(space, "one")


async def test_deleting_what_is_not_there_is_404(space: Space) -> None:
    answer = await space.try_delete("configmaps", "absent")
    assert (answer.status, answer.reason) == (404, "NotFound")


async def test_a_delete_answers_with_who_went(space: Space) -> None:
    made = await space.create("configmaps", config_map("one"))
    gone = await space.delete("configmaps", "one")
    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    assert gone["details"] == {"name": "one", "kind": "configmaps", "uid": made["metadata"]["uid"]}


# preconditions


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
async def test_a_precondition_that_does_not_hold_is_a_conflict(space: Space, field: str) -> None:
    await space.create("configmaps", config_map("one"))
    answer = await space.try_delete("configmaps", "one", {"preconditions": {field: "1"}})
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert answer.message.startswith('Operation cannot be fulfilled on ConfigMap "one": the ')
    assert "in the precondition (1) does not match" in answer.message
    assert await space.get("configmaps", "one")


async def test_preconditions_that_hold_let_go(space: Space) -> None:
    made = await space.create("configmaps", config_map("one"))
    conditions = {field: made["metadata"][field] for field in ("uid", "resourceVersion")}
    await space.delete("configmaps", "one", {"preconditions": conditions})
    assert (await space.try_get("configmaps", "one")).status == 404


# owners


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_what_is_owned_goes_with_its_owner(space: Space, policy: str) -> None:
    owner = await space.create("configmaps", config_map("owner"))
    await space.create("configmaps", owned("child", owner, blockOwnerDeletion=True))
    await space.delete("configmaps", "owner", {"propagationPolicy": policy})
    await space.until_gone("configmaps", "child")
    await space.until_gone("configmaps", "owner")


async def test_an_owner_waits_in_the_foreground_for_what_blocks_it(space: Space) -> None:
    owner = await space.create("configmaps", config_map("owner"))
    child = owned("child", owner, blockOwnerDeletion=True)
    child["metadata"]["finalizers"] = [HELD]
    await space.create("configmaps", child)
    await space.delete("configmaps", "owner", {"propagationPolicy": "Foreground"})
    await space.until("configmaps", "child", lambda obj: obj["metadata"].get("deletionTimestamp"))
    waiting = await space.get("configmaps", "owner")
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    await release(space, "child")
    await space.until_gone("configmaps", "owner")


async def test_an_orphan_stays_without_its_owner(space: Space) -> None:
    owner = await space.create("configmaps", config_map("owner"))
    await space.create("configmaps", owned("child", owner))
    await space.delete("configmaps", "owner", {"propagationPolicy": "Orphan"})
    await space.until_gone("configmaps", "owner")
    await space.until("configmaps", "child", lambda obj: not obj["metadata"].get("ownerReferences"))


async def test_the_pods_of_a_deleted_deployment_go_too(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.until_rolled_out("web")
    await space.delete("deployments", "web", {"propagationPolicy": "Background"})
    await space.until_all("pods", lambda pods: not pods)
    assert await space.list("replicasets") == []


async def test_an_orphaned_replica_set_keeps_its_pods(space: Space) -> None:
    await space.create("deployments", deployment("web"))
    await space.until_rolled_out("web")
    await space.delete("deployments", "web", {"propagationPolicy": "Orphan"})
    await space.until_gone("deployments", "web")
    [kept] = await space.until_all("replicasets", lambda sets: sets and not sets[0]["metadata"].get("ownerReferences"))
    assert kept["spec"]["replicas"] == 1
    assert len(await space.list("pods")) == 1


async def test_an_object_whose_owner_never_was_is_collected(space: Space) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "no-such-uid"}}
    await space.create("configmaps", owned("child", ghost))
    await space.until_gone("configmaps", "child")


async def test_an_unknown_propagation_policy_is_refused(space: Space) -> None:
    await space.create("configmaps", config_map("one"))
    answer = await space.try_delete("configmaps", "one", {"propagationPolicy": "Sideways"})
    assert (answer.status, answer.causes) == (422, [("FieldValueNotSupported", "propagationPolicy")])


async def test_both_ways_to_orphan_contradict_each_other(space: Space) -> None:
    await space.create("configmaps", config_map("one"))
    answer = await space.try_delete("configmaps", "one", {"propagationPolicy": "Orphan", "orphanDependents": True})
    assert (answer.status, answer.reason) == (422, "Invalid")


# pods and grace


async def test_a_running_pod_gets_its_grace(space: Space) -> None:
    await space.create("pods", pod("one"))
    await space.until("pods", "one", lambda obj: obj["status"].get("phase") == "Running")
    going = await space.delete("pods", "one", {"gracePeriodSeconds": 20})
    assert going["metadata"]["deletionGracePeriodSeconds"] == 20
    await space.until_gone("pods", "one")


async def test_no_grace_ends_a_pod_at_once(space: Space) -> None:
    await space.create("pods", pod("one"))
    await space.until("pods", "one", lambda obj: obj["status"].get("phase") == "Running")
    await space.delete("pods", "one", {"gracePeriodSeconds": 0})
    assert (await space.try_get("pods", "one")).status == 404


async def test_a_pod_nobody_runs_is_gone_at_once(space: Space) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    await space.delete("pods", "one")
    assert (await space.try_get("pods", "one")).status == 404


# collections


async def test_a_collection_is_deleted_by_selector(space: Space) -> None:
    for name, colour in (("a", "red"), ("b", "red"), ("c", "blue")):
        await space.create("configmaps", config_map(name, labels={"colour": colour}))
    answer = await space.api.send("DELETE", space.path("configmaps"), labelSelector="colour=red")
    assert answer.status == 200
    left = await space.list("configmaps", labelSelector="colour")
    assert [item["metadata"]["name"] for item in left] == ["c"]


async def test_a_collection_deleted_in_a_dry_run_stays(space: Space) -> None:
    await space.create("configmaps", config_map("a", labels={"colour": "red"}))
    await space.api.send("DELETE", space.path("configmaps"), labelSelector="colour=red", dryRun="All")
    assert await space.get("configmaps", "a")


# namespaces


async def test_a_namespace_ends_with_everything_in_it(space: Space) -> None:
    name = f"{space.name}-end"
    await space.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    inside = Space(space.api, name)
    await inside.until("serviceaccounts", "default", bool)
    await inside.create("configmaps", config_map("kept", finalizers=[HELD]))
    going = await space.delete("namespaces", name)
    assert going["status"]["phase"] == "Terminating"
    refused = await inside.try_create("configmaps", config_map("late"))
    assert (refused.status, refused.reason) == (403, "Forbidden")
    assert "because it is being terminated" in refused.message
    assert refused.causes == [("NamespaceTerminating", "metadata.namespace")]
    late = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "late.1"}, "reason": "Late",
            "involvedObject": {"kind": "ConfigMap", "name": "kept", "namespace": name}}  # fmt: skip
    assert (await inside.try_create("events", late)).causes == refused.causes
    await inside.until("configmaps", "kept", lambda obj: obj["metadata"].get("deletionTimestamp"), 55)
    await release(inside, "kept")
    await space.until_gone("namespaces", name)
    assert (await inside.try_get("configmaps", "kept")).status == 404


async def test_a_namespace_ends_whose_pods_leave_events_while_they_stop(space: Space) -> None:
    name = f"{space.name}-busy"
    await space.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    inside = Space(space.api, name)
    await inside.until("serviceaccounts", "default", bool)
    await inside.create("deployments", deployment("web"))
    await inside.until_rolled_out("web")
    await space.delete("namespaces", name)
    await space.until_gone("namespaces", name)


async def test_nothing_is_made_in_a_namespace_that_is_not_there(space: Space) -> None:
    elsewhere = Space(space.api, f"{space.name}-absent")
    answer = await elsewhere.try_create("configmaps", config_map("one"))
    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.message == f'namespaces "{elsewhere.name}" not found'


async def test_the_default_namespace_stays(space: Space) -> None:
    answer = await space.try_delete("namespaces", "default", dryRun="All")
    assert (answer.status, answer.reason) == (403, "Forbidden")


async def test_a_new_namespace_gets_an_account_and_the_authority(space: Space) -> None:
    await space.until("configmaps", "kube-root-ca.crt", lambda obj: obj["data"]["ca.crt"].startswith("-----BEGIN"))
    assert [item["metadata"]["name"] for item in await space.list("serviceaccounts")] == ["default"]
    own = good(await space.api.get(path_of("namespaces", name=space.name)))
    assert own["metadata"]["labels"] == {"kubernetes.io/metadata.name": space.name}
    assert own["status"] == {"phase": "Active"}
    assert own["spec"] == {"finalizers": ["kubernetes"]}


# names


async def test_a_generated_name_has_five_more_characters(space: Space) -> None:
    body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}
    names = {(await space.create("configmaps", body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("made-") and len(name) == 10 for name in names)


async def test_a_name_taken_is_a_conflict(space: Space) -> None:
    await space.create("configmaps", config_map("one"))
    answer = await space.try_create("configmaps", config_map("one"))
    assert (answer.status, answer.reason) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "one" already exists'


async def test_a_namespace_in_the_body_has_to_fit_the_path(space: Space) -> None:
    answer = await space.try_create("configmaps", config_map("one", namespace="other"))
    assert (answer.status, answer.reason) == (400, "BadRequest")


async def test_unknown_fields_are_dropped_with_a_warning_unless_asked(space: Space) -> None:
    body = {**config_map("one"), "colour": "red"}
    answer = await space.try_create("configmaps", body)
    assert answer.status == 201
    assert answer.warnings == ('299 - "unknown field \\"colour\\""',)
    assert "colour" not in answer.body
    strict = await space.try_create("configmaps", {**body, "metadata": {"name": "two"}}, fieldValidation="Strict")
    assert (strict.status, strict.reason) == (400, "BadRequest")
    silent = await space.try_create("configmaps", {**body, "metadata": {"name": "two"}}, fieldValidation="Ignore")
    assert (silent.status, silent.warnings) == (201, ())


async def test_a_field_given_twice_is_noticed(space: Space) -> None:
    raw = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"a":"1","a":"2"}}'
    answer = await space.try_create("configmaps", raw, fieldValidation="Strict")
    assert answer.status == 400
    assert answer.message.endswith('strict decoding error: duplicate field "data.a"')


@pytest.mark.parametrize("path", ["spec.template.spec.containers[0].colour", "spec.strategy.colour"])
async def test_a_strict_patch_names_what_it_does_not_know(space: Space, path: str) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    deep = {"template": {"spec": {"containers": [{"name": "main", "image": "run:1", "colour": "red"}]}}}
    body = {"spec": deep if "template" in path else {"strategy": {"colour": "red"}}}
    answer = await space.try_patch("deployments", "web", body, MERGE, fieldValidation="Strict")
    assert answer.status in (400, 422)
    assert path in answer.message
