"""Every fault of a real server, seen on screen and recovered from: no row lost, no exit, no traceback."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from k9py.core.errors import Conflict, K9Error
from k9py.kube.states import SyncState
from tests.bench.pty_host import Program
from tests.cluster import Cluster, ForeignCluster, available, running_cluster
from tests.faultproxy import FaultProxy
from tests.ui import real
from tests.ui.real import KEPT, HurriedClock, RealDriver, prepared, straight, through

UNAVAILABLE = available()
pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("faults of a real server"),
    pytest.mark.skipif(UNAVAILABLE is not None, reason=UNAVAILABLE or ""),
    pytest.mark.timeout(180),
]


@pytest.fixture(scope="module")
def control_plane() -> Iterator[Cluster | ForeignCluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
async def cluster(control_plane: Cluster | ForeignCluster) -> AsyncIterator[real.Cluster]:
    async with prepared(control_plane.kubeconfig) as cluster:
        yield cluster


@pytest.fixture
async def proxy(control_plane: Cluster | ForeignCluster, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    async with FaultProxy.before(control_plane.kubeconfig, tmp_path / "authority") as proxy:
        yield proxy


# --- parts of the control plane that die -----------------------------------------------------------------------


@pytest.mark.parametrize("parts", [("kube-apiserver",), ("etcd",), ("kube-apiserver", "etcd")], ids="+".join)
async def test_parts_killed_and_started_again_cost_no_row(
    control_plane: Cluster | ForeignCluster, cluster: real.Cluster, tmp_path: Path, parts: tuple[str, ...]
) -> None:
    if isinstance(control_plane, ForeignCluster):
        pytest.skip("needs a control plane whose parts may be killed")
    text = control_plane.kubeconfig.read_text()
    async with straight(text, cluster, tmp_path, clock=HurriedClock()) as k9, k9.keeping():
        for part in parts:
            await asyncio.to_thread(control_plane.stop_component, part)
        try:
            # Without etcd the server answers, but is not ready, and says so.
            if parts == ("etcd",):
                await k9.sees("server not ready")
                await k9.sees("that fail: etcd")
            else:
                await k9.sees("offline")
            await k9.press("G", "k")
            await k9.until(lambda: k9.cursor == KEPT[1])
        finally:
            for part in reversed(parts):
                await asyncio.to_thread(control_plane.start_component, part)
        await k9.until(lambda: k9.state is SyncState.LIVE and k9.bar("header").count("live"))
        await _again(k9)


async def _again(k9: RealDriver) -> None:
    """A server that just started may refuse a write once or twice; what it then takes has to be seen."""
    async with asyncio.timeout(real.PATIENCE):
        while True:
            try:
                await k9.cluster.pod("after")
            except Conflict:  # It was taken, and the answer was lost.
                break
            except K9Error:
                await asyncio.sleep(0.2)
            else:
                break
    await k9.shows("after")


# --- the connection -----------------------------------------------------------------------------------------------


async def test_a_watch_cut_every_second_loses_nothing_that_happens_meanwhile(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path) as k9, k9.keeping():
        proxy.faults.watch_cut = 1.0
        proxy.cut()
        before, started = len(proxy.asked), time.monotonic()
        for number in range(6):
            await k9.follows(f"cut-{number}")
            await asyncio.sleep(1.0)  # the length of the fault itself
        watches = [one for one in proxy.asked[before:] if one.is_watch and one.path.endswith("/pods")]
        assert 3 <= len(watches) <= 3 * (time.monotonic() - started)
        assert all("resourceVersion" in one.query for one in watches), (
            "a watch that was cut is resumed, not listed anew"
        )
        proxy.clear()
        await k9.follows()


async def test_a_server_that_says_nothing_is_called_offline_and_taken_up_again(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path, clock=HurriedClock()) as k9, k9.keeping():
        proxy.stall()
        await cluster.pod("unheard")
        await k9.sees("offline")
        await k9.press("G", "g")
        await k9.until(lambda: k9.cursor == KEPT[0])
        proxy.resume()
        await k9.until(lambda: "unheard" in k9.names)
        await k9.follows()


async def test_a_way_that_is_gone_and_comes_back_is_taken_again(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path) as k9, k9.keeping():
        await proxy.down()
        await cluster.pod("unheard")
        await k9.sees("offline")
        await proxy.up()
        await k9.until(lambda: "unheard" in k9.names)
        await k9.follows()


# --- refusals ------------------------------------------------------------------------------------------------------


async def test_a_version_too_old_is_listed_again_aside(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path) as k9, k9.keeping():
        proxy.faults.gone = True
        proxy.cut()
        await k9.until(lambda: SyncState.RELISTING in k9.states)
        proxy.clear()
        await k9.until(lambda: k9.state is SyncState.LIVE)
        await k9.follows()
        watches = [
            one.query.get("resourceVersion") for one in proxy.asked if one.is_watch and one.path.endswith("/pods")
        ]
        sent = [version for version in watches if version]
        assert len(sent) == len({*sent}), "a version that failed is never sent again"


async def test_a_server_that_asks_to_wait_is_left_alone_that_long(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path) as k9, k9.keeping():
        proxy.faults.only, proxy.faults.throttled = "/pods", 3.0
        proxy.cut()
        await k9.sees("throttled")
        await k9.sees("asks to wait 3 s")
        before = len(proxy.asked)
        proxy.faults.throttled = None
        await k9.until(lambda: k9.state is SyncState.LIVE)
        pods = (
            f"/api/v1/namespaces/{cluster.namespace}/pods"  # Their measurements are asked for at a pace of their own.
        )
        assert len([one for one in proxy.asked[before:] if one.path == pods]) == 1
        await k9.follows()


PLUGIN = """\
#!{python}
import json, pathlib
folder = pathlib.Path({folder!r})
with (folder / "runs").open("a") as runs:
    runs.write("run\\n")
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {{"token": (folder / "token").read_text()}}}}))
"""


async def test_an_exec_token_that_expired_is_renewed_without_a_word(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    plugin, token, runs = tmp_path / "login", tmp_path / "token", tmp_path / "runs"
    token.write_text("first")
    plugin.write_text(PLUGIN.format(python=sys.executable, folder=str(tmp_path)))
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    login = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    async with through(proxy, cluster, tmp_path, user={"exec": login}) as k9, k9.keeping():
        assert runs.read_text().count("run") == 1
        token.write_text("second")
        proxy.faults.expired = {"first"}
        proxy.cut()
        await k9.follows()
        assert runs.read_text().count("run") == 2
        assert SyncState.DENIED not in k9.states
        # A login that gives only what is refused is said, and mended by the next one that is taken.
        proxy.faults.expired = {"first", "second"}
        proxy.cut()
        await k9.until(lambda: "refused" in k9.bar("header") or "denied" in k9.bar("header"))
        proxy.faults.expired = {"first"}
        await k9.press("ctrl+r")
        await k9.follows("renewed")


async def test_one_kind_that_may_not_be_listed_says_which_right_is_missing(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["pods", "namespaces", "services"], "verbs": ["get", "list", "watch"]},
    ]
    name = cluster.namespace
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    await cluster.post(f"{rbac}/namespaces/{name}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    await cluster.post(
        f"{rbac}/namespaces/{name}/rolebindings",
        {
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "limited"}],
        },
    )
    await cluster.granted("limited", "pods")
    async with through(proxy, cluster, tmp_path, user={"as": "limited"}) as k9:
        await k9.go("secrets")
        await k9.sees("denied")
        await k9.sees(f"list secrets in namespace {name}")
        await k9.press("[")
        await k9.live()
        await k9.follows()


# --- what comes is not what was asked for ---------------------------------------------------------------------


async def test_rubbish_is_called_rubbish_and_the_rows_stay(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    async with through(proxy, cluster, tmp_path) as k9, k9.keeping():
        proxy.faults.rubbish = True
        proxy.cut()
        await k9.sees("is not the Kubernetes API")
        proxy.clear()
        await k9.press("ctrl+r")
        await k9.until(lambda: k9.state is SyncState.LIVE)
        await k9.follows()


async def test_one_malformed_object_is_one_row_with_its_reason(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    proxy.faults.only, proxy.faults.malformed = "/pods", True
    async with through(proxy, cluster, tmp_path) as k9:
        assert {*KEPT} == {*k9.names}
        (broken,) = [row for row in k9.app.browser.table.rows if row.broken]
        assert broken.name in KEPT
        proxy.clear()
        await k9.follows()


# --- much at once ------------------------------------------------------------------------------------------------

HUGE = 120
"""Services of 250 KB each: 30 MB in one list."""


async def test_thirty_megabytes_arrive_while_keys_are_answered(
    proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    note = {"annotations": {"example.com/note": "x" * 250_000}}
    spec = {"clusterIP": "None", "ports": [{"port": 80}]}
    for start in range(0, HUGE, 10):
        names = [f"big-{number:03d}" for number in range(start, start + 10)]
        await asyncio.gather(*(cluster.create("services", name, metadata=note, spec=spec) for name in names))
    async with through(proxy, cluster, tmp_path) as k9:
        await k9.go("svc")
        await k9.until(lambda: k9.app.browser.table.total_count > 0)
        await k9.press("j")
        await k9.until(lambda: k9.app.browser.table.total_count == HUGE and k9.state is SyncState.LIVE)
        await k9.press("G")
        await k9.until(lambda: k9.cursor == f"big-{HUGE - 1:03d}")


UNREAD_SECONDS = 10


async def _until_asked(proxy: FaultProxy, since: int, wanted: Callable[[str], bool], what: str) -> None:
    """Wait until a request comes, or was among those since."""
    limit = time.monotonic() + real.PATIENCE
    while not any(wanted(one.path) for one in proxy.asked[since:]):
        assert time.monotonic() < limit, f"nobody asked {what}"
        await asyncio.sleep(real.LOOK)


async def test_a_terminal_that_reads_nothing_for_ten_seconds_stops_neither_watches_nor_sampling(
    control_plane: Cluster | ForeignCluster, proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(proxy.kubeconfig(namespace=cluster.namespace))
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "STATE", "CACHE")}
    environ = {**os.environ, **folders, "HOME": str(tmp_path), "KUBECONFIG": str(file)}
    program = Program([sys.executable, "-m", "k9py", "ui", "pods", "-n", cluster.namespace], environ)
    try:
        await asyncio.to_thread(program.until_shown, KEPT[-1], real.PATIENCE)
        before, output = len(proxy.asked), len(program.output)
        for number in range(UNREAD_SECONDS * 10):
            await cluster.pod(f"unread-{number:03d}")
            await asyncio.sleep(0.1)  # the length of the fault itself
            if number == UNREAD_SECONDS * 5:
                program.press(b":svc\r")
        await _until_asked(proxy, before, lambda path: path == "/readyz", "how the server is")
        if isinstance(control_plane, Cluster):  # which has metrics for sure
            await _until_asked(proxy, before, lambda path: path.startswith("/apis/metrics.k8s.io"), "for measurements")
        await _until_asked(proxy, before, lambda path: path.endswith("/services"), "what a key asks for")
        program.press(b"[G")
        await asyncio.to_thread(program.until_shown, f"unread-{UNREAD_SECONDS * 10 - 1:03d}", real.PATIENCE)
        assert not program.poll()
        assert len(program.output) - output < 200_000, "the frames nobody could read were sent after all"
    finally:
        program.close()


async def test_a_thousand_namespaces_in_a_burst_all_arrive(
    control_plane: Cluster | ForeignCluster, proxy: FaultProxy, cluster: real.Cluster, tmp_path: Path
) -> None:
    if isinstance(control_plane, ForeignCluster):
        pytest.skip("would leave a thousand namespaces in a cluster that is not ours")
    prefix = f"{cluster.namespace}-burst"
    names = [f"{prefix}-{number:04d}" for number in range(1000)]
    async with through(proxy, cluster, tmp_path) as k9:
        await k9.go("ns")
        await k9.until(lambda: cluster.namespace in k9.names)
        await asyncio.gather(*map(cluster.namespaced, names))
        await k9.until(lambda: {*names} <= {*k9.names})
        await k9.press("G", "g")
        await k9.until(lambda: k9.state is SyncState.LIVE)
