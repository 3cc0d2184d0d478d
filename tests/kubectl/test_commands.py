"""kubectl works on the simulator as it does on a real control plane: same exit status, same fields.

The command lines are in commands/, what they show of the real server in recorded/. Against the real server the cases
say that the recordings are true, against the simulator that it answers alike.
"""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from tests.contract.servers import Server
from tests.kubectl.cases import families, load_cases, recorded
from tests.kubectl.conftest import Shown

CASES = [pytest.param(family, case, id=f"{family}: {case}") for family in families() for case in load_cases(family)]


@pytest.mark.parametrize(("family", "case"), CASES)
async def test_commands_show_what_they_show_of_a_real_server(
    ours: Server, shown: Shown, family: str, case: str
) -> None:
    if ours.kubectl is None:
        pytest.skip("no kubectl: run `python -m tests.cluster build` once")
    wanted, seen = recorded(family)[case], (await shown(ours, family))[case]
    assert [step[0] for step in seen] == [step[0] for step in wanted], "record this case anew"
    differences = [text for one, other in zip(wanted, seen, strict=True) if (text := _difference(one, other))]
    assert not differences, "\n".join(differences)


def _difference(wanted: list[Any], seen: list[Any]) -> str:
    """Return in what a command differs from what was recorded; empty when it does not."""
    if wanted == seen:
        return ""
    lines = [f"$ {wanted[0]}", f"  recorded {wanted[1]}, found {seen[1]}"]
    for one, other in zip(wanted[2:], seen[2:], strict=True):
        lines += difflib.unified_diff(one, other, "recorded", "found", lineterm="", n=1)
    return "\n".join(lines)
