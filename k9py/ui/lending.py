"""The terminal lent to another program, such as the login of a credential plugin."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from textual.app import App


class SuspendedTerminal:
    """Lends the suspended terminal to a login program."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._suspension: Any = None

    async def __aenter__(self) -> object:
        self._suspension = self._app.suspend()
        self._suspension.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        suspension, self._suspension = self._suspension, None
        suspension.__exit__(kind, error, trace)
        return None
