"""The states of a reflector, always visible on screen (design: reflector contract)."""

from __future__ import annotations

from enum import Enum

import msgspec


class SyncState(Enum):
    """Where one list-and-watch stands."""

    IDLE = "idle"
    """Nobody is subscribed."""
    SYNCING = "syncing"
    """First list under way; rows appear page by page."""
    LIVE = "live"
    """A watch is open and healthy."""
    RESUMING = "resuming"
    """The watch ended; reconnecting from the last version. Rows are kept."""
    RELISTING = "relisting"
    """The version is too old; a new list is built aside. Rows are kept."""
    THROTTLED = "throttled"
    """429: waiting as long as the server asked."""
    DENIED = "denied"
    """403, the credentials are refused, or there is no such kind any more; retried slowly."""
    OFFLINE = "offline"
    """The server cannot be reached; retried with backoff."""


class SyncStatus(msgspec.Struct, frozen=True):
    """A state with what a person needs to read beside it."""

    state: SyncState
    since: float
    """Wall time (Unix seconds) this state began."""
    detail: str = ""
    """Why, in one line: the missing verb, the server's message, the wait that is left."""
    contact: float = 0.0
    """Wall time of the last byte from the server; the age of the data when not LIVE."""
    retry_at: float = 0.0
    """Wall time of the next try; 0 when none is planned."""
    remaining: int | None = None
    """Objects still to come during SYNCING, where the server says."""
    vanished: bool = False
    """True when the server has no such kind (any more): nobody is refused anything."""
