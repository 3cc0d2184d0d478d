"""The whole program in a test: the interface on a simulated cluster, driven by keys, read as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from k9py.config.launch import UiOptions
from k9py.config.loading import load_settings
from k9py.config.paths import Paths
from k9py.core.clock import Clock, ManualClock, SystemClock
from k9py.sim.server import SimServer
from k9py.sim.store import Store
from k9py.ui.app import K9App
from k9py.ui.connecting import KubeconfigConnector
from k9py.ui.statusline import Bar
from k9py.ui.terminal import Terminal

STEP = 0.05
"""Seconds a clock moved by hand goes on between two looks."""

PATIENCE = 60.0
"""Seconds a condition may take on a busy machine before the test fails."""


def pod(name: str, namespace: str = "shop", *, app: str = "web", **status: Any) -> dict[str, Any]:
    """Return a pod that runs well unless the status says otherwise."""
    running: dict[str, Any] = {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "main",
                "ready": True,
                "restartCount": 0,
                "image": "nginx:1.27",
                "imageID": "",
                "state": {"running": {"startedAt": "2026-11-22T00:00:00Z"}},
            }
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {
                    "name": "main",
                    "image": "nginx:1.27",
                    "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                }
            ],
        },
        "status": {**running, **status},
    }


def oom_killed(name: str, namespace: str = "shop") -> dict[str, Any]:
    """Return a pod whose container ran out of memory and waits to be started again."""
    ended = {
        "exitCode": 137,
        "reason": "OOMKilled",
        "startedAt": "2026-11-22T00:00:00Z",
        "finishedAt": "2026-11-22T00:10:00Z",
    }
    return pod(
        name,
        namespace,
        conditions=[{"type": "Ready", "status": "False"}],
        containerStatuses=[
            {
                "name": "main",
                "ready": False,
                "restartCount": 5,
                "image": "nginx:1.27",
                "imageID": "",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": ended},
            }
        ],
    )


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


class Seen:
    """A running program: press keys, read the screen."""

    def __init__(self, app: K9App, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.patience = PATIENCE

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.pilot.press(key)

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*text)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until a condition holds; fails with what is on the screen."""
        limit = asyncio.get_running_loop().time() + self.patience
        while not condition():
            if asyncio.get_running_loop().time() > limit:
                raise AssertionError(f"never came: {what or condition}\n{self.screen}")
            if isinstance(self.app.clock, ManualClock):
                await self.app.clock.advance(STEP)
            await self.pilot.pause(0.02)

    async def sees(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: text in self.screen, repr(text))

    async def sees_not(self, text: str) -> None:
        """Wait until a text is no longer on the screen."""
        await self.until(lambda: text not in self.screen, f"no {text!r}")

    @property
    def screen(self) -> str:
        """The screen as text, line by line; empty lines where nothing was laid out yet."""
        lines = []
        for strips in self.app.screen._compositor.render_strips():
            lines.append("".join(segment.text for segment in strips).rstrip())
        return "\n".join(lines or [""] * self.app.size.height)

    @property
    def names(self) -> list[str]:
        """The names of the rows shown, in their order."""
        return [row.name for row in self.app.browser.table.rows]

    @property
    def cursor(self) -> str:
        """The name of the row under the cursor."""
        row = self.app.browser.table.cursor_row
        return row.name if row is not None else ""

    def bar(self, name: str) -> str:
        """The text of one bar."""
        return self.app.screen.query_one(f"#{name}", Bar).text


class Driver(Seen):
    """The same on a simulated cluster, which can be changed."""

    def __init__(self, app: K9App, pilot: Pilot[None], server: SimServer) -> None:
        super().__init__(app, pilot)
        self.server = server
        self.store = server.store


@asynccontextmanager
async def running(
    tmp_path: Path,
    objects: dict[str, list[dict[str, Any]]] | None = None,
    *,
    options: UiOptions | None = None,
    size: tuple[int, int] = (120, 30),
    settings: str = "",
    kubeconfig: str | None = None,
    clock: Clock | None = None,
    cluster: SimServer | None = None,
) -> AsyncIterator[Driver]:
    """Run the program on a cluster with these objects (by resource), in namespace shop unless told otherwise.

    ``cluster`` is a server that does not listen yet; it is closed in the end.
    """
    clock = clock or SystemClock()
    server = await (cluster or SimServer(Store(clock))).start()
    for name in ("shop", "other"):
        server.store.create("namespaces", namespace(name))
    for resource, listed in (objects or {}).items():
        for obj in listed:
            server.store.create(resource, obj)
    text = server.kubeconfig_text() if kubeconfig is None else kubeconfig.replace("SERVER", server.url)
    chosen = options or UiOptions(namespaces=("shop",))
    try:
        async with shown(tmp_path, text, options=chosen, size=size, settings=settings, clock=clock) as (app, pilot):
            yield Driver(app, pilot, server)
    finally:
        await server.close()


@asynccontextmanager
async def shown(
    tmp_path: Path,
    kubeconfig: str,
    *,
    options: UiOptions,
    size: tuple[int, int] = (120, 30),
    settings: str = "",
    clock: Clock | None = None,
) -> AsyncIterator[tuple[K9App, Pilot[None]]]:
    """Run the program on whatever a kubeconfig leads to, with a home of its own."""
    clock = clock or SystemClock()
    file = tmp_path / "kubeconfig"
    file.write_text(kubeconfig)
    environ = {
        "KUBECONFIG": str(file),
        "HOME": str(tmp_path),
        "K9PY_CONFIG_DIR": str(tmp_path / "config"),
        "K9PY_STATE_DIR": str(tmp_path / "state"),
        "K9PY_CACHE_DIR": str(tmp_path / "cache"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    if settings:
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config" / "config.yaml").write_text(settings)
    paths = Paths.of(environ)
    app: K9App
    loaded = load_settings(paths, environ)
    connector = KubeconfigConnector(options, environ, paths, clock, lambda: app.report_failure, loaded)
    app = K9App(connector, loaded, clock, options=options, paths=paths, terminal=Terminal.detect(environ))
    async with app.run_test(size=size) as pilot:
        yield app, pilot
        await app.shut_down()
