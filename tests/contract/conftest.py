"""Every case runs twice: against the simulated cluster and against a real control plane."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cluster import available
from tests.contract import servers
from tests.contract.client import Api, open_api
from tests.contract.servers import Server
from tests.contract.space import Space, path_of

UNAVAILABLE = available()
CASE_SECONDS = 60
_FOLDER = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        marks = [pytest.mark.real, pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or "")]
        both = ["sim", pytest.param("real", marks=marks)]
        metafunc.parametrize("server", both, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _FOLDER in item.path.parents:
            item.add_marker(pytest.mark.timeout(CASE_SECONDS))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note on each report which server it is about: workers hand reports over without their parameters."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    callspec = getattr(item, "callspec", None)
    if _FOLDER in item.path.parents and callspec is not None and "server" in callspec.params:
        report.user_properties.append(("contract server", callspec.params["server"]))


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of the two servers; started once per worker (simulated) or once per run (real)."""
    if request.param == "real":
        yield servers.real()
        return
    with servers.simulated(tmp_path_factory.mktemp("sim")) as simulated:
        yield simulated


@pytest.fixture
async def api(server: Server) -> AsyncIterator[Api]:
    """The administrator's client."""
    async with open_api(str(server.kubeconfig)) as api:
        yield api


@pytest.fixture
async def space(api: Api) -> AsyncIterator[Space]:
    """A namespace of the case's own, ready for pods; it goes with everything in it."""
    name = f"case-{secrets.token_hex(4)}"
    space = Space(api, name)
    await space.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await space.until("serviceaccounts", "default", bool)
    yield space
    await api.send("DELETE", path_of("namespaces", name=name), {"propagationPolicy": "Background"})


@pytest.fixture
async def cleaned(api: Api) -> AsyncIterator[list[str]]:
    """A list of paths of objects outside the namespace that are deleted after the case."""
    paths: list[str] = []
    yield paths
    for path in reversed(paths):
        with contextlib.suppress(TimeoutError):
            await api.send("DELETE", path, {"propagationPolicy": "Background"})


@pytest.fixture
def ours(server: Server) -> Server:
    """The server, where its pods do what their images' names say."""
    if not server.ours:
        pytest.skip("somebody else's cluster: its pods do not act by their images' names")
    return server
