"""The few HTTP calls that bringing a cluster up needs, over the standard library alone."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from .errors import ClusterError
from .layout import LOOPBACK, Layout

REQUEST_SECONDS = 10.0
ANSWERED = range(200, 300)


class ApiClient:
    """Speaks to one component with a client certificate of the cluster; one connection per request."""

    def __init__(self, layout: Layout, *, port: int, user: str = "admin") -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(layout.certificate("ca")))
        self._tls.load_cert_chain(layout.certificate(user), layout.key(user))

    def healthy(self, path: str) -> bool:
        """Say whether `path` answers with success; a refused connection is simply a no."""
        try:
            status, _body = self._request("GET", path, None)
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        return status in ANSWERED

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at `path`; raise ClusterError when the server says no."""
        status, body = self._request("GET", path, None)
        if status not in ANSWERED:
            raise ClusterError(f"GET {path}: {status} {_message(body)}")
        return dict(json.loads(body))

    def create(self, path: str, body: dict[str, Any]) -> None:
        """Create an object; one that is there already is left as it is."""
        status, answer = self._request("POST", path, body)
        if status not in ANSWERED and status != http.HTTPStatus.CONFLICT:
            raise ClusterError(f"POST {path}: {status} {_message(answer)}")

    def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""
        status, answer = self._request("DELETE", path, None)
        if status not in ANSWERED and status != http.HTTPStatus.NOT_FOUND:
            raise ClusterError(f"DELETE {path}: {status} {_message(answer)}")

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(LOOPBACK, self._port, context=self._tls, timeout=REQUEST_SECONDS)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def write_kubeconfig(layout: Layout, user: str, *, namespace: str = "default") -> Path:
    """Write a kubeconfig with everything embedded, so that it works wherever it is copied."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": f"test-{user}",
        "clusters": [
            {
                "name": "test",
                "cluster": {
                    "server": layout.server,
                    "certificate-authority-data": encoded(layout.certificate("ca")),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": encoded(layout.certificate(user)),
                    "client-key-data": encoded(layout.key(user)),
                },
            }
        ],
        "contexts": [{"name": f"test-{user}", "context": {"cluster": "test", "user": user, "namespace": namespace}}],
    }
    path = layout.kubeconfig(user)
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return path


def encoded(path: Path) -> str:
    """Return a file's content in the base64 that kubeconfigs and manifests carry."""
    return base64.b64encode(path.read_bytes()).decode()


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message", ""))
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace")
