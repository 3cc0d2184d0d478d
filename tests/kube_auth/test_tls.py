"""Certificates, both ways: what is verified, what is shown, and what is said when either is refused."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from k9py.core.errors import KubeconfigError, Stalled, TlsError
from k9py.kube.overrides import Overrides
from tests.kube_auth.conftest import ConfigFile, Connect
from tests.kube_auth.pki import Pki, openssl
from tests.kube_auth.servers import api_server, strict_tls_server


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def trusting(config: ConfigFile, pki: Pki, url: str, **cluster: Any) -> ConfigFile:
    return config.write(server=url, **{"certificate-authority-data": b64(pki.authority.root.cert)} | cluster)


async def test_authority_and_certificate_given_as_data_connect(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    config.user = {
        "client-certificate-data": b64(pki.client.cert),
        "client-key-data": b64(pki.client.key),
    }
    async with api_server(tls=pki.server_context()) as server:
        transport = await connect(trusting(config, pki, server.url).target())
        await transport.request("GET", "/x")
    assert server.seen[0].client_name == "alice"


async def test_a_tls_cluster_without_any_user_is_asked_anonymously(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    config.context = {"cluster": "c"}
    async with api_server(tls=pki.server_context()) as server:
        transport = await connect(trusting(config, pki, server.url).target())
        await transport.request("GET", "/x")
    assert (server.tokens, server.seen[0].client_name) == ([""], "")


async def test_files_relative_to_the_kubeconfig_connect(
    connect: Connect, config: ConfigFile, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = config.path.parent
    for name, content in (("ca.crt", pki.authority.root.cert), ("me.crt", pki.client.cert), ("me.key", pki.client.key)):
        (here / name).write_bytes(content)
    config.user = {"client-certificate": "me.crt", "client-key": "./me.key"}
    monkeypatch.chdir("/")
    async with api_server(tls=pki.server_context(client_certs="required")) as server:
        transport = await connect(config.write(**{"server": server.url, "certificate-authority": "ca.crt"}).target())
        await transport.request("GET", "/x")
    assert server.seen[0].client_name == "alice"


async def test_data_wins_over_a_file_of_the_same_name(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(tls=pki.server_context()) as server:
        target = trusting(config, pki, server.url, **{"certificate-authority": "/no/such/file"}).target()
        transport = await connect(target)
        assert (await transport.request("GET", "/x")).status == 200


async def test_the_private_key_never_stays_in_a_file(
    connect: Connect, config: ConfigFile, pki: Pki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    modes = []
    load = ssl.SSLContext.load_cert_chain

    def watched(self: ssl.SSLContext, certfile: Any, *args: Any, **kwargs: Any) -> None:
        modes.append(os.stat(certfile).st_mode & 0o777)
        load(self, certfile, *args, **kwargs)

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    config.user = {"client-certificate-data": b64(pki.client.cert), "client-key-data": b64(pki.client.key)}
    async with api_server(tls=pki.server_context()) as server:
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
        transport = await connect(trusting(config, pki, server.url).target())
        await transport.request("GET", "/x")
    assert modes == [0o600]
    assert list(scratch.iterdir()) == []


async def test_tls_server_name_is_verified_and_sent_for_requests_streams_and_websockets(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/socket":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.close()
            return socket
        # Each answer closes its connection, so that the next one has to shake hands again.
        return web.Response(headers={"Connection": "close"})

    async with api_server(answer, tls=pki.server_context(pki.named)) as server:
        target = trusting(config, pki, server.url, **{"tls-server-name": "kube.example"}).target()
        transport = await connect(target)
        await transport.request("GET", "/x")
        async with transport.stream("GET", "/x"):
            pass
        async with transport.websocket("/socket", protocols=[]) as socket:
            assert await socket.receive() is None
    assert server.server_names == ["kube.example"] * 3


async def test_a_certificate_for_another_name_is_explained(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(tls=pki.server_context(pki.named)) as server:
        transport = await connect(trusting(config, pki, server.url).target())
        with pytest.raises(TlsError, match=r"is not for 127\.0\.0\.1") as caught:
            await transport.request("GET", "/x")
        assert "tls-server-name" in caught.value.remedy
        with pytest.raises(TlsError, match=r"is not for 127\.0\.0\.1"):
            async with transport.websocket("/x", protocols=[]):
                pass
        localhost = server.url.replace("127.0.0.1", "localhost")
        transport = await connect(trusting(config, pki, localhost).target())
        with pytest.raises(TlsError, match="is not for localhost"):
            await transport.request("GET", "/x")


async def test_an_unknown_authority_is_explained(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(tls=pki.server_context()) as server:
        for cluster in ({"certificate-authority-data": b64(pki.stranger.root.cert)}, {}):
            config.cluster = {}
            transport = await connect(config.write(server=server.url, **cluster).target())
            with pytest.raises(TlsError, match="signed by an unknown authority") as caught:
                await transport.request("GET", "/x")
            assert "certificate-authority-data" in caught.value.remedy


async def test_an_expired_server_certificate_is_explained(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(tls=pki.server_context(pki.expired)) as server:
        transport = await connect(trusting(config, pki, server.url).target())
        with pytest.raises(TlsError, match="the server's certificate has expired"):
            await transport.request("GET", "/x")


async def test_a_missing_client_certificate_is_explained(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    with strict_tls_server(pki.server_context(client_certs="required")) as url:
        transport = await connect(trusting(config, pki, url).target())
        with pytest.raises(TlsError, match="wants a client certificate and we have none"):
            await transport.request("GET", "/x")


async def test_a_client_certificate_of_another_authority_is_explained(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    foreign = pki.stranger.issue("mallory")
    config.user = {"client-certificate": str(foreign.cert_file), "client-key": str(foreign.key_file)}
    with strict_tls_server(pki.server_context(client_certs="required")) as url:
        transport = await connect(trusting(config, pki, url).target())
        with pytest.raises(TlsError, match="refuses our client certificate") as caught:
            await transport.request("GET", "/x")
    assert "client-certificate" in caught.value.remedy


async def test_insecure_skips_verification(connect: Connect, config: ConfigFile, pki: Pki) -> None:
    async with api_server(tls=pki.server_context(pki.expired)) as server:
        target = config.write(**{"server": server.url, "insecure-skip-tls-verify": True}).target()
        transport = await connect(target)
        assert (await transport.request("GET", "/x")).status == 200


async def test_insecure_on_the_command_line_drops_the_kubeconfigs_authority(
    connect: Connect, config: ConfigFile, pki: Pki
) -> None:
    async with api_server(tls=pki.server_context(pki.expired)) as server:
        said = Overrides(insecure_skip_tls_verify=True)
        transport = await connect(trusting(config, pki, server.url).target(overrides=said))
        assert (await transport.request("GET", "/x")).status == 200


async def test_an_intermediate_authority_may_be_the_trusted_one(
    connect: Connect, config: ConfigFile, pki: Pki, tmp_path: Path
) -> None:
    middle = pki.authority.issue("middle", alt="DNS:unused")
    key, request, cert = (tmp_path / f"leaf.{end}" for end in ("key", "csr", "crt"))
    extensions = tmp_path / "leaf.ext"
    # The middle one has to be an authority itself.
    openssl("req", "-new", "-key", str(middle.key_file), "-subj", "/CN=middle", "-out", str(request))
    extensions.write_text("basicConstraints=critical,CA:TRUE\n")
    _sign(request, pki.authority.root.cert_file, pki.authority.root.key_file, extensions, middle.cert_file)
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    openssl("req", "-new", "-key", str(key), "-subj", "/CN=leaf", "-out", str(request))
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    _sign(request, middle.cert_file, middle.key_file, extensions, cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    async with api_server(tls=context) as server:
        target = config.write(**{"server": server.url, "certificate-authority": str(middle.cert_file)}).target()
        transport = await connect(target)
        assert (await transport.request("GET", "/x")).status == 200


def _sign(request: Path, ca: Path, key: Path, extensions: Path, out: Path) -> None:
    openssl(
        "x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(key), "-CAcreateserial",
        "-days", "5", "-extfile", str(extensions), "-out", str(out),
    )  # fmt: skip


async def test_https_to_a_server_without_tls_is_explained(connect: Connect, config: ConfigFile) -> None:
    async with api_server() as server:
        url = server.url.replace("http:", "https:")
        transport = await connect(config.write(server=url).target())
        with pytest.raises(TlsError, match="does not speak TLS"):
            await transport.request("GET", "/x")


async def test_a_handshake_nobody_answers_is_stalled(connect: Connect, config: ConfigFile) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = await connect(config.write(server=f"https://127.0.0.1:{port}").target())
    with pytest.raises(Stalled, match="no answer within"):
        await transport.request("GET", "/x", timeout=0.1)
    server.close()


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"client-certificate-data": "alice", "client-key-data": "bob"}, "do not belong together"),
        ({"client-certificate-data": "rubbish", "client-key-data": "rubbish"}, "are not a pair in PEM format"),
        ({"client-certificate-data": "alice", "client-key-data": "encrypted"}, "encrypted with a pass phrase"),
    ],
)
async def test_a_certificate_that_cannot_be_used_is_explained_and_never_asks_on_the_terminal(
    connect: Connect, config: ConfigFile, pki: Pki, tmp_path: Path, user: dict[str, str], message: str
) -> None:
    encrypted = tmp_path / "encrypted.key"
    openssl("ec", "-in", str(pki.client.key_file), "-aes128", "-passout", "pass:x", "-out", str(encrypted))
    known = {
        "client-certificate-data": {"alice": pki.client.cert, "rubbish": b"no PEM"},
        "client-key-data": {"bob": pki.other_client.key, "rubbish": b"no PEM", "encrypted": encrypted.read_bytes()},
    }
    config.user = {key: b64(known[key][value]) for key, value in user.items()}
    transport = await connect(config.write(server="https://127.0.0.1:1").target())
    with pytest.raises(KubeconfigError, match=message):
        await transport.request("GET", "/x")


async def test_an_authority_that_is_no_certificate_is_explained(connect: Connect, config: ConfigFile) -> None:
    target = config.write(
        **{"server": "https://127.0.0.1:1", "certificate-authority-data": b64(b"nothing of the kind")}
    ).target()
    transport = await connect(target)
    with pytest.raises(KubeconfigError, match="no certificate in PEM format"):
        await transport.request("GET", "/x")


async def test_a_missing_certificate_file_is_named(connect: Connect, config: ConfigFile) -> None:
    config.user = {"client-certificate": "gone.crt", "client-key": "gone.key"}
    transport = await connect(config.write(server="https://127.0.0.1:1").target())
    with pytest.raises(KubeconfigError, match=rf"client-certificate {config.path.parent}/gone\.crt cannot be read"):
        await transport.request("GET", "/x")


async def test_a_client_certificate_rotated_on_disk_is_used_for_the_next_request(
    connect: Connect, config: ConfigFile, pki: Pki, tmp_path: Path
) -> None:
    cert, key = tmp_path / "me.crt", tmp_path / "me.key"
    cert.write_bytes(pki.client.cert)
    key.write_bytes(pki.client.key)
    config.user = {"client-certificate": str(cert), "client-key": str(key)}
    async with api_server(tls=pki.server_context()) as server:
        transport = await connect(trusting(config, pki, server.url).target())
        await transport.request("GET", "/x")
        cert.write_bytes(pki.other_client.cert)
        key.write_bytes(pki.other_client.key)
        await transport.request("GET", "/x")
    assert [seen.client_name for seen in server.seen] == ["alice", "bob"]
