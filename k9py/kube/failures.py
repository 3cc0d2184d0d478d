"""What each way a list or a watch can fail means: the state to show, how long to wait, what to forget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from k9py.core.errors import (
    ApiError,
    CredentialError,
    Forbidden,
    Gone,
    K9Error,
    LinkError,
    NotFound,
    RubbishError,
    TooManyRequests,
    Unauthorized,
)
from k9py.kube.states import SyncState
from k9py.kube.watching import Source

DENIED_RETRY = 60.0
"""Seconds between tries after a refusal: rights change rarely, and an exec plugin may open a browser each time."""
REFUSALS_OF_STREAMING = frozenset({400, 405, 406, 415, 422, 501})
"""Statuses by which servers without streaming lists answer the parameters they do not know."""
UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses of a proxy without a server or of a server that starts; they say nothing about the version asked for."""
TOO_LARGE_VERSION = "Too large resource version"
"""How the message of a 504 starts when the server has not seen the version yet (restored from a backup)."""


class Pause(Enum):
    """How long to wait before the next try."""

    NONE = "none"
    BACKOFF = "backoff"
    SLOW = "slow"
    """:data:`DENIED_RETRY`."""
    ASKED = "asked"
    """As the server says in Retry-After."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about one failure."""

    state: SyncState
    detail: str
    pause: Pause
    forget_version: bool
    """The version takes the blame and is never sent again: list anew."""
    vanished: bool = False
    """The kind itself is gone, and every row with it."""


class ShortWatch(K9Error):
    """The server ended a watch at once and without an event."""


def judge(error: K9Error, source: Source, *, verb: str) -> Verdict:
    """Return what a failure of ``verb`` (list or watch) on ``source`` means."""
    text = error.with_remedy()
    match error:
        case Gone():
            return Verdict(SyncState.RELISTING, "the version is too old", Pause.NONE, forget_version=True)
        case TooManyRequests():
            asked = error.retry_after is not None
            detail = f"the server asks to wait {error.retry_after:g} s" if asked else "the server is overloaded"
            return Verdict(SyncState.THROTTLED, detail, Pause.ASKED if asked else Pause.BACKOFF, forget_version=False)
        case Forbidden():
            detail = f"not allowed to {verb} {source.resource.id} in {source.where}"
            return Verdict(SyncState.DENIED, detail, Pause.SLOW, forget_version=True)
        case Unauthorized() | CredentialError():
            return Verdict(SyncState.DENIED, text, Pause.SLOW, forget_version=False)
        case NotFound():
            detail = f"the server does not serve {source.resource.gvr}"
            return Verdict(SyncState.DENIED, detail, Pause.SLOW, forget_version=True, vanished=True)
        case LinkError():
            return Verdict(SyncState.OFFLINE, text, Pause.BACKOFF, forget_version=False)
        case ShortWatch():
            return Verdict(SyncState.RESUMING, text, Pause.BACKOFF, forget_version=False)
        case ApiError() if error.status in UNAVAILABLE:
            too_large = str(error).startswith(TOO_LARGE_VERSION)
            return Verdict(SyncState.OFFLINE, f"{error.status}: {text}", Pause.BACKOFF, forget_version=too_large)
        case ApiError():
            return Verdict(SyncState.OFFLINE, f"{error.status}: {text}", Pause.BACKOFF, forget_version=True)
        case RubbishError():
            return Verdict(SyncState.OFFLINE, text, Pause.BACKOFF, forget_version=True)
        case _:
            return Verdict(SyncState.OFFLINE, text, Pause.BACKOFF, forget_version=True)


def refuses_streaming(error: ApiError) -> bool:
    """True when this answer to a streaming list means that the server does not know streaming lists."""
    return error.status in REFUSALS_OF_STREAMING
