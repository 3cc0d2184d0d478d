"""From an action to what carries it out: the screen on top, the application, or the browser below."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.events import Key

from k9py.core.errors import K9Error
from k9py.resources.action import Action, Where
from k9py.ui.keys import key_name

if TYPE_CHECKING:
    from k9py.ui.app import K9App

Handler = Callable[[], Awaitable[None] | None]


class Carrier:
    """Carries actions out."""

    def __init__(self, app: K9App) -> None:
        self._app = app

    async def press(self, event: Key, where: Where, kind: str = "") -> None:
        """Carry out what a key means in a part of the screen; a key that means nothing there goes its way."""
        action = self._app.actions.by_key(key_name(event), where, kind)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.carry_out(action)

    async def carry_out(self, action: Action) -> None:
        """Do what an action says, if it is allowed; whatever goes wrong is said, never raised."""
        reason = self._app.offering.reason(action)
        if reason:
            self._app.flash_text(reason)
            return
        handler = self.handler_of(action)
        try:
            # Nothing here waits for the network: what the server refuses, it refuses when asked for it.
            self._app.offering.ask_about(action)
            result = handler()
            if inspect.isawaitable(result):
                await result
        except (K9Error, OSError) as error:
            self._app.flash(error)
        except Exception as error:
            # The edge of every key: a defect in one action must not take the cluster's picture away.
            if self._app.is_headless:
                raise
            self._app.report_failure(action.id, error)

    def handler_of(self, action: Action) -> Handler:
        """Return what carries an action out: the screen on top, the application, or the browser below."""
        own: dict[str, Handler] = getattr(self._app.screen, "handlers", {})
        handler = own.get(action.id) or self._app.globals.handlers.get(action.id)
        if handler is None:
            browser = self._app.browser
            if self._app.screen is not browser and action.where is Where.GLOBAL:
                return lambda: self._leave_for(action)
            handler = browser.acting.handlers.get(action.id)
        if handler is None and action.id.startswith("go."):
            relation = self._app.browser.acting.relation
            return lambda: relation(action.id)
        if handler is None:
            raise LookupError(f"nothing carries out {action.id}")
        return handler

    def _leave_for(self, action: Action) -> None:
        # In the application's own turn: a screen that waits for its own end waits for ever.
        self._app.call_later(self._back_to_browser, action)

    async def _back_to_browser(self, action: Action) -> None:
        """Leave what lies over the browser and do it there."""
        await self.uncover()
        await self.carry_out(action)

    async def uncover(self, act: Callable[[], None] | None = None) -> None:
        """Leave what lies over the browser, then do something for a person."""
        while self._app.screen is not self._app.browser:
            await self._app.pop_screen()
        if act is not None:
            self._app.attempt(act)
