"""Requests, streams and sockets: what is sent, what comes back, what every failure turns into."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import socket

import pytest
from aiohttp import WSMsgType, web

from k9py import __version__
from k9py.core.clock import ManualClock
from k9py.core.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    LinkError,
    NotFound,
    RubbishError,
    ServerError,
    Stalled,
    TooManyRequests,
    Unreachable,
)
from k9py.core.refs import Gvr
from k9py.kube import transport as transport_module
from k9py.kube.target import Target
from k9py.kube.transport import MAX_REQUESTS
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.servers import api_server, status


def plain(url: str) -> Target:
    return Target(context="k", cluster="c", user="u", namespace="default", server=url)


async def test_a_request_carries_path_query_agent_and_accept(connect: Connect) -> None:
    async with api_server() as server:
        transport = await connect(plain(server.url))
        answer = await transport.request(
            "GET", Gvr("", "v1", "pods").path("shop"), query=[("labelSelector", "a in (b,c)"), ("limit", "5")]
        )
    (seen,) = server.seen
    assert (answer.status, json.loads(answer.body)) == (200, {"kind": "Fine"})
    assert seen.path == "/api/v1/namespaces/shop/pods"
    assert seen.query == "labelSelector=a in (b,c)&limit=5"
    assert seen.headers["User-Agent"] == f"k9py/{__version__}"
    assert seen.headers["Accept"] == "application/json"
    assert "Authorization" not in seen.headers


async def test_a_server_url_with_a_path_keeps_it(connect: Connect) -> None:
    async with api_server() as server:
        transport = await connect(plain(f"{server.url}/k8s/clusters/c-1"))
        await transport.request("GET", "/version")
    assert server.seen[0].path == "/k8s/clusters/c-1/version"


async def test_names_with_odd_characters_reach_the_server_as_they_are(connect: Connect) -> None:
    name = "system:node proxier?#ü"
    async with api_server() as server:
        transport = await connect(plain(server.url))
        await transport.request("GET", Gvr("rbac.authorization.k8s.io", "v1", "clusterroles").path(name=name))
    assert server.seen[0].path.endswith(f"/clusterroles/{name}")
    assert server.seen[0].query == ""


@pytest.mark.parametrize(
    "content_type",
    ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"],
)
async def test_a_body_goes_out_byte_for_byte_under_its_own_content_type(connect: Connect, content_type: str) -> None:
    body = b'{"replicas":  3, "n": 1.0}'
    async with api_server() as server:
        transport = await connect(plain(server.url))
        await transport.request("PATCH", "/x", headers={"Content-Type": content_type}, body=body)
    assert server.seen[0].body == body
    assert server.seen[0].headers["Content-Type"] == content_type


async def test_compression_is_asked_for_except_on_loopback_and_where_the_kubeconfig_forbids_it(
    connect: Connect, config: ConfigFile
) -> None:
    big = gzip.compress(b"x" * 100_000)

    async def zipped(request: web.Request) -> web.Response:
        return web.Response(body=big, headers={"Content-Encoding": "gzip"})

    async with api_server(zipped) as server:
        # Any name serves: the environment's proxy is the server itself, so that nothing is resolved.
        away = "http://kube.example"
        for fields in ({"server": server.url}, {"server": away}, {"server": away, "disable-compression": True}):
            config.cluster = dict(fields)
            transport = await connect(config.write().target({"HTTP_PROXY": server.url}))
            answer = await transport.request("GET", "/x")
            assert len(answer.body) == 100_000
    assert [seen.headers["Accept-Encoding"] for seen in server.seen] == ["identity", "gzip", "identity"]


async def test_basic_authentication_is_sent(connect: Connect, config: ConfigFile) -> None:
    async with api_server() as server:
        config.user = {"username": "ann", "password": "pässword"}
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
    scheme, value = server.tokens[0].split()
    assert (scheme, base64.b64decode(value).decode()) == ("Basic", "ann:pässword")


async def test_impersonation_sends_user_groups_uid_and_extra(connect: Connect, config: ConfigFile) -> None:
    async with api_server() as server:
        config.user = {
            "token": "t", "as": "jane", "as-uid": "u-1", "as-groups": ["dev", "ops"],
            "as-user-extra": {"example.com/Scope": ["a", "b"]},
        }  # fmt: skip
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
        async with transport.stream("GET", "/y"):
            pass
    for seen in server.seen:
        assert seen.headers["Impersonate-User"] == "jane"
        assert seen.headers.getall("Impersonate-Group") == ["dev", "ops"]
        assert seen.headers["Impersonate-Uid"] == "u-1"
        assert seen.headers.getall("Impersonate-Extra-example.com%2fscope") == ["a", "b"]


async def test_never_more_than_twenty_plain_requests_are_in_flight_and_streams_are_apart(
    connect: Connect,
) -> None:
    gate, arrived = asyncio.Event(), asyncio.Semaphore(0)

    async def held(request: web.Request) -> web.StreamResponse:
        if request.path == "/watch":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"{}\n")
            return response
        arrived.release()
        await gate.wait()
        return web.json_response({})

    async with api_server(held) as server:
        transport = await connect(plain(server.url))
        tasks = [asyncio.create_task(transport.request("GET", f"/{index}")) for index in range(30)]
        for _ in range(MAX_REQUESTS):
            await arrived.acquire()
        async with transport.stream("GET", "/watch") as stream:
            assert [chunk async for chunk in stream.chunks()] == [b"{}\n"]
        assert len([seen for seen in server.seen if seen.path != "/watch"]) == MAX_REQUESTS == 20
        gate.set()
        await asyncio.gather(*tasks)
    assert len(server.seen) == 31


async def test_a_hundred_and_twenty_open_watches_leave_room_for_requests(connect: Connect) -> None:
    over = asyncio.Event()

    async def watch(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if request.path == "/watch":
            await over.wait()
        return response

    async with api_server(watch) as server, contextlib.AsyncExitStack() as stack:
        transport = await connect(plain(server.url))
        for _ in range(120):
            await stack.enter_async_context(transport.stream("GET", "/watch"))
        assert (await transport.request("GET", "/x", timeout=30)).status == 200
        over.set()


async def test_a_cancelled_request_gives_its_place_back(connect: Connect) -> None:
    arrived = asyncio.Semaphore(0)

    async def held(request: web.Request) -> web.StreamResponse:
        arrived.release()
        if request.path == "/hang":
            await asyncio.Event().wait()
        return web.json_response({})

    async with api_server(held) as server:
        transport = await connect(plain(server.url))
        tasks = [asyncio.create_task(transport.request("GET", "/hang")) for _ in range(MAX_REQUESTS)]
        for _ in tasks:
            await arrived.acquire()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await transport.request("GET", "/free")).status == 200


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (403, "Forbidden", Forbidden), (404, "NotFound", NotFound), (409, "Conflict", Conflict),
        (410, "Expired", Gone), (422, "Invalid", Invalid), (500, "InternalError", ServerError),
        (503, "ServiceUnavailable", ServerError), (405, "MethodNotAllowed", ApiError),
    ],
)  # fmt: skip
async def test_a_status_becomes_the_error_of_its_code(
    connect: Connect, code: int, reason: str, kind: type[ApiError]
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        causes = [{"field": "spec.replicas", "message": "must be positive", "reason": "FieldValueInvalid"}]
        return status(code, reason, "said so", causes=causes)

    async with api_server(refuse) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(ApiError, match=r"^said so$") as caught:
            await transport.request("GET", "/x")
        with pytest.raises(ApiError, match=r"^said so$"):
            async with transport.stream("GET", "/x"):
                pass
        with pytest.raises(ApiError, match=r"^said so$") as from_socket:
            async with transport.websocket("/x", protocols=["v5.channel.k8s.io"]):
                pass
    assert type(caught.value) is kind is type(from_socket.value)
    assert (caught.value.status, caught.value.reason) == (code, reason)
    assert caught.value.causes[0].field == "spec.replicas"


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"}, {}, 30.0),
        ({}, {}, None),
    ],
)
async def test_a_429_says_how_long_to_wait(
    connect: Connect, headers: dict[str, str], details: dict[str, int], seconds: float | None
) -> None:
    async def busy(request: web.Request) -> web.Response:
        answer = status(429, "TooManyRequests", "slow down", **details)
        answer.headers.update(headers)
        return answer

    async with api_server(busy) as server:
        transport = await connect(plain(server.url), clock=ManualClock(1_700_000_000.0))
        with pytest.raises(TooManyRequests) as caught:
            await transport.request("GET", "/x")
    assert caught.value.retry_after == seconds


LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head></html>"


@pytest.mark.parametrize("code", [200, 403, 404])
async def test_a_web_page_is_called_rubbish_and_named(connect: Connect, code: int) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=LOGIN_PAGE, content_type="text/html", status=code)

    async with api_server(page) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(RubbishError, match="is not the Kubernetes API") as caught:
            await transport.request("GET", "/api/v1/pods")
        with pytest.raises(RubbishError):
            async with transport.websocket("/api/v1/pods", protocols=["v5.channel.k8s.io"]):
                pass
    assert "check server" in caught.value.remedy


async def test_a_page_behind_a_service_proxy_path_is_no_rubbish(connect: Connect) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=LOGIN_PAGE, content_type="text/html")

    async with api_server(page) as server:
        transport = await connect(plain(server.url))
        answer = await transport.request("GET", "/api/v1/namespaces/m/services/http:grafana:80/proxy/")
    assert answer.body.decode() == LOGIN_PAGE


async def test_a_gateway_page_with_502_is_a_server_error_that_may_pass(connect: Connect) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html><title>Bad Gateway</title>", content_type="text/html", status=502)

    async with api_server(page) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(ServerError, match="HTTP 502 from a proxy before the API: Bad Gateway"):
            await transport.request("GET", "/x")


async def test_an_error_without_end_is_read_no_further_than_needed(connect: Connect) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"oops " * 1000)

    async with api_server(endless) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(ServerError, match="HTTP 500: oops oops") as caught:
            await transport.request("GET", "/x", timeout=30)
    assert len(str(caught.value)) < 300


async def test_a_redirect_is_not_followed_and_its_query_not_shown(connect: Connect) -> None:
    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound("https://login.example/start?ticket=SECRET")

    async with api_server(redirect) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(RubbishError, match=r"redirects to https://login\.example/start instead") as caught:
            await transport.request("GET", "/x")
    assert "SECRET" not in caught.value.with_remedy()
    assert len(server.seen) == 1


async def _raw_server(answer: bytes) -> tuple[asyncio.Server, str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_something_that_is_not_http_is_rubbish(connect: Connect) -> None:
    server, url = await _raw_server(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    async with server:
        transport = await connect(plain(url))
        with pytest.raises(RubbishError, match="does not speak HTTP"):
            await transport.request("GET", "/x")


async def test_an_answer_cut_in_the_middle_is_unreachable(connect: Connect) -> None:
    server, url = await _raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    async with server:
        transport = await connect(plain(url))
        with pytest.raises(Unreachable, match="cut off"):
            await transport.request("GET", "/x")


async def test_a_connection_closed_without_an_answer_is_unreachable(connect: Connect) -> None:
    server, url = await _raw_server(b"")
    async with server:
        transport = await connect(plain(url))
        with pytest.raises(Unreachable, match="the connection broke"):
            await transport.request("GET", "/x")


@pytest.mark.parametrize(
    ("method", "query", "times"),
    [("PUT", (), 1), ("DELETE", (), 1), ("POST", (), 1), ("PATCH", (), 1), ("GET", (), 2),
     ("DELETE", [("dryRun", "All")], 2)],
)  # fmt: skip
async def test_a_write_whose_connection_broke_is_never_sent_again(
    connect: Connect, method: str, query: list[tuple[str, str]], times: int
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with api_server(cut) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(Unreachable, match=r"connection (broke|reset)"):
            await transport.request(method, "/x", query=query)
        assert len(server.seen) == times


async def test_a_refused_connection_asks_whether_the_cluster_runs(connect: Connect) -> None:
    with socket.socket() as deaf:  # Bound, so that nobody listens there meanwhile.
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        transport = await connect(plain(f"http://127.0.0.1:{port}"))
        with pytest.raises(Unreachable, match=rf"^127\.0\.0\.1:{port}: connection refused$") as caught:
            await transport.request("GET", "/x")
    assert "running?" in caught.value.remedy


async def test_a_name_that_does_not_resolve_is_named(connect: Connect) -> None:
    transport = await connect(plain("http://kube.invalid"))
    with pytest.raises(Unreachable, match=r"the name kube\.invalid does not resolve"):
        await transport.request("GET", "/x")


async def _silent(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def test_no_answer_within_the_limit_is_stalled(connect: Connect) -> None:
    async with api_server(_silent) as server:
        transport = await connect(plain(server.url))
        with pytest.raises(Stalled, match=r"no answer within 0\.05 s"):
            await transport.request("GET", "/x", timeout=0.05)


async def test_the_request_timeout_of_the_command_line_wins(connect: Connect) -> None:
    async with api_server(_silent) as server:
        target = Target("k", "c", "u", "default", server.url, request_timeout=0.05)
        transport = await connect(target)
        with pytest.raises(Stalled, match=r"no answer within 0\.05 s"):
            await transport.request("GET", "/x", timeout=50)


async def test_a_stream_silent_for_too_long_is_stalled_after_what_it_sent(connect: Connect) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one\n")
        await asyncio.Event().wait()
        return response

    async with api_server(trickle) as server:
        transport = await connect(plain(server.url))
        chunks = []

        async def read() -> None:
            async with transport.stream("GET", "/x", inactivity=1.0) as stream:
                async for chunk in stream.chunks():
                    chunks.append(chunk)

        with pytest.raises(Stalled, match=r"nothing came for 1 s"):
            await read()
    assert b"".join(chunks) == b"one\n"


async def test_a_line_of_eight_megabytes_streams_through(connect: Connect) -> None:
    line = b"x" * (8 * 1024 * 1024) + b"\n"

    async def long_line(request: web.Request) -> web.Response:
        return web.Response(body=line)

    async with api_server(long_line) as server:
        transport = await connect(plain(server.url))
        async with transport.stream("GET", "/x") as stream:
            assert b"".join([chunk async for chunk in stream.chunks()]) == line


async def test_leaving_a_stream_early_closes_its_connection(connect: Connect) -> None:
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x\n")
                await asyncio.sleep(0.001)
        except (ConnectionError, asyncio.CancelledError):
            gone.set()
            raise

    async with api_server(endless) as server:
        transport = await connect(plain(server.url))

        async def read_for_ever() -> None:
            async with transport.stream("GET", "/x") as stream:
                async for _ in stream.chunks():
                    started.set()

        started = asyncio.Event()
        task = asyncio.create_task(read_for_ever())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(30):
            await gone.wait()


async def test_a_websocket_carries_binary_messages_and_the_chosen_protocol(connect: Connect) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.BINARY
            await socket.send_bytes(b"\x01" + message.data)
            await socket.send_str("\x03bye")
            await socket.close()
        return socket

    async with api_server(echo) as server:
        transport = await connect(plain(server.url))
        protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
        async with transport.websocket("/x", query=[("command", "a"), ("command", "b")], protocols=protocols) as it:
            await it.send(b"hello")
            assert it.protocol == "v4.channel.k8s.io"
            assert [await it.receive() for _ in range(3)] == [b"\x01hello", b"\x03bye", None]
            with pytest.raises(Unreachable):
                await it.send(b"too late")
    assert server.seen[0].query == "command=a&command=b"


async def test_a_server_that_answers_200_instead_of_a_websocket_is_rubbish(connect: Connect) -> None:
    async with api_server() as server:
        transport = await connect(plain(server.url))
        with pytest.raises(RubbishError, match="does not open a WebSocket"):
            async with transport.websocket("/x", protocols=["v5.channel.k8s.io"]):
                pass


async def _raw_websocket(first: bytes) -> tuple[asyncio.Server, str]:
    """Serve a WebSocket that sends some bytes and then answers nothing, not even a ping."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        lines = [b"HTTP/1.1 101 Switching", b"Upgrade: websocket", b"Connection: Upgrade"]
        writer.write(b"\r\n".join([*lines, b"Sec-WebSocket-Accept: " + accept, b"", b""]) + first)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_websocket_whose_peer_no_longer_answers_pings_is_unreachable(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "HEARTBEAT", 0.05)
    server, url = await _raw_websocket(b"\x82\x02hi")
    async with server:
        transport = await connect(plain(url))
        async with transport.websocket("/x", protocols=[]) as it:
            assert await it.receive() == b"hi"
            with pytest.raises(Unreachable):
                await it.receive()


async def test_bytes_that_are_no_websocket_message_are_rubbish(connect: Connect) -> None:
    server, url = await _raw_websocket(b"\xff\xff\xff\xff")
    async with server:
        transport = await connect(plain(url))
        async with transport.websocket("/x", protocols=[]) as it:
            with pytest.raises(RubbishError, match="none of its messages"):
                await it.receive()


async def test_a_closed_transport_refuses_requests_and_ends_those_under_way(connect: Connect) -> None:
    arrived = asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with api_server(held) as server:
        transport = await connect(plain(server.url))
        waiting = asyncio.create_task(transport.request("GET", "/x"))
        await arrived.wait()
        await transport.close()
        with pytest.raises(LinkError):
            await waiting
        with pytest.raises(LinkError, match="session is closed"):
            await transport.request("GET", "/x")
    assert len(server.seen) == 1


async def test_a_websocket_that_breaks_is_unreachable(connect: Connect) -> None:
    async def drop(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    async with api_server(drop) as server:
        transport = await connect(plain(server.url))
        async with transport.websocket("/x", protocols=[]) as it:
            with pytest.raises(Unreachable):
                await it.receive()
