"""Token files, the kubeconfig changing on disk under a running session, and what a refused login says."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from aiohttp import web

from k9py.core.clock import ManualClock
from k9py.core.errors import AuthExpired, CredentialError, LinkError
from k9py.kube import incluster
from k9py.kube.credentials import TOKEN_FILE_PERIOD
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.transport import CONFIG_PERIOD
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.pki import Pki
from tests.kube_auth.servers import ApiServer, api_server, status
from tests.kube_auth.test_tls import b64, trusting


def only(token: list[str], server: list[ApiServer]) -> object:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {token[0]}":
            return status(401, "Unauthorized", "Unauthorized")
        return web.json_response({})

    return answer


async def test_a_token_file_wins_over_a_token_and_its_newline_is_dropped(connect: Connect, config: ConfigFile) -> None:
    (config.path.parent / "token").write_text("from-file\n")
    config.user = {"token": "inline", "tokenFile": "token"}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer from-file"]


async def test_the_debug_log_names_each_request_and_none_of_its_credentials(
    connect: Connect, config: ConfigFile, caplog: pytest.LogCaptureFixture
) -> None:
    config.user = {"token": "S3CRET"}
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target())
        with caplog.at_level("DEBUG"):
            await transport.request("GET", "/x", query=[("labelSelector", "a=S3CRET")], headers={"X-Extra": "S3CRET"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("k9py"))
    assert "GET /x: 200 in " in ours
    assert "S3CRET" not in ours


async def test_a_token_file_is_read_again_each_minute(connect: Connect, config: ConfigFile, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    config.user = {"tokenFile": str(token)}
    clock = ManualClock()
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        await transport.request("GET", "/x")
        token.write_text("two")
        await clock.advance(TOKEN_FILE_PERIOD - 1)
        await transport.request("GET", "/x")
        await clock.advance(1)
        await transport.request("GET", "/x")
    assert TOKEN_FILE_PERIOD == 60
    assert server.tokens == ["Bearer one", "Bearer one", "Bearer two"]


async def test_a_token_file_is_read_again_at_once_after_a_401(
    connect: Connect, config: ConfigFile, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    config.user = {"tokenFile": str(token)}

    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] == "Bearer old":
            token.write_text("new\n")
            return status(401, "Unauthorized", "Unauthorized")
        return web.json_response({})

    async with api_server(answer) as server:
        transport = await connect(config.write(server=server.url).target(), clock=ManualClock())
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read"), ("", "holds no token"), ("a\nb", "holds no token")]
)
async def test_a_token_file_without_a_token_is_named(
    connect: Connect, config: ConfigFile, tmp_path: Path, content: str | None, message: str
) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    config.user = {"tokenFile": str(token)}
    transport = await connect(config.write(server="http://127.0.0.1:1").target())
    with pytest.raises(CredentialError, match=f"Token file {token} {message}"):
        await transport.request("GET", "/x")


async def test_a_refused_static_token_is_sent_once_and_reported(connect: Connect, config: ConfigFile) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return status(401, "Unauthorized", "Unauthorized")

    config.user = {"token": "SECRET"}
    async with api_server(refuse) as server:
        transport = await connect(config.write(server=server.url).target())
        with pytest.raises(AuthExpired, match="refuses user 'u': Unauthorized") as caught:
            await transport.request("GET", "/x")
    assert len(server.seen) == 1
    assert "SECRET" not in caught.value.with_remedy()


async def test_a_401_without_any_user_says_that_there_is_none(connect: Connect, config: ConfigFile) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return status(401, "Unauthorized", "Unauthorized")

    config.context = {"cluster": "c"}
    async with api_server(refuse) as server:
        transport = await connect(config.write(server=server.url).target())
        with pytest.raises(AuthExpired, match="a request without credentials") as caught:
            await transport.request("GET", "/x")
    assert "names no user" in caught.value.remedy


async def test_a_token_replaced_in_the_kubeconfig_is_used_soon(connect: Connect, config: ConfigFile) -> None:
    clock = ManualClock()
    async with api_server() as server:
        config.user = {"token": "one"}
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        await transport.request("GET", "/x")
        config.user = {"token": "two"}
        config.write()
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer one", "Bearer two"]


async def test_a_401_reads_the_kubeconfig_at_once(connect: Connect, config: ConfigFile) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] == "Bearer one":
            config.user = {"token": "two"}
            config.write()
            return status(401, "Unauthorized", "Unauthorized")
        return web.json_response({})

    async with api_server(answer) as server:
        config.user = {"token": "one"}
        transport = await connect(config.write(server=server.url).target(), clock=ManualClock())
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer one", "Bearer two"]


async def test_a_server_and_authority_replaced_in_the_kubeconfig_are_followed(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    clock = ManualClock()
    async with api_server() as old, api_server(tls=pki.server_context()) as new:
        transport = await connect(config.write(server=old.url).target(), clock=clock)
        await transport.request("GET", "/x")
        trusting(config, pki, new.url)
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
    assert (len(old.seen), len(new.seen)) == (1, 1)


async def test_a_stream_outlives_the_change_of_the_connection_it_began_on(connect: Connect, config: ConfigFile) -> None:
    go_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one\n")
        await go_on.wait()
        await response.write(b"two\n")
        return response

    clock = ManualClock()
    async with api_server(slow) as old, api_server() as new:
        transport = await connect(config.write(server=old.url).target(), clock=clock)
        async with transport.stream("GET", "/x") as stream:
            chunks = stream.chunks()
            assert await anext(chunks) == b"one\n"
            config.write(server=new.url)
            await clock.advance(CONFIG_PERIOD)
            await transport.request("GET", "/x")
            go_on.set()
            assert await anext(chunks) == b"two\n"
    assert len(new.seen) == 1


async def test_closing_also_closes_the_connections_that_were_replaced(connect: Connect, config: ConfigFile) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    clock = ManualClock()
    async with api_server(endless) as old, api_server() as new:
        transport = await connect(config.write(server=old.url).target(), clock=clock)
        async with transport.stream("GET", "/x") as stream:
            config.write(server=new.url)
            await clock.advance(CONFIG_PERIOD)
            await transport.request("GET", "/x")
            await transport.close()
            with pytest.raises(LinkError):
                await anext(stream.chunks())


async def test_a_current_context_moved_by_another_program_moves_nothing(connect: Connect, config: ConfigFile) -> None:
    clock = ManualClock()
    async with api_server() as server:
        config.user = {"token": "one"}
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        text = config.path.read_text().replace('"current-context": "k"', '"current-context": "elsewhere"')
        config.path.write_text(text)
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
    assert server.tokens == ["Bearer one"]
    assert (transport.target.context, transport.config_problem) == ("k", "")


async def test_a_vanished_context_is_told_and_the_session_goes_on(connect: Connect, config: ConfigFile) -> None:
    clock = ManualClock()
    token = ["one"]

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {token[0]}":
            return status(401, "Unauthorized", "Unauthorized")
        return web.json_response({})

    async with api_server(answer) as server:
        config.user = {"token": "one"}
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        config.path.write_text(config.path.read_text().replace('"name": "k"', '"name": "renamed"'))
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
        assert transport.config_problem == f"There is no context 'k' in {config.path}"
        token[0] = "another"
        with pytest.raises(AuthExpired) as caught:
            await transport.request("GET", "/x")
    assert "There is no context 'k'" in caught.value.remedy


async def test_a_kubeconfig_half_written_is_told_until_it_is_whole_again(connect: Connect, config: ConfigFile) -> None:
    clock = ManualClock()
    async with api_server() as server:
        config.user = {"token": "one"}
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        whole = config.path.read_text()
        config.path.write_text(whole[:100])
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
        assert "not YAML" in transport.config_problem
        config.path.write_text(whole.replace("one", "two"))
        await clock.advance(CONFIG_PERIOD)
        await transport.request("GET", "/x")
    assert transport.config_problem == ""
    assert server.tokens == ["Bearer one", "Bearer two"]


async def test_a_kubeconfig_that_is_as_it_was_after_being_broken_is_no_problem_any_more(
    connect: Connect, config: ConfigFile
) -> None:
    clock = ManualClock()
    async with api_server() as server:
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        whole = config.path.read_text()
        for text in (whole[:100], whole):
            config.path.write_text(text)
            await clock.advance(CONFIG_PERIOD)
            await transport.request("GET", "/x")
            assert bool(transport.config_problem) is (text != whole)


async def test_a_rewrite_of_the_same_contents_is_no_change(config: ConfigFile) -> None:
    source = config.write(server="http://127.0.0.1:1").target().source
    assert source is not None
    other = config.path.with_name("other")
    other.write_bytes(config.path.read_bytes())
    os.replace(other, config.path)
    assert not source.changed()
    config.path.write_text(config.path.read_text() + "\n# a comment\n")
    assert source.changed()


async def test_a_service_account_connects_from_inside_a_pod(
    connect: Connect, tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (
        ("token", "pod-token\n"),
        ("namespace", "shop"),
        ("ca.crt", pki.authority.root.cert.decode()),
    ):
        (tmp_path / name).write_text(content)
    async with api_server(tls=pki.server_context()) as server:
        environ = {
            "HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }  # fmt: skip
        monkeypatch.setattr(incluster, "SERVICE_ACCOUNT", tmp_path)
        target = Kubeconfig.load(None, environ).target()
        assert Kubeconfig.load(None, environ).target(target.context) == target
        clock = ManualClock()
        transport = await connect(target, clock=clock)
        await transport.request("GET", "/x")
        (tmp_path / "token").write_text("renewed")
        await clock.advance(60)
        await transport.request("GET", "/x")
    assert (target.context, target.namespace) == ("in-cluster", "shop")
    assert server.tokens == ["Bearer pod-token", "Bearer renewed"]


async def test_the_authority_of_the_kubeconfig_is_used_again_after_it_was_rotated(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    clock = ManualClock()
    async with api_server(tls=pki.server_context()) as server:
        wrong = {"certificate-authority-data": b64(pki.stranger.root.cert)}
        transport = await connect(config.write(server=server.url, **wrong).target(), clock=clock)
        with pytest.raises(Exception, match="unknown authority"):
            await transport.request("GET", "/x")
        trusting(config, pki, server.url)
        await clock.advance(CONFIG_PERIOD)
        assert (await transport.request("GET", "/x")).status == 200
