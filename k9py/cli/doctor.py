"""Tell what works and what does not with this cluster and this terminal, with remedies."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator

from k9py import __version__
from k9py.cli.findings import Finding, Outcome, bad, ok, warn
from k9py.config.keymap import check_keys
from k9py.config.loading import check_settings
from k9py.config.paths import Paths
from k9py.config.themes import check_choices, check_themes
from k9py.core.clock import SystemClock
from k9py.core.errors import K9Error, SettingsError
from k9py.kube.kubeconfig import Kubeconfig
from k9py.kube.target import Target

EXAMPLES = """
k9py doctor
k9py doctor --context prod-eu -n shop
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the verb."""
    from k9py.cli.flags import add_scope

    add_scope(parser)


def run(options: argparse.Namespace) -> int:
    """Print every finding as it comes; 1 when something keeps k9py from working."""
    report = _Report()
    report.section("This machine")
    report.take(_machine())
    report.section("Settings")
    report.take(_settings())
    report.section("Terminal")
    report.take(_terminal())
    report.section("Cluster")
    target = _target(options, report)
    stopped = _cluster(target, report) if target is not None else 0
    if stopped:
        return stopped
    report.summary()
    return 1 if report.counts[Outcome.BAD] else 0


class _Report:
    """Prints findings and counts them."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Outcome, 0)
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def section(self, title: str) -> None:
        print(f"{title}")

    def take(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            self.add(finding)

    def add(self, finding: Finding) -> None:
        self.counts[finding.outcome] += 1
        sign = finding.outcome.value
        if self._colour:
            tint = {Outcome.OK: 32, Outcome.NOTE: 0, Outcome.WARN: 33, Outcome.BAD: 31}[finding.outcome]
            sign = f"\x1b[{tint}m{sign}\x1b[0m"
        print(f"  {sign} {finding.subject:<11}{finding.text}")
        if finding.remedy:
            print(f"     {'':<11}-> {finding.remedy}")
        sys.stdout.flush()

    def summary(self) -> None:
        failures, warnings = self.counts[Outcome.BAD], self.counts[Outcome.WARN]
        if not failures and not warnings:
            print("All well.")
            return
        print(f"{failures} thing{'' if failures == 1 else 's'} must be mended (XX), {warnings} should be (!!).")


def _machine() -> Iterator[Finding]:
    yield ok("k9py", f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    paths = Paths.of(os.environ)
    for name, directory in (("cache", paths.cache), ("state", paths.state)):
        existing = next(part for part in (directory, *directory.parents) if part.exists())
        if not os.access(existing, os.W_OK):
            remedy = f"Make it writable, or set K9PY_{name.upper()}_DIR to another place"
            yield warn(name, f"{existing} cannot be written", remedy)


def _settings() -> Iterator[Finding]:
    paths = Paths.of(os.environ)
    try:
        loaded, problems = check_settings(paths, os.environ)
    except SettingsError as error:
        yield bad("settings", str(error), "Correct the file, or move it away")
        return
    for problem in problems:
        yield bad("settings", str(problem), "Correct it: k9py does not start with half of its settings")
    _, theme_problems = check_themes(paths.user_themes)
    for problem in (
        *check_keys(loaded),
        *theme_problems,
        *check_choices(loaded.themes, loaded.file, paths.user_themes),
    ):
        yield warn("settings", str(problem), "Until then the default holds")
    if not problems:
        yield ok("settings", str(paths.settings_file) + ("" if paths.settings_file.exists() else " (none: defaults)"))


def _terminal() -> Iterator[Finding]:
    from k9py.cli.terminalchecks import ask_tmux, terminal_findings  # deferred: loads rich

    size = shutil.get_terminal_size()
    return terminal_findings(
        os.environ, interactive=sys.stdout.isatty(), size=(size.columns, size.lines), tmux=ask_tmux
    )


def _target(options: argparse.Namespace, report: _Report) -> Target | None:
    """Return the context to look at, None when the kubeconfig gives none."""
    from k9py.cli.flags import overrides_of

    try:
        config = Kubeconfig.load(options.kubeconfig or None, os.environ)
        target = config.target(overrides=overrides_of(options))
    except K9Error as error:
        report.add(bad("kubeconfig", str(error), error.remedy or "k9py demo needs no cluster"))
        return None
    found = ", ".join(path for path in config.paths if os.path.exists(path)) or "service account of this pod"
    count = len(config.contexts)
    report.add(ok("kubeconfig", f"{found}; {count} context{'s' if count != 1 else ''}"))
    report.add(ok("context", f"{target.context or '(none)'}, namespace {target.namespace}"))
    return target


def _cluster(target: Target, report: _Report) -> int:
    """Look at the cluster; 0, or the status of an interrupted program."""
    # Deferred: loads aiohttp and kubernetes, which a broken kubeconfig never needs.
    from k9py.cli.clusterchecks import cluster_findings
    from k9py.cli.runtime import OwnTerminal, run_async
    from k9py.kube.aio import connect

    async def work() -> int:
        clock = SystemClock()
        transport = await connect(target, clock=clock, prompt=OwnTerminal() if sys.stdin.isatty() else None)
        try:
            async for finding in cluster_findings(transport, target, clock):
                report.add(finding)
        finally:
            await transport.close()
        return 0

    return run_async(work)
