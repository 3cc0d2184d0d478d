"""Pages of a list, of a size that suits the objects, the link and the loop."""

from __future__ import annotations

from k9py.core.errors import Stalled
from k9py.kube.pacing import Turns
from k9py.kube.rows import Page, Row
from k9py.kube.watching import PAGE_SIZE, SLICE_ABOVE, SMALLEST_PAGE, Source, next_page_size, split_list
from k9py.kube.wire import Transport

PAGE_TIMEOUT = 60.0
"""Seconds a page may take, which is the API server's own limit; one that takes longer makes the next try smaller."""


class Pager:
    """Fetches and decodes pages of one source."""

    def __init__(self, transport: Transport, source: Source, turns: Turns) -> None:
        self._transport = transport
        self._source = source
        self._turns = turns
        self._size = PAGE_SIZE

    async def fetch(self, token: str) -> Page:
        """Return the page of a continue token, the first one for an empty token."""
        query = self._source.list_query(limit=self._size, continue_token=token)
        try:
            answer = await self._transport.request(
                "GET", self._source.path, query=query, headers=self._source.headers, timeout=PAGE_TIMEOUT
            )
        except Stalled:
            self._size = max(SMALLEST_PAGE, self._size // 4)
            raise
        page = await self._decode(answer.body)
        self._size = min(next_page_size(items=len(page.rows), size=len(answer.body)), self._size * 2)
        return page

    async def _decode(self, body: bytes) -> Page:
        """Decode a page, giving the loop turns in between when it is heavy."""
        projection = self._source.projection
        split = split_list(body) if len(body) > SLICE_ABOVE and self._source.sliceable else None
        if split is None:
            return projection.page(body)
        rows: list[Row] = []
        for item in split.items:
            raw = bytes(item)
            rows.append(projection.item(raw))
            if self._turns.spent(len(raw)):
                await self._turns.give()
        meta = split.metadata
        return Page(rows, meta.resource_version, meta.continue_token, meta.remaining)
