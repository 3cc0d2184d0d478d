"""Choosing from lists that lie over the browser: what to do, contexts, namespaces, themes; and the help."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from k9py.config.themes import theme_files
from k9py.core.errors import K9Error
from k9py.core.refs import Scope
from k9py.resources.action import Action, Where
from k9py.ui.help import HelpScreen, by_group
from k9py.ui.keys import key_text
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.kube.session import Namespaces
    from k9py.ui.app import K9App

KIND_PREFIX = "kind "
"""In front of the ids of kinds in the palette, to keep them apart from actions."""

EVERY = "*"
"""Id of the choice that stands for every namespace."""

NAMESPACES = "pick-namespaces"
"""Id of the screen that chooses namespaces."""

CURSOR_KEYS = "cursor."
"""Actions with these ids move by a row or a page: nobody looks for them in the palette."""


def show_help(app: K9App) -> None:
    """List what works here and now."""
    browser = app.browser
    where = app.where or Where.TABLE
    resource, subject, container = browser.looking.target
    place = browser.view.kind.partition(".")[0] if app.screen is browser else where.value
    screen = HelpScreen(
        app.look, app.offering.available(where), resource, subject, container=container, place=place
    )  # fmt: skip
    app.push_screen(screen, lambda action_id: _run(app, action_id))


def _run(app: K9App, action_id: str | None) -> None:
    action = app.actions.get(action_id) if action_id else None
    if action is not None:
        app.call_later(app.carrier.carry_out, action)


def show_palette(app: K9App) -> None:
    """Search everything that can be done here, with the reason where it cannot."""
    browser = app.browser
    where = app.where or Where.TABLE
    kind = browser.listing.spec.id if browser.listing.spec is not None else ""
    actions = [
        action for action in app.actions.for_screen(where, kind)
        if not action.id.startswith(CURSOR_KEYS) and action.id not in ("palette", "cancel")
    ]  # fmt: skip
    reasons = {action.id: app.offering.reason(action) for action in actions}
    choices = [_choice(app, action, reasons[action.id]) for action in sorted(actions, key=by_group)]
    choices.sort(key=lambda choice: bool(choice.blocked))
    session = app.session
    if session is not None:
        choices += [
            Choice(f"{KIND_PREFIX}{resource.id}", f"open {resource.id}", ",".join(resource.short_names),
                   search=resource.kind)
            for resource in session.discovery.resources
            if "list" in resource.verbs
        ]  # fmt: skip

    def picked(ids: tuple[str, ...] | None) -> None:
        if ids and ids[0].startswith(KIND_PREFIX):
            app.attempt(lambda: browser.acting.command(ids[0].removeprefix(KIND_PREFIX)))
        elif ids:
            _run(app, ids[0])

    app.push_screen(PickScreen(app.look, "Do what?", choices), picked)


def _choice(app: K9App, action: Action, reason: str) -> Choice:
    key = key_text(action.keys[0], app.look.glyphs) if action.keys else ""
    return Choice(action.id, f"{action.title}: {action.help}", key, blocked=reason, search=action.group)


def choose_context(app: K9App) -> None:
    """Choose another context."""
    gap = app.look.glyphs.separator
    choices = [
        Choice(entry.name, entry.name, f"{entry.cluster} {gap} {entry.user}") for entry in app.connector.contexts()
    ]

    def picked(ids: tuple[str, ...] | None) -> None:
        if ids and ids[0] != app.context_name:
            app.call_later(app.carrier.uncover, lambda: app.switch_context(ids[0]))

    screen = PickScreen(
        app.look, "Context", choices, current=app.context_name, empty="the kubeconfig has no contexts"
    )  # fmt: skip
    app.push_screen(screen, picked)


def choose_namespaces(app: K9App, known: Namespaces | None) -> None:
    """Choose one or several namespaces, or all; where they cannot be listed, one can be typed."""
    session, scope = app.session, app.scope
    if known is None or session is None:
        raise K9Error("there is no cluster yet", remedy="Choose a context with :ctx, or wait for this one")
    if not known.complete:
        known = replace(known, names=session.named_namespaces())
    choices = _namespace_choices(known)
    missing = known.missing or "list namespaces"
    title = "Namespaces" if known.complete else f"Namespaces: you may not {missing}, type the name of one"

    def picked(ids: tuple[str, ...] | None) -> None:
        if ids:
            names = () if EVERY in ids else ids
            app.call_later(app.carrier.uncover, lambda: app.use_scope(Scope(names)))

    def typed(text: str) -> Choice:
        return Choice(text, text, "not listed")

    screen = PickScreen(
        app.look, title, choices, several=True, current=scope.single or EVERY,
        free_text=None if known.complete else typed,
    )  # fmt: skip
    screen.id = NAMESPACES
    app.push_screen(screen, picked)


def offer_namespaces(app: K9App, known: Namespaces) -> None:
    """Bring the choice of namespaces up to date, if that is what is open."""
    screen = app.screen
    if isinstance(screen, PickScreen) and screen.id == NAMESPACES and known.complete:
        screen.offer(_namespace_choices(known))


def _namespace_choices(known: Namespaces) -> list[Choice]:
    return [Choice(EVERY, "all namespaces"), *(Choice(name, name) for name in known.names)]


def choose_theme(app: K9App) -> None:
    """Choose another theme; each is worn while the cursor is on it."""
    before = app.look.theme.name
    choices = [Choice(name, name) for name in sorted(theme_files(app.paths.user_themes))]

    def wear(name: str) -> None:
        app.attempt(lambda: app.use_theme(name))

    def picked(ids: tuple[str, ...] | None) -> None:
        wanted = ids[0] if ids else before
        if wanted != app.look.theme.name:
            wear(wanted)

    app.push_screen(PickScreen(app.look, "Theme", choices, current=before, moved=wear), picked)
