"""Waiting on a condition with a limit, so that nothing here or in the tests sleeps for a guessed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import ClusterError

POLL_SECONDS = 0.05
"""Between two looks at a condition: short against the seconds waited, long enough to leave the cores alone."""

Result = TypeVar("Result")


def wait_for(what: str, check: Callable[[], Result | None], *, limit_seconds: float) -> Result:
    """Return the first true answer of `check`; raise ClusterError naming `what` once the limit has passed."""
    deadline = time.monotonic() + limit_seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise ClusterError(f"{what}: not so after {limit_seconds:g} s")
        time.sleep(POLL_SECONDS)
