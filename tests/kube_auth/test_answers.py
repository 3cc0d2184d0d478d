"""The server's clock, read from its answers; and what importing costs."""

from __future__ import annotations

import subprocess
import sys
from email.utils import formatdate

import pytest
from aiohttp import web

from k9py.core.clock import ManualClock
from k9py.kube.answers import SkewMeter, retry_after_of
from k9py.kube.target import Target
from tests.kube_auth.conftest import Connect
from tests.kube_auth.servers import api_server

NOW = 1_700_000_000.0


def date(moment: float) -> str:
    return formatdate(moment, usegmt=True)


def test_no_skew_is_claimed_while_the_clocks_may_agree() -> None:
    meter = SkewMeter()
    for moment in (NOW + 0.1, NOW + 0.95, NOW + 7.5):
        meter.note(date(int(moment)), moment, moment + 0.01)
    assert meter.skew == 0.0


@pytest.mark.parametrize("skew", [-3600.0, -7.25, 42.5])
def test_many_answers_pin_a_skew_down(skew: float) -> None:
    meter = SkewMeter()
    for step in range(40):
        sent = NOW + step * 1.37
        meter.note(date(int(sent + 0.005 + skew)), sent, sent + 0.01)
    assert meter.skew == pytest.approx(skew, abs=0.05)


def test_a_clock_that_is_set_is_followed() -> None:
    meter = SkewMeter()
    meter.note(date(NOW + 60), NOW, NOW)
    meter.note(date(NOW), NOW + 0.5, NOW + 0.5)
    assert meter.skew == 0.0
    meter.note("not a date", NOW, NOW)
    assert meter.skew == 0.0


async def test_the_transport_learns_the_skew_from_requests(connect: Connect) -> None:
    async def ahead(request: web.Request) -> web.Response:
        return web.json_response({}, headers={"Date": date(NOW + 90)})

    async with api_server(ahead) as server:
        transport = await connect(Target("k", "c", "u", "d", server.url), clock=ManualClock(NOW))
        assert transport.clock_skew == 0.0
        await transport.request("GET", "/x")
    assert transport.clock_skew == 90.5


@pytest.mark.parametrize(
    ("value", "seconds"), [("", None), ("12", 12.0), (date(NOW + 5), 5.0), (date(NOW - 5), 0.0), ("soon", None)]
)
def test_retry_after_holds_seconds_or_a_date(value: str, seconds: float | None) -> None:
    headers = {"Retry-After": value} if value else {}
    assert retry_after_of(headers, NOW) == seconds


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    return set(out.stdout.split())


@pytest.mark.parametrize("module", ["kubeconfig", "kubeconfig_edit", "aio", "target"])
def test_importing_it_loads_neither_kubernetes_nor_aiohttp(module: str) -> None:
    loaded = loaded_after(f"import k9py.kube.{module}")
    assert not loaded & {"kubernetes", "aiohttp", "pydantic", "textual"}
    assert f"k9py.kube.{module}" in loaded


def test_preloading_loads_what_a_connection_needs() -> None:
    loaded = loaded_after("import asyncio, k9py.kube.aio as aio\nasyncio.run(aio.preload())")
    assert {"kubernetes.aio.client.api_client", "k9py.kube.transport"} <= loaded
