"""What to do about a write that does not come true: the next step for each way of being blocked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from k9py.changes.leaving import holder_of
from k9py.changes.model import Effect, PlannedChange
from k9py.changes.steps import Step
from k9py.core.diffs import ABSENT


class Move(Enum):
    """What a person can do next."""

    UNDO = "undo"
    IMAGE = "image"
    """Set another image."""
    LOGS = "logs"
    POD = "pod"
    EVENTS = "events"
    OBJECT = "object"
    """Look at the object itself."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, and why."""

    text: str
    move: Move
    value: str = ""
    """The image to set."""


def advice_for(change: PlannedChange, step: Step) -> list[Advice]:
    """Return what to do about a blocked step, the most likely first."""
    found: list[Advice] = []
    match step.id:
        case "pulled":
            found += _images(change, step)
            found.append(Advice("what the node said about pulling it", Move.EVENTS))
        case "complete" if not step.pod:
            found.append(Advice("what happened to it", Move.EVENTS))
        case "started" | "complete":
            found.append(Advice("what it wrote before it ended", Move.LOGS))
        case "ready":
            found.append(Advice("what it writes, and whether it answers its probe", Move.LOGS))
            found.append(Advice("its probe and its events", Move.POD))
        case "scheduled":
            found.append(Advice("what it asks for, and why no node has it", Move.POD))
        case "pods" | "replicaset":
            found.append(Advice("what forbids it: a quota, a policy, a missing ServiceAccount", Move.EVENTS))
        case "endpoints" if step.pod:
            found.append(Advice("what keeps its pod from being ready", Move.POD))
        case "endpoints":
            found.append(Advice("its selector beside the labels of the pods", Move.OBJECT))
        case "gone":
            for holder in map(holder_of, step.finalizers):
                found.append(Advice(holder.todo, Move.OBJECT))
                by_hand = f"or take it out of metadata.finalizers by hand (e): it goes at once, but {holder.cost}"
                found.append(Advice(by_hand, Move.OBJECT))
        case _:
            found.append(Advice("what happened to it", Move.EVENTS))
    if step.id != "gone":
        found.append(Advice(_undone(change), Move.UNDO))
    return found


def _images(change: PlannedChange, step: Step) -> list[Advice]:
    """Return the image that ran until now, where this change replaced it."""
    for one in change.diff.fields:
        is_image = one.path[-1:] == ("image",) and one.before is not ABSENT and one.after is not ABSENT
        container = str(one.path[-2])[1:-1] if is_image and len(one.path) > 1 else ""
        if is_image and step.container in ("", container):
            return [Advice(f"{one.before} ran until now", Move.IMAGE, str(one.before))]
    return [Advice("set an image that exists", Move.IMAGE)] if change.effect is not Effect.NOTHING else []


def _undone(change: PlannedChange) -> str:
    if change.effect is Effect.CREATES:
        return "delete it again"
    return "put back what was before; what ran goes on running until then"
