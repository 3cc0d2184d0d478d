"""Explain objects in words, with their events."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from k9py.cli.flags import add_scope
from k9py.cli.targets import Wanted, parse_targets
from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource, ObjectRef, Scope

if TYPE_CHECKING:
    from k9py.cli.runtime import Client
    from k9py.kube.happenings import Happening

EXAMPLES = """
k9py describe pod web-7d9c -n shop
k9py describe deploy/web svc/web
k9py describe pods -l app=web
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="KIND [NAME ...] | KIND/NAME", help="what to explain")
    parser.add_argument("-l", "--selector", metavar="SEL", default="", help="label selector, in place of names")
    parser.add_argument("--no-events", action="store_true", help="leave out the events")
    add_scope(parser)


def run(options: argparse.Namespace) -> int:
    """Print one description after the other; 1 when one of them failed."""
    wanted = parse_targets(options.words)
    if options.selector and any(one.names for one in wanted):
        raise UsageError("names exclude -l", remedy="Leave out one of them")
    from k9py.cli.runtime import connected, run_async  # deferred: mistakes are told without loading anything

    async def work() -> int:
        async with connected(options) as client:
            return await _Describing(client, options).show(wanted)

    return run_async(work)


class _Describing:
    """One run of the verb."""

    def __init__(self, client: Client, options: argparse.Namespace) -> None:
        self.client = client
        self.options = options
        self.scope = client.scope(options)
        self.failed = False
        self.printed = False

    async def show(self, wanted: list[Wanted]) -> int:
        for one in wanted:
            for resource in await self.client.kinds(one.kind):
                await self._kind(resource, one.names)
        if not self.printed and not self.failed:
            print("No resources found.", file=sys.stderr)
        return 1 if self.failed else 0

    async def _kind(self, resource: ApiResource, names: tuple[str, ...]) -> None:
        from k9py.kube.verbs import get

        if not names:
            try:
                items = await self._list(resource, self.scope, label_selector=self.options.selector)
            except K9Error as error:
                self._tell(error)
                return
            for item in items:
                await self._one(resource, item)
            return
        if resource.namespaced and not self.scope.single:
            raise UsageError("an object is in one namespace", remedy="Name a single one with -n")
        for name in names:
            try:
                item = await get(self.client.transport, resource, self.scope.single, name)
            except K9Error as error:
                self._tell(error)
                continue
            await self._one(resource, item)

    async def _one(self, resource: ApiResource, item: dict[str, Any]) -> None:
        """Print one object with what belongs to it, as far as that may be read."""
        from k9py.resources.describe import describe, plain_text

        events = None if self.options.no_events else await self._events(item)
        lines = describe(resource.id, item, events, await self._related(resource, item), self.client.now)
        if self.printed:
            print("\n")
        sys.stdout.write(plain_text(lines))
        self.printed = True

    async def _events(self, item: dict[str, Any]) -> list[Happening] | None:
        from k9py.kube.happenings import MIRROR, happenings_of

        metadata = item.get("metadata") or {}
        ref = ObjectRef(
            kind=str(item.get("kind") or ""),
            namespace=metadata.get("namespace") or "",
            name=metadata.get("name") or "",
            uid=metadata.get("uid") or "",
        )
        mirror = (metadata.get("annotations") or {}).get(MIRROR, "")
        try:
            return await happenings_of(self.client.transport, ref, mirror_uid=mirror)
        except K9Error as error:
            self._note(f"no events: {error}")
            return None

    async def _related(self, resource: ApiResource, item: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        from k9py.resources.describe import wanted

        related: dict[str, list[dict[str, Any]]] = {}
        for want in wanted(resource.id, item):
            scope = Scope((want.namespace,) if want.namespace else ())
            try:
                related[want.resource] = await self._list(
                    await self.client.kind(want.resource),
                    scope,
                    label_selector=want.label_selector,
                    field_selector=want.field_selector,
                )
            except K9Error as error:
                self._note(f"without {want.resource}: {error}")
        return related

    async def _list(
        self, resource: ApiResource, scope: Scope, *, label_selector: str = "", field_selector: str = ""
    ) -> list[dict[str, Any]]:
        from k9py.cli.rows import as_objects, list_rows
        from k9py.kube.wholes import WholeProjection

        rows, _ = await list_rows(
            self.client.transport, resource, scope, WholeProjection(),
            label_selector=label_selector, field_selector=field_selector,
        )  # fmt: skip
        return as_objects(rows)

    def _note(self, text: str) -> None:
        sys.stdout.flush()
        print(f"# {text}", file=sys.stderr)

    def _tell(self, error: K9Error) -> None:
        sys.stdout.flush()
        print(f"error: {error}" + (f"\n  {error.remedy}" if error.remedy else ""), file=sys.stderr)
        self.failed = True
