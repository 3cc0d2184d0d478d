"""Record from a real server what the simulated one says about itself: discovery, Table columns, OpenAPI, first objects.

Run ``python -m tests.record`` with KUBECONFIG naming a freshly started control plane of the version to simulate.
"""

from __future__ import annotations

import base64
import json
import lzma
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).parent.parent / "k9py"
DATA = PACKAGE / "sim" / "data"
SHARED = PACKAGE / "core" / "data"
"""What the manifests read as well."""
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
FIRST_OBJECTS = (
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
    "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
    "/apis/networking.k8s.io/v1/servicecidrs",
    "/apis/apiregistration.k8s.io/v1/apiservices",
)
"""Lists of what a server creates for itself; objects made by people are left out by their labels and names."""
AGGREGATED_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


class Server:
    """A real API server behind a kubeconfig with client certificates or a token."""

    def __init__(self, path: str) -> None:
        config = yaml.safe_load(Path(path).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._url = cluster["server"]
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        authority = cluster.get("certificate-authority-data")
        self._tls = ssl.create_default_context(
            cafile=cluster.get("certificate-authority"),
            cadata=base64.b64decode(authority).decode() if authority else None,
        )
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pair:
                for part in ("client-certificate-data", "client-key-data"):
                    pair.write(base64.b64decode(user[part]))
                pair.flush()
                self._tls.load_cert_chain(pair.name)
        elif "client-certificate" in user:
            self._tls.load_cert_chain(user["client-certificate"], user["client-key"])

    def get(self, path: str, accept: str = "application/json") -> Any:
        """Return the decoded answer; raises urllib's HTTPError for a refusal."""
        request = urllib.request.Request(self._url + path, headers={**self._headers, "Accept": accept})
        with urllib.request.urlopen(request, context=self._tls) as answer:
            return json.load(answer)

    def first_line(self, path: str) -> bytes:
        """Return the first line of a watch."""
        request = urllib.request.Request(self._url + path, headers=self._headers)
        with urllib.request.urlopen(request, context=self._tls) as answer:
            line: bytes = answer.readline()
        return line


def record(server: Server) -> None:
    """Write every data file."""
    discovery = {part: server.get(f"/{part}", AGGREGATED) for part in ("api", "apis")}
    foreign = _foreign_groups(server)
    for document in discovery.values():
        document["items"] = [g for g in document["items"] if g["metadata"].get("name") not in foreign]
        for group in document["items"]:
            group["metadata"].pop("creationTimestamp", None)
    _write("discovery.json", _compact(discovery), SHARED)
    _write("tables.json", _compact(_columns(server, discovery)))
    _write("bookmarks.json", _compact(_bookmarks(server, discovery)))
    _write("version.json", _compact(server.get("/version")))
    index = server.get("/openapi/v3")["paths"]
    served = {name: entry for name, entry in index.items() if not foreign & set(name.split("/"))}
    documents = {name: server.get(entry["serverRelativeURL"]) for name, entry in sorted(served.items())}
    packed = lzma.compress(_compact(documents), preset=9 | lzma.PRESET_EXTREME)
    _write("openapi.json.xz", packed, SHARED)
    objects = [obj for path in FIRST_OBJECTS for obj in _first_objects(server.get(path))]
    _write("first_objects.json.xz", lzma.compress(_compact(objects), preset=9 | lzma.PRESET_EXTREME))


def _foreign_groups(server: Server) -> set[str]:
    """Return groups of custom resources and of servers behind this one: not the control plane's own."""
    services = server.get(AGGREGATED_SERVICES)["items"]
    onstart = "kube-aggregator.kubernetes.io/automanaged"
    return {
        service["spec"]["group"]
        for service in services
        if (service["metadata"].get("labels") or {}).get(onstart) != "onstart"
    }


def _columns(server: Server, discovery: dict[str, Any]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for part, document in discovery.items():
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                base = f"/{part}/{name}/{version['version']}" if name else f"/{part}/{version['version']}"
                for resource in version["resources"]:
                    if "list" not in resource.get("verbs", ()):
                        continue
                    id_ = f"{resource['resource']}.{name}" if name else resource["resource"]
                    table = server.get(f"{base}/{resource['resource']}?limit=1", TABLE)
                    tables.setdefault(id_, table["columnDefinitions"])
    tables["default"] = tables["limitranges"]
    return dict(sorted(tables.items()))


def _bookmarks(server: Server, discovery: dict[str, Any]) -> dict[str, Any]:
    """Return what each kind's bookmarks hold besides kind, version and metadata: the typed encoder's empty fields."""
    bodies: dict[str, Any] = {}
    query = (
        "watch=1&timeoutSeconds=5&allowWatchBookmarks=true&sendInitialEvents=true"
        "&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name=nosuch"
    )
    for part, document in discovery.items():
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                base = f"/{part}/{name}/{version['version']}" if name else f"/{part}/{version['version']}"
                for resource in version["resources"]:
                    if "watch" not in resource.get("verbs", ()):
                        continue
                    event = json.loads(server.first_line(f"{base}/{resource['resource']}?{query}"))
                    body = event["object"]
                    api_version = body.pop("apiVersion")
                    del body["kind"], body["metadata"]
                    if body:
                        bodies[f"{api_version}/{resource['resource']}"] = body
    return dict(sorted(bodies.items()))


def _first_objects(answer: dict[str, Any]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for obj in answer["items"]:
        metadata = obj["metadata"]
        if not _is_own(metadata, answer["kind"]):
            continue
        for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
            metadata.pop(field, None)
        head = {"kind": answer["kind"].removesuffix("List"), "apiVersion": answer["apiVersion"]}
        kept.append({**head, **obj})
    return kept


def _is_own(metadata: dict[str, Any], kind: str) -> bool:
    if "RoleList" in kind or "RoleBindingList" in kind:
        return (metadata.get("labels") or {}).get("kubernetes.io/bootstrapping") == "rbac-defaults"
    if kind == "APIServiceList":
        return (metadata.get("labels") or {}).get("kube-aggregator.kubernetes.io/automanaged") == "onstart"
    own = ("system-", "kube", "catch-all", "exempt", "workload-", "global-default", "leader-election",
           "node-high", "probes", "service-accounts", "endpoint-controller", "garbage-collector")  # fmt: skip
    return str(metadata["name"]).startswith(own)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _write(name: str, body: bytes, folder: Path = DATA) -> None:
    (folder / name).write_bytes(body)
    sys.stderr.write(f"{name}: {len(body)} bytes\n")


if __name__ == "__main__":
    record(Server(os.environ["KUBECONFIG"]))
