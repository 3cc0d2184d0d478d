"""One context opened: everything the user interface or a command needs to read a cluster."""

from __future__ import annotations

import logging
import random
import weakref
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k9py.core.clock import Clock, SystemClock
from k9py.core.errors import Forbidden, K9Error
from k9py.core.refs import ApiResource, ObjectRef, Scope
from k9py.core.tasks import FailureHandler, TaskSet
from k9py.kube import verbs
from k9py.kube.aio import TerminalLoan, connect
from k9py.kube.discovery import Discovery
from k9py.kube.execs import ExecSession, open_exec
from k9py.kube.happenings import Happening, happenings_of
from k9py.kube.health import Link, LinkState, SessionHealth, server_version
from k9py.kube.hub import Hub
from k9py.kube.loglines import LogOptions, LogSource
from k9py.kube.logs import LogFeed
from k9py.kube.permissions import Permissions
from k9py.kube.target import Target
from k9py.kube.wholes import ObjectWatch, WholeProjection
from k9py.kube.wire import Login, Transport

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces of a cluster as far as we may know them."""

    names: tuple[str, ...]
    complete: bool
    """False when the server does not let us list them: then these are the ones somebody named."""
    missing: str = ""
    """What right is missing, for a person."""


class Session:
    """One context: its connection, what it has, and who watches what. Close it when switching away."""

    def __init__(
        self,
        transport: Transport,
        target: Target,
        *,
        clock: Clock,
        cache_dir: Path | None = None,
        known_namespaces: Iterable[str] = (),
        generation: int = 0,
        rng: random.Random | None = None,
        on_failure: FailureHandler | None = None,
        login: Login | None = None,
    ) -> None:
        """``known_namespaces`` come from the kubeconfig and from earlier runs; ``generation`` marks late results;
        ``login`` renews the credentials, where the transport comes from a kubeconfig.
        """
        self.transport = transport
        self.clock = clock
        self.generation = generation
        self.context = target.context
        self.cluster = target.cluster
        self.user = target.user
        self.namespace = target.namespace or "default"
        self.server = target.server
        self.identity = target.identity
        """Which cluster this is, for what is kept on disk by context name."""
        self.server_version = ""
        self._known: dict[str, None] = dict.fromkeys([self.namespace, *known_namespaces])
        self._wholes = WholeProjection()
        self._feeds: weakref.WeakSet[LogFeed] = weakref.WeakSet()
        self._on_failure = on_failure
        self._login = login
        self.tasks = TaskSet(on_failure)
        rng = rng or random.Random()
        self.hub = Hub(transport, clock=clock, rng=rng, fallback=self.named_namespaces, on_failure=on_failure)
        self.discovery = Discovery(transport, server=target.server, clock=clock, cache_dir=cache_dir)
        self.permissions = Permissions(transport, clock, self.tasks)
        self.health = SessionHealth(transport, clock, rng)
        self.health.on_change(self._link_changed)

    @classmethod
    async def open(
        cls,
        target: Target,
        *,
        clock: Clock | None = None,
        prompt: TerminalLoan | None = None,
        **settings: Any,
    ) -> Session:
        """Connect to a target and start; ``settings`` are the keyword arguments of the class.

        A server seen before is not waited for: its kinds are cached. Of one never seen the kinds are asked first, so
        that raises LinkError and others when it does not answer.
        """
        clock = clock or SystemClock()
        transport = await connect(target, clock=clock, prompt=prompt)
        session = cls(transport, target, clock=clock, login=transport, **settings)
        try:
            await session.start()
        except BaseException:
            await session.close()
            raise
        return session

    async def start(self) -> None:
        """Load what is known of the server and start to follow it."""
        if not await self.discovery.load():
            await self.discovery.refresh()
        self.tasks.start(self._ask_version(), name="server version")
        self.tasks.start(self.discovery.follow(self.hub), name="discovery")
        self.tasks.start(self.health.run(), name="health")

    async def close(self) -> None:
        """Stop every watch and task, then the connection."""
        await self.tasks.close()
        for feed in list(self._feeds):
            await feed.close()
        await self.hub.close()
        await self.transport.close()

    def retry_now(self) -> None:
        """Try everything that waits at once."""
        self.health.ping_now()
        self.hub.retry_now()

    # --- who we are ----------------------------------------------------------------------------------------------

    @property
    def config_problem(self) -> str:
        """Why the kubeconfig on disk can no longer be followed, in one line; empty while it can."""
        return self._login.config_problem if self._login is not None else ""

    async def renew_credentials(self) -> None:
        """Log in again because a person asked, then try everything that waits; raises CredentialError."""
        if self._login is not None:
            await self._login.renew_credentials()
        self.permissions.forget()
        self.retry_now()

    # --- namespaces --------------------------------------------------------------------------------------------

    def named_namespaces(self) -> tuple[str, ...]:
        """Return the namespaces somebody named or an object was seen in: what is read where all are not allowed."""
        return tuple(dict.fromkeys((*self._known, *sorted(self.hub.namespaces_seen()))))

    def remember_namespace(self, namespace: str) -> None:
        """Add a namespace somebody named."""
        if namespace:
            self._known.setdefault(namespace)

    async def namespaces(self) -> Namespaces:
        """List the namespaces, or return the ones somebody named where that is not allowed."""
        try:
            names = await verbs.namespace_names(self.transport)
        except Forbidden as error:
            _LOG.info("namespaces: %s", error)
            return Namespaces(self.named_namespaces(), complete=False, missing="list namespaces")
        return Namespaces(tuple(names), complete=True)

    # --- reading one object ------------------------------------------------------------------------------------

    async def get(self, resource: ApiResource, namespace: str, name: str) -> dict[str, Any]:
        """Return one full object."""
        return await verbs.get(self.transport, resource, namespace, name)

    def list_raw(self, resource: ApiResource, namespace: str = "", **how: Any) -> AsyncIterator[dict[str, Any]]:
        """Yield the pages of a list as the server sends them; ``how`` as for :func:`verbs.list_pages`."""
        return verbs.list_pages(self.transport, resource, namespace, **how)

    async def events_for(self, ref: ObjectRef, *, mirror_uid: str = "") -> list[Happening]:
        """Return what the cluster said about an object, oldest first."""
        return await happenings_of(self.transport, ref, mirror_uid=mirror_uid)

    def watch_object(self, resource: ApiResource, namespace: str, name: str) -> ObjectWatch:
        """Follow one whole object; close it when it is no longer shown."""
        scope = Scope((namespace,)) if resource.namespaced else Scope()
        selector = f"metadata.name={name}"
        return ObjectWatch(self.hub.subscribe(resource, scope, self._wholes, field_selector=selector))

    # --- containers --------------------------------------------------------------------------------------------

    def open_logs(self, options: LogOptions, sources: Iterable[LogSource] = ()) -> LogFeed:
        """Read logs of containers, to be named now or as they come and go; close it when it is no longer shown."""
        feed = LogFeed(self.transport, options, clock=self.clock, on_failure=self._on_failure)
        feed.set_sources(sources)
        self._feeds.add(feed)
        return feed

    async def open_exec(self, namespace: str, pod: str, command: Sequence[str], **how: Any) -> ExecSession:
        """Start a command in a container; ``how`` as for :func:`execs.open_exec`."""
        return await open_exec(self.transport, namespace, pod, command, **how)

    # --- the link ----------------------------------------------------------------------------------------------

    def _link_changed(self, before: Link) -> None:
        """Once the network is back, open the watches anew: their connections may lead nowhere without saying so.

        Once the server takes our credentials again, or says it is ready, what waits is tried at once.
        """
        if self.health.link.state is LinkState.LIVE and before.state in (LinkState.DENIED, LinkState.NOT_READY):
            self.hub.retry_now()
        if before.state is LinkState.OFFLINE and self.health.link.state is not LinkState.OFFLINE:
            self.hub.reconnect()
            for feed in list(self._feeds):
                feed.reconnect()
            if not self.server_version:
                self.tasks.start(self._ask_version(), name="server version")

    async def _ask_version(self) -> None:
        try:
            self.server_version = await server_version(self.transport)
        except K9Error as error:
            _LOG.info("server version: %s", error)
