"""What the server says it serves: groups, versions and kinds, recorded from a real server or added later."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from k9py.core import recorded
from k9py.core.refs import ApiResource, Gvr
from k9py.sim.history import StoredKind

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""Content type of aggregated discovery."""
SAME_OBJECTS = {"events.events.k8s.io": "events"}
"""Resources that are another group's view of the same objects."""


@dataclass(frozen=True, slots=True)
class Subresource:
    """What is behind a slash: the kind its body has and its verbs."""

    name: str
    group: str
    version: str
    kind: str
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Served:
    """One resource in one served version."""

    resource: ApiResource
    stored: StoredKind
    subresources: Mapping[str, Subresource]
    custom: Mapping[str, Any] | None = None
    """The version entry of a CustomResourceDefinition, for custom resources."""

    @property
    def id(self) -> str:
        """Id of the collection that holds the objects."""
        return self.stored.id

    @property
    def has_status(self) -> bool:
        """True when status is written through its own path only."""
        return "status" in self.subresources


@dataclass(slots=True)
class Version:
    """One version of a group: its resources in the aggregated form, and what they mean."""

    name: str
    resources: list[dict[str, Any]]
    served: dict[str, Served] = field(default_factory=dict)


class Catalog:
    """Everything that has a path, by group, version and plural name."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        said = document if document is not None else recorded.discovery()
        self.groups: dict[str, dict[str, Version]] = {}
        self.address = ""
        """Host and port of the server."""
        self.revision = 0
        """Grows with every change of what is served."""
        self._documents: dict[str, tuple[bytes, str]] = {}
        for part in ("api", "apis"):
            for item in said[part]["items"]:
                for version in item["versions"]:
                    self.set_version(item["metadata"].get("name", ""), version["version"], version["resources"])

    def set_version(
        self,
        group: str,
        version: str,
        resources_: list[dict[str, Any]],
        custom: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Serve these resources (aggregated form) as a group's version; none at all removes the version."""
        versions = self.groups.setdefault(group, {})
        if resources_:
            entry = Version(version, sorted(resources_, key=lambda item: str(item["resource"])))
            versions[version] = entry
            for item in entry.resources:
                if "responseKind" in item:
                    entry.served[item["resource"]] = self._served(group, version, item, custom or {})
        else:
            versions.pop(version, None)
        if not versions:
            del self.groups[group]
        self.revision += 1
        self._documents.clear()

    def order_versions(self, group: str, versions: list[str]) -> None:
        """Put a group's versions in order of preference."""
        current = self.groups[group]
        self.groups[group] = {name: current[name] for name in versions if name in current}
        self._documents.clear()

    def find(self, group: str, version: str, plural: str) -> Served | None:
        """Return what serves a path, or None."""
        entry = self.groups.get(group, {}).get(version)
        return entry.served.get(plural) if entry else None

    def __iter__(self) -> Iterator[Served]:
        """Yield every resource in every version, preferred versions first."""
        for versions in self.groups.values():
            for version in versions.values():
                yield from version.served.values()

    def by_id(self, resource: str) -> Served | None:
        """Return the preferred version of ``deployments.apps``."""
        plural, _, group = resource.partition(".")
        for version in self.groups.get(group, {}).values():
            if plural in version.served:
                return version.served[plural]
        return None

    def by_kind(self, group: str, version: str, kind: str) -> Served | None:
        """Return the resource whose objects have this kind, or None."""
        entry = self.groups.get(group, {}).get(version)
        for served in entry.served.values() if entry else ():
            if served.resource.kind == kind:
                return served
        return None

    def _served(
        self, group: str, version: str, item: Mapping[str, Any], custom: Mapping[str, Mapping[str, Any]]
    ) -> Served:
        plural = item["resource"]
        subresources = {
            sub["subresource"]: Subresource(
                sub["subresource"],
                sub["responseKind"]["group"] or group,
                sub["responseKind"]["version"] or version,
                sub["responseKind"]["kind"],
                frozenset(sub["verbs"]),
            )
            for sub in item.get("subresources", ())
        }
        resource = ApiResource(
            Gvr(group, version, plural),
            item["responseKind"]["kind"],
            item.get("singularResource", ""),
            item["scope"] == "Namespaced",
            frozenset(item.get("verbs", ())),
            tuple(item.get("shortNames", ())),
            tuple(item.get("categories", ())),
            frozenset(subresources),
        )
        own_id = f"{plural}.{group}" if group else plural
        storage_id = SAME_OBJECTS.get(own_id, own_id)
        api_version = "v1" if storage_id == "events" else self._storage_version(group, version, plural)
        stored = StoredKind(storage_id, api_version, resource.kind, resource.namespaced)
        return Served(resource, stored, subresources, custom.get(plural))

    def _storage_version(self, group: str, version: str, plural: str) -> str:
        """Objects are kept in the first (preferred) version that has the resource."""
        for name, entry in self.groups.get(group, {}).items():
            if plural in entry.served or name == version:
                return f"{group}/{name}" if group else name
        return f"{group}/{version}" if group else version

    # documents

    def aggregated(self, path: str) -> tuple[bytes, str]:
        """Return body and ETag of the aggregated document of ``/api`` or ``/apis``."""
        return self._document(path, "aggregated", self._aggregated)

    def legacy(self, path: str) -> tuple[bytes, str] | None:
        """Return body and ETag of a legacy discovery path, or None when nothing is served there."""
        body = self._legacy(path)
        return None if body is None else (msgspec.json.encode(body), "")

    def _document(self, path: str, form: str, build: Any) -> tuple[bytes, str]:
        key = f"{form}:{path}"
        if key not in self._documents:
            body = msgspec.json.encode(build(path))
            self._documents[key] = (body, hashlib.sha512(body).hexdigest().upper())
        return self._documents[key]

    def _aggregated(self, path: str) -> dict[str, Any]:
        items: list[dict[str, Any]] = []
        for group, versions in self.groups.items():
            if (group == "") != (path == "/api"):
                continue
            entries = [
                {"version": version.name, "resources": version.resources, "freshness": "Current"}
                for version in versions.values()
            ]
            items.append({"metadata": {"name": group} if group else {}, "versions": entries})
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": items,
        }

    def _legacy(self, path: str) -> dict[str, Any] | None:
        parts = path.strip("/").split("/")
        if parts == ["api"]:
            by_cidr = [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}]
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": by_cidr}
        if parts == ["apis"]:
            groups = [self._group(name) for name in self.groups if name]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if len(parts) == 2 and parts[0] == "apis" and parts[1] in self.groups:
            return {"kind": "APIGroup", "apiVersion": "v1", **self._group(parts[1])}
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[-1])
        entry = self.groups.get(group, {}).get(version)
        return None if entry is None else _resource_list(group, entry)

    def _group(self, name: str) -> dict[str, Any]:
        versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in self.groups[name]]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(group: str, version: Version) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for item in version.resources:
        namespaced = item.get("scope") == "Namespaced"
        if "responseKind" in item:
            row = {
                "name": item["resource"],
                "singularName": item.get("singularResource", ""),
                "namespaced": namespaced,
                "kind": item["responseKind"]["kind"],
                "verbs": item.get("verbs", []),
            }
            optional = {key: item[key] for key in ("shortNames", "categories") if item.get(key)}
            if "watch" in row["verbs"]:
                optional["storageVersionHash"] = _storage_hash(version.served[item["resource"]])
            rows.append({**row, **optional})
        for sub in item.get("subresources", ()):
            kind = sub["responseKind"]
            row = {
                "name": f"{item['resource']}/{sub['subresource']}",
                "singularName": "",
                "namespaced": namespaced,
                "kind": kind["kind"],
                "verbs": sub["verbs"],
            }
            own = (kind.get("group"), kind.get("version")) == (group, version.name)
            owner = {key: kind[key] for key in ("group", "version") if kind.get(key) and not own}
            rows.append({**row, **owner})
    head = {"kind": "APIResourceList", "apiVersion": "v1"} if group else {"kind": "APIResourceList"}
    return {**head, "groupVersion": f"{group}/{version.name}" if group else version.name, "resources": rows}


def _storage_hash(served: Served) -> str:
    """Return the hash legacy discovery shows of the version objects are kept in."""
    group, _, version = served.stored.api_version.rpartition("/")
    text = f"{group}/{version}/{served.stored.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()
