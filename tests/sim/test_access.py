"""Who may do what, and the faults that stand between a client and the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import UsageError
from k9py.sim.requests import ANONYMOUS
from k9py.sim.server import RESTRICTED_TOKEN, SimServer
from tests.sim.conftest import CONFIG_MAPS, PODS, Client, config_map, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
REVIEWS = "/apis/authorization.k8s.io/v1"


async def grant(client: Client, *verbs: str, resource: str = "pods") -> None:
    """Let the restricted user do something in the default namespace."""
    rule = {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "reader"}}
    await client.post(f"{RBAC}/roles", {**api, "kind": "Role", "rules": [rule]})
    subject = {"kind": "User", "name": "simulated-restricted"}
    role = {"kind": "Role", "name": "reader"}
    await client.post(f"{RBAC}/rolebindings", {**api, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]})


async def test_a_refusal_names_user_verb_and_place(client: Client) -> None:
    restricted = client.as_token(RESTRICTED_TOKEN)
    here = await restricted.get(PODS)
    assert here.status == 403
    assert here.body["message"] == (
        'pods is forbidden: User "simulated-restricted" cannot list resource "pods" in API group "" in the '
        'namespace "default"'
    )
    everywhere = await restricted.get("/api/v1/pods?watch=1")
    assert everywhere.body["message"].endswith('cannot watch resource "pods" in API group "" at the cluster scope')
    log = await restricted.get(f"{PODS}/web/log")
    assert 'cannot get resource "pods/log"' in log.body["message"]


async def test_a_role_allows_what_it_says_and_no_more(client: Client) -> None:
    await grant(client, "list", "watch")
    restricted = client.as_token(RESTRICTED_TOKEN)
    assert (await restricted.get(PODS)).status == 200
    assert (await restricted.get(f"{PODS}/web")).status == 403
    assert (await restricted.get(CONFIG_MAPS)).status == 403


async def test_an_access_review_agrees_with_the_server(client: Client) -> None:
    await grant(client, "list")
    restricted = client.as_token(RESTRICTED_TOKEN)

    async def review(verb: str) -> dict[str, Any]:
        attributes = {"verb": verb, "resource": "pods", "namespace": "default"}
        kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = f"{REVIEWS}/selfsubjectaccessreviews"
        status: dict[str, Any] = (
            await restricted.post(path, {**kind, "spec": {"resourceAttributes": attributes}})
        ).body["status"]
        return status

    allowed = await review("list")
    assert allowed["allowed"] is True
    assert 'RoleBinding "reader/default" of Role "reader" to User "simulated-restricted"' in allowed["reason"]
    assert (await review("delete"))["allowed"] is False


async def test_a_rules_review_may_be_incomplete(client: Client, server: SimServer) -> None:
    await grant(client, "list")
    restricted = client.as_token(RESTRICTED_TOKEN)
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}}
    status = (await restricted.post(f"{REVIEWS}/selfsubjectrulesreviews", kind)).body["status"]
    assert {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]} in status["resourceRules"]
    server.access.rules_incomplete = True
    status = (await restricted.post(f"{REVIEWS}/selfsubjectrulesreviews", kind)).body["status"]
    assert (status["incomplete"], status["resourceRules"]) == (True, [])


async def test_an_unknown_token_is_401(client: Client) -> None:
    answer = await client.as_token("nobody-knows").get(PODS)
    assert (answer.status, answer.body["message"], answer.body["reason"]) == (401, "Unauthorized", "Unauthorized")


async def test_the_anonymous_may_ask_for_health_only(client: Client, server: SimServer) -> None:
    server.access.tokens["anonymous"] = ANONYMOUS
    anonymous = client.as_token("anonymous")
    assert (await anonymous.get("/livez")).body == "ok"
    assert (await anonymous.get(PODS)).status == 403


async def test_an_administrator_can_be_somebody_else(client: Client) -> None:
    answer = await client.get(PODS, Impersonate_User="bob")
    assert answer.status == 403
    assert 'User "bob"' in answer.body["message"]
    refused = await client.as_token(RESTRICTED_TOKEN).get(PODS, Impersonate_User="bob")
    assert 'cannot impersonate resource "users"' in refused.body["message"]


# faults


async def test_every_watch_is_cut_after_its_seconds(client: Client, server: SimServer, clock: ManualClock) -> None:
    server.faults.switch("cut=5")
    events = await client.watch(f"{PODS}?resourceVersion=1")
    while not clock.sleeping:
        await asyncio.sleep(0)
    await clock.advance(5)
    assert await events.ended()


async def test_a_fault_switched_on_later_reaches_the_watches_that_are_open(
    client: Client, server: SimServer, clock: ManualClock
) -> None:
    events = await client.watch(f"{PODS}?resourceVersion=1")
    while not clock.sleeping:
        await asyncio.sleep(0)
    server.faults.switch("cut=5")
    await clock.advance(5)
    assert await events.ended()


async def test_a_watch_gets_410_while_it_runs(client: Client, server: SimServer, clock: ManualClock) -> None:
    server.faults.switch("410=3")
    events = await client.watch(f"{PODS}?resourceVersion=1")
    while not clock.sleeping:
        await asyncio.sleep(0)
    await clock.advance(3)
    kind, status = await events.next()
    assert (kind, status["code"]) == ("ERROR", 410)


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [("401", 401, "Unauthorized"), ("403=pods", 403, "Forbidden"), ("429=7", 429, "TooManyRequests")],
)
async def test_a_fault_answers_for_the_server_until_cleared(
    client: Client, server: SimServer, fault: str, status: int, reason: str
) -> None:
    server.faults.switch(fault)
    answer = await client.get(PODS)
    assert (answer.status, answer.body["reason"]) == (status, reason)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    server.faults.clear()
    assert (await client.get(PODS)).status == 200


async def test_a_stalled_server_answers_when_it_goes_on(client: Client, server: SimServer) -> None:
    server.faults.stall()
    waiting = asyncio.create_task(client.get(PODS))
    before = server.requests
    while server.requests == before:
        await asyncio.sleep(0)
    assert not waiting.done()
    server.faults.resume()
    assert (await waiting).status == 200


async def test_rubbish_is_no_api(client: Client, server: SimServer) -> None:
    server.faults.switch("rubbish")
    answer = await client.get(PODS)
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_one_object_of_a_page_is_malformed(client: Client, server: SimServer) -> None:
    for name in ("a", "b"):
        await client.post(PODS, pod(name))
    server.faults.switch("malformed=pods")
    items = (await client.get(PODS)).body["items"]
    assert items[0]["spec"]["containers"] == 17
    assert items[1]["spec"]["containers"][0]["name"] == "web"


async def test_a_streaming_list_has_the_malformed_object_too(client: Client, server: SimServer) -> None:
    await client.post(PODS, pod("a"))
    server.faults.switch("malformed=pods")
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await client.watch(f"{PODS}?{query}")
    kind, first = await events.next()
    assert (kind, first["spec"]["containers"]) == ("ADDED", 17)


async def test_bodies_can_be_made_huge(client: Client, server: SimServer) -> None:
    await client.post(CONFIG_MAPS, config_map("m"))
    server.faults.switch("huge=configmaps:50000")
    answer = await client.get(CONFIG_MAPS, Accept_Encoding="identity")
    assert int(answer.headers["Content-Length"]) > 50_000


@pytest.mark.parametrize("text", ["nonsense", "cut=often"])
async def test_an_unknown_fault_is_a_usage_error(server: SimServer, text: str) -> None:
    with pytest.raises(UsageError, match=text.partition("=")[0]):
        server.faults.switch(text)
