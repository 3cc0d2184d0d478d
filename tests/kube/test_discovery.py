from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from k9py.core.clock import ManualClock
from k9py.core.errors import ApiError, RubbishError, Unreachable, UsageError
from k9py.kube.discovery import Discovery
from k9py.kube.hub import Hub
from tests.kube.fakes import Answer, Asked, FakeStream, FakeTransport, HighestRandom, event, listing, settle

SERVER = "https://cluster.example:6443"


def resource(plural: str, kind: str, *short: str, **more: Any) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "v1", "kind": kind},
        "scope": "Namespaced",
        "singularResource": kind.lower(),
        "verbs": ["get", "list", "watch"],
        "shortNames": list(short),
        **more,
    }


def group(name: str, *versions: tuple[str, list[dict[str, Any]]], stale: bool = False) -> dict[str, Any]:
    freshness = "Stale" if stale else "Current"
    return {
        "metadata": {"name": name},
        "versions": [{"version": version, "resources": found, "freshness": freshness} for version, found in versions],
    }


def document(*groups: dict[str, Any]) -> bytes:
    return json.dumps(
        {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}
    ).encode()


SUBS = {"subresources": [{"subresource": "log", "verbs": ["get"]}]}
CORE = document(group("", ("v1", [resource("pods", "Pod", "po", categories=["all"], **SUBS)])))
APPS = group("apps", ("v1", [resource("deployments", "Deployment", "deploy")]))
METRICS = group("metrics.k8s.io", ("v1beta1", [resource("pods", "PodMetrics")]))
WIDGETS = group("example.com", ("v1", [resource("widgets", "Widget", "wd")]))


class Server:
    """Answers discovery with what it has, and watches of CRDs."""

    def __init__(self, *groups: dict[str, Any]) -> None:
        self.groups = list(groups)
        self.error: BaseException | None = None
        self.crds: FakeStream | None = None
        self.transport = FakeTransport(handler=self._answer)

    @property
    def refreshes(self) -> int:
        return sum(asked.path == "/apis" for asked in self.transport.asked)

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/api":
            return self.error or CORE
        if asked.path == "/apis":
            return self.error or document(*self.groups)
        if asked.streamed:
            self.crds = FakeStream()
            return self.crds
        return listing(version=5, kind="PartialObjectMetadataList")


def crd(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


def discovery_on(server: Server, cache: Path | None = None) -> Discovery:
    return Discovery(server.transport, server=SERVER, clock=ManualClock(), cache_dir=cache)


async def test_two_requests_tell_every_kind_of_a_server_with_aggregated_discovery() -> None:
    server = Server(APPS)
    discovery = discovery_on(server)
    assert await discovery.refresh()
    assert [asked.path for asked in server.transport.asked] == ["/api", "/apis"]
    assert "as=APIGroupDiscoveryList" in server.transport.asked[0].headers["Accept"]
    pods = discovery.resolve("po")
    assert (pods.kind, pods.namespaced, pods.subresources) == ("Pod", True, frozenset({"log"}))
    assert pods.categories == ("all",)
    assert discovery.resolve("deploy").id == "deployments.apps"


async def test_a_server_without_it_is_asked_group_by_group_and_one_that_fails_is_told() -> None:
    plain = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": "autoscaling",
                    "versions": [
                        {"groupVersion": "autoscaling/v1", "version": "v1"},
                        {"groupVersion": "autoscaling/v2", "version": "v2"},
                    ],
                    "preferredVersion": {"groupVersion": "autoscaling/v2", "version": "v2"},
                },
                {
                    "name": "metrics.k8s.io",
                    "versions": [{"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}],
                },
            ],
        },
        "/api/v1": {
            "resources": [
                {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"], "shortNames": ["po"]},
                {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
                {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": ["list"]},
            ]
        },
    }
    scaler = {"name": "horizontalpodautoscalers", "kind": "HorizontalPodAutoscaler", "namespaced": True, "verbs": []}
    plain |= {f"/apis/autoscaling/{version}": {"resources": [scaler]} for version in ("v1", "v2")}

    def answer(asked: Asked) -> Answer:
        if asked.path in plain:
            return json.dumps(plain[asked.path]).encode()
        return ApiError.of(503, "the server is currently unable to handle the request")

    discovery = Discovery(FakeTransport(handler=answer), server=SERVER, clock=ManualClock(), cache_dir=None)
    await discovery.refresh()
    assert discovery.resolve("po").subresources == {"log"}
    assert not discovery.resolve("nodes").namespaced
    assert discovery.resolve("horizontalpodautoscaler").gvr.version == "v2"
    assert list(discovery.problems) == ["metrics.k8s.io/v1beta1"]


async def test_a_group_that_stops_answering_keeps_its_kinds_and_is_told() -> None:
    server = Server(APPS, METRICS)
    discovery = discovery_on(server)
    await discovery.refresh()
    server.groups = [APPS, group("metrics.k8s.io", ("v1beta1", []), stale=True)]
    assert await discovery.refresh()
    assert discovery.resolve("podmetrics").gvr.group == "metrics.k8s.io"
    assert discovery.problems == {"metrics.k8s.io/v1beta1": "the aggregated API server does not answer"}


async def test_a_page_instead_of_the_api_is_rubbish() -> None:
    transport = FakeTransport(handler=lambda asked: b"<html>welcome</html>")
    discovery = Discovery(transport, server=SERVER, clock=ManualClock(), cache_dir=None)
    with pytest.raises(RubbishError, match="cannot be read"):
        await discovery.refresh()


async def test_listeners_hear_of_changes_and_only_of_those() -> None:
    server = Server(APPS)
    discovery = discovery_on(server)
    heard: list[int] = []
    stop = discovery.on_change(lambda: heard.append(len(discovery.resources)))
    await discovery.refresh()
    assert not await discovery.refresh()
    server.groups.append(WIDGETS)
    await discovery.refresh()
    stop()
    server.groups.clear()
    await discovery.refresh()
    assert heard == [2, 3]


async def test_questions_at_the_same_time_are_one_question() -> None:
    server = Server(APPS)
    discovery = discovery_on(server)
    await asyncio.gather(*(discovery.refresh() for _ in range(5)))
    assert server.refreshes == 1


async def test_the_cache_is_used_without_a_request_and_kept_per_server(tmp_path: Path) -> None:
    await discovery_on(Server(APPS), tmp_path).refresh()
    later = Server()
    cached = discovery_on(later, tmp_path)
    assert await cached.load()
    assert cached.resolve("deploy").verbs == {"get", "list", "watch"}
    assert not later.transport.asked
    assert cached.refreshed_at == 0
    elsewhere = Discovery(later.transport, server="https://other", clock=ManualClock(), cache_dir=tmp_path)
    assert not await elsewhere.load()


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"format": 99, "server": "x", "every": []}', b"[]"])
async def test_a_broken_cache_is_ignored_and_written_again(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await discovery_on(Server(APPS), tmp_path).refresh()
    (file,) = (tmp_path / "discovery").iterdir()
    file.write_bytes(damage)
    discovery = discovery_on(Server(APPS), tmp_path)
    assert not await discovery.load()
    await discovery.refresh()
    assert await discovery_on(Server(), tmp_path).load()
    if b"format" not in damage:
        assert "ignored" in caplog.text


async def test_a_cache_that_cannot_be_written_is_only_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "discovery").write_text("a file where the directory should be")
    assert await discovery_on(Server(APPS), tmp_path).refresh()
    assert "not written" in caplog.text


async def test_an_unknown_word_asks_the_server_once_more() -> None:
    server = Server(APPS)
    discovery = discovery_on(server)
    await discovery.refresh()
    server.groups.append(WIDGETS)
    assert [found.id for found in await discovery.resolve_fresh("wd")] == ["widgets.example.com"]
    assert server.refreshes == 2
    with pytest.raises(UsageError):
        await discovery.resolve_fresh("nonsense")


class Following:
    """A discovery that follows a server until left."""

    def __init__(self, server: Server) -> None:
        self.clock = ManualClock()
        self.server = server
        self.discovery = Discovery(server.transport, server=SERVER, clock=self.clock, cache_dir=None)
        self.hub = Hub(server.transport, clock=self.clock, rng=HighestRandom())
        self.hub.traits.without_streaming.add("apiextensions.k8s.io")

    async def __aenter__(self) -> Following:
        self._task = asyncio.create_task(self.discovery.follow(self.hub))
        await settle(self.clock)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.hub.close()

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await settle(self.clock)


async def test_a_new_crd_appears_about_a_second_later_and_a_deleted_one_vanishes() -> None:
    async with Following(Server(APPS)) as run:
        assert run.server.refreshes == 1
        assert run.server.crds is not None
        run.server.groups.append(WIDGETS)
        run.server.crds.send(event("ADDED", crd("widgets.example.com", 6)))
        await run.advance(1.0)
        assert run.discovery.resolve("widget").id == "widgets.example.com"
        run.server.groups.remove(WIDGETS)
        run.server.crds.send(event("DELETED", crd("widgets.example.com", 7)))
        await run.advance(1.0)
        with pytest.raises(UsageError):
            run.discovery.resolve("widget")
        assert run.server.refreshes == 3


async def test_a_crd_made_while_the_session_opened_is_found() -> None:
    server = Server(APPS)
    plain = server._answer

    def answer(asked: Asked) -> Answer:
        if "customresource" in asked.path and not asked.streamed:
            server.groups.append(WIDGETS)
            return listing(crd("widgets.example.com", 4), version=5, kind="PartialObjectMetadataList")
        return plain(asked)

    server.transport = FakeTransport(handler=answer)
    following = Following(server)
    await following.discovery.refresh()
    async with following as run:
        await run.advance(1.0)
        assert run.discovery.resolve("widget").id == "widgets.example.com"
        assert server.refreshes == 2


async def test_a_crd_that_is_served_late_is_looked_for_again() -> None:
    async with Following(Server(APPS)) as run:
        assert run.server.crds is not None
        run.server.crds.send(event("ADDED", crd("widgets.example.com", 6)))
        await run.advance(1.0)
        run.server.groups.append(WIDGETS)
        await run.advance(4.0)
        assert run.discovery.resolve("widget").id == "widgets.example.com"


async def test_where_crds_may_not_be_watched_the_server_is_asked_each_minute() -> None:
    server = Server(APPS)
    plain = server._answer

    def answer(asked: Asked) -> Answer:
        return ApiError.of(403, "no") if "customresource" in asked.path else plain(asked)

    server.transport = FakeTransport(handler=answer)
    async with Following(server) as run:
        await run.advance(59)
        assert server.refreshes == 1
        await run.advance(2)
        assert server.refreshes == 2


async def test_a_refresh_that_fails_in_the_background_keeps_what_is_known(caplog: pytest.LogCaptureFixture) -> None:
    async with Following(Server(APPS)) as run:
        run.server.error = Unreachable("refused")
        await run.advance(601)
        assert run.server.refreshes == 2
        assert run.discovery.resolve("deploy").id == "deployments.apps"
    assert "refused" in caplog.text
