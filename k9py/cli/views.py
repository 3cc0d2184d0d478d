"""A kind as a plain table: which of its columns a command prints, in which order, with which text."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from k9py.cli.formats import name_of
from k9py.core.errors import UsageError
from k9py.core.jsonpath import JsonPath, as_text
from k9py.core.refs import ApiResource
from k9py.kube.rows import Row, TableColumn
from k9py.resources.model import Column, RowContext
from k9py.resources.registry import spec_for

_LIVE_ONLY = re.compile(r"(cpu|mem)(%r|%l|~)?|endpoints|pods")
"""Columns that need samples or other watched kinds, which a plain list has not; ``k9py top`` has the samples."""

_SORT_PATHS = {".metadata.name": "name", ".metadata.namespace": "namespace", ".metadata.creationTimestamp": "age"}
"""What people are used to write behind ``--sort-by``, by the column that shows it."""


class View:
    """One kind's table for one command."""

    def __init__(
        self, resource: ApiResource, options: argparse.Namespace, *, all_namespaces: bool, prefixed: bool = False
    ) -> None:
        self.resource = resource
        self.spec = spec_for(resource)
        self.titles: list[str] = []
        self._wide: bool = options.output == "wide"
        self._labels: bool = options.show_labels
        self._sort_by = options.sort_by
        self._all_namespaces = all_namespaces
        self._prefixed = prefixed
        self._every: tuple[Column, ...] = ()
        self._columns: list[Column] = []

    def choose_columns(self, server: tuple[TableColumn, ...]) -> None:
        """Fix the columns, now that the server's own are known where the kind uses them."""
        self._every = self.spec.columns(server)
        self._columns = [column for column in self._every if self._shown(column)]
        self.titles = [column.title for column in self._columns]

    def _shown(self, column: Column) -> bool:
        if column.id == "namespace":
            return self._all_namespaces
        if column.id == "labels":
            return self._labels
        return (not column.wide or self._wide) and not (column.live and _LIVE_ONLY.fullmatch(column.id))

    def table(self, rows: Sequence[Row], server: tuple[TableColumn, ...], now: float) -> list[list[str]]:
        """Return the cells of all rows in order."""
        self.choose_columns(server)
        ctx = RowContext(now=now)
        return [self.cells(row, ctx) for row in self.sorted(rows, ctx)]

    def cells(self, row: Row, ctx: RowContext) -> list[str]:
        """Return the texts of one row."""
        return [
            name_of(self.resource, row.name) if self._prefixed and column.id == "name" else column.text(row, ctx)
            for column in self._columns
        ]

    def sorted(self, rows: Sequence[Row], ctx: RowContext) -> list[Row]:
        """Return the rows in the order asked for, else the server's. Raises UsageError for no such column."""
        if not self._sort_by:
            return list(rows)
        word = _SORT_PATHS.get(self._sort_by.strip("{}"), self._sort_by).lower()
        known = {name: column for column in self._every for name in (column.title.lower(), column.id)}
        if word not in known:
            guess = get_close_matches(word, known, n=1)
            remedy = f"Did you mean {guess[0]}?" if guess else f"Columns: {', '.join(c.id for c in self._every)}"
            raise UsageError(f"no column {self._sort_by!r} in {self.resource.id}", remedy=remedy)
        column = known[word]
        return sorted(rows, key=lambda row: column.sort(row, ctx))


def sorted_objects(items: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Return whole objects in the order of a JSONPath's first value; objects without one come first."""
    compiled = JsonPath(path)

    def key(item: dict[str, Any]) -> tuple[int, float, str]:
        values = compiled.find(item)
        if not values:
            return (0, 0.0, "")
        value = values[0]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return (1, float(value), "") if number else (2, 0.0, as_text(value))

    return sorted(items, key=key)
