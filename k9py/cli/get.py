"""List objects: as a table, as JSON or YAML, by name, or in columns of your own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from k9py.cli.flags import add_scope, add_selectors
from k9py.cli.formats import Format, name_of, parse_format, print_objects, without_managed_fields
from k9py.cli.tables import TableWriter
from k9py.cli.targets import Wanted, parse_targets
from k9py.core.errors import K9Error, NotFound, UsageError
from k9py.core.refs import ApiResource

if TYPE_CHECKING:
    from k9py.cli.runtime import Client
    from k9py.cli.views import View
    from k9py.kube.rows import Projection, Row, TableColumn
    from k9py.resources.model import KindSpec

EXAMPLES = """
k9py get pods -A
k9py get deploy web -o yaml
k9py get pods -l app=web -w
k9py get nodes -o custom-columns=NAME:.metadata.name,CPU:.status.capacity.cpu
k9py get po,svc -n shop
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="KIND [NAME ...] | KIND/NAME", help="what to list")
    parser.add_argument("-o", "--output", metavar="FORMAT", default="", help="wide, json, yaml, name, custom-columns=…")
    parser.add_argument("-w", "--watch", action="store_true", help="go on and print every change")
    parser.add_argument("--sort-by", metavar="COLUMN", default="", help="a column's title, such as age or restarts")
    parser.add_argument("--no-headers", action="store_true", help="leave out the line of titles")
    parser.add_argument("--show-labels", action="store_true", help="add the column of labels")
    parser.add_argument("--show-managed-fields", action="store_true", help="keep them in JSON and YAML")
    parser.add_argument("--ignore-not-found", action="store_true", help="an object that is not there is no error")
    add_scope(parser)
    add_selectors(parser)


def run(options: argparse.Namespace) -> int:
    """Print the list, and then the changes where they are wanted."""
    form = parse_format(options.output)
    wanted = parse_targets(options.words)
    if options.watch and (len(wanted) > 1 or "," in wanted[0].kind or len(wanted[0].names) > 1):
        raise UsageError("--watch follows one kind or one object", remedy="Run one k9py get -w for each")
    if any(one.names for one in wanted) and (options.all_namespaces or options.selector or options.field_selector):
        raise UsageError("names exclude -A and selectors", remedy="Leave out the names or the other")
    from k9py.cli.runtime import connected, run_async  # deferred: mistakes above are told without loading anything

    async def work() -> int:
        async with connected(options) as client:
            if options.watch:
                from k9py.cli.watch import watch

                return await watch(client, options, wanted[0], form)
            return await Listing(client, options, form).show(wanted)

    return run_async(work)


class Listing:
    """One run of ``get`` without ``-w``."""

    def __init__(self, client: Client, options: argparse.Namespace, form: Format) -> None:
        self.client = client
        self.options = options
        self.form = form
        self.scope = client.scope(options)
        self.failed = False
        self.printed = False

    async def show(self, wanted: Sequence[Wanted]) -> int:
        """Print everything named; a kind that fails is told and the others are printed all the same."""
        pairs = [(resource, one.names) for one in wanted for resource in await self.client.kinds(one.kind)]
        pairs = [(resource, names) for resource, names in pairs if names or "list" in resource.verbs]
        if self.form.name in ("json", "yaml", "custom-columns"):
            await self._whole(pairs)
        elif self.form.name == "name":
            await self._names(pairs)
        else:
            await self._tables(pairs)
        return 1 if self.failed else 0

    async def _whole(self, pairs: Sequence[tuple[ApiResource, tuple[str, ...]]]) -> None:
        from k9py.cli.rows import as_objects
        from k9py.kube.wholes import WholeProjection

        items = []
        for resource, names in pairs:
            rows, _ = await self._read(resource, names, WholeProjection())
            items += as_objects(rows)
        if not self.options.show_managed_fields:
            items = [without_managed_fields(item) for item in items]
        if self.options.sort_by:
            from k9py.cli.views import sorted_objects

            items = sorted_objects(items, self.options.sort_by)
        single = len(pairs) == 1 and len(pairs[0][1]) == 1
        if not items and (single or self.failed):
            return
        print_objects(items, self.form, single=single, header=not self.options.no_headers)

    async def _names(self, pairs: Sequence[tuple[ApiResource, tuple[str, ...]]]) -> None:
        from k9py.kube.metadata import MetadataProjection

        for resource, names in pairs:
            rows, _ = await self._read(resource, names, MetadataProjection())
            for row in rows:
                print(name_of(resource, row.name))

    async def _tables(self, pairs: Sequence[tuple[ApiResource, tuple[str, ...]]]) -> None:
        """Print one table per kind; with several kinds the names carry theirs, and empty ones are left out."""
        from k9py.cli.views import View

        several = len(pairs) > 1
        for resource, names in pairs:
            view = View(resource, self.options, all_namespaces=self._spread(resource), prefixed=several)
            rows, columns = await self._read(resource, names, view.spec.projection(), view.spec)
            if rows:
                self._print(view, view.table(rows, columns, self.client.now))
        if not self.printed and not self.failed:
            self._say_nothing_found([resource for resource, _ in pairs])

    async def _read(
        self, resource: ApiResource, names: tuple[str, ...], projection: Projection, spec: KindSpec | None = None
    ) -> tuple[list[Row], tuple[TableColumn, ...]]:
        """Return what there is of one kind, having told what cannot be had."""
        from k9py.cli.rows import list_rows, named_rows

        transport = self.client.transport
        try:
            if names:
                return await named_rows(transport, resource, self._one_namespace(), names, spec, tell=self._tell)
            return await list_rows(transport, resource, self.scope, projection, **self._selectors())
        except K9Error as error:
            self._tell(error)
            return [], ()

    def _print(self, view: View, cells: list[list[str]]) -> None:
        writer = TableWriter(view.titles)
        if self.printed:
            print()
        print("\n".join(writer.lines(cells, header=not self.options.no_headers)))
        self.printed = True

    def _say_nothing_found(self, resources: Sequence[ApiResource]) -> None:
        namespaced = any(resource.namespaced for resource in resources)
        where = f" in {'namespace' if self.scope.single else 'namespaces'} {self.scope}" if namespaced else ""
        print(f"No resources found{'' if self.scope.all else where}.", file=sys.stderr)

    def _spread(self, resource: ApiResource) -> bool:
        return resource.namespaced and not self.scope.single

    def _one_namespace(self) -> str:
        if len(self.scope.namespaces) > 1:
            raise UsageError("an object is in one namespace", remedy="Name a single one with -n")
        return self.scope.single

    def _selectors(self) -> dict[str, str]:
        return {"label_selector": self.options.selector, "field_selector": self.options.field_selector}

    def _tell(self, error: K9Error) -> None:
        if isinstance(error, NotFound) and self.options.ignore_not_found:
            return
        sys.stdout.flush()
        print(f"error: {error}" + (f"\n  {error.remedy}" if error.remedy else ""), file=sys.stderr)
        self.failed = True
