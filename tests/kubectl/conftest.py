"""What kubectl shows of both servers, shared by the cases of a family: they run side by side, once per test run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import api, ours, pytest_generate_tests, server
from tests.contract.servers import Server
from tests.kubectl.cases import load_cases
from tests.kubectl.record import run_all
from tests.kubectl.running import Kubectl

__all__ = ["api", "ours", "pytest_generate_tests", "server"]

FAMILY_SECONDS = 300
"""Whoever asks first for a family waits for all of its cases."""
_FOLDER = Path(__file__).parent
Shown = Callable[[Server, str], Awaitable[dict[str, list[list[Any]]]]]


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each family to one worker: the others would only wait for it."""
    for item in items:
        if _FOLDER in item.path.parents:
            item.add_marker(pytest.mark.timeout(FAMILY_SECONDS))
            params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            if "family" in params:
                item.add_marker(pytest.mark.xdist_group(f"kubectl {params['server']} {params['family']}"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note on each report which server it is about: workers hand reports over without their parameters."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    callspec = getattr(item, "callspec", None)
    if _FOLDER in item.path.parents and callspec is not None and "server" in callspec.params:
        report.user_properties.append(("kubectl server", callspec.params["server"]))


@pytest.fixture(scope="session")
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Return what a family shows of a server; whoever asks first runs those of its cases that were selected."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kubectl"
    folder.mkdir(exist_ok=True)
    chosen = {
        (item.callspec.params.get("family"), item.callspec.params.get("case"))
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }

    async def shown(server: Server, family: str) -> dict[str, list[list[Any]]]:
        path = folder / f"{server.name}-{family}.json"
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                assert server.kubectl is not None
                cache = folder / f"{server.name}-cache"
                kubectl = Kubectl(binary=server.kubectl, kubeconfig=server.kubeconfig, cache=cache)
                cases = [case for name, case in load_cases(family).items() if (family, name) in chosen]
                found = await run_all(kubectl, cases, folder / f"{server.name}-{family}")
                path.write_text(json.dumps(found))
        read: dict[str, list[list[Any]]] = json.loads(path.read_text())
        return read

    return shown
