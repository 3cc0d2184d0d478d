"""What the terminal at the other end can do, as far as the environment tells."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from rich.color import ColorSystem

from k9py.ui.flush import LOCAL_AGES, LOCAL_INTERVAL, REMOTE_AGES, REMOTE_INTERVAL
from k9py.ui.glyphs import ASCII, UNICODE, Glyphs
from k9py.ui.look import Depth

SCROLLING_TERMS = (
    "xterm", "tmux", "rxvt", "alacritty", "foot", "wezterm", "st-", "konsole", "vte", "contour", "ghostty", "kitty",
    "iterm2", "mintty",
)  # fmt: skip
"""Beginnings of TERM for which margins with SU and SD were found to work; not ``screen``, not ``linux``."""
_BASIC_TERMS = frozenset({"linux", "dumb", "vt100", "vt102", "vt220", "ansi", "cons25", "xterm-16color"})
"""Terminals with 16 colours or fewer."""


class Terminal(msgspec.Struct, frozen=True):
    """The terminal as the program treats it."""

    remote: bool
    """At the other end of a network link."""
    depth: Depth
    glyphs: Glyphs
    scrolls: bool
    """Lines can be moved by the terminal itself."""

    @property
    def flush_interval(self) -> float:
        """Seconds between two flushes."""
        return REMOTE_INTERVAL if self.remote else LOCAL_INTERVAL

    @property
    def age_interval(self) -> float:
        """Seconds between two repaints of ages."""
        return REMOTE_AGES if self.remote else LOCAL_AGES

    @staticmethod
    def detect(environ: Mapping[str, str], *, link: str = "auto", colours: str = "auto",
               glyphs: str = "auto") -> Terminal:  # fmt: skip
        """Read the environment. Settings other than ``auto`` win.

        ``link`` is ``local`` or ``remote``; ``colours`` one of Depth's values; ``glyphs`` ``unicode`` or ``ascii``.
        """
        return Terminal(
            remote=_is_remote(environ) if link == "auto" else link == "remote",
            depth=_depth(environ) if colours == "auto" else Depth(colours),
            glyphs=_glyphs(environ) if glyphs == "auto" else {"ascii": ASCII}.get(glyphs, UNICODE),
            scrolls=_scrolls(environ),
        )


def _is_remote(environ: Mapping[str, str]) -> bool:
    # mosh-server runs the shell with the variables of the SSH login that started it.
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "MOSH", "MOSH_SERVER_PID"))


def _depth(environ: Mapping[str, str]) -> Depth:
    if environ.get("NO_COLOR"):
        return Depth.NONE
    term = environ.get("TERM", "")
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return Depth.TRUE
    if term.endswith("-direct") or environ.get("WT_SESSION"):
        return Depth.TRUE
    if term in {"dumb", ""}:
        return Depth.NONE
    if term in _BASIC_TERMS or term.endswith("-16color"):
        return Depth.ANSI16
    return Depth.ANSI256 if "256" in term or term.startswith(SCROLLING_TERMS) else Depth.ANSI16


def _glyphs(environ: Mapping[str, str]) -> Glyphs:
    if environ.get("TERM") in {"linux", "dumb"}:
        return ASCII
    # The first of these that is set decides, as in setlocale(3).
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "C")
    return UNICODE if "utf" in locale.lower().replace("-", "") else ASCII


def _scrolls(environ: Mapping[str, str]) -> bool:
    term = environ.get("TERM", "")
    if environ.get("STY"):
        return False
    return term.startswith(SCROLLING_TERMS) or (term.startswith("screen") and bool(environ.get("TMUX")))


def colour_system(depth: Depth) -> ColorSystem | None:
    """Return Rich's word for a depth; None sends no colours at all."""
    return {
        Depth.TRUE: ColorSystem.TRUECOLOR,
        Depth.ANSI256: ColorSystem.EIGHT_BIT,
        Depth.ANSI16: ColorSystem.STANDARD,
        Depth.NONE: None,
    }[depth]
