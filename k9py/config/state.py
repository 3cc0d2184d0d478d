"""What k9py remembers between two runs: per context where the person was, and the command prompt's history.

Nothing of a cluster's contents is kept: kinds, namespaces, filters, sorting, tabs. A file that cannot be read is
set aside with a message, never a reason not to start.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable

import msgspec

from k9py.config.paths import Paths
from k9py.core.files import write_private

HISTORY_LENGTH = 1000
"""Commands kept; a file of some tens of kilobytes."""
FAVOURITES = 9
"""Namespaces on the number keys 1 to 9."""

_log = logging.getLogger(__name__)


class SortOrder(msgspec.Struct, frozen=True):
    """A column and its direction."""

    column: str
    descending: bool = False


class Tab(msgspec.Struct, frozen=True):
    """One tab of the browser."""

    kind: str
    namespaces: tuple[str, ...] = ()
    """Empty means all of them."""
    filter: str = ""


class ContextState(msgspec.Struct, frozen=True):
    """Where a person was in one context; replaced whole with :func:`msgspec.structs.replace`."""

    context: str = ""
    kind: str = ""
    """Kind id of the last view; empty when nothing is remembered."""
    namespaces: tuple[str, ...] | None = None
    """Last namespaces; empty means all, None that nothing is remembered."""
    filters: dict[str, str] = {}
    """Kind id to its sticky filter."""
    sorts: dict[str, SortOrder] = {}
    """Kind id to its sorting."""
    wide: tuple[str, ...] = ()
    """Kind ids shown with all their columns."""
    tabs: tuple[Tab, ...] = ()
    active_tab: int = 0
    favourites: tuple[str, ...] = ()
    """Namespaces used most recently, newest first, at most :data:`FAVOURITES`."""

    def with_favourites(self, namespaces: Iterable[str]) -> ContextState:
        """Return the state with these namespaces put first."""
        merged = tuple(dict.fromkeys((*namespaces, *self.favourites)))[:FAVOURITES]
        return msgspec.structs.replace(self, favourites=merged)


class Recalled(msgspec.Struct, frozen=True):
    """A state read from disk, and what to tell the person about it."""

    state: ContextState
    message: str = ""


def recall(paths: Paths, context: str) -> Recalled:
    """Return what is remembered of a context; an unreadable file is renamed to ``….broken``."""
    path = paths.context_file(context)
    try:
        state = msgspec.json.decode(path.read_bytes(), type=ContextState)
    except FileNotFoundError:
        return Recalled(ContextState(context=context))
    except OSError as error:
        message = f"What was remembered of {context} cannot be read: {error.strerror} ({path})"
        return Recalled(ContextState(context=context), message)
    except msgspec.DecodeError as error:
        aside = path.with_name(path.name + ".broken")
        _log.warning("%s set aside as %s: %s", path, aside.name, error)
        with contextlib.suppress(OSError):  # a read-only directory: the file stays, the person is told all the same
            os.replace(path, aside)
        message = f"What was remembered of {context} was damaged and is set aside: {aside}"
        return Recalled(ContextState(context=context), message)
    return Recalled(state)


def remember(paths: Paths, state: ContextState) -> None:
    """Write what is remembered of a context; raises OSError when the directory cannot be written."""
    body = msgspec.json.format(msgspec.json.encode(state), indent=1)
    write_private(paths.context_file(state.context), body)


def read_history(paths: Paths) -> list[str]:
    """Return the remembered commands, oldest first; none when there is no readable file."""
    try:
        text = paths.history_file.read_text("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.split("\n") if line]


def append_history(paths: Paths, commands: Iterable[str]) -> list[str]:
    """Add commands to the history and return the whole; a repeated one moves to the end.

    The file is read again first, so that two programs running at once keep each other's commands.
    """
    fresh = [" ".join(command.split()) for command in commands]
    newest_first = dict.fromkeys(reversed([*read_history(paths), *(command for command in fresh if command)]))
    history = list(newest_first)[:HISTORY_LENGTH][::-1]
    write_private(paths.history_file, ("\n".join(history) + "\n").encode())
    return history
