"""How each screen looks, on a cluster that never changes at a time that stands still.

``pytest tests/ui/snapshots --snapshot-update`` takes new pictures; look at each before it is committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from k9py.core.clock import ManualClock
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from k9py.ui.saving import without_edge_blanks
from tests.ui.harness import Driver, oom_killed, pod, running

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp()

UNTIL = 100.0
"""Seconds on the clock when the picture is taken: later than anything that is waited for, and before a watch that says
nothing is begun again, which takes as long as the machine likes."""

PODS = {
    "pods": [
        pod("api-7d9c6b5f4-2xk8p", app="api"),
        pod("api-7d9c6b5f4-9qzlm", app="api"),
        oom_killed("worker-5c8d7f9b6-m4v7c"),
        pod("batch-29922040-qpdwj", app="batch", phase="Succeeded"),
    ]
}


@asynccontextmanager
async def still(tmp_path: Path, size: tuple[int, int]) -> AsyncIterator[Driver]:
    """Run the program on a clock moved by hand, beside a cluster that says nothing by itself."""
    clock = ManualClock(NOW)
    silent = SimServer(Store(clock))
    silent.bookmark_every = 2 * UNTIL
    async with running(tmp_path, PODS, size=size, clock=clock, cluster=silent) as k9:
        await k9.until(
            lambda: "worker-5c8d7f9b6-m4v7c" in k9.names and "live" in k9.bar("header"), "a list that is live"
        )
        yield k9


async def picture(k9: Driver) -> str:
    """Let everything come to rest, move the clock to one time, and take a picture."""
    clock = k9.app.clock
    assert isinstance(clock, ManualClock)
    await clock.advance(UNTIL - clock.monotonic())
    before, now = "", k9.app.export_screenshot(title="k9py")
    while now != before:
        await k9.pilot.pause(0.2)
        await clock.advance(0.0)
        before, now = now, k9.app.export_screenshot(title="k9py")
    return without_edge_blanks(now)


@pytest.fixture
def shot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageExtension)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
async def test_the_browser(tmp_path: Path, shot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with still(tmp_path, size) as k9:
        assert await picture(k9) == shot


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
async def test_a_description(tmp_path: Path, shot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with still(tmp_path, size) as k9:
        await k9.press("G", "d")
        await k9.sees("Name:")
        assert await picture(k9) == shot


async def test_the_help(tmp_path: Path, shot: SnapshotAssertion) -> None:
    async with still(tmp_path, (80, 24)) as k9:
        await k9.press("?")
        await k9.sees("Keys that work here and now")
        assert await picture(k9) == shot
