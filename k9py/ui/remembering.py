"""From what was remembered of a context to the tabs that open, and back. Pure."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from k9py.config.launch import UiOptions
from k9py.config.state import ContextState, SortOrder, Tab
from k9py.core.refs import Scope
from k9py.ui.navigator import Tabs, View
from k9py.ui.sources import CONTAINERS


def restore_tabs(state: ContextState, options: UiOptions, *, kind: str, namespace: str) -> Tabs:
    """Return the tabs to open: the command line's wish first, then what was remembered, then the settings.

    ``kind`` is the settings' kind and ``namespace`` the context's own, both for when nothing is remembered.
    """
    remembered = state.namespaces if state.namespaces is not None else (namespace,)
    views = [
        with_memory(View(tab.kind, Scope(tab.namespaces), filter=tab.filter), state) for tab in state.tabs if tab.kind
    ]
    asked = bool(options.kind or options.selector or options.field_selector or options.scope is not None)
    if not views or asked:
        scope = options.scope if options.scope is not None else Scope(remembered)
        first = with_memory(View(options.kind or state.kind or kind, scope), state)
        if options.selector or options.field_selector:
            first = replace(first, label_selector=options.selector, field_selector=options.field_selector, filter="")
        if not views:
            return Tabs([first])
        views[min(state.active_tab, len(views) - 1)] = first
    return Tabs(views, state.active_tab)


def with_memory(view: View, state: ContextState) -> View:
    """Return the view with the filter, order and width last used for its kind, unless it brings its own."""
    order = state.sorts.get(view.kind)
    return replace(
        view,
        filter=view.filter or state.filters.get(view.kind, ""),
        sort=view.sort or ((order.column, order.descending) if order else None),
        wide=view.wide or view.kind in state.wide,
    )


def noted(state: ContextState, view: View) -> ContextState:
    """Return the state with what a person chose in this view; a drill-down's filter is nobody's habit."""
    filters = dict(state.filters)
    sorts = dict(state.sorts)
    if view.parent is None and not view.title:
        if view.filter:
            filters[view.kind] = view.filter
        else:
            filters.pop(view.kind, None)
    if view.sort is not None:
        sorts[view.kind] = SortOrder(*view.sort)
    others = tuple(kind for kind in state.wide if kind != view.kind)
    wide = (*others, view.kind) if view.wide else others
    return msgspec.structs.replace(state, filters=filters, sorts=sorts, wide=wide)


def state_of(tabs: Tabs, state: ContextState) -> ContextState:
    """Return what to remember of the tabs as they are now."""
    view = _plain(tabs.trail.crumbs)
    return msgspec.structs.replace(
        noted(state, tabs.view),
        kind=view.kind,
        namespaces=view.scope.namespaces,
        tabs=tuple(
            Tab(plain.kind, plain.scope.namespaces, plain.filter)
            for plain in (_plain(trail.crumbs) for trail in tabs.trails)
        ),
        active_tab=tabs.active,
    )


def _plain(crumbs: tuple[View, ...]) -> View:
    """Return the newest view that is no drill-down: the objects a drill-down hangs on may be gone tomorrow."""
    for view in reversed(crumbs):
        if view.parent is None and not view.title and view.keep is None and view.kind != CONTAINERS:
            return view
    return crumbs[0]
