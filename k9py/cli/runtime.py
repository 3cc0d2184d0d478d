"""What every verb that talks to a cluster does first and last: settings, log, session, signals."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k9py.cli.flags import overrides_of, scope_of
from k9py.cli.patience import PatientTransport
from k9py.config.launch import within_settings
from k9py.config.loading import load_settings
from k9py.config.logfile import open_log
from k9py.config.paths import Paths
from k9py.config.settings import Settings
from k9py.core import collector
from k9py.core.clock import Clock, SystemClock
from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, Scope
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import Target

if TYPE_CHECKING:
    from k9py.kube.discovery import Discovery
    from k9py.kube.wire import Transport

_log = logging.getLogger(__name__)


def prepare(options: argparse.Namespace) -> tuple[Target, Settings]:
    """Return the context the flags choose and the settings that hold in it, and open the log file.

    A log that cannot be written is no reason not to answer. Raises KubeconfigError, SettingsError or UsageError.
    """
    paths = Paths.of(os.environ)
    loaded = load_settings(paths, os.environ)
    config = Kubeconfig.load(options.kubeconfig or None, os.environ)
    overrides = overrides_of(options)
    settings = loaded.settings(overrides.context or config.current_context)
    target = config.target(overrides=within_settings(overrides, settings))
    try:
        open_log(paths, settings.log_file)
    except OSError as error:
        logging.getLogger().addHandler(logging.NullHandler())
        _log.warning("no log file: %s", error)
    return target, settings


@dataclass(frozen=True, slots=True)
class Client:
    """One cluster for one command: a connection and its kinds, with nothing going on in the background."""

    transport: Transport
    discovery: Discovery
    target: Target
    settings: Settings
    clock: Clock

    @property
    def now(self) -> float:
        """Unix seconds by the server's clock, as far as its answers told it."""
        return self.clock.now() + self.transport.clock_skew

    def scope(self, options: argparse.Namespace) -> Scope:
        """Return the namespaces the flags ask for, the context's own when they say nothing."""
        return scope_of(options) or Scope((self.target.namespace,))

    async def kinds(self, words: str) -> tuple[ApiResource, ...]:
        """Return the kinds of a word, a list of words or a category; raises UsageError with the nearest names."""
        from k9py.resources.registry import spelled_out  # deferred: the kinds, 80 ms

        return await self.discovery.resolve_fresh(spelled_out(words, self.discovery.resolve))

    async def kind(self, word: str) -> ApiResource:
        """Return the one kind a word means; raises UsageError when it means several."""
        found = await self.kinds(word)
        if len(found) != 1:
            names = ", ".join(resource.id for resource in found)
            raise UsageError(f"{word} means several kinds here", remedy=f"Name one of {names}")
        return found[0]


@asynccontextmanager
async def connected(options: argparse.Namespace) -> AsyncIterator[Client]:
    """Connect to the cluster the flags choose, and close the connection whatever happens.

    The kinds come from the cache of an earlier run where there is one; unknown words ask the server again.
    """
    target, settings = prepare(options)
    clock = SystemClock()
    prompt = OwnTerminal() if sys.stdin.isatty() else None
    collector.pause()
    try:
        # Deferred: loads aiohttp and kubernetes (0.4 s), which mistakes on the command line never need.
        from k9py.kube.aio import connect
        from k9py.kube.discovery import Discovery

        transport = PatientTransport(await connect(target, clock=clock, prompt=prompt), clock)
    finally:
        collector.resume()
    try:
        cache = Paths.of(os.environ).cache
        discovery = Discovery(transport, server=target.server, clock=clock, cache_dir=cache)
        if not await discovery.load():
            await discovery.refresh()
        yield Client(transport, discovery, target, settings, clock)
    finally:
        await transport.close()


class OwnTerminal:
    """Lends a login plugin the terminal of a plain command, which needs no suspending."""

    async def __aenter__(self) -> None:
        """Let what was printed so far appear first."""
        sys.stdout.flush()

    async def __aexit__(self, *_: object) -> None:
        """Nothing to restore."""


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_async(work: Callable[[], Awaitable[int]]) -> int:
    """Run to the end and return the status; SIGINT, SIGTERM and SIGHUP cancel the work and let it clean up.

    A second signal ends at once, also where the loop is busy and hears of no first one.
    """
    stopped_by: list[int] = []

    async def supervised() -> int:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()

        def stop(number: int, _frame: object) -> None:
            stopped_by.append(number)
            if len(stopped_by) > 1:
                raise KeyboardInterrupt
            loop.call_soon_threadsafe(task.cancel)

        for number in ENDING_SIGNALS:
            signal.signal(number, stop)
        return await task

    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        return 128 + stopped_by[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
