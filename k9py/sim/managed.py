"""Who owns which field: managedFields kept on every write, and server-side apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k9py.core.errors import ApiError, Cause
from k9py.core.schemas import Type
from k9py.sim import fieldsets
from k9py.sim.fieldsets import STRIPPED, Difference, Path, Paths
from k9py.sim.objects import Object

BEFORE_APPLY = "before-first-apply"
"""Owner of what an untracked object held when something was first applied to it."""


@dataclass(frozen=True, slots=True)
class Manager:
    """One owner: its name, how it writes, through which subresource."""

    name: str
    operation: str
    """``Apply`` or ``Update``."""
    api_version: str
    subresource: str = ""

    def is_same(self, other: Manager) -> bool:
        """Appliers are one manager whatever version they apply in."""
        if (self.name, self.operation, self.subresource) != (other.name, other.operation, other.subresource):
            return False
        return self.operation == "Apply" or self.api_version == other.api_version


@dataclass(slots=True)
class Owned:
    """What a manager owns and when that last changed."""

    manager: Manager
    time: str
    paths: Paths


def read(obj: Mapping[str, Any]) -> list[Owned]:
    """Return an object's managers."""
    entries: list[Owned] = []
    for entry in obj["metadata"].get("managedFields") or ():
        manager = Manager(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        entries.append(Owned(manager, entry.get("time", ""), fieldsets.decode(entry.get("fieldsV1") or {})))
    return entries


def write(obj: Object, entries: list[Owned]) -> None:
    """Set an object's managedFields, appliers first, those that own nothing left out."""
    kept = sorted((entry for entry in entries if entry.paths), key=_order)
    written: list[dict[str, Any]] = []
    for entry in kept:
        item: dict[str, Any] = {
            "manager": entry.manager.name,
            "operation": entry.manager.operation,
            "apiVersion": entry.manager.api_version,
            **({"time": entry.time} if entry.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": fieldsets.encode(entry.paths),
        }
        if entry.manager.subresource:
            item["subresource"] = entry.manager.subresource
        written.append(item)
    if written:
        obj["metadata"]["managedFields"] = written
    else:
        obj["metadata"].pop("managedFields", None)


def _order(entry: Owned) -> tuple[str, str, str, str]:
    return entry.manager.operation, entry.time, entry.manager.name, entry.manager.subresource


def updated(type_: Type, old: Object | None, new: Object, manager: Manager, *, now: str, resets: Paths) -> None:
    """Record in place that a manager made ``new`` of ``old`` by a create, update or patch."""
    entries = read(old) if old is not None else []
    given = new["metadata"].get("managedFields")
    if old is not None and given in ([], [{}]):
        entries = []  # The documented way to start ownership over.
    elif old is not None and entries and given:
        entries = read(new)  # Ownership may be edited, as kubectl does when it moves to server-side apply.
    if old is not None and not entries:
        new["metadata"].pop("managedFields", None)
        return  # An object nobody owned a field of is tracked again with its first apply.
    difference = Difference(type_, old if old is not None else {"metadata": {}}, new)
    changed = _without(difference.changed, resets)
    removed = _without(difference.removed, resets)
    if not changed and not removed:
        write(new, entries)
        return
    for entry in entries:
        if not entry.manager.is_same(manager):
            entry.paths = entry.paths - changed - removed
    _assign(entries, manager, lambda paths: (paths | changed) - removed, now)
    write(new, entries)


def take(obj: Object, path: Path, manager: Manager, *, now: str) -> None:
    """Record in place that a controller set one field; an object nobody owned a field of stays untracked."""
    entries = read(obj)
    if not entries:
        return
    for entry in entries:
        if not entry.manager.is_same(manager):
            entry.paths = entry.paths - {path}
    _assign(entries, manager, lambda paths: paths | {path}, now)
    write(obj, entries)


def _assign(entries: list[Owned], manager: Manager, change: Any, now: str) -> None:
    """Record what a manager owns; without a time where nothing of the object changed."""
    for entry in entries:
        if entry.manager.is_same(manager):
            paths = frozenset(change(entry.paths))
            entry.time = now or entry.time
            entry.paths = paths
            entry.manager = manager
            return
    entries.append(Owned(manager, now, frozenset(change(frozenset()))))


def _without(paths: set[Path], resets: Paths) -> frozenset[Path]:
    """Leave out what this endpoint does not write (status on the main one)."""
    return frozenset(path for path in paths if not any(path[: len(reset)] == reset for reset in resets))


def apply(
    type_: Type,
    live: Object | None,
    config: Object,
    manager: Manager,
    *,
    now: str,
    force: bool,
    resets: Paths,
    forgiven: Paths = frozenset(),
) -> Object:
    """Return the live object with a configuration applied and its ownership recorded.

    Raises Conflict naming managers and fields unless forced; ``forgiven`` fields change hands without force.
    """
    claimed = _without(fieldsets.applied(type_, config) - STRIPPED, resets)
    config = _drop(config, resets)
    entries = read(live) if live is not None else []
    if live is not None and not entries:
        earlier = Manager(BEFORE_APPLY, "Update", manager.api_version)
        everything = _without(Difference(type_, {"metadata": {}}, live).changed, resets)
        entries = [Owned(earlier, now, everything)]
    merged: Object = fieldsets.merge(type_, live, config) if live is not None else dict(config)
    before = next((entry.paths for entry in entries if entry.manager.is_same(manager)), frozenset())
    others = frozenset[Path]().union(*(entry.paths for entry in entries if not entry.manager.is_same(manager)))
    gone = before - claimed - others
    if gone:
        merged = fieldsets.prune(type_, merged, gone, claimed | others)
    if live is not None:
        changed = Difference(type_, live, merged).changed & claimed
        conflicts = [
            (entry, path)
            for entry in entries
            if not entry.manager.is_same(manager)
            for path in sorted((entry.paths & changed) - forgiven)
        ]
        conflicts.sort(key=lambda item: (item[0].manager.name, item[0].manager.operation))
        if conflicts and not force:
            raise _conflict(conflicts)
        for entry in entries:
            if not entry.manager.is_same(manager):
                entry.paths = entry.paths - changed
    merged["metadata"] = dict(merged["metadata"])
    is_changed = live is None or _bare(merged) != _bare(live)
    _assign(entries, manager, lambda _: claimed, now if is_changed else "")
    write(merged, entries)
    return merged


def _bare(obj: Object) -> Object:
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}


def _drop(config: Object, resets: Paths) -> Object:
    kept = dict(config)
    for path in resets:
        if len(path) == 1:
            kept.pop(path[0].removeprefix("f:"), None)
    return kept


def _conflict(conflicts: list[tuple[Owned, Path]]) -> ApiError:
    causes = [
        Cause(fieldsets.text(path), f"conflict with {_described(entry)}", "FieldManagerConflict")
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {_described(entry)}: {fieldsets.text(path)}"
    else:
        lines: list[str] = []
        for name in sorted({_described(entry) for entry, _ in conflicts}):
            lines.append(f"conflicts with {name}:")
            lines += [f"- {fieldsets.text(path)}" for entry, path in conflicts if _described(entry) == name]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError.of(409, message, reason="Conflict", causes=causes)


def _described(entry: Owned) -> str:
    manager = entry.manager
    described = f'"{manager.name}"'
    if manager.subresource:
        described += f' with subresource "{manager.subresource}"'
    if manager.operation == "Update":
        described += f" using {manager.api_version}"
    return described
