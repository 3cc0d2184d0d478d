"""Every path of a schema, to find a field by its name that no form has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k9py.core.schemas import Type
from k9py.manifests.explaining import description_of, type_name
from k9py.manifests.forms.schemaform import summary

DEEPEST = 12
"""Levels gone down; the deepest built-in field that people set is on level 11."""
MOST = 6000
"""Paths listed at most: a CustomResourceDefinition's schema of schemas has no end."""
_SKIPPED = frozenset({"status", "managedFields", "apiVersion", "kind"})


@dataclass(frozen=True, slots=True)
class SchemaPath:
    """One path; the first item stands for every item of a list."""

    path: str
    type: str
    why: str


def schema_paths(type_: Type) -> list[SchemaPath]:
    """Return the paths of everything that can be set, shallow ones first."""
    found: list[SchemaPath] = []
    level: list[tuple[Type, str, frozenset[str]]] = [(type_, "", frozenset())]
    for _ in range(DEEPEST):
        below: list[tuple[Type, str, frozenset[str]]] = []
        for holder, prefix, above in level:
            for path, inner, target, why in _children(holder, prefix):
                found.append(SchemaPath(path, type_name(inner), why))
                if target is not None and target[0].name not in above:
                    below.append((*target, above | {target[0].name} if target[0].name else above))
                if len(found) >= MOST:
                    return found
        level = below
    return found


def _children(holder: Type, prefix: str) -> Iterator[tuple[str, Type, tuple[Type, str] | None, str]]:
    for name, inner in holder.fields.items():
        if name in _SKIPPED:
            continue
        path = f"{prefix}.{name}" if prefix else name
        why = summary(description_of(holder, name))
        target: tuple[Type, str] | None = None
        if inner.shape == "struct":
            target = inner, path
        elif inner.shape == "list" and inner.element.shape == "struct":
            target = inner.element, f"{path}[0]"
        yield path, inner, target, why
