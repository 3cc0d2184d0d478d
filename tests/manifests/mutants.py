"""Manifests that are wrong in one place, drawn from the schema with a fixed seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k9py.core import yamldoc
from k9py.core.schemas import Type
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Path as FieldPath

VALID = Path(__file__).parent / "valid.yaml"
_NAMES = frozenset({"name", "secretName", "claimName", "serviceName", "key", "fieldPath", "host", "ip", "cidr",
                    "schedule", "topologyKey", "serviceAccountName", "timeZone"})  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A manifest and what was done to it."""

    title: str
    how: str
    path: FieldPath
    obj: dict[str, Any]

    @property
    def mistake(self) -> str:
        """The kind of mistake, without what was put there."""
        return self.how.partition(" (")[0]

    def __str__(self) -> str:
        return f"{self.title}: {self.how} at {'.'.join(map(str, self.path))}"


def valid() -> list[dict[str, Any]]:
    """Return the valid manifests."""
    return list(yamldoc.load_all(VALID.read_text()))


def mutants(kinds: Kinds, *, seed: int = 7, per_object: int = 18) -> Iterator[Mutant]:
    """Yield mutants of every valid manifest, each kind of mistake in turn."""
    chance = random.Random(seed)
    for obj in valid():
        type_ = kinds.type_of(obj["apiVersion"], obj["kind"])
        assert type_ is not None
        ways: dict[str, list[tuple[FieldPath, Any]]] = {}
        _collect(obj, type_, (), ways)
        for places in ways.values():
            chance.shuffle(places)
        for turn in range(per_object):
            names = [name for name in sorted(ways) if ways[name]]
            if not names:
                break
            how = names[turn % len(names)]
            path, new = ways[how].pop()
            changed = copy.deepcopy(obj)
            _put(changed, path, new)
            shown = "removed" if new is _GONE else repr(new)
            title = f"{obj['kind']}/{obj['metadata'].get('name', '')}"
            yield Mutant(title, f"{how} ({shown})", path, changed)


_GONE = object()


def _collect(value: Any, type_: Type, path: FieldPath, ways: dict[str, list[tuple[FieldPath, Any]]]) -> None:
    def add(how: str, new: Any, at: FieldPath = path) -> None:
        ways.setdefault(how, []).append((at, new))

    if path in (("apiVersion",), ("kind",)):
        return
    if type_.shape == "struct" and isinstance(value, dict):
        for name, inner in value.items():
            if name in type_.fields:
                _collect(inner, type_.fields[name], (*path, name), ways)
                if path:
                    how = "missing field" if name in type_.required else "optional field left out"
                    add(how, _GONE, (*path, name))
        add("unknown field", 1, (*path, "colour"))
        if path:
            add("wrong type", "text")
    elif type_.shape == "map" and isinstance(value, dict):
        for key, inner in value.items():
            _collect(inner, type_.element, (*path, key), ways)
        if path[-1] in ("labels", "matchLabels", "selector", "nodeSelector"):
            add("bad name", "x", (*path, "bad key!"))
            add("bad name", "not a value!", (*path, "good"))
    elif type_.shape == "list" and isinstance(value, list):
        for position, inner in enumerate(value):
            _collect(inner, type_.element, (*path, position), ways)
        add("wrong type", "text")
    elif type_.shape == "scalar":
        _collect_scalar(value, type_, path, add)


def _collect_scalar(value: Any, type_: Type, path: FieldPath, add: Any) -> None:
    if type_.node.get("enum"):
        add("bad enum", "Bogus")
    if type_.scalar == "quantity":
        add("out of range", "-1")
        add("wrong type", "12 apples")
    elif type_.scalar in ("integer", "int-or-string") and isinstance(value, int):
        for number in (-1, 70000) if "ort" in str(path[-1]) else (-1, 2**33):
            add("out of range", number)
        add("wrong type", "many" if type_.scalar == "integer" else True)
    elif type_.scalar == "boolean":
        add("wrong type", "perhaps")
    elif type_.scalar == "string":
        add("wrong type", 5)
        if path[-1] in _NAMES:
            add("bad name", "Bad_Name!")
            add("bad name", "")


def _put(obj: Any, path: FieldPath, new: Any) -> None:
    for step in path[:-1]:
        obj = obj[step]
    if new is _GONE:
        del obj[path[-1]]
    else:
        obj[path[-1]] = new
