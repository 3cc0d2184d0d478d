"""Families of cases whose answers are tables: columns, cells, refusals with their causes, defaults.

The inputs are in samples.yaml, invalid.yaml and sparse.yaml, the answers of the real server in recorded/. Against the
real server they say that the recordings are true, against the simulator that it answers alike.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract import asking
from tests.contract.client import Api
from tests.contract.space import Space

COLUMNS = asking.recorded("columns")
SAMPLES, CELLS = asking.load_cases("samples"), asking.recorded("cells")
INVALID, REFUSALS = asking.load_cases("invalid"), asking.recorded("refusals")
SPARSE, DEFAULTS = asking.load_cases("sparse"), asking.recorded("defaults")


@pytest.mark.parametrize("plural", sorted(COLUMNS))
async def test_the_columns_of_a_kind(api: Api, plural: str) -> None:
    assert await asking.columns(api, plural) == COLUMNS[plural]


@pytest.mark.parametrize("case", sorted(case for case in SAMPLES if "status" not in SAMPLES[case]))
async def test_the_cells_of_an_object(common: Space, case: str) -> None:
    assert await asking.cells(common, SAMPLES[case]) == CELLS[case]


@pytest.mark.parametrize("case", sorted(case for case in SAMPLES if "status" in SAMPLES[case]))
async def test_the_cells_of_an_object_with_a_status(space: Space, case: str) -> None:
    assert await asking.cells(space, SAMPLES[case]) == CELLS[case]


@pytest.mark.parametrize("case", sorted(case for case in INVALID if "change" not in INVALID[case]))
async def test_what_is_wrong_is_refused_with_its_causes(common: Space, case: str) -> None:
    found: list[Any] = await asking.refusal(common, INVALID[case])
    assert found == REFUSALS[case]


@pytest.mark.parametrize("case", sorted(case for case in INVALID if "change" in INVALID[case]))
async def test_a_change_that_must_not_be_is_refused_with_its_causes(space: Space, case: str) -> None:
    found: list[Any] = await asking.refusal(space, INVALID[case])
    assert found == REFUSALS[case]


@pytest.mark.parametrize("case", sorted(SPARSE))
async def test_what_is_left_out_is_filled_in(common: Space, case: str) -> None:
    assert await asking.completed(common, SPARSE[case]) == DEFAULTS[case]
