"""Print the version of k9py, and of the server when it answers."""

from __future__ import annotations

import argparse
import platform
import sys

from k9py import __version__

EXAMPLES = """
k9py version --client
k9py version --context prod-eu
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("--client", action="store_true", help="only k9py itself; asks no server")


def run(options: argparse.Namespace) -> int:
    """Print the versions; a server that does not answer is an error after ours was printed."""
    print(f"k9py {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
    if options.client:
        return 0
    sys.stdout.flush()
    # Deferred: the client layer costs 0.4 s and --client does not need it.
    from k9py.cli.runtime import prepare, run_async
    from k9py.core.clock import SystemClock
    from k9py.kube.aio import connect
    from k9py.kube.health import server_version

    target, _ = prepare(options)

    async def ask() -> int:
        transport = await connect(target, clock=SystemClock())
        try:
            print(f"server {await server_version(transport)} at {target.server} (context {target.context})")
        finally:
            await transport.close()
        return 0

    return run_async(ask)
