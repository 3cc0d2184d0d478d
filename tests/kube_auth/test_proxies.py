"""Proxies: CONNECT and SOCKS5, from the kubeconfig and from the environment."""

from __future__ import annotations

import base64
import importlib
import socket
from typing import Any

import pytest
from aiohttp import web

from k9py.core.errors import KubeconfigError, TlsError, Unreachable
from k9py.kube.proxy import proxy_for, shown
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.pki import Pki
from tests.kube_auth.servers import api_server, connect_proxy, socks_proxy
from tests.kube_auth.test_tls import b64, trusting

AWAY = "https://kube.example:6443"
"""A server only the proxy can reach: nothing here resolves the name."""


async def answer(request: web.Request) -> web.StreamResponse:
    if request.path != "/socket":
        return web.Response(headers={"Connection": "close"})
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    await ws.send_bytes(b"hi")
    await ws.close()
    return ws


async def all_three(transport: Any) -> None:
    assert (await transport.request("GET", "/x")).status == 200
    async with transport.stream("GET", "/x") as stream:
        assert stream.status == 200
    async with transport.websocket("/socket", protocols=[]) as ws:
        assert await ws.receive() == b"hi"


@pytest.mark.parametrize("kind", [connect_proxy, socks_proxy])
async def test_requests_streams_and_websockets_go_through_the_proxy_of_the_kubeconfig(
    connect: Connect, config: ConfigFile, pki: Pki, kind: Any
) -> None:
    async with api_server(answer, tls=pki.server_context(pki.named)) as server, kind(server.port) as proxy:
        transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": proxy.url}).target())
        await all_three(transport)
    assert proxy.asked == ["kube.example:6443"] * 3
    assert server.server_names == ["kube.example"] * 3


@pytest.mark.parametrize("kind", [connect_proxy, socks_proxy])
async def test_a_tls_server_name_and_a_client_certificate_hold_through_a_proxy(
    connect: Connect, config: ConfigFile, pki: Pki, kind: Any
) -> None:
    config.user = {"client-certificate-data": b64(pki.client.cert), "client-key-data": b64(pki.client.key)}
    async with api_server(answer, tls=pki.server_context(pki.named)) as server, kind(server.port) as proxy:
        more = {"proxy-url": proxy.url, "tls-server-name": "kube.example"}
        transport = await connect(trusting(config, pki, "https://10.1.2.3:6443", **more).target())
        await all_three(transport)
    assert proxy.asked == ["10.1.2.3:6443"] * 3
    assert server.server_names == ["kube.example"] * 3
    assert {seen.client_name for seen in server.seen} == {"alice"}


@pytest.mark.parametrize("kind", [connect_proxy, socks_proxy])
async def test_a_wrong_certificate_behind_a_proxy_is_explained(
    connect: Connect, config: ConfigFile, pki: Pki, kind: Any
) -> None:
    async with api_server(tls=pki.server_context()) as server, kind(server.port) as proxy:
        transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": proxy.url}).target())
        with pytest.raises(TlsError, match=r"is not for kube\.example"):
            await transport.request("GET", "/x")


async def test_user_and_password_of_a_proxy_url_are_sent(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(answer, tls=pki.server_context(pki.named)) as server:
        async with connect_proxy(server.port) as http:
            url = http.url.replace("//", "//ann:s3cret@")
            transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": url}).target())
            await transport.request("GET", "/x")
        async with socks_proxy(server.port, password="s3cret") as socks:
            url = socks.url.replace("//", "//ann:s3cret@")
            transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": url}).target())
            await transport.request("GET", "/x")
    assert http.credentials == ["Basic " + base64.b64encode(b"ann:s3cret").decode()]
    assert socks.credentials == ["ann:s3cret"]


async def test_a_proxy_that_refuses_is_explained_without_its_password(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    async with connect_proxy(1, refuse="407 Proxy Authentication Required") as proxy:
        url = proxy.url.replace("//", "//ann:s3cret@")
        transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": url}).target())
        with pytest.raises(Unreachable, match="refuses to connect: HTTP 407") as caught:
            await transport.request("GET", "/x")
        assert "proxy-url" in caught.value.remedy
        assert "s3cret" not in caught.value.with_remedy()
    async with socks_proxy(1, password="other") as proxy:
        url = proxy.url.replace("//", "//ann:s3cret@")
        transport = await connect(trusting(config, pki, AWAY, **{"proxy-url": url}).target())
        with pytest.raises(Unreachable, match=r"The proxy socks5://127\.0\.0\.1:\d+ cannot be reached") as caught:
            await transport.request("GET", "/x")
        assert "s3cret" not in caught.value.with_remedy()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there_is_named_without_its_password(
    connect: Connect, config: ConfigFile, scheme: str
) -> None:
    with socket.socket() as deaf:  # Bound, so that nobody listens there meanwhile.
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        url = f"{scheme}://ann:s3cret@127.0.0.1:{port}"
        transport = await connect(config.write(**{"server": AWAY, "proxy-url": url}).target())
        told = rf"The proxy {scheme}://127\.0\.0\.1:{port} cannot be reached"
        with pytest.raises(Unreachable, match=told) as caught:
            await transport.request("GET", "/x")
    assert "s3cret" not in caught.value.with_remedy()


async def test_a_socks_proxy_without_the_extra_says_what_to_install(
    connect: Connect, config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name == "aiohttp_socks":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    target = config.write(**{"server": AWAY, "proxy-url": "socks5://ann:s3cret@127.0.0.1:1"}).target()
    transport = await connect(target)
    with pytest.raises(KubeconfigError, match="speaks SOCKS, and aiohttp-socks is not installed") as caught:
        await transport.request("GET", "/x")
    assert "pip install 'k9py[socks]'" in caught.value.remedy
    assert "s3cret" not in caught.value.with_remedy()


async def test_the_proxy_of_the_environment_is_used_and_the_kubeconfigs_wins(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    async with (
        api_server(answer, tls=pki.server_context(pki.named)) as server,
        connect_proxy(server.port) as outer,
        connect_proxy(server.port) as own,
    ):
        transport = await connect(trusting(config, pki, AWAY).target({"HTTPS_PROXY": outer.url}))
        await transport.request("GET", "/x")
        more = {"proxy-url": own.url}
        transport = await connect(trusting(config, pki, AWAY, **more).target({"HTTPS_PROXY": outer.url}))
        await transport.request("GET", "/x")
    assert (outer.asked, own.asked) == (["kube.example:6443"], ["kube.example:6443"])


PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("server", "environ", "expected"),
    [
        ("https://kube.example", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://kube.example", {"https_proxy": PROXY}, PROXY),
        ("https://kube.example", {"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ("https://kube.example", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, ""),
        ("http://kube.example", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://kube.example", {"HTTPS_PROXY": PROXY}, ""),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://localhost", {"HTTPS_PROXY": PROXY}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": PROXY}, ""),
        ("https://kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, ""),
        ("https://kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.b, kube.example"}, ""),
        ("https://api.kube.example", {"HTTPS_PROXY": PROXY, "no_proxy": "kube.example"}, ""),
        ("https://api.kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": ".kube.example"}, ""),
        ("https://api.kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*.kube.example"}, ""),
        ("https://kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": ".kube.example"}, PROXY),
        ("https://mykube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "kube.example"}, PROXY),
        ("https://kube.example:6443", {"HTTPS_PROXY": PROXY, "NO_PROXY": "kube.example:6443"}, ""),
        ("https://kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "kube.example:443"}, ""),
        ("https://kube.example:6443", {"HTTPS_PROXY": PROXY, "NO_PROXY": "kube.example:443"}, PROXY),
        ("https://10.1.2.3", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://11.1.2.3", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, PROXY),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.1.2.3:6443"}, ""),
        ("https://[fd00::1]", {"HTTPS_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, ""),
        ("https://kube.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": " ,"}, PROXY),
    ],
)
def test_the_environment_is_read_as_kubectl_reads_it(server: str, environ: dict[str, str], expected: str) -> None:
    assert proxy_for(server, "", environ) == expected


def test_the_kubeconfigs_proxy_counts_even_where_no_proxy_excludes_the_server() -> None:
    assert proxy_for("https://kube.example", PROXY, {"NO_PROXY": "*"}) == PROXY


@pytest.mark.parametrize("url", ["ftp://ann:s3cret@proxy", "proxy:3128", "http://"])
def test_a_proxy_url_that_cannot_be_used_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(KubeconfigError, match="proxy-url is not a proxy k9py can use") as caught:
        proxy_for("https://kube.example", url, {})
    assert "s3cret" not in caught.value.with_remedy()


def test_a_proxy_is_shown_without_user_and_password() -> None:
    assert shown("http://ann:s3cret@proxy:3128") == PROXY
