"""The proxy does what it is told, before the simulated server; before the real one it is used by others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from k9py.core.clock import SystemClock
from k9py.core.errors import AuthExpired, LinkError, RubbishError, TooManyRequests
from k9py.kube.aio import connect
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.wire import Transport
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from tests.faultproxy import Act, Asked, FaultProxy
from tests.ui.harness import namespace, pod

PODS = "/api/v1/namespaces/shop/pods"
WATCH = (("watch", "true"), ("resourceVersion", "1"))


class Way:
    """A client, the proxy before it, and the server behind that."""

    def __init__(self, client: Transport, proxy: FaultProxy, server: SimServer) -> None:
        self.client = client
        self.proxy = proxy
        self.server = server

    async def names(self) -> list[str]:
        answer = await self.client.request("GET", PODS)
        return [item["metadata"]["name"] for item in json.loads(answer.body)["items"]]


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    server = await SimServer(Store(SystemClock())).start()
    server.store.create("namespaces", namespace("shop"))
    server.store.create("pods", pod("a"))
    config, through = tmp_path / "sim", tmp_path / "through"
    config.write_text(server.kubeconfig_text())
    async with FaultProxy.before(config, tmp_path / "authority") as proxy:
        through.write_text(proxy.kubeconfig())
        client = await connect(Kubeconfig.load(through, {}).target(), clock=SystemClock())
        yield Way(client, proxy, server)
        await client.close()
    await server.close()


async def test_what_is_asked_and_answered_passes_as_it_is(way: Way) -> None:
    assert await way.names() == ["a"]
    (asked,) = way.proxy.asked
    assert (asked.method, asked.path, asked.is_write, asked.is_watch) == ("GET", PODS, False, False)


async def test_a_watch_passes_line_by_line_and_is_cut_when_it_is_told_to(way: Way) -> None:
    async with way.client.stream("GET", PODS, query=WATCH) as stream:
        chunks = stream.chunks()
        assert b'"ADDED"' in await anext(chunks)
        way.server.store.create("pods", pod("b"))
        assert b'"b"' in await anext(chunks)
        way.proxy.cut()
        with pytest.raises(LinkError):
            await anext(chunks)


async def test_each_refusal_comes_instead_of_the_answer_until_it_is_switched_off(way: Way) -> None:
    faults = way.proxy.faults
    faults.throttled = 7.0
    with pytest.raises(TooManyRequests) as throttled:
        await way.names()
    assert throttled.value.retry_after == 7.0
    faults.throttled, faults.unauthorized = None, True
    with pytest.raises(AuthExpired):
        await way.names()
    faults.unauthorized, faults.rubbish = False, True
    with pytest.raises(RubbishError):
        await way.names()
    faults.only = "/services"
    assert await way.names() == ["a"]
    way.proxy.clear()
    assert await way.names() == ["a"]


async def test_one_object_of_a_list_is_made_to_fit_nothing(way: Way) -> None:
    way.proxy.faults.malformed = True
    answer = await way.client.request("GET", PODS)
    assert json.loads(answer.body)["items"][0]["spec"]["containers"] == 17


async def test_a_version_too_old_is_an_event_of_the_watch(way: Way) -> None:
    way.proxy.faults.gone = True
    async with way.client.stream("GET", PODS, query=WATCH) as stream:
        event = json.loads(await anext(stream.chunks()))
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_silence_holds_requests_until_it_ends(way: Way) -> None:
    way.proxy.stall()
    asking = asyncio.create_task(way.names())
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    way.proxy.resume()
    assert await asking == ["a"]


@pytest.mark.parametrize(("act", "carried_out"), [(Act.CUT, False), (Act.LOSE, True)])
async def test_a_write_is_cut_before_or_after_the_server_carried_it_out(way: Way, act: Act, carried_out: bool) -> None:
    async def meddle(asked: Asked) -> Act:
        return act if asked.is_write else Act.PASS

    way.proxy.faults.meddle = meddle
    with pytest.raises(LinkError):
        await way.client.request("POST", PODS, body=json.dumps(pod("b")).encode())
    assert (way.server.store.find("pods", "shop", "b") is not None) is carried_out


async def test_who_comes_while_it_is_down_is_refused_and_later_served_at_the_same_place(way: Way) -> None:
    port = way.proxy.port
    await way.proxy.down()
    with pytest.raises(LinkError, match="refused"):
        await way.names()
    await way.proxy.up()
    assert way.proxy.port == port
    assert await way.names() == ["a"]
