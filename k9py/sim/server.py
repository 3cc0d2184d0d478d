"""The simulated API server: a real HTTP server on loopback in front of the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aiohttp import web

from k9py.core.clock import Clock
from k9py.core.errors import ApiError
from k9py.sim import firsts, reading, reviews, statuses, subresources, watching, writing
from k9py.sim.access import MASTERS, Access, Attributes
from k9py.sim.answers import answer, refuse
from k9py.sim.discovery import AGGREGATED, Catalog
from k9py.sim.extensions import Extensions, Handler
from k9py.sim.faults import Faults, refusal_of
from k9py.sim.negotiation import wants_aggregated
from k9py.sim.openapi import OpenApi, version_2
from k9py.sim.requests import Call, Target, User, parse_target, verb_of
from k9py.sim.store import Store
from k9py.sim.table import Tables

_LOG = logging.getLogger(__name__)
ADMIN_TOKEN = "simulated-admin"  # Not a secret: the server listens on loopback and holds nothing real.
RESTRICTED_TOKEN = "simulated-restricted"


class SimServer:
    """A listening server. ``await SimServer.start(...)``; close it when done."""

    def __init__(self, store: Store, catalog: Catalog | None = None, *, openapi: OpenApi | None = None) -> None:
        self.store = store
        self.clock: Clock = store.clock
        self.catalog = catalog or Catalog()
        self.tables = Tables()
        self.openapi = openapi or OpenApi()
        """Documents and types; reading them takes 0.2 s, so tests share one."""
        self.faults = Faults()
        self.extensions = Extensions()
        self.access = Access(store)
        administrator = User("simulated-admin", (MASTERS,))
        self.access.tokens[ADMIN_TOKEN] = self.access.nobody = administrator
        self.access.tokens[RESTRICTED_TOKEN] = User("simulated-restricted")
        self.watches: set[watching.Watch] = set()
        """Open watches; tests may end them or make them fail."""
        self.bookmark_every = watching.BOOKMARK_EVERY
        self.requests = 0
        """Requests answered so far."""
        self.url = ""
        self._runner: web.ServerRunner | None = None
        self.controllers = firsts.furnish(store, self.catalog, self.openapi)

    async def start(self, *, port: int = 0, host: str = "127.0.0.1") -> SimServer:
        """Listen; port 0 takes a free one. Returns itself."""
        server = web.Server(self._handle, handler_cancellation=True)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.url = f"http://{host}:{bound}"
        self.catalog.address = f"{host}:{bound}"
        return self

    async def close(self) -> None:
        """End every watch and stop listening."""
        self.faults.clear()
        for stream in list(self.watches):
            stream.end()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def kubeconfig_text(self) -> str:
        """Return a kubeconfig with an administrator (current) and a restricted user."""
        return _KUBECONFIG.format(url=self.url, admin=ADMIN_TOKEN, restricted=RESTRICTED_TOKEN)

    # one request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        query: Mapping[str, str] = request.query
        target = parse_target(request.path)
        verb = verb_of(request.method, target, query)
        call = Call(request, self, target, verb, User(""), query)
        if target.is_resource:
            call.served = self.catalog.find(target.group, target.version, target.resource)
        try:
            instead = await self.faults.before(call)
            if instead is not None:
                return instead
            call.user = self.access.authenticate(request)
            if not self.access.allows(call.user, Attributes(verb, target, request.path)):
                raise refusal_of(call)
            return await self._route(call)
        except ApiError as error:
            return await refuse(call, error)
        except Exception:
            _LOG.exception("the simulated server failed at %s %s", request.method, request.path)
            raise

    async def _route(self, call: Call) -> web.StreamResponse:
        path = call.request.path
        if call.served is not None and call.served.id in _DEPRECATED:
            call.warnings.append(_DEPRECATED[call.served.id])
        extension = self.extensions.find_prefix(path)
        if extension is not None:
            return await extension(call)
        target = call.target
        if not target.is_resource:
            return await self._outside(call, path)
        if call.served is None:
            if target.version not in self.catalog.groups.get(target.group, {}):
                return await self._nothing(call)
            raise statuses.no_such_path()
        if bool(target.namespace) != call.served.resource.namespaced and not _spans_namespaces(call):
            raise statuses.no_such_path()
        if target.subresource:
            special = self.extensions.find_subresource(call.served.id, target.subresource)
            if special is not None:
                return await special(call)
            return await subresources.handle(call)
        return await self._handler(call)(call)

    def _handler(self, call: Call) -> Handler:
        served = call.kind()
        misplaced = bool(call.target.name) == (call.verb == "create")
        if call.verb not in served.resource.verbs or (misplaced and call.verb in ("create", "update", "patch")):
            raise statuses.not_allowed()
        if call.verb == "create" and served.id in reviews.REVIEWS:
            return reviews.REVIEWS[served.id]
        handlers: dict[str, Handler] = {
            "get": reading.get,
            "list": reading.list_objects,
            "watch": watching.watch,
            "create": writing.create,
            "update": writing.update,
            "patch": writing.patch,
            "delete": writing.delete,
            "deletecollection": writing.delete_collection,
        }
        return handlers[call.verb]

    async def _outside(self, call: Call, path: str) -> web.StreamResponse:
        """Answer discovery, OpenAPI, version and health."""
        bare = path.rstrip("/")
        if bare in ("/healthz", "/livez", "/readyz"):
            return await answer(call, b"ok", content_type="text/plain; charset=utf-8")
        if bare == "/version":
            return await answer(call, firsts.version_document())
        if bare == "/openapi/v2":
            body, kind = version_2(call.request.headers.get("Accept", ""))
            return await answer(call, body, content_type=kind)
        if bare.startswith("/openapi/v3"):
            return await self._openapi(call, bare)
        if bare in ("/api", "/apis") and wants_aggregated(call.request.headers.get("Accept", "")):
            body, etag = self.catalog.aggregated(bare)
            if call.request.headers.get("If-None-Match") == f'"{etag}"':
                return await answer(call, b"", status=304, content_type=AGGREGATED, extra={"ETag": f'"{etag}"'})
            return await answer(call, body, content_type=AGGREGATED, extra={"ETag": f'"{etag}"', "Vary": "Accept"})
        legacy = self.catalog.legacy(bare) if bare.startswith(("/api/", "/apis")) or bare == "/api" else None
        if legacy is None:
            return await self._nothing(call)
        return await answer(call, legacy[0])

    @staticmethod
    async def _nothing(call: Call) -> web.StreamResponse:
        """Answer as the real server does where no group has a path: in plain text."""
        return await answer(call, b"404 page not found\n", status=404, content_type="text/plain; charset=utf-8")

    async def _openapi(self, call: Call, path: str) -> web.StreamResponse:
        name = path.removeprefix("/openapi/v3").lstrip("/")
        if not name:
            return await answer(call, self.openapi.index())
        body = self.openapi.document(name)
        if body is None:
            raise statuses.no_such_path()
        return await answer(call, body, extra={"ETag": f'"{self.openapi.hash_of(name)}"'})


def _spans_namespaces(call: Call) -> bool:
    """True for a list of all namespaces, and for the paths of a namespace itself."""
    target = call.target
    if target.resource == "namespaces":
        return True
    return not target.namespace and not target.name and call.verb in ("list", "watch")


_DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
}
"""Warnings every request on a kind carries."""
_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: simulated
  cluster:
    server: {url}
users:
- name: simulated-admin
  user:
    token: {admin}
- name: simulated-restricted
  user:
    token: {restricted}
contexts:
- name: simulated
  context:
    cluster: simulated
    user: simulated-admin
    namespace: default
- name: simulated-restricted
  context:
    cluster: simulated
    user: simulated-restricted
    namespace: default
current-context: simulated
"""


def target_of(resource: str, *, group: str = "", namespace: str = "", name: str = "") -> Target:
    """Return the target of a resource in version v1, for asking the access rules in-process."""
    return Target(group, "v1", namespace, resource, name)
