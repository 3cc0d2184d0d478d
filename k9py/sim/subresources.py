"""What is behind the slash: status, scale, eviction, binding, ephemeral containers, resize, finalize, token."""

from __future__ import annotations

from aiohttp import web

from k9py.core.errors import ApiError
from k9py.sim import reading, statuses, writing
from k9py.sim.requests import Call


async def handle(call: Call) -> web.StreamResponse:
    """Answer a request on a subresource."""
    found = call.kind().subresources.get(call.subresource)
    if found is None:
        raise statuses.no_such_path()
    if call.verb not in found.verbs:
        message = "the server does not allow this method on the requested resource"
        raise ApiError.of(405, message, reason="MethodNotAllowed")
    if call.verb == "get":
        return await reading.get(call)
    return await (writing.update(call) if call.verb == "update" else writing.patch(call))
