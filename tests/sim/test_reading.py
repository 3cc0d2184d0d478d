"""Lists and gets: paging, versions, selectors, Tables, metadata only, compression."""

from __future__ import annotations

import pytest

from k9py.sim.server import SimServer
from tests.sim.conftest import CONFIG_MAPS, PODS, TABLE, Client, config_map, pod


async def fill(client: Client, count: int = 5) -> None:
    """Create ConfigMaps m0 … in the default namespace."""
    for number in range(count):
        body = config_map(f"m{number}", key="value")
        body["metadata"]["labels"] = {"parity": str(number % 2)}
        assert (await client.post(CONFIG_MAPS, body)).status == 201


async def test_pages_together_are_the_list_as_it_was_at_the_first_page(client: Client) -> None:
    await fill(client)
    first = await client.get(f"{CONFIG_MAPS}?limit=2")
    assert first.body["metadata"]["remainingItemCount"] == 3
    await client.delete(f"{CONFIG_MAPS}/m3")
    await client.post(CONFIG_MAPS, config_map("m9"))
    names = [item["metadata"]["name"] for item in first.body["items"]]
    token = first.body["metadata"]["continue"]
    while token:
        page = await client.get(f"{CONFIG_MAPS}?limit=2&continue={token}")
        assert page.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page.body["items"]]
        token = page.body["metadata"].get("continue", "")
    assert names == ["m0", "m1", "m2", "m3", "m4"]


async def test_an_expired_token_is_410_and_offers_an_inconsistent_rest(client: Client, server: SimServer) -> None:
    await fill(client)
    token = (await client.get(f"{CONFIG_MAPS}?limit=2")).body["metadata"]["continue"]
    await client.delete(f"{CONFIG_MAPS}/m3")
    server.store.compact()
    gone = await client.get(f"{CONFIG_MAPS}?limit=2&continue={token}")
    assert (gone.status, gone.body["reason"]) == (410, "Expired")
    rest = await client.get(f"{CONFIG_MAPS}?limit=9&continue={gone.body['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest.body["items"]] == ["m2", "m4"]


async def test_version_zero_ignores_the_limit(client: Client) -> None:
    await fill(client)
    answer = await client.get(f"{CONFIG_MAPS}?limit=2&resourceVersion=0")
    assert len(answer.body["items"]) == 5


async def test_an_exact_version_shows_the_past(client: Client) -> None:
    await fill(client, 2)
    then = (await client.get(CONFIG_MAPS)).body["metadata"]["resourceVersion"]
    await client.delete(f"{CONFIG_MAPS}/m0")
    past = await client.get(f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert [item["metadata"]["name"] for item in past.body["items"]] == ["m0", "m1"]


async def test_a_version_of_the_future_is_504_with_its_cause(client: Client) -> None:
    answer = await client.get(f"{CONFIG_MAPS}?resourceVersion=999999999")
    assert (answer.status, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("labelSelector=parity%3D1", ["m1", "m3"]),
        ("labelSelector=parity!%3D1", ["m0", "m2", "m4"]),
        ("labelSelector=parity%20in%20(0,2)", ["m0", "m2", "m4"]),
        ("labelSelector=!parity", []),
        ("fieldSelector=metadata.name%3Dm2", ["m2"]),
        ("fieldSelector=metadata.name!%3Dm2,metadata.namespace%3Ddefault", ["m0", "m1", "m3", "m4"]),
        ("labelSelector=parity%3D1&limit=1", ["m1"]),
    ],
)
async def test_selectors_choose_what_is_listed(client: Client, query: str, names: list[str]) -> None:
    await fill(client)
    answer = await client.get(f"{CONFIG_MAPS}?{query}")
    assert [item["metadata"]["name"] for item in answer.body["items"]] == names
    assert "remainingItemCount" not in answer.body["metadata"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("labelSelector=a%20b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("labelSelector=a%20in%20(b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("fieldSelector=spec.foo%3D1", "field label not supported: spec.foo"),
        ("limit=abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
    ],
)
async def test_what_cannot_be_read_is_400_in_the_servers_words(client: Client, query: str, message: str) -> None:
    answer = await client.get(f"{PODS}?{query}")
    assert (answer.status, answer.body["message"]) == (400, message)


async def test_pods_can_be_selected_by_node_and_phase(client: Client, server: SimServer) -> None:
    await client.post(PODS, pod("here"))
    await client.post(PODS, pod("there"))
    server.store.modify("pods", "default", "here", lambda obj: obj["spec"].update(nodeName="n1"))
    answer = await client.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1,status.phase%3DPending")
    assert [item["metadata"]["name"] for item in answer.body["items"]] == ["here"]


async def test_items_of_a_built_in_list_carry_no_kind(client: Client) -> None:
    await fill(client, 1)
    answer = await client.get(CONFIG_MAPS)
    assert answer.body["kind"] == "ConfigMapList"
    assert set(answer.body["items"][0]) == {"metadata", "data"}


async def test_a_table_has_the_recorded_columns_and_a_row_of_cells(client: Client) -> None:
    await client.post(PODS, pod("web"))
    answer = await client.get(PODS, Accept=TABLE)
    names = [column["name"] for column in answer.body["columnDefinitions"]]
    assert names[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    row = answer.body["rows"][0]
    assert row["cells"][:5] == ["web", "0/1", "Pending", "0", "0s"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("include", "kind"), [("None", None), ("Object", "Pod"), ("Metadata", "PartialObjectMetadata")]
)
async def test_a_table_row_includes_what_is_asked_for(client: Client, include: str, kind: str | None) -> None:
    await client.post(PODS, pod("web"))
    answer = await client.get(f"{PODS}?includeObject={include}", Accept=TABLE)
    assert (answer.body["rows"][0]["object"] or {}).get("kind") == kind


async def test_metadata_alone_can_be_asked_for(client: Client) -> None:
    await client.post(CONFIG_MAPS, config_map("m", a="b"))
    answer = await client.get(CONFIG_MAPS, Accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    assert answer.body["kind"] == "PartialObjectMetadataList"
    assert "data" not in answer.body["items"][0]


async def test_a_large_list_is_compressed_for_those_who_accept_it(client: Client) -> None:
    for number in range(3):
        await client.post(CONFIG_MAPS, config_map(f"m{number}", blob="x" * 60_000))
    plain = await client.get(CONFIG_MAPS, Accept_Encoding="identity")
    packed = await client.get(CONFIG_MAPS, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.body == plain.body


async def test_protobuf_alone_is_not_acceptable(client: Client) -> None:
    answer = await client.get(CONFIG_MAPS, Accept="application/vnd.kubernetes.protobuf")
    assert (answer.status, answer.body["reason"]) == (406, "NotAcceptable")


async def test_the_date_is_the_simulated_clocks(client: Client) -> None:
    answer = await client.get("/version")
    assert answer.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
