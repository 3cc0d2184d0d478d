"""What the terminal can show, and the settings of tmux and screen in between that spoil it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping

from k9py.cli.findings import Finding, bad, note, ok, warn
from k9py.ui.glyphs import ASCII
from k9py.ui.look import Depth
from k9py.ui.terminal import Terminal

COMFORTABLE = (80, 24)
"""Columns and lines below which the essential things no longer fit."""

MOST_ESCAPE_TIME = 50
"""Milliseconds tmux may wait after Esc before it hands it on; more is felt at every step back."""

NO_OSC52 = frozenset({"Apple_Terminal"})
"""TERM_PROGRAM of terminals that ignore OSC 52."""

_COLOUR_WORDS = {
    Depth.TRUE: "16 million colours",
    Depth.ANSI256: "256 colours",
    Depth.ANSI16: "16 colours",
    Depth.NONE: "no colours",
}


def terminal_findings(
    environ: Mapping[str, str], *, interactive: bool, size: tuple[int, int], tmux: Callable[[str], str]
) -> Iterator[Finding]:
    """Yield what the environment tells; ``tmux`` answers the value of one of its options, or nothing."""
    if not interactive:
        yield note("terminal", "standard output is no terminal, so only its environment is judged")
    term = environ.get("TERM", "")
    if term in ("", "dumb"):
        yield bad("terminal", f"TERM is {term or 'not set'}: nothing can be drawn", "Use a terminal, or ssh -t")
        return
    terminal = Terminal.detect(environ)
    yield _size(size) if interactive else note("size", "unknown")
    yield _colours(environ, terminal)
    yield _signs(environ, terminal)
    if terminal.remote:
        yield ok("link", "over SSH or mosh: repaints are sparse (K9PY_UI_LINK=local for a fast link)")
    if environ.get("TMUX"):
        yield from _tmux(tmux)
    elif environ.get("STY"):
        yield note(
            "screen",
            "GNU screen shows 256 colours at most and scrolls by repainting",
            "tmux does more over a slow link",
        )
    else:
        yield _clipboard(environ)


def _size(size: tuple[int, int]) -> Finding:
    columns, lines = size
    if columns < COMFORTABLE[0] or lines < COMFORTABLE[1]:
        return warn("size", f"{columns}x{lines}: columns and panes will be missing", "Enlarge it to 80x24 or more")
    return ok("size", f"{columns}x{lines}")


def _colours(environ: Mapping[str, str], terminal: Terminal) -> Finding:
    text = f"{_COLOUR_WORDS[terminal.depth]} (TERM={environ['TERM']})"
    if environ.get("NO_COLOR"):
        return note("colours", "none, because NO_COLOR is set")
    if terminal.depth in (Depth.NONE, Depth.ANSI16) and environ["TERM"] != "linux":
        return note("colours", text, "If it can show more: export TERM=xterm-256color")
    if terminal.depth is Depth.ANSI256 and not environ.get("STY"):
        return note("colours", text, "If it can show more: export COLORTERM=truecolor (ssh does not pass it on)")
    return ok("colours", text)


def _signs(environ: Mapping[str, str], terminal: Terminal) -> Finding:
    if terminal.glyphs is not ASCII:
        return ok("signs", "Unicode")
    if environ["TERM"] == "linux":
        return note("signs", "ASCII only: the console's font has no others")
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "not set"
    return note("signs", f"ASCII only, since the locale is {locale}", "export LC_ALL=C.UTF-8")


def _clipboard(environ: Mapping[str, str]) -> Finding:
    program = environ.get("TERM_PROGRAM", "")
    if program in NO_OSC52:
        return note("clipboard", f"{program} ignores OSC 52, so copying ends in the program", "Save to a file instead")
    return note("clipboard", "copying uses OSC 52; whether the terminal allows it cannot be asked")


def _tmux(option: Callable[[str], str]) -> Iterator[Finding]:
    """Yield what tmux stands in the way of, each with the line for its configuration."""
    wait = option("escape-time")
    if wait.isdigit() and int(wait) > MOST_ESCAPE_TIME:
        yield warn("tmux", f"Esc is held back for {wait} ms", "In ~/.tmux.conf: set -s escape-time 10")
    if option("focus-events") == "off":
        yield note("tmux", "does not tell when the pane loses focus", "In ~/.tmux.conf: set -g focus-events on")
    if option("set-clipboard") == "off":
        yield note("tmux", "refuses to pass copied text on", "In ~/.tmux.conf: set -s set-clipboard on")
    inner = option("default-terminal")
    if inner and not inner.startswith(("tmux", "screen")):
        yield warn("tmux", f"default-terminal is {inner}", "In ~/.tmux.conf: set -g default-terminal tmux-256color")
    if not any(word in option("terminal-features") + option("terminal-overrides") for word in ("RGB", "Tc")):
        yield note("tmux", "passes 256 colours at most", "In ~/.tmux.conf: set -as terminal-features ',*:RGB'")
    yield ok("tmux", "in use")


def ask_tmux(option: str) -> str:
    """Return the value of a tmux option; nothing when tmux cannot be asked."""
    for flags in ("-gqv", "-sqv"):
        try:
            answer = subprocess.run(
                ["tmux", "show-options", flags, option], capture_output=True, text=True, timeout=2, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        if answer.stdout.strip():
            return answer.stdout.strip()
    return ""
