"""The signs on the screen, each with an ASCII twin of the same width."""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One sign per meaning. Every sign is one cell wide in every terminal; ambiguous widths are avoided."""

    cursor: str = "▸"
    """In front of the selected row."""
    marked: str = "◆"
    """In front of a row that a person marked."""
    new: str = "+"
    changed: str = "~"
    going: str = "-"
    raised: str = "▲"
    """Behind a number that went up."""
    bad: str = "✖"
    """Behind a state that is a failure."""
    warn: str = "!"
    """Behind a value that is close to its limit."""
    busy: str = "…"
    """Behind a state that is on its way to another."""
    ellipsis: str = "…"
    """Where a text was cut."""
    ascending: str = "↑"
    descending: str = "↓"
    more_left: str = "‹"
    """In the header: columns are hidden to the left."""
    more_right: str = "›"
    live: str = "●"
    resuming: str = "◐"
    offline: str = "○"
    down: str = "▾"
    """Behind something that opens."""
    rule: str = "─"
    wall: str = "│"
    bar: str = "▁▂▃▄▅▆▇█"
    """Levels of a sparkline, lowest first."""
    gap: str = "·"
    """A sample that is missing; also stands for a character that cannot be shown."""
    enter: str = "⏎"
    shift: str = "⇧"
    margin: str = "▍"
    """Beside the lines of the field that has the focus."""
    arrow: str = "→"
    done: str = "✔"
    separator: str = "·"
    """Between two parts of a line."""

    def own(self, text: str) -> str:
        """Return a text with the signs that our own words use in this set; each has a twin of one cell."""
        return text if self.separator == "·" else text.translate(_TWINS)


_TWINS = {ord(sign): twin for sign, twin in zip("·…→•─│▸", "-~>*-|>", strict=True)} | dict.fromkeys(
    range(0x2400, 0x2440), "?"
)
"""Signs in sentences, descriptions and control pictures, and what stands for them where there is only ASCII."""

UNICODE = Glyphs()

ASCII = Glyphs(
    cursor=">",
    marked="*",
    raised="^",
    bad="x",
    busy="~",
    ellipsis="~",
    ascending="^",
    descending="v",
    more_left="<",
    more_right=">",
    live="*",
    resuming="o",
    offline="!",
    down="v",
    rule="-",
    wall="|",
    bar="_.:-=+*#",
    gap=".",
    enter="ret",
    shift="shift-",
    margin="|",
    arrow="->",
    done="ok",
    separator="-",
)
"""For LC_ALL=C, TERM=linux, or by setting."""
