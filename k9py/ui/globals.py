"""What works on every screen: help, palette, contexts, namespaces, themes, leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from k9py.config.themes import theme_files
from k9py.core.errors import K9Error
from k9py.resources.model import Tone
from k9py.ui.completing import Vocabulary
from k9py.ui.saving import save_text, without_edge_blanks

if TYPE_CHECKING:
    from k9py.kube.session import Namespaces, Session
    from k9py.ui.app import K9App

QUIT_WINDOW = 1.5
"""Seconds within which a second Ctrl-C leaves."""

LOOK_AGAIN = 5.0
"""Seconds between two looks whether a chosen namespace that was missing has been made."""


class GlobalActions:
    """Carries out the global actions; ``handlers`` maps an action's id to its method."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._namespaces: Namespaces | None = None
        self._is_looking = False
        self._lacking: tuple[str, ...] = ()
        """Chosen namespaces of which it was said that there are none."""
        self._interrupted_at = float("-inf")
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {
            "help": self.show_help,
            "palette": lambda: self._choose("palette"),
            "cancel": self.interrupt,
            "quit": app.leave,
            "repaint": app.repaint_all,
            "suspend": app.action_suspend_process,
            "context.choose": self.choose_context,
            "namespace.choose": lambda: self._choose("namespaces"),
            "login": self.login,
            "theme.choose": self.choose_theme,
            "picture": self.picture,
        }

    # ------------------------------------------------------------------ what exists

    def learn(self, session: Session) -> None:
        """Read the namespaces of a session in the background, for completion and choosing."""
        from k9py.kube.session import Namespaces

        self._namespaces, self._lacking = Namespaces(session.named_namespaces(), complete=False), ()
        self._app.start_quietly(self._learn(session), name="namespaces")

    async def _learn(self, session: Session) -> None:
        known = await session.namespaces()
        if session is self._app.session:
            from k9py.ui import choosing  # deferred with the dialogs

            self._namespaces = known
            choosing.offer_namespaces(self._app, known)

    def no_such_namespace(self) -> str:
        """Say which of the chosen namespaces there are not, once they were read anew: one may just have been made."""
        app, lacking = self._app, self._missing()
        if not lacking or app.session is None:
            return ""
        if not self._is_looking:
            self._is_looking = True
            wait = LOOK_AGAIN if lacking == self._lacking else 0.0
            app.start_quietly(self._look_again(app.session, wait), name="namespaces")
        if lacking != self._lacking:
            return ""
        return f"There is no namespace {' and no namespace '.join(lacking)}"

    def _missing(self) -> tuple[str, ...]:
        known = self._namespaces
        if known is None or not known.complete:
            return ()
        return tuple(name for name in self._app.browser.view.scope.namespaces if name not in known.names)

    async def _look_again(self, session: Session, wait: float) -> None:
        try:
            await self._app.clock.sleep(wait)
            if session is not self._app.session:
                return
            await self._learn(session)
            self._lacking = self._missing()
        finally:
            self._is_looking = False
        if self._app.browser.is_mounted:
            self._app.browser.listing.explain_empty()

    def vocabulary(self) -> Vocabulary:
        """Return the words the prompt completes."""
        from k9py.resources.registry import ALIASES  # deferred with the kinds

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
            known_aliases=tuple(ALIASES.items()),
            recent=app.memory.recent,
        )

    def expand_alias(self, text: str) -> str:
        """Return a command with the user's own word at its head replaced by what it stands for."""
        head, space, rest = text.strip().lstrip(":").partition(" ")
        expansion = self._app.settings.aliases.get(head)
        return f"{expansion}{space}{rest}" if expansion is not None else text

    # ------------------------------------------------------------------ who we are

    def login(self) -> None:
        """Log in again: what the kubeconfig says is read anew, and a plugin that asks gets the terminal."""
        session = self._app.session
        if session is None:
            self._app.connection.try_now()
            return
        self._app.flash_text("Logging in")
        self._app.start_loudly(self._login(session), name="log in")

    async def _login(self, session: Session) -> None:
        await session.renew_credentials()
        if session is self._app.session:
            problem = session.config_problem
            said = f"Logged in as before: {problem}" if problem else f"Logged in as {session.user or 'nobody'}"
            self._app.flash_text(said, Tone.WARN if problem else Tone.PLAIN)
            self._app.offering.learn_rights(self._app.browser.view.scope.namespaces)

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

    def _choose(self, what: str) -> None:
        """Open one of the overlays."""
        from k9py.ui import choosing  # deferred: dialogs are opened by a key, 15 ms after the first frame

        if what == "namespaces":
            choosing.choose_namespaces(self._app, self._namespaces)
            if self._app.session is not None:
                self._app.start_quietly(self._learn(self._app.session), name="namespaces")
            return
        {
            "help": choosing.show_help,
            "palette": choosing.show_palette,
            "context": choosing.choose_context,
            "theme": choosing.choose_theme,
        }[what](self._app)

    def show_help(self) -> None:
        """List what works here and now."""
        self._choose("help")

    def choose_context(self) -> None:
        """Choose another context."""
        self._choose("context")

    def choose_theme(self) -> None:
        """Choose another theme."""
        self._choose("theme")

    def picture(self) -> None:
        """Save a picture of the screen."""
        app = self._app
        svg = without_edge_blanks(app.export_screenshot(title="k9py"))
        path = save_text(app.paths, "screen", svg, ".svg")
        app.flash_text(f"Picture written to {path}")
