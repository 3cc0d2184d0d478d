"""Every case runs twice: against the simulated cluster and against a real control plane."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster import available
from tests.contract import servers
from tests.contract.client import Api, open_api
from tests.contract.servers import Server
from tests.contract.space import Space, furnished, good, path_of

UNAVAILABLE = available()
CASE_SECONDS = 120
"""More than what a case waits for, so that the message says which condition never came."""
TEST_NODES = "Test Linux 1"
"""What the nodes of tests/cluster say they run."""
ACTING = (
    "deployments", "statefulsets", "daemonsets", "replicasets", "replicationcontrollers", "cronjobs", "jobs",
    "horizontalpodautoscalers", "pods", "persistentvolumeclaims",
)  # fmt: skip
"""What keeps a cluster busy, or others from being deleted, for as long as it is there."""
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


@dataclass
class Namespaces:
    """The namespaces of one worker on one server."""

    spare: str = ""
    """Made while the case before ran, so that no case waits for the accounts of its own."""
    common: str = ""
    """Shared by the cases that keep nothing: those that only try."""


@pytest.fixture(scope="session")
def namespaces(server: Server) -> Iterator[Namespaces]:
    """What is left of them goes with the worker."""
    namespaces = Namespaces()
    yield namespaces

    async def clear() -> None:
        async with open_api(str(server.kubeconfig)) as api:
            for name in filter(None, (namespaces.spare, namespaces.common)):
                await _end(server, api, name)

    asyncio.run(clear())


async def _begin(api: Api) -> str:
    name = f"case-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    good(await api.send("POST", path_of("namespaces"), body))
    return name


async def _end(server: Server, api: Api, name: str) -> None:
    """Remove a namespace; where it goes with the run, only what acts: an empty one costs 150 requests to remove."""
    paths = [path_of("namespaces", name=name)]
    if server.passing:
        paths = [path for plural in ACTING if _written(api, path := path_of(plural, name))]
    for path in paths:
        await api.send("DELETE", path, {"propagationPolicy": "Background"})


def _written(api: Api, collection: str) -> bool:
    return any(f"{path}/".startswith(f"{collection}/") for path in api.written)


@pytest.fixture
async def space(server: Server, api: Api, namespaces: Namespaces) -> AsyncIterator[Space]:
    """A namespace of the case's own, ready for pods; it goes with everything in it."""
    space = Space(api, namespaces.spare or await _begin(api))
    namespaces.spare = await _begin(api)
    yield await furnished(space)
    await _end(server, api, space.name)


@pytest.fixture
async def common(api: Api, namespaces: Namespaces) -> Space:
    """A namespace for cases that only try: dry runs leave nothing in it."""
    namespaces.common = namespaces.common or await _begin(api)
    return await furnished(Space(api, namespaces.common))


@pytest.fixture
async def cleaned(api: Api) -> AsyncIterator[list[str]]:
    """A list of paths of objects outside the namespace that are deleted after the case."""
    paths: list[str] = []
    yield paths
    for path in reversed(paths):
        with contextlib.suppress(TimeoutError):
            await api.send("DELETE", path, {"propagationPolicy": "Background"})


@pytest.fixture
async def ours(server: Server, api: Api) -> Server:
    """The server, where its pods do what their images' names say."""
    nodes = (await api.read(path_of("nodes")))["items"]
    systems = {node["status"]["nodeInfo"]["osImage"] for node in nodes}  # Other cases add nodes without one.
    if server.is_real and TEST_NODES not in systems:
        pytest.skip("somebody else's cluster: its pods do not act by their images' names")
    return server
