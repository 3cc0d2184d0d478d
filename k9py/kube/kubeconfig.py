"""The user's kubeconfig: several files merged as kubectl does, and one context of it as a Target.

Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/. Nothing here writes;
``kubeconfig_edit`` does. Importing this loads neither aiohttp nor kubernetes.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from k9py.core.errors import KubeconfigError
from k9py.kube.files import FileStamps
from k9py.kube.incluster import CONTEXT, in_cluster_target, runs_in_cluster
from k9py.kube.kubedoc import Block, parse
from k9py.kube.logins import file_path, impersonation_of, login_of, overridden_login
from k9py.kube.overrides import Overrides
from k9py.kube.target import Impersonation, Target, TlsSettings

NO_CONFIG_REMEDY = "Set KUBECONFIG or pass --kubeconfig FILE; `k9py demo` opens a simulated cluster"


@dataclass(frozen=True, slots=True)
class ContextInfo:
    """One line of ``k9py contexts``."""

    name: str
    cluster: str
    user: str
    namespace: str
    """Empty when the context names none."""
    path: str
    """The file that defines it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    block: Block


def kubeconfig_paths(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files to merge, first one first: those of KUBECONFIG, else the one in the home directory."""
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return tuple(dict.fromkeys(listed))
    home = environ.get("HOME") or str(Path.home())
    return (str(Path(home) / ".kube" / "config"),)


class Kubeconfig:
    """A merged kubeconfig as it was when read; :meth:`reload` reads the same files again."""

    def __init__(self, paths: Sequence[str], environ: Mapping[str, str]) -> None:
        self.paths = tuple(paths)
        """Every file asked for, whether it exists or not."""
        self.environ = environ
        # Stamped before the contents are read: a write in between shows as a change, never as nothing.
        self._stamps = FileStamps(self.paths)
        self.current_context = ""
        """The context kubectl would use; empty when none is set."""
        self._contexts: dict[str, _Entry] = {}
        self._clusters: dict[str, _Entry] = {}
        self._users: dict[str, _Entry] = {}
        for path in self.paths:
            self._merge(path)

    @classmethod
    def load(
        cls,
        paths: str | Path | Sequence[str | Path] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        required: bool = True,
    ) -> Kubeconfig:
        """Read ``--kubeconfig`` (or what KUBECONFIG, or the home directory, names) and merge.

        Raises KubeconfigError when an explicit file is missing, when a file cannot be read, and, if required,
        when there is nothing to connect to: no entry at all and no service account of a pod.
        """
        environ = os.environ if environ is None else environ
        listed = [paths] if isinstance(paths, str | Path) else list(paths or ())
        explicit = [str(path) for path in listed]
        for path in explicit:
            if not Path(path).exists():
                raise KubeconfigError(f"{path}: no such kubeconfig", remedy=NO_CONFIG_REMEDY)
        config = cls(explicit or kubeconfig_paths(environ), environ)
        if required and config.empty and not runs_in_cluster(environ):
            found = [path for path in config.paths if Path(path).exists()]
            why = (
                f"{', '.join(found)} is empty" if found else f"No kubeconfig: {', '.join(config.paths)} does not exist"
            )
            raise KubeconfigError(why, remedy=NO_CONFIG_REMEDY)
        return config

    @property
    def empty(self) -> bool:
        """True when no file defines a context or a cluster."""
        return not (self._contexts or self._clusters)

    @property
    def contexts(self) -> tuple[ContextInfo, ...]:
        """Every context, by name."""
        return tuple(
            ContextInfo(
                name, entry.block.text("cluster"), entry.block.text("user"),
                entry.block.text("namespace"), entry.block.path,
            )
            for name, entry in sorted(self._contexts.items())
        )  # fmt: skip

    def context(self, name: str) -> ContextInfo:
        """Return one context by name. Raises KubeconfigError with the nearest names."""
        self._find(self._contexts, name, "context")
        return next(info for info in self.contexts if info.name == name)

    def changed(self) -> bool:
        """Return True while a file on disk has other contents than those read here."""
        return self._stamps.changed()

    def accept(self, path: str) -> None:
        """Take a file's contents as known after we wrote it ourselves."""
        self._stamps.accept(path)

    def reload(self) -> Kubeconfig:
        """Read the same files again."""
        return Kubeconfig(self.paths, self.environ)

    def target(
        self,
        context: str | None = None,
        namespace: str | None = None,
        *,
        impersonate: Impersonation | None = None,
        overrides: Overrides | None = None,
    ) -> Target:
        """Resolve one context (the current one by default) with what the command line overrides.

        Raises KubeconfigError when the context, or what it points at, is not there or contradicts itself.
        """
        said = overrides or Overrides()
        said = replace(said, context=context or said.context, namespace=namespace or said.namespace)
        if self.empty and not said.server and said.context in ("", CONTEXT) and runs_in_cluster(self.environ):
            return in_cluster_target(self.environ, said, impersonate)
        name = said.context or self.current_context
        if not name and not (said.server or said.cluster):
            raise self._no_context()
        entry = self._find(self._contexts, name, "context") if name else _Entry("", Block("", 0))
        cluster_name = said.cluster or entry.block.text("cluster")
        user_name = said.user or entry.block.text("user")
        cluster = self._cluster_block(cluster_name, entry.block, said)
        user = self._user_block(user_name, entry.block)
        login, tls = login_of(user, user_name, cluster), _tls_of(cluster, user, said)
        return Target(
            context=name,
            cluster=cluster_name,
            user=user_name,
            namespace=said.namespace or entry.block.text("namespace") or "default",
            server=_server_of(cluster, cluster_name, said, tls),
            tls=tls,
            login=overridden_login(login, said),
            impersonation=impersonate or impersonation_of(user, said),
            proxy_url=said.proxy_url or cluster.text("proxy-url"),
            disable_compression=cluster.flag("disable-compression"),
            request_timeout=said.request_timeout,
            environ=self.environ,
            source=_Source(self, replace(said, context=name), impersonate),
        )

    def _merge(self, path: str) -> None:
        try:
            raw = Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise KubeconfigError(
                f"{path} cannot be read: {error.strerror}", remedy="Check who may read it: ls -l"
            ) from error
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise KubeconfigError(f"{path}:{line}: not UTF-8 text") from None
        root = parse(text, path)
        self.current_context = self.current_context or root.text("current-context")
        for key, inner, known in (
            ("contexts", "context", self._contexts),
            ("clusters", "cluster", self._clusters),
            ("users", "user", self._users),
        ):
            own: dict[str, Block] = {}
            for item in root.blocks(key):
                name = item.text("name")
                if name in own:
                    raise item.error(f"{inner} {name!r} is already defined at line {own[name].line}")
                own[name] = item
                known.setdefault(name, _Entry(name, item.block(inner)))

    def _find(self, known: Mapping[str, _Entry], name: str, what: str) -> _Entry:
        entry = known.get(name)
        if entry is None:
            where = ", ".join(path for path in self.paths if Path(path).exists()) or ", ".join(self.paths)
            raise KubeconfigError(f"There is no {what} {name!r} in {where}", remedy=_nearest(name, known, what))
        return entry

    def _no_context(self) -> KubeconfigError:
        names = sorted(self._contexts)
        listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        remedy = f"Choose one with --context: {listed}" if names else NO_CONFIG_REMEDY
        return KubeconfigError("The kubeconfig has no current context", remedy=remedy)

    def _cluster_block(self, name: str, context: Block, said: Overrides) -> Block:
        if not name and said.server:
            return Block("", 0)
        if not name:
            raise context.error("the context names no cluster")
        if name not in self._clusters and not said.cluster:
            raise context.error(f"the context names cluster {name!r}, which no file defines", "cluster")
        return self._find(self._clusters, name, "cluster").block

    def _user_block(self, name: str, context: Block) -> Block:
        if not name:
            return Block("", 0)
        if name not in self._users and name == context.text("user"):
            raise context.error(f"the context names user {name!r}, which no file defines", "user")
        return self._find(self._users, name, "user").block


class _Source:
    """The kubeconfig behind a target: tells when it changed and reads the same context again."""

    def __init__(self, config: Kubeconfig, said: Overrides, impersonate: Impersonation | None) -> None:
        self._config = config
        self._said = said
        self._impersonate = impersonate

    def changed(self) -> bool:
        return self._config.changed()

    def read(self) -> Target:
        # The context is named, so a current-context moved by another program changes nothing here.
        return self._config.reload().target(overrides=self._said, impersonate=self._impersonate)

    def replaced(self, path: str) -> None:
        self._config.accept(path)


def _nearest(name: str, known: Iterable[str], what: str) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There are: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else f"No {what} is defined"


def _tls_of(cluster: Block, user: Block, said: Overrides) -> TlsSettings:
    """Join the cluster's trust and the user's certificate; what the command line says wins over both."""
    insecure = cluster.flag("insecure-skip-tls-verify")
    ca_file, ca_data = file_path(cluster, "certificate-authority"), cluster.data("certificate-authority-data")
    if insecure and (ca_file or ca_data):
        raise cluster.error(
            "a certificate authority and insecure-skip-tls-verify are both given", "insecure-skip-tls-verify",
            remedy="Keep the certificate authority and remove insecure-skip-tls-verify",
        )  # fmt: skip
    if said.certificate_authority:
        ca_file, ca_data, insecure = os.path.abspath(said.certificate_authority), b"", False
    if said.insecure_skip_tls_verify is not None:
        if said.insecure_skip_tls_verify and said.certificate_authority:
            raise KubeconfigError("--certificate-authority and --insecure-skip-tls-verify exclude each other")
        insecure = said.insecure_skip_tls_verify
        if insecure:
            ca_file, ca_data = "", b""
    cert_file, cert_data = file_path(user, "client-certificate"), user.data("client-certificate-data")
    key_file, key_data = file_path(user, "client-key"), user.data("client-key-data")
    if said.client_certificate:
        cert_file, cert_data = os.path.abspath(said.client_certificate), b""
    if said.client_key:
        key_file, key_data = os.path.abspath(said.client_key), b""
    if bool(cert_file or cert_data) != bool(key_file or key_data):
        missing = "client-key" if cert_file or cert_data else "client-certificate"
        raise user.error(f"a client certificate needs its key: {missing} is missing")
    return TlsSettings(
        ca_file=ca_file, ca_data=ca_data, insecure=insecure,
        server_name=said.tls_server_name or cluster.text("tls-server-name"),
        cert_file=cert_file, cert_data=cert_data, key_file=key_file, key_data=key_data,
    )  # fmt: skip


def _server_of(cluster: Block, name: str, said: Overrides, tls: TlsSettings) -> str:
    server = (said.server or cluster.text("server")).strip()
    if not server:
        raise cluster.error(f"cluster {name!r} has no server")
    scheme, separator, _ = server.partition("://")
    if not separator:
        # As kubectl: a bare host speaks TLS only where something about TLS is configured.
        secure = tls.insecure or any((tls.ca_file, tls.ca_data, tls.cert_file, tls.cert_data))
        server = f"{'https' if secure else 'http'}://{server}"
    elif scheme not in ("http", "https"):
        raise cluster.error(f"server {server!r} is neither http nor https", "server")
    return server.rstrip("/")
