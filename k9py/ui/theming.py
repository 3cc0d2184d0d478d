"""Themes on the screen: from the data of a theme to Textual's variables, and the depth of colour to use."""

from __future__ import annotations

import logging
from typing import Any

from textual.app import App
from textual.theme import Theme as TextualTheme

from k9py.config.colours import palette256
from k9py.config.paths import Paths
from k9py.config.themes import ROLES, Theme, load_theme
from k9py.core.errors import SettingsError
from k9py.ui.look import Depth, Look

_LOG = logging.getLogger(__name__)

VARIABLE = "k9-"
"""Prefix of the CSS variables made of a theme's roles, such as ``$k9-accent``."""


def colour_of(theme: Theme, role: str, depth: Depth) -> str:
    """Return a role's colour as CSS writes it, for a depth of colour."""
    entry = theme.roles[role]
    match depth:
        case Depth.NONE:
            return "ansi_default"
        case Depth.ANSI16:
            return f"ansi_{entry.ansi16}"
        case Depth.ANSI256:
            if entry.ansi256 is None:
                return "ansi_default"
            return "#{:02x}{:02x}{:02x}".format(*palette256(entry.ansi256))
        case Depth.TRUE:
            return "ansi_default" if entry.colour == "default" else entry.colour


def textual_theme(look: Look) -> TextualTheme:
    """Return the Textual theme for a look: our roles as ``$k9-…`` variables, and its own colours from them."""
    theme, depth = look.theme, look.depth
    colours = {role: colour_of(theme, role, depth) for role in ROLES}
    variables = {f"{VARIABLE}{role.replace('_', '-')}": colour for role, colour in colours.items()}
    variables |= {
        "block-cursor-background": colours["cursor"],
        "block-cursor-foreground": colours["cursor_text"],
        "input-cursor-background": colours["text"],
        "input-cursor-foreground": colours["background"],
        "input-selection-background": colours["mark"],
        "scrollbar": colours["rule"],
        "scrollbar-background": colours["background"],
    }
    # Textual mixes shades of these; what it is given must be a real colour even where ours is the terminal's own.
    solid = {role: _solid(colour, theme) for role, colour in colours.items()}
    return TextualTheme(
        name=theme_id(look),
        primary=solid["accent"],
        secondary=solid["accent"],
        accent=solid["accent"],
        warning=solid["warn"],
        error=solid["bad"],
        success=solid["ok"],
        foreground=solid["text"],
        background=solid["background"],
        surface=solid["surface"],
        panel=solid["surface"],
        dark=theme.appearance == "dark",
        variables=variables,
    )


def start_with(app: App[Any], look: Look) -> None:
    """Give an app its theme before its style sheet is read for the first time: after that it is all read again."""
    theme = textual_theme(look)
    app.register_theme(theme)
    app.set_reactive(App.theme, theme.name)
    app.set_class(theme.dark, "-dark-mode", update=False)
    app.set_class(not theme.dark, "-light-mode", update=False)
    app.stylesheet.set_variables(app.get_css_variables())


def theme_id(look: Look) -> str:
    """Return the name a look has among Textual's themes."""
    return f"k9py-{look.theme.name}-{look.depth.value}"


def _solid(colour: str, theme: Theme) -> str:
    """Return a colour Textual can mix; the terminal's own becomes black or white by the theme's appearance."""
    if not colour.startswith("ansi_"):
        return colour
    if colour == "ansi_default":
        return "#000000" if theme.appearance == "dark" else "#ffffff"
    return colour


TABLE_CSS = """
RowTable { background: $k9-background; color: $k9-text; }
RowTable > .row-table--header { color: $k9-dim; text-style: none; }
RowTable > .row-table--cursor { background: $k9-cursor; color: $k9-cursor-text; text-style: none; }
RowTable > .row-table--cursor-blurred { background: $k9-surface; color: $k9-text; text-style: none; }
RowTable > .row-table--ok { color: $k9-ok; }
RowTable > .row-table--warn { color: $k9-warn; }
RowTable > .row-table--bad { color: $k9-bad; }
RowTable > .row-table--dim { color: $k9-dim; }
RowTable > .row-table--new { color: $k9-new; }
RowTable > .row-table--accent { color: $k9-accent; }
RowTable > .row-table--marked { color: $k9-mark; }
RowTable > .row-table--changed { color: $k9-new; }
RowTable > .row-table--going { color: $k9-bad; }
Screen { background: $k9-background; color: $k9-text; }
ModalScreen { background: transparent; }
Input { background: $k9-background; color: $k9-text; }
Toast { background: $k9-surface; color: $k9-text; }
"""
"""The theme's colours on the widgets that read them from CSS."""


def theme_or_default(name: str, paths: Paths) -> Theme:
    """Return a theme, or the default one when the name or the file is wrong: colours are no reason not to start."""
    try:
        return load_theme(name, paths.user_themes)
    except SettingsError as error:
        _LOG.warning("theme: %s", error.with_remedy())
        return load_theme("dark")
