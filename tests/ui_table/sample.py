"""Rows and columns to test the table with; independent of any real kind."""

from __future__ import annotations

from typing import Any

from k9py.kube.rows import Row
from k9py.resources.model import Column, ColumnMaker, Measure, RowContext, Tone

NOW = 1_700_000_000.0


class Pod(Row, gc=False):
    """A row with what the sample columns show."""

    status: str = "Running"
    restarts: int = 0
    cpu: float = 0.0


def pod(name: str, *, namespace: str = "shop", uid: str = "", **fields: Any) -> Pod:
    """Return a healthy pod, one hour old."""
    values: dict[str, Any] = {
        "uid": uid or f"uid-{name}",
        "namespace": namespace,
        "name": name,
        "resource_version": "1",
        "created": NOW - 3600,
        "labels": None,
        "owners": (),
        "deleting": False,
        "broken": "",
    }
    return Pod(**{**values, **fields})


def status_tone(row: Pod, _ctx: RowContext) -> Tone:
    """Failures are bad, what is on its way is accented."""
    if row.status in {"OOMKilled", "CrashLoopBackOff"}:
        return Tone.BAD
    return Tone.PLAIN if row.status == "Running" else Tone.ACCENT


def columns() -> tuple[Column, ...]:
    """Name, status, restarts, CPU and age, as a pod list has them."""
    make = ColumnMaker(Pod)
    return (
        make("name", "NAME", lambda row, _: row.name, flex=True, width=8, rank=0),
        make("status", "STATUS", lambda row, _: row.status, tone=status_tone, width=8, max_width=20, rank=10),
        make(
            "restarts",
            "RST",
            lambda row, _: str(row.restarts),
            sort=lambda row, _: row.restarts,
            align="right",
            measure=Measure.NUMBER,
            rank=30,
        ),
        make(
            "cpu",
            "CPU",
            lambda row, _: f"{row.cpu:.0f}m",
            sort=lambda row, _: row.cpu,
            align="right",
            measure=Measure.CPU,
            width=5,
            rank=40,
        ),
        make(
            "age",
            "AGE",
            lambda row, ctx: f"{int(ctx.now - row.created)}s",
            sort=lambda row, _: -row.created,
            align="right",
            live=True,
            measure=Measure.DURATION,
            width=5,
            rank=20,
        ),
    )
