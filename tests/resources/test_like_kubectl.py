"""Cells against what the real kubectl printed for the same objects (see record_kubectl)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k9py.resources.model import RowContext
from k9py.resources.registry import SPECS, known

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "kubectl.json").read_text())
KINDS: dict[str, Any] = RECORDED["kinds"]

AGES = {"AGE", "LAST SEEN", "FIRST SEEN", "DURATION", "LAST SCHEDULE", "CREATED AT"}
"""Texts that depend on the second they were printed in; ages have tests of their own."""

SAME = {"NAMESPACE", "NAME"}


def squeezed(text: str) -> str:
    """Leave out what only alignment makes."""
    return " ".join(text.split())


@pytest.mark.parametrize("kind_id", sorted(KINDS))
def test_every_cell_says_what_kubectl_says(kind_id: str) -> None:
    spec = known(kind_id)
    assert spec is not None
    recorded = KINDS[kind_id]
    body = json.dumps({"kind": "List", "metadata": {}, "items": recorded["items"]}).encode()
    rows = {(row.namespace, row.name): row for row in spec.projection().page(body).rows}
    columns = {column.title: column for column in spec.columns(())}
    context = RowContext(now=RECORDED["recorded"])
    differences = []
    compared = 0
    for cells in recorded["cells"]:
        row = rows[cells.get("NAMESPACE", ""), cells.get("NAME", "").removesuffix(" (default)")]
        for title, printed in cells.items():
            if title in AGES | SAME:
                continue
            ours = squeezed(columns[title].text(row, context))
            compared += 1
            if _without_age(ours) != _without_age(squeezed(printed)):
                differences.append((row.key, title, ours, printed))
    assert not differences
    assert compared or {*recorded["cells"][0]} <= AGES | SAME


def _without_age(text: str) -> str:
    """Cut ``(5m ago)`` from RESTARTS: it depends on the second it was printed in."""
    return text.partition(" (")[0] if text.endswith(" ago)") else text


@pytest.mark.parametrize("kind_id", sorted(KINDS))
def test_no_column_of_kubectl_is_missing(kind_id: str) -> None:
    spec = known(kind_id)
    assert spec is not None
    ours = {column.title for column in spec.columns(())} | {"CREATED AT"}
    assert set(KINDS[kind_id]["cells"][0]) - ours == set()


def test_all_kinds_of_our_own_were_recorded() -> None:
    assert {spec.id for spec in SPECS if spec.typed} == {kind for kind, one in KINDS.items() if one["cells"]}


def test_restarts_say_how_long_ago() -> None:
    spec = known("pods")
    assert spec is not None
    pods = KINDS["pods"]
    body = json.dumps({"kind": "List", "items": pods["items"]}).encode()
    rows = {row.name: row for row in spec.projection().page(body).rows}
    column = next(column for column in spec.columns(()) if column.id == "restarts")
    printed = {cells["NAME"]: squeezed(cells["RESTARTS"]) for cells in pods["cells"]}
    with_age = [name for name, text in printed.items() if text.endswith("ago)")]
    assert with_age
    for name in with_age:
        assert column.text(rows[name], RowContext(now=RECORDED["recorded"])) == printed[name]
