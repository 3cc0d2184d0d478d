"""TLS for one server: the context to connect with, and what is wrong when it does not, in one line."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from k9py.core.errors import KubeconfigError, TlsError
from k9py.kube.target import TlsSettings

_EXPIRED, _NOT_YET_VALID, _SELF_SIGNED = 10, 9, 18
_UNKNOWN_ISSUER = frozenset({2, 19, 20, 21, 27})
_WRONG_NAME = frozenset({62, 64})
"""Verification codes, from OpenSSL's x509_vfy.h."""

_REFUSED_ALERTS = {
    "CERTIFICATE_REQUIRED": "the server wants a client certificate and we have none",
    "ALERT_HANDSHAKE_FAILURE": "the server refuses the handshake: it may want a client certificate",
    "ALERT_UNKNOWN_CA": "the server refuses our client certificate: it does not know its issuer",
    "ALERT_BAD_CERTIFICATE": "the server refuses our client certificate",
    "ALERT_CERTIFICATE_EXPIRED": "the server refuses our client certificate: it has expired",
    "ALERT_CERTIFICATE_REVOKED": "the server refuses our client certificate: it is revoked",
    "ALERT_CERTIFICATE_UNKNOWN": "the server refuses our client certificate",
    "ALERT_ACCESS_DENIED": "the server refuses our client certificate",
}
"""Reasons of alerts the server sends about us, by the end of OpenSSL's name for them."""


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """The settings with their files read; equal materials make equal contexts."""

    ca: bytes = field(default=b"", repr=False)
    """PEM; empty means the system's authorities."""
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    insecure: bool = False


def read_material(tls: TlsSettings, certificate: bytes = b"", key: bytes = b"") -> TlsMaterial:
    """Read the files behind the settings; a certificate got from a plugin serves where they name none.

    Raises KubeconfigError naming the file that cannot be read.
    """
    own = bool(tls.cert_data or tls.cert_file)
    return TlsMaterial(
        ca=b"" if tls.insecure else tls.ca_data or _read(tls.ca_file, "certificate-authority"),
        certificate=(tls.cert_data or _read(tls.cert_file, "client-certificate")) if own else certificate,
        key=(tls.key_data or _read(tls.key_file, "client-key")) if own else key,
        insecure=tls.insecure,
    )


def _read(path: str, what: str) -> bytes:
    if not path:
        return b""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{what} {path} cannot be read: {error.strerror}") from error


def make_context(material: TlsMaterial) -> ssl.SSLContext:
    """Return the context of a connection. Takes some 20 ms with the system's authorities: call it in a thread.

    Raises KubeconfigError for a certificate or key that is none.
    """
    try:
        context = ssl.create_default_context(cadata=material.ca.decode("ascii") if material.ca else None)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise KubeconfigError("The certificate authority holds no certificate in PEM format") from error
    # As kubectl: private authorities often lack extensions that Python 3.13 insists on, and an
    # intermediate authority may be given as the one to trust.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if material.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if material.certificate:
        _load_pair(context, material.certificate, material.key)
    return context


class _EncryptedKey(Exception):
    """The key wants a pass phrase."""


def _no_pass_phrase() -> str:
    # Without this OpenSSL itself would ask on the terminal, over the screen.
    raise _EncryptedKey


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a client certificate. ``ssl`` only reads files, so the pair is in one, mode 0600, for that moment."""
    handle, path = tempfile.mkstemp(prefix="k9py-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(certificate.rstrip() + b"\n" + key.rstrip() + b"\n")
        context.load_cert_chain(path, password=_no_pass_phrase)
    except _EncryptedKey:
        raise KubeconfigError(
            "The client key is encrypted with a pass phrase",
            remedy="Give the kubeconfig a key without one, or an exec plugin that unlocks it",
        ) from None
    except ssl.SSLError as error:
        why = "do not belong together" if "MISMATCH" in (error.reason or "") else "are not a pair in PEM format"
        raise KubeconfigError(f"The client certificate and its key {why}") from error
    finally:
        os.unlink(path)


def explain(error: ssl.SSLError, server: str, name: str) -> TlsError:
    """Say what is wrong with a handshake: ``server`` is where we went, ``name`` what had to be certified."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _explain_verification(error, server, name)
    reason = error.reason or ""
    for alert, meaning in _REFUSED_ALERTS.items():
        if reason.endswith(alert):
            return TlsError(
                f"{server}: {meaning}",
                remedy="Renew client-certificate and client-key in the kubeconfig's user entry",
            )
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING", "RECORD_LAYER_FAILURE"):
        return TlsError(
            f"{server}: what answers does not speak TLS",
            remedy="Check server and port in the kubeconfig; a proxy or a plain HTTP service may stand there",
        )
    return TlsError(f"{server}: the TLS handshake failed: {_words(reason) or error.strerror or error}")


def _explain_verification(error: ssl.SSLCertVerificationError, server: str, name: str) -> TlsError:
    code = error.verify_code
    if code in _WRONG_NAME:
        return TlsError(
            f"{server}: the server's certificate is not for {name}",
            remedy="Set tls-server-name in the kubeconfig to a name the certificate has, or correct the server",
        )
    if code == _EXPIRED:
        return TlsError(
            f"{server}: the server's certificate has expired",
            remedy="The cluster's administrator has to renew it; check this machine's clock as well",
        )
    if code == _NOT_YET_VALID:
        return TlsError(f"{server}: the server's certificate is not valid yet", remedy="Check this machine's clock")
    if code == _SELF_SIGNED or code in _UNKNOWN_ISSUER:
        return TlsError(
            f"{server}: the server's certificate is signed by an unknown authority",
            remedy="Give the cluster's authority as certificate-authority-data in the kubeconfig "
            "(the cluster may have been built anew since)",
        )
    return TlsError(f"{server}: the server's certificate is refused: {error.verify_message or _words(error.reason)}")


def _words(reason: str | None) -> str:
    return (reason or "").lower().replace("_", " ")
