"""What is wrong with a form, and which of it is to be told now: never about a field nobody came to yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from k9py.changes.surroundings import Surroundings
from k9py.core import naming
from k9py.manifests.crosschecks import check_surroundings, needs
from k9py.manifests.forms.paths import get
from k9py.manifests.forms.sheet import Finding, Sheet
from k9py.manifests.problems import Problem
from k9py.manifests.surroundings import Need, beside
from k9py.ui.forms.rows import OPTIONS

NAME = ("metadata", "name")


@dataclass(frozen=True, slots=True)
class Told:
    """What the form says at the moment."""

    findings: tuple[Finding, ...]
    """To be shown beside their fields."""
    missing: int
    """Fields that have to be filled in and were not come to yet."""
    empty: tuple[str, ...] = ()
    """Options of the bundle that have to be filled in and were come to."""

    @property
    def errors(self) -> int:
        """How many problems would be refused."""
        return sum(finding.problem.is_error for finding in self.findings) + len(self.empty)

    @property
    def warnings(self) -> int:
        """How many would be taken and not work."""
        return sum(not finding.problem.is_error for finding in self.findings)


class Checks:
    """Checks one sheet."""

    def __init__(self, sheet: Sheet, namespace: str) -> None:
        """``namespace`` is where objects go that name none."""
        self._sheet = sheet
        self._namespace = namespace
        self._around: dict[int, list[Problem]] = {}
        """What does not fit the cluster, by part."""
        self._touched: set[tuple[int, str]] = set()
        self.everything = sheet.live is not None
        """True when fields nobody came to are told about as well."""

    def touch(self, part: int, id: str) -> None:
        """Note that somebody left a field."""
        self._touched.add((part, id))
        self._touched.add((part, id.rpartition(".")[0]))

    def findings(self) -> list[Finding]:
        """Return everything that is wrong."""
        found = self._sheet.findings()
        for part in self._sheet.parts:
            wrong = {(finding.part.key, finding.problem.path) for finding in found}
            around = [problem for problem in self._around.get(part.key, ()) if (part.key, problem.path) not in wrong]
            found += self._sheet.owned(part, around)
        return [finding for finding in found if not self._only_follows(finding, found)]

    def _only_follows(self, finding: Finding, found: Sequence[Finding]) -> bool:
        """Return whether a finding is about a value that follows the name, which is told about already."""
        model = finding.part.model
        if model is None or model.live or finding.problem.path == NAME or model.broken is not None:
            return False
        named = any(one.part is finding.part and one.problem.path == NAME and one.problem.is_error for one in found)
        return named and get(model.value, finding.problem.path) == get(model.value, NAME)

    def told(self, *, typing: tuple[int, str] | None = None) -> Told:
        """Return what is to be told; nothing about ``typing``, the part and field somebody is typing in."""
        shown: list[Finding] = []
        missing = 0
        for finding in self.findings():
            if self._sheet.recipe is not None and self._is_empty(finding) and self._empty_options():
                continue  # what an option is missing is told at the option
            place = (finding.part.key, finding.owner)
            if typing is not None and typing[0] == place[0] and _within(typing[1], finding.owner):
                continue
            if not self.everything and place not in self._touched and self._is_empty(finding):
                missing += finding.problem.is_error
            else:
                shown.append(finding)
        empty = self._empty_options()
        told = [name for name in empty if typing != (OPTIONS, name)
                and (self.everything or (OPTIONS, name) in self._touched)]  # fmt: skip
        return Told(tuple(shown), missing + len(empty) - len(told), tuple(told))

    def _empty_options(self) -> list[str]:
        recipe = self._sheet.recipe
        if recipe is None:
            return []
        needed = [option.id for option in recipe.bundle.options if option.required and not recipe.value(option)]
        return needed if recipe.name else ["name", *needed]

    def _is_empty(self, finding: Finding) -> bool:
        """Return whether a finding is about something that was not filled in."""
        model = finding.part.model
        if model is None or model.broken is not None:
            return False
        return get(model.value, finding.problem.place) in (None, "", [], {})

    async def look_around(self, surroundings: Surroundings) -> bool:
        """Compare every object with what the cluster has; returns whether anything else is known now."""
        sheet = self._sheet
        parts = [part for part in sheet.parts if part.model is not None and part.model.broken is None]
        objects = [part.model.value for part in parts if part.model is not None]
        creating = sheet.live is None
        wanted = [need for obj in objects for need in self._needs(obj, creating=creating)]
        known = await surroundings.known(wanted)
        around: dict[int, list[Problem]] = {}
        for part, obj in zip(parts, objects, strict=True):
            others = beside([other for other in objects if other is not obj], sheet.kinds, self._namespace)
            lookup = known.with_beside(others)
            problems = check_surroundings(obj, sheet.kinds, lookup, namespace=self._namespace, creating=creating)
            around[part.key] = problems
        changed = around != self._around
        self._around = around
        return changed

    def _needs(self, obj: dict[str, Any], *, creating: bool) -> Sequence[Need]:
        found = needs(obj, self._sheet.kinds, namespace=self._namespace, creating=creating)
        # A name that cannot be is not looked up: nothing can have it.
        return [need for need in found if not need.name or not naming.path_segment(need.name)]


def _within(typing: str, owner: str) -> bool:
    return typing == owner or typing.startswith(f"{owner}.")
