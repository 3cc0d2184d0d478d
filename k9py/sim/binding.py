"""Putting a pod on its node, as the API server's binding does for every scheduler."""

from __future__ import annotations

from typing import Any

TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")
"""Labels of the node that its pods get."""

Object = dict[str, Any]


def bind(pod: Object, name: str, node: Object | None) -> None:
    """Write the node's name into a pod and its place into the pod's labels; the conditions are the caller's."""
    pod["spec"]["nodeName"] = name
    places = ((node or {}).get("metadata") or {}).get("labels") or {}
    found = {label: places[label] for label in TOPOLOGY if label in places}
    if found:
        pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **found}
