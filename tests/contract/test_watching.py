"""Watching: events in order, selectors that objects enter and leave, bookmarks, streaming lists, versions gone by."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.client import METADATA, TABLE, Object, eventually
from tests.contract.objects import config_map
from tests.contract.space import Space, good, path_of


async def version_of(space: Space, plural: str = "configmaps") -> str:
    listed = good(await space.api.get(space.path(plural), limit="1"))
    version: str = listed["metadata"]["resourceVersion"]
    return version


def brief(event: tuple[str, Object]) -> tuple[str, str]:
    return event[0], event[1]["metadata"]["name"]


async def test_a_watch_tells_what_is_made_changed_and_deleted(space: Space) -> None:
    version = await version_of(space)
    async with space.api.watch(space.path("configmaps"), resourceVersion=version) as events:
        await space.create("configmaps", config_map("one"))
        changed = await space.merge("configmaps", "one", {"data": {"a": "b"}})
        await space.delete("configmaps", "one")
        seen = [await events.next() for _ in range(3)]
    assert [brief(event) for event in seen] == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]
    assert seen[1][1] == changed
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in seen]
    assert versions == sorted(set(versions))
    assert seen[2][1]["data"] == {"a": "b"}


async def test_a_watch_from_a_version_tells_what_happened_since(space: Space) -> None:
    version = await version_of(space)
    for name in ("one", "two"):
        await space.create("configmaps", config_map(name))
    async with space.api.watch(space.path("configmaps"), resourceVersion=version) as events:
        assert [brief(await events.next()) for _ in range(2)] == [("ADDED", "one"), ("ADDED", "two")]


@pytest.mark.parametrize("version", ["", "0"])
async def test_a_watch_without_a_version_begins_with_what_is_there(space: Space, version: str) -> None:
    await space.create("configmaps", config_map("one", labels={"set": "here"}))
    query = {"labelSelector": "set=here"} | ({"resourceVersion": version} if version else {})
    async with space.api.watch(space.path("configmaps"), **query) as events:
        assert brief(await events.next()) == ("ADDED", "one")
        await space.merge("configmaps", "one", {"data": {"a": "b"}})
        assert brief(await events.next()) == ("MODIFIED", "one")


async def test_entering_and_leaving_a_selector_is_added_and_deleted(space: Space) -> None:
    version = await version_of(space)
    query = {"labelSelector": "colour=red", "resourceVersion": version}
    async with space.api.watch(space.path("configmaps"), **query) as events:
        await space.create("configmaps", config_map("one"))
        await space.merge("configmaps", "one", {"metadata": {"labels": {"colour": "red"}}})
        left = await space.merge("configmaps", "one", {"metadata": {"labels": {"colour": "blue"}}})
        seen = [await events.next() for _ in range(2)]
    assert [brief(event) for event in seen] == [("ADDED", "one"), ("DELETED", "one")]
    assert seen[1][1]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]
    assert seen[1][1]["metadata"]["labels"] == {"colour": "red"}


async def test_a_field_selector_watches_one_object(space: Space) -> None:
    version = await version_of(space)
    query = {"fieldSelector": "metadata.name=two", "resourceVersion": version}
    async with space.api.watch(space.path("configmaps"), **query) as events:
        await space.create("configmaps", config_map("one"))
        await space.create("configmaps", config_map("two"))
        assert brief(await events.next()) == ("ADDED", "two")


async def test_a_path_of_one_object_is_read_even_when_a_watch_is_asked_for(space: Space) -> None:
    made = await space.create("configmaps", config_map("one"))
    assert good(await space.api.get(space.path("configmaps", "one"), watch="1")) == made


async def test_other_namespaces_are_not_told(space: Space) -> None:
    version = await version_of(space)
    async with space.api.watch(space.path("configmaps"), resourceVersion=version) as events:
        elsewhere = path_of("configmaps", "default")
        await space.api.send("POST", elsewhere, config_map(f"other-{space.name}"))
        await space.create("configmaps", config_map("here"))
        assert brief(await events.next()) == ("ADDED", "here")
    await space.api.send("DELETE", f"{elsewhere}/other-{space.name}")


async def test_a_watch_over_all_namespaces_tells_of_each(space: Space) -> None:
    version = await version_of(space)
    query = {"resourceVersion": version, "labelSelector": f"case={space.name}"}
    async with space.api.watch(path_of("configmaps"), **query) as events:
        await space.create("configmaps", config_map("here", labels={"case": space.name}))
        kind, obj = await events.next()
        assert (kind, obj["metadata"]["namespace"]) == ("ADDED", space.name)


async def test_a_write_that_changes_nothing_is_not_told(space: Space) -> None:
    made = await space.create("configmaps", config_map("one", {"a": "b"}))
    query = {"resourceVersion": made["metadata"]["resourceVersion"]}
    async with space.api.watch(space.path("configmaps"), **query) as events:
        await space.merge("configmaps", "one", {"data": {"a": "b"}})
        await space.create("configmaps", config_map("after"))
        assert brief(await events.next()) == ("ADDED", "after")


async def test_a_watch_ends_when_its_time_is_over(space: Space) -> None:
    version = await version_of(space)
    query = {"resourceVersion": version, "timeoutSeconds": "1"}
    async with space.api.watch(space.path("configmaps"), **query) as events:
        assert await events.ended(15)


# bookmarks and streaming lists


async def test_bookmarks_come_before_the_end_of_a_watch_that_allows_them(space: Space) -> None:
    version = await version_of(space)
    query = {"resourceVersion": version, "timeoutSeconds": "6", "allowWatchBookmarks": "true"}
    async with space.api.watch(space.path("configmaps"), **query) as events:
        await space.create("configmaps", config_map("one"))
        obj = await events.until(lambda kind, _: kind == "BOOKMARK", 15)
    assert (obj["kind"], obj["apiVersion"]) == ("ConfigMap", "v1")
    assert int(obj["metadata"]["resourceVersion"]) >= int(version)


STREAM = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


async def _in_memory(space: Space, selector: str) -> bool:
    return len(await space.list("configmaps", labelSelector=selector, resourceVersion="0")) == 2


@pytest.mark.parametrize("version", ["", "0"])
async def test_a_streaming_list_ends_with_a_bookmark_that_says_so(space: Space, version: str) -> None:
    for name in ("one", "two"):
        await space.create("configmaps", config_map(name, labels={"set": "two"}))
    if version:  # what the server has in memory may be a moment older than what was written
        await eventually(lambda: _in_memory(space, "set=two"), "both are in the server's memory")
    query = STREAM | {"labelSelector": "set=two"} | ({"resourceVersion": version} if version else {})
    async with space.api.watch(space.path("configmaps"), **query) as events:
        first = [await events.next() for _ in range(3)]
        await space.merge("configmaps", "one", {"data": {"a": "b"}})
        assert brief(await events.next()) == ("MODIFIED", "one")
    assert sorted(brief(event) for event in first[:2]) == [("ADDED", "one"), ("ADDED", "two")]
    kind, bookmark = first[2]
    assert kind == "BOOKMARK"
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    newest = max(int(obj["metadata"]["resourceVersion"]) for _, obj in first[:2])
    assert int(bookmark["metadata"]["resourceVersion"]) >= newest


async def test_a_streaming_list_of_nothing_is_the_bookmark_alone(space: Space) -> None:
    async with space.api.watch(space.path("secrets"), **STREAM) as events:
        kind, bookmark = await events.next()
    assert kind == "BOOKMARK"
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(
    "query",
    [
        {"sendInitialEvents": "true"},
        {"sendInitialEvents": "true", "resourceVersionMatch": "Exact", "resourceVersion": "1"},
        {"resourceVersionMatch": "NotOlderThan"},
    ],
)
async def test_a_streaming_list_needs_all_its_options(space: Space, query: dict[str, str]) -> None:
    answer = await space.api.get(space.path("configmaps"), watch="1", **query)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes


async def test_a_plain_list_refuses_to_stream(space: Space) -> None:
    answer = await space.api.get(space.path("configmaps"), **STREAM)
    assert (answer.status, answer.reason) == (422, "Invalid")


async def test_a_watch_from_a_future_version_waits_or_says_so(space: Space) -> None:
    query = {"watch": "1", "timeoutSeconds": "3", "resourceVersion": "999999999999"}
    async with asyncio.timeout(20):
        answer = await space.api.get(space.path("configmaps"), **query)
    assert answer.status == 200
    if answer.content:
        assert answer.body["type"] == "ERROR"
        assert answer.body["object"]["reason"] == "Timeout"


async def test_a_version_that_is_no_number_is_refused(space: Space) -> None:
    answer = await space.api.get(space.path("configmaps"), watch="1", resourceVersion="word")
    assert (answer.status, answer.reason) == (500, "")
    assert "invalid syntax" in answer.message


# forms


async def test_a_watched_table_sends_its_columns_once(space: Space) -> None:
    version = await version_of(space)
    async with space.api.watch(space.path("configmaps"), accept=TABLE, resourceVersion=version) as events:
        await space.create("configmaps", config_map("one"))
        await space.create("configmaps", config_map("two"))
        (_, first), (_, second) = [await events.next() for _ in range(2)]
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert not second.get("columnDefinitions")
    assert [table["rows"][0]["cells"][0] for table in (first, second)] == ["one", "two"]


async def test_metadata_alone_can_be_watched(space: Space) -> None:
    version = await version_of(space)
    accept = METADATA.replace("MetadataList", "Metadata")
    async with space.api.watch(space.path("configmaps"), accept=accept, resourceVersion=version) as events:
        await space.create("configmaps", config_map("one", {"a": "b"}))
        kind, obj = await events.next()
    assert (kind, obj["kind"], obj["apiVersion"]) == ("ADDED", "PartialObjectMetadata", "meta.k8s.io/v1")
    assert "data" not in obj
