"""The objects every cluster starts with: nodes, users' rights, the metrics API, a storage class."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import yaml

from .api import ApiClient, encoded
from .build import kubernetes_version
from .layout import NODE_ADDRESSES, Layout

MANIFESTS = Path(__file__).parent / "manifests"

COLLECTIONS = {
    "APIService": "/apis/apiregistration.k8s.io/v1/apiservices",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
}


def create_base_objects(layout: Layout, client: ApiClient) -> None:
    """Create nodes and base objects; those that exist already stay as they are."""
    values = {"ca": encoded(layout.certificate("ca")), "metrics_server_port": str(layout.ports.metrics_server)}
    for manifest in _manifests("base.yaml", values):
        _create(client, manifest)
    for (name, address), port in zip(NODE_ADDRESSES.items(), layout.ports.kubelet, strict=True):
        node = {"name": name, "address": address, "port": str(port), "version": kubernetes_version()}
        for manifest in _manifests("node.yaml", node):
            _create(client, manifest)


def _manifests(file: str, values: dict[str, str]) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(Template((MANIFESTS / file).read_text()).substitute(values)))


def _create(client: ApiClient, manifest: dict[str, Any]) -> None:
    path = COLLECTIONS[manifest["kind"]].format(namespace=manifest["metadata"].get("namespace", ""))
    client.create(path, manifest)
