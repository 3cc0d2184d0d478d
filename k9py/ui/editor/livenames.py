"""Names of live objects where a field names one: looked up when somebody asks what may stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from k9py.changes.images import known_images
from k9py.manifests.kinds import Kinds
from k9py.manifests.offers import Asked, needs, offered
from k9py.manifests.surroundings import Known, beside
from k9py.ui.editor.outline import rough_documents

if TYPE_CHECKING:
    from k9py.ui.app import K9App
    from k9py.ui.editor.schemahelp import SchemaHelp
    from k9py.ui.editor.widget import TextEditor

Offers = Sequence[tuple[str, str]]
"""Names, each with a hint."""


async def names_for(
    app: K9App, asked: Asked, others: Iterable[dict[str, Any]], kinds: Kinds, namespace: str
) -> tuple[Offers, bool]:
    """Return what the cluster and ``others``, made together with the object, offer for a field.

    ``namespace`` is that of others that name none. The second value is False when the cluster tells nothing of it.
    """
    if asked.what == "resources":
        session = app.session
        listed = session.discovery.resources if session is not None else ()
        return sorted({(one.gvr.resource, one.gvr.group or "core") for one in listed}), True
    if asked.what == "images":
        return await known_images(app.rooms.desk.surroundings, app.rooms.desk.journal, asked.namespace), True
    wanted = needs(asked)
    known = await app.rooms.desk.surroundings.known(wanted)
    told = not wanted or any(known.is_told(need) for need in wanted)
    return offered(asked, known.with_beside(beside(others, kinds, namespace))), told


class LiveNames:
    """Completes the names of live objects in one editor."""

    def __init__(self, app: K9App, editor: TextEditor, schema: SchemaHelp, namespace: Callable[[], str]) -> None:
        """``namespace`` is that of objects that name none."""
        self._app = app
        self._editor = editor
        self._schema = schema
        self._namespace = namespace
        self._found: tuple[tuple[object, ...], Offers] = ((), ())
        """What was asked last, and the answer."""
        schema.names = self._now

    def complete(self) -> None:
        """Offer what may stand at the caret; names are looked up first."""
        editor = self._editor
        asked = self._schema.asked(editor.text, *editor.caret, editor.is_in_text)
        if asked is None or not (needs(self._placed(asked)) or asked.what == "resources"):
            editor.complete()
            return
        self._app.start_loudly(self._look(self._placed(asked)), name="names")

    async def _look(self, asked: Asked) -> None:
        editor = self._editor
        line, column = editor.caret
        lines = list(editor.document.lines)
        others = [document for document in rough_documents(lines, editor.is_in_text) if document != asked.document]
        found, told = await names_for(self._app, asked, others, self._schema.kinds, self._namespace())
        self._found = (_same(asked), found)
        # Somebody who typed on along the line is offered what fits by now; who went elsewhere is not disturbed.
        if editor.is_mounted and editor.has_focus and editor.caret[0] == line and editor.caret[1] >= column:
            if not told and not found:
                where = f" of {asked.namespace}" if any(need.namespace for need in needs(asked)) else ""
                editor.say(f"The {asked.what}{where} cannot be read here")
            editor.complete()

    def _placed(self, asked: Asked) -> Asked:
        """Return what is asked with the namespace of an object that names none."""
        if asked.namespace:
            return asked
        return Asked(asked.pick, self._namespace(), asked.document, asked.path, asked.key)

    def _now(self, asked: Asked) -> Offers:
        """Return what is known at once."""
        asked = self._placed(asked)
        same, found = self._found
        return found if same == _same(asked) else offered(asked, Known())


def _same(asked: Asked) -> tuple[object, ...]:
    return asked.pick, asked.namespace, asked.path, asked.key
