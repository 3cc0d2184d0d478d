"""Client-side and server-side apply on one object."""

from __future__ import annotations

from tests.sim.conftest import Client

PATH = "/api/v1/namespaces/default/configmaps"
APPLY = "application/apply-patch+yaml"
NOTE = "kubectl.kubernetes.io/last-applied-configuration"
BEFORE = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","namespace":"default"},"data":{"a":"1"}}'


async def _create(client: Client, data: dict[str, str]) -> None:
    metadata = {"name": "m", "annotations": {NOTE: BEFORE}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    assert (await client.send("POST", f"{PATH}?fieldManager=kubectl-create", body)).status == 201


def _config(value: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "m", "namespace": "default"},
        "data": {"a": value},
    }


async def test_kubectl_takes_over_what_it_applied_before_without_force(client: Client) -> None:
    await _create(client, {"a": "1"})
    answer = await client.send("PATCH", f"{PATH}/m?fieldManager=kubectl", _config("2"), content=APPLY)
    assert answer.status == 200
    assert answer.body["data"] == {"a": "2"}
    applied = '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"m","namespace":"default"}}\n'
    assert answer.body["metadata"]["annotations"][NOTE] == applied


async def test_what_somebody_changed_since_is_a_conflict_still(client: Client) -> None:
    await _create(client, {"a": "other"})
    answer = await client.send("PATCH", f"{PATH}/m?fieldManager=kubectl", _config("2"), content=APPLY)
    assert answer.status == 409
    assert answer.body["message"].endswith('conflict with "kubectl-create" using v1: .data.a')


async def test_the_annotation_counts_for_kubectl_alone(client: Client) -> None:
    await _create(client, {"a": "1"})
    answer = await client.send("PATCH", f"{PATH}/m?fieldManager=other", _config("2"), content=APPLY)
    assert answer.status == 409
