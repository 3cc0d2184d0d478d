"""Asking a server for its kinds: the aggregated documents, or one document per group and version."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from k9py.core.errors import ApiError, Forbidden, K9Error, NotFound, RubbishError
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.catalog import Catalog
from k9py.kube.wire import Response, Transport

AGGREGATED = ",".join(
    [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    ]
)
"""Accept header that asks for one document of all groups and takes the old form too."""
STALE = "Stale"
"""Freshness of a group and version whose aggregated server does not answer."""


class _GroupVersionKind(msgspec.Struct):
    kind: str = ""


class _AggregatedSub(msgspec.Struct):
    subresource: str
    verbs: list[str] | None = None


class _AggregatedResource(msgspec.Struct, rename="camel"):
    resource: str
    response_kind: _GroupVersionKind | None = None
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None
    subresources: list[_AggregatedSub] | None = None


class _AggregatedVersion(msgspec.Struct):
    version: str
    freshness: str = ""
    resources: list[_AggregatedResource] | None = None


class _Named(msgspec.Struct):
    name: str = ""


class _AggregatedGroup(msgspec.Struct):
    metadata: _Named
    versions: list[_AggregatedVersion] | None = None


class _Aggregated(msgspec.Struct):
    kind: str = ""
    items: list[_AggregatedGroup] | None = None


class _LegacyVersion(msgspec.Struct, rename="camel"):
    group_version: str
    version: str


class _LegacyGroup(msgspec.Struct, rename="camel"):
    name: str
    versions: list[_LegacyVersion]
    preferred_version: _LegacyVersion | None = None


class _LegacyRoot(msgspec.Struct):
    kind: str = ""
    versions: list[str] | None = None
    groups: list[_LegacyGroup] | None = None


class _LegacyResource(msgspec.Struct, rename="camel"):
    name: str
    kind: str = ""
    namespaced: bool = False
    singular_name: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None
    categories: list[str] | None = None


class _LegacyResources(msgspec.Struct):
    resources: list[_LegacyResource] | None = None


T = TypeVar("T")


def _decode(answer: Response, shape: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RubbishError(f"{what} of the server cannot be read: {error}") from error


async def fetch_catalog(transport: Transport, known: Catalog) -> Catalog:
    """Ask for every kind. What a group that does not answer had in ``known`` is kept, and the problem told."""
    headers = {"Accept": AGGREGATED}
    core, named = await asyncio.gather(
        transport.request("GET", "/api", headers=headers), transport.request("GET", "/apis", headers=headers)
    )
    entries: list[ApiResource] = []
    problems: dict[str, str] = {}
    for path, answer in (("/api", core), ("/apis", named)):
        kind = _decode(answer, _Aggregated, path).kind if b"APIGroupDiscoveryList" in answer.body else ""
        if kind == "APIGroupDiscoveryList":
            found, wrong = _read_aggregated(_decode(answer, _Aggregated, path))
        else:
            found, wrong = await _read_legacy(transport, _decode(answer, _LegacyRoot, path))
        entries += found
        problems |= wrong
    missing = [entry for entry in known.every if entry.api_version in problems]
    have = {entry.gvr for entry in entries}
    entries += [entry for entry in missing if entry.gvr not in have]
    return Catalog(entries, problems)


def _read_aggregated(document: _Aggregated) -> tuple[list[ApiResource], dict[str, str]]:
    entries: list[ApiResource] = []
    problems: dict[str, str] = {}
    for group in document.items or ():
        for version in group.versions or ():
            name = group.metadata.name
            if version.freshness == STALE:
                problems[f"{name}/{version.version}"] = "the aggregated API server does not answer"
            entries += [
                ApiResource(
                    gvr=Gvr(name, version.version, resource.resource),
                    kind=resource.response_kind.kind if resource.response_kind else "",
                    singular=resource.singular_resource,
                    namespaced=resource.scope == "Namespaced",
                    verbs=frozenset(resource.verbs or ()),
                    short_names=tuple(resource.short_names or ()),
                    categories=tuple(resource.categories or ()),
                    subresources=frozenset(sub.subresource for sub in resource.subresources or ()),
                )
                for resource in version.resources or ()
                if resource.verbs
            ]
    return entries, problems


async def _read_legacy(transport: Transport, root: _LegacyRoot) -> tuple[list[ApiResource], dict[str, str]]:
    wanted: list[tuple[str, str, str]] = [("", version, f"/api/{version}") for version in root.versions or ()]
    for group in root.groups or ():
        preferred = group.preferred_version.version if group.preferred_version else ""
        ordered = sorted(group.versions, key=lambda version: version.version != preferred)
        wanted += [(group.name, each.version, f"/apis/{group.name}/{each.version}") for each in ordered]
    answers = await asyncio.gather(*(_fetch_version(transport, *each) for each in wanted))
    entries: list[ApiResource] = []
    problems: dict[str, str] = {}
    for (group_name, version, _), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, K9Error):
            problems[f"{group_name}/{version}" if group_name else version] = str(answer)
        else:
            entries += answer
    return entries, problems


async def _fetch_version(transport: Transport, group: str, version: str, path: str) -> list[ApiResource] | K9Error:
    """Return the kinds of one group and version, or why that one does not answer; a lost link is raised."""
    try:
        answer = await transport.request("GET", path)
        document = _decode(answer, _LegacyResources, path)
    except (ApiError, RubbishError) as error:
        if isinstance(error, Forbidden | NotFound) or not isinstance(error, ApiError) or error.status >= 500:
            return error
        raise
    main: dict[str, ApiResource] = {}
    subs: dict[str, set[str]] = {}
    for entry in document.resources or ():
        name, _, sub = entry.name.partition("/")
        if sub:
            subs.setdefault(name, set()).add(sub)
            continue
        main[name] = ApiResource(
            gvr=Gvr(group, version, name),
            kind=entry.kind,
            singular=entry.singular_name or entry.kind.lower(),
            namespaced=entry.namespaced,
            verbs=frozenset(entry.verbs or ()),
            short_names=tuple(entry.short_names or ()),
            categories=tuple(entry.categories or ()),
        )
    return [
        replace(entry, subresources=frozenset(subs[name])) if name in subs else entry for name, entry in main.items()
    ]
