"""Opens the editor: on live objects, new text, pasted text, files and drafts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from k9py.changes.documents import read_texts
from k9py.changes.drafts import Draft
from k9py.changes.editing import EditView
from k9py.changes.model import Object
from k9py.core.errors import K9Error, UsageError
from k9py.core.refs import ApiResource
from k9py.ui.editor.filing import apply_path, open_file
from k9py.ui.editor.keeping import drafts_of, fates_of, told_of
from k9py.ui.editor.screen import EditScreen
from k9py.ui.editor.subjects import LiveSubject, Subject
from k9py.ui.overlay import Choice
from k9py.ui.picker import PickScreen

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App


def open_text(app: K9App, text: str, *, title: str, base: Object | None = None, draft_key: str = "") -> None:
    """Open the editor on a text; with ``base`` it is an edit of that object, else it makes or changes what it names."""
    app.rooms.editing.open_text(text, title=title, base=base, draft_key=draft_key)


class EditWork:
    """Opens the editor from the browser."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._number = 0

    def _session(self) -> Session:
        if self._app.readonly:
            raise K9Error(f"{self._app.context_name} is read-only here", remedy="y shows the object")
        return self._app.rooms.session

    # ------------------------------------------------------------------ live objects

    def open_object(self, resource: ApiResource, namespace: str, name: str) -> None:
        """Edit one object; it is fetched whole first."""
        session = self._session()
        self._app.start_loudly(self._open_object(session, resource, namespace, name), name=f"edit {name}")

    async def _open_object(self, session: Session, resource: ApiResource, namespace: str, name: str) -> None:
        obj = await session.get(resource, namespace, name)
        if session is not self._app.session:
            return
        obj.setdefault("apiVersion", resource.api_version)
        obj.setdefault("kind", resource.kind)
        subject = LiveSubject(resource, EditView(obj))
        self.offer(subject, session)

    def open_named(self, word: str, name: str, namespace: str) -> None:
        """Edit an object by kind and name."""
        session = self._session()
        resource = session.discovery.resolve(word)
        where = (namespace or self._app.scope.single or session.namespace) if resource.namespaced else ""
        self.open_object(resource, where, name)

    def command(self, words: str) -> None:
        """Carry out ``:edit``: nothing behind it is new YAML, else an object or a file."""
        first, _, rest = words.strip().partition(" ")
        if not first:
            self.open_text("", title="objects")
        elif rest or ("/" in first and not os.path.exists(os.path.expanduser(first))):
            kind, _, name = first.partition("/") if "/" in first else (first, "", "")
            name, _, namespace = (rest if not name else f"{name} {rest}").strip().partition(" ")
            self.open_named(kind, name, namespace.strip())
        else:
            session = self._session()
            text = read_texts([os.path.expanduser(first)])
            if len(text) != 1:
                raise UsageError(f"{first} is a directory", remedy=f"Edit one of its files, or :apply {first}")
            open_file(self._app, session, text[0])

    def apply(self, words: str) -> None:
        """Carry out ``:apply``."""
        session = self._session()
        self._app.start_loudly(apply_path(self._app, session, words.strip()), name="apply")

    # ------------------------------------------------------------------ texts

    def open_text(self, text: str, *, title: str, base: Object | None = None, draft_key: str = "") -> None:
        """Open the editor on a text."""
        session = self._session()
        if base is not None:
            resource = self._resource_of(session, base)
            subject: Subject = LiveSubject(resource, EditView(base))
            screen = EditScreen(subject, session)
            screen.start_with(text)
        else:
            screen = EditScreen(Subject(title, text, key=draft_key or self._fresh_key()), session)
        self._app.push_screen(screen)

    def _fresh_key(self) -> str:
        self._number += 1
        return f"new/{os.getpid()}-{self._number}"

    @staticmethod
    def _resource_of(session: Session, base: Object) -> ApiResource:
        group, _, _ = str(base.get("apiVersion") or "").rpartition("/")
        kind = str(base.get("kind") or "")
        for resource in session.discovery.resources:
            if resource.kind == kind and resource.gvr.group == group:
                return resource
        raise UsageError(f"this cluster has no {kind} in {base.get('apiVersion')}")

    # ------------------------------------------------------------------ drafts

    def offer(self, subject: Subject, session: Session, place: tuple[int, int] = (0, 0)) -> None:
        """Open the editor, or ask first whether to go on with what was typed before."""
        drafts = drafts_of(self._app)
        found = drafts.find(self._app.context_name, subject.key)

        def begin() -> None:
            screen = EditScreen(subject, session)
            screen.start_with(subject.text, place)
            self._app.push_screen(screen)

        if found is None or found.text == subject.text:
            begin()
            return
        self._app.start_loudly(self._offer_draft(subject, found, begin), name="draft")

    async def _offer_draft(self, subject: Subject, draft: Draft, begin: Callable[[], None]) -> None:
        """Ask whether to go on with what was typed before."""
        drafts = drafts_of(self._app)
        fate = (await fates_of(self._app, [draft]))[0]
        missing = "values of secrets were not kept" if draft.left_out else ""

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids == ("on",):
                self._app.attempt(lambda: self.resume(draft))
            elif ids == ("anew",):
                drafts.drop(draft)
                begin()

        choices = [
            Choice("on", "Go on with what was typed", missing),
            Choice("anew", "Begin anew as it is now; what was typed is thrown away"),
        ]
        title = f"{subject.title}: {told_of(self._app, draft, fate)}"
        self._app.push_screen(PickScreen(self._app.look, title, choices), picked)

    def choose_draft(self) -> None:
        """List the drafts of this context."""
        left = drafts_of(self._app).left(self._app.context_name)
        if not left:
            self._app.flash_text("There are no drafts: nothing was typed that is not written")
            return
        self._app.start_loudly(self._choose_draft(left), name="drafts")

    async def _choose_draft(self, left: Sequence[Draft]) -> None:
        fates = await fates_of(self._app, left)
        choices = [
            Choice(str(number), draft.title, told_of(self._app, draft, fate), search=draft.key)
            for number, (draft, fate) in enumerate(zip(left, fates, strict=True))
        ]

        def picked(ids: tuple[str, ...] | None) -> None:
            if ids:
                self._app.attempt(lambda: self.resume(left[int(ids[0])]))

        self._app.push_screen(PickScreen(self._app.look, "Drafts: what was typed and kept", choices), picked)

    def resume(self, draft: Draft) -> None:
        """Go on with what was typed."""
        session = self._session()
        draft = drafts_of(self._app).adopt(draft)
        if draft.key.startswith("form/"):
            self._app.rooms.forms.resume(draft)
            return
        if draft.base is None:
            source = draft.title if draft.key.startswith("file/") else ""
            self._push(EditScreen(Subject(draft.title, "", key=draft.key, source=source), session), draft)
            return
        self._app.start_loudly(self._resume_edit(session, draft, draft.base), name="draft")

    async def _resume_edit(self, session: Session, draft: Draft, base: Object) -> None:
        """Go on with an edit from the object as it was then, so that what others changed meanwhile is kept."""
        resource = self._resource_of(session, base)
        meta = base["metadata"]
        if resource.id == "secrets":
            # Values are never kept: those of today stand for the masks.
            live = await session.get(resource, meta.get("namespace") or "", meta["name"])
            base = {**base, "data": live.get("data") or {}}
        if session is self._app.session:
            self._push(EditScreen(LiveSubject(resource, EditView(base)), session), draft)

    def _push(self, screen: EditScreen, draft: Draft) -> None:
        screen.start_with(draft.text, (draft.line, draft.column))
        self._app.push_screen(screen)
        if draft.left_out:
            self._app.call_later(
                self._app.flash_text, "Values of secrets that were typed are not kept; type them again"
            )
