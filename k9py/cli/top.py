"""Print measured CPU and memory of pods or nodes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k9py.cli.flags import add_scope
from k9py.cli.tables import print_table
from k9py.core.errors import ApiError, NotFound, ServerError, UsageError

if TYPE_CHECKING:
    from k9py.cli.runtime import Client
    from k9py.core.refs import Scope

EXAMPLES = """
k9py top pods -n shop --sort-by memory
k9py top pods web-7d9c --containers
k9py top nodes
"""

METRICS = "/apis/metrics.k8s.io/v1beta1"
NO_METRICS = "Install metrics-server in the cluster, or wait a minute after it started; k9py doctor tells more"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one pod, container or node used."""

    namespace: str
    name: str
    container: str
    cpu: float
    """Millicores."""
    memory: float
    """Bytes."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("what", metavar="pods|nodes", help="what to measure")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="only this one")
    parser.add_argument("--containers", action="store_true", help="each container of the pods")
    parser.add_argument("--sort-by", choices=("cpu", "memory", "name"), default="name", help="greatest first")
    parser.add_argument("-l", "--selector", metavar="SEL", default="", help="label selector")
    parser.add_argument("--no-headers", action="store_true", help="leave out the line of titles")
    add_scope(parser)


def run(options: argparse.Namespace) -> int:
    """Print one table of the newest samples."""
    kinds = {"pods": "pods", "pod": "pods", "po": "pods", "nodes": "nodes", "node": "nodes", "no": "nodes"}
    kind = kinds.get(options.what)
    if kind is None:
        raise UsageError(f"{options.what!r} is not measured", remedy="Write k9py top pods or k9py top nodes")
    from k9py.cli.runtime import connected, run_async  # deferred: mistakes are told without loading anything

    async def work() -> int:
        async with connected(options) as client:
            if kind == "nodes":
                await _nodes(client, options)
            else:
                await _pods(client, options, client.scope(options))
        return 0

    return run_async(work)


async def _pods(client: Client, options: argparse.Namespace, scope: Scope) -> None:
    samples: list[Sample] = []
    for namespace in scope.namespaces or ("",):
        where = f"/namespaces/{namespace}" if namespace else ""
        for item in await _items(client, f"{METRICS}{where}/pods", options):
            samples += pod_samples(item, each_container=options.containers)
    spread = not scope.single
    titles = [*(["NAMESPACE"] if spread else []), *(["POD"] if options.containers else []), "NAME"]
    rows = [
        [
            *([sample.namespace] if spread else []),
            sample.name,
            *([sample.container] if options.containers else []),
            *_amounts(sample),
        ]
        for sample in _ordered(samples, options.sort_by)
    ]
    print_table([*titles, "CPU(cores)", "MEMORY(bytes)"], rows, header=not options.no_headers)


async def _nodes(client: Client, options: argparse.Namespace) -> None:
    samples = [
        Sample("", item["metadata"]["name"], "", *_usage(item.get("usage")))
        for item in await _items(client, f"{METRICS}/nodes", options)
    ]
    room = await _allocatable(client)
    rows = []
    for sample in _ordered(samples, options.sort_by):
        cpu, memory = room.get(sample.name, (0.0, 0.0))
        used_cpu, used_memory = _amounts(sample)
        rows.append([sample.name, used_cpu, _percent(sample.cpu, cpu), used_memory, _percent(sample.memory, memory)])
    titles = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    print_table(titles, rows, header=not options.no_headers)


async def _items(client: Client, path: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what metrics.k8s.io answers; raises its errors with a remedy."""
    from k9py.kube.verbs import decode_object

    path = f"{path}/{options.name}" if options.name else path
    query = [("labelSelector", options.selector)] if options.selector else []
    try:
        answer = await client.transport.request("GET", path, query=query)
    except (NotFound, ServerError) as error:
        if options.name and f'{options.name}" not found' in str(error):  # a 404 of the whole API names no object
            raise
        raise ApiError(
            f"the cluster has no metrics: {error}", status=error.status, reason=error.reason, remedy=NO_METRICS
        ) from error
    document = decode_object(answer.body, "the metrics")
    return [document] if options.name else list(document.get("items") or ())


async def _allocatable(client: Client) -> dict[str, tuple[float, float]]:
    """Return millicores and bytes that pods can have on each node."""
    from k9py.cli.rows import as_objects, list_rows
    from k9py.core.refs import Scope
    from k9py.kube.wholes import WholeProjection

    rows, _ = await list_rows(client.transport, await client.kind("nodes"), Scope(), WholeProjection())
    return {
        node["metadata"]["name"]: _usage((node.get("status") or {}).get("allocatable")) for node in as_objects(rows)
    }


def pod_samples(item: dict[str, Any], *, each_container: bool) -> list[Sample]:
    """Return the samples of one PodMetrics: one per container, or their sum."""
    metadata = item.get("metadata") or {}
    namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
    samples = [
        Sample(namespace, name, container.get("name") or "", *_usage(container.get("usage")))
        for container in item.get("containers") or ()
    ]
    if each_container:
        return samples
    cpu, memory = sum(sample.cpu for sample in samples), sum(sample.memory for sample in samples)
    return [Sample(namespace, name, "", cpu, memory)]


def _usage(usage: dict[str, str] | None) -> tuple[float, float]:
    """Return millicores and bytes."""
    from k9py.core.quantity import parse

    usage = usage or {}
    return float(parse(usage.get("cpu") or "0") * 1000), float(parse(usage.get("memory") or "0"))


def _amounts(sample: Sample) -> tuple[str, str]:
    """Return both values as kubectl top rounds them: whole millicores, whole MiB, up and down."""
    return f"{math.ceil(sample.cpu)}m", f"{int(sample.memory // 1048576)}Mi"


def _percent(used: float, room: float) -> str:
    return f"{int(used * 100 / room)}%" if room else "<unknown>"


def _ordered(samples: Iterable[Sample], by: str) -> list[Sample]:
    keys: dict[str, Callable[[Sample], Any]] = {
        "cpu": lambda sample: -sample.cpu,
        "memory": lambda sample: -sample.memory,
        "name": lambda sample: (sample.namespace, sample.name, sample.container),
    }
    return sorted(samples, key=keys[by])
