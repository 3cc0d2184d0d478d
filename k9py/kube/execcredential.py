"""What is said to an exec credential plugin and what it says: the ExecCredential, v1 and v1beta1.

Format: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from k9py.core.errors import ExecPluginError
from k9py.kube.credentials import Grant
from k9py.kube.target import Target
from k9py.kube.tls import read_material

Complaint = Callable[[str], ExecPluginError]
"""Makes the error from what is wrong, as a predicate: ``printed nothing``."""


class _Status(msgspec.Struct, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: str | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""
    status: _Status | None = None


_DECODER = msgspec.json.Decoder(_ExecCredential)


def exec_info(target: Target, *, interactive: bool) -> str:
    """Return the value of KUBERNETES_EXEC_INFO: the version wanted, whether it may ask, perhaps the cluster."""
    config = target.login.exec
    assert config is not None
    spec: dict[str, Any] = {"interactive": interactive}
    if config.provide_cluster_info:
        spec["cluster"] = _cluster(target, config.cluster_config)
    return json.dumps({"kind": "ExecCredential", "apiVersion": config.api_version, "spec": spec})


def _cluster(target: Target, config: object) -> dict[str, Any]:
    ca = read_material(target.tls).ca
    optional = {
        "tls-server-name": target.tls.server_name,
        "insecure-skip-tls-verify": target.tls.insecure,
        "certificate-authority-data": base64.b64encode(ca).decode(),
        "proxy-url": target.proxy_url,
        "disable-compression": target.disable_compression,
        "config": config,
    }
    return {"server": target.server} | {key: value for key, value in optional.items() if value}


def grant_of(output: bytes, api_version: str, complaint: Complaint) -> Grant:
    """Read what a plugin printed; the output itself is never quoted, it may hold a token."""
    if not output.strip():
        raise complaint("printed nothing")
    try:
        credential = _DECODER.decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Not chained: the cause may quote the output.
        raise complaint("printed something that is not an ExecCredential in JSON") from None
    if credential.kind != "ExecCredential":
        raise complaint(f"printed a {credential.kind or 'document without kind'} instead of an ExecCredential")
    if credential.api_version != api_version:
        raise complaint(f"answers in {credential.api_version or 'no version'}, the kubeconfig asks for {api_version}")
    status = credential.status or _Status()
    certificate, key = status.client_certificate_data or "", status.client_key_data or ""
    if bool(certificate) != bool(key):
        raise complaint(
            "gave a client certificate without its key" if certificate else "gave a key without its certificate"
        )
    if not status.token and not certificate:
        raise complaint("gave neither a token nor a client certificate")
    token = (status.token or "").strip()
    if any(character.isspace() for character in token):
        raise complaint("gave a token with white space in it")
    return Grant(
        authorization=f"Bearer {token}" if token else "",
        certificate=certificate.encode(),
        key=key.encode(),
        expires=_expiry(status.expiration_timestamp, complaint),
    )


def _expiry(text: str | None, complaint: Complaint) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise complaint(f"gave an expirationTimestamp that is no time: {text[:40]!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
