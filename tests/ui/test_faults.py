"""Every fault of a server, seen on screen and recovered from: no row lost, no exit, no traceback."""

from __future__ import annotations

import json
import stat
import sys
import textwrap
from pathlib import Path

from k9py.config.launch import UiOptions
from k9py.kube.session import Session
from k9py.kube.states import SyncState
from k9py.sim.server import ADMIN_TOKEN
from k9py.ui.sowhat import SoWhat
from tests.ui.harness import Driver, namespace, oom_killed, pod, running

PODS = {"pods": [pod("api-1"), pod("api-2"), oom_killed("worker-1")]}
ALL = ["api-1", "api-2", "worker-1"]


async def live(k9: Driver) -> None:
    """Wait until every pod is there and the watch is open."""
    await k9.until(lambda: sorted(k9.names) == ALL and "live" in k9.bar("header"))


def state(k9: Driver) -> SyncState:
    """Return where the list stands."""
    source = k9.app.browser.listing.source
    assert source is not None
    return source.status.state


async def command(k9: Driver, text: str) -> None:
    """Carry out what is typed behind ``:``."""
    await k9.press(":")
    await k9.type(text)
    await k9.press("enter")


async def refuse_credentials(k9: Driver) -> Session:
    """Let the server know our token no more, and wait until that is told."""
    session = k9.app.session
    assert session is not None
    tokens = k9.server.access.tokens
    tokens["another"] = tokens.pop(ADMIN_TOKEN)
    session.retry_now()
    await k9.sees("credentials refused")
    return session


async def follows(k9: Driver) -> None:
    """Prove that the list is live again: what happens now is seen."""
    k9.store.create("pods", pod("after-the-fault"))
    await k9.until(lambda: "after-the-fault" in k9.names)
    assert {*ALL} <= {*k9.names}


async def test_a_server_that_goes_and_comes_back_costs_no_row(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        port = int(k9.server.url.rpartition(":")[2])
        await k9.server.close()
        await k9.until(lambda: "offline" in k9.bar("header") or "resuming" in k9.bar("header"))
        assert sorted(k9.names) == ALL
        await k9.server.start(port=port)
        await k9.press("ctrl+r")
        await k9.until(lambda: state(k9) is SyncState.LIVE)
        await follows(k9)


async def test_a_watch_that_is_too_old_is_listed_again_without_losing_a_row(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        k9.server.faults.watch_gone = 0.05
        for stream in list(k9.server.watches):
            stream.end()
        await k9.until(lambda: state(k9) is not SyncState.LIVE)
        assert sorted(k9.names) == ALL
        k9.server.faults.clear()
        await k9.until(lambda: state(k9) is SyncState.LIVE)
        await follows(k9)


async def test_a_throttled_list_waits_as_long_as_the_server_asks(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        k9.server.faults.throttled = 2.0
        for stream in list(k9.server.watches):
            stream.end()
        await k9.sees("throttled")
        assert sorted(k9.names) == ALL
        k9.server.faults.clear()
        await k9.until(lambda: state(k9) is SyncState.LIVE)
        await follows(k9)


async def test_a_watch_cut_again_and_again_goes_on_from_where_it_was(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        for number in range(5):
            for stream in list(k9.server.watches):
                stream.end()
            name = f"cut-{number}"
            k9.store.create("pods", pod(name))
            await k9.until(lambda name=name: name in k9.names)  # type: ignore[misc]
        assert {*ALL} <= {*k9.names}


async def test_a_kind_we_may_not_list_says_which_right_is_missing(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        k9.server.faults.forbidden = {"secrets"}
        await k9.press(":")
        await k9.type("secrets")
        await k9.press("enter")
        await k9.sees("denied")
        await k9.sees("list secrets")
        await k9.press("[")
        await live(k9)


async def test_rubbish_is_called_rubbish_and_the_rows_stay(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        k9.server.faults.rubbish = True
        for stream in list(k9.server.watches):
            stream.end()
        await k9.until(lambda: state(k9) is not SyncState.LIVE)
        assert sorted(k9.names) == ALL
        k9.server.faults.clear()
        await k9.press("ctrl+r")
        await k9.until(lambda: state(k9) is SyncState.LIVE)
        await follows(k9)


async def test_one_malformed_object_is_one_row_with_its_reason(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        k9.server.faults.malformed = {"pods"}
        await k9.press(":")
        await k9.type("pods other")
        await k9.press("enter")
        await k9.press(":")
        await k9.type("pods shop")
        await k9.press("enter")
        await k9.until(lambda: len(k9.names) == 3)
        broken = [row for row in k9.app.browser.table.rows if row.broken]
        assert len(broken) <= 1
        assert {row.name for row in k9.app.browser.table.rows} == {*ALL}


async def test_no_answer_is_told_and_the_keys_still_work(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        k9.server.faults.stall()
        await k9.press("d")
        await k9.sees("Loading")
        await k9.press("escape", "G")
        await k9.until(lambda: k9.cursor == "worker-1")
        k9.server.faults.resume()
        await follows(k9)


async def test_a_thousand_namespaces_in_a_burst_all_arrive(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        await k9.press(":")
        await k9.type("ns")
        await k9.press("enter")
        await k9.until(lambda: "other" in k9.names)
        for number in range(1000):
            k9.store.create("namespaces", namespace(f"burst-{number:04d}"))
        await k9.until(lambda: k9.app.browser.table.total_count >= 1002)


async def test_a_huge_list_arrives_while_keys_are_answered(tmp_path: Path) -> None:
    many = {"pods": [pod(f"big-{number:03d}") for number in range(300)]}
    async with running(tmp_path, many, options=UiOptions(namespaces=("other",))) as k9:
        await k9.until(lambda: "live" in k9.bar("header"))
        k9.server.faults.padding = {"pods": 100_000}
        await k9.press(":")
        await k9.type("po shop")
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.table.total_count == 300)
        await k9.press("G")
        await k9.until(lambda: k9.cursor == "big-299")


PLUGIN = """\
#!{python}
import json, pathlib, sys
runs = pathlib.Path({runs!r})
count = int(runs.read_text() or 0) + 1 if runs.exists() else 1
runs.write_text(str(count))
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {{"token": {token!r}}}}}))
"""


async def test_an_exec_token_that_expired_is_renewed_without_a_word(tmp_path: Path) -> None:
    plugin, runs = tmp_path / "login", tmp_path / "runs"
    plugin.write_text(PLUGIN.format(python=sys.executable, runs=str(runs), token=ADMIN_TOKEN))
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "exec",
        "contexts": [{"name": "exec", "context": {"cluster": "sim", "user": "me", "namespace": "shop"}}],
        "clusters": [{"name": "sim", "cluster": {"server": "SERVER"}}],
        "users": [
            {
                "name": "me",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": str(plugin),
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
    }
    async with running(tmp_path, PODS, kubeconfig=textwrap.dedent(json.dumps(config))) as k9:
        await live(k9)
        before = int(runs.read_text())
        k9.server.access.tokens["rotated"] = k9.server.access.tokens.pop(ADMIN_TOKEN)
        plugin.write_text(PLUGIN.format(python=sys.executable, runs=str(runs), token="rotated"))
        for stream in list(k9.server.watches):
            stream.end()
        await follows(k9)
        assert int(runs.read_text()) > before


async def test_a_kubeconfig_broken_on_disk_is_said_and_we_go_on_as_before(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        file = tmp_path / "kubeconfig"
        good = file.read_text()
        file.write_text("clusters: [")
        await command(k9, "login")
        await k9.sees("going on with the kubeconfig as it was")
        await follows(k9)
        file.write_text(good)
        await command(k9, "login")
        await k9.sees_not("going on with the kubeconfig as it was")


async def test_refused_credentials_are_renewed_when_a_person_asks(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await live(k9)
        await refuse_credentials(k9)
        await k9.sees("Log in again")
        file = tmp_path / "kubeconfig"
        file.write_text(file.read_text().replace(ADMIN_TOKEN, "another"))
        await k9.press("ctrl+r")
        await k9.sees("Logged in")
        await k9.sees_not("credentials refused")
        await follows(k9)


async def test_what_to_do_about_a_lost_connection_is_said_whole_at_80_columns(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await live(k9)
        session = await refuse_credentials(k9)
        told = k9.app.browser.query_one(SoWhat)
        await k9.until(lambda: "Log in again" in told.text)
        assert k9.app.connection.problem in told.text
        tokens = k9.server.access.tokens
        tokens[ADMIN_TOKEN] = tokens.pop("another")
        session.retry_now()
        await k9.until(lambda: "Log in again" not in told.text)


async def test_where_namespaces_may_not_be_listed_those_objects_were_seen_in_are_shown(tmp_path: Path) -> None:
    pods = {"pods": [pod("api"), pod("db", "other")]}
    async with running(tmp_path, pods, options=UiOptions(all_namespaces=True)) as k9:
        await k9.until(lambda: sorted(k9.names) == ["api", "db"])
        k9.server.faults.forbidden = {"namespaces"}
        await command(k9, "ns")
        await k9.until(lambda: "other" in k9.names)
