"""What a cluster has around the objects of a plan, looked up once and remembered for a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from k9py.core.clock import Clock
from k9py.core.errors import K9Error, NotFound
from k9py.kube import verbs
from k9py.kube.discovery import Discovery
from k9py.kube.wire import Transport
from k9py.manifests.surroundings import Known, Need, Object

REMEMBERED = 5.0
"""Seconds an answer is used again; what others change meanwhile can only make advice wrong, never refuse a write."""
LISTED = 500
"""Objects of a list that are looked through; in a longer one everything counts as unknown."""

_Answer = Object | Sequence[Object] | None


class Surroundings:
    """Answers to needs of one cluster; what may not be read is left unknown."""

    def __init__(self, transport: Transport, discovery: Discovery, clock: Clock) -> None:
        self._transport = transport
        self._discovery = discovery
        self._clock = clock
        self._asked: dict[Need, tuple[float, asyncio.Task[_Answer]]] = {}

    async def known(self, needs: Iterable[Need], beside: Iterable[tuple[str, str, Object]] = ()) -> Known:
        """Look up what is needed; ``beside`` are objects that count as there."""
        wanted = list(dict.fromkeys(needs))
        held = {need: task.result() for need in wanted if (task := self._held(need)) is not None}
        asked = [need for need in wanted if need not in held]
        answers = await asyncio.gather(*map(self._answer, asked), return_exceptions=True) if asked else []
        objects: dict[Need, Object | None] = {}
        lists: dict[Need, Sequence[Object]] = {}
        for need, answer in (*held.items(), *zip(asked, answers, strict=True)):
            if isinstance(answer, K9Error):
                continue
            if isinstance(answer, BaseException):
                raise answer
            if isinstance(answer, list):
                lists[need] = answer
            else:
                objects[need] = answer  # type: ignore[assignment]
        return Known(objects, lists, beside)

    def forget(self, kind: str, namespace: str) -> None:
        """Look up a kind anew next time, because something of it was written."""
        self._asked = {
            need: asked for need, asked in self._asked.items() if (need.id, need.namespace) != (kind, namespace)
        }

    def _held(self, need: Need) -> asyncio.Task[_Answer] | None:
        """Return an answer that is there and not too old: a plan of many objects waits for none of those."""
        since, task = self._asked.get(need, (float("-inf"), None))
        if task is None or self._clock.monotonic() - since > REMEMBERED or not task.done() or _failed(task):
            return None
        return task

    async def _answer(self, need: Need) -> _Answer:
        now = self._clock.monotonic()
        since, task = self._asked.get(need, (float("-inf"), None))
        if task is None or now - since > REMEMBERED or (task.done() and _failed(task)):
            task = asyncio.create_task(self._read(need), name=f"look up {need.id}")
            self._asked[need] = (now, task)
        # Shared by several plans: one that is given up does not end it for the others.
        return await asyncio.shield(task)

    async def _read(self, need: Need) -> _Answer:
        resource = self._discovery.resolve(need.id)
        if need.name:
            try:
                return await verbs.get(self._transport, resource, need.namespace, need.name)
            except NotFound:
                return None
        items: list[dict[str, Any]] = []
        async for page in verbs.list_pages(self._transport, resource, need.namespace):
            items += page.get("items") or ()
            if len(items) > LISTED or (page.get("metadata") or {}).get("continue"):
                raise K9Error(f"there are too many {need.id} to look through")
        return items


def _failed(task: asyncio.Task[_Answer]) -> bool:
    return task.cancelled() or task.exception() is not None
