"""Lists: words people are used to, what is remembered, filters over time and by field, limited rights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from k9py.config.launch import UiOptions
from k9py.core.clock import ManualClock
from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.kube.discovery import Discovery
from k9py.kube.rows import Row
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.store import Changes
from k9py.resources.registry import ALIASES, spelled_out
from k9py.ui import globals as globals_module
from k9py.ui.glyphs import ASCII, UNICODE
from k9py.ui.header import Load, left_side, right_side, sync_text
from k9py.ui.measuring import Companion
from k9py.ui.sources import local_row
from k9py.ui.statusline import width_of
from k9py.ui.terminal import Terminal
from tests.changes.conftest import deployment
from tests.ui.harness import namespace, oom_killed, pod, running

if TYPE_CHECKING:
    from k9py.kube.subscription import Subscription

PODS = {"pods": [pod("api-1"), oom_killed("worker-1"), pod("far-1", "other")]}


def unknown(word: str) -> None:

    if word not in ALIASES.values() and word != "pods":
        raise UsageError(word)


def test_a_word_discovery_knows_goes_before_an_alias_and_lists_are_spelled_out_word_by_word() -> None:
    assert spelled_out("dp,pods,jo", unknown) == "deployments.apps,pods,jobs.batch"
    assert spelled_out("dp", lambda _word: None) == "dp"


@pytest.mark.parametrize(("word", "kind"), [("dp", "deployments.apps"), ("jo", "jobs.batch"), ("sec", "secrets")])
async def test_words_of_k9s_open_the_kinds_they_mean_there(tmp_path: Path, word: str, kind: str) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":", *word)
        await k9.until(lambda: k9.app.browser.prompt._completions.candidates)
        assert k9.app.browser.prompt._completions.candidates[0].line in kind
        await k9.press("enter")
        await k9.until(lambda: k9.app.browser.view.kind == kind)


async def test_width_and_order_are_remembered_per_kind(tmp_path: Path) -> None:
    fresh = UiOptions()
    async with running(tmp_path, PODS, options=fresh) as k9:
        await k9.until(lambda: k9.app.session is not None)
        await k9.press("0")
        await k9.until(lambda: "far-1" in k9.names)
        await k9.press("ctrl+w", "A")
        await k9.until(lambda: k9.app.browser.view.wide and k9.app.browser.table.sorting == ("age", False))
    async with running(tmp_path, PODS, options=fresh) as k9:
        await k9.until(lambda: "far-1" in k9.names)
        assert k9.app.browser.view.wide
        assert k9.app.browser.table.sorting == ("age", False)
        await k9.press(":", *"nodes", "enter")
        await k9.until(lambda: k9.app.browser.view.kind == "nodes")
        assert not k9.app.browser.view.wide


async def test_a_filter_by_age_is_asked_again_as_time_goes_on(tmp_path: Path) -> None:
    clock = ManualClock(1_795_327_200.0)
    async with running(tmp_path, {"pods": [pod("young-1")]}, clock=clock) as k9:
        await k9.until(lambda: k9.names == ["young-1"])
        await k9.press("/", *"age<1m", "enter")
        await k9.until(lambda: k9.app.browser.view.filter == "age<1m")
        assert k9.names == ["young-1"]
        await clock.advance(90)
        await k9.until(lambda: k9.names == [])


async def test_leaving_a_filter_by_field_brings_every_row_back(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("/", *"spec.schedulerName=nobody", "enter")
        await k9.until(lambda: k9.names == [])
        await k9.press("escape")
        await k9.until(lambda: k9.names == ["api-1", "worker-1"])


async def test_valid_says_what_is_wrong_and_can_be_filtered_by(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press("/", *"valid=*OOMKilled*", "enter")
        await k9.until(lambda: k9.names == ["worker-1"])


async def test_who_may_not_list_namespaces_sees_the_named_ones_and_what_is_missing(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        k9.app.switch_context("simulated-restricted")
        await k9.until(lambda: k9.app.session is not None and k9.app.context_name == "simulated-restricted")
        await k9.press(":", *"ns", "enter")
        await k9.until(lambda: k9.app.browser.view.kind == "namespaces" and k9.names)
        assert "not allowed to list namespaces" in k9.bar("crumbs")
        assert {row.name for row in k9.app.browser.table.rows} >= {"default"}


async def test_an_empty_list_names_no_key_that_makes_what_one_may_not_make(tmp_path: Path) -> None:
    rbac = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    subject = {"kind": "User", "name": "simulated-restricted", "apiGroup": rbac}
    reader = {"metadata": {"name": "reader", "namespace": "default"}, "rules": rules}
    binding = {
        "metadata": {"name": "reader", "namespace": "default"}, "subjects": [subject],
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"},
    }  # fmt: skip
    given = {f"roles.{rbac}": [reader], f"rolebindings.{rbac}": [binding]}
    async with running(tmp_path, given) as k9:
        await k9.sees("+ makes one by form")
        k9.app.switch_context("simulated-restricted")
        await k9.sees("No pods in default")
        await k9.sees_not("makes one by form")
        assert "+ new" not in k9.bar("keys")


async def test_an_empty_list_says_what_the_kind_is_for_and_where_else_to_look(tmp_path: Path) -> None:
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":", *"deploy", "enter")
        await k9.sees("No deployments in shop")
        await k9.sees("0 looks in all namespaces")


async def test_a_namespace_there_is_not_is_told_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(globals_module, "LOOK_AGAIN", 0.2)
    async with running(tmp_path, PODS) as k9:
        await k9.sees("worker-1")
        await k9.press(":", *"deploy shp", "enter")
        await k9.sees("There is no namespace shp")
        k9.store.create("namespaces", namespace("shp"))
        await k9.sees("No deployments in shp")
        await k9.press(":", *"deploy other", "enter")
        await k9.sees("No deployments in other")


def test_a_quiet_list_changes_its_words_once_a_minute_at_most() -> None:
    status = SyncStatus(SyncState.LIVE, since=0.0, contact=1000.0)
    said = {sync_text(status, 1000.0 + second, UNICODE)[0] for second in range(31, 240)}
    assert len(said) == 4


def test_a_kind_that_is_gone_is_not_called_denied() -> None:
    gone = SyncStatus(SyncState.DENIED, since=0.0, detail="the server does not serve widgets", vanished=True)
    assert sync_text(gone, 10.0, UNICODE)[0].endswith("no such kind")
    assert sync_text(replace(gone, vanished=False), 10.0, UNICODE)[0].endswith("denied")


def test_a_quiet_list_leaves_room_for_what_the_cluster_uses_at_80_columns() -> None:
    status = SyncStatus(SyncState.LIVE, since=0.0, contact=1000.0)
    left = left_side(
        context="prod-eu", scope="all namespaces", kind="pods", count="2,000",
        sync=sync_text(status, 1040.0, UNICODE), glyphs=UNICODE,
    )  # fmt: skip
    loads = [Load("cpu", 61.0, (61.0,)), Load("mem", 72.0, (72.0,))]
    right = right_side(loads, UNICODE, warn=70, critical=90, with_trend=False)
    assert width_of(left) + 1 + width_of(right) <= 80


async def test_a_long_kind_gives_way_to_what_the_cluster_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path, PODS, size=(64, 24)) as k9:
        await k9.sees("worker-1")
        loads = [Load("cpu", 61.0, (61.0,)), Load("mem", 72.0, (72.0,))]
        monkeypatch.setattr(k9.app.measuring, "loads", lambda: loads)
        await k9.press(":", *"mutatingwebhookconfigurations", "enter")
        await k9.sees(":mutatingwebhookconfigurations")
        await k9.until(lambda: "live" in k9.bar("header"))
        k9.app.browser.show_state()
        assert k9.bar("header").startswith(f" {k9.app.context_name} {UNICODE.separator} mutatingw")
        assert UNICODE.ellipsis in k9.bar("header")
        assert "cpu 61%  mem 72%" in k9.bar("header")


async def test_a_filled_list_of_deployments_names_the_keys_a_beginner_needs_at_80_columns(tmp_path: Path) -> None:
    web = deployment("web")
    options = UiOptions(kind="deployments", namespaces=("shop",))
    async with running(tmp_path, {"deployments.apps": [web]}, size=(80, 24), options=options) as k9:
        await k9.until(lambda: k9.names == ["web"])
        await k9.until(lambda: "+ new" in k9.bar("keys") and "F form" in k9.bar("keys"))
        for hint in ("l logs", "s scale", "F form", "d describe", "+ new", "ctrl+d delete", "? all keys"):
            assert f" {hint} " in k9.bar("keys"), hint
        assert len(k9.bar("keys").rstrip()) <= 80


async def test_the_list_under_the_prompt_ends_with_a_rule(tmp_path: Path) -> None:
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press(":", *"po oth")
        await k9.until(lambda: k9.screen.splitlines()[2].strip().startswith("other"))
        assert set(k9.screen.splitlines()[3]) == {UNICODE.rule}


@pytest.mark.parametrize(("width", "shown"), [(100, False), (150, True)])
async def test_a_wide_pane_shows_more_columns_instead_of_blanks(tmp_path: Path, width: int, shown: bool) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "nginx:1.29"}]}}
    web = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }  # fmt: skip
    async with running(tmp_path, {"deployments.apps": [web]}, size=(width, 24)) as k9:
        await k9.until(lambda: k9.app.session is not None)
        await k9.press(":", *"deploy", "enter")
        await k9.sees("UP-TO-DATE")
        await k9.until(lambda: ("nginx:1.29" in k9.screen) is shown)


def test_a_sum_is_not_said_before_the_list_it_is_made_of_was_read() -> None:
    class Pods:
        """A list that another pane watches already."""

        synced = True
        status = SyncStatus(SyncState.LIVE, since=0.0)

        def drain(self) -> Changes:
            return Changes(reset=True)

        def rows(self) -> dict[str, Row]:
            return {"a": local_row("a", ()), "b": local_row("b", ())}

    counted = Companion(cast("Subscription", Pods()), lambda row: ("node-1", 1))
    assert counted.get("node-1") is None
    assert counted.drain()
    assert (counted.get("node-1"), counted.get("node-2")) == (2, 0)


@pytest.mark.parametrize("key", ["", "?", "ctrl+p", "ctrl+n", "d", "y", "E", ":", "ctrl+o"])
async def test_with_ascii_signs_nothing_else_is_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    plain = Terminal.detect({"TERM": "linux", "LC_ALL": "C"})
    assert plain.glyphs is ASCII
    monkeypatch.setattr(Terminal, "detect", staticmethod(lambda *_, **__: plain))
    async with running(tmp_path, PODS, size=(80, 24)) as k9:
        await k9.sees("worker-1")
        await k9.press("G")
        if key:
            await k9.press(key)
            await k9.pilot.pause(0.3)
        strange = {char for char in k9.screen if ord(char) > 126}
        assert not strange, k9.screen


async def test_a_filter_says_what_can_be_typed_and_a_pattern_without_slashes_how_it_is_written(tmp_path: Path) -> None:
    async with running(tmp_path, {"pods": [pod("api-1")]}) as k9:
        await k9.sees("api-1")
        await k9.press("/")
        await k9.sees("/regex/")
        await k9.type("^api")
        await k9.sees("between slashes")
        await k9.press("ctrl+u", *"/^api/")
        await k9.until(lambda: k9.names == ["api-1"])


async def test_enter_on_a_role_shows_its_rules_and_can_shows_what_somebody_may_do(tmp_path: Path) -> None:
    reads = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    writes = {"verbs": ["create"], "apiGroups": ["", "apps"], "resources": ["pods"]}
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    reader = {**kind, "kind": "Role", "metadata": {"name": "reader", "namespace": "shop"}, "rules": [reads, writes]}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    alice = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}
    readers = {**kind, "kind": "RoleBinding", "metadata": {"name": "readers", "namespace": "shop"},
               "roleRef": ref, "subjects": [alice]}  # fmt: skip
    group = "rbac.authorization.k8s.io"
    async with running(tmp_path, {f"roles.{group}": [reader], f"rolebindings.{group}": [readers]}) as k9:
        await k9.press(":", *"roles", "enter")
        await k9.until(lambda: k9.names == ["reader"])
        await k9.press("enter")
        await k9.until(lambda: k9.names == ["pods", "pods.apps"])
        assert "yes" in k9.screen
        await k9.press("enter")
        await k9.sees("A rule is no object")
        await k9.press(":", *"can u:alice", "enter")
        await k9.until(lambda: {"pods shop readers", "pods.apps shop readers"} <= {*k9.names})
        await k9.press("0")
        await k9.until(lambda: k9.app.browser.view.kind == "rights")


async def test_a_kind_that_vanishes_while_its_list_is_shown_can_be_read_on_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = Discovery.resolve

    def without_leases(discovery: Discovery, word: str) -> ApiResource:
        if word.startswith("leases"):
            raise UsageError("the server has no such kind")
        return resolve(discovery, word)

    async with running(tmp_path, PODS) as k9:
        await k9.sees("api-1")
        await k9.press(":", *"leases", "enter")
        await k9.sees("No leases")
        monkeypatch.setattr(Discovery, "resolve", without_leases)
        k9.app.browser.flush()
        assert "leases" in k9.bar("header")
        await k9.press("q")
        await k9.sees("api-1")
        await k9.press(":", *"leases", "enter")
        await k9.sees("no such kind")


async def test_services_are_listed_where_the_server_has_no_endpoint_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = Discovery.resolve

    def without_slices(discovery: Discovery, word: str) -> ApiResource:
        if word.startswith("endpointslices"):
            raise UsageError("the server has no such kind")
        return resolve(discovery, word)

    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    async with running(tmp_path, {"services": [service]}) as k9:
        await k9.until(lambda: k9.app.session is not None)
        monkeypatch.setattr(Discovery, "resolve", without_slices)
        await k9.press(":", *"svc", "enter")
        await k9.until(lambda: "web" in k9.names)
        assert "no such kind" not in k9.screen
        assert k9.app.focused is k9.app.browser.table


async def test_services_opened_again_over_themselves_count_their_endpoints_anew(tmp_path: Path) -> None:
    labels = {"kubernetes.io/service-name": "web"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
               "spec": {"type": "ClusterIP", "selector": {"app": "web"}, "ports": [{"port": 80}]}}  # fmt: skip
    piece = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "web-1", "namespace": "shop", "labels": labels},
             "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]}  # fmt: skip
    async with running(tmp_path, {"services": [service], "endpointslices.discovery.k8s.io": [piece]}) as k9:
        for _ in range(2):
            await k9.press(":", *"svc", "enter")
            await k9.until(lambda: k9.names == ["web"])
            await k9.sees("no ready pod matches app=web")
