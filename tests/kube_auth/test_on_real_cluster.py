"""Logging in to a real control plane: who it says we are is the proof."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k9py.core.errors import ApiError, AuthExpired, TlsError
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import ExecConfig, Impersonation, Login, Target, TlsSettings
from k9py.kube.transport import AioTransport
from tests.cluster import Cluster, ForeignCluster, available, shared_cluster
from tests.kube_auth.conftest import Connect

UNAVAILABLE = available()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(180),
]

V1 = "client.authentication.k8s.io/v1"


@pytest.fixture(scope="module")
def cluster() -> Cluster | ForeignCluster:
    return shared_cluster()


@pytest.fixture
def admin(cluster: Cluster | ForeignCluster) -> Target:
    return Kubeconfig.load(cluster.kubeconfig, os.environ).target()


def only_with(admin: Target, login: Login) -> Target:
    """Return the target with this login and no client certificate."""
    tls = TlsSettings(ca_file=admin.tls.ca_file, ca_data=admin.tls.ca_data, server_name=admin.tls.server_name)
    return replace(admin, tls=tls, login=login)


async def post(transport: AioTransport, path: str, kind: str, **body: Any) -> dict[str, Any]:
    group = path.removeprefix("/apis/").rsplit("/", 1)[0] if path.startswith("/apis/") else "authentication.k8s.io/v1"
    sent = json.dumps({"apiVersion": group, "kind": kind} | body).encode()
    answer: dict[str, Any] = json.loads((await transport.request("POST", path, body=sent)).body)
    return answer


async def whoami(transport: AioTransport) -> dict[str, Any]:
    review = await post(transport, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "SelfSubjectReview")
    user: dict[str, Any] = review["status"]["userInfo"]
    return user


async def service_account_token(transport: AioTransport) -> str:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    request = await post(transport, path, "TokenRequest", spec={"expirationSeconds": 600})
    return str(request["status"]["token"])


SERVICE_ACCOUNT = "system:serviceaccount:default:default"


async def test_impersonation_reaches_the_server_whole(connect: Connect, admin: Target) -> None:
    who = Impersonation("jane doe/ü", ("dev", "ops team"), "u-1", (("example.com/scope%x", ("a", "b c")),))
    user = await whoami(await connect(replace(admin, impersonation=who)))
    assert (user["username"], user["uid"]) == ("jane doe/ü", "u-1")
    assert user["groups"] == ["dev", "ops team", "system:authenticated"]
    assert user["extra"] == {"example.com/scope%x": ["a", "b c"]}


async def test_tokens_token_files_and_plugins_log_in(connect: Connect, admin: Target, tmp_path: Path) -> None:
    token = await service_account_token(await connect(admin))
    (tmp_path / "token").write_text(f"{token}\n")
    credential = {"kind": "ExecCredential", "apiVersion": V1, "status": {"token": token}}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!{sys.executable}\nprint({json.dumps(credential)!r})\n")
    plugin.chmod(0o755)
    for login in (
        Login(token=token),
        Login(token_file=str(tmp_path / "token")),
        Login(exec=ExecConfig(str(plugin), V1, interactive_mode="Never")),
    ):
        transport = await connect(only_with(admin, login))
        assert (await whoami(transport))["username"] == SERVICE_ACCOUNT


async def test_a_refused_token_is_auth_expired_for_requests_and_websockets(connect: Connect, admin: Target) -> None:
    transport = await connect(only_with(admin, Login(token="nonsense")))
    with pytest.raises(AuthExpired):
        await transport.request("GET", "/api/v1/pods")
    with pytest.raises(AuthExpired):
        async with transport.websocket("/api/v1/namespaces/default/pods/x/exec", protocols=["v5.channel.k8s.io"]):
            pass


async def test_a_websocket_refused_by_the_server_says_why(connect: Connect, admin: Target) -> None:
    transport = await connect(admin)
    path = "/api/v1/namespaces/default/pods/no-such-pod/exec"
    with pytest.raises(ApiError, match='pods "no-such-pod" not found'):
        async with transport.websocket(
            path, query=[("command", "ls"), ("stdout", "1")], protocols=["v5.channel.k8s.io"]
        ):
            pass


async def test_a_server_of_another_authority_is_not_trusted(connect: Connect, admin: Target) -> None:
    transport = await connect(replace(admin, tls=TlsSettings()))
    with pytest.raises(TlsError, match="signed by an unknown authority"):
        await transport.request("GET", "/version")
