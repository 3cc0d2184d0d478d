"""Puts the list at what was made: who comes back from the board or the form is where the new object is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from k9py.changes.model import Effect, Outcome, Report, State
from k9py.core.refs import Scope
from k9py.ui.navigator import View

if TYPE_CHECKING:
    from k9py.ui.app import K9App
    from k9py.ui.browse import BrowseScreen


def arrive(app: K9App, report: Report) -> None:
    """Put the cursor of the list on what was made; a single object of another kind opens the list it is in.

    Of several objects the first one of the kind on show is taken, and without one the list stays: a bundle's objects
    are in no one list. Nothing moves while something unfinished lies above the list.
    """
    made = [one for one in report.outcomes if one.state is State.WRITTEN and one.change.effect is Effect.CREATES]
    if not made or any(getattr(screen, "stays", False) for screen in app.screen_stack):
        return
    browser = app.browser
    here = next((one for one in made if _shows(browser.view, one)), None)
    if here is not None:
        browser.listing.want(_uid(here), hidden=lambda: _show_all(browser))
    elif len(report.outcomes) == 1 and (resource := made[0].change.resource) is not None:
        namespace = made[0].change.ref.namespace
        scope = browser.view.scope if _covers(browser.view.scope, namespace) else Scope((namespace,))
        browser.go(View(resource.id, scope))
        browser.listing.want(_uid(made[0]), hidden=lambda: _show_all(browser))


def _show_all(browser: BrowseScreen) -> None:
    """Take the filter away that hides what was just made; the filter line's history still has it."""
    browser.change_view(replace(browser.view, filter="", problems_only=False))
    browser.listing.flush()


def _shows(view: View, outcome: Outcome) -> bool:
    """Return whether an object belongs to the list on show; of a drill-down nobody knows."""
    resource = outcome.change.resource
    is_whole = view.parent is None and view.keep is None and not view.label_selector and not view.field_selector
    return (
        is_whole
        and resource is not None
        and resource.id == view.kind
        and _covers(view.scope, outcome.change.ref.namespace)
    )


def _covers(scope: Scope, namespace: str) -> bool:
    return not namespace or scope.all or namespace in scope.namespaces


def _uid(outcome: Outcome) -> str:
    meta = (outcome.result or {}).get("metadata") or {}
    return str(meta.get("uid") or f"name:{outcome.change.ref.name}")
