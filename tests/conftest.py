"""What the run as a whole does; loaded in the process that hands tests to workers, which collects none itself."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import available, shared

SUMMARY = "summary"
"""Property of a test whose lines are told at the end of the run, whatever the outcome."""


# A busy machine is no finding: how long an example takes says nothing about the code.
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

WORKERS = 4
"""At least so many for `-n auto`: most tests wait, for an idle screen or a server, and two cores bear four of them."""


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `-n auto` starts."""
    return max(WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared.choose_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shared.clear_away()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say cases, passed, failed and skipped per server, and loudly why there was no real one."""
    _tell_summaries(terminalreporter)
    unavailable = available()
    counts: dict[tuple[str, str], Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            about = dict(getattr(report, "user_properties", ()))
            for suite in ("contract", "kubectl"):
                if f"{suite} server" in about:
                    counts.setdefault((suite, about[f"{suite} server"]), Counter())[outcome] += 1
    if not counts:
        return
    terminalreporter.section("both servers")
    for (suite, name), count in sorted(counts.items(), reverse=True):
        failed = count["failed"] + count["error"]
        parts = f"{count['passed']} passed, {failed} failed, {count['skipped']} skipped"
        terminalreporter.line(f"{suite}, {name}: {count.total()} cases, {parts}")
    if unavailable is not None:
        terminalreporter.line(unavailable, red=True, bold=True)


def _tell_summaries(terminalreporter: pytest.TerminalReporter) -> None:
    told = {
        about[SUMMARY]: report.nodeid
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if SUMMARY in (about := dict(getattr(report, "user_properties", ())))
    }
    for text, test in told.items():
        terminalreporter.section(test)
        for line in text.split("\n"):
            terminalreporter.line(line)
