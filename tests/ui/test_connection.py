"""One session at a time: late ones are closed, left ones are closed to their end, and no failure is silent."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from k9py.core.clock import ManualClock
from k9py.sim.server import ADMIN_TOKEN
from k9py.ui.connecting import ContextEntry
from k9py.ui.connection import Connection
from k9py.ui.picker import PickScreen
from tests.kube.fakes import settle
from tests.ui.harness import pod, running


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


DEAD = """
apiVersion: v1
kind: Config
current-context: live
clusters:
- {name: live, cluster: {server: "SERVER"}}
- {name: dead, cluster: {server: "http://127.0.0.1:9"}}
users:
- {name: admin, user: {token: TOKEN}}
contexts:
- {name: live, context: {cluster: live, user: admin, namespace: shop}}
- {name: dead, context: {cluster: dead, user: admin}}
""".replace("TOKEN", ADMIN_TOKEN)


async def test_rows_of_the_cluster_that_was_left_never_stand_under_another_ones_name(tmp_path: Path) -> None:
    async with running(tmp_path, {"pods": [pod("api-1")]}, kubeconfig=DEAD) as k9:
        await k9.sees("api-1")
        await k9.press(":", *"ctx dead", "enter")
        await k9.sees("not connected")
        assert "api-1" not in k9.screen
        await k9.press(":", *"ctx", "enter")
        await k9.until(lambda: isinstance(k9.app.screen, PickScreen))
        await k9.press(*"live", "enter")
        await k9.sees("api-1")


async def test_a_list_asked_for_before_there_is_a_connection_is_shown_once_there_is(tmp_path: Path) -> None:
    async with running(tmp_path, {"pods": [pod("api-1")]}) as k9:
        assert k9.app.session is None
        k9.app.browser.acting.command("kinds")
        await k9.until(lambda: k9.app.browser.view.kind == "kinds" and k9.names)
