"""How wide each column is and which ones a pane has room for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from k9py.resources.model import Column

GAP = 1
"""Cells between columns; a number's sign (raised, near its limit) stands in it."""
FLEX_SHARE = 0.2
"""A flexible column keeps this share of the pane before others have to go: 15 cells at 80, a name's start and end …"""
READABLE_SHARE = 0.28
"""… and gets this one, 21 cells at 80 and most names whole, before columns that say more of the same get a place."""
ESSENTIAL_RANK = 15
"""Columns up to this rank are worth more than a whole name: memory against its limit is the last of them."""
WHOLE_RANK = 1
"""Columns of this rank or a lower one are the state people look for …"""
WHOLE = 18
"""… and get so many cells, when they have something to put there, before others get a place: CrashLoopBackOff and a
sign."""
WHOLE_NUMBER = 9
"""Cells a number gets before another column gets a place: ``1023/1100``."""
LEAST_EXTRA = 16
"""Cells from which a wide column is worth its place though not all of it fits; less would show no word of it."""
FROZEN = ("namespace", "name")
"""Columns that stay while the others scroll sideways."""


class Slot(msgspec.Struct, frozen=True):
    """One column on the screen."""

    index: int
    """Position in the table's columns."""
    x: int
    """First cell, from the end of the gutter."""
    width: int
    """Cells for text, the gap behind not counted."""
    right: bool
    gap: int = GAP
    """Cells between this column and the next one."""


class Layout(msgspec.Struct, frozen=True):
    """The columns a pane shows, left to right."""

    slots: tuple[Slot, ...]
    width: int
    """Cells of the pane behind the gutter."""
    hidden_left: bool = False
    hidden_right: bool = False


def natural(column: Column, content: int, title: int) -> int:
    """Return the cells a column would like: its content or title, between its minimum and maximum.

    A flexible column's minimum is for contents that are cut, not for short ones.
    """
    wanted = max(0 if column.flex and content else column.width, content, title)
    return min(wanted, max(column.max_width, title)) if column.max_width else wanted


def _need(column: Column, want: int, width: int, share: float) -> int:
    """Return the cells a column must have to be shown at all, a flexible one this share of the pane."""
    if column.flex:
        return min(want, max(column.width, int(width * share)))
    if column.align == "right" and not column.short:
        # Half a number is a wrong number; one with a short title says the rest in brackets, which may go.
        return min(want, max(column.width, WHOLE_NUMBER))
    return min(want, max(column.width, WHOLE) if column.rank <= WHOLE_RANK else column.width)


def lay_out(columns: Sequence[Column], contents: Sequence[int], titles: Sequence[int], width: int,
            skip: int = 0, *, every: bool = False, sorted_by: Column | None = None) -> Layout:  # fmt: skip
    """Choose columns and widths for ``width`` cells; ``skip`` columns that are not frozen are scrolled away.

    With ``every`` no column is left out for another: what does not fit waits at the right to be scrolled to. Else wide
    columns are shown only where they take nothing from the others. The one ``sorted_by`` always has a place.

    ``contents`` and ``titles`` are the widest cell and the title of each column, in cells.
    """
    wants = [natural(*each) for each in zip(columns, contents, titles, strict=True)]
    needs = [_need(column, want, width, FLEX_SHARE) for column, want in zip(columns, wants, strict=True)]
    readable = [_need(column, want, width, READABLE_SHARE) for column, want in zip(columns, wants, strict=True)]
    chosen = list(range(len(columns)))
    hidden_left = hidden_right = False
    if skip or every:
        moving = [index for index in chosen if columns[index].id not in FROZEN]
        gone = set(moving[:skip])
        hidden_left = bool(gone)
        chosen = [index for index in chosen if index not in gone]
        while len(chosen) > 1 and _total(chosen, needs) > width:
            chosen.pop()
            hidden_right = True
    else:
        kept = ("name", sorted_by.id if sorted_by is not None else "name")
        chosen = [index for index in chosen if not columns[index].wide or columns[index].id in kept]
        while len(chosen) > 1:
            # Of equal rank the one further right goes.
            victim = max(chosen, key=lambda index: (columns[index].id not in kept, columns[index].rank, index))
            if _total(chosen, readable if columns[victim].rank > ESSENTIAL_RANK else needs) <= width:
                break
            chosen.remove(victim)
            hidden_right = True
        chosen = _with_extras(chosen, columns, wants, needs, width)
    widths = _share_out(chosen, columns, wants, needs, readable, width)
    slots: list[Slot] = []
    x = 0
    wide_gaps = _wide_gaps(chosen, columns, needs, widths)
    for index in chosen:
        room = max(0, min(widths[index], width - x))
        gap = GAP + (index in wide_gaps)
        slots.append(Slot(index, x, room, columns[index].align == "right", gap))
        x += room + gap
    return Layout(tuple(slots), width, hidden_left, hidden_right)


def _with_extras(
    chosen: Sequence[int], columns: Sequence[Column], wants: Sequence[int], needs: list[int], width: int
) -> list[int]:
    """Add the wide columns for which there is room once every other one has all it wants, the important ones first.

    What is left then goes to the first of them that did not fit: blanks between a name and its numbers help nobody.
    """
    room = width - _total(chosen, wants)
    extras = [index for index, column in enumerate(columns) if column.wide and index not in chosen]
    found = list(chosen)
    missing = []
    for index in sorted(extras, key=lambda index: columns[index].rank):
        if wants[index] + GAP <= room:
            room -= wants[index] + GAP
            needs[index] = wants[index]
            found.append(index)
        elif columns[index].align == "left":
            missing.append(index)
    if missing and room > LEAST_EXTRA:
        needs[missing[0]] = room - GAP
        found.append(missing[0])
    return sorted(found)


def _total(chosen: Sequence[int], needs: Sequence[int]) -> int:
    return sum(needs[index] for index in chosen) + GAP * (len(chosen) - 1)


def _wide_gaps(
    chosen: Sequence[int], columns: Sequence[Column], needs: Sequence[int], widths: dict[int, int]
) -> frozenset[int]:
    """Return the columns behind which a second blank stands, and take it from one that has cells to spare.

    A number's sign fills the gap behind it; text that begins right there would be read as one word with it.
    """
    found = set()
    flexible = [index for index in chosen if columns[index].flex]
    for index, following in pairwise(chosen):
        if columns[index].align != "right" or columns[index].tone is None or columns[following].align == "right":
            continue
        donor = next((one for one in [*flexible, following] if widths[one] > needs[one]), None)
        if donor is not None:
            widths[donor] -= 1
            found.add(index)
    return frozenset(found)


def _share_out(
    chosen: Sequence[int],
    columns: Sequence[Column],
    wants: Sequence[int],
    needs: Sequence[int],
    readable: Sequence[int],
    width: int,
) -> dict[int, int]:
    """Give columns what they want as far as it goes: state first, then readable names, then the rest by rank.

    What is left over then goes to the first flexible one.
    """
    widths = {index: needs[index] for index in chosen}
    left = width - _total(chosen, needs)
    flexible = [index for index in chosen if columns[index].flex]
    fixed = sorted((index for index in chosen if not columns[index].flex), key=lambda index: columns[index].rank)
    state = [(index, wants[index]) for index in fixed if columns[index].rank <= WHOLE_RANK]
    names = [(index, readable[index]) for index in flexible]
    for index, most in [*state, *names, *((index, wants[index]) for index in [*fixed, *flexible])]:
        more = max(0, min(left, most - widths[index]))
        widths[index] += more
        left -= more
    if left > 0 and flexible:
        widths[flexible[0]] += left
    return widths
