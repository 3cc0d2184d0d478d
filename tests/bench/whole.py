"""What is measured of the whole program: lists, watches, start, memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import at_terminal
from tests.bench.at_terminal import Figures
from tests.bench.cluster import CORE, Cluster, kubectl_path, run_kubectl
from tests.bench.pods import name_of
from tests.bench.pty_host import Program

CLIENT_CORE = next((core for core in range(os.cpu_count() or 1) if core != CORE), CORE)
FIRST_ROW = re.escape(name_of(0)[:14].encode())
LOAD_SECONDS = 10.0
DELAY = 0.2
"""Seconds every answer is late in the round-trip measurement."""


@contextmanager
def program(cluster: Cluster, *, probe: str = "") -> Iterator[Program]:
    """Run ``k9py ui pods -A`` on a terminal."""
    start = ["-m", "tests.bench.probe", probe] if probe else ["-m", "k9py"]
    command = [sys.executable, *start, "ui", "pods", "-A", "--fresh"]
    running = Program(command, cluster.environ, core=CLIENT_CORE)
    try:
        yield running
    finally:
        running.close()


def count_shown(pods: int) -> str:
    """Return what the header says once all pods are there."""
    return f"pods {pods:,} "


def list_all(pods: int, *, pages: bool = False) -> Figures:
    """Return wall time from the first request to all rows on screen, time to the first rows, and peak memory."""
    with Cluster(pods, pages=pages) as cluster, program(cluster) as running:
        running.until(FIRST_ROW, 120)
        first = time.monotonic()
        running.until_shown(count_shown(pods), 240)
        complete = time.monotonic()
        running.settle()
        asked = cluster.first_list()
        return {
            "wall_s": complete - asked,
            "first_rows_ms": (first - asked) * 1000,
            "rss_mb": running.peak_megabytes(),
        }


def list_10k() -> Figures:
    """Return the figures of 10,000 pods, beside kubectl's."""
    own = list_all(10_000)
    figures = {
        "list.10k.wall_s": own["wall_s"],
        "list.10k.rss_mb": own["rss_mb"],
        "list.first_rows_ms": own["first_rows_ms"],
    }
    kubectl = kubectl_path()
    if kubectl:
        with Cluster(10_000) as cluster:
            run_kubectl(cluster, kubectl)  # fills its discovery cache, and the server's Tables
            seconds, megabytes = run_kubectl(cluster, kubectl)
        figures["list.10k.wall_vs_kubectl"] = own["wall_s"] / seconds
        figures["list.10k.rss_vs_kubectl"] = own["rss_mb"] / megabytes
    return figures


def list_50k() -> Figures:
    """Return the figures of 50,000 pods."""
    own = list_all(50_000)
    return {"list.50k.wall_s": own["wall_s"], "list.50k.rss_mb": own["rss_mb"]}


def stall() -> Figures:
    """Return the longest time the event loop stood still while 10,000 pods came."""
    with Cluster(10_000) as cluster:
        notes = cluster.folder / "stalls"
        with program(cluster, probe=str(notes)) as running:
            running.until_shown(count_shown(10_000), 240)
            complete = time.monotonic()
            running.settle()
        asked = cluster.first_list()
        stalls = [tuple(map(float, line.split())) for line in notes.read_text().splitlines()]
        # What the start of the program stalls is not the list's.
        return {"list.max_stall_ms": max((late for at, late in stalls if asked < at <= complete), default=0.0)}


def round_trips() -> Figures:
    """Return how many times an answer is waited for before the first rows, discovery being cached."""
    with Cluster(1_000, delay=DELAY) as cluster:
        for _ in range(2):
            with program(cluster) as running:
                running.until(FIRST_ROW, 120)
                first = time.monotonic()
                asked = cluster.first_list()
        return {"list.rtt_trips": (first - asked) / DELAY}


def watch() -> Figures:
    """Return the processor time that 1,000 and 5,000 events a second take, end to end.

    A server short of processor time sends fewer; then it is what those took, for as many as were asked for.
    """
    figures: Figures = {}
    with Cluster(10_000) as cluster, program(cluster) as running:
        running.until_shown(count_shown(10_000), 240)
        running.settle()
        for rate in (1000, 5000):
            cluster.load(rate)
            running.listen(2)
            cluster.sent()
            cpu = running.cpu_seconds()
            running.listen(LOAD_SECONDS)
            used, sent = running.cpu_seconds() - cpu, cluster.sent()
            figures[f"watch.cpu_{rate}_pct"] = used / sent * rate * 100
            cluster.load(0)
            running.settle()
    return figures


def terminal() -> Figures:
    """Return what is measured at the terminal, with 10,000 pods."""
    with Cluster(10_000) as cluster, program(cluster) as running:
        running.until_shown(count_shown(10_000), 240)
        running.settle()
        return at_terminal.measure(running, lambda on: cluster.load(1000 if on else 0))


def table_alone() -> Figures:
    """Return what is measured at the terminal, for the table without a cluster."""
    running = Program([sys.executable, "-m", "tests.bench.table_app", "10000"], os.environ, core=CLIENT_CORE)
    try:
        running.until(rb"checkout-", 60)
        running.settle()
        return at_terminal.measure(running, lambda on: running.press(b"L"))
    finally:
        running.close()


def start() -> Figures:
    """Return the time from the start of the process to the first frame, and to 1,000 pods on screen."""
    with Cluster(1_000) as cluster:
        for _ in range(2):
            with program(cluster) as running:
                # The first frame is the first that draws something in colour.
                running.until(rb"\x1b\[[\d;]*m[^\x1b]*\w", 60)
                frame = time.perf_counter() - running.started
                running.until_shown(count_shown(1_000), 60)
                rows = time.perf_counter() - running.started
    return {"start.first_frame_ms": frame * 1000, "start.rows_1k_ms": rows * 1000}


def headless(what: str, pods: int) -> Figures:
    """Return the figures of the client layer without a screen."""
    with Cluster(pods) as cluster:
        command = ["taskset", "-c", str(CLIENT_CORE), sys.executable, "-m", "tests.bench.headless", what]
        done = subprocess.run(command, env=cluster.environ, stdout=subprocess.PIPE, check=True, timeout=300)
        figures: Figures = json.loads(done.stdout)
        return figures


def ceiling() -> Figures:
    """Return how many events a second can be decoded and stored."""
    return headless("ceiling", 10_000)


def memory() -> Figures:
    """Return the bytes kept for one more pod: the difference of two processes, so that nothing else is in it."""
    few, many = 1_000, 21_000
    resident = [headless("memory", pods)["resident"] for pods in (few, many)]
    return {"memory.row_bytes": (resident[1] - resident[0]) / (many - few)}
