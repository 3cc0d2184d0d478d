"""The object that a screen is about, followed while the screen stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k9py.core.refs import ApiResource
    from k9py.kube.session import Session
    from k9py.ui.app import K9App


class Followed:
    """Calls ``drain`` at the pace of the screen when the object may have changed."""

    def __init__(
        self, k9: K9App, owner: object, session: Session, resource: ApiResource, namespace: str, name: str,
        drain: Callable[[], None],
    ) -> None:  # fmt: skip
        self._flushing, self._owner = k9.flushing, owner
        self._watch = session.watch_object(resource, namespace, name)
        self._watch.on_wake = lambda: self._flushing.wake(owner)
        self._flushing.watch(owner, drain)

    def now(self) -> tuple[dict[str, Any] | None, bool]:
        """Return the object as it is, None while it is not known, and whether it was deleted."""
        self._watch.drain()
        return self._watch.object, self._watch.gone

    def close(self) -> None:
        """Stop following."""
        self._flushing.forget(self._owner)
        self._watch.on_wake = None
        self._watch.close()
