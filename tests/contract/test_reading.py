"""Reading: one object, lists, pages, selectors, versions, forms of an answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.client import METADATA, TABLE, Api, Object, eventually
from tests.contract.objects import config_map, container, pod
from tests.contract.space import PREFIX, Space, good, path_of

MEMBERS = [f"item-{number}" for number in range(7)]


@pytest.fixture
async def seven(space: Space) -> Space:
    """A namespace with seven ConfigMaps of one label."""
    for number, name in enumerate(MEMBERS):
        labels = {"set": "seven", "parity": "odd" if number % 2 else "even", "number": str(number)}
        await space.create("configmaps", config_map(name, {"n": str(number)}, labels=labels))
    return space


def names(items: list[Object]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


async def page(space: Space, **query: str) -> Object:
    return good(await space.api.get(space.path("configmaps"), labelSelector="set=seven", **query))


async def test_an_object_is_read_as_it_was_created(space: Space) -> None:
    made = await space.create("configmaps", config_map("one", {"key": "value"}))
    assert await space.get("configmaps", "one") == made
    assert (made["kind"], made["apiVersion"], made["data"]) == ("ConfigMap", "v1", {"key": "value"})
    assert {"uid", "creationTimestamp", "resourceVersion"} <= set(made["metadata"])


@pytest.mark.parametrize("plural", ["configmaps", "pods", "deployments", "cronjobs"])
async def test_what_is_not_there_is_a_404_that_names_it(space: Space, plural: str) -> None:
    answer = await space.try_get(plural, "absent")
    assert (answer.status, answer.reason) == (404, "NotFound")
    group = PREFIX[plural].removeprefix("/apis/").split("/")[0] if plural not in ("configmaps", "pods") else ""
    full = f"{plural}.{group}" if group else plural
    assert answer.message == f'{full} "absent" not found'
    assert answer.body["details"] == {"name": "absent", "kind": plural} | ({"group": group} if group else {})


async def test_a_list_is_sorted_by_name_and_its_items_have_no_kind(seven: Space) -> None:
    body = await page(seven)
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert names(body["items"]) == MEMBERS
    assert all("kind" not in item and "apiVersion" not in item for item in body["items"])


async def test_a_list_over_all_namespaces_holds_those_of_one(seven: Space) -> None:
    body = await seven.api.read(path_of("configmaps"), labelSelector="set=seven")
    found = [name for name, item in zip(names(body["items"]), body["items"], strict=True)
             if item["metadata"]["namespace"] == seven.name]  # fmt: skip
    assert found == MEMBERS


async def test_pages_come_in_order_and_say_how_much_is_left(seven: Space) -> None:
    listed, token, left = [], "", []
    for _ in range(3):
        query = {"limit": "3"} | ({"continue": token} if token else {})
        body = good(await seven.api.get(seven.path("configmaps"), **query))
        listed += names(body["items"])
        token = body["metadata"].get("continue", "")
        left.append(body["metadata"].get("remainingItemCount"))
    assert [name for name in listed if name in MEMBERS] == MEMBERS
    assert left == [5, 2, None]  # With kube-root-ca.crt there are eight.
    assert token == ""


async def test_with_a_selector_nobody_counts_what_is_left(seven: Space) -> None:
    body = await page(seven, limit="3")
    assert body["metadata"]["continue"]
    assert "remainingItemCount" not in body["metadata"]


async def test_every_page_is_of_the_version_of_the_first(seven: Space) -> None:
    first = await page(seven, limit="3")
    await seven.create("configmaps", config_map("item-5-new", labels={"set": "seven"}))
    await seven.delete("configmaps", "item-6")
    second = await page(seven, limit="10", **{"continue": first["metadata"]["continue"]})
    assert names(first["items"]) + names(second["items"]) == MEMBERS
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_limit_of_all_needs_no_second_page(seven: Space) -> None:
    body = await page(seven, limit="500")
    assert "continue" not in body["metadata"]


@pytest.mark.parametrize("token", ["rubbish", "e30"])
async def test_a_continue_token_that_is_none_is_a_400(seven: Space, token: str) -> None:
    answer = await seven.api.get(seven.path("configmaps"), limit="2", **{"continue": token})
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert "continue key is not valid" in answer.message


async def test_a_continue_token_with_a_version_is_refused(seven: Space) -> None:
    token = (await page(seven, limit="3"))["metadata"]["continue"]
    answer = await seven.api.get(seven.path("configmaps"), limit="2", resourceVersion="1", **{"continue": token})
    assert (answer.status, answer.reason) == (400, "BadRequest")


# selectors


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("parity=odd", [1, 3, 5]),
        ("parity==odd", [1, 3, 5]),
        ("parity!=odd", [0, 2, 4, 6]),
        ("number in (1, 2)", [1, 2]),
        ("number notin (1,2,3)", [0, 4, 5, 6]),
        ("number", [0, 1, 2, 3, 4, 5, 6]),
        ("!number", []),
        ("number>4", [5, 6]),
        ("number<2", [0, 1]),
        ("parity=odd,number!=3", [1, 5]),
    ],
)
async def test_label_selectors_choose(seven: Space, selector: str, found: list[int]) -> None:
    body = good(await seven.api.get(seven.path("configmaps"), labelSelector=f"set=seven,{selector}"))
    assert names(body["items"]) == [MEMBERS[number] for number in found]


@pytest.mark.parametrize("selector", ["a=b=c", "in (", "a in ()x", "-=-", "a b"])
async def test_a_label_selector_that_is_none_is_a_400(seven: Space, selector: str) -> None:
    answer = await seven.api.get(seven.path("configmaps"), labelSelector=selector)
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.message.startswith("unable to parse requirement") or "found" in answer.message


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("metadata.name=item-3", ["item-3"]),
        ("metadata.name!=item-3", ["item-0", "item-1", "item-2", "item-4", "item-5", "item-6"]),
        ("metadata.name=item-3,metadata.name!=item-3", []),
    ],
)
async def test_field_selectors_of_names_choose(seven: Space, selector: str, found: list[str]) -> None:
    body = await page(seven, fieldSelector=selector)
    assert names(body["items"]) == found


@pytest.mark.parametrize("plural", ["configmaps", "deployments", "services", "nodes"])
async def test_a_field_nobody_indexes_is_a_400_that_names_it(space: Space, plural: str) -> None:
    answer = await space.api.get(space.path(plural), fieldSelector="spec.nothing=1")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.message == "field label not supported: spec.nothing" or "spec.nothing" in answer.message


@pytest.mark.parametrize(
    ("plural", "selector", "found"),
    [
        ("pods", "spec.nodeName=node-x", ["bound"]),
        ("pods", "status.phase=Pending", ["bound", "free"]),
        ("pods", "status.phase!=Pending", []),
        ("pods", "spec.restartPolicy=Never", ["bound"]),
        ("pods", "spec.serviceAccountName=default", ["bound", "free"]),
        ("pods", "spec.schedulerName=nobody", ["free"]),
        ("secrets", "type=Opaque", ["plain"]),
        ("secrets", "type=kubernetes.io/basic-auth", ["login"]),
        ("services", "spec.type=ClusterIP", ["front"]),
        ("namespaces", "status.phase=Terminating", []),
    ],
)
async def test_kinds_have_fields_of_their_own_to_choose_by(
    space: Space, plural: str, selector: str, found: list[str]
) -> None:
    if plural == "pods":
        await space.create("pods", pod("bound", nodeName="node-x", restartPolicy="Never"))
        await space.create("pods", pod("free", schedulerName="nobody"))
    elif plural == "secrets":
        secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "plain"}}
        await space.create("secrets", secret)
        login = {"type": "kubernetes.io/basic-auth", "stringData": {"username": "me", "password": "x"}}
        await space.create("secrets", {**secret, "metadata": {"name": "login"}, **login})
    elif plural == "services":
        spec = {"ports": [{"port": 80}]}
        await space.create(
            "services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}, "spec": spec}
        )
    query = {"fieldSelector": selector} | ({"labelSelector": f"none={space.name}"} if plural == "namespaces" else {})
    body = good(await space.api.get(space.path(plural), **query))
    assert names(body["items"]) == found


# versions


async def test_a_version_grows_with_every_write_and_an_idle_one_writes_nothing(space: Space) -> None:
    first = await space.create("configmaps", config_map("one", {"key": "1"}))
    second = await space.merge("configmaps", "one", {"data": {"key": "2"}})
    same = await space.merge("configmaps", "one", {"data": {"key": "2"}})
    versions = [int(obj["metadata"]["resourceVersion"]) for obj in (first, second, same)]
    assert versions[0] < versions[1] == versions[2]


async def test_a_generation_grows_with_the_spec_alone(space: Space) -> None:
    made = await space.create("pods", pod("one", schedulerName="nobody"))
    labelled = await space.merge("pods", "one", {"metadata": {"labels": {"a": "b"}}})
    changed = await space.merge("pods", "one", {"spec": {"activeDeadlineSeconds": 1000}})
    generations = [obj["metadata"]["generation"] for obj in (made, labelled, changed)]
    assert generations == [1, 1, 2]


async def test_version_zero_is_any_version(seven: Space) -> None:
    async def remembered() -> bool:  # What the server has in memory may be a moment older than what was written.
        return names((await page(seven, resourceVersion="0"))["items"]) == MEMBERS

    await eventually(remembered, "all of them")


async def test_a_list_is_not_older_than_asked(seven: Space) -> None:
    version = (await page(seven))["metadata"]["resourceVersion"]
    body = await page(seven, resourceVersion=version, resourceVersionMatch="NotOlderThan")
    assert int(body["metadata"]["resourceVersion"]) >= int(version)


async def test_an_exact_version_shows_the_past(seven: Space) -> None:
    version = (await page(seven))["metadata"]["resourceVersion"]
    await seven.delete("configmaps", "item-0")
    body = await page(seven, resourceVersion=version, resourceVersionMatch="Exact")
    assert names(body["items"]) == MEMBERS
    assert body["metadata"]["resourceVersion"] == version


async def test_a_version_of_the_future_is_told_to_wait(seven: Space) -> None:
    async with asyncio.timeout(20):
        answer = await seven.api.get(seven.path("configmaps"), resourceVersion="999999999999")
    assert (answer.status, answer.reason) == (504, "Timeout")
    assert "Too large resource version" in answer.message
    assert answer.causes == [("ResourceVersionTooLarge", "")]
    assert answer.body["details"]["retryAfterSeconds"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"resourceVersion": "word"},
        {"resourceVersionMatch": "Exact"},
        {"resourceVersion": "1", "resourceVersionMatch": "Sometimes"},
        {"resourceVersion": "0", "resourceVersionMatch": "Exact"},
        {"limit": "few"},
    ],
)
async def test_options_that_make_no_sense_are_refused(seven: Space, query: dict[str, str]) -> None:
    answer = await seven.api.get(seven.path("configmaps"), **query)
    wanted = {400: "BadRequest", 422: "Invalid"}
    assert answer.status in wanted
    assert answer.reason == wanted[answer.status]


# forms


async def test_metadata_alone_can_be_asked_for(seven: Space) -> None:
    body = await seven.api.read(seven.path("configmaps"), accept=METADATA, labelSelector="set=seven")
    assert (body["kind"], body["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert names(body["items"]) == MEMBERS
    assert all("data" not in item for item in body["items"])


async def test_a_form_nobody_has_is_406(seven: Space) -> None:
    answer = await seven.api.get(seven.path("configmaps"), accept="application/msword")
    assert answer.status == 406


@pytest.mark.parametrize("include", ["None", "Metadata", "Object"])
async def test_a_table_carries_as_much_of_its_objects_as_asked(seven: Space, include: str) -> None:
    table = await seven.api.read(
        seven.path("configmaps"), accept=TABLE, labelSelector="set=seven", includeObject=include
    )
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    kinds = {"None": None, "Metadata": "PartialObjectMetadata", "Object": "ConfigMap"}
    found = [row.get("object") for row in table["rows"]]
    assert [obj and obj["kind"] for obj in found] == [kinds[include]] * 7
    assert [row["cells"][:2] for row in table["rows"]] == [[name, 1] for name in MEMBERS]


async def test_a_table_has_pages_too(seven: Space) -> None:
    table = await seven.api.read(seven.path("configmaps"), accept=TABLE, labelSelector="set=seven", limit="3")
    assert len(table["rows"]) == 3
    assert table["metadata"]["continue"]


async def test_one_object_has_a_table_of_one_row(seven: Space) -> None:
    table = await seven.api.read(seven.path("configmaps", "item-2"), accept=TABLE)
    assert [row["cells"][0] for row in table["rows"]] == ["item-2"]


async def test_the_namespace_of_a_path_has_to_fit_the_kind(api: Api) -> None:
    answer = await api.get("/api/v1/namespaces/default/nodes")
    assert answer.status == 404


async def test_a_head_of_line_of_containers_is_kept_in_order(space: Space) -> None:
    wanted = ["zeta", "alpha", "mid"]
    await space.create("pods", pod("many", *(container(name) for name in wanted), schedulerName="nobody"))
    assert [item["name"] for item in (await space.get("pods", "many"))["spec"]["containers"]] == wanted
