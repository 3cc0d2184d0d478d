"""Lists for one command: pages through a kind's projection, single objects, whole objects."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from k9py.core.errors import ApiError, Gone
from k9py.core.refs import ApiResource, Scope
from k9py.kube.rows import Page, Projection, Row, TableColumn
from k9py.kube.watching import PAGE_SIZE, Source
from k9py.kube.wholes import WholeProjection, WholeRow
from k9py.resources.model import KindSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k9py.kube.wire import Transport


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector off while a list is built: it would walk all rows again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def pages(transport: Transport, source: Source, *, limit: int = PAGE_SIZE) -> AsyncIterator[Page]:
    """Yield the pages of one list."""
    token = ""
    while True:
        query = source.list_query(limit=limit, continue_token=token)
        answer = await transport.request("GET", source.path, query=query, headers=source.headers)
        page = source.projection.page(answer.body)
        yield page
        token = page.continue_token
        if not token:
            return


async def list_rows(
    transport: Transport,
    resource: ApiResource,
    scope: Scope,
    projection: Projection,
    *,
    label_selector: str = "",
    field_selector: str = "",
) -> tuple[list[Row], tuple[TableColumn, ...]]:
    """Return all rows of a kind in a scope, and the server's columns where it sends Tables."""
    rows: list[Row] = []
    columns: tuple[TableColumn, ...] = ()
    namespaces = scope.namespaces if resource.namespaced and not scope.all else ("",)
    with collector_paused():
        for namespace in namespaces:
            source = Source(resource, namespace, projection, label_selector, field_selector)
            for page in await _whole_list(transport, source):
                rows += page.rows
                columns = page.columns or columns
    return rows, columns


async def _whole_list(transport: Transport, source: Source) -> list[Page]:
    """Return every page; where one expired on the way, the list anew and in one piece, as kubectl does."""
    try:
        return [page async for page in pages(transport, source)]
    except Gone:
        return [page async for page in pages(transport, source, limit=0)]


def _raised(error: ApiError) -> None:
    raise error


async def named_rows(
    transport: Transport,
    resource: ApiResource,
    namespace: str,
    names: Sequence[str],
    spec: KindSpec | None,
    *,
    tell: Callable[[ApiError], None] = _raised,
) -> tuple[list[Row], tuple[TableColumn, ...]]:
    """Return the rows of objects by name; whole ones without a ``spec``.

    One that cannot be had goes to ``tell`` and the others are read all the same.
    """
    projection: Projection = spec.projection() if spec else WholeProjection()
    rows: list[Row] = []
    columns: tuple[TableColumn, ...] = ()
    for name in names:
        path = resource.gvr.path(namespace if resource.namespaced else "", name)
        try:
            answer = await transport.request("GET", path, query=projection.query, headers={"Accept": projection.accept})
        except ApiError as error:
            tell(error)
            continue
        if spec is None or spec.typed:
            rows.append(projection.item(answer.body))
        else:
            page = projection.page(answer.body)
            rows += page.rows
            columns = page.columns or columns
    return rows, columns


def as_objects(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the whole objects behind rows of ``WholeProjection``."""
    return [json.loads(row.body) for row in rows if isinstance(row, WholeRow)]
