"""Opens logs and shells from the browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource, ObjectRef
from k9py.kube.execs import ExecSession
from k9py.kube.rows import Row
from k9py.kube.session import Session
from k9py.resources.model import Tone
from k9py.resources.registry import spec_for
from k9py.ui.logscreen import LogScreen
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen
from k9py.ui.podwork import PodContainers, default_container
from k9py.ui.shell import ending, run_in_terminal, terminal_files

if TYPE_CHECKING:
    from k9py.ui.app import K9App


class PodWork:
    """What is done with the containers of pods."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._connecting: asyncio.Task[None] | None = None

    def _session(self) -> Session:
        return self._app.rooms.session

    # ------------------------------------------------------------------ logs

    def open_logs(self, resource: ApiResource, row: Row, *, previous: bool) -> None:
        """Follow the logs of a pod, or of every pod of a workload as they come and go."""
        session = self._session()
        pods = session.discovery.resolve("pods")
        if resource.id == pods.id:
            containers = PodContainers(session, pods, row.namespace, name=row.name)
            title = f"{row.namespace}/{row.name}"
        else:
            spec = spec_for(resource)
            target = spec.drill.target(row) if spec.drill is not None else None
            if target is None or target.resource != "pods":
                raise UsageError(f"{row.name} selects no pods", remedy="Open a pod and press l there")
            containers = PodContainers(
                session, pods, row.namespace, label_selector=target.label_selector, keep=target.keep
            )
            title = target.title or f"{resource.singular} {row.name}"
        self._app.push_screen(LogScreen(session, title, containers, previous=previous))

    def open_container_logs(self, pod: ObjectRef, container: str, *, previous: bool) -> None:
        """Follow one container."""
        session = self._session()
        pods = session.discovery.resolve("pods")
        containers = PodContainers(session, pods, pod.namespace, name=pod.name, container=container)
        title = f"{pod.namespace}/{pod.name} {container}"
        self._app.push_screen(LogScreen(session, title, containers, previous=previous))

    # ------------------------------------------------------------------ shells

    def open_shell(self, namespace: str, pod: str, container: str) -> None:
        """Open a shell; asks which container where that is not clear."""
        self.cancel()
        session = self._session()
        self._app.flash_text(f"Connecting to {pod} {self._app.look.glyphs.ellipsis}  ctrl+c cancels")
        self._connecting = self._app.start_loudly(self._connect(session, namespace, pod, container), name="shell")

    def cancel(self) -> bool:
        """Give up connecting; False when nothing was being connected."""
        task, self._connecting = self._connecting, None
        return task is not None and task.cancel()

    async def _connect(self, session: Session, namespace: str, pod: str, container: str) -> None:
        if not container:
            found = await session.get(session.discovery.resolve("pods"), namespace, pod)
            container = default_container(found)
            if not container:
                self._ask(namespace, pod, found)
                return
        command = self._app.settings.shell.command
        # Connected first: a refusal is then told on the screen instead of on an empty terminal.
        running = await session.open_exec(namespace, pod, command, container=container)
        self._app.hide_flash()
        # The terminal is lent inside the application's own loop: nothing may paint meanwhile.
        self._app.call_later(self._run, running)

    def _ask(self, namespace: str, pod: str, found: dict[str, Any]) -> None:
        names = [str(entry.get("name")) for entry in (found.get("spec") or {}).get("containers") or ()]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                self._app.attempt(lambda: self.open_shell(namespace, pod, ids[0]))

        choices = [Choice(name, name) for name in names]
        self._app.push_screen(PickScreen(self._app.look, f"Shell in which container of {pod}?", choices), picked)

    async def _run(self, running: ExecSession) -> None:
        """Lend the terminal to the command until it ends."""
        said = ""
        try:
            async with running:
                stdin, stdout = terminal_files()
                with self._app.suspend():
                    said = ending(await run_in_terminal(running, stdin=stdin, stdout=stdout))
        except K9Error as error:
            said = error.with_remedy()
        self._app.repaint_all()
        if said:
            self._app.flash_text(said, Tone.WARN)
