"""Exec credential plugins: run one at a time, bounded in time and output, explained when they fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k9py.core.errors import ExecPluginError
from k9py.kube.credentials import Grant
from k9py.kube.execcredential import exec_info, grant_of
from k9py.kube.target import ExecConfig, Target

if TYPE_CHECKING:
    from k9py.kube.aio import TerminalLoan

QUIET_LIMIT = 60.0
"""Seconds a plugin may take without the terminal; a login in a browser that nobody answers ends here."""
INTERACTIVE_LIMIT = 300.0
"""Seconds a plugin may hold the terminal: a person types."""
KILL_GRACE = 0.5
"""Seconds between asking a plugin to end and killing it; k9py itself has to be gone within 2."""
OUTPUT_LIMIT = 1024 * 1024
"""Bytes of standard output read; a credential is some kilobytes."""
STDERR_KEPT = 4096
"""Bytes of the end of standard error kept for the error."""
STDERR_SHOWN = 300
"""Characters of it in the one-line message."""


@dataclass(frozen=True, slots=True)
class _Run:
    """How one run ended."""

    code: int
    output: bytes
    stderr: str


class _TooMuch(Exception):
    """More output than a credential can be."""


class ExecSource:
    """Grants from a plugin.

    A plugin that may ask something is first run without a terminal, since hardly any needs it each time; only when
    that fails is the terminal lent to it, and after a failure there not again until a person wants it.
    """

    def __init__(
        self,
        config: ExecConfig,
        target: Target,
        prompt: TerminalLoan | None,
        *,
        quiet_limit: float = QUIET_LIMIT,
        interactive_limit: float = INTERACTIVE_LIMIT,
    ) -> None:
        self.ahead = config.interactive_mode != "Always"
        self._config = config
        self._target = target
        self._prompt = prompt
        self._quiet_limit = quiet_limit
        self._interactive_limit = interactive_limit
        self._refusal: ExecPluginError | None = None

    def allow_prompt(self) -> None:
        """Let the terminal be lent again after a failure, because a person asked."""
        self._refusal = None

    async def fetch(self, *, may_prompt: bool) -> Grant:
        """Run the plugin. Raises ExecPluginError with its standard error and what to do."""
        run = await self._run_as_configured(may_prompt=may_prompt)
        return grant_of(
            run.output,
            self._config.api_version,
            lambda what: self._error(what, stderr=run.stderr, remedy=self._config.install_hint or "Update the plugin"),
        )

    async def _run_as_configured(self, *, may_prompt: bool) -> _Run:
        mode = self._config.interactive_mode
        if mode == "Always":
            if not may_prompt or self._prompt is None:
                raise self._error(
                    "has to ask something and there is no terminal for it", remedy="Run k9py in a terminal"
                )
            return await self._run_in_terminal(self._prompt)
        process = await self._start(interactive=False)
        try:
            return self._succeeded(await self._finish(process, interactive=False))
        except ExecPluginError:
            if mode == "Never" or self._prompt is None or not may_prompt:
                raise
        return await self._run_in_terminal(self._prompt)

    async def _run_in_terminal(self, terminal: TerminalLoan) -> _Run:
        if self._refusal is not None:
            raise self._refusal
        try:
            async with terminal:
                process = await self._start(interactive=True)
                return self._succeeded(await self._finish(process, interactive=True))
        except ExecPluginError as error:
            self._refusal = error
            raise

    async def _start(self, *, interactive: bool) -> asyncio.subprocess.Process:
        config = self._config
        environ = {**(self._target.environ or os.environ), **dict(config.env)}
        environ["KUBERNETES_EXEC_INFO"] = exec_info(self._target, interactive=interactive)
        try:
            return await asyncio.create_subprocess_exec(
                config.command,
                *config.args,
                stdin=None if interactive else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environ,
                # A session of its own has no controlling terminal: nothing reads or draws behind the screen.
                start_new_session=not interactive,
            )
        except FileNotFoundError as error:
            install = f"Install {self._name} and put it on PATH"
            raise self._error("is not installed", remedy=config.install_hint or install) from error
        except OSError as error:
            raise self._error(f"cannot be started: {error.strerror}") from error

    async def _finish(self, process: asyncio.subprocess.Process, *, interactive: bool) -> _Run:
        """Read both pipes to their end, within the limits; whatever happens the plugin is gone afterwards."""
        limit = self._interactive_limit if interactive else self._quiet_limit
        assert process.stdout is not None
        assert process.stderr is not None
        stderr = bytearray()
        errors = asyncio.ensure_future(_read_errors(process.stderr, stderr, relay=interactive))
        try:
            async with asyncio.timeout(limit):
                output = await _read_output(process.stdout)
                await errors
                code = await process.wait()
        except (TimeoutError, _TooMuch) as error:
            await _end(process, group=not interactive)
            what = f"did not finish within {limit:g} s" if isinstance(error, TimeoutError) else "prints without end"
            raise self._error(what, stderr=_text(stderr), remedy=f"Run {self._name} by hand to see why") from None
        except BaseException:
            await _end(process, group=not interactive)
            raise
        finally:
            errors.cancel()
        return _Run(code, output, _text(stderr))

    def _succeeded(self, run: _Run) -> _Run:
        if run.code < 0:
            raise self._error(f"was ended by signal {-run.code}", stderr=run.stderr)
        if run.code:
            raise self._error(f"failed with exit status {run.code}", stderr=run.stderr)
        return run

    @property
    def _name(self) -> str:
        return os.path.basename(self._config.command)

    def _error(self, what: str, *, stderr: str = "", remedy: str = "") -> ExecPluginError:
        said = " ".join(stderr.split())
        shown = f": {said[:STDERR_SHOWN]}{'…' if len(said) > STDERR_SHOWN else ''}" if said else ""
        return ExecPluginError(
            f"Credential plugin {self._name} {what}{shown}",
            stderr=stderr,
            remedy=remedy or self._config.install_hint or f"Run {self._name} by hand to see why",
        )


async def _read_output(stream: asyncio.StreamReader) -> bytes:
    output = bytearray()
    while chunk := await stream.read(65536):
        output += chunk
        if len(output) > OUTPUT_LIMIT:
            raise _TooMuch
    return bytes(output)


async def _read_errors(stream: asyncio.StreamReader, kept: bytearray, *, relay: bool) -> None:
    """Keep the end of standard error; while the plugin has the terminal its prompts are passed on at once."""
    while chunk := await stream.read(4096):
        kept += chunk
        del kept[:-STDERR_KEPT]
        if relay:
            os.write(2, chunk)


def _text(stderr: bytearray) -> str:
    return stderr.decode("utf-8", "replace").strip()


async def _end(process: asyncio.subprocess.Process, *, group: bool) -> None:
    """Ask the plugin to end, then kill it; with its children when it has a process group of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with contextlib.suppress(TimeoutError):  # then it is killed
            async with asyncio.timeout(KILL_GRACE):
                await process.wait()
                return
