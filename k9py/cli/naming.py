"""Names the server has, for the completion of a command line: asked for in a moment or not offered at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from k9py.cli.flags import Parser, add_connection, overrides_of
from k9py.config.paths import Paths
from k9py.core.clock import SystemClock
from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource

if TYPE_CHECKING:
    from k9py.kube.discovery import Discovery

LIMIT = 2.0
"""Seconds a person waits for the words behind Tab at most."""
MOST = 500
"""Names asked for; nobody reads more."""

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class _Metadata(msgspec.Struct):
    name: str = ""


class _Item(msgspec.Struct):
    metadata: _Metadata


class _List(msgspec.Struct):
    items: list[_Item] | None = None


def names(word: str, values: Mapping[str, str], *, every_namespace: bool = False) -> list[str]:
    """Return the names of a kind's objects in the namespace the flags choose; nothing where that takes long or fails.

    ``values`` are the flags typed so far. A login that would ask for something is not begun.
    """
    try:
        return asyncio.run(_names(word, values, every_namespace))
    except (K9Error, OSError, msgspec.MsgspecError):
        # Somebody pressed Tab: no name is an answer, an error across the line being typed is none.
        return []


async def _names(word: str, values: Mapping[str, str], every_namespace: bool) -> list[str]:
    from k9py.kube.aio import connect
    from k9py.kube.discovery import Discovery
    from k9py.kube.kubeconfig import Kubeconfig

    parser = Parser("k9py", None, "")
    add_connection(parser)
    known = {flag for action in parser.declared for flag in action.option_strings}
    flags = [part for flag, value in values.items() if flag in known and value for part in (flag, value)]
    options = parser.parse_strictly(flags)
    target = Kubeconfig.load(options.kubeconfig or None, os.environ).target(overrides=overrides_of(options))
    clock = SystemClock()
    async with asyncio.timeout(LIMIT):
        transport = await connect(target, clock=clock, prompt=None)
        try:
            discovery = Discovery(transport, server=target.server, clock=clock, cache_dir=Paths.of(os.environ).cache)
            if not await discovery.load():
                await discovery.refresh()
            resource = _kind(discovery, word)
            chosen = values.get("-n") or values.get("--namespace") or target.namespace
            namespace = chosen if resource.namespaced and not every_namespace else ""
            answer = await transport.request(
                "GET", resource.gvr.path(namespace), query=[("limit", str(MOST))], headers={"Accept": _METADATA},
                timeout=LIMIT,
            )  # fmt: skip
        finally:
            await transport.close()
    listed = msgspec.json.decode(answer.body, type=_List).items or []
    return sorted(item.metadata.name for item in listed)


def _kind(discovery: Discovery, word: str) -> ApiResource:
    """Return the kind a word means, asking the words people are used to only where discovery has none: 80 ms."""
    try:
        return discovery.resolve(word)
    except UsageError:
        from k9py.resources.registry import spelled_out

        return discovery.resolve(spelled_out(word, discovery.resolve))
