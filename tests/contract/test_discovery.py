"""What a server says it serves, in the aggregated and in the legacy form."""

from __future__ import annotations

import pytest

from tests.contract.client import Api, Object
from tests.contract.space import GROUPS

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

SHORT_NAMES = {
    "pods": "po", "services": "svc", "configmaps": "cm", "namespaces": "ns", "nodes": "no", "events": "ev",
    "persistentvolumeclaims": "pvc", "persistentvolumes": "pv", "serviceaccounts": "sa", "limitranges": "limits",
    "resourcequotas": "quota", "replicationcontrollers": "rc", "endpoints": "ep", "deployments": "deploy",
    "daemonsets": "ds", "statefulsets": "sts", "replicasets": "rs", "cronjobs": "cj", "ingresses": "ing",
    "networkpolicies": "netpol", "horizontalpodautoscalers": "hpa", "poddisruptionbudgets": "pdb",
    "storageclasses": "sc", "priorityclasses": "pc", "customresourcedefinitions": "crd",
    "certificatesigningrequests": "csr",
}  # fmt: skip


async def aggregated(api: Api, root: str) -> dict[str, Object]:
    body = await api.read(root, accept=AGGREGATED)
    assert (body["kind"], body["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    return {group["metadata"].get("name", ""): group for group in body["items"]}


def resources_of(group: Object, version: str) -> dict[str, Object]:
    found = next(item for item in group["versions"] if item["version"] == version)
    return {item["resource"]: item for item in found["resources"]}


async def test_one_aggregated_document_names_every_group(api: Api) -> None:
    groups = await aggregated(api, "/apis")
    wanted = {prefix.split("/")[2] for prefix in GROUPS if prefix.startswith("/apis")}
    assert wanted | {"metrics.k8s.io"} <= set(groups)


async def test_the_core_group_is_a_document_of_its_own(api: Api) -> None:
    groups = await aggregated(api, "/api")
    assert list(groups) == [""]
    assert "pods" in resources_of(groups[""], "v1")


async def test_aggregated_discovery_has_a_tag_that_spares_it_the_second_time(api: Api) -> None:
    first = await api.get("/apis", accept=AGGREGATED)
    assert first.headers["Content-Type"].startswith(AGGREGATED)
    assert first.headers["Etag"]


@pytest.mark.parametrize("prefix", sorted(GROUPS))
async def test_legacy_and_aggregated_discovery_agree(api: Api, prefix: str) -> None:
    _, root, *rest = prefix.split("/")
    group, version = ("", rest[0]) if root == "api" else (rest[0], rest[1])
    modern = resources_of((await aggregated(api, f"/{root}"))[group], version)
    legacy = await api.read(prefix)
    assert legacy["kind"] == "APIResourceList"
    plain = {item["name"]: item for item in legacy["resources"]}
    subresources = {
        f"{name}/{sub['subresource']}": sub for name, item in modern.items() for sub in item.get("subresources", ())
    }
    assert set(plain) == set(modern) | set(subresources)
    for name, item in modern.items():
        assert plain[name]["namespaced"] == (item["scope"] == "Namespaced")
        assert sorted(plain[name]["verbs"]) == sorted(item["verbs"])
        assert plain[name].get("shortNames", []) == item.get("shortNames", [])
        assert plain[name].get("categories", []) == item.get("categories", [])
        assert plain[name]["singularName"] == item["singularResource"]
        assert plain[name]["kind"] == item["responseKind"]["kind"]
    assert set(GROUPS[prefix].split()) <= set(plain)


async def test_legacy_discovery_lists_groups_with_their_preferred_version(api: Api) -> None:
    body = await api.read("/apis")
    assert body["kind"] == "APIGroupList"
    preferred = {group["name"]: group["preferredVersion"]["groupVersion"] for group in body["groups"]}
    assert preferred["autoscaling"] == "autoscaling/v2"
    assert preferred["apps"] == "apps/v1"


async def test_legacy_discovery_of_the_core_names_its_version(api: Api) -> None:
    body = await api.read("/api")
    assert (body["kind"], body["versions"]) == ("APIVersions", ["v1"])


async def test_short_names_are_those_people_type(api: Api) -> None:
    groups = {**await aggregated(api, "/api"), **await aggregated(api, "/apis")}
    found = {
        name: item.get("shortNames", [])
        for prefix in GROUPS
        for name, item in resources_of(
            groups["" if prefix == "/api/v1" else prefix.split("/")[2]], prefix.split("/")[-1]
        ).items()
    }
    assert {name: short for name, short in SHORT_NAMES.items() if short not in found[name]} == {}


async def test_the_category_all_holds_the_workloads(api: Api) -> None:
    groups = {**await aggregated(api, "/api"), **await aggregated(api, "/apis")}
    members = {
        item["resource"]
        for prefix in GROUPS  # Custom kinds may join them, and come and go.
        for version in groups["" if prefix == "/api/v1" else prefix.split("/")[2]]["versions"]
        for item in version["resources"]
        if "all" in item.get("categories", ())
    }
    assert members == {
        "cronjobs", "daemonsets", "deployments", "horizontalpodautoscalers", "jobs", "pods", "replicasets",
        "replicationcontrollers", "services", "statefulsets",
    }  # fmt: skip


async def test_the_version_says_major_and_minor(api: Api) -> None:
    body = await api.read("/version")
    assert body["gitVersion"].startswith(f"v{body['major']}.{body['minor'].rstrip('+')}.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_health_answers_ok(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.content) == (200, b"ok")


@pytest.mark.parametrize(
    "path",
    ["/apis/nothing.example.com/v1", "/api/v1/nothings", "/apis/apps/v1/namespaces/default/nothings", "/nowhere"],
)
async def test_what_is_not_served_is_404(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert answer.status == 404


async def test_openapi_is_offered_per_group_version(api: Api) -> None:
    index = await api.read("/openapi/v3")
    assert {"api/v1", "apis/apps/v1", "apis/batch/v1"} <= set(index["paths"])
    document = await api.read(index["paths"]["apis/apps/v1"]["serverRelativeURL"].split("?")[0])
    kinds = document["components"]["schemas"]
    assert kinds["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"] == [
        {"group": "apps", "kind": "Deployment", "version": "v1"}
    ]
