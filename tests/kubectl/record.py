"""Record what kubectl shows of a real cluster: ``python -m tests.kubectl.record KUBECTL KUBECONFIG [FAMILY...]``."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.contract.client import open_api
from tests.kubectl.cases import RECORDED, Case, families, load_cases
from tests.kubectl.running import Kubectl, Run

AT_ONCE = 4
"""Cases run at the same time: most of one is waiting for pods."""


async def run_all(kubectl: Kubectl, cases: list[Case], folder: Path) -> dict[str, list[list[Any]]]:
    """Run cases side by side, each in a namespace of its own; return what each showed."""
    seats = asyncio.Semaphore(AT_ONCE)
    async with open_api(str(kubectl.kubeconfig)) as api:

        async def one(case: Case) -> list[list[Any]]:
            async with seats:
                name = f"kubectl-{secrets.token_hex(4)}"
                return await Run(kubectl, folder / name, name).case(case, api)

        found = await asyncio.gather(*(one(case) for case in cases))
    return {case.name: seen for case, seen in zip(cases, found, strict=True)}


def main(arguments: list[str]) -> int:
    """Record the families named, or all of them."""
    binary, kubeconfig, *wanted = arguments
    with tempfile.TemporaryDirectory() as folder:
        kubectl = Kubectl(binary=Path(binary), kubeconfig=Path(kubeconfig), cache=Path(folder) / "cache")
        for family in wanted or families():
            cases = list(load_cases(family).values())
            found = asyncio.run(run_all(kubectl, cases, Path(folder) / family))
            text = json.dumps(found, indent=1, ensure_ascii=False)
            (RECORDED / f"{family}.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
