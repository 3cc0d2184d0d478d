"""Everything a connection needs to know, as values: server, TLS, login, impersonation, and where it came from.

Secrets are left out of every ``repr``; a traceback or a log that shows one of these shows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from k9py.core.errors import KubeconfigError


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How the server is verified and which certificate we show; data wins over the file of the same name."""

    ca_file: str = ""
    ca_data: bytes = field(default=b"", repr=False)
    """PEM."""
    server_name: str = ""
    """Name to verify and to send as SNI instead of the host of the URL."""
    insecure: bool = False
    """True skips verification altogether."""
    cert_file: str = ""
    cert_data: bytes = field(default=b"", repr=False)
    """PEM."""
    key_file: str = ""
    key_data: bytes = field(default=b"", repr=False)
    """PEM."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files this depends on, to notice a certificate rotated on disk."""
        pairs = (
            (self.ca_file, self.ca_data),
            (self.cert_file, self.cert_data),
            (self.key_file, self.key_data),
        )
        return tuple(path for path, data in pairs if path and not data)


@dataclass(frozen=True, slots=True)
class ExecConfig:
    """An exec credential plugin as the kubeconfig describes it."""

    command: str
    """A name found on PATH, or an absolute path."""
    api_version: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    """``Never``, ``IfAvailable`` or ``Always``."""
    cluster_config: object = field(default=None, repr=False)
    """The cluster's extension ``client.authentication.k8s.io/exec``, handed to the plugin as it is."""


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """An ``auth-provider`` entry of the name ``oidc``, and where its tokens are written back to."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    ca_file: str = ""
    ca_data: bytes = field(default=b"", repr=False)
    """PEM."""
    path: str = ""
    """The kubeconfig file that holds the user."""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """How we say who we are. At most one of basic, token and plugin is sent; a token wins over a plugin."""

    token: str = field(default="", repr=False)
    token_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    exec: ExecConfig | None = None
    oidc: OidcConfig | None = None


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Who to act as; groups, uid and extra need a user."""

    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        if not self.user and (self.groups or self.uid or self.extra):
            raise KubeconfigError(
                "Groups, uid or extra are impersonated without a user",
                remedy="Name the user too: --as USER, or `as:` in the kubeconfig's user entry",
            )
        texts = (self.user, self.uid, *self.groups, *(value for _, values in self.extra for value in values))
        if not all(text.isprintable() for text in texts):
            raise KubeconfigError("A name to impersonate holds a line break or another control character")

    def __bool__(self) -> bool:
        return bool(self.user)


class TargetSource(Protocol):
    """Where a target came from, asked whether it is still true."""

    def changed(self) -> bool:
        """Return True when a file behind the target has other contents than when it was read."""

    def read(self) -> Target:
        """Read the same context again; raises KubeconfigError when it is gone or unreadable."""

    def replaced(self, path: str) -> None:
        """Note that we wrote this file ourselves, so that it does not count as a change."""


@dataclass(frozen=True, slots=True)
class Target:
    """One context, resolved: which server, how it is trusted, and who we are there."""

    context: str
    cluster: str
    user: str
    namespace: str
    """Never empty: ``default`` where nothing is said."""
    server: str
    """An ``http`` or ``https`` URL without a trailing slash; it may have a path."""
    tls: TlsSettings = TlsSettings()
    login: Login = Login()
    impersonation: Impersonation = Impersonation()
    proxy_url: str = field(default="", repr=False)
    """As the kubeconfig has it, perhaps with a password; empty means the environment decides."""
    disable_compression: bool = False
    request_timeout: float | None = None
    """Seconds a plain request may take whatever the caller allows; 0 is no limit, None is as the caller says."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """For plugins and proxies."""
    source: TargetSource | None = field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:
        """Which cluster this is, as far as it is known without asking: the server and whom it is trusted by.

        What is kept on disk by context name is told apart by it, since two kubeconfigs may use one name.
        """
        trust = self.tls.ca_data or self.tls.ca_file.encode()
        if not trust:
            return self.server
        import hashlib  # deferred: 3 ms for OpenSSL that an import of this module does not wait for

        return f"{self.server} (CA {hashlib.sha256(trust).hexdigest()[:8]})"

    @property
    def link(self) -> tuple[str, TlsSettings, str, bool]:
        """What needs a new connection pool when it changes."""
        return self.server, self.tls, self.proxy_url, self.disable_compression
