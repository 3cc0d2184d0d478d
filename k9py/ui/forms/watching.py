"""Follows the object a form is about: says when somebody else changes or deletes it, and takes that into the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k9py.core import diffs
from k9py.core.diffs import Diff, quiet
from k9py.core.errors import UsageError
from k9py.manifests.forms.merging import merged
from k9py.manifests.forms.sheet import Sheet
from k9py.resources.action import Action
from k9py.resources.model import Tone
from k9py.ui.followed import Followed, is_another, who_changed
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen
from k9py.ui.statusline import Bar

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

Object = dict[str, Any]


class FormWatch:
    """Compares the object as it is with the one the form began from."""

    def __init__(self, screen: FormScreen) -> None:
        self._screen = screen
        self._followed: Followed | None = None
        self.theirs: Object | None = None
        """The object as others left it, or another one made since under its name; None while it is as it was."""
        self.is_gone = False
        """True once it was deleted: what is typed then makes it anew."""

    # ------------------------------------------------------------------ following

    def start(self) -> None:
        """Follow the object, if the form is about one that is there."""
        screen, live = self._screen, self._screen.sheet.live
        session = screen.k9.session
        if live is None or session is None:
            return
        version, kind, meta = live["apiVersion"], live["kind"], live["metadata"]
        resource = next((one for one in session.discovery.resources if (one.api_version, one.kind) == (version, kind)),
                        None)  # fmt: skip
        if resource is None:
            return
        namespace, name = str(meta.get("namespace") or ""), str(meta["name"])
        self._followed = Followed(screen.k9, screen, session, resource, namespace, name, self.flush)

    def close(self) -> None:
        """Stop following."""
        if self._followed is not None:
            self._followed.close()
            self._followed = None

    def flush(self) -> None:
        """Take a new version of the object."""
        began = self._screen.sheet.live
        if self._followed is None or began is None:
            return
        live, self.is_gone = self._followed.now()
        is_theirs = live is not None and (is_another(live, began) or not diffs.same(quiet(live), quiet(began)))
        self.theirs = live if is_theirs else None
        self._say()

    def _say(self) -> None:
        screen, began = self._screen, self._screen.sheet.live
        bar = next(iter(screen.query("#form-others").results(Bar)), None)
        if bar is None:
            return  # the screen is being closed
        text = key = ""
        if self.is_gone:
            text = "it was deleted meanwhile; ctrl+s makes it anew from what is here"
        elif self.theirs is not None and began is not None:
            text, key = f"{who_changed(began, self.theirs)} meanwhile", "f12 takes it over"
            if is_another(self.theirs, began):
                text, key = "it was deleted and made anew meanwhile", "f12 goes on with the new one"
        bar.show(
            ((f" {screen.k9.look.glyphs.warn} {text}", Tone.WARN),) if text else (),
            ((f"  {key} ", Tone.ACCENT),) if key else (),
        )
        bar.display = bool(text)

    # ------------------------------------------------------------------ taking over

    def refusal(self, action: Action) -> str:
        """Return why there is nothing to take over."""
        return "Nobody changed it since you began" if action.id == "form.theirs" and self.theirs is None else ""

    def choose(self) -> None:
        """Offer to show what somebody else changed, and to take it into the form."""
        began, theirs = self._screen.sheet.live, self.theirs
        if began is None or theirs is None:
            return
        screen, k9 = self._screen, self._screen.k9

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("take",):
                screen.do(self.take_over)
            elif ids == ("show",):
                from k9py.ui.editor.reading import ReadingScreen  # deferred with the differences

                k9.push_screen(ReadingScreen.of_diff(f"{screen.title_text}: since you began", Diff(began, theirs)))

        choices = [
            Choice("take", "Take it into this form", "where both changed a field, yours stays"),
            Choice("show", "Show what was changed", "the review merges both as well"),
        ]
        title = "Somebody else changed it"
        if is_another(theirs, began):
            choices = [
                Choice("take", "Go on with the new one", "what you changed is laid over it"),
                Choice("show", "Show how the new one differs from the old"),
            ]
            title = "It was deleted, and somebody made it anew"
        k9.push_screen(PickScreen(k9.look, title, choices), picked)

    def take_over(self) -> None:
        """Begin anew from the object as it is now, with everything that was changed in the form."""
        screen = self._screen
        sheet, theirs = screen.sheet, self.theirs
        part = next(iter(sheet.parts), None)
        if theirs is None or sheet.live is None or part is None or part.model is None:
            raise UsageError("the YAML cannot be read now", remedy="Mend it first")
        began, now = (Sheet.of_object(sheet.kinds, obj) for obj in (sheet.live, theirs))
        if diffs.same(part.model.value, began.models[0].value):
            part.model.text = now.models[0].text  # nothing of one's own: as if it had been opened now
        else:
            part.model.replace(merged(began.models[0].value, part.model.value, now.models[0].value))
        sheet.begin_from(theirs)
        screen.begin_from(now.text)
        self.theirs = None
        self._say()
        screen.k9.flash_text("Taken over; what you changed is kept")
