"""What other objects decide at admission: LimitRanges, PriorityClasses, quotas."""

from __future__ import annotations

from typing import Any

from tests.sim.conftest import CONFIG_MAPS, PODS, Client, config_map, pod

NAMESPACE = "/api/v1/namespaces/default"


async def limit(client: Client, **item: Any) -> None:
    """Create a LimitRange for containers."""
    spec = {"limits": [{"type": "Container", **item}]}
    await client.post(
        f"{NAMESPACE}/limitranges",
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": spec},
    )


async def test_a_limit_range_fills_in_what_a_container_leaves_open(client: Client) -> None:
    await limit(client, default={"cpu": "500m"}, defaultRequest={"memory": "100Mi"})
    made = (await client.post(PODS, pod("web"))).body
    resources = made["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "500m", "memory": "100Mi"}, "limits": {"cpu": "500m"}}
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"].startswith("LimitRanger plugin set: ")
    assert made["status"]["qosClass"] == "Burstable"


async def test_a_limit_range_refuses_what_is_too_large(client: Client) -> None:
    await limit(client, max={"cpu": "1"})
    body = pod("web")
    body["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "2"}}
    answer = await client.post(PODS, body)
    assert answer.status == 403
    assert answer.body["message"].endswith("maximum cpu usage per Container is 1, but limit is 2")


async def test_a_priority_class_gives_its_value_or_must_exist(client: Client) -> None:
    body = pod("web")
    body["spec"]["priorityClassName"] = "system-node-critical"
    assert (await client.post(PODS, body)).body["spec"]["priority"] == 2000001000
    body = pod("other")
    body["spec"]["priorityClassName"] = "nowhere"
    assert "no PriorityClass with name nowhere was found" in (await client.post(PODS, body)).body["message"]


async def test_a_quota_counts_objects(client: Client) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}}
    await client.post(f"{NAMESPACE}/resourcequotas", {**quota, "spec": {"hard": {"configmaps": "1"}}})
    assert (await client.post(CONFIG_MAPS, config_map("a"))).status == 201
    refused = await client.post(CONFIG_MAPS, config_map("b"))
    assert refused.status == 403
    assert refused.body["message"].endswith(
        "exceeded quota: few, requested: configmaps=1, used: configmaps=1, limited: configmaps=1"
    )
