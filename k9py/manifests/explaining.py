"""What a field is: its type, its documentation, the fields below it; from the schema."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from difflib import get_close_matches

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.core.schemas import Type
from k9py.manifests.kinds import Kinds

WIDTH = 78
"""Columns descriptions are wrapped at, less their indent."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A field of a kind."""

    resource: ApiResource
    path: tuple[str, ...]
    type: Type
    description: str
    required: bool


def explain(word: str, kinds: Kinds, *, api_version: str = "") -> Explanation:
    """Return what ``KIND.path.to.field`` is; lists are gone through. Raises UsageError with the nearest names."""
    kind, _, rest = word.partition(".")
    resource = kinds.resolve(kind)
    if api_version:
        resource = kinds.of(api_version, resource.kind) or resource
        if resource.api_version != api_version:
            raise UsageError(f"{resource.kind} is not in {api_version}",
                             remedy=f"It is in {' and '.join(kinds.versions(resource.kind))}")  # fmt: skip
    type_ = kinds.type_of(resource.api_version, resource.kind)
    if type_ is None:
        raise UsageError(f"the fields of {resource.kind} are not known")
    description, required = str(type_.node.get("description", "")), False
    path = tuple(filter(None, rest.split(".")))
    for position, name in enumerate(path):
        holder = _inside(type_)
        name = name.partition("[")[0]
        if holder.shape == "map":
            type_, description, required = holder.element, "", False
            continue
        if name not in holder.fields:
            near = get_close_matches(name, holder.fields, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(holder.fields))}"
            where = ".".join((resource.kind, *path[:position]))
            raise UsageError(f"{where} has no field {name!r}", remedy=hint)
        description = description_of(holder, name)
        required, type_ = name in holder.required, holder.fields[name]
    return Explanation(resource, path, type_, description, required)


def description_of(holder: Type, name: str) -> str:
    """Return what the schema says of a field: where it is used, else what its type says."""
    own = holder.node.get("properties", {}).get(name, {}).get("description", "")
    return str(own or holder.fields[name].node.get("description", ""))


def _inside(type_: Type) -> Type:
    while type_.shape == "list" or (type_.shape == "map" and type_.element.shape in ("struct", "list")):
        type_ = type_.element
    return type_


def type_name(type_: Type) -> str:
    """Return a type as one says it: ``string``, ``[]Container``, ``map[string]Quantity``."""
    if type_.shape == "list":
        return f"[]{type_name(type_.element)}"
    if type_.shape == "map":
        return f"map[string]{type_name(type_.element)}"
    if type_.shape == "scalar":
        return {"quantity": "Quantity", "int-or-string": "IntOrString"}.get(type_.scalar, type_.scalar)
    return type_.name.rpartition(".")[2] or "Object"


def explained(found: Explanation, *, recursive: bool = False) -> str:
    """Return an explanation as text."""
    resource = found.resource
    lines = [f"KIND:     {resource.kind}", f"VERSION:  {resource.api_version}", ""]
    if found.path:
        needed = " (required)" if found.required else ""
        lines += [f"FIELD:    {'.'.join(found.path)} <{type_name(found.type)}>{needed}", ""]
    lines += ["DESCRIPTION:", *_wrapped(found.description or "(none)", "    ")]
    known = found.type.node.get("enum")
    if known:
        lines += ["", "ONE OF:   " + ", ".join(map(str, known))]
    if found.type.node.get("default") not in (None, {}, ""):
        lines += ["", f"DEFAULT:  {found.type.node['default']}"]
    inside = _inside(found.type)
    if inside.shape == "struct" and inside.fields:
        lines += ["", "FIELDS:"]
        lines += _tree(inside, 1, frozenset()) if recursive else _fields(inside)
    return "\n".join(lines) + "\n"


def _fields(holder: Type) -> list[str]:
    lines: list[str] = []
    for name, inner in holder.fields.items():
        needed = " -required-" if name in holder.required else ""
        lines += [f"  {name}\t<{type_name(inner)}>{needed}", *_wrapped(description_of(holder, name), "    "), ""]
    return lines[:-1]


def _tree(holder: Type, depth: int, above: frozenset[str]) -> list[str]:
    lines: list[str] = []
    for name, inner in holder.fields.items():
        lines.append(f"{'  ' * depth}{name}\t<{type_name(inner)}>")
        below = _inside(inner)
        if below.shape == "struct" and below.name not in above:
            lines += _tree(below, depth + 1, above | {below.name})
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    wrapped: list[str] = []
    for paragraph in text.split("\n"):
        wrapped += textwrap.wrap(paragraph, WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]
    return wrapped
