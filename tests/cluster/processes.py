"""Starting and ending the components: each is a process group of its own that outlives the command.

A process is known by its pid *and* the cluster folder in its arguments, so that a pid used again by
another program is never signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from .errors import ClusterError
from .layout import Layout
from .waiting import wait_for

STOP_SECONDS = 10.0
"""For a component to end by itself after SIGTERM; etcd and the API server drain first."""

KILL_SECONDS = 5.0
LOG_TAIL_LINES = 15

COLLECTING = {"GOGC": "800", "GOMEMLIMIT": "1GiB"}
"""When Go frees memory: a part of a small cluster has room, and collecting cost a quarter of what it computes."""

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Processes started by this very interpreter: they must be waited for or they stay as zombies."""


def start(layout: Layout, name: str, command: list[str]) -> None:
    """Start a component in the background, its output appended to `logs/<name>.log`."""
    if running(layout, name):
        return
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=layout.root,
            env=os.environ | COLLECTING,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    _pid_file(layout, name).write_text(str(process.pid))


def running(layout: Layout, name: str) -> bool:
    """Say whether the component's process is alive."""
    return _live_pid(layout, name) is not None


def names(layout: Layout) -> list[str]:
    """Return the names of every component that was started, alive or not."""
    return sorted(path.stem for path in layout.processes.glob("*.pid"))


def stop(layout: Layout, name: str, *, kill: bool = False) -> None:
    """End a component and wait until it is gone; `kill` gives it no chance to say goodbye."""
    pid = _live_pid(layout, name)
    if pid is not None:
        _signal(pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            wait_for(f"{name} ended", lambda: not running(layout, name), limit_seconds=STOP_SECONDS)
        except ClusterError:
            _signal(pid, signal.SIGKILL)
            wait_for(f"{name} killed", lambda: not running(layout, name), limit_seconds=KILL_SECONDS)
    _pid_file(layout, name).unlink(missing_ok=True)


def stop_all(layout: Layout, order: tuple[str, ...]) -> None:
    """End every component, those of `order` last and in that order, since the others talk to them."""
    started = names(layout)
    for name in [name for name in started if name not in order]:
        stop(layout, name)
    for name in order:
        stop(layout, name)


def log_tail(layout: Layout, name: str) -> str:
    """Return the last lines of a component's log, for an error message."""
    path = layout.logs / f"{name}.log"
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def _pid_file(layout: Layout, name: str) -> Path:
    return layout.processes / f"{name}.pid"


def _live_pid(layout: Layout, name: str) -> int | None:
    try:
        pid = int(_pid_file(layout, name).read_text())
    except (FileNotFoundError, ValueError):
        return None
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return pid  # Not by its arguments: for a moment after it was started it shows none.
        del _children[pid]
        return None
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid if os.fsencode(layout.root) in arguments else None


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal the whole group: a component may have started shells of its own."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
