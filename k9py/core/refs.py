"""What an object or a kind is called: group, version, resource; namespace, name, uid.

Structs, since they are made before the first frame and a dataclass takes ten times as long; their ``replace`` is the
one of ``msgspec.structs``.
"""

from __future__ import annotations

import msgspec


class Gvr(msgspec.Struct, frozen=True):
    """Group, version and plural resource name: what a path on the API server is made of."""

    group: str
    """Empty for the core group."""
    version: str
    resource: str

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path; an empty namespace means the cluster scope or all namespaces."""
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if namespace:
            parts.append(f"namespaces/{namespace}")
        parts += [part for part in (self.resource, name, subresource) if part]
        return "/".join(parts)

    def __str__(self) -> str:
        return f"{self.resource}.{self.version}.{self.group}" if self.group else f"{self.resource}.{self.version}"


class ApiResource(msgspec.Struct, frozen=True):
    """One kind as discovery describes it."""

    gvr: Gvr
    kind: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    """Names behind the slash, such as ``scale``, ``status``, ``log``."""

    @property
    def api_version(self) -> str:
        """``apps/v1`` or ``v1``."""
        return f"{self.gvr.group}/{self.gvr.version}" if self.gvr.group else self.gvr.version

    @property
    def id(self) -> str:
        """The kubectl-like id without a version: ``deployments.apps`` or ``pods``."""
        return f"{self.gvr.resource}.{self.gvr.group}" if self.gvr.group else self.gvr.resource


class ObjectRef(msgspec.Struct, frozen=True):
    """One object somebody points at; an empty uid means whichever has the name now."""

    kind: str
    namespace: str
    name: str
    api_version: str = ""
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Scope(msgspec.Struct, frozen=True):
    """Which namespaces a list covers: none named means all of them."""

    namespaces: tuple[str, ...] = ()

    @property
    def all(self) -> bool:
        """True when the scope is every namespace."""
        return not self.namespaces

    @property
    def single(self) -> str:
        """The one namespace of a scope that has exactly one, else an empty string."""
        return self.namespaces[0] if len(self.namespaces) == 1 else ""

    def __str__(self) -> str:
        return ",".join(self.namespaces) if self.namespaces else "all"
