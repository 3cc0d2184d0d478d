"""Which columns a pane shows at which width, and how names are cut."""

from __future__ import annotations

import pytest

from k9py.resources.cells import percent_text
from k9py.resources.events import EVENTS
from k9py.resources.nodes import NODES
from k9py.resources.podkind import PODS
from k9py.resources.workloads import SPECS as WORKLOADS
from k9py.ui.celltext import squeeze
from k9py.ui.columnlayout import lay_out
from k9py.ui.glyphs import UNICODE
from k9py.ui.rowpaint import GUTTER, RowPainter

DEPLOYMENTS = WORKLOADS[0]

CONTENTS = {"name": 30, "namespace": 11, "status": 18, "labels": 40, "cpu%l": 3, "mem%l": 3}
"""Cells of the widest contents; every other column is filled by its title."""


def shown(width: int, *, namespaces: bool = True, extra: bool = False) -> list[str]:
    """Return the ids of the pod columns in a pane of this width."""
    columns = [c for c in PODS.columns(()) if (extra or not c.wide) and (namespaces or c.id != "namespace")]
    titles = [len(column.title) for column in columns]
    contents = [CONTENTS.get(column.id, 4) for column in columns]
    return [columns[slot.index].id for slot in lay_out(columns, contents, titles, width - GUTTER).slots]


def test_memory_stands_against_its_limit_at_80_columns_with_and_without_namespaces() -> None:
    assert shown(80) == ["namespace", "name", "ready", "status", "restarts", "cpu", "mem", "mem%l", "age"]
    assert {"cpu%l", "mem%l"} <= set(shown(80, namespaces=False))


def test_numbers_are_never_cut_while_another_column_could_go() -> None:
    columns = [column for column in NODES.columns(()) if not column.wide]
    contents = [{"name": 12, "status": 24, "roles": 13, "pods": 6}.get(column.id, 5) for column in columns]
    layout = lay_out(columns, contents, [len(column.title) for column in columns], 77)
    widths = {columns[slot.index].id: slot.width for slot in layout.slots}
    assert widths["pods"] == 6
    assert {"cpu", "mem", "mem%l"} <= widths.keys()


def test_wide_columns_come_by_themselves_where_they_take_nothing_from_the_others() -> None:
    usual = set(shown(240))
    more = shown(240, extra=True)
    assert usual < set(more)
    assert set(shown(160, extra=True)) >= set(shown(160))
    assert "labels" not in shown(200, extra=True)


@pytest.mark.parametrize(
    ("name", "cells", "text"),
    [
        ("api-7d9c6b5f4-2xk8p", 19, "api-7d9c6b5f4-2xk8p"),
        ("api-7d9c6b5f4-2xk8p", 18, "api-7d9c6b5…-2xk8p"),
        ("api-7d9c6b5f4-2xk8p", 12, "api-7d9…xk8p"),
        ("web", 2, "w…"),
        ("データベース-0", 8, "データ…"),
    ],
)
def test_a_name_that_is_too_long_keeps_its_end(name: str, cells: int, text: str) -> None:
    assert squeeze(name, cells) == text


def test_a_share_never_takes_more_than_three_cells() -> None:
    assert [percent_text(value) for value in (0.4, 99.6, 999.4, 1023.0, 12_345.0)] == ["0", "100", "999", "10x", "123x"]


def test_a_name_is_readable_before_columns_that_say_more_of_the_same_get_a_place() -> None:
    columns = [column for column in PODS.columns(()) if not column.wide]
    contents = [{"name": 33, "namespace": 13, "status": 7, "restarts": 9}.get(column.id, 4) for column in columns]
    layout = lay_out(columns, contents, [len(column.title) for column in columns], 77)
    widths = {columns[slot.index].id: slot.width for slot in layout.slots}
    assert widths["name"] >= 21
    assert "mem%l" in widths
    assert "cpu%l" not in widths


def test_a_short_name_takes_no_more_than_it_is_long_where_others_are_cut() -> None:
    columns = [column for column in NODES.columns(()) if not column.wide]
    contents = [{"name": 6, "status": 26, "roles": 13}.get(column.id, 5) for column in columns]
    layout = lay_out(columns, contents, [len(column.title) for column in columns], 77)
    widths = {columns[slot.index].id: slot.width for slot in layout.slots}
    assert widths["name"] == 6
    assert widths["roles"] >= len("<none>")


def test_room_behind_a_name_is_filled_by_a_wide_column_though_not_all_of_it_fits() -> None:
    columns = DEPLOYMENTS.columns(())
    contents = [{"name": 20, "images": 200, "labels": 200}.get(column.id, 4) for column in columns]
    layout = lay_out(columns, contents, [len(column.title) for column in columns], 130)
    widths = {columns[slot.index].id: slot.width for slot in layout.slots}
    assert widths["name"] == 20
    assert widths["images"] > 16
    assert sum(widths.values()) + len(widths) - 1 == 130


def test_the_column_the_rows_are_sorted_by_always_has_a_place() -> None:
    columns = [column for column in PODS.columns(()) if not column.wide]
    contents = [{"name": 33, "namespace": 13, "status": 18}.get(column.id, 4) for column in columns]
    for column in columns:
        layout = lay_out(columns, contents, [len(each.title) for each in columns], 77, sorted_by=column)
        assert {"name", column.id} <= {columns[slot.index].id for slot in layout.slots}
        assert all(slot.x + slot.width <= 77 for slot in layout.slots)


def test_a_title_gives_way_to_its_short_form_before_its_sort_mark_is_cut() -> None:
    (column,) = (each for each in EVENTS.columns(()) if each.id == "last-seen")
    painter = RowPainter((column,), UNICODE)
    for width, title in ((9, "SEEN↑"), (10, "LAST SEEN↑")):
        painter.layout = lay_out((column,), (4,), (width,), width)
        assert painter.header(column, descending=False).text.strip() == title


def test_text_keeps_a_blank_from_the_sign_of_the_number_before_it_where_there_is_room() -> None:
    columns = [column for column in DEPLOYMENTS.columns(()) if column.id in ("name", "ready", "available", "images")]
    titles = [len(column.title) for column in columns]
    layout = lay_out(columns, [12, 4, 4, 30], titles, 90, every=True)
    assert [slot.gap for slot in layout.slots] == [1, 1, 2, 1]
    last = layout.slots[-1]
    assert last.x + last.width <= layout.width
