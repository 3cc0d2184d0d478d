"""A connection for one command that waits where the server asks to: a person would only type the same again."""

from __future__ import annotations

from collections.abc import Mapping

from k9py.core.clock import Clock
from k9py.core.errors import ApiError
from k9py.kube.wire import REQUEST_TIMEOUT, PassingTransport, Query, Response, Transport

BUSY = frozenset({429, 503})
"""Statuses that say "later" when they come with Retry-After; the request was not looked at."""
PATIENCE = 30.0
"""Seconds one request waits in all before the refusal is told."""
LEAST_WAIT = 0.1
"""Seconds; a Retry-After of nothing must not make a hot loop."""


class PatientTransport(PassingTransport):
    """Another transport, whose reads wait as long as a busy server asks; streams have waits of their own."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        super().__init__(transport)
        self._clock = clock

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        """Send one request; a read is sent again when the server is not busy any more."""
        left = PATIENCE if method == "GET" else 0.0
        while True:
            try:
                return await super().request(method, path, query=query, headers=headers, body=body, timeout=timeout)
            except ApiError as error:
                if error.status not in BUSY or error.retry_after is None:
                    raise
                wait = max(LEAST_WAIT, error.retry_after)
                left -= wait
                if left < 0:
                    raise
                await self._clock.sleep(wait)
