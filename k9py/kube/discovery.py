"""The kinds of one server, kept true: from a cache on disk at once, then from the server, live when CRDs change."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from k9py.core.clock import Clock, sleep_unless
from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource, Gvr, Scope
from k9py.kube.catalog import Catalog
from k9py.kube.discovering import fetch_catalog
from k9py.kube.metadata import MetadataProjection
from k9py.kube.states import SyncState
from k9py.kube.wire import Transport

if TYPE_CHECKING:
    from k9py.kube.hub import Hub

CACHE_FORMAT = 1
"""Raised when the shape of the cache file changes; other formats are ignored."""
SETTLING = (1.0, 4.0)
"""Seconds after a change of CRDs at which the server is asked: it serves a new kind a moment after it has it."""
REFRESH_EVERY = 600.0
"""Seconds between refreshes while CRDs are watched; aggregated APIs come and go without one."""
REFRESH_UNWATCHED = 60.0
"""Seconds between refreshes where CRDs cannot be watched."""

CRDS = ApiResource(
    gvr=Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
    kind="CustomResourceDefinition",
    singular="customresourcedefinition",
    namespaced=False,
    verbs=frozenset({"list", "watch"}),
)

_LOG = logging.getLogger(__name__)


class _CacheFile(msgspec.Struct):
    format: int
    server: str
    every: list[ApiResource]


class Discovery:
    """What the server has. Reading is immediate; :meth:`refresh` asks the server."""

    def __init__(self, transport: Transport, *, server: str, clock: Clock, cache_dir: Path | None) -> None:
        """``cache_dir`` None keeps nothing on disk."""
        self._transport = transport
        self._server = server
        self._clock = clock
        self._file = _cache_file(cache_dir, server) if cache_dir else None
        self._listeners: list[Callable[[], None]] = []
        self._refreshing: asyncio.Task[bool] | None = None
        self.catalog = Catalog()
        self.refreshed_at = 0.0
        """Wall time of the last answer of the server; 0 while only the cache is known."""

    @property
    def resources(self) -> tuple[ApiResource, ...]:
        """Every kind once, in its preferred version, the core group first."""
        return self.catalog.resources

    @property
    def problems(self) -> Mapping[str, str]:
        """Group and version to why it does not answer."""
        return self.catalog.problems

    @property
    def categories(self) -> Mapping[str, tuple[ApiResource, ...]]:
        """Category to its kinds."""
        return self.catalog.categories

    def resolve(self, word: str) -> ApiResource:
        """Return the kind a word means; see :meth:`Catalog.resolve`."""
        return self.catalog.resolve(word)

    def resolve_all(self, words: str) -> tuple[ApiResource, ...]:
        """Return the kinds of a comma-separated list or a category."""
        return self.catalog.resolve_all(words)

    async def resolve_fresh(self, words: str) -> tuple[ApiResource, ...]:
        """Resolve, asking the server once more before saying that a kind does not exist."""
        try:
            return self.resolve_all(words)
        except UsageError:
            await self.refresh()
            return self.resolve_all(words)

    def find(self, gvr: Gvr) -> ApiResource | None:
        """Return the entry with exactly this group, version and resource."""
        return self.catalog.find(gvr)

    def of_kind(self, api_version: str, kind: str) -> ApiResource | None:
        """Return the entry of an object's ``apiVersion`` and ``kind``."""
        return self.catalog.of_kind(api_version, kind)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` whenever kinds or problems changed; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def load(self) -> bool:
        """Take the cache if it is usable; True when it was, else the server must be asked."""
        if self._file is None:
            return False
        cached = await asyncio.to_thread(_read_cache, self._file, self._server)
        if cached is None:
            return False
        self.catalog = cached
        return True

    async def refresh(self) -> bool:
        """Ask the server; True when something changed. Calls at the same time share one question."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="discovery")
        return await asyncio.shield(self._refreshing)

    async def _refresh(self) -> bool:
        fresh = await fetch_catalog(self._transport, self.catalog)
        self.refreshed_at = self._clock.now()
        if fresh == self.catalog:
            return False
        self.catalog = fresh
        for listener in list(self._listeners):
            listener()
        if self._file is not None:
            await asyncio.to_thread(_write_cache, self._file, self._server, fresh)
        return True

    async def follow(self, hub: Hub) -> None:
        """Keep the catalog true until cancelled: at once, when CRDs change, and now and then."""
        changed = asyncio.Event()
        crds = hub.subscribe(CRDS, Scope(), MetadataProjection())
        try:
            crds.on_wake = changed.set
            if not self.refreshed_at:
                await self._try_refresh()
            asked_at = self._clock.monotonic()
            synced = False
            while True:
                every = REFRESH_UNWATCHED if crds.status.state is SyncState.DENIED else REFRESH_EVERY
                left = asked_at + every - self._clock.monotonic()
                if left <= 0:
                    asked_at = self._clock.monotonic()
                    await self._try_refresh()
                    continue
                await sleep_unless(changed, self._clock, left)
                if changed.is_set():
                    changed.clear()
                    changes = crds.drain()
                    if not synced and crds.synced:
                        # The first list tells something only of CRDs made since the server was asked.
                        known = {resource.id for resource in self.catalog.every}
                        news = any(row.name not in known for row in crds.rows().values())
                    else:
                        news = synced and bool(changes)
                    if news:
                        await self._refresh_settled()
                        asked_at = self._clock.monotonic()
                    synced = crds.synced
        finally:
            crds.close()

    async def _refresh_settled(self) -> None:
        """Ask until the change of a CRD shows."""
        for pause in SETTLING:
            await self._clock.sleep(pause)
            if await self._try_refresh():
                return

    async def _try_refresh(self) -> bool:
        """Refresh in the background, where a failure only means that the old catalog stays."""
        try:
            return await self.refresh()
        except K9Error as error:
            _LOG.warning("discovery: %s", error.with_remedy())
            return False


def cached_catalog(cache_dir: Path, server: str) -> Catalog | None:
    """Return the kinds of a server as an earlier run saw them, None without a usable cache; asks no server."""
    return _read_cache(_cache_file(cache_dir, server), server)


def _cache_file(cache_dir: Path, server: str) -> Path:
    digest = hashlib.sha256(server.encode()).hexdigest()[:24]
    return cache_dir / "discovery" / f"{digest}.json"


def _read_cache(path: Path, server: str) -> Catalog | None:
    """Return the cached catalog; a file that cannot be used is reported and will be written again."""
    try:
        cached = msgspec.json.decode(path.read_bytes(), type=_CacheFile)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _LOG.warning("discovery cache %s ignored: %s", path, error)
        return None
    if cached.format != CACHE_FORMAT or cached.server != server:
        return None
    return Catalog(cached.every)


def _write_cache(path: Path, server: str, catalog: Catalog) -> None:
    """Write the cache whole or not at all; without one the next start is only slower."""
    body = msgspec.json.encode(_CacheFile(CACHE_FORMAT, server, list(catalog.every)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        os.replace(name, path)
    except OSError as error:
        _LOG.warning("discovery cache %s not written: %s", path, error)
