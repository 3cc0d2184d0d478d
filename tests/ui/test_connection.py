"""One session at a time: late ones are closed, left ones are closed to their end, and no failure is silent."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any, cast

from k9py.core.clock import ManualClock
from k9py.ui.connecting import ContextEntry
from k9py.ui.connection import Connection
from tests.kube.fakes import settle


class LeftSession:
    """A session that takes its time to close."""

    def __init__(self, context: str, may_close: asyncio.Event) -> None:
        self.context = context
        self.config_problem = ""
        self.health = self
        self.is_closed = False
        self._may_close = may_close

    def on_change(self, listener: object) -> None:
        """Nothing ever changes here."""

    async def close(self) -> None:
        """Close once that is allowed."""
        await self._may_close.wait()
        self.is_closed = True


class Contexts:
    """Opens sessions, or fails as it is told to; hears what becomes of them."""

    def __init__(self) -> None:
        self.may_close = asyncio.Event()
        self.sessions: list[LeftSession] = []
        self.failure: Exception | None = None
        self.opened: list[str] = []

    def contexts(self) -> tuple[ContextEntry, ...]:
        return ()

    async def open(self, context: str, loan: object, generation: int) -> Any:
        if self.failure is not None:
            raise self.failure
        self.sessions.append(LeftSession(context, self.may_close))
        return self.sessions[-1]

    def session_opened(self, session: Any) -> None:
        self.opened.append(session.context)

    def session_closing(self) -> None:
        """There is nothing to let go of."""

    def connection_changed(self) -> None:
        """Nobody looks."""


def connection_of(world: Contexts, clock: ManualClock) -> Connection:
    """Return a connection whose sessions come from here."""
    return Connection(cast(Any, world), world, clock, cast(Any, nullcontext()))


async def test_sessions_left_one_after_the_other_are_all_closed() -> None:
    world, clock = Contexts(), ManualClock()
    connection = connection_of(world, clock)
    for context in ("a", "b", "c"):
        connection.open(context)
        await settle(clock)
    assert world.opened == ["a", "b", "c"], "a slow goodbye holds nobody up"
    world.may_close.set()
    await connection.close()
    assert all(session.is_closed for session in world.sessions)


async def test_a_defect_while_connecting_is_said_and_the_next_try_may_work() -> None:
    world, clock = Contexts(), ManualClock()
    connection = connection_of(world, clock)
    world.failure = ValueError("no such thing")
    connection.open("a")
    await settle(clock)
    assert connection.trouble is not None
    assert "no such thing" in str(connection.trouble)
    world.failure = None
    await clock.advance(2)
    assert world.opened == ["a"]
    world.may_close.set()
    await connection.close()
