"""What works on every screen: help, palette, contexts, namespaces, themes, leaving; and what is allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from k9py.config.themes import theme_files
from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource, Scope
from k9py.resources.actions import Action, Need, Where
from k9py.ui.completing import Vocabulary
from k9py.ui.keys import key_text
from k9py.ui.saving import save_text

if TYPE_CHECKING:
    from k9py.kube.permissions import Verdict
    from k9py.kube.session import Namespaces, Session
    from k9py.ui.app import K9App

QUIT_WINDOW = 1.5
"""Seconds within which a second Ctrl-C leaves."""

KIND_PREFIX = "kind "
"""In front of the ids of kinds in the palette, to keep them apart from actions."""


class GlobalActions:
    """Carries out the global actions; ``handlers`` maps an action's id to its method."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._namespaces: Namespaces | None = None
        self._interrupted_at = float("-inf")
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {
            "help": self.show_help,
            "palette": self.show_palette,
            "cancel": self.interrupt,
            "quit": app.leave,
            "repaint": app.repaint_all,
            "suspend": app.action_suspend_process,
            "context.choose": self.choose_context,
            "namespace.choose": self.choose_namespaces,
            "theme.choose": self.choose_theme,
            "picture": self.picture,
        }

    # ------------------------------------------------------------------ what exists

    def learn(self, session: Session) -> None:
        """Read the namespaces of a session in the background, for completion and choosing."""
        from k9py.kube.session import Namespaces

        self._namespaces = Namespaces(session.named_namespaces(), complete=False)
        self._app.start_quietly(self._learn(session), name="namespaces")

    async def _learn(self, session: Session) -> None:
        known = await session.namespaces()
        if session is self._app.session:
            self._namespaces = known

    def vocabulary(self) -> Vocabulary:
        """Return the words the prompt completes."""
        app = self._app
        session = app.session
        try:
            contexts = tuple(entry.name for entry in app.connector.contexts())
        except K9Error:
            # The prompt must open without a kubeconfig too; the header already says what is wrong with it.
            contexts = ()
        return Vocabulary(
            resources=session.discovery.resources if session is not None else (),
            namespaces=self._namespaces.names if self._namespaces is not None else (),
            contexts=contexts,
            themes=tuple(sorted(theme_files(app.paths.user_themes))),
            aliases=tuple(app.settings.aliases.items()),
            recent=app.memory.recent,
        )

    def expand_alias(self, text: str) -> str:
        """Return a command with the user's own word at its head replaced by what it stands for."""
        head, space, rest = text.strip().lstrip(":").partition(" ")
        expansion = self._app.settings.aliases.get(head)
        return f"{expansion}{space}{rest}" if expansion is not None else text

    # ------------------------------------------------------------------ permissions

    def _asked(self, need: Need) -> tuple[ApiResource, str] | None:
        """Return the kind and namespace a need is about here; None where it cannot be told."""
        app = self._app
        session = app.session
        if session is None:
            return None
        browser = app.browser
        try:
            resource = session.discovery.resolve(need.resource) if need.resource else browser.acting.resource
        except UsageError:
            return None
        if resource is None:
            return None
        row = browser.table.cursor_row
        namespace = row.namespace if row is not None else browser.view.scope.single
        return resource, namespace if resource.namespaced else ""

    def known_verdict(self, action: Action) -> Verdict:
        """Return what is known of the rights an action needs; doubt never hides anything."""
        from k9py.kube.permissions import Verdict

        session = self._app.session
        for need in action.needs if session is not None else ():
            asked = self._asked(need)
            if asked is None or session is None:
                continue
            verdict = session.permissions.known(need.verb, asked[0], asked[1], subresource=need.subresource)
            if verdict is not Verdict.YES:
                return verdict
        return Verdict.YES if action.needs else Verdict.UNKNOWN

    def is_refused(self, action: Action) -> bool:
        """Return whether a right the action needs is known to be missing."""
        return bool(action.needs) and self._app.session is not None and self.known_verdict(action).value == "no"

    def ask_about(self, action: Action) -> None:
        """Find out in the background whether an action is allowed, so that its key goes when it is not."""
        session = self._app.session
        questions = [(need, asked) for need in action.needs if (asked := self._asked(need)) is not None]
        if session is None or not questions or self.known_verdict(action).value != "unknown":
            return

        async def ask() -> None:
            for need, (resource, namespace) in questions:
                await session.permissions.allowed(need.verb, resource, namespace, subresource=need.subresource)
            self._app.browser.show_keys()

        self._app.start_quietly(ask(), name="permissions")

    def learn_rights(self, namespaces: tuple[str, ...]) -> None:
        """Read the rules of namespaces somebody looks at."""
        session = self._app.session
        if session is None or not namespaces:
            return

        async def ask() -> None:
            await session.permissions.prefetch(namespaces)
            self._app.browser.show_keys()

        self._app.start_quietly(ask(), name="permissions")

    def right_of(self, action: Action) -> str:
        """Return the right an action needs, as a person says it."""
        need = action.needs[0]
        asked = self._asked(need)
        name = asked[0].id if asked is not None else need.resource
        name = f"{name}/{need.subresource}" if need.subresource else name
        where = f" in {asked[1]}" if asked is not None and asked[1] else ""
        return f"{need.verb} {name}{where}"

    # ------------------------------------------------------------------ leaving

    async def interrupt(self) -> None:
        """Cancel what is going on; twice within a moment quits."""
        app = self._app
        now = app.clock.monotonic()
        if now - self._interrupted_at < QUIT_WINDOW:
            app.leave()
            return
        self._interrupted_at = now
        if app.cancel_current():
            return
        app.flash_text("Ctrl-C again quits")

    # ------------------------------------------------------------------ choosing

    def show_help(self) -> None:
        """List what works here and now."""
        from k9py.ui.help import HelpScreen  # deferred, like the pickers: opened by a key

        app = self._app
        browser = app.browser
        where = app.where or Where.TABLE
        row, resource = browser.table.cursor_row, None
        if app.session is not None:
            resource = browser.acting.resource
        app.push_screen(HelpScreen(app.look, browser.available(where), resource, row), self._run_by_id)

    async def _run_by_id(self, action_id: str | None) -> None:
        action = self._app.actions.get(action_id) if action_id else None
        if action is not None:
            await self._app.carry_out(action)

    def show_palette(self) -> None:
        """Search everything that can be done here, with the reason where it cannot."""
        from k9py.ui.overlay import Choice
        from k9py.ui.picker import PickScreen

        app = self._app
        browser = app.browser
        where = app.where or Where.TABLE
        kind = browser.listing.spec.id if browser.listing.spec is not None else ""
        glyphs = app.look.glyphs
        choices = [
            Choice(
                action.id,
                f"{action.title}: {action.help}",
                key_text(action.keys[0], glyphs) if action.keys else "",
                blocked=app.withheld(action),
                search=action.group,
            )
            for action in app.actions.for_screen(where, kind, browser.table.cursor_row)
        ]
        session = app.session
        if session is not None:
            choices += [
                Choice(f"{KIND_PREFIX}{resource.id}", f"open {resource.id}", ",".join(resource.short_names),
                       search=resource.kind)
                for resource in session.discovery.resources
                if "list" in resource.verbs
            ]  # fmt: skip
        app.push_screen(PickScreen(app.look, "Do what?", choices), self._palette_picked)

    async def _palette_picked(self, picked: tuple[str, ...] | None) -> None:
        if not picked:
            return
        if picked[0].startswith(KIND_PREFIX):
            self._app.attempt(lambda: self._app.browser.acting.command(picked[0].removeprefix(KIND_PREFIX)))
        else:
            await self._run_by_id(picked[0])

    def choose_context(self) -> None:
        """Choose another context."""
        from k9py.ui.overlay import Choice
        from k9py.ui.picker import PickScreen

        app = self._app
        choices = [
            Choice(entry.name, entry.name, f"{entry.cluster} · {entry.user}") for entry in app.connector.contexts()
        ]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids and ids[0] != app.context_name:
                app.attempt(lambda: app.switch_context(ids[0]))

        app.push_screen(PickScreen(app.look, "Context", choices, empty="the kubeconfig has no contexts"), picked)

    def choose_namespaces(self) -> None:
        """Choose one or several namespaces, or all."""
        from k9py.ui.overlay import Choice
        from k9py.ui.picker import PickScreen

        app = self._app
        known, session = self._namespaces, app.session
        if known is None:
            raise K9Error("there is no cluster yet", remedy="Choose a context with :ctx, or wait for this one")
        if session is not None and not known.complete:
            known = replace(known, names=session.named_namespaces())
        every = Choice("*", "all namespaces")
        choices = [every, *(Choice(name, name) for name in known.names)]
        title = "Namespaces" if known.complete else f"Namespaces (you may not {known.missing or 'list them'}: type one)"

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                names = () if "*" in ids else ids
                app.attempt(lambda: app.use_scope(Scope(names)))

        def typed(text: str) -> Choice | None:
            return None if known.complete else Choice(text, text, "not listed")

        screen = PickScreen(app.look, title, choices, several=True, free_text=typed)
        app.push_screen(screen, picked)

    def choose_theme(self) -> None:
        """Choose another theme."""
        from k9py.ui.overlay import Choice
        from k9py.ui.picker import PickScreen

        app = self._app
        choices = [Choice(name, name) for name in sorted(theme_files(app.paths.user_themes))]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                app.attempt(lambda: app.use_theme(ids[0]))

        app.push_screen(PickScreen(app.look, "Theme", choices), picked)

    def picture(self) -> None:
        """Save a picture of the screen."""
        app = self._app
        path = save_text(app.paths, "screen", app.export_screenshot(title="k9py"), ".svg")
        app.flash_text(f"Picture written to {path}")
