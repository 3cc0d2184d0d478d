"""What the tests of changing share: objects, answers to questions, a network that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from textual.events import Key

from k9py.changes.model import Report
from k9py.config.launch import UiOptions
from k9py.core.clock import ManualClock, SystemClock
from k9py.sim.openapi import OpenApi
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from k9py.ui.changing.confirm import ConfirmScreen
from k9py.ui.changing.review import Phase, ReviewScreen
from tests.changes.conftest import Network, QuickClock, deployment
from tests.ui.harness import PATIENCE, STEP, Driver, running

LATER = 60.0
"""Seconds by which a key of an answer is dated ahead: as if the person had read the question."""

Object = dict[str, Any]


@lru_cache(maxsize=1)
def openapi() -> OpenApi:
    """The recorded schemas, read once."""
    return OpenApi()


def config_map(name: str, namespace: str = "shop", **data: str) -> Object:
    """Return a ConfigMap."""
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def secret(name: str, **values: str) -> Object:
    """Return a Secret as it is typed."""
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": values}


def key_event(key: str) -> Key:
    """Return a key as a terminal sends it."""
    return Key(key, " " if key == "space" else key if len(key) == 1 else None)


class Shop(Driver):
    """The program on a cluster, with a network in between that does what the test says."""

    network: Network

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each once everything the one before did is done.

        Unlike the pilot this does not wait for the widgets of a screen that a key closes.
        """
        for key in keys:
            await self._send(key_event(key))

    async def _send(self, event: Key) -> None:
        before = self.app.keys.turn
        self.app.post_message(event)
        await self.until(
            lambda: self.app.keys.turn > before and not self.app.keys.is_busy, f"an end of what {event.key} did"
        )

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until a condition holds, whatever screens come and go meanwhile; fails with what is on the screen."""
        limit = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            if asyncio.get_running_loop().time() > limit:
                raise AssertionError(f"never came: {what or condition}\n{self.screen}")
            if isinstance(self.app.clock, ManualClock):
                await self.app.clock.advance(STEP)
            await asyncio.sleep(0.02)
            self.app.screen._on_timer_update()

    def live(self, kind: str, name: str) -> Object:
        """Return an object of the store."""
        return self.store.stored(kind, "shop", name).copy()

    def exists(self, kind: str, name: str) -> bool:
        """Return whether the store has an object."""
        return self.store.find(kind, "shop", name) is not None

    def touch(self, kind: str, name: str, change: Callable[[Object], None]) -> None:
        """Change an object as somebody else would."""
        obj = self.live(kind, name)
        change(obj)
        self.store.replace(kind, obj)

    @property
    def review(self) -> ReviewScreen:
        """The review on top."""
        screen = self.app.screen
        assert isinstance(screen, ReviewScreen), screen
        return screen

    async def planned(self) -> None:
        """Wait until the review shows what would come of it."""
        await self.until(
            lambda: isinstance(self.app.screen, ReviewScreen) and self.app.screen.phase is Phase.SHOWN, "a plan"
        )

    async def ended(self) -> None:
        """Wait until the review shows what became of it."""
        await self.until(
            lambda: isinstance(self.app.screen, ReviewScreen) and self.app.screen.phase is Phase.ENDED, "an end"
        )

    async def asked(self) -> None:
        """Wait until the question is on the screen."""
        await self.until(lambda: isinstance(self.app.screen, ConfirmScreen) and self.app.screen.listens, "a question")

    async def answer(self, *keys: str) -> None:
        """Press keys as somebody who has read what is on the screen."""
        await self.asked()
        for key in keys:
            event = key_event(key)
            event.time += LATER
            await self._send(event)

    async def agree(self) -> None:
        """Press the key that writes, as somebody who has read the plan."""
        await self.planned()
        review = self.review
        await self.until(lambda: review.attention.is_there, "the plan on the screen")
        event = key_event("y")
        event.time += LATER
        await self._send(event)

    async def write(self) -> None:
        """Have what is reviewed written; a question is answered with yes."""
        await self.planned()
        review = self.review
        await self.agree()
        await self.until(lambda: isinstance(self.app.screen, ConfirmScreen) or review.phase is not Phase.ASKING)
        if isinstance(self.app.screen, ConfirmScreen):
            await self.answer("y")


@asynccontextmanager
async def shop(
    tmp_path: Path, objects: dict[str, list[Object]] | None = None, *, kind: str = "deployments", **how: Any
) -> AsyncIterator[Shop]:
    """Run the program on a list of ``kind`` of namespace shop; waits that are only patience cost no time."""
    server = SimServer(Store(SystemClock()), openapi=openapi())
    options = how.pop("options", UiOptions(kind=kind, namespaces=("shop",)))
    async with running(tmp_path, objects, cluster=server, options=options, **how) as driver:
        found = Shop(driver.app, driver.pilot, driver.server)
        await found.until(lambda: found.app.session is not None and "live" in found.bar("header"), "a list")
        session = found.app.session
        assert session is not None
        found.network = Network(session.transport)
        session.transport = found.network
        session.clock = QuickClock()
        yield found


class Told:
    """Notes what a caller of the desk is told."""

    def __init__(self) -> None:
        self.reports: list[Report | None] = []

    def __call__(self, report: Report | None) -> None:
        self.reports.append(report)

    @property
    def last(self) -> Report:
        """The report it was told last."""
        report = self.reports[-1]
        assert report is not None
        return report


__all__ = ["Shop", "Told", "config_map", "deployment", "openapi", "secret", "shop"]
