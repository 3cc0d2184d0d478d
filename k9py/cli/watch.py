"""``k9py get -w``: the list, then one line (or document) for every change until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from k9py.cli.formats import Format, custom_row, name_of, print_document, without_managed_fields
from k9py.cli.rows import as_objects
from k9py.cli.tables import TableWriter
from k9py.cli.targets import Wanted
from k9py.cli.views import View
from k9py.core.errors import UsageError
from k9py.core.refs import Scope
from k9py.kube.hub import Hub
from k9py.kube.rows import Row
from k9py.kube.states import SyncState, SyncStatus
from k9py.kube.wholes import WholeProjection
from k9py.resources.model import RowContext

if TYPE_CHECKING:
    from k9py.cli.runtime import Client
    from k9py.kube.subscription import Subscription

_TROUBLE = frozenset({SyncState.OFFLINE, SyncState.DENIED, SyncState.THROTTLED})

Printer = Callable[[Sequence[Row]], None]


async def watch(client: Client, options: argparse.Namespace, wanted: Wanted, form: Format) -> int:
    """Print until cancelled; a lost connection is told on standard error and taken up again."""
    resource = await client.kind(wanted.kind)
    if "watch" not in resource.verbs:
        raise UsageError(f"{resource.id} cannot be watched", remedy="Leave out -w")
    scope = client.scope(options) if resource.namespaced else Scope()
    view = View(resource, options, all_namespaces=resource.namespaced and not scope.single)
    fields = options.field_selector
    if wanted.names:
        fields = f"metadata.name={wanted.names[0]}"
    whole = not form.tabular and form.name != "name"
    hub = Hub(client.transport, clock=client.clock)
    subscription = hub.subscribe(
        resource,
        scope,
        WholeProjection() if whole else view.spec.projection(),
        label_selector=options.selector,
        field_selector=fields,
    )
    try:
        if form.tabular:
            printer = _table_printer(client, view, subscription, header=not options.no_headers)
        elif form.name == "name":
            printer = lambda rows: print("\n".join(name_of(resource, row.name) for row in rows))  # noqa: E731
        else:
            printer = _object_printer(form, options)
        await _follow(subscription, printer)
    finally:
        subscription.close()
        await hub.close()
    return 0


async def _follow(subscription: Subscription, printer: Printer) -> None:
    """Print what each drain brings; rows that only went away are printed as they last were, as kubectl does."""
    wake = asyncio.Event()
    subscription.on_wake = wake.set
    known: dict[str, Row] = {}
    told = SyncState.IDLE
    while True:
        if not known and not subscription.synced and subscription.status.state not in _TROUBLE:
            # The first table is printed whole, so that its widths fit every row.
            wake.clear()
            await wake.wait()
            continue
        changes = subscription.drain()
        rows = subscription.rows()
        if changes.reset:
            changed = [row for key, row in rows.items() if not _same(known.get(key), row)]
            gone = [row for key, row in known.items() if key not in rows]
            known = dict(rows)
        else:
            changed = list(changes.upserts.values())
            gone = [known.pop(key) for key in changes.removed if key in known]
            known.update(changes.upserts)
        if changed or gone:
            printer([*changed, *gone])
            sys.stdout.flush()
        told = _tell(subscription.status, told)
        wake.clear()
        await wake.wait()


def _same(before: Row | None, row: Row) -> bool:
    return before is not None and (before.uid, before.resource_version) == (row.uid, row.resource_version)


def _tell(status: SyncStatus, told: SyncState) -> SyncState:
    """Say on standard error when the watch is in trouble, and when it is well again."""
    if status.state in _TROUBLE and status.state is not told:
        print(f"{status.state.value}: {status.detail}", file=sys.stderr)
        return status.state
    if status.state is SyncState.LIVE and told in _TROUBLE:
        print("live again", file=sys.stderr)
        return SyncState.LIVE
    return told


def _table_printer(client: Client, view: View, subscription: Subscription, *, header: bool) -> Printer:
    writer: TableWriter | None = None

    def show(rows: Sequence[Row]) -> None:
        nonlocal writer
        first = writer is None
        if writer is None:
            view.choose_columns(subscription.columns)
            writer = TableWriter(view.titles)
        ctx = RowContext(now=client.now)
        cells = [view.cells(row, ctx) for row in view.sorted(rows, ctx)]
        print("\n".join(writer.lines(cells, header=header and first)))

    return show


def _object_printer(form: Format, options: argparse.Namespace) -> Printer:
    writer = TableWriter([title for title, _ in form.columns])
    first = not options.no_headers

    def show(rows: Sequence[Row]) -> None:
        nonlocal first
        items = as_objects(rows)
        if form.name == "custom-columns":
            print("\n".join(writer.lines([custom_row(item, form.columns) for item in items], header=first)))
            first = False
            return
        for item in items:
            if form.name == "yaml":
                print("---")
            print_document(item if options.show_managed_fields else without_managed_fields(item), form.name)

    return show
