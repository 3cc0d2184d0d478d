"""A theme as the screen uses it: a style per meaning, for the colours this terminal has, and the signs to draw."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from rich.color import Color
from rich.style import Style

from k9py.config.themes import Role, Theme
from k9py.resources.model import Tone
from k9py.ui.glyphs import UNICODE, Glyphs


class Depth(Enum):
    """How many colours the terminal has."""

    NONE = "none"
    ANSI16 = "16"
    ANSI256 = "256"
    TRUE = "truecolor"


_ROLE_OF = {
    Tone.PLAIN: "text",
    Tone.OK: "ok",
    Tone.WARN: "warn",
    Tone.BAD: "bad",
    Tone.DIM: "dim",
    Tone.NEW: "new",
    Tone.ACCENT: "accent",
}


class Look:
    """Ready-made Rich styles; one value per theme, depth and glyph set."""

    def __init__(self, theme: Theme, depth: Depth = Depth.TRUE, glyphs: Glyphs = UNICODE) -> None:
        self.theme = theme
        self.depth = depth
        self.glyphs = glyphs
        roles = theme.roles
        paper = self._colour(roles["background"])
        raised = self._colour(roles["surface"])
        self._tones: Mapping[Tone, Style] = {tone: self._style(roles[role], paper) for tone, role in _ROLE_OF.items()}
        self._raised: Mapping[Tone, Style] = {tone: self._style(roles[role], raised) for tone, role in _ROLE_OF.items()}
        self.base = self._tones[Tone.PLAIN]
        """Plain text on the background."""
        self.bar = self._raised[Tone.PLAIN]
        """Plain text on the surface of title, prompt and footer lines."""
        self.rule = self._style(roles["rule"], paper)
        self.mark = self._style(roles["mark"], paper)
        """Marked rows."""
        self.cursor = self._cursor(roles["cursor"], roles["cursor_text"])
        """The row under the cursor: the only inverse thing on the screen."""
        self.match = self.mark + Style(reverse=True)
        """What a search found."""

    def style(self, tone: Tone, *, raised: bool = False) -> Style:
        """Return the style of a meaning, on the background or on the surface."""
        return (self._raised if raised else self._tones)[tone]

    def _colour(self, role: Role) -> Color | None:
        match self.depth:
            case Depth.NONE:
                return None
            case Depth.ANSI16:
                return Color.default() if role.ansi16 == "default" else Color.parse(role.ansi16)
            case Depth.ANSI256:
                return Color.default() if role.ansi256 is None else Color.from_ansi(role.ansi256)
            case Depth.TRUE:
                return Color.default() if role.colour == "default" else Color.parse(role.colour)

    def _style(self, role: Role, background: Color | None) -> Style:
        return Style(color=self._colour(role), bgcolor=background) + _flags(role.styles)

    def _cursor(self, behind: Role, text: Role) -> Style:
        if self.depth is Depth.NONE:
            return Style(reverse=True)
        return Style(color=self._colour(text), bgcolor=self._colour(behind)) + _flags(behind.styles | text.styles)


def _flags(words: frozenset[str]) -> Style:
    """Return a style of weight and lines only."""
    return Style(
        bold="bold" in words or None,
        dim="dim" in words or None,
        italic="italic" in words or None,
        underline="underline" in words or None,
        reverse="reverse" in words or None,
    )
