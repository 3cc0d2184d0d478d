"""Keys by the names the action registry uses, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.events import Key
from textual.widget import Widget

from k9py.resources.action import Action
from k9py.resources.model import Tone
from k9py.ui.glyphs import Glyphs
from k9py.ui.statusline import Spans, width_of

if TYPE_CHECKING:
    from k9py.ui.app import K9App

_NAMES = {"ctrl+@": "ctrl+space", "ctrl+at": "ctrl+space", " ": "space", "ctrl+\\": "ctrl+backslash"}
"""Names Textual or a terminal has for keys the registry calls otherwise."""


def key_name(event: Key) -> str:
    """Return what the registry calls this key: the character itself where it prints one."""
    name = event.character if event.is_printable and event.character else event.key
    return _NAMES.get(name, name)


def passed_on(widget: Widget, event: Key) -> bool:
    """Hand a key that was typed ahead to the screen that is on top by now; False when it is meant for us."""
    if widget.app.screen is widget.screen:
        return False
    again(widget, event)
    return True


def again(widget: Widget, event: Key) -> None:
    """Take a key out of this widget's hands and press it anew, before the keys that came behind it."""
    event.stop()
    event.prevent_default()

    def press() -> None:
        # Made in the application's own turn: a message goes no higher than the widget whose turn made it.
        same = Key(event.key, event.character)
        same.time = event.time  # a question asked meanwhile must know that it was typed before
        if not keys.retake(same):
            widget.app.post_message(same)

    keys = cast("K9App", widget.app).keys
    widget.app.call_later(press)


def key_text(key: str, glyphs: Glyphs) -> str:
    """Return a key as footer and help show it."""
    if key == "enter":
        return glyphs.enter
    return {
        "escape": "esc",
        "ctrl+backslash": "ctrl+\\",
        "backslash": "\\",
        "ctrl+underscore": "ctrl+/",
        "alt+slash": "alt+/",
    }.get(key, key)


def footer(actions: Iterable[Action], glyphs: Glyphs, width: int) -> Spans:
    """Return the keys for the bottom line, the first ones first, as many as fit; the help's key always does."""
    chosen = sorted((action for action in actions if action.footer and action.keys), key=lambda action: action.footer)
    if not chosen:
        return ()
    last = _hint(chosen[-1], glyphs)
    spans: list[tuple[str, Tone]] = []
    for action in chosen[:-1]:
        hint = _hint(action, glyphs)
        if width_of((*spans, *hint, *last)) <= width:
            spans += hint
    return (*spans, *last)


def hints(keys: Iterable[tuple[str, str]], glyphs: Glyphs) -> Spans:
    """Return keys and what they do as the bottom line shows them."""
    spans: list[tuple[str, Tone]] = []
    for key, title in keys:
        spans += [(f" {key_text(key, glyphs)}", Tone.ACCENT), (f" {title} ", Tone.PLAIN)]
    return tuple(spans)


def _hint(action: Action, glyphs: Glyphs) -> Spans:
    return ((f" {key_text(action.keys[0], glyphs)}", Tone.ACCENT), (f" {action.title} ", Tone.PLAIN))
