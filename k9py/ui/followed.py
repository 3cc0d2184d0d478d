"""The object that a screen is about, followed while the screen stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k9py.changes.owners import owners_of
from k9py.core import diffs
from k9py.core.diffs import path_text, quiet

if TYPE_CHECKING:
    from k9py.core.refs import ApiResource
    from k9py.kube.session import Session
    from k9py.ui.app import K9App

NAMED_FIELDS = 2
"""Changed fields that are named in the line; of more only the number."""

Object = dict[str, Any]


def is_another(live: Object, began: Object) -> bool:
    """Return whether an object is not the one that was begun from, but one made since under its name."""
    uids = [str((obj.get("metadata") or {}).get("uid") or "") for obj in (live, began)]
    return all(uids) and uids[0] != uids[1]


def who_changed(began: Object, theirs: Object) -> str:
    """Return who changed which fields, as one clause."""
    paths = [change.path for change in diffs.changes(quiet(began), quiet(theirs))]
    names = sorted({owner for path in paths[:NAMED_FIELDS] for owner in owners_of(theirs, path)})
    fields = ", ".join(path_text(path) for path in paths[:NAMED_FIELDS])
    more = f" and {len(paths) - NAMED_FIELDS} more" if len(paths) > NAMED_FIELDS else ""
    return f"{' and '.join(names) or 'somebody'} changed {fields}{more}"


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
