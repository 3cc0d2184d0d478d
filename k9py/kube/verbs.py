"""Single reads: whole objects, raw lists, server-side Tables."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from k9py.core.errors import RubbishError
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.watching import PAGE_SIZE
from k9py.kube.wire import Transport

NAMESPACES = Gvr("", "v1", "namespaces")
_JSON = {"Accept": "application/json"}
_METADATA = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"}
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
"""Accept header for what ``kubectl get`` shows."""


def decode_object(body: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object; raises RubbishError for anything else."""
    try:
        decoded = json.loads(body)
    except ValueError as error:
        raise RubbishError(f"{what} cannot be read: {error}") from error
    if not isinstance(decoded, dict):
        raise RubbishError(f"{what} is not an object")
    return decoded


async def get(transport: Transport, resource: ApiResource, namespace: str, name: str) -> dict[str, Any]:
    """Return one full object."""
    path = resource.gvr.path(namespace if resource.namespaced else "", name)
    answer = await transport.request("GET", path, headers=_JSON)
    return decode_object(answer.body, f"{resource.kind} {name}")


async def list_pages(
    transport: Transport,
    resource: ApiResource,
    namespace: str = "",
    *,
    label_selector: str = "",
    field_selector: str = "",
    accept: str = "application/json",
    query: tuple[tuple[str, str], ...] = (),
) -> AsyncIterator[dict[str, Any]]:
    """Yield the pages of a list as they are: a List, or a Table where ``accept`` asks for one."""
    token = ""
    path = resource.gvr.path(namespace if resource.namespaced else "")
    base = [*query, ("limit", str(PAGE_SIZE))]
    base += [("labelSelector", label_selector)] if label_selector else []
    base += [("fieldSelector", field_selector)] if field_selector else []
    while True:
        asked = [*base, ("continue", token)] if token else base
        answer = await transport.request("GET", path, query=asked, headers={"Accept": accept})
        page = decode_object(answer.body, f"the list of {resource.id}")
        yield page
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return


async def namespace_names(transport: Transport) -> list[str]:
    """Return the names of all namespaces; raises Forbidden where listing them is not allowed."""
    names: list[str] = []
    token = ""
    while True:
        query = [("limit", str(PAGE_SIZE))] + ([("continue", token)] if token else [])
        answer = await transport.request("GET", NAMESPACES.path(), query=query, headers=_METADATA)
        page = decode_object(answer.body, "the list of namespaces")
        names += [item["metadata"]["name"] for item in page.get("items") or ()]
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return names
