"""Turns rows into strips: cells, tones, signs, gutter, header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from k9py.kube.rows import Row
from k9py.resources.model import Column, Measure, RowContext, Tone
from k9py.ui.celltext import clean, cut, fit, squeeze, width
from k9py.ui.columnlayout import Layout, Slot
from k9py.ui.glyphs import UNICODE, Glyphs
from k9py.ui.rowmodel import Entry

GUTTER = 3
"""Cells in front of the first column: a mark, the cursor or a change sign, a blank."""
FADE = 5.0
"""Seconds a change mark stays: long enough to be seen by somebody who looked away for a moment."""
SIGN_ROOM = 2
"""Cells a sign behind a left-aligned text takes with its blank."""

Change = tuple[str, tuple[int, ...]]
"""The sign in the gutter, and the columns whose number went up."""
NO_CHANGE: Change = ("", ())


class Palette(msgspec.Struct, frozen=True):
    """The styles of one table under one theme."""

    base: Style
    header: Style
    cursor: Style
    tones: Mapping[Tone, Style]
    marked: Style
    changed: Style
    going: Style

    def tone(self, tone: Tone) -> Style:
        """Return the style of a tone; PLAIN is the base."""
        return self.tones.get(tone, self.base)


class RowPainter:
    """Paints rows for one set of columns in one layout; cheap to replace when either changes."""

    def __init__(self, columns: Sequence[Column], glyphs: Glyphs = UNICODE) -> None:
        self.columns = tuple(columns)
        self.glyphs = glyphs
        self.layout = Layout((), 0)
        self.fade = FADE
        """Seconds a change mark stays."""
        self.palette = Palette(*(Style(),) * 3, {}, *(Style(),) * 3)
        self._steady = tuple(index for index, column in enumerate(self.columns) if not column.live)
        self._numbers = tuple(
            index
            for index, column in enumerate(self.columns)
            if column.measure is Measure.NUMBER and column.align == "right" and not column.live
        )
        self._texts = tuple(column.text for column in self.columns)
        self._toned = tuple((index, column.tone) for index, column in enumerate(self.columns) if column.tone)
        self._name = next((index for index, column in enumerate(self.columns) if column.id == "name"), -1)
        self._plain = (Tone.PLAIN,) * len(self.columns)

    # -- what is shown -------------------------------------------------------------------------------------------

    def compute(self, entry: Entry, context: RowContext) -> bool:
        """Bring an entry's cells and tones up to date and return whether any of them differs."""
        entry.stale = False
        row = entry.row
        if row.broken:
            cells: tuple[str, ...] = self._broken_cells(row)
            tones = (Tone.BAD,) * len(self.columns)
        else:
            cells = tuple([text(row, context) for text in self._texts])
            tones = self._plain
            if self._toned:
                changed = list(tones)
                for index, tone in self._toned:
                    changed[index] = tone(row, context)
                tones = tuple(changed)
        if cells == entry.cells and tones == entry.tones:
            return False
        entry.cells, entry.tones = cells, tones
        entry.measured = -1
        return True

    def _broken_cells(self, row: Row) -> tuple[str, ...]:
        """A broken row has only its name; the reason is painted over the other columns."""
        known = {"name": row.name, "namespace": row.namespace}
        return tuple(known.get(column.id, "") for column in self.columns)

    def change(self, entry: Entry, context: RowContext, now: float) -> Change:
        """Return what happened to a row lately; forgets what has faded."""
        row = entry.row
        if entry.before is None and entry.born is None:
            return (self.glyphs.going, ()) if row.deleting else NO_CHANGE
        if entry.born is not None and now - entry.born >= self.fade:
            entry.born = None
        if entry.before is not None and now - entry.since >= self.fade:
            entry.before = None
        before = entry.before
        raised: tuple[int, ...] = ()
        differs = False
        if before is not None and not before.broken and not row.broken:
            differs = any(self._texts[i](before, context) != entry.cells[i] for i in self._steady)
            if differs:
                raised = tuple(i for i in self._numbers if self._raised(i, before, row, context))
        if row.deleting:
            return self.glyphs.going, raised
        if entry.born is not None:
            return self.glyphs.new, raised
        return (self.glyphs.changed, raised) if differs else NO_CHANGE

    def _raised(self, index: int, before: Row, after: Row, context: RowContext) -> bool:
        sort = self.columns[index].sort
        return bool(sort(before, context) < sort(after, context))

    def measure(self, entry: Entry, widths: list[int]) -> bool:
        """Widen ``widths`` to an entry's cells; returns whether any grew."""
        grew = False
        for index, text in enumerate(entry.cells):
            if len(text) * 2 + SIGN_ROOM <= widths[index]:
                continue
            cells = width(clean(text))
            if entry.tones[index] in _SIGNED and self.columns[index].align != "right":
                cells += SIGN_ROOM
            if cells > widths[index]:
                widths[index] = cells
                grew = True
        return grew

    # -- strips --------------------------------------------------------------------------------------------------

    def header(self, sort_column: Column | None, *, descending: bool) -> Strip:
        """Return the line of titles."""
        glyphs = self.glyphs
        left, right = self.layout.hidden_left, self.layout.hidden_right
        parts = [((glyphs.more_left if left else " ") + (glyphs.more_right if right else " ")).ljust(GUTTER)]
        for slot in self.layout.slots:
            column = self.columns[slot.index]
            mark = "" if column is not sort_column else glyphs.descending if descending else glyphs.ascending
            fits = len(column.title) + len(mark) <= slot.width
            title = (column.title if fits or not column.short else column.short) + mark
            parts.append(fit(clean(title), slot.width, right=slot.right, ellipsis=glyphs.ellipsis))
            parts.append(" " * slot.gap)
        total = GUTTER + self.layout.width
        text = fit("".join(parts).rstrip(), total, ellipsis=glyphs.ellipsis)
        return Strip([Segment(text, self.palette.header)], total)

    def titles(self, sort_column: Column | None) -> list[int]:
        """Return the cells each title takes, its sort mark included."""
        return [width(clean(column.title)) + (column is sort_column) for column in self.columns]

    def strip(self, entry: Entry, change: Change, *, cursor: bool, marked: bool) -> Strip:
        """Return one row's line. The cursor's row has one style, so that it is the only inverse thing."""
        palette = self.palette
        runs = _Runs(palette.cursor if cursor else None)
        glyphs = self.glyphs
        sign, raised = change
        runs.add(glyphs.marked if marked else " ", palette.marked if marked else palette.base)
        sign_style = palette.base
        if sign:
            sign_style = palette.going if sign == glyphs.going else palette.changed
        runs.add(sign or (glyphs.cursor if cursor else " "), sign_style)
        runs.add(" ", palette.base)
        if entry.row.broken:
            self._broken_line(entry, runs)
        else:
            for slot in self.layout.slots:
                self._cell(slot, entry, slot.index in raised, runs)
        return runs.strip(GUTTER + self.layout.width, palette.base)

    def _cell(self, slot: Slot, entry: Entry, raised: bool, runs: _Runs) -> None:
        text = clean(entry.cells[slot.index])
        tone = entry.tones[slot.index]
        style = self.palette.tone(tone)
        ellipsis = self.glyphs.ellipsis
        gap = " " * min(slot.gap, self.layout.width - slot.x - slot.width)
        sign = self._tone_sign(tone, right=slot.right)
        if slot.right:
            if " (" in text and width(text) > slot.width:
                # The number says more than its beginning and half of what stands in brackets behind it.
                text = text.partition(" (")[0]
            runs.add(fit(text, slot.width, right=True, ellipsis=ellipsis), style)
            behind = self.glyphs.raised if raised else sign
            if gap:
                # The sign of a number stands in the gap, where it moves nothing.
                runs.add(behind + gap[len(behind) :], style if behind else self.palette.base)
            return
        if slot.index == self._name:
            text = squeeze(text, slot.width, ellipsis)
        if sign and text and not text.endswith(sign) and slot.width > SIGN_ROOM:
            text = f"{cut(text, slot.width - SIGN_ROOM, ellipsis)} {sign}"
        runs.add(fit(text, slot.width, ellipsis=ellipsis), style)
        if gap:
            runs.add(gap, self.palette.base)

    def _tone_sign(self, tone: Tone, *, right: bool) -> str:
        if tone is Tone.BAD:
            return self.glyphs.warn if right else self.glyphs.bad
        return self.glyphs.warn if tone is Tone.WARN else ""

    def _broken_line(self, entry: Entry, runs: _Runs) -> None:
        """Paint what is known up to the name, then the reason over everything that is not."""
        style = self.palette.tone(Tone.BAD)
        for slot in self.layout.slots:
            text = clean(entry.cells[slot.index])
            if self.columns[slot.index].id == "name":
                runs.add(cut(text, slot.width, self.glyphs.ellipsis) + " " * slot.gap, style)
                break
            runs.add(fit(text, slot.width, ellipsis=self.glyphs.ellipsis) + " " * slot.gap, style)
        runs.add(f"{self.glyphs.bad} {clean(entry.row.broken)}", style)

    def message(self, text: str) -> list[Strip]:
        """Return plain text, such as an empty state, in as many lines as it takes: what to do stands at its end."""
        total = GUTTER + self.layout.width
        style = self.palette.tone(Tone.DIM)
        # Blanks between two keys and their meanings are kept where all fits on one line.
        cleaned = clean(text)
        pieces = [cleaned] if width(cleaned) <= self.layout.width else wrap(cleaned, max(1, self.layout.width))
        return [Strip([Segment(fit(" " * GUTTER + one, total), style)], total) for one in pieces or [""]]

    def blank(self) -> Strip:
        """Return an empty line."""
        return Strip.blank(GUTTER + self.layout.width, self.palette.base)


_SIGNED = frozenset({Tone.BAD, Tone.WARN})


class _Runs:
    """Collects text by style, joining neighbours of one style."""

    def __init__(self, forced: Style | None) -> None:
        self._forced = forced
        self._texts: list[str] = []
        self._style: Style | None = None
        self._segments: list[Segment] = []

    def add(self, text: str, style: Style) -> None:
        if self._forced is not None:
            style = self._forced
        if style is not self._style:
            self._close()
            self._style = style
        self._texts.append(text)

    def _close(self) -> None:
        if self._texts:
            self._segments.append(Segment("".join(self._texts), self._style))
            self._texts = []

    def strip(self, total: int, base: Style) -> Strip:
        """Return everything collected, padded or cut to so many cells."""
        self._close()
        taken = sum(width(segment.text) for segment in self._segments)
        if taken < total:
            self._segments.append(Segment(" " * (total - taken), self._forced or base))
        elif taken > total:
            self._cut(taken - total)
        return Strip(self._segments, total)

    def _cut(self, excess: int) -> None:
        """Take so many cells off the end; half a wide character becomes a blank."""
        while excess > 0 and self._segments:
            segment = self._segments.pop()
            cells = width(segment.text)
            if cells > excess:
                kept = fit(cut(segment.text, cells - excess, ""), cells - excess)
                self._segments.append(Segment(kept, segment.style))
                return
            excess -= cells
