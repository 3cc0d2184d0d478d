"""When the cyclic collector, held off since the process started, may go to work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from k9py.core import collector

START = 5.0
"""Seconds after the first frame in which nothing is collected: by then the client layer is imported and rows stand."""


def collect_later(app: App[Any], *, busy: Callable[[], bool]) -> None:
    """Let the collector work again when the start is over; while ``busy`` it would only walk what stays."""

    def look() -> None:
        if busy():
            app.set_timer(START, look)
        else:
            collector.resume()

    if collector.is_paused():
        app.set_timer(START, look)
