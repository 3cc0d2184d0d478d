"""Running a case: kubectl commands one after the other, in a folder and a namespace of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.contract.client import Api
from tests.contract.space import Space, furnished, path_of
from tests.kubectl.cases import Case, Step
from tests.kubectl.plain import LOOKS, fields, plain

STEP_SECONDS = 60.0
"""What one command may take, more than the longest limit that a case gives one; metrics of a new pod take up to 25."""
LOOK_AGAIN = 0.3
"""Seconds between two runs of a command that is repeated until it shows something."""
READ_BYTES = 1 << 16
Seen = list[Any]
"""A command line, its exit status, lines of its output, lines of its errors."""


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """The kubectl of one server, and what it may keep between cases."""

    binary: Path
    kubeconfig: Path
    cache: Path
    """Discovery is read once, not by every process."""


class Run:
    """One case being run: its folder, its namespace, what was seen so far."""

    def __init__(self, kubectl: Kubectl, folder: Path, namespace: str) -> None:
        self._kubectl = kubectl
        self._folder = folder
        self.namespace = namespace
        self.seen: list[Seen] = []

    async def case(self, case: Case, api: Api) -> list[Seen]:
        """Run all steps in a new namespace; return what each showed."""
        self._prepare(case)
        space = Space(api, self.namespace)
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        await space.create("namespaces", made)
        try:
            await furnished(space)
            for step in case.steps:
                await self.step(step)
        finally:
            for plural, name in (("namespaces", self.namespace), ("nodes", f"{self.namespace}-node")):
                await api.send("DELETE", path_of(plural, name=name), {"propagationPolicy": "Background"})
        return self.seen

    def _prepare(self, case: Case) -> None:
        self._folder.mkdir(parents=True)
        config = yaml.safe_load(self._kubectl.kubeconfig.read_text())
        for context in config["contexts"]:
            context["context"]["namespace"] = self.namespace
        (self._folder / "kubeconfig").write_text(yaml.safe_dump(config))
        for name, text in case.files.items():
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(self._fill(text))

    def _fill(self, text: str) -> str:
        return text.replace("$NS", self.namespace)

    async def _start(self, arguments: Sequence[str], *, stdin: int, editor: str) -> asyncio.subprocess.Process:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "KUBECONFIG": str(self._folder / "kubeconfig"),
            "KUBECACHEDIR": str(self._kubectl.cache),
            "KUBE_EDITOR": editor,
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "GOGC": "off",  # A command ends before collecting pays; without it one costs a fifth less.
        }
        return await asyncio.create_subprocess_exec(
            str(self._kubectl.binary),
            *arguments,
            cwd=self._folder,
            env=environment,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def step(self, step: Step) -> None:
        """Run one command and keep what it showed."""
        arguments = shlex.split(self._fill(step.run))
        place = len(self.seen)
        self.seen.append([step.run])
        try:
            async with asyncio.timeout(STEP_SECONDS):
                status, output, errors = await self._repeated(step, arguments)
        except TimeoutError:
            self.seen[place] += ["took too long", [], []]
            return
        lines = [[], []] if step.shows == "status" else [self._lines(output, step), self._errors(errors, step)]
        self.seen[place] += ["interrupted" if step.until else status, *lines]

    async def _repeated(self, step: Step, arguments: list[str]) -> tuple[int, str, str]:
        while True:
            status, output, errors = await self._once(step, arguments)
            if all(re.search(pattern, output + errors) for pattern in step.again):
                return status, output, errors
            await asyncio.sleep(LOOK_AGAIN)

    async def _once(self, step: Step, arguments: list[str]) -> tuple[int, str, str]:
        piped = asyncio.subprocess.DEVNULL if step.stdin is None else asyncio.subprocess.PIPE
        process = await self._start(arguments, stdin=piped, editor=self._fill(step.editor))
        try:
            return await self._followed(process, step)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _followed(self, process: asyncio.subprocess.Process, step: Step) -> tuple[int, str, str]:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.ensure_future(process.stderr.read())
        output = ""
        if process.stdin is not None and step.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(self._fill(step.stdin).encode())
                await process.stdin.drain()
                process.stdin.close()
        if step.during:
            output += (await process.stdout.read(READ_BYTES)).decode()
            for inner in step.during:
                await self.step(inner)
        while not _complete(output, step) and (chunk := await process.stdout.read(READ_BYTES)):
            output += chunk.decode()
        if step.until:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()  # An interrupt is ignored below a shell that runs the tests in the background.
        return await process.wait(), _complete(output, step) or output, (await errors).decode()

    def _errors(self, text: str, step: Step) -> list[str]:
        return self._lines(text, replace(step, shows=step.shows if step.shows in ("sorted", "set") else "text"))

    def _lines(self, text: str, step: Step) -> list[str]:
        if step.shows == "fields" and text.startswith(("{", "apiVersion", "kind", "items")):
            text = fields(text)
        lines = plain(text, self.namespace, drop=step.drop, keep=step.keep)
        return LOOKS.get(step.shows, list)(lines)


def _complete(output: str, step: Step) -> str:
    """Return the lines to the one that was waited for, which may be followed by more at any moment; empty before."""
    if not step.until or step.until not in output:
        return ""
    return output[: output.find("\n", output.index(step.until)) + 1]
