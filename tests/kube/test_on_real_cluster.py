"""Reading a real control plane: where it differs from the simulated one, this is right."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k9py.core.errors import Forbidden, K9Error
from k9py.core.refs import ApiResource, ObjectRef, Scope
from k9py.kube.execs import Channel, ExecResult
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.loglines import LineKind, LogOptions, LogSource
from k9py.kube.permissions import Verdict
from k9py.kube.session import Session
from k9py.kube.states import SyncState
from k9py.kube.subscription import Subscription
from k9py.resources.registry import spec_for
from tests.cluster import Cluster, ForeignCluster, available, running_cluster, shared_cluster

UNAVAILABLE = available()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(180),
]

PATIENCE = 60.0
"""Seconds for a condition to come about on a busy machine."""
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def cluster() -> Cluster | ForeignCluster:
    return shared_cluster()


class Lab:
    """A session, and a namespace of the test's own."""

    def __init__(self, session: Session, namespace: str) -> None:
        self.session = session
        self.namespace = namespace

    def kind(self, word: str) -> ApiResource:
        return self.session.discovery.resolve(word)

    def view(self, word: str) -> Subscription:
        """Open a view on a kind in our namespace, as a pane would."""
        resource = self.kind(word)
        scope = Scope((self.namespace,)) if resource.namespaced else Scope()
        return self.session.hub.subscribe(resource, scope, spec_for(resource).projection())

    async def post(self, word: str, name: str, **body: Any) -> None:
        """Create an object, again while its namespace's defaults are being made."""
        resource = self.kind(word)
        thing = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}} | body
        path = resource.gvr.path(self.namespace if resource.namespaced else "")
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.session.transport.request("POST", path, headers=JSON, body=json.dumps(thing).encode())
                except Forbidden:
                    await asyncio.sleep(0.1)  # the service account of a new namespace comes a moment later
                    continue
                return

    async def pod(self, name: str, image: str, **annotations: str) -> None:
        metadata = {"name": name, "annotations": {f"k9py.dev/{key}": value for key, value in annotations.items()}}
        await self.post("pods", name, metadata=metadata, spec={"containers": [{"name": "main", "image": image}]})

    async def delete(self, word: str, name: str) -> None:
        resource = self.kind(word)
        path = resource.gvr.path(self.namespace if resource.namespaced else "", name)
        await self.session.transport.request("DELETE", path, query=[("gracePeriodSeconds", "0")])

    async def until(self, view: Subscription, holds: Callable[[], bool]) -> None:
        """Wait for a condition, checked whenever the view wakes."""
        awake = asyncio.Event()
        view.on_wake = awake.set
        async with asyncio.timeout(PATIENCE):
            while True:
                awake.clear()
                view.drain()
                if holds():
                    return
                await awake.wait()

    async def live(self, view: Subscription) -> None:
        await self.until(view, lambda: view.status.state is SyncState.LIVE)


def names(view: Subscription) -> set[str]:
    return {row.name for row in view.rows().values()}


async def opened(kubeconfig: Path) -> Session:
    return await Session.open(Kubeconfig.load([str(kubeconfig)], dict(os.environ)).target())


@contextlib.asynccontextmanager
async def lab_on(cluster: Cluster | ForeignCluster) -> AsyncIterator[Lab]:
    session = await opened(cluster.kubeconfig)
    lab = Lab(session, f"reading-{secrets.token_hex(4)}")
    try:
        await lab.post("namespaces", lab.namespace)
        yield lab
        await lab.delete("namespaces", lab.namespace)
    finally:
        await session.close()


@pytest.fixture
async def lab(cluster: Cluster | ForeignCluster) -> AsyncIterator[Lab]:
    async with lab_on(cluster) as lab:
        yield lab


async def test_rows_come_and_go_over_a_streaming_list(lab: Lab) -> None:
    pods = lab.view("pods")
    await lab.live(pods)
    assert not lab.session.hub.traits.without_streaming, "servers since 1.34 answer streaming lists"
    await lab.pod("one", "web")
    await lab.until(pods, lambda: names(pods) == {"one"})
    await lab.delete("pods", "one")
    await lab.until(pods, lambda: not names(pods))


async def test_a_table_comes_with_columns_even_when_it_is_empty(lab: Lab) -> None:
    view = lab.view("secrets")
    await lab.live(view)
    assert [column.name for column in view.columns] == ["Name", "Type", "Data", "Age"]
    assert not view.rows()


async def test_a_new_kind_appears_with_its_columns_and_vanishes_with_its_rows(lab: Lab) -> None:
    group = f"{lab.namespace}.example.com"
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    await lab.post(
        "customresourcedefinitions",
        f"gizmos.{group}",
        spec={
            "group": group,
            "names": {"kind": "Gizmo", "plural": "gizmos", "singular": "gizmo"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": schema,
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    )
    await until_changed(lab, lambda: f"gizmos.{group}" in {entry.id for entry in lab.session.discovery.resources})
    view = lab.view(f"gizmos.{group}")
    await lab.live(view)
    await lab.post(f"gizmos.{group}", "g", spec={"size": 5})
    await lab.until(view, lambda: names(view) == {"g"})
    assert [column.name for column in view.columns][:2] == ["Name", "Size"]
    await lab.delete("customresourcedefinitions", f"gizmos.{group}")
    await lab.until(view, lambda: not names(view))
    await until_changed(lab, lambda: f"gizmos.{group}" not in {entry.id for entry in lab.session.discovery.resources})


async def until_changed(lab: Lab, holds: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    stop = lab.session.discovery.on_change(changed.set)
    async with asyncio.timeout(PATIENCE):
        while not holds():
            changed.clear()
            await changed.wait()
    stop()


async def test_one_object_is_followed_with_its_kind_and_its_events(lab: Lab) -> None:
    await lab.pod("one", "web")
    watch = lab.session.watch_object(lab.kind("pods"), lab.namespace, "one")
    awake = asyncio.Event()
    watch.on_wake = awake.set
    async with asyncio.timeout(PATIENCE):
        while not (watch.object or {}).get("spec", {}).get("nodeName"):
            await awake.wait()
            awake.clear()
            watch.drain()
    found = watch.object
    assert found is not None
    assert (found["kind"], found["apiVersion"]) == ("Pod", "v1")
    ref = ObjectRef("Pod", lab.namespace, "one", uid=found["metadata"]["uid"])
    async with asyncio.timeout(PATIENCE):  # The scheduler tells of it after it did it.
        while "Scheduled" not in {each.reason for each in await lab.session.events_for(ref)}:
            await asyncio.sleep(0.1)
    watch.close()


async def test_the_restricted_user_sees_what_is_allowed_and_reads_what_is_missing(
    cluster: Cluster | ForeignCluster,
) -> None:
    if cluster.restricted_kubeconfig is None:
        pytest.skip("the foreign cluster has no restricted user")
    session = await opened(cluster.restricted_kubeconfig)
    lab = Lab(session, "restricted")
    try:
        pods = session.hub.subscribe(lab.kind("pods"), Scope(), spec_for(lab.kind("pods")).projection())
        await lab.live(pods)
        assert pods.status.detail == "not allowed to list pods in all namespaces; showing restricted"
        found = await session.namespaces()
        assert (found.names, found.complete) == (("restricted",), False)
        assert await session.permissions.allowed("list", lab.kind("pods"), "restricted") is Verdict.YES
        assert await session.permissions.allowed("delete", lab.kind("pods"), "restricted") is Verdict.NO
        assert await session.permissions.allowed("list", lab.kind("nodes")) is Verdict.NO
    finally:
        await session.close()


async def running(lab: Lab, name: str) -> None:
    pods = lab.view("pods")
    phase = {"phase": ""}

    def is_running() -> bool:
        row = pods.rows().get(f"{lab.namespace}/{name}")
        phase["phase"] = getattr(row, "phase", "")
        return phase["phase"] == "Running"

    await lab.until(pods, is_running)
    pods.close()


async def test_a_log_is_followed_through_crashes_without_a_line_twice_or_lost(
    lab: Lab, cluster: Cluster | ForeignCluster
) -> None:
    ours_only(cluster)
    lives = {"log-lines-per-second": "10", "run-for": "2s", "restart-delay": "1s"}
    await lab.pod("crasher", "crash:1", **lives)
    feed = lab.session.open_logs(LogOptions(), [LogSource(lab.namespace, "crasher", "main")])
    awake = asyncio.Event()
    feed.on_wake = awake.set
    lines: list[str] = []
    notes: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not any("run 2: serving" in text for text in lines):
            awake.clear()
            for line in feed.drain():
                (lines if line.kind is LineKind.TEXT else notes).append(line.text)
            await awake.wait()
    starts = [text for text in lines if "starting" in text]
    assert [text.rpartition("run ")[2] for text in starts] == ["0: starting", "1: starting", "2: starting"]
    assert any("restarted" in text for text in notes)
    for end in ("run 1", "run 2"):
        start = next(index for index, text in enumerate(lines) if f"{end}: starting" in text)
        assert "exit code 1" in lines[start - 1], "the last words of the instance before"


async def test_a_command_gives_its_outputs_and_its_exit_status(lab: Lab, cluster: Cluster | ForeignCluster) -> None:
    ours_only(cluster)
    await lab.pod("one", "web")
    await running(lab, "one")
    command = ["sh", "-c", "echo out; echo err >&2; exit 7"]
    async with await lab.session.open_exec(lab.namespace, "one", command, container="main", tty=False) as session:
        assert session.protocol == "v5.channel.k8s.io"
        pieces = {}
        while (piece := await session.read()) is not None:
            pieces[piece[0]] = piece[1]
        assert pieces == {Channel.STDOUT: b"out\n", Channel.STDERR: b"err\n"}
        assert session.result is not None
        assert session.result.code == 7
    async with await lab.session.open_exec(lab.namespace, "one", ["cat"], container="main", tty=False) as session:
        await session.write(b"to the end\n")
        assert await session.read() == (Channel.STDOUT, b"to the end\n")
        assert await session.close_input()
        assert await session.read() is None
        assert session.result == ExecResult(0)


@pytest.fixture
def own_cluster() -> Iterator[Cluster | ForeignCluster]:
    with running_cluster() as running:
        yield running


async def test_neither_a_killed_api_server_nor_an_expired_version_costs_a_row(
    own_cluster: Cluster | ForeignCluster,
) -> None:
    ours_only(own_cluster)
    async with lab_on(own_cluster) as lab:
        await lab.post("configmaps", "kept")
        view = lab.view("configmaps")
        await lab.until(view, lambda: "kept" in names(view))
        await asyncio.to_thread(own_cluster.stop_component, "kube-apiserver")
        try:
            await lab.until(view, lambda: view.status.state is SyncState.OFFLINE)
            assert "kept" in names(view)
        finally:
            await asyncio.to_thread(own_cluster.start_component, "kube-apiserver")
        await lab.live(view)
        assert "kept" in names(view)
        for _ in range(50):
            try:
                await lab.post("configmaps", "after")
                break
            except K9Error:
                await asyncio.sleep(0.2)
        await lab.until(view, lambda: "after" in names(view))
        # The new server's memory starts at its start: everything before is too old for it.
        (reflector,) = (each for each in lab.session.hub.reflectors if each.source.path.endswith("/configmaps"))
        states: list[SyncState] = []
        reflector.observers.append(lambda: states.append(reflector.status.state))
        reflector._version = "1"
        reflector.reconnect()
        await lab.until(view, lambda: SyncState.RELISTING in states and view.status.state is SyncState.LIVE)
        assert {"kept", "after"} <= names(view)
        assert int(reflector.version) > 1


def ours_only(cluster: Cluster | ForeignCluster) -> None:
    if isinstance(cluster, ForeignCluster):
        pytest.skip("needs nodes and parts of our own cluster")
