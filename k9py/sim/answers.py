"""Answers over HTTP: JSON bodies, Status bodies, gzip, the Date and Warning headers."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from email.utils import formatdate

from aiohttp import web

from k9py.core.errors import ApiError
from k9py.sim import statuses
from k9py.sim.negotiation import JSON
from k9py.sim.requests import Call

COMPRESSED_FROM = 128 * 1024
"""Bytes from which a body is compressed when the client accepts it, as the real server does."""
_FAST_LEVEL = 1


def headers_of(call: Call) -> dict[str, str]:
    """Return what every answer carries; the date is the simulated cluster's."""
    return {"Cache-Control": "no-cache, private", "Date": formatdate(call.clock.now(), usegmt=True)}


async def answer(
    call: Call,
    body: bytes,
    *,
    status: int = 200,
    content_type: str = JSON,
    extra: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a whole body, compressed when it is large and the client accepts that."""
    headers = {**headers_of(call), "Content-Type": content_type, **(extra or {})}
    if len(body) >= COMPRESSED_FROM and "gzip" in call.request.headers.get("Accept-Encoding", ""):
        body = await asyncio.to_thread(gzip.compress, body, _FAST_LEVEL)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding, Accept"
    response = web.Response(body=body, status=status, headers=headers)
    for text in call.warnings:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


async def refuse(call: Call, error: ApiError) -> web.Response:
    """Return the Status of a refusal."""
    extra: dict[str, str] = {}
    if error.retry_after is not None:
        extra["Retry-After"] = str(int(error.retry_after))
    return await answer(call, statuses.body_of(error), status=error.status, extra=extra)
