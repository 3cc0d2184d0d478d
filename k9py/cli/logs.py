"""Print log lines of a pod, a container, or every pod of a workload."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from k9py.cli.flags import add_scope
from k9py.cli.targets import parse_targets
from k9py.core.ages import format_time, parse_duration
from k9py.core.errors import InputError, UsageError
from k9py.core.refs import Scope

if TYPE_CHECKING:
    from k9py.cli.runtime import Client
    from k9py.kube.loglines import LogLine, LogOptions, LogSource

EXAMPLES = """
k9py logs web-7d9c -f
k9py logs deploy/web --since 10m
k9py logs web-7d9c -c proxy -p
k9py logs -l app=web --all-containers -f
"""

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation that names the container meant when none is named."""

MOST_STREAMS = 50
"""Containers read at once: each holds a connection of the API server and of a kubelet."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="POD | KIND/NAME", help="a pod, or a workload such as deploy/web")
    parser.add_argument("-l", "--selector", metavar="SEL", default="", help="every pod with these labels")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines come, through restarts")
    parser.add_argument("-p", "--previous", action="store_true", help="the run before the last restart")
    parser.add_argument("-c", "--container", metavar="NAME", default="", help="this container")
    parser.add_argument("--all-containers", action="store_true", help="every container, init ones included")
    parser.add_argument("--since", metavar="TIME", default="", help="no older than 90s, 10m, 1h30m")
    parser.add_argument("--tail", metavar="N", type=int, default=-1, help="so many lines from the end of each")
    parser.add_argument("--timestamps", action="store_true", help="put the time before each line")
    add_scope(parser)


def run(options: argparse.Namespace) -> int:
    """Print the lines, and go on with -f."""
    from k9py.cli.runtime import connected, run_async  # deferred: mistakes are told without loading anything

    _check(options)

    async def work() -> int:
        async with connected(options) as client:
            return await _Printing(client, options).run()

    return run_async(work)


def _check(options: argparse.Namespace) -> None:
    """Raise UsageError for words and flags that do not go together."""
    if bool(options.words) == bool(options.selector):
        raise UsageError("name a pod, a workload or a selector", remedy="Write POD, KIND/NAME or -l LABELS")
    if len(options.words) == 2 and not options.container and "/" not in options.words[0]:
        options.container = options.words.pop()
    if len(options.words) > 1:
        raise UsageError("one pod or workload at a time", remedy="Several pods: -l LABELS")
    if options.follow and options.previous:
        raise UsageError("a previous run has ended and cannot be followed", remedy="Leave out -f or -p")
    if options.container and options.all_containers:
        raise UsageError("-c and --all-containers exclude each other", remedy="Leave one of them out")
    if options.all_namespaces:
        raise UsageError("logs are read in one namespace", remedy="Name it with -n")


def _options_of(options: argparse.Namespace) -> LogOptions:
    from k9py.kube.loglines import LogOptions

    try:
        since = parse_duration(options.since) if options.since else None
    except InputError as error:
        raise UsageError(f"--since: {error}", remedy=error.remedy) from error
    return LogOptions(
        follow=options.follow, previous=options.previous, since=since, tail=options.tail if options.tail >= 0 else None
    )


class _Printing:
    """One run of the verb."""

    def __init__(self, client: Client, options: argparse.Namespace) -> None:
        self.client = client
        self.options = options
        scope = client.scope(options)
        if not scope.single:
            raise UsageError("logs are read in one namespace", remedy="Name a single one with -n")
        self.namespace = scope.single
        self.failed = False
        self.prefixed = False
        self._defaulted: set[str] = set()
        self._harmless: Callable[[str], str] = _as_it_is
        if sys.stdout.isatty():
            from k9py.core.text import safe_line

            self._harmless = safe_line

    async def run(self) -> int:
        """Find the containers, read them, print; 1 when one of them cannot be read."""
        from k9py.kube.logs import LogFeed

        options = _options_of(self.options)
        selector = await self._selector()
        feed = LogFeed(self.client.transport, options, clock=self.client.clock)
        woken = asyncio.Event()
        feed.on_wake = woken.set
        following: asyncio.Task[None] | None = None
        try:
            if selector is None:
                pod = await self._pod(self.options.words[0].rpartition("/")[2])
                feed.set_sources(self._sources([pod]))
            elif self.options.follow:
                following = asyncio.create_task(self._follow_pods(selector, feed.set_sources))
            else:
                feed.set_sources(self._sources(await self._pods(selector)))
            while True:
                self._print(feed.drain())
                if feed.done and following is None:
                    self._print(feed.drain())
                    return 1 if self.failed else 0
                if following is not None and following.done():
                    following.result()
                await woken.wait()
                woken.clear()
        finally:
            if following is not None:
                following.cancel()
            await feed.close()

    async def _selector(self) -> str | None:
        """Return the label selector of the pods meant; None when one pod is named."""
        if self.options.selector:
            return str(self.options.selector)
        if "/" not in self.options.words[0]:
            return None
        (target,) = parse_targets(self.options.words)
        kind, name = target.kind, target.names[0]
        resource = await self.client.kind(kind)
        if resource.id == "pods":
            return None
        from k9py.cli.rows import named_rows
        from k9py.resources.registry import spec_for

        spec = spec_for(resource)
        drill = next((drill for drill in (spec.drill, *spec.relations) if drill and drill.id == "pods"), None)
        if drill is None:
            raise UsageError(f"{resource.id} have no logs", remedy="Name a pod or a workload, such as deploy/web")
        rows, _ = await named_rows(self.client.transport, resource, self.namespace, [name], spec)
        goal = drill.target(rows[0])
        if goal is None or not goal.label_selector:
            raise UsageError(f"{kind}/{name} selects no pods", remedy="Name one of its pods")
        return goal.label_selector

    async def _pod(self, name: str) -> dict[str, Any]:
        from k9py.kube.verbs import get

        return await get(self.client.transport, await self.client.kind("pods"), self.namespace, name)

    async def _pods(self, selector: str) -> list[dict[str, Any]]:
        from k9py.cli.rows import as_objects, list_rows
        from k9py.kube.wholes import WholeProjection

        pods = await self.client.kind("pods")
        rows, _ = await list_rows(
            self.client.transport, pods, Scope((self.namespace,)), WholeProjection(), label_selector=selector
        )
        if not rows:
            raise UsageError(f"no pods with {selector} in {self.namespace}", remedy="k9py get pods --show-labels")
        return as_objects(rows)

    async def _follow_pods(self, selector: str, use: Callable[[Iterable[LogSource]], None]) -> None:
        """Keep the sources of the feed those of the pods there are, as a rollout replaces them."""
        from k9py.cli.rows import as_objects
        from k9py.kube.hub import Hub
        from k9py.kube.wholes import WholeProjection

        hub = Hub(self.client.transport, clock=self.client.clock)
        pods = hub.subscribe(
            await self.client.kind("pods"), Scope((self.namespace,)), WholeProjection(), label_selector=selector
        )
        changed = asyncio.Event()
        pods.on_wake = changed.set
        try:
            while True:
                if pods.drain():
                    use(self._sources(as_objects(list(pods.rows().values()))))
                await changed.wait()
                changed.clear()
        finally:
            pods.close()
            await hub.close()

    def _sources(self, pods: Iterable[dict[str, Any]]) -> list[LogSource]:
        """Return the containers to read; raises UsageError for a name no pod has, or for too many."""
        from k9py.kube.loglines import LogSource

        sources = [
            LogSource(self.namespace, pod["metadata"]["name"], container)
            for pod in pods
            for container in self._containers(pod)
        ]
        if len(sources) > MOST_STREAMS:
            raise UsageError(f"{len(sources)} containers are too many at once", remedy=f"Narrow it to {MOST_STREAMS}")
        self.prefixed = self.prefixed or len(sources) > 1
        return sources

    def _containers(self, pod: dict[str, Any]) -> list[str]:
        spec, metadata = pod.get("spec") or {}, pod["metadata"]
        plain = [container["name"] for container in spec.get("containers") or ()]
        others = [
            container["name"]
            for field in ("initContainers", "ephemeralContainers")
            for container in spec.get(field) or ()
        ]
        if self.options.all_containers:
            return [*others, *plain]
        if self.options.container:
            if self.options.container not in (*plain, *others):
                remedy = f"It has {', '.join((*plain, *others))}"
                raise UsageError(f"pod {metadata['name']} has no container {self.options.container!r}", remedy=remedy)
            return [self.options.container]
        named = str((metadata.get("annotations") or {}).get(DEFAULT_CONTAINER, ""))
        chosen = named if named in plain else plain[0]
        if len(plain) > 1 and not named and metadata["name"] not in self._defaulted:
            self._defaulted.add(metadata["name"])
            print(f"# {metadata['name']}: container {chosen} of {', '.join(plain)}", file=sys.stderr)
        return [chosen]

    def _print(self, lines: list[LogLine]) -> None:
        from k9py.kube.loglines import NANO, LineKind

        for line in lines:
            if line.kind is not LineKind.TEXT:
                self.failed = self.failed or line.kind is LineKind.ERROR
                sys.stdout.flush()
                print(f"# {line.source}: {line.text}", file=sys.stderr)
                continue
            prefix = f"[{line.source}] " if self.prefixed else ""
            stamp = f"{format_time(line.stamp / NANO)} " if self.options.timestamps and line.stamp else ""
            cut = f" … {line.cut} bytes more" if line.cut else ""
            print(f"{prefix}{stamp}{self._harmless(line.text)}{cut}")
        if lines:
            sys.stdout.flush()


def _as_it_is(text: str) -> str:
    return text
