"""One request as the API sees it: verb, resource, namespace, name, subresource, and who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from k9py.core.clock import Clock
from k9py.sim.discovery import Served
from k9py.sim.store import Store

if TYPE_CHECKING:
    from k9py.sim.server import SimServer

READING = {"GET": "get", "HEAD": "get"}
WRITING = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class User:
    """Who a request is made as."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. Everything is empty for a path outside the API."""

    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource, as proxies use it; with its leading slash."""

    @property
    def is_resource(self) -> bool:
        """True when the path lies below a group and version."""
        return bool(self.resource)


@dataclass(slots=True)
class Call:
    """A request with everything a handler needs."""

    request: web.BaseRequest
    server: SimServer
    target: Target
    verb: str
    user: User
    query: Mapping[str, str]
    served: Served | None = None
    warnings: list[str] = field(default_factory=list)
    """Texts for Warning headers."""

    @property
    def store(self) -> Store:
        """The objects."""
        return self.server.store

    @property
    def clock(self) -> Clock:
        """The time of the simulated cluster."""
        return self.server.clock

    @property
    def namespace(self) -> str:
        """Namespace in the path; empty for none, and for the paths of a namespace itself."""
        if self.served is not None and not self.served.resource.namespaced:
            return ""
        return self.target.namespace

    @property
    def name(self) -> str:
        """Object name in the path, empty for none."""
        return self.target.name

    @property
    def subresource(self) -> str:
        """What follows the name, such as ``log``."""
        return self.target.subresource

    @property
    def rest(self) -> str:
        """The path after the subresource."""
        return self.target.rest

    def kind(self) -> Served:
        """Return what the path is served by; only for handlers of resources."""
        assert self.served is not None
        return self.served

    def flag(self, name: str) -> bool:
        """Read a boolean query parameter as the server does."""
        return self.query.get(name, "").lower() in ("1", "true", "t")

    def number(self, name: str) -> int | None:
        """Read a whole number from the query; None when it is not given."""
        text = self.query.get(name, "")
        return int(text) if text.lstrip("-").isdigit() else None

    @property
    def values(self) -> list[tuple[str, str]]:
        """Every query parameter in order, repeated ones included (exec's ``command``)."""
        return parse_qsl(self.request.query_string, keep_blank_values=True)


def parse_target(path: str) -> Target:
    """Read a URL path; anything that is not below /api/V or /apis/G/V gives an empty target."""
    parts = [unquote(part) for part in path.split("/")[1:]]
    if len(parts) > 2 and parts[0] == "api":
        group, version, parts = "", parts[1], parts[2:]
    elif len(parts) > 3 and parts[0] == "apis":
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return Target()
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        if len(parts) == 2 or (parts[2] in ("status", "finalize") and len(parts) == 3):
            namespace = parts[1]
        else:
            namespace, parts = parts[1], parts[2:]
    if not parts[0]:
        return Target()
    name, subresource = (*parts[1:3], "", "")[:2]
    rest = "".join(f"/{part}" for part in parts[3:])
    return Target(group, version, namespace, parts[0], name, subresource, rest)


def verb_of(method: str, target: Target, query: Mapping[str, str]) -> str:
    """Return the RBAC verb of a request."""
    if method in READING:
        if not target.is_resource or target.name:
            return READING[method]
        watching = query.get("watch", "").lower() in ("1", "true", "t")
        return "watch" if watching else "list"
    if method == "DELETE" and target.is_resource and not target.name:
        return "deletecollection"
    return WRITING.get(method, method.lower())
