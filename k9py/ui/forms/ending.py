"""How a form ends: reviewed and written, left with a draft kept, or forgotten; nothing typed is lost by chance."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from k9py.changes import edits
from k9py.changes.model import Report, Trouble, Wish
from k9py.core.errors import UsageError
from k9py.manifests.forms.sheet import Finding
from k9py.resources.model import Tone
from k9py.ui.editor.keeping import Keeper, loses_secrets
from k9py.ui.forms.live import laid_over, template_of
from k9py.ui.forms.rows import OPTIONS
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.ui.forms.screen import FormScreen

FORM_KEY = "form/"
"""How the keys of drafts of forms begin."""


class FormEnd:
    """Ends one form."""

    def __init__(self, screen: FormScreen, draft_key: str) -> None:
        self._screen = screen
        self._key = draft_key
        self._keeper: Keeper | None = None

    # ------------------------------------------------------------------ drafts

    def start(self) -> None:
        """Begin to keep what is typed."""
        screen = self._screen
        self._keeper = Keeper(screen.k9, key=self._key, title=self._title(), base=screen.sheet.live)

    def begin_from(self, live: dict[str, Any] | None) -> None:
        """Keep drafts from now on as changes of another state of the object."""
        if self._keeper is not None:
            self._keeper.base = live

    def keep(self) -> None:
        """Something was typed: keep it soon, a word that is not finished included."""
        if self._screen.is_changed:
            self._keep(self._screen.editor.text, self._half_typed())

    def keep_saved(self, text: str) -> None:
        """Keep what the person's own editor saved while it is open."""
        self._keep(text, {})

    def keep_anew(self) -> None:
        """Keep what the form says, whatever was kept while the person's own editor was open."""
        if self._screen.is_changed:
            self.keep()
        else:
            self._forget()

    def _keep(self, text: str, half_typed: dict[str, Any]) -> None:
        screen = self._screen
        if self._keeper is not None:
            extra = {**half_typed, "title": screen.title_text}
            if screen.sheet.recipe is not None:
                extra["recipe"] = screen.sheet.recipe.kept()
            self._keeper.typed(text, screen.editor.caret, extra, title=self._title())

    def _title(self) -> str:
        """Return what a draft of it is listed as: new ones of a kind are told apart by their names."""
        screen = self._screen
        sheet = screen.sheet
        first = sheet.models[0].get("name") if sheet.live is None and len(sheet.models) == 1 else ""
        name = sheet.recipe.name if sheet.recipe is not None else str(first or "")
        return f"{screen.verb} {screen.title_text} {name}".rstrip()

    def _half_typed(self) -> dict[str, Any]:
        """Return what stands in the line under the cursor and is in no text yet."""
        screen = self._screen
        row = screen.list.row
        if row is None or not screen.list.is_dirty or row.secret or row.part == OPTIONS:
            return {}
        place = next((at for at, part in enumerate(screen.sheet.parts) if part.key == row.part), 0)
        return {"part": place, "kind": row.kind.value, "id": row.id, "typed": screen.list.typed}

    async def close(self) -> None:
        """Write what is not written yet."""
        if self._keeper is not None:
            await self._keeper.close()

    def _forget(self) -> None:
        if self._keeper is not None:
            self._keeper.forget()

    # ------------------------------------------------------------------ leaving

    def leave(self) -> None:
        """Go back; what was typed is kept as a draft unless somebody says otherwise."""
        screen = self._screen
        if not screen.is_changed:
            self.discard()
            return
        but = " but for the values of Secrets" if loses_secrets(screen.sheet.text) else ""
        choices = [
            Choice("stay", "Go on with the form"),
            Choice("keep", f"Leave, and keep what was typed{but} as a draft", ":drafts opens it"),
            Choice("forget", "Leave, and forget what was typed"),
        ]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("forget",):
                self.discard()
            elif ids == ("keep",):
                screen.list.flush()
                self.keep()
                screen.dismiss()

        screen.k9.push_screen(PickScreen(screen.k9.look, "Nothing was written yet", choices), picked)

    def discard(self) -> None:
        """Leave, and forget what was typed."""
        self._forget()
        self._screen.dismiss()

    # ------------------------------------------------------------------ review

    def review(self) -> None:
        """Have everything reviewed, unless something is wrong with it: then go there."""
        screen = self._screen
        screen.settle()
        screen.checks.everything = True
        screen.draw()
        if self._mends_first():
            return
        screen.k9.attempt(lambda: screen.k9.rooms.desk.review(
            self.wishes(), title=screen.title_text, done=self._reviewed, show=self._show_trouble
        ))  # fmt: skip

    def _mends_first(self) -> bool:
        """Go to what has to be mended before anything can be written; False when nothing has."""
        screen = self._screen
        if screen.pending:
            screen.list.go_to(next(iter(screen.pending)))
            screen.k9.flash_text("This field cannot be taken as it stands", Tone.BAD)
            return True
        if screen.told.empty:
            screen.moves.go_to(OPTIONS, screen.told.empty[0])
            screen.k9.flash_text("This has to be filled in first", Tone.BAD)
            return True
        wrong = [finding for finding in screen.told.findings if finding.problem.is_error]
        if not wrong:
            return False
        self.show_finding(wrong[0])
        text = "This has to be mended first"
        if screen.sheet.broken is not None:
            text = str(screen.sheet.broken)  # its line may be behind the last one, where no mark can stand
        elif len(wrong) > 1:
            text = f"{len(wrong)} to mend before this can be written; f7 goes to the next"
        screen.k9.flash_text(text, Tone.BAD)
        return True

    def wishes(self) -> Sequence[Wish]:
        """Return what is wanted of the cluster. Raises UsageError when there is nothing."""
        sheet = self._screen.sheet
        objects = sheet.objects
        if not objects:
            raise UsageError("there is no object in this text", remedy="Begin with apiVersion, kind and metadata")
        if sheet.live is None:
            return [edits.apply(obj) for obj in objects]
        if self._screen.watching.is_gone:
            return [edits.apply(template_of(objects[0])), *(edits.apply(obj) for obj in objects[1:])]
        mine = laid_over(sheet.live, objects[0])
        if mine == sheet.live:
            raise UsageError("nothing is changed")
        return [edits.edit(sheet.live, mine), *(edits.apply(obj) for obj in objects[1:])]

    def _reviewed(self, report: Report | None) -> None:
        """Close when everything was written; else everything stays as it was typed."""
        if report is None:
            return
        if report.done:
            self.discard()
        else:
            self._screen.k9.flash_text("Not everything is written: what you typed is still here", Tone.WARN)

    def _show_trouble(self, trouble: Trouble) -> None:
        """Go to the field the gate complains about."""
        screen = self._screen
        findings: list[Finding] = []
        for part in screen.sheet.parts:
            if part.model is not None and trouble.problem is not None:
                findings += screen.sheet.owned(part, [trouble.problem])  # type: ignore[list-item]
        owned = next((finding for finding in findings if finding.owner), None)
        if owned is not None:
            self.show_finding(owned)
        screen.k9.flash_text(str(trouble), Tone.BAD)

    def show_finding(self, finding: Finding) -> None:
        """Put the cursor on the field a finding is about, or the caret on its line in the YAML."""
        screen = self._screen
        shown = next((row for row in screen.list.rows if row.part == finding.part.key and row.is_focused and row.path
                      and finding.problem.place[: len(row.path)] == row.path and row.said), None)  # fmt: skip
        if shown is not None:
            screen.list.go_to(shown.place)
        elif finding.owner and screen.moves.go_to(finding.part.key, finding.owner):
            return
        elif finding.line:
            if screen.list.has_focus:
                screen.moves.switch_sides()
            screen.editor.go_to(finding.line - 1, 0)


def fresh_key(number: int) -> str:
    """Return the key of a draft of something new: no two forms share one."""
    return f"{FORM_KEY}{os.getpid()}-{number}"
