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


@pytest.mark.parametrize("case", sorted(SAMPLES))
async def test_the_cells_of_an_object(space: Space, case: str) -> None:
    assert await asking.cells(space, SAMPLES[case]) == CELLS[case]


@pytest.mark.parametrize("case", sorted(INVALID))
async def test_what_is_wrong_is_refused_with_its_causes(space: Space, case: str) -> None:
    found: list[Any] = await asking.refusal(space, INVALID[case])
    assert found == REFUSALS[case]


@pytest.mark.parametrize("case", sorted(SPARSE))
async def test_what_is_left_out_is_filled_in(space: Space, case: str) -> None:
    assert await asking.completed(space, SPARSE[case]) == DEFAULTS[case]
