"""Open a simulated cluster, or serve it to other programs."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from k9py.core.errors import K9Error, UsageError

if TYPE_CHECKING:
    from k9py.sim.simulation import LivingServer

EXAMPLES = """
k9py demo
k9py demo shop --readonly
k9py demo large --pods 5000 --serve
k9py demo broken --serve --fault cut=5 --fault delay=0.2
"""

MOST_PODS = 200_000
"""Pods of the large world; each takes about 10 KB of memory here."""

START_LIMIT = 120.0
"""Seconds the simulated cluster may take to start, on a slow machine with many pods."""

ANNOUNCEMENT = "KUBECONFIG="
"""How the first line of ``--serve`` begins."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument(
        "world", nargs="?", default="broken", metavar="WORLD", help="broken, shop, scaling, hitcounter or large"
    )
    parser.add_argument("--serve", action="store_true", help="print KUBECONFIG=<path> and serve until interrupted")
    parser.add_argument("--pods", metavar="N", type=int, default=10_000, help="pods of the world 'large'")
    parser.add_argument("--seed", metavar="N", type=int, help="another seed: other names, other times")
    parser.add_argument("--port", metavar="N", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--fault", metavar="WHAT", action="append", default=[],
        help="cut=5, stall, delay=0.3, 401, 403=secrets, 429=3, 410=20, rubbish …; with --serve also typed later, "
        "a line each, and none ends them all",
    )  # fmt: skip
    parser.add_argument("--readonly", action="store_true", help="no key that changes the cluster")
    parser.add_argument("--theme", metavar="NAME", default="", help="k9py config themes lists them")
    parser.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Serve, or open the interface on a cluster that lives in a process of its own."""
    if not 1 <= options.pods <= MOST_PODS:
        raise UsageError(f"--pods must be between 1 and {MOST_PODS}", remedy="Give another number")
    return _serve(options) if options.serve else _open(options)


# --- serving -------------------------------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    from k9py.cli.runtime import run_async
    from k9py.sim.demo import serve  # deferred: aiohttp and the world

    async def work() -> int:
        server = await serve(options.world, pods=options.pods, port=options.port, seed=options.seed)
        try:
            for fault in options.fault:
                server.faults.switch(fault)
            with _kubeconfig_file(server.kubeconfig_text()) as path:
                print(f"{ANNOUNCEMENT}{path}", flush=True)
                print(f"# {options.world} at {server.url}; Ctrl-C ends it", file=sys.stderr)
                await _obey(server, until_eof=options.until_eof)
        finally:
            await server.close()
        return 0

    status = run_async(work)
    return 0 if status > 128 else status  # being interrupted is how serving ends


@contextmanager
def _kubeconfig_file(text: str) -> Iterator[Path]:
    """Write the kubeconfig where only its owner can read it, and remove it at the end."""
    directory = tempfile.mkdtemp(prefix="k9py-demo-")
    try:
        path = Path(directory) / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        yield path
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _obey(server: LivingServer, *, until_eof: bool) -> None:
    """Switch faults as lines on standard input say, for ever or until it ends."""
    ended = asyncio.Event()
    held = bytearray()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # A background job that reads its terminal is stopped by the kernel, and would serve no more.
        data = os.read(0, 4096) if _in_foreground() else b""
        held.extend(data)
        *lines, rest = held.split(b"\n")
        held[:] = rest
        for line in lines:
            _switch(server, line.decode("utf-8", "replace").strip())
        if not data:
            loop.remove_reader(0)
            if until_eof:
                ended.set()

    with suppress(OSError, ValueError):  # closed, or a file, which cannot be waited for
        loop.add_reader(0, read)
    try:
        await ended.wait()
    finally:
        with suppress(OSError, ValueError):
            loop.remove_reader(0)


def _in_foreground() -> bool:
    """Return whether reading standard input is allowed."""
    return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()


def _switch(server: LivingServer, words: str) -> None:
    if not words:
        return
    try:
        server.faults.switch(words)
    except K9Error as error:
        print(f"# {error.with_remedy()}", file=sys.stderr)
        return
    print(f"# fault: {words}", file=sys.stderr)


# --- opening -------------------------------------------------------------------------------------------------------


def _open(options: argparse.Namespace) -> int:
    """Start the cluster as a process of its own, so that its work never delays the screen, and open it."""
    from k9py.cli import browse
    from k9py.cli.main import parse

    if not sys.stdout.isatty():
        raise UsageError("a terminal is needed", remedy="k9py demo --serve needs none")
    with _cluster_process(options) as kubeconfig:
        words = ["ui", "-A", "--fresh", "--kubeconfig", kubeconfig]
        words += ["--readonly"] if options.readonly else []
        words += ["--theme", options.theme] if options.theme else []
        return browse.run(parse(words))


@contextmanager
def _cluster_process(options: argparse.Namespace) -> Iterator[str]:
    """Run ``demo --serve`` beside us and yield the path of its kubeconfig; it ends with us, however we end."""
    command = [sys.executable, "-m", "k9py", "demo", options.world, "--serve", "--until-eof"]
    command += ["--pods", str(options.pods), "--port", str(options.port)]
    command += ["--seed", str(options.seed)] if options.seed is not None else []
    for fault in options.fault:
        command += ["--fault", fault]
    print(f"Starting the simulated cluster '{options.world}' …", file=sys.stderr)
    # A session of its own: the terminal's Ctrl-C is for the screen, the cluster ends when its input does.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _announced(process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _announced(process: subprocess.Popen[str]) -> str:
    """Return the path the cluster prints first; raises UsageError with its own words when it does not start."""
    import select

    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_LIMIT)
    line = process.stdout.readline().strip() if ready else ""
    if line.startswith(ANNOUNCEMENT):
        return line.removeprefix(ANNOUNCEMENT)
    process.terminate()
    _, complaint = process.communicate(timeout=5)
    lines = complaint.strip().splitlines() or ["it said nothing"]
    raise UsageError(
        f"the simulated cluster did not start: {lines[0].removeprefix('error: ')}",
        remedy=lines[1].strip() if len(lines) > 1 else "Try it alone: k9py demo --serve",
    )
