"""Why a field is there: its documentation from the schema, what it may be, and the keys of the form."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.events import Key
from textual.screen import ModalScreen

from k9py.core.errors import K9Error
from k9py.core.text import safe_line
from k9py.manifests.explaining import explain, explained
from k9py.manifests.problems import path_text
from k9py.resources.action import Where
from k9py.resources.model import Tone
from k9py.ui.forms.rows import FormRow
from k9py.ui.keys import key_name, key_text, passed_on
from k9py.ui.look import Look
from k9py.ui.statusline import Bar
from k9py.ui.textview import Line, TextView, plain

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

KEY_WIDTH = 14
"""Cells of the keys, left of what they do."""
MOST_WIDTH = 100
"""Cells of a line of documentation: longer ones are hard to read."""


class WhyScreen(ModalScreen[None]):
    """A text to scroll; any of the keys that close things closes it."""

    DEFAULT_CSS = """
    WhyScreen { background: transparent; }
    WhyScreen > #why-title { dock: top; }
    """
    AUTO_FOCUS = "TextView"

    def __init__(self, look: Look, lines: list[Line]) -> None:
        super().__init__()
        self._look = look
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Text and keys."""
        yield TextView(self._look)
        bar = Bar(self._look, raised=True)
        bar.show(((" esc", Tone.ACCENT), (" back to the form ", Tone.PLAIN), (" up/down", Tone.ACCENT),
                  (" scroll ", Tone.PLAIN)))  # fmt: skip
        yield bar

    def on_mount(self) -> None:
        """Show the text."""
        view = self.query_one(TextView)
        view.set_wrap(True)
        view.set_lines(self._lines)

    def on_key(self, event: Key) -> None:
        """Scroll, or leave."""
        if passed_on(self, event):
            return
        event.stop()
        event.prevent_default()
        view = self.query_one(TextView)
        moves = {
            "up": lambda: view.move(-1), "down": lambda: view.move(1), "pageup": lambda: view.page(-1),
            "pagedown": lambda: view.page(1), "space": lambda: view.page(1), "home": view.home, "end": view.end,
        }  # fmt: skip
        name = key_name(event)
        if name in moves:
            moves[name]()
        elif name in ("escape", "q", "f1", "enter", "?"):
            self.dismiss()


def why_lines(screen: FormScreen) -> list[Line]:
    """Return everything there is to say about the field under the cursor, then the keys."""
    row = screen.list.row
    lines: list[Line] = []
    if row is not None:
        lines += [((row.label, Tone.ACCENT), (f"  {row.why}", Tone.PLAIN)), plain("")]
        for said in row.said:
            tone = Tone.BAD if said.is_error else Tone.WARN
            sign = screen.k9.look.glyphs.bad if said.is_error else screen.k9.look.glyphs.warn
            lines += [plain(f"{sign} {safe_line(said.text)}", tone), plain("")]
        lines += _documentation(screen, row)
        lines.append(plain(""))
    return [*lines, *_keys(screen)]


def _documentation(screen: FormScreen, row: FormRow) -> list[Line]:
    part = screen.sheet.part_of(row.part)
    if part is None or part.model is None or not row.path:
        return []
    form = part.model.form
    path = ".".join(str(step) for step in row.path if isinstance(step, str) and "." not in step and "/" not in step)
    found: list[Line] = [plain(f"{form.kind} {path_text(row.path)}", Tone.DIM), plain("")]
    try:
        text = explained(explain(f"{form.kind}.{path}", screen.sheet.kinds, api_version=form.api_version))
    except K9Error as error:
        return [*found, plain(str(error), Tone.DIM)]
    _, _, description = text.partition("DESCRIPTION:")
    for line in description.strip("\n").split("\n"):
        found.append(plain(safe_line(textwrap.dedent(line)[: MOST_WIDTH * 10]).strip()))
    return found


def _keys(screen: FormScreen) -> list[Line]:
    glyphs = screen.k9.look.glyphs
    lines: list[Line] = [plain("Keys of the form", Tone.ACCENT)]
    for action in screen.k9.actions.for_screen(Where.FORM):
        if action.where is Where.FORM and action.keys:
            keys = " ".join(key_text(key, glyphs) for key in action.keys)
            lines.append(((f"  {keys:<{KEY_WIDTH}}", Tone.ACCENT), (action.help, Tone.PLAIN)))
    return lines
