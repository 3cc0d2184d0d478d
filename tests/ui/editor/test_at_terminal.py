"""The editor on a terminal of its own: killed while somebody types, and lent to the person's own editor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from k9py.changes.drafts import Draft
from k9py.core.clock import SystemClock
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from tests.bench.pty_host import Program
from tests.ui.harness import namespace

LIMIT = 60.0
"""Seconds a condition may take on a busy machine."""

CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "app", "namespace": "shop"},
    "data": {"color": "red"},
}


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[dict[str, str]]:
    """Run a cluster with one ConfigMap; yields the environment of a program that uses it."""
    server = await SimServer(Store(SystemClock())).start()
    server.store.create("namespaces", namespace("shop"))
    server.store.create("configmaps", CONFIG_MAP)
    (folder / "kubeconfig").write_text(server.kubeconfig_text())
    names = {"K9PY_CONFIG_DIR": "config", "K9PY_STATE_DIR": "state", "K9PY_CACHE_DIR": "cache", "HOME": "home"}
    try:
        yield {
            **os.environ,
            **{name: str(folder / part) for name, part in names.items()},
            "KUBECONFIG": str(folder / "kubeconfig"),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }
    finally:
        await server.close()


class Typist:
    """Somebody at the terminal of a program; waits aside, so that the cluster in this process answers."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.program = Program([sys.executable, "-m", "k9py", "-n", "shop", "configmaps"], environ)

    async def sees(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await asyncio.to_thread(self.program.until_shown, text, LIMIT)

    async def until(self, condition: Callable[[], object]) -> None:
        """Read the terminal until something is so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LIMIT
        while not condition():
            assert loop.time() < end, bytes(self.program.output[-500:])
            await asyncio.to_thread(self.program.read, 0.05)

    async def open_editor(self) -> None:
        """Wait for the list and edit its first row."""
        await self.sees("app")
        await self.until(lambda: b"live" in self.program.output)
        self.program.press(b"e")

    def kill(self) -> None:
        """Kill it as the system does when memory runs out."""
        os.kill(self.program.pid, signal.SIGKILL)
        self.program.close()


def kept(folder: Path) -> list[Draft]:
    """Return the drafts on the disk."""
    return [msgspec.json.decode(path.read_bytes(), type=Draft) for path in (folder / "state/drafts").glob("*.json")]


async def test_what_was_typed_before_a_kill_is_told_at_the_start_and_offered_with_its_object(tmp_path: Path) -> None:
    async with cluster(tmp_path) as environ:
        typist = Typist(environ)
        try:
            await typist.open_editor()
            await typist.sees("color: red")
            typist.program.press(b"\x1b[1;5H# typed before the end\r")
            await typist.until(lambda: any("before the end" in draft.text for draft in kept(tmp_path)))
            typist.program.press(b"and a half")
        finally:
            typist.kill()
        (draft,) = kept(tmp_path)
        assert draft.text.startswith("# typed before the end\n")
        again = Typist(environ)
        try:
            await again.sees("Kept from before, not written: configmap shop/app")
            await again.open_editor()
            await again.sees("Go on with what was typed")
            again.program.press(b"\r")
            await again.sees("# typed before the end")
            # Leaving on purpose forgets it.
            again.program.press(b"\x1b[19~")
            await again.until(lambda: not kept(tmp_path))
        finally:
            again.kill()


async def test_the_terminal_is_lent_to_the_persons_editor_and_what_it_breaks_is_shown(tmp_path: Path) -> None:
    script = tmp_path / "edit"
    script.write_text('#!/bin/sh\nprintf "your editor"\nread line </dev/tty\nsed -i "s/red/[/" "$1"\n')
    script.chmod(0o755)
    async with cluster(tmp_path) as environ:
        typist = Typist({**environ, "EDITOR": str(script), "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""})
        try:
            await typist.open_editor()
            await typist.sees("color: red")
            typist.program.press(b"\x1bOS")
            await typist.until(lambda: b"your editor" in typist.program.output)
            typist.program.press(b"\r")
            await typist.sees("nothing is lost")
            await typist.sees("color: [")
            assert not list(tmp_path.glob("k9py-*"))
        finally:
            typist.kill()
