"""What is behind the slash: status, scale, eviction, ephemeral containers, resize; and reviews of what one may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import STRATEGIC, TABLE, Api, Object, eventually
from tests.contract.objects import budget, config_map, container, deployment, pod
from tests.contract.servers import Server
from tests.contract.space import Space, condition, good


async def running_pod(space: Space, name: str = "one", **spec: Any) -> Object:
    await space.create("pods", pod(name, **spec))
    return await space.until("pods", name, lambda obj: condition(obj, "Ready").get("status") == "True")


# status


async def test_status_is_written_through_its_own_path_only(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0, paused=True))
    mine: Object = {"type": "Mine", "status": "True"}
    changed = await space.merge("deployments", "web", {"status": {"conditions": [mine]}})
    assert condition(changed, "Mine") == {}
    changed = await space.merge(
        "deployments", "web", {"spec": {"replicas": 9}, "status": {"conditions": [mine]}}, "status"
    )
    assert condition(changed, "Mine")["status"] == "True"
    assert changed["spec"]["replicas"] == 0


async def test_a_status_can_be_read_alone(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    found = await space.get("deployments", "web", "status")
    assert (found["kind"], found["metadata"]["name"]) == ("Deployment", "web")


async def test_what_has_no_status_has_no_path_for_one(space: Space) -> None:
    await space.create("configmaps", config_map("one"))
    assert (await space.try_get("configmaps", "one", "status")).status == 404


# scale


@pytest.mark.parametrize("plural", ["deployments", "replicasets", "statefulsets"])
async def test_a_scale_is_read_and_written(space: Space, plural: str) -> None:
    kind = {"deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet"}[plural]
    body = deployment("web", container(image="missing:1"), replicas=1)
    body["kind"] = kind
    await space.create(plural, body)
    scale = await space.get(plural, "web", "scale")
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 1})
    scale["spec"]["replicas"] = 2
    del scale["metadata"]["resourceVersion"]  # A controller may have written meanwhile.
    assert (await space.update(plural, "web", scale, "scale"))["spec"] == {"replicas": 2}
    assert (await space.get(plural, "web"))["spec"]["replicas"] == 2
    patched = await space.merge(plural, "web", {"spec": {"replicas": 0}}, "scale")
    assert patched["spec"] == {}
    seen = await space.until(plural, "web", lambda obj: not obj["status"].get("replicas"))
    assert seen["spec"]["replicas"] == 0


async def test_a_scale_says_which_pods_it_counts(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=2))
    await space.until("deployments", "web", lambda obj: obj["status"].get("replicas") == 2)
    scale = await space.get("deployments", "web", "scale")
    assert scale["status"] == {"replicas": 2, "selector": "app=web"}


async def test_a_negative_scale_is_refused(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    answer = await space.try_patch("deployments", "web", {"spec": {"replicas": -1}}, sub="scale")
    assert (answer.status, answer.causes) == (422, [("FieldValueInvalid", "spec.replicas")])


async def test_an_old_scale_is_a_conflict(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    scale = await space.get("deployments", "web", "scale")
    await space.merge("deployments", "web", {"metadata": {"labels": {"a": "b"}}})
    answer = await space.try_update("deployments", "web", scale, "scale")
    assert (answer.status, answer.reason) == (409, "Conflict")


# eviction


def eviction(name: str, **fields: object) -> Object:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **fields}


async def test_a_pod_without_a_budget_is_evicted(space: Space) -> None:
    await running_pod(space)
    answer = await space.api.send("POST", space.path("pods", "one", "eviction"), eviction("one"))
    assert (answer.status, answer.body["status"]) == (201, "Success")
    await space.until_gone("pods", "one")


async def test_a_budget_without_room_refuses_with_its_name(space: Space) -> None:
    await space.create("poddisruptionbudgets", budget("all", "one", minAvailable=1))
    await running_pod(space)
    await space.until("poddisruptionbudgets", "all", lambda obj: obj["status"].get("currentHealthy") == 1)
    answer = await space.api.send("POST", space.path("pods", "one", "eviction"), eviction("one"))
    assert (answer.status, answer.reason) == (429, "TooManyRequests")
    assert answer.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert answer.causes == [("DisruptionBudget", "")]
    assert answer.body["details"]["causes"][0]["message"] == (
        "The disruption budget all needs 1 healthy pods and has 1 currently"
    )


async def test_a_budget_with_room_lets_one_go_at_a_time(space: Space) -> None:
    await space.create("poddisruptionbudgets", budget("two", "web", minAvailable=2))
    for name in ("a", "b", "c"):  # Of no workload, which would replace the first before the second is tried.
        await space.create("pods", pod(name, labels={"app": "web"}))
    await space.until("poddisruptionbudgets", "two", lambda obj: obj["status"].get("disruptionsAllowed") == 1)
    answers = [await space.api.send("POST", space.path("pods", name, "eviction"), eviction(name)) for name in "ab"]
    assert [answer.status for answer in answers] == [201, 429]


async def test_a_trial_eviction_evicts_nobody(space: Space) -> None:
    await running_pod(space)
    answer = await space.api.send("POST", space.path("pods", "one", "eviction"), eviction("one"), dryRun="All")
    assert answer.status == 201
    assert not (await space.get("pods", "one"))["metadata"].get("deletionTimestamp")


async def test_evicting_nobody_is_404(space: Space) -> None:
    answer = await space.api.send("POST", space.path("pods", "absent", "eviction"), eviction("absent"))
    assert answer.status == 404


# ephemeral containers and resize


DEBUGGER = {"name": "debug", "image": "run:2", "targetContainerName": "main"}


async def test_an_ephemeral_container_joins_a_running_pod(space: Space) -> None:
    await running_pod(space)
    body = {"spec": {"ephemeralContainers": [DEBUGGER]}}
    good(await space.try_patch("pods", "one", body, STRATEGIC, "ephemeralcontainers"))
    seen = await space.until("pods", "one", lambda obj: obj["status"].get("ephemeralContainerStatuses"))
    assert seen["status"]["ephemeralContainerStatuses"][0]["name"] == "debug"
    assert seen["spec"]["ephemeralContainers"][0]["terminationMessagePolicy"] == "File"


async def test_an_ephemeral_container_is_never_taken_away(space: Space) -> None:
    await running_pod(space)
    body = {"spec": {"ephemeralContainers": [DEBUGGER]}}
    good(await space.try_patch("pods", "one", body, STRATEGIC, "ephemeralcontainers"))
    whole = await space.get("pods", "one")
    del whole["metadata"]["resourceVersion"]  # The kubelet may have written meanwhile.
    whole["spec"]["ephemeralContainers"] = []
    answer = await space.try_update("pods", "one", whole, "ephemeralcontainers")
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("FieldValueForbidden", "spec.ephemeralContainers")]


@pytest.mark.parametrize("lacking", ["name", "image"])
async def test_an_ephemeral_container_needs_a_name_and_an_image(space: Space, lacking: str) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    whole = await space.get("pods", "one")
    whole["spec"]["ephemeralContainers"] = [{key: value for key, value in DEBUGGER.items() if key != lacking}]
    answer = await space.try_update("pods", "one", whole, "ephemeralcontainers")
    assert (answer.status, answer.causes) == (422, [("FieldValueRequired", f"spec.ephemeralContainers[0].{lacking}")])


async def test_a_container_is_resized_without_a_restart(space: Space, ours: Server) -> None:
    resources = {"requests": {"cpu": "100m", "memory": "32Mi"}}
    await space.create("pods", pod("one", container(resources=resources)))
    before = await space.until("pods", "one", lambda obj: condition(obj, "Ready").get("status") == "True")
    wider = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "250m"}}}]}}
    good(await space.try_patch("pods", "one", wider, STRATEGIC, "resize"))
    after = await space.until(
        "pods",
        "one",
        lambda obj: obj["status"]["containerStatuses"][0].get("resources", {}).get("requests", {}).get("cpu") == "250m",
    )
    was, now = before["status"]["containerStatuses"][0], after["status"]["containerStatuses"][0]
    assert (was["containerID"], was["restartCount"]) == (now["containerID"], now["restartCount"])


async def test_a_resize_changes_nothing_but_resources(space: Space) -> None:
    await space.create("pods", pod("one", container(resources={"requests": {"cpu": "100m"}})))
    await space.until("pods", "one", lambda obj: condition(obj, "Ready").get("status") == "True")
    body = {"spec": {"containers": [{"name": "main", "image": "run:2"}]}}
    answer = await space.try_patch("pods", "one", body, STRATEGIC, "resize")
    assert answer.status == 422 or answer.body["spec"]["containers"][0]["image"] == "run:1"


async def test_resources_change_through_resize_only(space: Space) -> None:
    await running_pod(space)
    body = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "1"}}}]}}
    answer = await space.try_patch("pods", "one", body, STRATEGIC)
    assert (answer.status, answer.causes) == (422, [("FieldValueForbidden", "spec")])


@pytest.mark.parametrize("path", ["pods/one/nothing", "configmaps/one/scale", "deployments/web/eviction"])
async def test_a_path_behind_the_slash_that_is_not_there_is_404(space: Space, path: str) -> None:
    plural, name, sub = path.split("/")
    assert (await space.try_get(plural, name, sub)).status == 404


async def test_a_verb_a_path_has_not_is_405(space: Space) -> None:
    await space.create("pods", pod("one", schedulerName="nobody"))
    answer = await space.try_get("pods", "one", "eviction")
    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")


# tokens and reviews


async def test_a_service_account_gets_a_token_of_three_parts(space: Space) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    answer = await space.api.send("POST", space.path("serviceaccounts", "default", "token"), body)
    assert answer.status == 201
    assert answer.body["status"]["token"]
    assert answer.body["status"]["expirationTimestamp"]


AUTHORIZATION = "/apis/authorization.k8s.io/v1"


async def review(api: Api, **attributes: str) -> Object:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await api.send("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", body)
    assert answer.status == 201
    status: Object = answer.body["status"]
    return status


async def reader_of(space: Space, *resources: str) -> Api:
    """Return a client acting as somebody who may read these resources of the namespace."""
    who = f"reader-{space.name}"
    rule = {"apiGroups": [""], "resources": list(resources), "verbs": ["get", "list"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [rule]}
    await space.create("roles", role)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "r"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": who}],
    }
    await space.create("rolebindings", binding)
    reader = space.api.impersonating(who, "system:authenticated")

    async def granted() -> bool:
        return bool((await review(reader, verb="get", resource=resources[0], namespace=space.name))["allowed"])

    await eventually(granted, "the role is known")
    return reader


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ({"verb": "get", "resource": "pods"}, True),
        ({"verb": "list", "resource": "pods"}, True),
        ({"verb": "watch", "resource": "pods"}, False),
        ({"verb": "delete", "resource": "pods"}, False),
        ({"verb": "get", "resource": "pods", "subresource": "log"}, True),
        ({"verb": "create", "resource": "pods", "subresource": "exec"}, False),
        ({"verb": "get", "resource": "secrets"}, False),
        ({"verb": "get", "resource": "deployments", "group": "apps"}, False),
    ],
)
async def test_a_review_says_what_one_may(space: Space, attributes: dict[str, str], allowed: bool) -> None:
    reader = await reader_of(space, "pods", "pods/log")
    found = await review(reader, namespace=space.name, **attributes)
    assert found["allowed"] is allowed
    elsewhere = await review(reader, namespace="default", **attributes)
    assert elsewhere["allowed"] is False


async def test_the_rules_of_a_namespace_are_listed(space: Space) -> None:
    reader = await reader_of(space, "pods", "pods/log")
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": space.name},
    }
    answer = await reader.send("POST", f"{AUTHORIZATION}/selfsubjectrulesreviews", body)
    assert answer.status == 201
    status = answer.body["status"]
    mine = [rule for rule in status["resourceRules"] if "pods" in rule["resources"]]
    assert [(sorted(rule["verbs"]), sorted(rule["resources"])) for rule in mine] == [
        (["get", "list"], ["pods", "pods/log"])
    ]
    assert any("/healthz" in rule["nonResourceURLs"] for rule in status["nonResourceRules"])


async def test_who_may_not_is_told_what_and_where(space: Space) -> None:
    reader = await reader_of(space, "pods")
    assert (await reader.get(space.path("pods"))).status == 200
    answer = await reader.get(space.path("secrets"))
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert answer.message == (
        f'secrets is forbidden: User "reader-{space.name}" cannot list resource "secrets" in API group "" '
        f'in the namespace "{space.name}"'
    )
    assert answer.body["details"] == {"kind": "secrets"}
    everywhere = await reader.get("/api/v1/pods")
    assert everywhere.message.endswith('cannot list resource "pods" in API group "" at the cluster scope')


async def test_an_administrator_may_everything(api: Api) -> None:
    found = await review(api, verb="*", resource="*", group="*")
    assert found["allowed"] is True


async def test_who_am_i_is_answered(api: Api) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    somebody = api.impersonating("jane", "system:masters")
    answer = await somebody.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
    assert answer.status == 201
    assert answer.body["status"]["userInfo"]["username"] == "jane"
    assert "system:masters" in answer.body["status"]["userInfo"]["groups"]


async def test_tables_of_a_status_have_its_row(space: Space) -> None:
    await space.create("deployments", deployment("web", replicas=0))
    table = good(await space.api.get(space.path("deployments", "web", "status"), accept=TABLE))
    assert table["kind"] == "Table"
