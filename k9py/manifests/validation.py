"""Validation of manifests: structure, then the rules of the kind, every problem at once, with its place in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yaml.nodes import Node

from k9py.core import yamldoc, yamlspans
from k9py.core.errors import YamlError
from k9py.core.refs import ApiResource
from k9py.core.schemas import Type
from k9py.core.yamlspans import Repeat
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import At, Path, Problem, Severity, shown
from k9py.manifests.rules import access, network, scaling, storage, workloads
from k9py.manifests.rules.changes import check_changes
from k9py.manifests.rules.pods import check_pod_spec
from k9py.manifests.structure import check_structure

RULES = {**workloads.RULES, **network.RULES, **storage.RULES, **scaling.RULES, **access.RULES}
"""Rules of a kind by ``Kind.group``."""


def validate_object(obj: Any, kinds: Kinds, *, old: dict[str, Any] | None = None) -> list[Problem]:
    """Return everything the API server would refuse in an object; with ``old`` also what may not change."""
    if not isinstance(obj, dict):
        return [Problem((), "FieldValueInvalid", "a manifest is a map with apiVersion, kind and metadata")]
    problems: list[Problem] = []
    root = At(problems, obj)
    for field in ("apiVersion", "kind"):
        if not root[field].text:
            root[field].required()
    if problems:
        return problems
    version, kind = root["apiVersion"].text, root["kind"].text
    type_ = kinds.type_of(version, kind)
    resource = kinds.of(version, kind)
    if type_ is None:
        return [_unknown_kind(version, kind, kinds)]
    problems += check_structure(obj, type_)
    duplicates(obj, type_, problems)
    access.metadata(root, resource)
    group = version.rpartition("/")[0]
    if kind == "Pod" and not group:
        check_pod_spec(root["spec"])
    rule = RULES.get(f"{kind}.{group}")
    if rule is not None:
        rule(root)
    if old is not None:
        check_changes(root, old)
    return _without_repeats(problems)


def _unknown_kind(version: str, kind: str, kinds: Kinds) -> Problem:
    others = kinds.versions(kind)
    if others:
        return Problem(("apiVersion",), "NotFound", f'no matches for kind "{kind}" in version "{version}"',
                       f"it is in {' and '.join(others)}")  # fmt: skip
    hint = "" if kinds.live else "a custom kind is known from its CustomResourceDefinition or from the server"
    return Problem(("kind",), "NotFound", f'no matches for kind "{kind}" in version "{version}"', hint)


def _without_repeats(problems: list[Problem]) -> list[Problem]:
    """Leave out what two checks say of one field, and what a missing parent says of its children."""
    kept: dict[tuple[Path, str], Problem] = {}
    typed = {p.path for p in problems if p.reason in ("FieldValueTypeInvalid", "Unknown")}
    for problem in problems:
        if any(problem.path[:n] in typed for n in range(len(problem.path))):
            continue
        if problem.path in typed and problem.reason not in ("FieldValueTypeInvalid", "Unknown"):
            continue
        kept.setdefault((problem.path, problem.reason), problem)
    return list(kept.values())


def duplicates(value: Any, type_: Type, problems: list[Problem], path: Path = ()) -> None:
    """Report items of a list that are told apart by the same key: an apply refuses them, a create only warns."""
    if isinstance(value, dict) and type_.shape in ("struct", "map"):
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                duplicates(inner, type_.child(name), problems, (*path, name))
    elif isinstance(value, list) and type_.shape == "list":
        seen: set[str] = set()
        for position, item in enumerate(value):
            duplicates(item, type_.element, problems, (*path, position))
            identity = _identity(item, type_)
            if identity and identity in seen:
                problems.append(
                    Problem((*path, position), "FieldValueDuplicate", f"Duplicate value: {identity}",
                            "an apply refuses it", severity=Severity.WARNING)
                )  # fmt: skip
            seen.add(identity)


def _identity(item: Any, type_: Type) -> str:
    if type_.list_type == "set":
        return shown(item)
    if type_.list_type == "map" and isinstance(item, dict):
        defaults = {key: inner.node.get("default") for key, inner in type_.element.fields.items()}
        return shown({key: item.get(key, defaults.get(key)) for key in type_.keys})
    return ""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a text and what is wrong with it."""

    value: Any
    problems: tuple[Problem, ...]
    line: int
    """Where it begins, counted from 1."""
    resource: ApiResource | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What the server would refuse."""
        return tuple(problem for problem in self.problems if problem.is_error)

    @property
    def title(self) -> str:
        """``Deployment/web``, as far as it is known."""
        if not isinstance(self.value, dict):
            return "?"
        meta = self.value.get("metadata")
        name = meta.get("name", "?") if isinstance(meta, dict) else "?"
        return f"{self.value.get('kind', '?')}/{name}"


def validate_text(text: str, kinds: Kinds) -> list[Document]:
    """Return the documents of a text with their problems in place; a list's items count as documents.

    A text that is not YAML is one document with one problem.
    """
    try:
        values, nodes, repeats = _read(text)
    except YamlError as error:
        told = str(error).removeprefix(f"line {error.line}, column {error.column}: ")
        problem = Problem((), "Yaml", told, error.remedy, line=error.line or 1, column=error.column or 1)
        return [Document(None, (problem,), error.line or 1)]
    documents: list[Document] = []
    # CustomResourceDefinitions of the same text explain the objects beside them.
    for value in values:
        is_definition = isinstance(value, dict) and value.get("kind") == "CustomResourceDefinition"
        if is_definition and not any(problem.is_error for problem in validate_object(value, kinds)):
            kinds.add_definition(value)
    for index, (value, node) in enumerate(zip(values, nodes, strict=True)):
        for path, item in _items_of(value):
            found = validate_object(item, kinds)
            placed = tuple(_placed(problem, node, path, index) for problem in found)
            placed = (*_told_twice(repeats, index, path), *placed)
            start = yamlspans.nearest(node, path)
            resource = None
            if isinstance(item, dict):
                resource = kinds.of(str(item.get("apiVersion", "")), str(item.get("kind", "")))
            documents.append(Document(item, placed, start.line, resource))
    return documents


def _read(text: str) -> tuple[list[Any], list[Node], list[Repeat]]:
    """Return the values of a text, where they stand, and keys given twice, which are left out; raises YamlError."""
    try:
        return yamldoc.load_all(text), yamlspans.compose(text.removeprefix("\ufeff")), []
    except YamlError:
        if "*" in text:
            raise  # an alias may stand for its own document: no walk would come to its end
        nodes = yamlspans.compose(text.removeprefix("\ufeff"))
        repeats = yamlspans.take_repeats(nodes)
        if not repeats:
            raise
        return yamlspans.values_of(nodes), nodes, repeats


def _told_twice(repeats: Sequence[Repeat], index: int, base: Path) -> list[Problem]:
    """Return what is said of the keys given twice in an object, its path in the document being ``base``."""
    return [
        Problem(one.path[len(base) :], "Yaml", f"the key is given twice; it stands on line {one.first_line} already",
                "remove one of them", line=one.line, column=one.column, document=index)
        for one in repeats if one.root == index and one.path[: len(base)] == base
    ]  # fmt: skip


def _items_of(value: Any) -> Sequence[tuple[Path, Any]]:
    if isinstance(value, dict) and str(value.get("kind", "")) == "List" and isinstance(value.get("items"), list):
        return [(("items", position), item) for position, item in enumerate(value["items"])]
    return [((), value)]


def _placed(problem: Problem, node: Any, base: Path, index: int) -> Problem:
    where = yamlspans.nearest(node, base + problem.path)
    return problem.at(where.line, where.column, index)
