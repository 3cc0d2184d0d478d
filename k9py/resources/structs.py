"""Structs and texts that several kinds share: conditions, selectors, pod templates, references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from k9py.core import selectors
from k9py.core.errors import SelectorError
from k9py.resources.model import NONE_TEXT
from k9py.resources.podobject import Condition
from k9py.resources.projecting import Meta

IntOrString = int | str


class Generated(Meta, gc=False, rename="camel"):
    """Metadata with the generation, for kinds whose controller says which one it has seen."""

    generation: int | None = None


class LabelSelector(msgspec.Struct, gc=False, rename="camel"):
    """A label selector as workloads carry it."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[dict[str, Any]] | None = None


class Image(msgspec.Struct, gc=False):
    """A container as far as a workload's row reads it."""

    name: str | None = None
    image: str | None = None


class TemplateSpec(msgspec.Struct, gc=False, rename="camel"):
    """The pod specification of a template."""

    containers: list[Image] | None = None
    node_selector: dict[str, str] | None = None


class Template(msgspec.Struct, gc=False):
    """A pod template."""

    spec: TemplateSpec | None = None


class ObjectReference(msgspec.Struct, gc=False, rename="camel"):
    """A reference to another object."""

    api_version: str | None = None
    api_group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


def selector_of(selector: LabelSelector | None) -> str:
    """Return the text of a selector; empty selects nothing here, since workloads must have one."""
    if selector is None:
        return ""
    try:
        return str(
            selectors.of_object({"matchLabels": selector.match_labels, "matchExpressions": selector.match_expressions})
        )
    except SelectorError:
        return ""


def selector_text(selector: str) -> str:
    """Return a selector for a cell."""
    return selector or NONE_TEXT


def containers_of(template: Template | None) -> list[Image]:
    """Return the containers of a template."""
    return (template.spec.containers if template is not None and template.spec is not None else None) or []


def names_and_images(template: Template | None) -> tuple[str, str]:
    """Return the container names and the images, each joined with commas."""
    containers = containers_of(template)
    return ",".join(c.name or "" for c in containers), ",".join(c.image or "" for c in containers)


def condition(conditions: Iterable[Condition] | None, kind: str) -> Condition | None:
    """Return the condition of this type."""
    for one in conditions or ():
        if one.type == kind:
            return one
    return None


def says(conditions: Iterable[Condition] | None, kind: str, status: str) -> bool:
    """Return whether the condition of this type has this status."""
    found = condition(conditions, kind)
    return found is not None and found.status == status


def message_of(found: Condition) -> str:
    """Return the message of a condition on one line, its reason where it has none."""
    return " ".join((found.message or found.reason or "").split())


def with_more(texts: Sequence[str], total: int, *, most: int = 3, empty: str = NONE_TEXT) -> str:
    """Return at most ``most`` texts with commas and how many more there are, as kubectl writes it."""
    shown = ",".join(texts[:most])
    if total > most:
        return f"{shown} + {total - most} more..."
    return shown or empty


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 pod`` or ``3 pods``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
