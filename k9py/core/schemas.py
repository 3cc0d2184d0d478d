"""Types read from OpenAPI v3 schemas: which fields there are, and how maps and lists merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = Literal["struct", "map", "list", "scalar", "any"]
_REF = "#/components/schemas/"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_OPEN = frozenset(
    {
        RAW_EXTENSION,
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    }
)
"""Definitions whose content has no schema."""


@dataclass(slots=True)
class Type:
    """One type; fields and elements are read when first asked for."""

    shape: Shape
    name: str = ""
    """Definition name, such as ``io.k8s.api.apps.v1.DeploymentSpec``; empty for an inline one."""
    scalar: str = ""
    """``string``, ``integer``, ``number``, ``boolean``, ``quantity`` or ``int-or-string``."""
    node: Mapping[str, Any] = field(default_factory=dict)
    """The schema itself, for limits, formats, enums and defaults."""
    atomic: bool = False
    """A map or struct that has one owner as a whole."""
    list_type: Literal["atomic", "set", "map"] = "atomic"
    keys: tuple[str, ...] = ()
    """What identifies an item of a list of type map."""
    merge_key: str = ""
    """What identifies an item in a strategic merge patch; a list of scalars that merges has none."""
    strategies: frozenset[str] = frozenset()
    """``merge``, ``replace``, ``retainKeys``: strategic merge patch strategies."""
    pointer: bool = True
    """False for a struct that is always there, if empty."""
    preserves_unknown: bool = False
    _home: Definitions | None = None
    _fields: dict[str, Type] | None = None
    _element: Type | None = None

    @property
    def fields(self) -> dict[str, Type]:
        """The fields of a struct."""
        if self._fields is None:
            assert self._home is not None
            properties = self.node.get("properties") or {}
            self._fields = {name: self._home.read(schema) for name, schema in properties.items()}
        return self._fields

    @property
    def element(self) -> Type:
        """The type of a map's values or a list's items."""
        if self._element is None:
            assert self._home is not None
            schema = self.node.get("items") if self.shape == "list" else self.node.get("additionalProperties")
            self._element = self._home.read(schema) if isinstance(schema, Mapping) else ANY
        return self._element

    @property
    def required(self) -> tuple[str, ...]:
        """Names of fields that must be there."""
        return tuple(self.node.get("required") or ())

    def child(self, name: str) -> Type:
        """Return the type of a field of a struct or a value of a map; one without a schema when unknown."""
        if self.shape == "struct":
            return self.fields.get(name, ANY)
        return self.element if self.shape == "map" else ANY


ANY = Type("any", preserves_unknown=True)
"""Content without a schema."""


class Definitions:
    """The schemas of one document."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = schemas
        self._types: dict[str, Type] = {}
        self._kinds: dict[tuple[str, str, str], str] = {}
        for name, schema in schemas.items():
            for entry in schema.get("x-kubernetes-group-version-kind") or ():
                self._kinds.setdefault((entry["group"], entry["version"], entry["kind"]), name)

    def by_kind(self, group: str, version: str, kind: str) -> Type | None:
        """Return the type of a kind, or None."""
        name = self._kinds.get((group, version, kind))
        return self.named(name) if name else None

    def named(self, name: str) -> Type:
        """Return a definition's type."""
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._build(self._schemas.get(name) or {}, name)
        return found

    def read(self, schema: Mapping[str, Any]) -> Type:
        """Return the type of a schema at the place where it is used."""
        reference = schema.get("$ref", "")
        for part in schema.get("allOf") or ():
            reference = reference or part.get("$ref", "")
        if not reference:
            return self._build(schema, "")
        base = self.named(reference.removeprefix(_REF))
        beside = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "description")}
        if not beside:
            return base
        node = {**base.node, **beside}
        return self._build(node, base.name)

    def _build(self, node: Mapping[str, Any], name: str) -> Type:
        if name in _OPEN:
            return ANY
        strategy = str(node.get("x-kubernetes-patch-strategy", ""))
        found = Type(
            _shape(node, name),
            name,
            node=node,
            atomic=node.get("x-kubernetes-map-type") == "atomic",
            list_type=node.get("x-kubernetes-list-type", "atomic"),
            keys=tuple(node.get("x-kubernetes-list-map-keys") or ()),
            merge_key=node.get("x-kubernetes-patch-merge-key", ""),
            strategies=frozenset(filter(None, strategy.split(","))),
            pointer=node.get("default") != {},
            preserves_unknown=bool(node.get("x-kubernetes-preserve-unknown-fields")),
            _home=self,
        )
        found.scalar = _scalar(node, name) if found.shape == "scalar" else ""
        return found


def _shape(node: Mapping[str, Any], name: str) -> Shape:
    if name in (QUANTITY, INT_OR_STRING) or node.get("x-kubernetes-int-or-string"):
        return "scalar"
    kind = node.get("type")
    if kind == "array":
        return "list"
    if node.get("properties") is not None:
        return "struct"
    if kind == "object":
        if node.get("additionalProperties"):
            return "map"
        return "struct" if node.get("x-kubernetes-group-version-kind") or name or "default" in node else "any"
    return "scalar" if kind else "any"


def _scalar(node: Mapping[str, Any], name: str) -> str:
    if name == QUANTITY:
        return "quantity"
    if name == INT_OR_STRING or node.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    return str(node.get("type", "string"))


def walk(type_: Type, value: Any, path: str = "") -> Iterator[tuple[str, Type, Any]]:
    """Yield every typed value below one, with its path as the server writes it."""
    yield path, type_, value
    if isinstance(value, dict) and type_.shape in ("struct", "map"):
        for name, inner in value.items():
            if type_.shape == "struct" and name not in type_.fields:
                continue
            step = name if type_.shape == "struct" else f"[{name}]"
            joined = f"{path}{step}" if step.startswith("[") or not path else f"{path}.{step}"
            yield from walk(type_.child(name), inner, joined)
    elif isinstance(value, list) and type_.shape == "list":
        for position, inner in enumerate(value):
            yield from walk(type_.element, inner, f"{path}[{position}]")
