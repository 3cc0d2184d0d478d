"""The application: one session at a time, the browser, and what holds everywhere (quit, theme, contexts)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from k9py.config.keymap import Keymap, build_keymap
from k9py.config.launch import UiOptions
from k9py.config.loading import SettingsFile
from k9py.config.paths import Paths
from k9py.config.settings import Settings
from k9py.config.themes import load_theme
from k9py.core.ages import human
from k9py.core.clock import Clock
from k9py.core.errors import K9Error
from k9py.core.refs import Scope
from k9py.core.tasks import TaskSet
from k9py.resources.action import Actions, Where
from k9py.resources.actions import ACTIONS
from k9py.resources.model import Tone
from k9py.ui._compat import DiffApp
from k9py.ui._driver import NotSuspended
from k9py.ui.browse import BrowseScreen
from k9py.ui.burst import Burst
from k9py.ui.carrying import Carrier
from k9py.ui.collecting import collect_later
from k9py.ui.connecting import Connector
from k9py.ui.connection import Connection
from k9py.ui.flash import Flash
from k9py.ui.flush import FlushClock
from k9py.ui.globals import GlobalActions
from k9py.ui.keygate import KeyGate
from k9py.ui.lending import SuspendedTerminal
from k9py.ui.look import Look
from k9py.ui.measuring import Measuring
from k9py.ui.memory import Memory
from k9py.ui.offering import Offering
from k9py.ui.prompt import Prompt
from k9py.ui.rooms import Rooms
from k9py.ui.terminal import Terminal
from k9py.ui.theming import TABLE_CSS, start_with, textual_theme, theme_id, theme_or_default

if TYPE_CHECKING:
    from k9py.kube.session import Session

_LOG = logging.getLogger(__name__)


class K9App(DiffApp[None]):
    """Everything a screen needs is an attribute here; everything it needs from outside came through the constructor."""

    CSS = TABLE_CSS
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", show=False, priority=True)]

    def __init__(
        self,
        connector: Connector,
        settings_file: SettingsFile,
        clock: Clock,
        *,
        options: UiOptions,
        paths: Paths,
        terminal: Terminal,
    ) -> None:
        self.settings: Settings = settings_file.settings(options.context)
        theme = theme_or_default(options.theme or self.settings.theme, paths)
        self.look = Look(theme, terminal.depth, terminal.glyphs)
        super().__init__(terminal, ansi_color=True)
        start_with(self, self.look)
        self.title = "k9py"
        self.clock = clock
        self.paths = paths
        self.options = options
        self.connector = connector
        self._settings_file = settings_file
        self.actions: Actions = self._own_keys().actions
        self.flushing = FlushClock(clock, interval=terminal.flush_interval, ages=terminal.age_interval)
        self.keys = KeyGate(self)
        self.burst = Burst(self)
        self.connection = Connection(connector, self, clock, SuspendedTerminal(self))
        self.measuring = Measuring(self)
        self.memory = Memory(paths, options, self.settings)
        self.globals = GlobalActions(self)
        self.offering = Offering(self)
        self.carrier = Carrier(self)
        self.rooms = Rooms(self)
        self.memory.recall(options.context)
        self.browser = BrowseScreen(self.memory.tabs("default"), self.look, clock)
        """The browser, whatever lies over it."""
        self._is_shut = False
        self._said: set[Flash] = set()
        """Where something is said, perhaps; to search the screen for it would be an eighth of a held key's cost."""
        self._tasks = TaskSet(self.report_failure)
        self.fault: Exception | None = None
        """The defect the program ended with."""
        self._after_switch: Callable[[], None] | None = None

    # ------------------------------------------------------------------ life

    def get_default_screen(self) -> BrowseScreen:
        """Return the screen at the bottom; one of Textual's own below it would be 3 ms of the first frame."""
        return self.browser

    def on_mount(self) -> None:
        """Paint the browser first; connect once it stands."""
        self.animation_level = "none"
        self.screen_change_signal.subscribe(self, lambda _screen: self.keys.screens_changed())
        collect_later(self, busy=lambda: self.session.hub.filling if self.session else not self.connection.trouble)
        self.call_after_refresh(self.connection.open, self.options.context)

    async def shut_down(self) -> None:
        """Save what is remembered and close every connection; the second call does nothing."""
        if self._is_shut:
            return
        self._is_shut = True
        self.remember_now()
        self.browser.listing.close()
        self.browser.detail.close()
        await self.rooms.close()
        await self._tasks.close()
        await self.flushing.close()
        await self.measuring.close()
        await self.connection.close()

    async def on_unmount(self) -> None:  # type: ignore[override]  # Textual awaits handlers of every class
        """However the application ends, nothing stays open."""
        await self.shut_down()

    def leave(self) -> None:
        """Quit."""
        self.run_worker(self._leave(), name="quit", exit_on_error=False)

    async def _leave(self) -> None:
        try:
            await self.shut_down()
        finally:
            self.exit()

    def remember_now(self) -> None:
        """Write what is remembered of this context; a read-only home only costs the memory."""
        if self.session is None:
            return
        problem = self.memory.save(self.browser.tabs)
        if problem:
            _LOG.warning("%s", problem)

    # ------------------------------------------------------------------ parts

    def _own_keys(self) -> Keymap:
        """Return the actions with the person's own keys, as far as these are right."""
        settings = self._settings_file
        return build_keymap(ACTIONS, self.settings.keys, file=settings.file, lines=settings.lines)

    @property
    def session(self) -> Session | None:
        """The session in use."""
        return self.connection.session

    @property
    def context_name(self) -> str:
        """The context in use or being opened."""
        return self.connection.context

    @property
    def readonly(self) -> bool:
        """True when nothing may be changed or entered."""
        return self.settings.readonly if self.options.readonly is None else self.options.readonly

    @property
    def scope(self) -> Scope:
        """The namespaces in use: what a kind opened without a namespace shows."""
        return self.memory.scope

    def now(self) -> float:
        """Return the server's time, or ours while there is none."""
        return self.session.health.now() if self.session is not None else self.clock.now()

    # ------------------------------------------------------------------ sessions

    def session_opened(self, session: Session) -> None:
        """Show the tabs of this context."""
        self.settings = self._settings_file.settings(session.context)
        keymap = self._own_keys()
        self.actions = keymap.actions
        self.rooms.open_session(session)
        message = self.memory.recall(session.context)
        for said in (message, *map(str, keymap.problems[:1])):
            if said:
                self.flash_text(said, Tone.WARN)
        browser = self.browser
        browser.tabs = self.memory.tabs(session.namespace)
        self.measuring.start(session)
        self.globals.learn(session)
        browser.open_view()
        if self.options.words and self._after_switch is None:
            words = " ".join((self.options.kind, *self.options.words))
            self.attempt(lambda: browser.acting.command(words))
        if not self.readonly and any(self.paths.drafts.glob("*.json")):
            self.call_later(self.attempt, self.rooms.tell_drafts)
        after, self._after_switch = self._after_switch, None
        if after is not None:
            self.attempt(after)

    def session_closing(self) -> None:
        """Let go of everything that reads the session."""
        self.memory.save(self.browser.tabs)
        self.rooms.leave_session()
        self.browser.listing.close()
        self.browser.detail.close()
        self.measuring.stop()

    def connection_changed(self) -> None:
        """Say how the connection is."""
        if self.browser.is_mounted and not self._is_shut:
            self.browser.show_state()

    def connection_text(self) -> tuple[str, Tone]:
        """Return the state of the connection in a few words."""
        return self.connection.text(lambda at: human(max(0.0, self.clock.now() - at)), self.look.glyphs)

    def do_when_connected(self, act: Callable[[], None]) -> None:
        """Do something once there is a session: people type ahead while a cluster is still connected to."""
        if self.connection.trouble is not None:
            raise K9Error("there is no cluster yet", remedy="Choose a context with :ctx, or mend this one and ctrl+r")
        self._after_switch = act

    def switch_context(self, name: str, then: Callable[[], None] | None = None) -> None:
        """Leave this session and open another context; nothing is written to the kubeconfig."""
        names = [entry.name for entry in self.connector.contexts()]
        if name not in names:
            raise K9Error(f"there is no context {name!r}", remedy=f"There are: {', '.join(names[:8])}")
        self.remember_now()
        self._after_switch = then
        self.memory.forget_options()
        self.connection.open(name)
        self.memory.recall(name)
        self.browser.tabs = self.memory.tabs("default")
        self.browser.open_view()

    # ------------------------------------------------------------------ what was chosen

    def use_scope(self, scope: Scope) -> None:
        """Show the current kind in other namespaces."""
        self.memory.use(scope)
        browser = self.browser
        browser.tabs.rescope(scope)
        browser.open_view()

    # ------------------------------------------------------------------ actions

    def _handle_exception(self, error: Exception) -> None:
        """Leave after a defect nothing can be saved from: the traceback goes to the log, one line to the person."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        _LOG.critical("k9py failed", exc_info=error)
        self._return_code = 1
        self.fault = error
        self.leave()

    @property
    def where(self) -> Where | None:
        """The part of the screen on top that has the focus; None while a person types or chooses."""
        where: Where | None = getattr(self.screen, "where", None)
        return where

    def cancel_current(self) -> bool:
        """Cancel what is going on: a prompt, a choice, a log on top; False when there is nothing to cancel."""
        if self.rooms.cancel():
            return True
        for prompt in self.screen.query(Prompt):
            if prompt.mode:
                prompt.key("cancel")
                return True
        if self.screen is not self.browser:
            cancel = getattr(self.screen, "cancel_work", self.screen.dismiss)
            cancel()
            return True
        return False

    def start_quietly(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> None:
        """Do something in the background that nobody waits for; what goes wrong is logged."""

        async def run() -> None:
            try:
                await coroutine
            except K9Error as error:
                _LOG.info("%s: %s", name, error.with_remedy())

        if self._is_shut:
            coroutine.close()  # a timer went off while the program was leaving: nobody is there to be told
            return
        self._tasks.start(run(), name=name)

    def start_loudly(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Do something in the background that a person asked for; what goes wrong is said."""

        async def run() -> None:
            try:
                await coroutine
            except (K9Error, OSError) as error:
                self.flash(error)

        return self._tasks.start(run(), name=name)

    def attempt(self, act: Callable[[], None]) -> None:
        """Do something for a person; what goes wrong is said."""
        try:
            act()
        except (K9Error, OSError) as error:
            self.flash(error)

    async def action_interrupt(self) -> None:
        """Ctrl-C."""
        await self.globals.interrupt()

    # ------------------------------------------------------------------ messages

    def flash(self, error: BaseException) -> None:
        """Say what went wrong and what to do about it."""
        text = error.with_remedy() if isinstance(error, K9Error) else str(error)
        self.flash_text(text, Tone.BAD)

    def flash_text(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Say something at the foot of the screen; cluster data in it is never read as markup."""
        for screen in reversed(self.screen_stack):
            for flash in screen.query(Flash):
                flash.say(text, tone)
                self._said.add(flash)
                return

    def hide_flash(self) -> None:
        """A key was pressed: what was said has been read."""
        for flash in tuple(self._said):
            if not flash.is_attached:
                self._said.discard(flash)
            elif flash.screen is self.screen:
                self._said.discard(flash)
                flash.hide()

    def report_failure(self, name: str, error: BaseException) -> None:
        """Log what a background task raised and say that it ended."""
        _LOG.error("task %s failed", name, exc_info=error)
        self.flash_text(f"{name}: {error}", Tone.BAD)

    def copy(self, text: str, what: str) -> None:
        """Copy to the clipboard of the terminal (OSC 52), and say so."""
        self.copy_to_clipboard(text)
        self.flash_text(f"copied {what}")

    # ------------------------------------------------------------------ looks

    def use_theme(self, name: str) -> None:
        """Change the colours; raises SettingsError for a theme that cannot be used."""
        self.look = Look(load_theme(name, self.paths.user_themes), self.terminal.depth, self.terminal.glyphs)
        self._take_theme()
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                take = getattr(widget, "set_look", None)
                if take is not None:
                    take(self.look)
        self.repaint_all()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our roles as CSS variables, so that the style sheet is whole before the theme is set."""
        return textual_theme(self.look).variables

    def _take_theme(self) -> None:
        self.register_theme(textual_theme(self.look))
        self.theme = theme_id(self.look)

    # ------------------------------------------------------------------ events

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Somebody looks at us again; the base class repaints."""
        self.flushing.set_focused(focused=True)

    def on_not_suspended(self, _event: NotSuspended) -> None:
        """Ctrl-Z where it leads nowhere, as behind ``ssh host k9py``."""
        self.flash_text("Not suspended: no shell waits here to bring k9py back")

    def on_app_blur(self, _event: events.AppBlur) -> None:
        """Nobody looks: flush more rarely."""
        self.flushing.set_focused(focused=False)

    async def on_event(self, event: events.Event) -> None:
        """Look at keys one after the other, and tell the flush clock: they win over changes."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.flushing.key_pressed()
        if self.keys.admit(event):
            self.hide_flash()
            await super().on_event(event)
            self.keys.follow(event, self.focused or self.screen)
