"""The review driven by keys on a simulated cluster: nothing is written before a yes, and everything is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k9py.changes import edits
from k9py.changes.model import Report
from k9py.ui.changing.confirm import PAUSE, ConfirmScreen
from tests.ui.harness import Driver, pod, running

PODS = {"pods": [pod("api-1"), pod("api-2")]}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


async def asked(k9: Driver) -> None:
    """Wait until the question is there and keys count."""
    await k9.until(lambda: isinstance(k9.app.screen, ConfirmScreen) and k9.app.screen.listens)
    await k9.pilot.pause(PAUSE)


async def test_a_new_object_is_shown_confirmed_and_written(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("api-1")
        told: list[Report | None] = []
        k9.app.desk.review([edits.apply(config_map("settings", colour="blue"))], title="new", done=told.append)
        await k9.sees("colour: blue")
        assert k9.store.find("configmaps", "shop", "settings") is None
        await k9.press("y")
        await asked(k9)
        await k9.press("y")
        await k9.until(lambda: told)
        assert told[0] is not None
        assert told[0].done
        assert k9.store.find("configmaps", "shop", "settings") is not None
