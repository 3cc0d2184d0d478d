"""Certificate authorities and certificates for the tests, made with the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


def openssl(*args: str) -> None:
    """Run openssl, which must succeed."""
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=30)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files and as PEM."""

    cert_file: Path
    key_file: Path

    @property
    def cert(self) -> bytes:
        """PEM."""
        return self.cert_file.read_bytes()

    @property
    def key(self) -> bytes:
        """PEM."""
        return self.key_file.read_bytes()


class Authority:
    """One certificate authority in a directory of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self.root = Pair(directory / "ca.crt", directory / "ca.key")
        _make_key(self.root.key_file)
        openssl(
            "req", "-x509", "-new", "-key", str(self.root.key_file), "-subj", f"/CN={name}", "-days", "30",
            "-out", str(self.root.cert_file),
        )  # fmt: skip

    def issue(self, name: str, *, alt: str = "", days: int = 30) -> Pair:
        """Sign a certificate; negative days make one that has expired."""
        stem = f"{name}-{len(list(self._directory.iterdir()))}"
        pair = Pair(self._directory / f"{stem}.crt", self._directory / f"{stem}.key")
        request, extensions = self._directory / f"{stem}.csr", self._directory / f"{stem}.ext"
        extensions.write_text(f"subjectAltName={alt}\n" if alt else "keyUsage=digitalSignature\n")
        _make_key(pair.key_file)
        openssl("req", "-new", "-key", str(pair.key_file), "-subj", f"/CN={name}", "-out", str(request))
        openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.root.cert_file),
            "-CAkey", str(self.root.key_file), "-CAcreateserial", "-days", str(days),
            "-extfile", str(extensions), "-out", str(pair.cert_file),
        )  # fmt: skip
        return pair


def _make_key(path: Path) -> None:
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(path))


@dataclass(frozen=True)
class Pki:
    """What the tests share: made once, since each certificate costs some processes."""

    authority: Authority
    stranger: Authority
    """An authority nobody trusts."""
    server: Pair
    """For 127.0.0.1 and localhost."""
    named: Pair
    """For kube.example only, so that it is good under a tls-server-name alone."""
    expired: Pair
    client: Pair
    """CN alice."""
    other_client: Pair
    """CN bob."""
    directory: Path

    def server_context(self, pair: Pair | None = None, *, client_certs: str = "optional") -> ssl.SSLContext:
        """Return a server's context; ``client_certs`` is none, optional or required."""
        pair = pair or self.server
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert_file, pair.key_file)
        if client_certs != "none":
            context.load_verify_locations(self.authority.root.cert_file)
            context.verify_mode = ssl.CERT_REQUIRED if client_certs == "required" else ssl.CERT_OPTIONAL
        return context


def make_pki(directory: Path) -> Pki:
    """Make everything once."""
    authority = Authority(directory / "authority", "k9py test authority")
    here = "IP:127.0.0.1,DNS:localhost"
    return Pki(
        authority=authority,
        stranger=Authority(directory / "stranger", "stranger"),
        server=authority.issue("server", alt=here),
        named=authority.issue("named", alt="DNS:kube.example"),
        expired=authority.issue("expired", alt=here, days=-1),
        client=authority.issue("alice"),
        other_client=authority.issue("bob"),
        directory=directory,
    )
