"""What can be done here and now, and for the rest why not: by rights, by what is on the screen, by what is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.resources.action import TYPING, Action, Danger, Need, Where
from k9py.resources.model import always_healthy
from k9py.ui.sources import CONTAINERS, LOCAL_VIEWS

if TYPE_CHECKING:
    from k9py.kube.permissions import Verdict
    from k9py.ui.app import K9App

ON_A_ROW = frozenset(
    {"open", "mark", "mark.range", "mark.all", "mark.invert", "copy.name", "save.table", "namespace.warp",
     "container.copy", "container.image", "cursor.up", "cursor.down", "cursor.page-up", "cursor.page-down",
     "cursor.first", "cursor.last"}
)  # fmt: skip
"""Actions of a table that need a row to be about, whatever the kind."""

ON_AN_OBJECT = frozenset(
    {"owner", "describe", "yaml", "events", "detail", "logs", "logs.previous", "shell", "copy.namespace",
     "copy.kubectl", "container.logs", "container.previous", "container.shell", "container.describe",
     "container.yaml", "pane.beside", "pane.below", "delete", "scale", "restart", "image", "new.like", "edit.form",
     "inject", "edit"}
)  # fmt: skip
"""Actions that need a row which is an object of the cluster, or a part of one."""

BROWSER_ONLY = frozenset({"pane.beside", "pane.below", "jump", "focus.next", "focus.previous"})
"""Actions about the panes of the browser: they would do nothing sensible to what lies over it."""


ANYWHERE = frozenset(
    {"help", "palette", "back", "cancel", "quit", "repaint", "suspend", "theme.choose", "picture"}
)  # fmt: skip
"""Global actions that lead nowhere else: they work on a screen that keeps something unfinished too."""


class Offering:
    """Knows why an action is not offered; an empty reason means that it is."""

    def __init__(self, app: K9App) -> None:
        self._app = app

    # ------------------------------------------------------------------ all reasons together

    def reason(self, action: Action) -> str:
        """Return why an action is not offered, as far as is known without asking; empty when it is."""
        app = self._app
        if app.readonly and action.danger is not Danger.NONE:
            return f"{action.title} is off: this context is read-only"
        screen = app.screen
        own_keys = getattr(screen, "handlers", {}) if screen is not app.browser else {}
        leads_away = action.where is Where.GLOBAL and action.id not in ANYWHERE and action.id not in own_keys
        if getattr(screen, "stays", False) and leads_away:
            return "Finish this first, or leave it with esc"
        if action.where in TYPING and action.id not in getattr(screen, "handlers", {}):
            return f"{action.title} is no part of this screen"
        refusal: Callable[[Action], str] | None = getattr(screen, "refusal", None)
        if refusal is not None and (own := refusal(action)):
            return own
        if self._is_refused(action):
            return f"you are not allowed to {self._right_of(action)}"
        return self._nothing_to_do(action)

    def available(self, where: Where, *, footer_only: bool = False) -> list[Action]:
        """Return the actions that make sense here: for this kind and row, allowed, with something to act on."""
        browser = self._app.browser
        kind = browser.listing.spec.id if browser.listing.spec is not None else ""
        found = self._app.actions.for_screen(where, kind, browser.table.cursor_row)
        return [action for action in found if (action.footer or not footer_only) and not self.reason(action)]

    def how_to_make(self, kind: str) -> str:
        """Return how an object of a kind is made, for a list that has none; empty where it cannot be."""
        action, session = self._app.actions.get("new"), self._app.session
        if action is None or not action.keys or session is None or kind in LOCAL_VIEWS or self._app.readonly:
            return ""
        if self._is_refused(action):
            return ""
        can_be_made = any(
            resource.id == kind and "create" in resource.verbs for resource in session.discovery.resources
        )
        return f"{action.keys[0]} makes one by form" if can_be_made else ""

    # ------------------------------------------------------------------ what is there to act on

    def _nothing_to_do(self, action: Action) -> str:
        name, _, rest = action.id.partition(".")
        if name == "namespace" and rest.isdigit():
            return self._no_recent_namespace(int(rest))
        if self._app.screen is not self._app.browser and action.id in BROWSER_ONLY:
            # Only a screen that stays has panes of its own to move between.
            has_panes = getattr(self._app.screen, "stays", False) and action.id in self._app.screen.handlers  # type: ignore[attr-defined]
            return "" if has_panes else "There is one pane here"
        if name == "go" or action.id in ON_AN_OBJECT or action.id in ON_A_ROW:
            return self._no_row(action)
        check = self._CHECKS.get(action.id)
        return check(self) if check is not None else self._no_column(rest) if name == "sort" else ""

    def _no_recent_namespace(self, place: int) -> str:
        if place <= len(self._app.memory.state.favourites):
            return ""
        return f"There is no recent namespace number {place} yet; ctrl+n chooses one"

    def _no_row(self, action: Action) -> str:
        browser = self._app.browser
        view, row = browser.view, browser.table.cursor_row
        if browser.body_shows_detail and action.id in ("pane.beside", "pane.below", "detail"):
            return ""
        if row is None:
            return "There is no row to do that with"
        if action.id == "namespace.warp" or action.id == "copy.namespace":
            return "" if row.namespace else f"{row.name} is in no namespace"
        if action.id in ON_AN_OBJECT and view.kind in LOCAL_VIEWS and view.kind != CONTAINERS:
            return f"{view.kind} are no objects of the cluster: there is nothing more to show of one"
        if action.predicate is not None and not action.predicate(row):
            return action.otherwise or f"{action.title} makes no sense for {row.name}"
        return ""

    def _no_column(self, column: str) -> str:
        browser = self._app.browser
        if column in ("flip", "column-left", "column-right"):
            return "" if browser.table.columns else "There is no column to sort by"
        if column in {known.id for known in browser.listing.columns}:
            return ""
        return f"{browser.view.kind.partition('.')[0]} have no column {column}"

    def _one_tab(self) -> str:
        return "" if len(self._app.browser.tabs.trails) > 1 else "There is one tab; ctrl+t opens another"

    def _last_tab(self) -> str:
        return "" if len(self._app.browser.tabs.trails) > 1 else "This is the only tab; :q quits"

    def _nothing_behind(self) -> str:
        return "" if self._app.browser.tabs.trail.can_back else "Nothing behind this view"

    def _nothing_ahead(self) -> str:
        return "" if self._app.browser.tabs.trail.can_forward else "Nothing ahead of this view"

    def _one_pane(self) -> str:
        return "" if self._app.browser.body_is_split else "There is one pane; i opens another"

    def _no_marks(self) -> str:
        return "" if self._app.browser.table.marked_rows else "Nothing is marked; space marks a row"

    def _no_wide(self) -> str:
        browser = self._app.browser
        if browser.view.wide or any(column.wide for column in browser.listing.columns):
            return ""
        return f"{browser.view.kind.partition('.')[0]} have no more columns"

    def _no_health(self) -> str:
        browser = self._app.browser
        spec = browser.listing.spec
        if self._app.session is None:
            return ""  # it holds for the list that comes
        if browser.view.problems_only or (spec is not None and spec.health is not always_healthy):
            return ""
        return f"k9py knows no problems of {browser.view.kind.partition('.')[0]}"

    def _not_made(self) -> str:
        kind = self._app.browser.view.kind
        return f"{kind} are not made here; :new KIND makes an object of any kind" if kind in LOCAL_VIEWS else ""

    def _no_yaml(self) -> str:
        return "" if self._app.browser.detail.mode == "yaml" else "Managed fields are part of the YAML; y shows it"

    def _no_search(self) -> str:
        return "" if self._app.browser.detail.text.match_place[1] else "Nothing is searched for; / searches"

    _CHECKS: ClassVar[dict[str, Callable[[Offering], str]]] = {
        "tab.next": _one_tab,
        "tab.previous": _one_tab,
        "tab.close": _last_tab,
        "history.back": _nothing_behind,
        "history.forward": _nothing_ahead,
        "history.last": _nothing_behind,
        "focus.next": _one_pane,
        "focus.previous": _one_pane,
        "mark.clear": _no_marks,
        "new": _not_made,
        "wide": _no_wide,
        "problems": _no_health,
        "text.managed": _no_yaml,
        "text.find-next": _no_search,
        "text.find-previous": _no_search,
    }

    # ------------------------------------------------------------------ rights

    def _asked(self, need: Need) -> tuple[ApiResource, str] | None:
        """Return the kind and namespace a need is about here; None where it cannot be told."""
        app = self._app
        session, browser = app.session, app.browser
        if session is None:
            return None
        try:
            resource = session.discovery.resolve(need.resource) if need.resource else browser.looking.resource
        except UsageError:
            return None
        if resource is None:
            return None
        row, parent = browser.table.cursor_row, browser.view.parent
        namespace = row.namespace if row is not None else browser.view.scope.single
        if browser.view.kind == CONTAINERS and parent is not None:
            namespace = parent.namespace
        return resource, namespace if resource.namespaced else ""

    def verdict(self, action: Action) -> Verdict:
        """Return what is known of the rights an action needs; doubt never hides anything."""
        from k9py.kube.permissions import Verdict  # deferred with the rest of the client layer

        session = self._app.session
        for need in action.needs if session is not None else ():
            asked = self._asked(need)
            if asked is None or session is None:
                continue
            verdict = session.permissions.known(need.verb, asked[0], asked[1], subresource=need.subresource)
            if verdict is not Verdict.YES:
                return verdict
        return Verdict.YES if action.needs else Verdict.UNKNOWN

    def _is_refused(self, action: Action) -> bool:
        return bool(action.needs) and self._app.session is not None and self.verdict(action).value == "no"

    def ask_about(self, action: Action) -> None:
        """Find out in the background whether an action is allowed, so that its key goes when it is not."""
        session = self._app.session
        questions = [(need, asked) for need in action.needs if (asked := self._asked(need)) is not None]
        if session is None or not questions or self.verdict(action).value != "unknown":
            return

        async def ask() -> None:
            for need, (resource, namespace) in questions:
                await session.permissions.allowed(need.verb, resource, namespace, subresource=need.subresource)
            self._show_what_is_offered()

        self._app.start_quietly(ask(), name="permissions")

    def learn_rights(self, namespaces: tuple[str, ...]) -> None:
        """Read the rules of namespaces somebody looks at."""
        session = self._app.session
        if session is None or not namespaces:
            return

        async def ask() -> None:
            await session.permissions.prefetch(namespaces)
            self._show_what_is_offered()

        self._app.start_quietly(ask(), name="permissions")

    def _show_what_is_offered(self) -> None:
        self._app.browser.show_keys()
        self._app.browser.listing.explain_empty()

    def _right_of(self, action: Action) -> str:
        """Return the right an action needs, as a person says it."""
        need = action.needs[0]
        asked = self._asked(need)
        name = asked[0].id if asked is not None else need.resource
        name = f"{name}/{need.subresource}" if need.subresource else name
        where = f" in {asked[1]}" if asked is not None and asked[1] else ""
        return f"{need.verb} {name}{where}"
