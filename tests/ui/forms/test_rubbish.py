"""Rubbish typed and pasted into every field of every form: refused or answered beside the field, never an end."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k9py.core.errors import K9Error
from k9py.core.refs import ApiResource
from k9py.manifests.forms.fields import Input
from k9py.manifests.forms.model import FormModel
from k9py.manifests.forms.registry import FORMS, form_for
from k9py.manifests.forms.sheet import Sheet
from k9py.manifests.kinds import Kinds, bundled
from k9py.ui.forms.checking import Checks
from k9py.ui.forms.filling import fill
from k9py.ui.forms.line import LineEdit
from k9py.ui.forms.rows import FormRow, RowKind, in_words, rows_of

RUBBISH = {
    "nothing": "", "blanks": "   ", "letters": "abc", "zero": "0", "too high": "65536", "below zero": "-5",
    "a fraction": "80.5", "too long": "x" * 300, "emoji": "🙂👩‍👩‍👧", "right to left": "\u202eشبكة مرحبا",
    "NUL": "a\x00b", "lines": "one: [\r\n- two\n{{{\nthree", "no image": "Nginx::latest@sha", "signs": "'\"{[&*!%@`",
    "umlauts": "münchen", "too big a number": "1e400", "a date": "2024-01-01", "infinity": ".inf", "a tilde": "~",
    "half a list": "[1,2", "equals": "a=b=c", "colons": "a: b: c", "a lone surrogate": "\ud800",
}  # fmt: skip
WITH_PODS = frozenset({"CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"})
"""Kinds whose fields are mostly those of a Pod, which is tried with everything."""
KINDS = sorted({kind for _, kind in FORMS})


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return bundled()


def resource(kinds: Kinds, kind: str) -> ApiResource:
    version = next(version for version, name in FORMS if name == kind)
    found = kinds.of(version, kind)
    assert found is not None
    return found


def new_sheet(kinds: Kinds, kind: str) -> Sheet:
    """Return a new object of a kind with one item in every list, two levels deep."""
    form = form_for(resource(kinds, kind), kinds)
    sheet = Sheet.of_models(kinds, [FormModel.new(form, kinds, "web", namespace="shop" if form.namespaced else "")])
    for _ in range(2):
        for row in rows(sheet):
            if row.kind is RowKind.LIST and not row.text:
                sheet.change(sheet.parts[0], partial(FormModel.add_item, id=row.id))
    return sheet


def rows(sheet: Sheet) -> list[FormRow]:
    return list(rows_of(sheet, advanced=True))


def fields(sheet: Sheet) -> list[FormRow]:
    return [row for row in rows(sheet) if row.is_focused and row.kind is not RowKind.LIST and not row.refusal]


def typed(row: FormRow, text: str) -> str:
    """Return what stands in the line after a text was pasted there."""
    line = LineEdit("", lines=row.takes_lines)
    line.insert(text)
    return line.text


@pytest.mark.parametrize("kind", KINDS)
def test_rubbish_in_every_field_of_a_form_is_refused_in_words_or_taken(kind: str, kinds: Kinds) -> None:
    names = ("lines",) if kind in WITH_PODS else ("lines", "too long", "signs") if kind == "Pod" else RUBBISH
    for name, text in ((name, RUBBISH[name]) for name in names):
        sheet, refused = new_sheet(kinds, kind), list[str]()
        for row in fields(sheet):
            try:
                fill(sheet, row, typed(row, text))
            except K9Error as error:
                refused.append(in_words(error.with_remedy()))
        assert all(refused), name
        told = Checks(sheet, "shop").told()
        assert all(finding.problem.text for finding in told.findings), name
        assert list(rows_of(sheet, advanced=True, findings=told.findings)), name
        sheet.text = sheet.text  # what was taken is read again as it stands
        assert sheet.broken is None, (name, sheet.text)


@pytest.mark.parametrize("kind", ["Ingress", "NetworkPolicy", "Service"])
@pytest.mark.parametrize("port", ["0", "65536", "-1", "80.5"])
def test_a_port_that_cannot_be_is_answered_at_its_field_in_every_form(kind: str, port: str, kinds: Kinds) -> None:
    seen: dict[str, Any] = {}
    start = new_sheet(kinds, kind)
    for row in fields(start):
        if row.input is not Input.PORT or row.kind is not RowKind.FIELD:
            continue
        sheet = new_sheet(kinds, kind)
        try:
            fill(sheet, row, port)
        except K9Error as error:
            seen[row.id] = str(error)
            continue
        found = [one for one in sheet.findings() if one.owner == row.id and one.problem.is_error]
        seen[row.id] = found[0].problem.text if found else ""
    silent = [name for name, said in seen.items() if not said and not (port == "0" and name.endswith("targetPort"))]
    assert silent == []
