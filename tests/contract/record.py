"""Ask a real server the questions whose answers are recorded: ``python -m tests.contract.record KUBECONFIG``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator
from typing import Any

from tests.contract import asking
from tests.contract.client import Api, open_api
from tests.contract.space import PREFIX, Space

QUESTIONS = {"samples": ("cells", asking.cells), "invalid": ("refusals", asking.refusal),
             "sparse": ("defaults", asking.completed)}  # fmt: skip


def _write(name: str, found: dict[str, Any]) -> None:
    lines = [f"{json.dumps(key)}: {json.dumps(found[key])}" for key in sorted(found)]
    (asking.RECORDED / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


async def _record(api: Api) -> list[str]:
    _write("columns", {plural: await asking.columns(api, plural) for plural in PREFIX if plural != "bindings"})
    refused = []
    for file, (name, ask) in QUESTIONS.items():
        answers = {}
        for key, case in asking.load_cases(file).items():
            async with _namespace(api) as space:
                try:
                    answers[key] = await ask(space, case)
                except AssertionError as error:
                    refused.append(f"{file}.yaml, {key}: {error}")
        _write(name, answers)
    return refused


@contextlib.asynccontextmanager
async def _namespace(api: Api) -> AsyncIterator[Space]:
    space = Space(api, f"record-{secrets.token_hex(3)}")
    await space.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space.name}})
    try:
        await space.until("serviceaccounts", "default", bool)
        yield space
    finally:
        await space.delete("namespaces", space.name)


async def _main(kubeconfig: str) -> int:
    async with open_api(kubeconfig) as api:
        refused = await _record(api)
    sys.stderr.write("".join(f"{line}\n" for line in refused))
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1])))
