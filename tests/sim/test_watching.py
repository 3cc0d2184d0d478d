"""Watches: what arrives, from where, and how they end."""

from __future__ import annotations

import asyncio

from k9py.core.clock import ManualClock
from k9py.sim import statuses
from k9py.sim.server import SimServer
from tests.sim.conftest import CONFIG_MAPS, MERGE, PODS, TABLE, Client, config_map, pod

WATCH_LIST = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


async def test_a_watch_resumes_after_its_version(client: Client) -> None:
    made = await client.post(CONFIG_MAPS, config_map("a"))
    await client.post(CONFIG_MAPS, config_map("b"))
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion={made.body['metadata']['resourceVersion']}")
    kind, obj = await events.next()
    assert (kind, obj["metadata"]["name"]) == ("ADDED", "b")
    await client.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}})
    await client.delete(f"{CONFIG_MAPS}/a")
    assert [(await events.next())[0] for _ in range(2)] == ["MODIFIED", "DELETED"]


async def test_a_deletion_carries_its_own_version(client: Client) -> None:
    made = await client.post(CONFIG_MAPS, config_map("a"))
    version = made.body["metadata"]["resourceVersion"]
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion={version}")
    await client.delete(f"{CONFIG_MAPS}/a")
    _, obj = await events.next()
    assert int(obj["metadata"]["resourceVersion"]) > int(version)


async def test_a_forgotten_version_is_an_error_event(client: Client, server: SimServer) -> None:
    await client.post(CONFIG_MAPS, config_map("a"))
    server.store.compact()
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1")
    kind, status = await events.next()
    assert (events.response.status, kind, status["code"], status["reason"]) == (200, "ERROR", 410, "Expired")
    assert await events.ended()


async def test_a_forgotten_version_can_be_plain_410(client: Client, server: SimServer) -> None:
    server.faults.plain_410 = True
    server.store.compact()
    answer = await client.get(f"{CONFIG_MAPS}?watch=1&resourceVersion=1")
    assert answer.status == 410


async def test_an_object_that_enters_or_leaves_a_selection_is_added_or_deleted(client: Client) -> None:
    await client.post(CONFIG_MAPS, config_map("a"))
    events = await client.watch(f"{CONFIG_MAPS}?labelSelector=on")
    label = {"metadata": {"labels": {"on": "yes"}}}
    await client.patch(f"{CONFIG_MAPS}/a", label, MERGE)
    await client.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}}, MERGE)
    await client.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"on": None}}}, MERGE)
    assert [(await events.next())[0] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_watch_of_one_namespace_is_silent_about_others(client: Client) -> None:
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1&fieldSelector=metadata.name%3Da")
    await client.post("/api/v1/namespaces/kube-system/configmaps", config_map("a"))
    await client.post(CONFIG_MAPS, config_map("a"))
    assert (await events.next())[1]["metadata"]["namespace"] == "default"


async def test_watch_list_sends_what_is_there_then_the_bookmark_that_says_so(client: Client) -> None:
    await client.post(PODS, pod("web"))
    events = await client.watch(f"{PODS}?{WATCH_LIST}")
    assert (await events.next())[0] == "ADDED"
    kind, bookmark = await events.next()
    assert kind == "BOOKMARK"
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark["spec"] == {"containers": None}


async def test_watch_list_asks_for_its_match(client: Client) -> None:
    answer = await client.get(f"{PODS}?watch=1&sendInitialEvents=true")
    assert (answer.status, answer.body["details"]["causes"][0]["field"]) == (422, "resourceVersionMatch")


async def test_bookmarks_come_each_minute_to_those_who_ask(client: Client, clock: ManualClock) -> None:
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1&allowWatchBookmarks=true")
    while len(clock.sleeping) < 2:
        await asyncio.sleep(0)
    await clock.advance(60)
    kind, obj = await events.next()
    assert kind == "BOOKMARK"
    assert set(obj) == {"kind", "apiVersion", "metadata"}


async def test_a_watch_ends_when_its_time_is_over(client: Client, clock: ManualClock) -> None:
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1&timeoutSeconds=30")
    while not clock.sleeping:
        await asyncio.sleep(0)
    await clock.advance(29)
    await client.post(CONFIG_MAPS, config_map("late"))
    assert (await events.next())[1]["metadata"]["name"] == "late"
    await clock.advance(1)
    assert await events.ended()


async def test_a_table_watch_names_its_columns_once(client: Client) -> None:
    events = await client.watch(f"{PODS}?resourceVersion=1", Accept=TABLE)
    await client.post(PODS, pod("a"))
    await client.post(PODS, pod("b"))
    first, second = (await events.next())[1], (await events.next())[1]
    assert first["columnDefinitions"][0]["name"] == "Name"
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["cells"][0] == "b"


async def test_asking_one_object_to_be_watched_is_a_plain_get(client: Client) -> None:
    await client.post(CONFIG_MAPS, config_map("a"))
    answer = await client.get(f"{CONFIG_MAPS}/a?watch=1")
    assert answer.body["kind"] == "ConfigMap"


async def test_an_open_watch_can_be_made_to_fail(client: Client, server: SimServer) -> None:
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1")
    for stream in server.watches:
        stream.fail(statuses.too_old(1, 2))
    assert (await events.next())[0] == "ERROR"
    assert await events.ended()


async def test_nothing_of_a_closed_watch_stays(client: Client, server: SimServer) -> None:
    events = await client.watch(f"{CONFIG_MAPS}?resourceVersion=1")
    assert len(server.watches) == 1
    events.response.close()
    while server.watches:
        await asyncio.sleep(0.001)
    assert not server.watches
