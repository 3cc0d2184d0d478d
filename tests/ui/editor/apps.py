"""A small app around one editor, and what its screen says."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message

from k9py.config.paths import Paths
from k9py.ui.editor.widget import TextEditor
from k9py.ui.look import Look
from k9py.ui.theming import theme_or_default


def plain_look() -> Look:
    """Return the look of the default theme."""
    return Look(theme_or_default("dark", Paths.of({"HOME": "/nonexistent"})))


class EditorApp(App[None]):
    """Shows one editor and keeps the messages it sends."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, text: str = "", **options: Any) -> None:
        super().__init__()
        self.sent: list[Message] = []
        self.editor = TextEditor(plain_look(), text, **options)

    def compose(self) -> ComposeResult:
        """Show the editor alone."""
        yield self.editor

    def on_mount(self) -> None:
        """Have the keys go to the editor."""
        self.editor.focus()

    def on_text_editor_changed(self, message: TextEditor.Changed) -> None:
        self.sent.append(message)

    def on_text_editor_caret_moved(self, message: TextEditor.CaretMoved) -> None:
        self.sent.append(message)

    def on_text_editor_said(self, message: TextEditor.Said) -> None:
        self.sent.append(message)

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return [
            "".join(segment.text for segment in strips).rstrip() for strips in self.screen._compositor.render_strips()
        ]
