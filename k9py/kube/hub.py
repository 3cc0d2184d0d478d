"""Shares list-and-watches between panes: one per kind, namespace, selectors and projection, counted by use."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from k9py.core.clock import Clock
from k9py.core.refs import ApiResource, Scope
from k9py.core.tasks import FailureHandler, TaskSet
from k9py.kube.pacing import CollectorGuard
from k9py.kube.reflector import Reflector, ServerTraits
from k9py.kube.rows import Projection
from k9py.kube.subscription import Subscription
from k9py.kube.watching import Source
from k9py.kube.wire import Transport

LINGER = 30.0
"""Seconds a watch goes on after its last reader left: coming back to a pane finds its rows there."""


def _key_of(source: Source) -> Hashable:
    """Return what makes two sources one: equal requests decoded into rows of one kind."""
    return (
        source.resource.gvr,
        source.namespace,
        source.label_selector,
        source.field_selector,
        source.projection,
    )


@dataclass
class _Shared:
    """A running reflector and who uses it."""

    reflector: Reflector
    tasks: list[asyncio.Task[None]]
    users: int = 0
    ending: asyncio.Task[None] | None = field(default=None)


class Hub:
    """Gives out subscriptions and keeps the watches behind them alive exactly as long as needed."""

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Clock,
        rng: random.Random | None = None,
        fallback: Callable[[], Sequence[str]] = tuple,
        on_failure: FailureHandler | None = None,
    ) -> None:
        """``fallback`` names the namespaces to read when all of them at once are not allowed."""
        self.clock = clock
        self.fallback = fallback
        self.traits = ServerTraits()
        self._transport = transport
        self._rng = rng or random.Random()
        self._guard = CollectorGuard()
        self._tasks = TaskSet(on_failure)
        self._shared: dict[Hashable, _Shared] = {}

    def subscribe(
        self,
        resource: ApiResource,
        scope: Scope,
        projection: Projection,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Subscription:
        """Open a view on one kind in a scope; it starts to fill at once and must be closed."""

        def source_in(namespace: str) -> Source:
            return Source(resource, namespace, projection, label_selector, field_selector)

        return Subscription(self, resource, scope, source_in)

    @property
    def reflectors(self) -> list[Reflector]:
        """Every reflector that runs, lingering ones included."""
        return [shared.reflector for shared in self._shared.values()]

    @property
    def filling(self) -> bool:
        """True while a first list is under way, which holds the collector off."""
        return self._guard.holding

    def namespaces_seen(self) -> set[str]:
        """Return the namespaces of every row read so far."""
        return {
            row.namespace for reflector in self.reflectors for row in reflector.store.rows.values() if row.namespace
        }

    def retry_now(self) -> None:
        """Cut every wait short."""
        for reflector in self.reflectors:
            reflector.retry_now()

    def reconnect(self) -> None:
        """Open every watch anew from its saved version: the network was away and their connections may be dead."""
        for reflector in self.reflectors:
            reflector.reconnect()

    def acquire(self, source: Source) -> Reflector:
        """Return the reflector for a source, started if nobody used it; give it back by :meth:`release`."""
        key = _key_of(source)
        shared = self._shared.get(key)
        if shared is None:
            reflector = Reflector(
                self._transport,
                source,
                clock=self.clock,
                rng=self._rng,
                traits=self.traits,
                guard=self._guard,
            )
            task = self._tasks.start(reflector.run(), name=f"watch {source.path}")
            shared = self._shared[key] = _Shared(reflector, [task])
            if source.is_table:
                shared.tasks.append(self._tasks.start(reflector.renew_cells(), name=f"renew {source.path}"))
        if shared.ending is not None:
            shared.ending.cancel()
            shared.ending = None
        shared.users += 1
        return shared.reflector

    def release(self, reflector: Reflector) -> None:
        """Give a reflector back; 30 s after its last user it stops and its rows are dropped."""
        key = _key_of(reflector.source)
        shared = self._shared.get(key)
        if shared is None or shared.reflector is not reflector:
            return
        shared.users -= 1
        if not shared.users:
            shared.ending = self._tasks.start(self._end(key, shared), name=f"linger {reflector.source.path}")

    async def _end(self, key: Hashable, shared: _Shared) -> None:
        await self.clock.sleep(LINGER)
        del self._shared[key]
        for task in shared.tasks:
            task.cancel()

    async def close(self) -> None:
        """Stop every watch."""
        self._shared.clear()
        await self._tasks.close()
