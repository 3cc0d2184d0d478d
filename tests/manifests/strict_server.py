"""A real server asked, without storing anything, whether it would take an object."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from k9py.core.refs import ApiResource
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.tls import make_context, read_material


class StrictServer:
    """One connection; objects of namespaces go into one of its own."""

    def __init__(self, kubeconfig: str | Path, *, namespace: str) -> None:
        target = Kubeconfig.load(str(kubeconfig), {}).target()
        address = urlsplit(target.server)
        context = make_context(read_material(target.tls))
        assert address.hostname is not None
        self._link = http.client.HTTPSConnection(address.hostname, address.port, context=context, timeout=30)
        self.namespace = namespace
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self._post("/api/v1/namespaces", body)

    def dry_run(self, resource: ApiResource, obj: dict[str, Any]) -> str:
        """Return why the server refuses an object, or nothing; created with strict field validation."""
        path = resource.gvr.path(self.namespace if resource.namespaced else "")
        status, answer = self._post(f"{path}?dryRun=All&fieldValidation=Strict", obj)
        # A name that is taken is found out last, behind everything that is wrong with the object itself.
        taken = status in (200, 201) or answer.get("reason") == "AlreadyExists"
        return "" if taken else str(answer.get("message", answer))

    def _post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = self._link.getresponse()
        return response.status, json.loads(response.read())

    def close(self) -> None:
        """Remove the namespace and hang up."""
        self._link.request("DELETE", f"/api/v1/namespaces/{self.namespace}")
        self._link.getresponse().read()
        self._link.close()
