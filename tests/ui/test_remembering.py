"""What opens again in a context."""

from __future__ import annotations

from dataclasses import replace

from k9py.config.launch import UiOptions
from k9py.config.state import ContextState, SortOrder, Tab
from k9py.core.refs import ObjectRef, Scope
from k9py.ui.navigator import Tabs, View
from k9py.ui.remembering import noted, restore_tabs, state_of

NOTHING = ContextState(context="prod")


def opened(state: ContextState = NOTHING, options: UiOptions | None = None) -> Tabs:
    return restore_tabs(state, options or UiOptions(), kind="pods", namespace="shop")


def test_a_new_context_opens_the_settings_kind_in_the_contexts_namespace() -> None:
    assert opened().view == View("pods", Scope(("shop",)))


def test_the_last_kind_namespaces_filter_and_tabs_come_back() -> None:
    state = ContextState(
        context="prod",
        kind="nodes",
        namespaces=(),
        filters={"nodes": "worker"},
        sorts={"nodes": SortOrder("age", descending=True)},
        tabs=(Tab("pods", ("a", "b"), "api"), Tab("nodes")),
        active_tab=1,
    )
    tabs = opened(state)
    assert len(tabs.trails) == 2
    assert tabs.view == View("nodes", Scope(), filter="worker", sort=("age", True))
    assert tabs.trails[0].current.scope.namespaces == ("a", "b")


def test_the_command_line_wins_over_what_was_remembered() -> None:
    state = ContextState(context="prod", kind="nodes", namespaces=(), tabs=(Tab("nodes"),))
    options = UiOptions(kind="deploy", namespaces=("db",), selector="app=api")
    assert opened(state, options).view == View("deploy", Scope(("db",)), label_selector="app=api")


def test_a_filter_is_remembered_per_kind_and_forgotten_when_cleared() -> None:
    state = noted(NOTHING, View("pods", filter="api"))
    assert state.filters == {"pods": "api"}
    assert noted(state, View("pods")).filters == {}


def test_a_drill_down_is_not_what_opens_next_time() -> None:
    deployments = View("deployments.apps", Scope(("shop",)), filter="api")
    tabs = Tabs([deployments])
    pods = View("pods", Scope(("shop",)), label_selector="app=api", title="pods of deployment api", filter="x")
    tabs.trail.go(pods)
    tabs.trail.go(replace(pods, kind="containers", parent=ObjectRef("Pod", "shop", "api-1")))
    state = state_of(tabs, NOTHING)
    assert (state.kind, state.namespaces) == ("deployments.apps", ("shop",))
    assert state.tabs == (Tab("deployments.apps", ("shop",), "api"),)
    assert "pods" not in state.filters
