"""What a cluster holds before anybody creates anything, and the bookkeeping every API server does by itself."""

from __future__ import annotations

import lzma
from importlib import resources

import msgspec

from k9py.sim import defaults
from k9py.sim.customs import CustomKinds
from k9py.sim.discovery import Catalog
from k9py.sim.garbage import GarbageCollector, NamespaceEnder, Protection
from k9py.sim.limits import Limits
from k9py.sim.objects import Object
from k9py.sim.openapi import OpenApi
from k9py.sim.store import Store

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def version_document() -> bytes:
    """Return the recorded answer of ``/version``."""
    return resources.files("k9py.sim").joinpath("data/version.json").read_bytes()


def first_objects() -> list[Object]:
    """Return the recorded roles, bindings, priority classes and flow schemas of a fresh server."""
    packed = resources.files("k9py.sim").joinpath("data/first_objects.json.xz").read_bytes()
    decoded: list[Object] = msgspec.json.decode(lzma.decompress(packed))
    return decoded


def furnish(store: Store, catalog: Catalog, openapi: OpenApi) -> list[object]:
    """Register every served kind, create the first objects, and start the server's own bookkeeping.

    Returns what keeps the books; it lives as long as the store's subscriptions do.
    """
    for served in catalog:
        if "get" in served.resource.verbs:
            store.register(served.stored)
    defaults.install(store)
    for name in NAMESPACES:
        if store.find("namespaces", "", name) is None:
            store.create("namespaces", {"metadata": {"name": name}})
    for obj in first_objects():
        group, _, version = obj["apiVersion"].rpartition("/")
        served_kind = catalog.by_kind(group, version, obj["kind"])
        if served_kind is not None:
            store.create(served_kind.id, obj)
    return [
        GarbageCollector(store),
        NamespaceEnder(store),
        Protection(store),
        CustomKinds(store, catalog, openapi),
        Limits(store),
    ]
