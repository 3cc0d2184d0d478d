"""OIDC: tokens used while they last, refreshed over verified TLS, written back to the file they came from."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml
from aiohttp import web

from k9py.core.clock import ManualClock, SystemClock
from k9py.core.errors import KubeconfigError, OidcError
from k9py.kube import files
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.oidc import OidcSource, token_expiry
from k9py.kube.target import OidcConfig, Target
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.pki import Pki
from tests.kube_auth.servers import ApiServer, api_server, connect_proxy, status
from tests.kube_auth.test_tls import b64

NOW = 1_700_000_000.0
# Its base64url form has both characters that plain base64 does not know.
ODD_CLAIM = "»?»~ÿÿ>>?"


def jwt(expires: float, name: str = "t") -> str:
    payload = json.dumps({"exp": expires, "name": name, "odd": ODD_CLAIM}, ensure_ascii=False).encode()
    parts = (b'{"alg":"none"}', payload, b"sig")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@dataclass
class Provider:
    """An identity provider that hands out numbered tokens and keeps what it was asked."""

    server: ApiServer
    lifetime: float = 3600.0
    clock: Any = field(default_factory=SystemClock)
    discovery: dict[str, Any] = field(default_factory=dict)
    refusal: tuple[int, Any] | None = None
    rotates: bool = True
    given: int = 0
    without_id_token: bool = False

    @property
    def forms(self) -> list[dict[str, str]]:
        """What was posted to the token endpoint."""
        posts = [seen for seen in self.server.seen if seen.method == "POST"]
        return [{key: values[0] for key, values in parse_qs(seen.body.decode()).items()} for seen in posts]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/.well-known/openid-configuration":
            return web.json_response(
                {"issuer": self.server.url, "token_endpoint": f"{self.server.url}/token"} | self.discovery
            )
        if self.refusal:
            code, body = self.refusal
            return (
                web.json_response(body, status=code) if isinstance(body, dict) else web.Response(text=body, status=code)
            )
        self.given += 1
        token = jwt(self.clock.now() + self.lifetime, f"issued-{self.given}")
        tokens = {} if self.without_id_token else {"id_token": token}
        return web.json_response(tokens | ({"refresh_token": f"refresh-{self.given}"} if self.rotates else {}))


@contextlib.asynccontextmanager
async def provider(tls: Any) -> AsyncIterator[Provider]:
    async with api_server(tls=tls) as server:
        it = Provider(server)
        server.handler = it.answer
        yield it


def entry(idp: Provider, pki: Pki | None, **more: Any) -> dict[str, Any]:
    fields = {
        "idp-issuer-url": idp.server.url, "client-id": "k9", "refresh-token": "refresh-0",
        "id-token": jwt(time.time() - 10, "expired"),
    } | more  # fmt: skip
    if pki is not None:
        fields["idp-certificate-authority-data"] = b64(pki.authority.root.cert)
    return {"auth-provider": {"name": "oidc", "config": {key: value for key, value in fields.items() if value}}}


def saved(config: ConfigFile) -> dict[str, str]:
    document = yaml.safe_load(config.path.read_text())
    tokens: dict[str, str] = document["users"][0]["user"]["auth-provider"]["config"]
    return tokens


def name_in(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["name"])


def test_the_expiry_of_a_token_with_url_safe_characters_is_read() -> None:
    token = jwt(1234.5)
    assert "-" in token
    assert "_" in token
    assert token_expiry(token) == 1234.5
    assert [token_expiry(text) for text in ("", "a.b", "a.!!!.c", "a.bm8.c", "a.e30.c")] == [None] * 5


async def test_a_token_that_lasts_is_sent_and_the_provider_left_alone(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    token = jwt(time.time() + 600)
    async with api_server() as server, provider(pki.server_context()) as idp:
        config.user = entry(idp, pki, **{"id-token": token})
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
    assert server.tokens == [f"Bearer {token}"]
    assert idp.server.seen == []


@pytest.mark.parametrize("as_file", [True, False])
async def test_an_expired_token_is_refreshed_over_verified_tls_and_written_back(
    connect: Connect, config: ConfigFile, pki: Pki, as_file: bool
) -> None:
    async with api_server() as server, provider(pki.server_context()) as idp:
        more = {"idp-certificate-authority": "idp-ca.crt"} if as_file else {}
        (config.path.parent / "idp-ca.crt").write_bytes(pki.authority.root.cert)
        config.user = entry(idp, None if as_file else pki, **more)
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
        await transport.request("GET", "/x")
    assert idp.forms == [{"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "k9"}]
    tokens = saved(config)
    assert (name_in(tokens["id-token"]), tokens["refresh-token"]) == ("issued-1", "refresh-1")
    assert server.tokens == [f"Bearer {tokens['id-token']}"] * 2
    assert transport.target.source is not None
    assert not transport.target.source.changed()


async def test_a_provider_of_an_unknown_authority_gets_no_token(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with provider(pki.server_context()) as idp:
        config.user = entry(idp, None)
        transport = await connect(config.write(server="http://127.0.0.1:1").target())
        with pytest.raises(OidcError, match="signed by an unknown authority") as caught:
            await transport.request("GET", "/x")
    assert "idp-certificate-authority-data" in caught.value.remedy
    assert idp.server.seen == []


@pytest.mark.parametrize("url", ["http://idp.example", "https://idp.example"])
async def test_a_refresh_token_is_never_sent_in_the_clear(config: ConfigFile, pki: Pki, url: str) -> None:
    async with provider(pki.server_context()) as idp:
        issuer = url if url.startswith("http:") else idp.server.url
        idp.discovery = {"token_endpoint": "http://idp.example/token"}
        oidc = OidcConfig(issuer, "k9", refresh_token="r", ca_data=pki.authority.root.cert)
        source = OidcSource(oidc, Target("k", "c", "u", "d", "https://k"), SystemClock())
        with pytest.raises(OidcError, match=r"http://idp\.example does not use TLS"):
            await source.fetch(may_prompt=True)
    assert idp.forms == []


@pytest.mark.parametrize(
    ("methods", "basic"), [(None, True), (["client_secret_basic"], True), (["client_secret_post"], False)]
)
async def test_a_client_secret_is_sent_the_way_the_provider_asks(
    pki: Pki, methods: list[str] | None, basic: bool
) -> None:
    async with provider(pki.server_context()) as idp:
        if methods:
            idp.discovery = {"token_endpoint_auth_methods_supported": methods}
        oidc = OidcConfig(
            idp.server.url, "k9", client_secret="s/e:c", refresh_token="r", ca_data=pki.authority.root.cert
        )
        await OidcSource(oidc, Target("k", "c", "u", "d", "https://k"), SystemClock()).fetch(may_prompt=True)
    expected = "Basic " + base64.b64encode(b"k9:s%2Fe%3Ac").decode() if basic else ""
    assert idp.server.tokens[-1] == expected
    secret = {} if basic else {"client_id": "k9", "client_secret": "s/e:c"}
    assert idp.forms == [{"grant_type": "refresh_token", "refresh_token": "r"} | secret]


async def test_a_refresh_token_that_is_not_rotated_is_kept(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server() as server, provider(pki.server_context()) as idp:
        idp.rotates = False
        config.user = entry(idp, pki)
        transport = await connect(config.write(server=server.url).target())
        await transport.request("GET", "/x")
    assert saved(config)["refresh-token"] == "refresh-0"


async def test_the_token_is_refreshed_again_when_it_expires(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    clock = ManualClock(NOW)
    async with api_server() as server, provider(pki.server_context()) as idp:
        idp.clock = clock
        config.user = entry(idp, pki, **{"id-token": jwt(NOW + 100, "first")})
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        for seconds in (0, 89, 1, 3600):
            await clock.advance(seconds)
            await transport.request("GET", "/x")
    assert [name_in(token.removeprefix("Bearer ")) for token in server.tokens] == [
        "first", "first", "issued-1", "issued-2",
    ]  # fmt: skip


async def test_a_401_refreshes_a_token_that_had_not_expired(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async def answer(request: web.Request) -> web.Response:
        if "issued" in name_in(request.headers["Authorization"].removeprefix("Bearer ")):
            return web.json_response({})
        return status(401, "Unauthorized", "Unauthorized")

    async with api_server(answer) as server, provider(pki.server_context()) as idp:
        config.user = entry(idp, pki, **{"id-token": jwt(time.time() + 600, "revoked")})
        transport = await connect(config.write(server=server.url).target())
        await asyncio.gather(*(transport.request("GET", "/x") for _ in range(5)))
    assert idp.given == 1


async def test_a_token_another_program_refreshed_is_adopted_instead_of_refreshing_again(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    clock = ManualClock(NOW)
    async with api_server() as server, provider(pki.server_context()) as idp:
        config.user = entry(idp, pki, **{"id-token": jwt(NOW + 100, "first")})
        transport = await connect(config.write(server=server.url).target(), clock=clock)
        await transport.request("GET", "/x")
        config.user = entry(idp, pki, **{"id-token": jwt(NOW + 9000, "kubectl's"), "refresh-token": "theirs"})
        config.write()
        await clock.advance(100)
        await transport.request("GET", "/x")
    assert name_in(server.tokens[-1].removeprefix("Bearer ")) == "kubectl's"
    assert (idp.given, saved(config)["refresh-token"]) == (0, "theirs")


async def test_a_token_refreshed_on_disk_spares_the_provider_and_its_single_use_refresh_token(
    config: ConfigFile, pki: Pki
) -> None:
    async with provider(pki.server_context()) as idp:
        config.user = entry(idp, pki)
        target = config.write(server="http://127.0.0.1:1").target()
        assert target.login.oidc is not None
        source = OidcSource(target.login.oidc, target, SystemClock())
        theirs = jwt(time.time() + 900, "theirs")
        config.user = entry(idp, pki, **{"id-token": theirs, "refresh-token": "theirs"})
        config.write()
        grant = await source.fetch(may_prompt=True)
    assert grant.authorization == f"Bearer {theirs}"
    assert idp.server.seen == []


async def test_a_refresh_lost_to_another_program_in_the_same_moment_adopts_its_token(
    config: ConfigFile, pki: Pki
) -> None:
    async with provider(pki.server_context()) as idp:
        config.user = entry(idp, pki)
        target = config.write(server="http://127.0.0.1:1").target()
        assert target.login.oidc is not None
        source = OidcSource(target.login.oidc, target, SystemClock())
        theirs = jwt(time.time() + 900, "theirs")

        async def too_late(request: web.Request) -> web.StreamResponse:
            if request.method == "POST":
                config.user = entry(idp, pki, **{"id-token": theirs, "refresh-token": "used-up-ours"})
                config.write()
                idp.refusal = (400, {"error": "invalid_grant"})
            return await idp.answer(request)

        idp.server.handler = too_late
        grant = await source.fetch(may_prompt=True)
    assert grant.authorization == f"Bearer {theirs}"


async def test_tokens_are_written_to_the_file_that_has_the_user(
    connect: Connect, config: ConfigFile, pki: Pki, tmp_path: Path
) -> None:
    users = tmp_path / "users.yaml"
    async with api_server() as server, provider(pki.server_context()) as idp:
        users.write_text(yaml.safe_dump({"users": [{"name": "u", "user": entry(idp, pki)}]}))
        config.write(server=server.url)
        first = yaml.safe_load(config.path.read_text()) | {"users": []}
        config.path.write_text(json.dumps(first))
        before = config.path.read_bytes()
        environ = {"KUBECONFIG": f"{config.path}{os.pathsep}{users}"}
        transport = await connect(Kubeconfig.load(None, environ).target())
        await transport.request("GET", "/x")
    assert config.path.read_bytes() == before
    assert "refresh-1" in users.read_text()


async def test_a_kubeconfig_that_cannot_be_written_keeps_the_session_going(
    connect: Connect, config: ConfigFile, pki: Pki, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_server() as server, provider(pki.server_context()) as idp:
        config.user = entry(idp, pki)
        transport = await connect(config.write(server=server.url).target())
        # A lock somebody left behind stands for any reason a file cannot be written.
        config.path.with_name("config.lock").write_text("")
        monkeypatch.setattr(files, "LOCK_WAIT", 0.0)
        await transport.request("GET", "/x")
    assert name_in(server.tokens[0].removeprefix("Bearer ")) == "issued-1"
    assert saved(config)["refresh-token"] == "refresh-0"
    assert "refreshed OIDC token not saved" in caplog.text
    assert "issued" not in caplog.text


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            (400, {"error": "invalid_grant", "error_description": "expired"}),
            "refuses the refresh token: invalid_grant: expired",
        ),
        ((500, "SECRET oops"), "refuses the refresh token: HTTP 500"),
        ((200, "SECRET is no JSON"), "answer to a refresh is not JSON"),
    ],
)
async def test_a_refusal_of_the_provider_is_explained(
    connect: Connect, config: ConfigFile, pki: Pki, refusal: tuple[int, Any], message: str
) -> None:
    async with provider(pki.server_context()) as idp:
        idp.refusal = refusal
        config.user = entry(idp, pki, **{"refresh-token": "SECRET-refresh"})
        transport = await connect(config.write(server="http://127.0.0.1:1").target())
        with pytest.raises(OidcError, match=message) as caught:
            await transport.request("GET", "/x")
    assert caught.value.remedy
    assert "SECRET" not in caught.value.with_remedy() + repr(caught.value.__cause__)


async def test_an_answer_without_an_id_token_names_the_scope(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with provider(pki.server_context()) as idp:
        idp.without_id_token = True
        config.user = entry(idp, pki)
        transport = await connect(config.write(server="http://127.0.0.1:1").target())
        with pytest.raises(OidcError, match="sent no ID token") as caught:
            await transport.request("GET", "/x")
    assert "openid" in caught.value.remedy


async def test_an_expired_token_without_a_refresh_token_asks_to_log_in(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    async with provider(pki.server_context()) as idp:
        config.user = entry(idp, pki, **{"refresh-token": ""})
        transport = await connect(config.write(server="http://127.0.0.1:1").target())
        with pytest.raises(OidcError, match="there is no refresh token") as caught:
            await transport.request("GET", "/x")
    assert "Log in again" in caught.value.remedy


async def test_the_provider_is_reached_through_the_proxy_of_the_environment(pki: Pki) -> None:
    idp_context = pki.server_context(pki.named)
    async with provider(idp_context) as idp, connect_proxy(idp.server.port) as proxy:
        idp.discovery = {"token_endpoint": "https://kube.example/token"}
        oidc = OidcConfig("https://kube.example/", "k9", refresh_token="r", ca_data=pki.authority.root.cert)
        target = Target("k", "c", "u", "d", "https://k", environ={"HTTPS_PROXY": proxy.url})
        await OidcSource(oidc, target, SystemClock()).fetch(may_prompt=True)
    assert set(proxy.asked) == {"kube.example:443"}
    assert idp.given == 1


@pytest.mark.parametrize(
    ("provider_entry", "message"),
    [
        ({"name": "gcp"}, "auth-provider 'gcp' is not supported"),
        ({"name": "oidc", "config": {"client-id": "k9"}}, "the oidc auth-provider needs idp-issuer-url"),
        ({"name": "oidc", "config": {"idp-issuer-url": "https://i"}}, "the oidc auth-provider needs client-id"),
    ],
)
def test_an_entry_that_cannot_work_names_file_and_line(
    config: ConfigFile, provider_entry: dict[str, Any], message: str
) -> None:
    config.user = {"auth-provider": provider_entry}
    with pytest.raises(KubeconfigError, match=message) as caught:
        config.write(server="https://kube.example").target()
    assert str(caught.value).startswith(f"{config.path}:")
