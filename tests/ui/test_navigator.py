"""Where a person is and can go back to."""

from __future__ import annotations

from dataclasses import replace

from k9py.core.refs import Scope
from k9py.ui.navigator import HISTORY_LIMIT, Tabs, Trail, View

PODS = View("pods", Scope(("shop",)))
NODES = View("nodes")
JOBS = View("jobs.batch")


def test_back_and_forward_walk_the_same_trail() -> None:
    trail = Trail(PODS)
    trail.go(NODES)
    trail.go(JOBS)
    assert trail.back()
    assert trail.current == NODES
    assert trail.back()
    assert trail.current == PODS
    assert not trail.back()
    assert trail.forward()
    assert trail.forward()
    assert trail.current == JOBS
    assert not trail.forward()


def test_going_somewhere_new_forgets_what_was_ahead() -> None:
    trail = Trail(PODS)
    trail.go(NODES)
    trail.back()
    trail.go(JOBS)
    assert not trail.forward()
    assert trail.crumbs == (PODS, JOBS)


def test_going_where_we_are_updates_the_view_and_makes_no_history() -> None:
    trail = Trail(PODS)
    trail.go(replace(PODS, filter="api"))
    assert trail.current.filter == "api"
    assert not trail.can_back


def test_going_back_finds_the_cursor_and_filter_left_there() -> None:
    trail = Trail(PODS)
    trail.update(replace(PODS, cursor="uid-7", filter="web"))
    trail.go(NODES)
    trail.back()
    assert (trail.current.cursor, trail.current.filter) == ("uid-7", "web")


def test_the_last_view_changes_places_with_this_one() -> None:
    trail = Trail(PODS)
    assert not trail.swap_last()
    trail.go(NODES)
    assert trail.swap_last()
    assert trail.current == PODS
    assert trail.swap_last()
    assert trail.current == NODES


def test_history_is_bounded() -> None:
    trail = Trail(PODS)
    for number in range(HISTORY_LIMIT * 2):
        trail.go(View(f"kind-{number}"))
    assert len(trail.crumbs) == HISTORY_LIMIT + 1


def test_the_last_tab_cannot_be_closed() -> None:
    tabs = Tabs([PODS])
    tabs.open(NODES)
    assert tabs.view == NODES
    assert tabs.close()
    assert tabs.view == PODS
    assert not tabs.close()


def test_tabs_step_around_the_end() -> None:
    tabs = Tabs([PODS, NODES, JOBS], active=2)
    tabs.step(1)
    assert tabs.view == PODS
    tabs.step(-1)
    assert tabs.view == JOBS


def test_another_namespace_drops_the_drill_down() -> None:
    tabs = Tabs([replace(PODS, label_selector="app=api", filter="x")])
    tabs.rescope(Scope(("other",)))
    assert tabs.view.label_selector == ""
    assert tabs.view.filter == "x"
    assert tabs.view.scope.single == "other"
