"""Order, filter and change of the rows behind a table."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from k9py.kube.rows import Row
from k9py.resources.cells import NAME
from k9py.resources.model import Column, RowContext, SortKey
from k9py.ui.rowmodel import RowModel
from tests.ui_table.sample import columns, pod

RESTARTS = next(column for column in columns() if column.id == "restarts")
CPU = next(column for column in columns() if column.id == "cpu")


def names(model: RowModel) -> list[str]:
    return [row.name for row in model]


def filled(*rows: Row, sort: Column | None = None, descending: bool = False) -> RowModel:
    model = RowModel()
    model.set_sort(sort, descending=descending)
    model.reset(rows)
    return model


def test_rows_of_equal_value_stay_in_the_order_of_their_names_in_both_directions() -> None:
    rows = [pod("c", restarts=1), pod("a", restarts=1), pod("b", restarts=2)]
    assert names(filled(*rows, sort=RESTARTS)) == ["a", "c", "b"]
    assert names(filled(*rows, sort=RESTARTS, descending=True)) == ["b", "a", "c"]


def test_a_row_whose_value_is_not_a_number_sorts_below_all_numbers_and_can_be_found_again() -> None:
    model = filled(pod("a", cpu=1.0), pod("b", cpu=float("nan")), pod("c", cpu=-5.0), sort=CPU)
    assert names(model) == ["b", "c", "a"]
    model.apply({}, ["shop/b"], now=0.0)
    assert names(model) == ["c", "a"]


def test_a_broken_row_stands_at_the_end_whatever_the_order() -> None:
    rows = [pod("x", broken="no name"), pod("a", restarts=1), pod("b", restarts=2)]
    assert names(filled(*rows, sort=RESTARTS)) == ["a", "b", "x"]
    assert names(filled(*rows, sort=RESTARTS, descending=True)) == ["b", "a", "x"]


def test_a_row_that_no_longer_passes_the_filter_goes_and_comes_back_when_it_does() -> None:
    model = filled(*(pod(f"p{i}") for i in range(20)))
    model.set_filter(lambda row: getattr(row, "status", "") == "Running")
    delta = model.apply({"shop/p3": pod("p3", status="Pending")}, [], now=0.0)
    assert delta.moved
    assert "p3" not in names(model)
    model.apply({"shop/p3": pod("p3")}, [], now=0.0)
    assert names(model).count("p3") == 1


def test_a_row_ordered_by_its_name_keeps_its_value_except_while_it_is_broken() -> None:
    asked: list[str] = []
    sort = NAME.sort

    def counted(row: Row, context: RowContext) -> SortKey:
        asked.append(row.name)
        return sort(row, context)

    model = filled(*(pod(f"p{i}") for i in range(20)), sort=structs.replace(NAME, sort=counted))
    asked.clear()
    model.apply({"shop/p3": pod("p3", restarts=1)}, [], now=0.0)
    assert asked == []
    model.apply({"shop/p3": pod("p3", broken="no spec")}, [], now=0.0)
    assert names(model)[-1] == "p3"
    model.apply({"shop/p3": pod("p3", restarts=2)}, [], now=0.0)
    assert names(model)[3] == "p3"


def test_another_object_under_the_same_name_is_reported_as_gone_and_counts_as_new() -> None:
    model = filled(*(pod(f"p{i}") for i in range(20)))
    delta = model.apply({"shop/p3": pod("p3", uid="other")}, [], now=7.0)
    assert delta.gone == {"uid-p3"}
    assert model.entries["shop/p3"].born == 7.0


def test_a_change_that_moves_nothing_says_so() -> None:
    model = filled(*(pod(f"p{i}") for i in range(20)), sort=RESTARTS)
    assert not model.apply({"shop/p3": pod("p3", cpu=9)}, [], now=0.0).moved
    assert model.apply({"shop/p3": pod("p3", restarts=9)}, [], now=0.0).moved


def test_sort_keys_are_computed_for_changed_rows_only() -> None:
    asked: list[str] = []

    def restarts(row: Row, _: RowContext) -> int:
        asked.append(row.name)
        return 0

    column = Column(id="r", title="R", text=lambda row, _: "", sort=restarts)
    model = filled(*(pod(f"p{i}") for i in range(50)), sort=column)
    asked.clear()
    model.apply({"shop/p3": pod("p3", restarts=1)}, [], now=0.0)
    assert set(asked) == {"p3"}


@given(st.integers(0, 10_000))
def test_changing_rows_one_by_one_gives_the_same_order_as_sorting_all_of_them(seed: int) -> None:
    chance = random.Random(seed)
    descending = chance.random() < 0.5
    model = filled(sort=RESTARTS, descending=descending)
    model.set_filter(lambda row: "5" not in row.name)
    expected: dict[str, Row] = {}
    for _ in range(30):
        count = chance.choice([1, 1, 2, 30])
        upserts = {
            row.key: row
            for row in (pod(f"p{chance.randrange(60)}", restarts=chance.randrange(4)) for _ in range(count))
        }
        removed = [key for key in chance.sample(sorted(expected), min(len(expected), 2)) if key not in upserts]
        model.apply(upserts, removed, now=0.0)
        for key in removed:
            del expected[key]
        expected |= upserts
    fresh = filled(sort=RESTARTS, descending=descending)
    fresh.set_filter(lambda row: "5" not in row.name)
    fresh.reset(expected.values())
    assert list(model) == list(fresh)
