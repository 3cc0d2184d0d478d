"""Cases: files of command lines under ``commands/``, and how the output of each is looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

COMMANDS = Path(__file__).parent / "commands"
RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command line, and how its output is looked at."""

    run: str
    stdin: str | None = None
    editor: str = "false"
    """What `edit` runs: a command that changes the file named after it."""
    again: tuple[str, ...] = ()
    """The command is repeated until what it writes has all these patterns: what it shows is others' work."""
    until: str = ""
    """The command runs on and is interrupted once its output has this text."""
    during: tuple[Step, ...] = ()
    """Steps taken once the command has written something."""
    shows: str = "text"
    """`text`, `status` (no text at all), `fields` (of an object), or a name in `plain.LOOKS`."""
    drop: str = ""
    """Lines with this pattern are left out."""
    keep: str = ""
    """Only lines with this pattern are kept."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A sequence of steps that starts in an empty namespace; `$NS` in them is its name."""

    name: str
    steps: tuple[Step, ...]
    files: dict[str, str] = field(default_factory=dict)


def read_step(given: Any) -> Step:
    """Return a step of a YAML file: a command line, or one with more about it."""
    if isinstance(given, str):
        return Step(run=given)
    again = given.get("again", ())
    read = {
        "during": tuple(read_step(inner) for inner in given.get("during", ())),
        "again": (again,) if isinstance(again, str) else tuple(again),
    }
    return Step(**{**given, **read})


def families() -> list[str]:
    """Return the names of all files of cases."""
    return sorted(path.stem for path in COMMANDS.glob("*.yaml"))


def load_cases(family: str) -> dict[str, Case]:
    """Return the cases of a file by their names; a document without a name holds files for all that follow."""
    shared: dict[str, str] = {}
    found: dict[str, Case] = {}
    for given in yaml.safe_load_all((COMMANDS / f"{family}.yaml").read_text()):
        if "case" not in given:
            shared |= given["files"]
            continue
        name, steps = given["case"], tuple(read_step(step) for step in given["steps"])
        assert name not in found, name
        found[name] = Case(name=name, steps=steps, files=shared | given.get("files", {}))
    return found


def recorded(family: str) -> dict[str, list[list[Any]]]:
    """Return what the real server showed, by case."""
    path = RECORDED / f"{family}.json"
    found: dict[str, list[list[Any]]] = json.loads(path.read_text()) if path.exists() else {}
    return found
