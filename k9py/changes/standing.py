"""Whether pods that are up also stay up, and whether anybody asks them to answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k9py.changes.model import Object
from k9py.core.ages import time_or_zero

STAYS = 3.0
"""Seconds a container has to run that no probe asks: one that ends at once was ready for a moment too."""
STAYS_AGAIN = 12.0
"""The same after it ended before: longer than the first wait of a crash loop."""


def is_settled(pods: Iterable[Object], now: float) -> bool:
    """Return whether every container has run long enough for its being ready to mean anything; ``now`` is Unix seconds.

    A readiness probe says so at once; without one the server calls ready whatever has been started.
    """
    for pod in pods:
        probes = {one.get("name"): one.get("readinessProbe") for one in _containers(pod)}
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            running = (status.get("state") or {}).get("running")
            if running is None or probes.get(status.get("name")):
                continue
            ended = ((status.get("lastState") or {}).get("terminated") or {}).get("exitCode")
            if now - time_or_zero(running.get("startedAt")) < (STAYS_AGAIN if ended else STAYS):
                return False
    return True


def probes_text(pods: Sequence[Object]) -> str:
    """Return what asks the pods whether they answer, ``GET /health on 8080``; empty when nothing does."""
    asked = (_asked(one["readinessProbe"]) for pod in pods for one in _containers(pod) if one.get("readinessProbe"))
    return ", ".join(dict.fromkeys(asked))


def _containers(pod: Object) -> Iterator[Mapping[str, Any]]:
    yield from (pod.get("spec") or {}).get("containers") or ()


def _asked(probe: Mapping[str, Any]) -> str:
    http, port = probe.get("httpGet") or {}, probe.get("tcpSocket") or {}
    if http:
        return f"GET {http.get('path') or '/'} on {http.get('port')}"
    if port:
        return f"a connection to {port.get('port')}"
    return f"gRPC on {probe['grpc'].get('port')}" if probe.get("grpc") else "a command in the container"
