"""Tasks somebody answers for: named, cancelled together, and never failing in silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_LOG = logging.getLogger(__name__)

FailureHandler = Callable[[str, BaseException], None]
"""Called with the task's name and what it raised."""


class TaskSet:
    """A group of background tasks with one owner; closing it cancels and awaits them all."""

    def __init__(self, on_failure: FailureHandler | None = None) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure
        self._closed = False

    def start(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run a coroutine until it ends or the set is closed; what it raises goes to the failure handler."""
        if self._closed:
            coroutine.close()
            raise RuntimeError(f"task {name} started on a closed TaskSet")
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def closed(self) -> bool:
        """True when no task can be started any more."""
        return self._closed

    async def finish(self) -> None:
        """Wait until every task has ended by itself; what one raises went to the failure handler."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def close(self) -> None:
        """Cancel every task and wait until each has ended."""
        self._closed = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if self._on_failure is None:
            _LOG.error("task %s failed", task.get_name(), exc_info=error)
        else:
            self._on_failure(task.get_name(), error)
