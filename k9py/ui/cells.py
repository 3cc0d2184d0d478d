"""A screen as cells: what a line shows, and the pens it is drawn with.

A cell is one text (a character with its combining marks) and one pen. The second cell of a wide character holds an
empty text. Two lines that look the same compare equal, whatever objects they were painted from.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import force_setattr
from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

_SGR_CODES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
"""Codes of Rich's attribute bits, lowest bit first."""
_SEEN_ON_BLANKS = 0b1_1111_0100_1000
"""Attributes that show on a blank: underline, reverse, strike, double underline, frame, encircle, overline."""
_NARROW_RANGES = (
    (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x2FF), (0x370, 0x377), (0x391, 0x482), (0x2010, 0x2027), (0x2030, 0x205E),
    (0x2190, 0x21FF), (0x2500, 0x25FC), (0x2800, 0x28FF),
)  # fmt: skip
"""Characters terminals agree to be one cell wide, as code points."""
_NARROW = frozenset(chr(point) for low, high in _NARROW_RANGES for point in range(low, high + 1))
_WIDE_RANGES = (
    (0x3041, 0x3096),
    (0x30A1, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFF01, 0xFF60),
)
"""Characters terminals agree to be two cells wide."""


class Pen(msgspec.Struct, frozen=True, eq=False):
    """How a cell is drawn. Pens are made by a :class:`Pens` only, so that equal ones are one object."""

    attributes: int
    """Rich's attribute bits."""
    foreground: str
    """SGR parameters; empty for the terminal's own colour."""
    background: str
    link: str
    """The opening hyperlink sequence; empty for none."""
    blank: Pen | None = None
    """What is left of this pen on a blank cell."""

    @property
    def full(self) -> str:
        """SGR parameters that select this pen from any other."""
        codes = ["0", *_codes(self.attributes)]
        codes += [colour for colour in (self.foreground, self.background) if colour]
        return ";".join(codes)


def _codes(attributes: int) -> list[str]:
    return [code for bit, code in enumerate(_SGR_CODES) if attributes & (1 << bit)]


def sgr(old: Pen, new: Pen) -> str:
    """Return the shortest sequence that turns one pen into the other; hyperlinks are not part of it."""
    if old.attributes & ~new.attributes:
        text = new.full
        return "\x1b[m" if text == "0" else f"\x1b[{text}m"
    codes = _codes(new.attributes & ~old.attributes)
    if new.foreground != old.foreground:
        codes.append(new.foreground or "39")
    if new.background != old.background:
        codes.append(new.background or "49")
    if not codes:
        return ""
    short = f"\x1b[{';'.join(codes)}m"
    full = f"\x1b[{new.full}m" if new.full != "0" else "\x1b[m"
    return short if len(short) <= len(full) else full


class Pens:
    """Makes pens from Rich styles for one colour depth; None is no colour."""

    def __init__(self, system: ColorSystem | None) -> None:
        self._system = system
        self._by_style: dict[Style, Pen] = {}
        self._by_look: dict[tuple[int, str, str, str], Pen] = {}
        self.default = self._pen(0, "", "", "")

    def of(self, style: Style | None) -> Pen:
        """Return the pen of a style; None is the terminal's default."""
        if style is None:
            return self.default
        pen = self._by_style.get(style)
        if pen is None:
            pen = self._by_style[style] = self._make(style)
        return pen

    def _make(self, style: Style) -> Pen:
        colours = []
        for colour, is_foreground in ((style.color, True), (style.bgcolor, False)):
            if colour is None or self._system is None:
                colours.append("")
                continue
            codes = ";".join(colour.downgrade(self._system).get_ansi_codes(foreground=is_foreground))
            colours.append("" if codes in {"39", "49"} else codes)
        link = f"\x1b]8;id={style.link_id};{style.link}\x1b\\" if style.link else ""
        foreground, background = colours
        return self._pen(style._attributes & style._set_attributes, foreground, background, link)

    def _pen(self, attributes: int, foreground: str, background: str, link: str) -> Pen:
        look = (attributes, foreground, background, link)
        pen = self._by_look.get(look)
        if pen is not None:
            return pen
        seen = attributes & _SEEN_ON_BLANKS
        # Colour of an underline or of reversed video is the foreground's, so it shows on a blank as well.
        blank_look = (seen, foreground if seen else "", background, link)
        blank = None if blank_look == look else self._pen(*blank_look)
        pen = Pen(attributes, foreground, background, link, blank)
        if blank is None:
            force_setattr(pen, "blank", pen)
        self._by_look[look] = pen
        return pen


class Line:
    """One line of the screen; never changed once it is built."""

    __slots__ = ("_text", "chars", "odd", "pens")

    def __init__(self, chars: list[str], pens: list[Pen], odd: bool) -> None:
        self.chars = chars
        self.pens = pens
        self.odd = odd
        """True when some character's width is not beyond doubt."""
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The characters as one string."""
        if self._text is None:
            self._text = "".join(self.chars)
        return self._text

    def same(self, other: Line) -> bool:
        """Return whether both lines look alike."""
        return self is other or (self.chars == other.chars and self.pens == other.pens)

    @staticmethod
    def blank(width: int, pen: Pen) -> Line:
        """Return an empty line."""
        return Line([" "] * width, [pen] * width, odd=False)


def add_segments(segments: Sequence[Segment], pens: Pens, chars: list[str], used: list[Pen]) -> bool:
    """Append the cells of some segments; returns whether a character of doubtful width is among them."""
    odd = False
    for text, style, control in segments:
        if control:
            continue
        pen = pens.of(style)
        if _NARROW.issuperset(text):
            chars += text
            inked = len(text.rstrip(" "))
            used += [pen] * inked
            if inked < len(text):
                used += [pen.blank or pen] * (len(text) - inked)
            continue
        for cluster, cells in _clusters(text):
            if not cells:
                if chars and chars[-1]:
                    chars[-1] += cluster
                    odd = True
                continue
            odd = odd or not safe(cluster)
            chars.append(cluster)
            chars += [""] * (cells - 1)
            used += [pen] * cells
    return odd


@lru_cache(maxsize=4096)
def _clusters(text: str) -> tuple[tuple[str, int], ...]:
    """Return each character with what belongs to it, and its cells; controls are dropped.

    No cells means that it belongs to the character before, which is in another segment.
    """
    clusters = []
    for start, end, cells in split_graphemes(text)[0]:
        cluster = "".join(c for c in text[start:end] if c.isprintable() or c in "\u200d\ufe0f")
        if cells or cluster:
            clusters.append((cluster or " ", cells))
    return tuple(clusters)


@lru_cache(maxsize=4096)
def safe(cluster: str) -> bool:
    """Return whether terminals agree on the width of a cell's text."""
    if len(cluster) != 1:
        return False
    point = ord(cluster)
    return any(low <= point <= high for low, high in _NARROW_RANGES + _WIDE_RANGES)
