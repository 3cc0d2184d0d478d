"""The user entry of a kubeconfig, read into a Login."""

from __future__ import annotations

import os
from dataclasses import replace

from k9py.core.errors import UsageError
from k9py.kube.kubedoc import Block
from k9py.kube.overrides import Overrides
from k9py.kube.target import ExecConfig, Impersonation, Login, OidcConfig

EXEC_GROUP = "client.authentication.k8s.io"
EXEC_VERSIONS = (f"{EXEC_GROUP}/v1", f"{EXEC_GROUP}/v1beta1")
EXEC_MODES = ("Never", "IfAvailable", "Always")


def file_path(block: Block, key: str) -> str:
    """Return a path of the kubeconfig, relative ones resolved against the directory of the file that has it."""
    value = block.text(key)
    if not value or os.path.isabs(value):
        return value
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(block.path)), value))


def login_of(user: Block, name: str, cluster: Block) -> Login:
    """Read how this user logs in. Raises KubeconfigError for what contradicts itself or is no longer supported."""
    plugin = _exec_of(user.block("exec"), cluster) if "exec" in user.values else None
    provider = user.block("auth-provider")
    oidc = _oidc_of(provider, name) if provider.values else None
    if plugin and oidc:
        raise user.error("exec and auth-provider exclude each other", "exec")
    login = Login(
        token=user.text("token").strip(),
        token_file=file_path(user, "tokenFile"),
        username=user.text("username"),
        password=user.text("password"),
        exec=plugin,
        oidc=oidc,
    )
    if any(character.isspace() for character in login.token):
        raise user.error("token has white space in it", "token")
    if login.username and (login.token or login.token_file):
        raise user.error("username and token exclude each other", "username")
    return login


def overridden_login(login: Login, said: Overrides) -> Login:
    """Return the login with what the command line says; a token or a name given there replaces the whole login."""
    if said.token:
        if any(character.isspace() for character in said.token):
            raise UsageError("--token has white space in it")
        return Login(token=said.token)
    if said.username or said.password:
        return Login(username=said.username or login.username, password=said.password or login.password)
    return login


def impersonation_of(user: Block, said: Overrides) -> Impersonation:
    """Return who to act as; one said on the command line replaces the kubeconfig's whole."""
    if said.as_user or said.as_groups or said.as_uid or said.as_extra:
        return Impersonation(said.as_user or user.text("as"), said.as_groups, said.as_uid, said.as_extra)
    extra = user.block("as-user-extra")
    return Impersonation(
        user.text("as"),
        user.texts("as-groups"),
        user.text("as-uid"),
        tuple((key, extra.texts(key)) for key in extra.values),
    )


def _exec_of(block: Block, cluster: Block) -> ExecConfig:
    version = block.text("apiVersion")
    if version not in EXEC_VERSIONS:
        said = f"exec apiVersion {version!r} is not supported" if version else "exec has no apiVersion"
        raise block.error(said, "apiVersion", remedy=f"Update the plugin and its entry to {EXEC_VERSIONS[0]}")
    mode = block.text("interactiveMode") or ("" if version == EXEC_VERSIONS[0] else "IfAvailable")
    if mode not in EXEC_MODES:
        raise block.error(
            f"interactiveMode {mode!r} is none of {', '.join(EXEC_MODES)}" if mode
            else "exec of v1 needs interactiveMode", "interactiveMode",
            remedy="Add `interactiveMode: IfAvailable`",
        )  # fmt: skip
    command = block.text("command")
    if not command:
        raise block.error("exec has no command")
    if os.sep in command:
        command = file_path(block, "command")
    env = tuple((item.text("name"), item.text("value")) for item in block.blocks("env"))
    return ExecConfig(
        command=command,
        api_version=version,
        args=block.texts("args"),
        env=env,
        install_hint=block.text("installHint").strip(),
        provide_cluster_info=block.flag("provideClusterInfo"),
        interactive_mode=mode,
        cluster_config=_cluster_extension(cluster),
    )


def _cluster_extension(cluster: Block) -> object:
    for item in cluster.blocks("extensions"):
        if item.text("name") == f"{EXEC_GROUP}/exec":
            return item.plain("extension")
    return None


def _oidc_of(provider: Block, user: str) -> OidcConfig:
    name = provider.text("name")
    if name != "oidc":
        raise provider.error(
            f"auth-provider {name!r} is not supported", "name",
            remedy="kubectl has dropped it too: use the vendor's exec plugin "
            "(gke-gcloud-auth-plugin, kubelogin)",
        )  # fmt: skip
    config = provider.block("config")
    issuer, client_id = config.text("idp-issuer-url"), config.text("client-id")
    for key, value in (("idp-issuer-url", issuer), ("client-id", client_id)):
        if not value:
            raise config.error(f"the oidc auth-provider needs {key}")
    return OidcConfig(
        issuer=issuer,
        client_id=client_id,
        client_secret=config.text("client-secret"),
        id_token=config.text("id-token"),
        refresh_token=config.text("refresh-token"),
        ca_file=file_path(config, "idp-certificate-authority"),
        ca_data=config.data("idp-certificate-authority-data"),
        path=provider.path,
        user=user,
    )


def with_tokens(oidc: OidcConfig, *, id_token: str, refresh_token: str) -> OidcConfig:
    """Return the same provider entry with other tokens."""
    return replace(oidc, id_token=id_token, refresh_token=refresh_token)
