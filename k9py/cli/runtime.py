"""What every verb that talks to a cluster does first and last: settings, log, session, signals."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from k9py.cli.flags import overrides_of
from k9py.config.loading import load_settings
from k9py.config.logfile import open_log
from k9py.config.paths import Paths
from k9py.config.settings import Settings
from k9py.core.clock import SystemClock
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import Target

if TYPE_CHECKING:
    from k9py.kube.session import Session

_log = logging.getLogger(__name__)


def target_of(options: argparse.Namespace) -> Target:
    """Return the context the flags choose; raises KubeconfigError or UsageError."""
    config = Kubeconfig.load(options.kubeconfig or None, os.environ)
    return config.target(overrides=overrides_of(options))


def prepare(context: str) -> Settings:
    """Read the settings that hold in a context and open the log file.

    A log that cannot be written is no reason not to answer. Raises SettingsError.
    """
    paths = Paths.of(os.environ)
    settings = load_settings(paths, os.environ).settings(context)
    try:
        open_log(paths, settings.log_file)
    except OSError as error:
        logging.getLogger().addHandler(logging.NullHandler())
        _log.warning("no log file: %s", error)
    return settings


@asynccontextmanager
async def opened(options: argparse.Namespace) -> AsyncIterator[Session]:
    """Open a session on the cluster the flags choose, and close it whatever happens."""
    # Deferred: loads aiohttp and kubernetes (0.4 s), which mistakes on the command line never need.
    from k9py.kube.session import Session

    target = target_of(options)
    prepare(target.context)
    session = await Session.open(target, clock=SystemClock())
    try:
        yield session
    finally:
        await session.close()


def run_async(work: Callable[[], Awaitable[int]]) -> int:
    """Run to the end and return the status; SIGINT, SIGTERM and SIGHUP cancel the work and let it clean up."""
    stopped_by: list[int] = []

    async def supervised() -> int:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            stopped_by.append(number)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop, number)
        return await task

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        return 128 + stopped_by[0]
