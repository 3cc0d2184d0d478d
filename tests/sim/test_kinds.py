"""What is served: discovery, OpenAPI, custom kinds as they come and go, two versions of one kind."""

from __future__ import annotations

from typing import Any

from k9py.sim.discovery import AGGREGATED
from k9py.sim.server import SimServer
from tests.sim.conftest import TABLE, Client

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.io/v1/namespaces/default/widgets"


def definition() -> dict[str, Any]:
    """Return a kind with a schema, a status, a scale and columns of its own."""
    size = {"type": "string", "enum": ["S", "L"]}
    count = {"type": "integer", "minimum": 0, "maximum": 5, "default": 1}
    spec = {"type": "object", "required": ["size"], "properties": {"size": size, "count": count}}
    status = {"type": "object", "properties": {"count": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    scale = {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": [{"name": "Size", "type": "string", "jsonPath": ".spec.size"}],
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.io"},
        "spec": {"group": "example.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def widget(**spec: Any) -> dict[str, Any]:
    """Return an object of the kind."""
    return {"apiVersion": "example.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


async def test_aggregated_discovery_names_every_group_with_an_etag(client: Client) -> None:
    answer = await client.get("/apis", Accept=AGGREGATED)
    assert answer.headers["Content-Type"] == AGGREGATED
    groups = [group["metadata"]["name"] for group in answer.body["items"]]
    assert {"apps", "batch", "autoscaling"} <= set(groups)
    again = await client.get("/apis", Accept=AGGREGATED, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.headers["Content-Type"]) == (304, AGGREGATED)


async def test_legacy_discovery_names_short_names_and_subresources(client: Client) -> None:
    rows = {row["name"]: row for row in (await client.get("/apis/apps/v1")).body["resources"]}
    assert rows["deployments"]["shortNames"] == ["deploy"]
    assert rows["deployments/scale"]["group"] == "autoscaling"
    assert (await client.get("/api")).body["versions"] == ["v1"]


async def test_a_path_of_no_group_is_plain_404(client: Client) -> None:
    answer = await client.get("/apis/nothing.io/v1/things")
    assert (answer.status, answer.body) == (404, "404 page not found\n")


async def test_every_kind_that_can_be_listed_lists_as_a_table(client: Client, server: SimServer) -> None:
    for served in server.catalog:
        if "list" not in served.resource.verbs:
            continue
        answer = await client.get(served.resource.gvr.path(), Accept=TABLE)
        assert answer.status == 200, served.resource.gvr
        for row in answer.body["rows"] or ():
            assert len(row["cells"]) == len(answer.body["columnDefinitions"]), served.resource.gvr


async def test_openapi_documents_are_found_through_the_index(client: Client) -> None:
    index = (await client.get("/openapi/v3")).body["paths"]
    document = await client.get(index["apis/apps/v1"]["serverRelativeURL"])
    assert "io.k8s.api.apps.v1.Deployment" in document.body["components"]["schemas"]


async def test_a_custom_kind_is_served_at_once_and_vanishes_with_its_definition(
    client: Client, server: SimServer
) -> None:
    assert (await client.get(WIDGETS)).status == 404
    await client.post(DEFINITIONS, definition())
    established = (await client.get(f"{DEFINITIONS}/widgets.example.io")).body["status"]["conditions"]
    assert {item["type"]: item["status"] for item in established} == {"NamesAccepted": "True", "Established": "True"}
    rows = (await client.get("/apis/example.io/v1")).body["resources"]
    assert [row["name"] for row in rows] == ["widgets", "widgets/status", "widgets/scale"]
    assert "apis/example.io/v1" in (await client.get("/openapi/v3")).body["paths"]
    await client.post(WIDGETS, widget(size="S"))
    await client.delete(f"{DEFINITIONS}/widgets.example.io")
    assert (await client.get(WIDGETS)).status == 404
    assert "example.io" not in server.catalog.groups


async def test_a_custom_object_is_defaulted_pruned_and_checked(client: Client) -> None:
    await client.post(DEFINITIONS, definition())
    refused = await client.post(WIDGETS, widget(size="X", count=9))
    assert refused.status == 422
    texts = {cause["field"]: cause["message"] for cause in refused.body["details"]["causes"]}
    assert texts == {
        "spec.size": 'Unsupported value: "X": supported values: "S", "L"',
        "spec.count": "Invalid value: 9: spec.count in body should be less than or equal to 5",
    }
    made = (await client.post(WIDGETS, widget(size="S", colour="red"))).body
    assert made["spec"] == {"size": "S", "count": 1}


async def test_a_custom_object_has_its_columns_status_and_scale(client: Client) -> None:
    await client.post(DEFINITIONS, definition())
    await client.post(WIDGETS, widget(size="S"))
    table = (await client.get(WIDGETS, Accept=TABLE)).body
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["w", "S"]
    await client.patch(f"{WIDGETS}/w/status", {"status": {"count": 3}})
    await client.patch(f"{WIDGETS}/w", {"status": {"count": 9}})
    scale = (await client.get(f"{WIDGETS}/w/scale")).body
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 3})


async def test_an_autoscaler_is_seen_in_both_its_versions(client: Client) -> None:
    old = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50}
    body = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": spec}
    made = await client.post(old, body)
    assert made.body["spec"]["targetCPUUtilizationPercentage"] == 50
    new = (await client.get(old.replace("/v1/", "/v2/", 1) + "/h")).body
    assert new["apiVersion"] == "autoscaling/v2"
    assert new["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
    assert (await client.get(f"{old}/h")).body["spec"] == {**spec, "minReplicas": 1}


async def test_events_of_both_groups_are_the_same_objects(client: Client) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"},
        "reason": "Killing",
        "message": "Stopping container web",
    }
    await client.post("/api/v1/namespaces/default/events", body)
    seen = (await client.get("/apis/events.k8s.io/v1/namespaces/default/events/e")).body
    assert (seen["regarding"]["name"], seen["note"]) == ("web", "Stopping container web")
