"""What a typed text means in a row of a form, and what becomes of the sheet by it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from k9py.core.errors import UsageError
from k9py.manifests.forms.model import FormModel
from k9py.manifests.forms.sheet import Part, Sheet
from k9py.ui.forms.rows import OPTIONS, FormRow, Place, RowKind

_SEVERAL = re.compile(r"\s*[\w./-]+=[^,=\s]*(?:\s*,\s*[\w./-]+=[^,=\s]*)+\s*")
_ITEM = re.compile(r"(?P<list>.*)\[(?P<index>\d+)\](?:\.[^\[\]]*)?", re.DOTALL)
_OF_LABELS = ("labels", "matchLabels", "selector", "nodeSelector", "podSelector", "annotations", "podLabels")
"""Maps whose values hold no commas, so that several pairs may be typed at once."""


@dataclass(frozen=True, slots=True)
class ItemPlace:
    """An item of a list that a row is in."""

    list_id: str
    index: int


def item_of(row: FormRow) -> ItemPlace | None:
    """Return the innermost item a row is in; None when it is in none."""
    match = _ITEM.fullmatch(row.id) if row.kind is not RowKind.LIST else _ITEM.fullmatch(row.id.rpartition(".")[0])
    return ItemPlace(match["list"], int(match["index"])) if match is not None else None


def fill(sheet: Sheet, row: FormRow, text: str) -> Place | None:
    """Take what was typed in a row; returns the row to go to when another one follows from it.

    Raises UsageError, InputError or YamlError with nothing changed.
    """
    if row.part == OPTIONS:
        sheet.set_option(row.id, text)
        return None
    part = part_of(sheet, row)
    if row.kind is RowKind.MAP:
        return _fill_map(sheet, part, row, text)
    if text == "" and row.kind is RowKind.FIELD:
        sheet.change(part, lambda model: model.clear(row.id))
    else:
        sheet.set(part, row.id, text)
    return None


def _fill_map(sheet: Sheet, part: Part, row: FormRow, text: str) -> Place | None:
    """Take ``key=value``; a key alone is made and its value is typed next."""
    if not text.strip():
        return None
    pieces = [text]
    if row.path and str(row.path[-1]) in _OF_LABELS and _SEVERAL.fullmatch(text):
        pieces = text.split(",")
    pairs = []
    for piece in pieces:
        key, equals, value = piece.partition("=")
        key = key.strip()
        if not key or any(char.isspace() for char in key):
            raise UsageError(f"{key!r} cannot be a key", remedy="Write key=value")
        pairs.append((key, value if len(pieces) == 1 else value.strip(), bool(equals)))

    def put(model: FormModel) -> None:
        for key, value, _ in pairs:
            model.set(f"{row.id}.{key}", value)

    sheet.change(part, put)
    key, _, is_whole = pairs[-1]
    return None if is_whole else (row.part, RowKind.PAIR.value, f"{row.id}.{key}")


def remove(sheet: Sheet, row: FormRow) -> str:
    """Take a key of a map, the item a row is in, or a value away; returns what was removed. Raises UsageError."""
    if row.part == OPTIONS:
        raise UsageError("an option cannot be removed", remedy="Empty it, or say no")
    part = part_of(sheet, row)
    model = part.model
    assert model is not None
    if row.kind is RowKind.PAIR:
        sheet.change(part, lambda model: model.clear(row.id))
        return row.label
    item = item_of(row)
    if item is not None:
        sheet.change(part, lambda model: model.remove_item(item.list_id, item.index))
        return f"{item.list_id.rpartition('.')[2]} {item.index + 1}"
    if any(field.id == row.id for field in model.added):
        sheet.change(part, lambda model: model.clear(row.id))
        model.added = [field for field in model.added if field.id != row.id]
        return row.label
    if row.kind is RowKind.LIST:
        raise UsageError("go to the item that shall go", remedy="ctrl+d removes the one the cursor is in")
    sheet.change(part, lambda model: model.clear(row.id))
    return row.label


def move(sheet: Sheet, row: FormRow, by: int) -> str:
    """Move the item a row is in up or down among its neighbours; returns the row's id afterwards. Raises UsageError."""
    item = item_of(row) if row.part != OPTIONS else None
    if item is None:
        raise UsageError("only items of a list can be moved")
    to = sheet.change(part_of(sheet, row), lambda model: model.move_item(item.list_id, item.index, by))
    return f"{item.list_id}[{to}]{row.id[len(f'{item.list_id}[{item.index}]') :]}"


def part_of(sheet: Sheet, row: FormRow) -> Part:
    """Return the part of a row; raises UsageError when it is gone."""
    part = sheet.part_of(row.part)
    if part is None or part.model is None:
        raise UsageError("this object is no longer there")
    return part
