"""Creates, updates and patches: completion, refusals, merge keys, ownership, dry runs."""

from __future__ import annotations

from typing import Any

import pytest

from k9py.sim.server import SimServer
from tests.sim.conftest import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    STRATEGIC,
    Client,
    config_map,
    deployment,
    pod,
)


def causes(body: dict[str, Any]) -> dict[str, str]:
    """Return a Status's causes: field to message."""
    return {cause["field"]: cause["message"] for cause in body["details"]["causes"]}


async def test_a_deployment_is_completed(client: Client) -> None:
    made = (await client.post(DEPLOYMENTS, deployment("web"))).body
    assert made["metadata"]["generation"] == 1
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["terminationMessagePath"] == "/dev/termination-log"


async def test_a_pod_gets_what_admission_adds(client: Client) -> None:
    made = (await client.post(PODS, pod("web"))).body
    assert made["spec"]["serviceAccountName"] == "default"
    assert {item["tolerationSeconds"] for item in made["spec"]["tolerations"]} == {300}
    assert made["spec"]["containers"][0]["volumeMounts"][0]["readOnly"] is True
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


async def test_quantities_are_kept_in_their_one_form(client: Client) -> None:
    body = pod("web")
    body["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "0.5", "memory": "2048Mi"}}
    made = (await client.post(PODS, body)).body
    resources = made["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "500m", "memory": "2Gi"}, "requests": {"cpu": "500m", "memory": "2Gi"}}
    assert made["status"]["qosClass"] == "Guaranteed"


async def test_every_mistake_is_a_cause(client: Client) -> None:
    body = deployment("Bad_Name", replicas=-1)
    body["spec"]["template"]["spec"]["containers"][0].update(image="", imagePullPolicy="Sometimes")
    body["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    answer = await client.post(DEPLOYMENTS, body)
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    found = causes(answer.body)
    assert found["spec.replicas"] == "Invalid value: -1: must be greater than or equal to 0"
    assert found["spec.template.spec.containers[0].image"] == "Required value"
    assert found["spec.template.spec.containers[0].imagePullPolicy"] == (
        'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'
    )
    assert "`selector` does not match template `labels`" in found["spec.template.metadata.labels"]
    assert found["metadata.name"].startswith('Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain')


async def test_a_wrong_type_is_named_as_the_server_does(client: Client) -> None:
    answer = await client.post(DEPLOYMENTS, deployment("web", replicas="3"))
    assert answer.status == 400
    assert answer.body["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct '
        "field DeploymentSpec.spec.replicas of type int32"
    )


async def test_an_unknown_field_is_refused_strictly_and_else_a_warning(client: Client) -> None:
    body = deployment("web", colour="red")
    strict = await client.post(f"{DEPLOYMENTS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert strict.body["message"].endswith('strict decoding error: unknown field "spec.colour"')
    warned = await client.post(DEPLOYMENTS, body)
    assert warned.warnings == ('299 - "unknown field \\"spec.colour\\""',)
    assert "colour" not in warned.body["spec"]


async def test_a_field_given_twice_is_noticed(client: Client) -> None:
    raw = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"a":"1","a":"2"}}'
    answer = await client.send("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", raw)
    assert answer.body["message"].endswith('strict decoding error: duplicate field "data.a"')


async def test_a_body_in_protobuf_is_stored_as_json_would_be(client: Client) -> None:
    metadata = b"\x0a\x01p"
    config_map = b"\x0a" + bytes([len(metadata)]) + metadata + b"\x12\x06\x0a\x01a\x12\x011"
    about = b"\x0a\x02v1\x12\x09ConfigMap"
    raw = b"k8s\0\x0a" + bytes([len(about)]) + about + b"\x12" + bytes([len(config_map)]) + config_map
    answer = await client.send("POST", CONFIG_MAPS, raw, content="application/vnd.kubernetes.protobuf")
    assert answer.status == 201
    assert answer.body["data"] == {"a": "1"}
    assert answer.body["metadata"]["name"] == "p"


async def test_a_media_type_nobody_reads_is_415(client: Client) -> None:
    answer = await client.send("POST", CONFIG_MAPS, b"name=a", content="application/x-www-form-urlencoded")
    assert answer.status == 415
    assert "application/yaml, application/vnd.kubernetes.protobuf" in answer.body["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", CONFIG_MAPS, 409, 'configmaps "m" already exists'),
        ("POST", "/api/v1/namespaces/nowhere/configmaps", 404, 'namespaces "nowhere" not found'),
        ("PUT", f"{CONFIG_MAPS}/n", 400, "the name of the object (m) does not match the name on the URL (n)"),
        ("PUT", CONFIG_MAPS, 405, "the server does not allow this method on the requested resource"),
    ],
)
async def test_refusals_have_the_servers_words(
    client: Client, method: str, path: str, status: int, message: str
) -> None:
    await client.post(CONFIG_MAPS, config_map("m"))
    answer = await client.send(method, path, config_map("m"))
    assert (answer.status, answer.body["message"]) == (status, message)


async def test_an_update_from_an_old_version_is_a_conflict(client: Client) -> None:
    made = (await client.post(CONFIG_MAPS, config_map("m"))).body
    await client.patch(f"{CONFIG_MAPS}/m", {"data": {"a": "1"}})
    answer = await client.send("PUT", f"{CONFIG_MAPS}/m", made)
    assert (answer.status, answer.body["reason"]) == (409, "Conflict")


async def test_the_selector_of_a_deployment_is_fixed(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    body = deployment("web")
    body["spec"]["selector"]["matchLabels"] = body["spec"]["template"]["metadata"]["labels"] = {"app": "new"}
    answer = await client.send("PUT", f"{DEPLOYMENTS}/web", body)
    assert answer.status == 422
    assert causes(answer.body)["spec.selector"].endswith("field is immutable")


async def test_status_is_written_on_its_own_path_only(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    both = {"spec": {"replicas": 7}, "status": {"replicas": 7}}
    main = (await client.patch(f"{DEPLOYMENTS}/web", both)).body
    assert (main["spec"]["replicas"], main["status"].get("replicas")) == (7, None)
    status = (
        await client.patch(f"{DEPLOYMENTS}/web/status", {"spec": {"replicas": 1}, "status": {"replicas": 5}})
    ).body
    assert (status["spec"]["replicas"], status["status"]["replicas"]) == (7, 5)
    assert status["metadata"]["generation"] == main["metadata"]["generation"]


async def test_a_dry_run_answers_fully_and_stores_nothing(client: Client, server: SimServer) -> None:
    before = server.store.version
    answer = await client.post(f"{DEPLOYMENTS}?dryRun=All", deployment("web"))
    assert answer.status == 201
    assert answer.body["metadata"]["uid"]
    assert (await client.get(f"{DEPLOYMENTS}/web")).status == 404
    await client.post(DEPLOYMENTS, deployment("web"))
    await client.delete(f"{DEPLOYMENTS}/web?dryRun=All")
    assert server.store.version == before + 1


# patches


async def test_a_strategic_patch_merges_lists_by_their_key(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    side = {"name": "side", "image": "side:1"}
    await client.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": {"spec": {"containers": [side]}}}}, STRATEGIC)
    changed = {"name": "web", "image": "nginx:2"}
    body = {"spec": {"template": {"spec": {"containers": [changed]}}}}
    patched = (await client.patch(f"{DEPLOYMENTS}/web", body, STRATEGIC)).body
    containers = patched["spec"]["template"]["spec"]["containers"]
    assert {item["name"]: item["image"] for item in containers} == {"side": "side:1", "web": "nginx:2"}
    gone = {"name": "side", "$patch": "delete"}
    body = {"spec": {"template": {"spec": {"containers": [gone]}}}}
    patched = (await client.patch(f"{DEPLOYMENTS}/web", body, STRATEGIC)).body
    assert [item["name"] for item in patched["spec"]["template"]["spec"]["containers"]] == ["web"]


async def test_a_strategic_patch_can_say_the_order(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    spec = {
        "$setElementOrder/containers": [{"name": "web"}, {"name": "side"}],
        "containers": [{"name": "side", "image": "side:1"}],
    }
    patched = (await client.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": {"spec": spec}}}, STRATEGIC)).body
    assert [item["name"] for item in patched["spec"]["template"]["spec"]["containers"]] == ["web", "side"]


async def test_a_merge_patch_replaces_lists_and_null_removes(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    only = [{"name": "only", "image": "only:1"}]
    body = {"metadata": {"labels": None}, "spec": {"template": {"spec": {"containers": only}}}}
    patched = (await client.patch(f"{DEPLOYMENTS}/web", body, MERGE)).body
    assert "labels" not in patched["metadata"]
    assert [item["name"] for item in patched["spec"]["template"]["spec"]["containers"]] == ["only"]


async def test_a_json_patch_goes_step_by_step_or_not_at_all(client: Client) -> None:
    await client.post(CONFIG_MAPS, config_map("m", a="1", b="2"))
    steps = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "move", "from": "/data/b", "path": "/data/c"},
        {"op": "add", "path": "/data/x.y", "value": "3"},
    ]
    patched = (await client.patch(f"{CONFIG_MAPS}/m", steps, JSON_PATCH)).body
    assert patched["data"] == {"a": "1", "c": "2", "x.y": "3"}
    wrong = [{"op": "remove", "path": "/data/a"}, {"op": "test", "path": "/data/c", "value": "9"}]
    answer = await client.patch(f"{CONFIG_MAPS}/m", wrong, JSON_PATCH)
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    assert "a" in (await client.get(f"{CONFIG_MAPS}/m")).body["data"]


# server-side apply


async def apply(client: Client, manager: str, name: str = "web", *, force: bool = False, **spec: Any) -> Any:
    """Apply fields of a Deployment's spec as a manager."""
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    path = f"{DEPLOYMENTS}/{name}?fieldManager={manager}" + ("&force=true" if force else "")
    return await client.patch(path, body, APPLY)


async def test_applying_a_field_of_another_manager_is_a_conflict_that_names_it(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web", replicas=1))
    answer = await apply(client, "mine", replicas=3)
    assert answer.status == 409
    assert answer.body["message"] == (
        'Apply failed with 1 conflict: conflict with "test" using apps/v1: .spec.replicas'
    )
    assert answer.body["details"]["causes"][0]["reason"] == "FieldManagerConflict"


async def test_force_takes_the_field_over(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web", replicas=1))
    answer = await apply(client, "mine", force=True, replicas=3)
    assert answer.body["spec"]["replicas"] == 3
    owners = {entry["manager"]: entry["fieldsV1"]["f:spec"] for entry in answer.body["metadata"]["managedFields"]}
    assert "f:replicas" in owners["mine"]
    assert "f:replicas" not in owners["test"]


async def test_a_field_no_longer_applied_is_removed_when_nobody_else_owns_it(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    await apply(client, "mine", minReadySeconds=9, paused=True)
    await apply(client, "other", paused=True)
    answer = await apply(client, "mine", paused=True)
    assert "minReadySeconds" not in answer.body["spec"]
    answer = await apply(client, "mine")
    assert answer.body["spec"]["paused"] is True


async def test_applying_the_same_again_writes_nothing(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web"))
    first = await apply(client, "mine", minReadySeconds=9)
    again = await apply(client, "mine", minReadySeconds=9)
    assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


async def test_what_was_there_before_the_first_apply_has_an_owner(client: Client, server: SimServer) -> None:
    server.store.create("deployments.apps", {**deployment("web"), "metadata": {"name": "web", "namespace": "default"}})
    await client.patch(f"{DEPLOYMENTS}/web", {"spec": {"paused": True}})
    assert "managedFields" not in (await client.get(f"{DEPLOYMENTS}/web")).body["metadata"]
    answer = await apply(client, "mine", paused=False)
    assert answer.status == 409
    assert 'conflict with "before-first-apply" using apps/v1: .spec.paused' in answer.body["message"]


async def test_applying_a_field_without_a_place_is_refused(client: Client) -> None:
    answer = await apply(client, "mine", colour="red")
    assert answer.status == 500
    assert answer.body["message"].endswith(".spec.colour: field not declared in schema")


async def test_an_update_is_recorded_under_the_user_agent(client: Client) -> None:
    made = (await client.post(DEPLOYMENTS, deployment("web"))).body
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("test", "Update")
    assert "f:status" not in entry["fieldsV1"]
    item = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert {".", "f:image", "f:resources"} <= set(item)


async def test_a_delete_with_a_body_is_read_from_its_body_alone(client: Client) -> None:
    await client.post(CONFIG_MAPS, config_map("a"))
    options = {"apiVersion": "v1", "kind": "DeleteOptions"}
    tried = await client.delete(f"{CONFIG_MAPS}/a", {**options, "dryRun": ["All"]})
    assert tried.status == 200
    assert (await client.get(f"{CONFIG_MAPS}/a")).status == 200
    await client.delete(f"{CONFIG_MAPS}/a?dryRun=All", options)
    assert (await client.get(f"{CONFIG_MAPS}/a")).status == 404
