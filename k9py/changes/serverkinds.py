"""The kinds of a server with its own types; what the recorded documents hold already is not sent again."""

from __future__ import annotations

import asyncio

import msgspec

from k9py.core import recorded
from k9py.core.errors import RubbishError
from k9py.kube.discovery import Discovery
from k9py.kube.wire import Transport
from k9py.manifests.kinds import Kinds

RECORDED_AT = "v1.36."
"""Versions of servers whose own types are those that were recorded; what is installed beside them is always read."""
_ACCEPT = {"Accept": "application/json"}


async def read_kinds(transport: Transport, discovery: Discovery, server_version: str) -> Kinds:
    """Return the kinds of a server; raises K9Error when its OpenAPI cannot be read.

    A whole set of documents is 6 MB: of a version that was recorded only custom kinds and aggregated ones are read.
    """

    async def fetch(path: str) -> bytes:
        address, _, query = path.partition("?")
        pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
        return (await transport.request("GET", address, query=pairs, headers=_ACCEPT)).body

    index = await fetch("/openapi/v3")
    try:
        paths = msgspec.json.decode(index)["paths"]
        addresses = {name: str(entry["serverRelativeURL"]) for name, entry in paths.items()}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise RubbishError("what answers at /openapi/v3 is not the Kubernetes API") from error
    held: dict[str, bytes] = {}
    if server_version.startswith(RECORDED_AT):
        documents = await asyncio.to_thread(recorded.openapi)
        held = {addresses[name]: bytes(body) for name, body in documents.items() if name in addresses}
    return await Kinds.of_server(fetch, discovery.resources, held)
