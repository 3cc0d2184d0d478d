"""Measured use on the screen: what is collected while what is shown, and the context cells are computed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from k9py.kube.session import Session
from k9py.resources.model import KindSpec, RowContext
from k9py.ui.glyphs import ASCII
from k9py.ui.header import Load

if TYPE_CHECKING:
    from k9py.ui.app import K9App


class Measuring:
    """Collects use for the session in use."""

    def __init__(self, app: K9App) -> None:
        self._app = app

    def start(self, session: Session) -> None:
        """Begin with a new session."""

    def show(self, spec: KindSpec) -> None:
        """Collect what the kind on screen shows."""

    def stop(self) -> None:
        """The session is going away."""

    async def close(self) -> None:
        """Stop for good."""

    def context_for(self, spec: KindSpec) -> RowContext:
        """Return what cells of a kind are computed with."""
        return RowContext(now=self._app.now(), ascii=self._app.look.glyphs is ASCII)

    def loads(self) -> Sequence[Load]:
        """Return the cluster's CPU and memory."""
        return ()
