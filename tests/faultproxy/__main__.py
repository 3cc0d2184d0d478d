"""``python -m tests.faultproxy KUBECONFIG``: print a kubeconfig that leads through a proxy, and obey the lines read."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from . import FaultProxy


async def _obey(proxy: FaultProxy, line: str) -> None:
    """Do what a line says.

    ``cut`` now, ``cut=1`` each watch after a second, ``stall``, ``resume``, ``rate=50000``, ``401``, ``429=3``,
    ``410``, ``rubbish``, ``malformed``, ``only=/pods``, ``down``, ``up``, ``none``.
    """
    word, _, value = line.strip().partition("=")
    faults = proxy.faults
    match word:
        case "cut" if value:
            faults.watch_cut = float(value)
            proxy.cut()
        case "cut" | "stall" | "resume":
            getattr(proxy, word)()
        case "none":
            proxy.clear()
        case "down" | "up":
            await (proxy.down() if word == "down" else proxy.up())
        case "rate":
            faults.rate = float(value)
        case "429":
            faults.throttled = float(value or 1)
        case "401":
            faults.unauthorized = True
        case "410":
            faults.gone = True
        case "only":
            faults.only = value
        case "rubbish" | "malformed":
            setattr(faults, word, True)
        case _:
            print(f"no such fault: {line.strip()!r}", file=sys.stderr)


async def _main(kubeconfig: Path) -> None:
    """Run a proxy until standard input ends."""
    with tempfile.TemporaryDirectory() as made:
        async with FaultProxy.before(kubeconfig, Path(made) / "authority") as proxy:
            written = Path(made) / "kubeconfig"
            written.write_text(proxy.kubeconfig())
            print(f"KUBECONFIG={written}", flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                try:
                    await _obey(proxy, line)
                except ValueError as error:
                    print(f"{line.strip()!r}: {error}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faultproxy", description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    asyncio.run(_main(parser.parse_args().kubeconfig))
