"""Which kinds there are and what their fields are: recorded, read from a server, or from a CustomResourceDefinition."""

from __future__ import annotations

import lzma
from collections.abc import Awaitable, Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from k9py.core import recorded
from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, Gvr
from k9py.core.schemas import Definitions, Type

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the body of a GET on the server, such as ``/openapi/v3``; raises K9Error."""

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_META_HOME = "api/v1"
_WORDS = {
    "hpa": "horizontalpodautoscalers", "vpa": "verticalpodautoscalers", "pdb": "poddisruptionbudgets",
    "np": "networkpolicies", "dp": "deployments", "sec": "secrets", "crb": "clusterrolebindings",
    "cr": "clusterroles", "rb": "rolebindings",
}  # fmt: skip
"""Words people use that discovery does not give."""


class _Document(msgspec.Struct):
    components: dict[str, Any] = {}


class Kinds:
    """Kinds with their types; a type is read when first asked for."""

    def __init__(
        self, resources_: Iterable[ApiResource], documents: Mapping[str, msgspec.Raw | bytes], *, live: bool = False
    ) -> None:
        self._resources = list(resources_)
        self._documents = dict(documents)
        self._definitions: dict[str, Definitions] = {}
        self._custom: dict[tuple[str, str], Type] = {}
        self.live = live
        """True when the types are those of a server rather than the recorded ones."""

    @property
    def resources(self) -> tuple[ApiResource, ...]:
        """Every kind, the core group first."""
        return tuple(self._resources)

    def resolve(self, word: str) -> ApiResource:
        """Return the kind of a plural, singular, short name, Kind or ``plural.group``; raises UsageError."""
        wanted = word.lower()
        wanted = _WORDS.get(wanted, wanted)
        for resource in self._resources:
            gvr = resource.gvr
            names = {gvr.resource, resource.singular, resource.kind.lower(), resource.id, str(gvr)}
            names.update(resource.short_names)
            if wanted in names:
                return resource
        known = sorted({name for r in self._resources for name in (r.singular, r.gvr.resource)})
        near = get_close_matches(wanted, known, n=2)
        remedy = f"Did you mean {' or '.join(near)}?" if near else "k9py explain lists the kinds"
        raise UsageError(f"there is no kind {word!r}", remedy=remedy)

    def of(self, api_version: str, kind: str) -> ApiResource | None:
        """Return the kind as an object names it, or None."""
        for resource in self._resources:
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def versions(self, kind: str) -> list[str]:
        """Return the versions a kind is known in."""
        return [resource.api_version for resource in self._resources if resource.kind == kind]

    def type_of(self, api_version: str, kind: str) -> Type | None:
        """Return the type of a kind's objects, or None when it is unknown."""
        custom = self._custom.get((api_version, kind))
        if custom is not None:
            return custom
        group, _, version = api_version.rpartition("/")
        definitions = self._of_document(f"apis/{group}/{version}" if group else f"api/{version}")
        return definitions.by_kind(group, version, kind) if definitions else None

    def _of_document(self, name: str) -> Definitions | None:
        found = self._definitions.get(name)
        if found is None:
            body = self._documents.get(name)
            if body is None:
                return None
            found = self._definitions[name] = Definitions(_schemas(bytes(body)))
        return found

    def add_definition(self, definition: Mapping[str, Any]) -> None:
        """Add the kinds of a CustomResourceDefinition."""
        spec = definition["spec"]
        names, group = spec["names"], spec["group"]
        for version in spec["versions"]:
            if not version.get("served", True):
                continue
            resource = ApiResource(
                Gvr(group, version["name"], names["plural"]),
                kind=names["kind"],
                singular=names.get("singular") or names["kind"].lower(),
                namespaced=spec.get("scope", "Namespaced") == "Namespaced",
                verbs=frozenset(),
                short_names=tuple(names.get("shortNames") or ()),
            )
            self._resources = [r for r in self._resources if (r.id, r.gvr) != (resource.id, resource.gvr)]
            self._resources.append(resource)
            schema = (version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"}
            self._custom[resource.api_version, resource.kind] = self._custom_type(resource, schema)

    async def learn(self, fetch: Fetch, resource: ApiResource) -> None:
        """Read the types of one more kind from a server, such as those of a CustomResourceDefinition.

        What the server does not tell stays unknown; raises what ``fetch`` raises.
        """
        index = msgspec.json.decode(await fetch("/openapi/v3"))["paths"]
        gvr = resource.gvr
        name = f"apis/{gvr.group}/{gvr.version}" if gvr.group else f"api/{gvr.version}"
        if name not in index:
            return
        self._documents[name] = await fetch(index[name]["serverRelativeURL"])
        self._definitions.pop(name, None)
        if self.of(resource.api_version, resource.kind) is None:
            self._resources.append(resource)

    def _custom_type(self, resource: ApiResource, schema: Mapping[str, Any]) -> Type:
        meta_schemas: Mapping[str, Any] = {}
        body = self._documents.get(_META_HOME)
        if body is not None:
            meta_schemas = {k: v for k, v in _schemas(bytes(body)).items() if ".meta.v1." in k}
        properties = {**(schema.get("properties") or {})}
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        properties["metadata"] = {"allOf": [{"$ref": f"#/components/schemas/{_META}"}], "default": {}}
        gvk = {"group": resource.gvr.group, "version": resource.gvr.version, "kind": resource.kind}
        whole = {**schema, "properties": properties, "x-kubernetes-group-version-kind": [gvk]}
        return Definitions({**meta_schemas, resource.kind: whole}).named(resource.kind)

    @classmethod
    async def of_server(
        cls, fetch: Fetch, resources_: Iterable[ApiResource], cached: dict[str, bytes] | None = None
    ) -> Kinds:
        """Return the kinds of a server with its own types.

        ``cached`` keeps documents by the hash their address carries, so only what changed is fetched again.
        """
        index = msgspec.json.decode(await fetch("/openapi/v3"))["paths"]
        known = list(resources_)
        wanted = {f"apis/{r.gvr.group}/{r.gvr.version}" if r.gvr.group else f"api/{r.gvr.version}" for r in known}
        documents: dict[str, msgspec.Raw | bytes] = {}
        for name in sorted(wanted & set(index)):
            address = index[name]["serverRelativeURL"]
            body = cached.get(address) if cached is not None else None
            if body is None:
                body = await fetch(address)
                if cached is not None:
                    cached[address] = body
            documents[name] = body
        return cls(known, documents, live=True)


def _schemas(body: bytes) -> dict[str, Any]:
    schemas: dict[str, Any] = msgspec.json.decode(body, type=_Document).components.get("schemas") or {}
    return schemas


@lru_cache(maxsize=1)
def _recorded_parts() -> tuple[tuple[ApiResource, ...], Mapping[str, msgspec.Raw], tuple[dict[str, Any], ...]]:
    packed = resources.files("k9py.manifests").joinpath("data/customs.json.xz").read_bytes()
    customs = msgspec.json.decode(lzma.decompress(packed))
    return tuple(_discovered(recorded.discovery())), recorded.openapi(), tuple(customs)


def bundled() -> Kinds:
    """Return the recorded kinds, and custom ones that are used everywhere (VerticalPodAutoscaler)."""
    known, documents, customs = _recorded_parts()
    kinds = Kinds(known, documents)
    for definition in customs:
        kinds.add_definition(definition)
    return kinds


def _discovered(discovery: Mapping[str, Any]) -> Iterable[ApiResource]:
    for part in ("api", "apis"):
        for group in discovery[part]["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                for row in version["resources"]:
                    yield ApiResource(
                        Gvr(name, version["version"], row["resource"]),
                        kind=row["responseKind"]["kind"],
                        singular=row["singularResource"],
                        namespaced=row["scope"] == "Namespaced",
                        verbs=frozenset(row["verbs"]),
                        short_names=tuple(row.get("shortNames") or ()),
                        categories=tuple(row.get("categories") or ()),
                        subresources=frozenset(s["subresource"] for s in row.get("subresources") or ()),
                    )
