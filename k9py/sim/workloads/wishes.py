"""What people ask of the simulated nodes in annotations; the same words the real control plane of the tests heeds."""

from __future__ import annotations

import re
from typing import Any

PREFIX = "k9py.dev/"
BEHAVIOUR = "behaviour"
"""``crash``, ``oom``, ``missing``, ``slow``, ``unready`` or ``complete``; ``behaviour.NAME`` is one container's."""
RUN_FOR, START_DELAY, RESTART_DELAY, STOP_DELAY = "run-for", "start-delay", "restart-delay", "stop-delay"
"""Durations such as ``3s`` or ``500ms``."""
LINES_PER_SECOND = "log-lines-per-second"
FORWARD_TO = "forward-to"
"""An address on loopback that answers for every port of the pod."""
LOAD_CPU, LOAD_MEMORY = "load-cpu", "load-memory"
"""Quantities on a workload, shared by its ready pods."""
NODE_STATE = "node-state"
"""``not-ready`` on a node: its kubelet is dead."""

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

Object = dict[str, Any]


def wish(obj: Object, name: str, container: str = "") -> str:
    """Return an annotation under our prefix, a container's own one first; empty when there is none."""
    annotations = obj["metadata"].get("annotations") or {}
    own = annotations.get(f"{PREFIX}{name}.{container}") if container else None
    return str(own or annotations.get(PREFIX + name) or "")


def seconds(text: str) -> float | None:
    """Return a duration such as ``1m30s`` in seconds; None when it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
