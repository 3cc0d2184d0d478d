"""What is behind the slash, and what a deletion brings about."""

from __future__ import annotations

from typing import Any

from k9py.sim.server import SimServer
from tests.sim.conftest import CONFIG_MAPS, DEPLOYMENTS, PODS, Client, config_map, deployment, pod

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def owned(name: str, owner: dict[str, Any], *, blocking: bool = False) -> dict[str, Any]:
    """Return a ConfigMap with an owner."""
    body = config_map(name)
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocking,
    }
    body["metadata"]["ownerReferences"] = [reference]
    return body


async def test_scale_reads_and_writes_replicas(client: Client) -> None:
    await client.post(DEPLOYMENTS, deployment("web", replicas=2))
    scale = (await client.get(f"{DEPLOYMENTS}/web/scale")).body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "app=web")
    scale["spec"]["replicas"] = 5
    await client.send("PUT", f"{DEPLOYMENTS}/web/scale", scale)
    assert (await client.get(f"{DEPLOYMENTS}/web")).body["spec"]["replicas"] == 5
    stale = await client.send("PUT", f"{DEPLOYMENTS}/web/scale", scale)
    assert stale.status == 409
    answer = await client.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}})
    assert (answer.status, answer.body["details"]["kind"]) == (422, "Scale")


async def running_pod(client: Client, server: SimServer, name: str) -> None:
    """Create a pod that runs on a node."""
    await client.post(PODS, pod(name, labels={"app": "web"}))
    server.store.modify("pods", "default", name, lambda obj: obj["spec"].update(nodeName="n1"))
    server.store.patch_status("pods", "default", name, {"phase": "Running"})


async def test_eviction_spends_the_budget_and_is_429_without_one(client: Client, server: SimServer) -> None:
    for name in ("a", "b"):
        await running_pod(client, server, name)
    selector = {"matchLabels": {"app": "web"}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "pdb"}}
    await client.post(BUDGETS, {**budget, "spec": {"minAvailable": 1, "selector": selector}})
    counts = {"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1}
    server.store.patch_status("poddisruptionbudgets.policy", "default", "pdb", counts)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    assert (await client.post(f"{PODS}/a/eviction", eviction)).status == 201
    assert (await client.get(f"{PODS}/a")).body["metadata"]["deletionTimestamp"]
    refused = await client.post(f"{PODS}/b/eviction", {**eviction, "metadata": {"name": "b"}})
    assert refused.status == 429
    assert refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.body["details"]["causes"][0]["reason"] == "DisruptionBudget"


async def test_binding_puts_a_pod_on_a_node_once(client: Client) -> None:
    await client.post(PODS, pod("web"))
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": {"name": "n1"}}
    assert (await client.post(f"{PODS}/web/binding", binding)).status == 201
    bound = (await client.get(f"{PODS}/web")).body
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    assert (await client.post(f"{PODS}/web/binding", binding)).status == 409


async def test_ephemeral_containers_are_added_and_never_removed(client: Client) -> None:
    await client.post(PODS, pod("web"))
    debug = {"name": "debug", "image": "busybox"}
    added = await client.patch(f"{PODS}/web/ephemeralcontainers", {"spec": {"ephemeralContainers": [debug]}})
    assert added.body["spec"]["ephemeralContainers"][0]["name"] == "debug"
    removed = await client.patch(f"{PODS}/web/ephemeralcontainers", {"spec": {"ephemeralContainers": []}})
    assert removed.status == 422


async def test_resize_changes_resources_and_a_plain_update_does_not(client: Client) -> None:
    await client.post(PODS, pod("web"))
    spec = {"containers": [{"name": "web", "resources": {"requests": {"cpu": "200m"}}}]}
    strategic = "application/strategic-merge-patch+json"
    assert (await client.patch(f"{PODS}/web", {"spec": spec}, strategic)).status == 422
    resized = await client.patch(f"{PODS}/web/resize", {"spec": spec}, strategic)
    assert resized.body["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "200m"}}


async def test_a_token_made_for_a_service_account_is_that_account(client: Client, server: SimServer) -> None:
    server.store.create("serviceaccounts", {"metadata": {"name": "robot", "namespace": "default"}})
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = await client.post("/api/v1/namespaces/default/serviceaccounts/robot/token", request)
    robot = client.as_token(made.body["status"]["token"])
    refused = await robot.get(PODS)
    assert refused.status == 403
    assert '"system:serviceaccount:default:robot"' in refused.body["message"]


async def test_dependents_go_with_their_owner(client: Client) -> None:
    owner = (await client.post(DEPLOYMENTS, deployment("web"))).body
    await client.post(CONFIG_MAPS, owned("m", owner))
    await client.delete(f"{DEPLOYMENTS}/web?propagationPolicy=Background")
    assert (await client.get(f"{CONFIG_MAPS}/m")).status == 404


async def test_orphans_stay_without_their_reference(client: Client) -> None:
    owner = (await client.post(DEPLOYMENTS, deployment("web"))).body
    await client.post(CONFIG_MAPS, owned("m", owner))
    await client.delete(f"{DEPLOYMENTS}/web?propagationPolicy=Orphan")
    assert (await client.get(f"{DEPLOYMENTS}/web")).status == 404
    assert "ownerReferences" not in (await client.get(f"{CONFIG_MAPS}/m")).body["metadata"]


async def test_an_owner_deleted_in_the_foreground_waits_for_its_dependents(client: Client) -> None:
    owner = (await client.post(DEPLOYMENTS, deployment("web"))).body
    held = owned("m", owner, blocking=True)
    held["metadata"]["finalizers"] = ["x.io/hold"]
    await client.post(CONFIG_MAPS, held)
    await client.delete(f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")
    waiting = (await client.get(f"{DEPLOYMENTS}/web")).body
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    await client.patch(f"{CONFIG_MAPS}/m", {"metadata": {"finalizers": None}})
    assert (await client.get(f"{DEPLOYMENTS}/web")).status == 404


async def test_an_ending_namespace_takes_its_contents_and_refuses_new_ones(client: Client, server: SimServer) -> None:
    await client.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    maps = "/api/v1/namespaces/team/configmaps"
    held = config_map("held")
    held["metadata"]["finalizers"] = ["x.io/hold"]
    await client.post(maps, held)
    await client.post(maps, config_map("free"))
    await client.delete("/api/v1/namespaces/team")
    assert (await client.get("/api/v1/namespaces/team")).body["status"]["phase"] == "Terminating"
    assert (await client.get(f"{maps}/free")).status == 404
    refused = await client.post(maps, config_map("late"))
    assert (refused.status, refused.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    await client.patch(f"{maps}/held", {"metadata": {"finalizers": None}})
    assert (await client.get("/api/v1/namespaces/team")).status == 404


async def test_a_claim_in_use_stays_until_its_pod_is_gone(client: Client) -> None:
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    await client.post(claims, claim)
    user = pod("web")
    user["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    await client.post(PODS, user)
    await client.delete(f"{claims}/data")
    assert (await client.get(f"{claims}/data")).body["metadata"]["deletionTimestamp"]
    await client.delete(f"{PODS}/web")
    assert (await client.get(f"{claims}/data")).status == 404


async def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    for name, team in (("a", "x"), ("b", "x"), ("c", "y")):
        body = config_map(name)
        body["metadata"]["labels"] = {"team": team}
        await client.post(CONFIG_MAPS, body)
    await client.delete(f"{CONFIG_MAPS}?labelSelector=team%3Dx")
    left = (await client.get(CONFIG_MAPS)).body["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]
