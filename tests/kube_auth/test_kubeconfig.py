"""Reading kubeconfigs: which files, merged how, one context resolved, what is said about mistakes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from k9py.core.errors import KubeconfigError, UsageError
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.overrides import Overrides, parse_request_timeout
from k9py.kube.target import Impersonation, Target
from k9py.kube.wholes import WholeProjection
from k9py.kube.wire import Response

A = """
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: here, user: ann, namespace: shop}
clusters:
- name: here
  cluster: {server: "https://here.example"}
users:
- name: ann
  user: {token: from-a}
"""
B = """
current-context: two
contexts:
- name: one
  context: {cluster: there, user: bob}
- name: two
  context: {cluster: there, user: ann}
clusters:
- name: here
  cluster: {server: "https://other.example", tls-server-name: only-in-b}
- name: there
  cluster: {server: "https://there.example/"}
users:
- name: ann
  user: {token: from-b, username: only-in-b}
- name: bob
  user: {}
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def merged(tmp_path: Path, *texts: str | None) -> Kubeconfig:
    """Load several files through KUBECONFIG; None is one that does not exist."""
    paths = []
    for index, text in enumerate(texts):
        path = tmp_path / f"config-{index}"
        if text is not None:
            path.write_text(text)
        paths.append(str(path))
    return Kubeconfig.load(None, {"KUBECONFIG": os.pathsep.join(paths), "HOME": str(tmp_path)})


# --- which files --------------------------------------------------------------------------------------------


def test_the_home_file_is_read_when_nothing_else_is_said(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", A)
    assert Kubeconfig.load(None, {"HOME": str(tmp_path)}).current_context == "one"


def test_an_explicit_file_stands_alone(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", A)
    other = write(tmp_path / "other", B)
    config = Kubeconfig.load(other, {"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / ".kube" / "config")})
    assert config.current_context == "two"
    assert config.paths == (str(other),)


def test_an_explicit_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="no such kubeconfig"):
        Kubeconfig.load(tmp_path / "gone", {})


def test_no_kubeconfig_at_all_names_the_place_and_the_demo(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=rf"No kubeconfig: {tmp_path}/\.kube/config does not exist") as caught:
        Kubeconfig.load(None, {"HOME": str(tmp_path)})
    assert "k9py demo" in caught.value.remedy


def test_only_empty_files_are_no_kubeconfig_unless_a_server_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "empty", "# nothing yet\n")
    environ = {"KUBECONFIG": str(path)}
    with pytest.raises(KubeconfigError, match="is empty"):
        Kubeconfig.load(None, environ)
    config = Kubeconfig.load(None, environ, required=False)
    target = config.target(overrides=Overrides(server="http://127.0.0.1:8001"))
    assert (target.server, target.namespace, target.context) == ("http://127.0.0.1:8001", "default", "")


# --- merging ------------------------------------------------------------------------------------------------


def test_the_first_current_context_and_the_first_definition_of_a_name_win_whole(tmp_path: Path) -> None:
    config = merged(tmp_path, A, B)
    assert config.current_context == "one"
    assert [(info.name, info.cluster) for info in config.contexts] == [("one", "here"), ("two", "there")]
    target = config.target()
    assert (target.server, target.login.token, target.namespace) == ("https://here.example", "from-a", "shop")
    assert (target.tls.server_name, target.login.username) == ("", "")


def test_the_order_of_the_files_decides(tmp_path: Path) -> None:
    config = merged(tmp_path, B.replace(", username: only-in-b", ""), A)
    assert config.current_context == "two"
    assert config.target("one").server == "https://there.example"
    assert config.target("two").login.token == "from-b"


def test_missing_and_empty_files_are_skipped(tmp_path: Path) -> None:
    config = merged(tmp_path, None, "", "# just a comment\n", "---\n", A)
    assert config.target().server == "https://here.example"


def test_a_context_may_use_what_another_file_defines(tmp_path: Path) -> None:
    target = merged(tmp_path, A, B).target("two")
    assert (target.cluster, target.server, target.user, target.login.token) == (
        "there", "https://there.example", "ann", "from-a",
    )  # fmt: skip


def test_relative_paths_belong_to_the_file_that_has_them(tmp_path: Path) -> None:
    first = write(
        tmp_path / "a" / "config",
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
        'clusters: [{name: c, cluster: {server: "https://k", certificate-authority: pki/ca.crt}}]\n',
    )
    second = write(
        tmp_path / "b" / "config",
        "users: [{name: u, user: {client-certificate: ../c.crt, client-key: /abs/k, tokenFile: t}}]\n",
    )
    config = Kubeconfig.load(None, {"KUBECONFIG": f"{first}{os.pathsep}{second}"})
    target = config.target("x")
    assert target.tls.ca_file == str(tmp_path / "a" / "pki" / "ca.crt")
    assert target.tls.cert_file == str(tmp_path / "c.crt")
    assert target.tls.key_file == "/abs/k"
    assert target.login.token_file == str(tmp_path / "b" / "t")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is the oracle here")
@pytest.mark.parametrize("order", [(A, B), (B, A), ("", A, B), (A.replace("current-context: one", ""), B)])
def test_merging_agrees_with_kubectl(tmp_path: Path, order: tuple[str, ...]) -> None:
    paths = [str(write(tmp_path / f"config-{index}", text)) for index, text in enumerate(order)]
    environ = {**os.environ, "KUBECONFIG": os.pathsep.join(paths)}
    out = subprocess.run(
        ["kubectl", "config", "view", "--raw", "-o", "json"], env=environ, capture_output=True, check=True, timeout=30
    )  # fmt: skip
    said = json.loads(out.stdout)
    config = Kubeconfig.load(None, environ)
    assert config.current_context == said["current-context"]
    assert [(info.name, info.cluster, info.user, info.namespace) for info in config.contexts] == sorted(
        (each["name"], each["context"]["cluster"], each["context"]["user"], each["context"].get("namespace", ""))
        for each in said["contexts"]
    )


# --- one context --------------------------------------------------------------------------------------------


def config_of(tmp_path: Path, *, cluster: Any = None, user: Any = None, context: Any = None) -> Kubeconfig:
    document = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": context or {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k"} if cluster is None else cluster}],
        "users": [{"name": "u", "user": user or {}}],
    }
    return Kubeconfig.load(write(tmp_path / "config", json.dumps(document, indent=1)), {})


def test_a_context_without_a_namespace_is_in_default(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert config.target().namespace == "default"
    assert config.target(namespace="shop").namespace == "shop"


def test_a_context_without_a_user_is_anonymous(tmp_path: Path) -> None:
    target = config_of(tmp_path, context={"cluster": "c"}).target()
    assert (target.user, target.login.token, bool(target.impersonation)) == ("", "", False)


@pytest.mark.parametrize(
    ("server", "more", "expected"),
    [
        ("https://k:6443/", {}, "https://k:6443"),
        ("https://k/prefix/", {}, "https://k/prefix"),
        ("k:8080", {}, "http://k:8080"),
        ("k:6443", {"insecure-skip-tls-verify": True}, "https://k:6443"),
        ("k:6443", {"certificate-authority": "ca.crt"}, "https://k:6443"),
    ],
)
def test_a_server_without_a_scheme_speaks_tls_only_where_tls_is_configured(
    tmp_path: Path, server: str, more: dict[str, Any], expected: str
) -> None:
    assert config_of(tmp_path, cluster={"server": server} | more).target().server == expected


def test_the_command_line_overrides_what_the_kubeconfig_says(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Never"}}
    cluster = {"server": "https://k", "certificate-authority-data": base64.b64encode(b"CA").decode()}
    said = Overrides(
        server="https://other", token="t", namespace="n", tls_server_name="name", certificate_authority="ca.crt",
        request_timeout=3.0, proxy_url="http://proxy", as_user="jane", as_groups=("dev",),
    )  # fmt: skip
    target = config_of(tmp_path, cluster=cluster, user=user | {"as": "joe", "as-uid": "1"}).target(overrides=said)
    assert (target.server, target.login.token, target.login.exec) == ("https://other", "t", None)
    assert (target.namespace, target.tls.server_name, target.request_timeout) == ("n", "name", 3.0)
    assert (target.tls.ca_file, target.tls.ca_data) == (os.path.abspath("ca.crt"), b"")
    assert target.proxy_url == "http://proxy"
    assert target.impersonation == Impersonation("jane", ("dev",))


def test_cluster_and_user_may_be_chosen_apart_from_the_context(tmp_path: Path) -> None:
    config = merged(tmp_path, A, B)
    target = config.target(overrides=Overrides(cluster="there", user="bob"))
    assert (target.context, target.server, target.user, target.login.token) == (
        "one",
        "https://there.example",
        "bob",
        "",
    )


def test_a_switch_of_impersonation_keeps_everything_else(tmp_path: Path) -> None:
    target = config_of(tmp_path, user={"token": "t"}).target(impersonate=Impersonation("jane"))
    assert (target.impersonation.user, target.login.token) == ("jane", "t")


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("30", 30), ("30s", 30), ("1m30s", 90), ("2h", 7200), ("500ms", 0.5), ("1.5s", 1.5)]
)
def test_a_request_timeout_is_read(text: str, seconds: float) -> None:
    assert parse_request_timeout(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "1x", "5s3", "-1s", "1..5s", "ten"])
def test_a_request_timeout_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_request_timeout(text)


# --- mistakes -----------------------------------------------------------------------------------------------


def test_an_unknown_context_names_the_nearest(tmp_path: Path) -> None:
    config = merged(tmp_path, A.replace("one", "production"), B)
    with pytest.raises(KubeconfigError, match="There is no context 'prodution' in") as caught:
        config.target("prodution")
    assert caught.value.remedy == "Did you mean production?"
    with pytest.raises(KubeconfigError) as caught:
        config.target("zzz")
    assert caught.value.remedy == "There are: one, production, two"


def test_no_current_context_lists_what_there_is(tmp_path: Path) -> None:
    config = merged(tmp_path, A.replace("current-context: one", ""))
    with pytest.raises(KubeconfigError, match="has no current context") as caught:
        config.target()
    assert caught.value.remedy == "Choose one with --context: one"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("contexts: {}\n", 1, "contexts must be a list"),
        ("clusters:\n- name: [x]\n", 2, "name must be text"),
        ("a: 1\nusers: [x]\n", 2, "an item of users must be a mapping"),
        ("- a\n", 1, "it holds no mapping"),
        ("apiVersion: v1\nkind: Pod\n", 2, "its kind is Pod"),
        ("a: b\n  c: d\n", 2, "not YAML"),
        ("users:\n- {name: x}\n- {name: y}\n- {name: x}\n", 4, "user 'x' is already defined at line 2"),
        ("kind: Config\nusers: []\nusers: []\n", 3, "users is already given at line 2"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = write(tmp_path / "config", text)
    with pytest.raises(KubeconfigError, match=message) as caught:
        Kubeconfig.load(path, {})
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_binary_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"a: b\nc: \xff\xfe\n")
    with pytest.raises(KubeconfigError, match=rf"{path}:2: not UTF-8 text"):
        Kubeconfig.load(path, {})


def test_a_directory_instead_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="cannot be read: Is a directory"):
        Kubeconfig.load(tmp_path, {})


@pytest.mark.parametrize(
    ("cluster", "user", "context", "message"),
    [
        (None, None, {"cluster": "nowhere", "user": "u"}, "cluster 'nowhere', which no file defines"),
        (None, None, {"cluster": "c", "user": "nobody"}, "user 'nobody', which no file defines"),
        (None, None, {"user": "u"}, "the context names no cluster"),
        ({}, None, None, "cluster 'c' has no server"),
        ({"server": "ftp://k"}, None, None, "neither http nor https"),
        ({"server": "https://k", "insecure-skip-tls-verify": "maybe"}, None, None, "must be true or false"),
        (
            {"server": "https://k", "insecure-skip-tls-verify": True, "certificate-authority": "x"},
            None, None, "a certificate authority and insecure-skip-tls-verify are both given",
        ),
        (None, {"username": "a", "token": "t"}, None, "username and token exclude each other"),
        (None, {"client-certificate": "x"}, None, "client-key is missing"),
        (None, {"client-key-data": "eA=="}, None, "client-certificate is missing"),
        (None, {"as-groups": "dev"}, None, "as-groups must be a list"),
        (None, {"exec": "aws"}, None, "exec must be a mapping"),
    ],
)  # fmt: skip
def test_a_context_that_contradicts_itself_is_told_with_file_and_line(
    tmp_path: Path, cluster: Any, user: Any, context: Any, message: str
) -> None:
    config = config_of(tmp_path, cluster=cluster, user=user, context=context)
    with pytest.raises(KubeconfigError, match=message) as caught:
        config.target()
    assert str(caught.value).startswith(f"{tmp_path}/config:")


def test_base64_that_is_none_is_told_without_showing_it(tmp_path: Path) -> None:
    config = config_of(tmp_path, user={"client-key-data": "S3CRET!!", "client-certificate": "x"})
    with pytest.raises(KubeconfigError, match="client-key-data is not base64") as caught:
        config.target()
    assert "S3CRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_white_space_in_a_token_is_told_before_it_becomes_a_header(tmp_path: Path) -> None:
    assert config_of(tmp_path, user={"token": "abc\n"}).target().login.token == "abc"
    config = config_of(tmp_path, user={"token": "S3CRET\nX-Evil: 1"})
    with pytest.raises(KubeconfigError, match="token has white space in it") as caught:
        config.target()
    assert "S3CRET" not in str(caught.value)
    with pytest.raises(UsageError, match="--token has white space in it"):
        config_of(tmp_path).target(overrides=Overrides(token="a b"))


@pytest.mark.parametrize("user", [{"as": "a\nb"}, {"as": "a", "as-groups": ["b\r"]}, {"as": "a", "as-uid": "\0"}])
def test_control_characters_in_impersonation_are_refused(tmp_path: Path, user: dict[str, Any]) -> None:
    with pytest.raises(KubeconfigError, match="line break or another control character"):
        config_of(tmp_path, user=user).target()


def test_groups_without_a_user_to_act_as_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="impersonated without a user"):
        config_of(tmp_path, user={"as-groups": ["dev"]}).target()
    with pytest.raises(KubeconfigError, match="impersonated without a user"):
        config_of(tmp_path).target(overrides=Overrides(as_uid="1"))


def test_merge_keys_and_anchors_are_followed(tmp_path: Path) -> None:
    text = """
defaults: &defaults {server: "https://k", tls-server-name: shared}
contexts: [{name: x, context: {cluster: c}}]
clusters:
- name: c
  cluster: {<<: *defaults, tls-server-name: own}
"""
    target = Kubeconfig.load(write(tmp_path / "config", text), {}).target("x")
    assert (target.server, target.tls.server_name) == ("https://k", "own")


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"\xef\xbb\xbf" + A.replace("\n", "\r\n").encode())
    assert Kubeconfig.load(path, {}).target().login.token == "from-a"


def test_a_number_where_text_belongs_is_taken_as_text(tmp_path: Path) -> None:
    path = write(tmp_path / "config", A.replace("from-a", "0123").replace("shop", "12"))
    target = Kubeconfig.load(path, {}).target()
    assert (target.login.token, target.namespace) == ("0123", "12")


# --- secrets ------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    secret = base64.b64encode(b"S3CRET").decode()
    pair = {"client-key-data": secret, "client-certificate-data": secret}
    user = {"token": "S3CRET-token", "tokenFile": "path-only"} | pair
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Never",
        "args": ["--password=S3CRET"], "env": [{"name": "TOKEN", "value": "S3CRET"}],
    }  # fmt: skip
    oidc = {"idp-issuer-url": "https://i", "client-id": "k9"} | dict.fromkeys(
        ("client-secret", "id-token", "refresh-token"), "S3CRET"
    )
    targets: list[Target] = []
    provider = {"name": "oidc", "config": oidc}
    for entry in (user, {"username": "ann", "password": "S3CRET"}, {"exec": plugin}, {"auth-provider": provider}):
        cluster = {"server": "https://k", "proxy-url": "http://ann:S3CRET@proxy"}
        targets.append(config_of(tmp_path, cluster=cluster, user=entry).target())
    said = Overrides(token="S3CRET", password="S3CRET", proxy_url="http://ann:S3CRET@proxy")
    read = [Response(200, {}, b"S3CRET"), WholeProjection().item(b'{"metadata":{"name":"n"},"data":{"p":"S3CRET"}}')]
    shown = repr(targets) + repr(said) + str(targets) + repr(read)
    assert "S3CRET" not in shown
    assert secret not in shown
    assert "path-only" in shown
