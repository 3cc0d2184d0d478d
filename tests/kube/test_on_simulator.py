"""Reading over a real connection from the simulated cluster, with faults switched on and off."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from k9py.core.clock import SystemClock
from k9py.core.refs import Scope
from k9py.kube.health import LinkState
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.permissions import Verdict
from k9py.kube.rows import TableRow
from k9py.kube.session import Session
from k9py.kube.states import SyncState
from k9py.kube.subscription import Subscription
from k9py.resources.registry import spec_for
from k9py.sim.faults import Faults
from k9py.sim.openapi import OpenApi
from k9py.sim.server import SimServer
from k9py.sim.store import Store

OPENAPI = OpenApi()
PATIENCE = 30.0
"""Seconds before a condition that does not come about fails a test, on a machine busy with others."""


class Impatient(random.Random):
    """Draws the shortest waits, so that no test waits for a backoff."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, 0.02)


def pod(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]},
    }


class Lab:
    """A simulated server and a session on it."""

    def __init__(self, server: SimServer, session: Session) -> None:
        self.server = server
        self.session = session

    def watch(self, word: str, *namespaces: str) -> Subscription:
        """Open a view on a kind, as a pane would."""
        resource = self.session.discovery.resolve(word)
        return self.session.hub.subscribe(resource, Scope(namespaces), spec_for(resource).projection())

    async def until(self, view: Subscription, holds: Callable[[], bool]) -> None:
        """Wait for a condition, checked whenever the view wakes."""
        awake = asyncio.Event()
        view.on_wake = awake.set
        async with asyncio.timeout(PATIENCE):
            while not holds():
                awake.clear()
                view.drain()
                if holds():
                    return
                await awake.wait()

    async def live(self, view: Subscription) -> None:
        """Wait until the view is live."""
        await self.until(view, lambda: view.status.state is SyncState.LIVE)


def names(view: Subscription) -> set[str]:
    return {row.name for row in view.rows().values()}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    store = Store(SystemClock(), seed=1)
    server = await SimServer(store, openapi=OPENAPI).start()
    store.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for number in range(3):
        store.create("pods", pod(f"p{number}"))
    file = tmp_path / "kubeconfig"
    file.write_text(server.kubeconfig_text())
    session = await Session.open(Kubeconfig.load([str(file)], {}).target(), rng=Impatient())
    try:
        yield Lab(server, session)
    finally:
        await session.close()
        await server.close()


async def test_rows_come_change_and_go_as_the_objects_do(lab: Lab) -> None:
    pods = lab.watch("po", "shop")
    await lab.live(pods)
    assert names(pods) == {"p0", "p1", "p2"}
    lab.server.store.create("pods", pod("new"))
    await lab.until(pods, lambda: "new" in names(pods))
    before = pods.rows()["shop/p0"]
    lab.server.store.patch_status("pods", "shop", "p0", {"phase": "Running"})
    await lab.until(pods, lambda: pods.rows()["shop/p0"] is not before)
    assert pods.rows()["shop/p0"].uid == before.uid
    lab.server.store.delete("pods", "shop", "p1")
    await lab.until(pods, lambda: "p1" not in names(pods))


async def test_a_kind_without_columns_of_its_own_comes_as_a_table(lab: Lab) -> None:
    view = lab.watch("configmaps", "shop")
    await lab.live(view)
    lab.server.store.create(
        "configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}, "data": {"a": "b"}},
    )
    await lab.until(view, lambda: "c" in names(view))
    assert [column.name for column in view.columns] == ["Name", "Data", "Age"]
    assert isinstance(row := view.rows()["shop/c"], TableRow)
    assert row.cells[:2] == ("c", "1")


def rubbish(faults: Faults) -> None:
    faults.rubbish = True


def throttled(faults: Faults) -> None:
    faults.throttled = 1


def unauthorized(faults: Faults) -> None:
    faults.unauthorized = True


def forbidden(faults: Faults) -> None:
    faults.forbidden = {"pods"}


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (rubbish, SyncState.OFFLINE),
        (throttled, SyncState.THROTTLED),
        (unauthorized, SyncState.DENIED),
        (forbidden, SyncState.DENIED),
    ],
)
async def test_a_fault_is_shown_and_recovered_from_with_no_row_lost(
    lab: Lab, fault: Callable[[Faults], None], state: SyncState
) -> None:
    pods = lab.watch("pods", "shop")
    await lab.live(pods)
    fault(lab.server.faults)
    for watch in list(lab.server.watches):
        watch.end()
    await lab.until(pods, lambda: pods.status.state is state)
    assert names(pods) == {"p0", "p1", "p2"}
    assert pods.status.detail
    lab.server.faults.clear()
    lab.server.store.create("pods", pod("meanwhile"))
    pods.retry_now()
    await lab.until(pods, lambda: "meanwhile" in names(pods))
    await lab.live(pods)
    assert names(pods) == {"p0", "p1", "p2", "meanwhile"}


@pytest.mark.parametrize("fault", ["cut=0.05", "410=0.05", "token-410"])
async def test_rows_stay_true_while_watches_keep_failing(lab: Lab, fault: str) -> None:
    pods = lab.watch("pods", "shop")
    await lab.live(pods)
    lab.server.faults.switch(fault)
    for watch in list(lab.server.watches):
        watch.end()
    for number in range(5):
        lab.server.store.create("pods", pod(f"extra-{number}"))
        await lab.until(pods, lambda: f"extra-{number}" in names(pods))  # noqa: B023 - awaited before the next turn
        assert {"p0", "p1", "p2"} <= names(pods)
    lab.server.store.delete("pods", "shop", "p0")
    await lab.until(pods, lambda: "p0" not in names(pods))


async def test_a_server_killed_and_started_again_is_taken_up_where_it_was_left(lab: Lab) -> None:
    pods = lab.watch("pods", "shop")
    await lab.live(pods)
    port = int(lab.server.url.rpartition(":")[2])
    await lab.server.close()
    await lab.until(pods, lambda: pods.status.state is SyncState.OFFLINE)
    assert names(pods) == {"p0", "p1", "p2"}
    lab.server.store.create("pods", pod("meanwhile"))
    await lab.server.start(port=port)
    await lab.until(pods, lambda: "meanwhile" in names(pods))
    await lab.live(pods)


async def test_one_malformed_object_in_a_page_is_a_row_that_says_so(lab: Lab) -> None:
    lab.server.faults.switch("malformed=pods")
    lab.session.hub.traits.without_streaming.add("")
    pods = lab.watch("pods", "shop")
    await lab.live(pods)
    assert names(pods) == {"p0", "p1", "p2"}
    assert [row.name for row in pods.rows().values() if row.broken] == ["p0"]


async def test_a_new_kind_appears_without_a_restart(lab: Lab) -> None:
    changed = asyncio.Event()
    lab.session.discovery.on_change(changed.set)
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wd"]},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    await lab.session.transport.request(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        headers={"Content-Type": "application/json"},
        body=json.dumps(definition).encode(),
    )
    async with asyncio.timeout(PATIENCE):
        while "widgets.example.com" not in {resource.id for resource in lab.session.discovery.resources}:
            changed.clear()
            await changed.wait()
    assert lab.session.discovery.resolve("wd").kind == "Widget"


async def test_the_session_knows_the_server_and_its_own_rights(lab: Lab) -> None:
    assert (await lab.session.health.ping()).state is LinkState.LIVE
    assert await lab.session.permissions.allowed("delete", lab.session.discovery.resolve("pods"), "shop") is Verdict.YES
    assert "shop" in (await lab.session.namespaces()).names
    assert not lab.session.discovery.problems
