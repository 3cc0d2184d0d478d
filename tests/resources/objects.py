"""Small builders of objects and the context tests compute cells in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from k9py.kube.rows import Row
from k9py.resources.model import RowContext
from k9py.resources.registry import known

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""

CONTEXT = RowContext(now=NOW)


def at(seconds_ago: float) -> str:
    """Return the RFC 3339 time that many seconds before :data:`NOW`."""
    from k9py.core.ages import format_time

    return format_time(NOW - seconds_ago)


def row_of(kind_id: str, obj: Mapping[str, Any]) -> Row:
    """Return the row of one object."""
    spec = known(kind_id)
    assert spec is not None
    return spec.projection().item(json.dumps(obj).encode())


def cell(kind_id: str, obj: Mapping[str, Any], column_id: str, context: RowContext = CONTEXT) -> str:
    """Return one cell of one object."""
    spec = known(kind_id)
    assert spec is not None
    column = next(column for column in spec.columns(()) if column.id == column_id)
    return column.text(row_of(kind_id, obj), context)


def status(name: str = "api", **state: Any) -> dict[str, Any]:
    """Return a container status; ``state`` is its fields."""
    return {"name": name, "ready": False, "restartCount": 0, **state}


def pod(*statuses: dict[str, Any], phase: str = "Running", **fields: Any) -> dict[str, Any]:
    """Return a pod with one container per status; ``fields`` go into its status."""
    containers = [
        {"name": one["name"], "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m", "memory": "128Mi"}}}
        for one in statuses or (status(),)
    ]
    return {
        "metadata": {"name": "api-1", "namespace": "shop", "uid": "u1", "creationTimestamp": at(600)},
        "spec": {"containers": containers, "nodeName": "node-1"},
        "status": {"phase": phase, "containerStatuses": list(statuses), **fields},
    }


RUNNING = {"running": {"startedAt": at(590)}}
