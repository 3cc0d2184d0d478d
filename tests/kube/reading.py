"""What tests of a reflector share: one that runs, its clock, and what its states were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from k9py.core.clock import ManualClock
from k9py.core.refs import ApiResource
from k9py.kube.metadata import MetadataProjection
from k9py.kube.pacing import CollectorGuard
from k9py.kube.reflector import Reflector, ServerTraits
from k9py.kube.rows import Projection
from k9py.kube.states import SyncState
from k9py.kube.watching import Source
from tests.kube.fakes import PODS, FakeTransport, HighestRandom, settle


@dataclass
class Reading:
    """A reflector under test."""

    reflector: Reflector
    transport: FakeTransport
    clock: ManualClock
    states: list[SyncState] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Names of the rows held."""
        return {row.name for row in self.reflector.store.rows.values()}

    @property
    def versions(self) -> list[str | None]:
        """The versions the watches asked from, in order; None for a streaming list."""
        return [asked.query.get("resourceVersion") for asked in self.transport.asked if "watch" in asked.query]

    def state(self) -> SyncState:
        """The state on screen now."""
        return self.reflector.status.state

    async def settle(self) -> None:
        """Let everything run that can."""
        await settle(self.clock)

    async def advance(self, seconds: float) -> None:
        """Move time on."""
        await self.clock.advance(seconds)
        await self.settle()

    @property
    def asked(self) -> int:
        """How many requests were sent."""
        return len(self.transport.asked)


@asynccontextmanager
async def reading(
    transport: FakeTransport,
    *,
    namespace: str = "shop",
    resource: ApiResource = PODS,
    projection: Projection | None = None,
    streaming: bool = False,
) -> AsyncIterator[Reading]:
    """Run a reflector; ``streaming`` lets it try a streaming list first."""
    clock = ManualClock()
    traits = ServerTraits()
    if not streaming:
        traits.without_streaming.add(resource.gvr.group)
    reflector = Reflector(
        transport,
        Source(resource, namespace, projection or MetadataProjection()),
        clock=clock,
        rng=HighestRandom(),
        traits=traits,
        guard=CollectorGuard(),
    )
    run = Reading(reflector, transport, clock)

    def note_state() -> None:
        state = reflector.status.state
        if not run.states or run.states[-1] is not state:
            run.states.append(state)

    reflector.observers.append(note_state)
    task = asyncio.create_task(reflector.run())
    try:
        await run.settle()
        yield run
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
