"""Containers that behave as their image's name or an annotation asks, whatever would run in the image.

The names and annotations are those of the real control plane of the tests, so that one manifest fails alike on both.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from k9py.sim.workloads.images import Image, named, not_there, program_for
from k9py.sim.workloads.programs import End, Program
from k9py.sim.workloads.wishes import (
    BEHAVIOUR,
    LINES_PER_SECOND,
    RESTART_DELAY,
    RUN_FOR,
    START_DELAY,
    STOP_DELAY,
    seconds,
    wish,
)

RUNS = 1.5
"""Seconds a container runs that is asked to end."""
SLOW = 5.0
"""Seconds a slow container is being created."""

Object = dict[str, Any]


def act(pod: Object, spec: Object, image: Image) -> tuple[Image, Program]:
    """Return what a container's image is like and what it runs, given all that was asked for."""
    program = program_for(image, spec)
    behaviour = wish(pod, BEHAVIOUR, str(spec["name"])) or ("" if image.own else named(image.reference))
    owned = any(owner.get("kind") == "Job" for owner in pod["metadata"].get("ownerReferences") or ())
    endless = program.end is None and not program.leak and not program.start_error
    if not behaviour and owned and endless:
        behaviour = "complete"
    runs = seconds(wish(pod, RUN_FOR)) or RUNS
    match behaviour:
        case "crash":
            program = replace(program, voice="traceback", end=End(runs, 1, spread=0))
        case "oom":
            program = replace(program, voice="java_oom", end=End(runs, 137, "OOMKilled", spread=0))
        case "complete":
            program = replace(program, voice="batch", end=End(runs, 0, spread=0))
        case "missing":
            image = replace(image, error=not_there(image.canonical))
        case "slow":
            program = replace(program, start_delay=SLOW)
        case "unready":
            program = replace(program, unready=True)
    return image, _timed(pod, program)


def _timed(pod: Object, program: Program) -> Program:
    """Take over the durations and the rate a pod asks for."""
    asked: dict[str, Any] = {}
    for name, attribute in ((START_DELAY, "start_delay"), (RESTART_DELAY, "restart_delay"), (STOP_DELAY, "stop")):
        value = seconds(wish(pod, name))
        if value is not None:
            asked[attribute] = value
    rate = wish(pod, LINES_PER_SECOND)
    if re.fullmatch(r"\d+(\.\d+)?", rate):
        asked["lines"] = float(rate)
    return replace(program, **asked) if asked else program
