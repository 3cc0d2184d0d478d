"""Follows the object that is being edited, and says when somebody else changes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from k9py.core import diffs
from k9py.core.diffs import Diff, quiet
from k9py.resources.action import Action
from k9py.resources.model import Tone
from k9py.ui.editor.subjects import LiveSubject
from k9py.ui.followed import Followed, is_another, who_changed
from k9py.ui.statusline import Bar

if TYPE_CHECKING:
    from k9py.ui.editor.screen import EditScreen


class Watcher:
    """Compares the live object with the one the editing began from."""

    def __init__(self, screen: EditScreen) -> None:
        self._screen = screen
        self._followed: Followed | None = None
        self.theirs: dict[str, Any] | None = None
        """The object as others left it; None while it is as it was."""
        self.handlers: dict[str, Callable[[], Awaitable[None] | None]] = {"editor.theirs": self.show}

    def start(self) -> None:
        """Follow the object, if it is one of the cluster."""
        screen, subject = self._screen, self._screen.subject
        if not isinstance(subject, LiveSubject):
            return
        self._followed = Followed(
            screen.k9, screen, screen.session, subject.resource, subject.namespace, subject.name, self.flush
        )

    def close(self) -> None:
        """Stop following."""
        if self._followed is not None:
            self._followed.close()
            self._followed = None

    def flush(self) -> None:
        """Take a new version of the object."""
        subject = self._screen.subject
        if self._followed is None or not isinstance(subject, LiveSubject):
            return
        live, subject.is_gone = self._followed.now()
        base = subject.view.base
        is_theirs = live is not None and not diffs.same(quiet(live), quiet(base))
        self.theirs = live if is_theirs else None
        self._say(subject, live)

    def _say(self, subject: LiveSubject, live: dict[str, Any] | None) -> None:
        bar = next(iter(self._screen.query("#edit-others").results(Bar)), None)
        if bar is None:
            return  # the screen is being closed
        sign = self._screen.k9.look.glyphs.warn
        text = key = ""
        if subject.is_gone:
            text = "it was deleted meanwhile; ctrl+s makes it anew from what is here"
        elif live is not None and is_another(live, subject.view.base):
            text = "it was deleted and made anew meanwhile"
            key = "f5 shows what differs" if self.theirs is not None else ""
        elif self.theirs is not None:
            text, key = f"{who_changed(subject.view.base, self.theirs)} meanwhile", "f5 shows it"
        bar.show(((f" {sign} {text}", Tone.WARN),) if text else (), ((f"  {key} ", Tone.ACCENT),) if key else ())
        bar.display = bool(text)

    def show(self) -> None:
        """Show what somebody else changed."""
        subject = self._screen.subject
        if self.theirs is None or not isinstance(subject, LiveSubject):
            return
        from k9py.ui.editor.reading import ReadingScreen  # deferred with the differences

        self._screen.k9.push_screen(
            ReadingScreen.of_diff(f"{subject.title}: since you began", Diff(subject.view.base, self.theirs))
        )

    def refusal(self, action: Action) -> str:
        """Return why there is nothing to show."""
        if action.id == "editor.theirs" and self.theirs is None:
            return "Nobody changed it since you began"
        return ""
