"""One object in full: explained in words, as YAML, or by its events; brought up to date while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.containers import Vertical

from k9py.core.errors import K9Error
from k9py.core.refs import ApiResource, ObjectRef
from k9py.core.tasks import TaskSet
from k9py.resources.model import Tone
from k9py.ui.look import Look
from k9py.ui.statusline import Bar, Spans
from k9py.ui.textview import Line, TextView, plain

if TYPE_CHECKING:
    from k9py.kube.happenings import Happening
    from k9py.kube.session import Session
    from k9py.kube.wholes import ObjectWatch
    from k9py.ui.app import K9App

DESCRIBE, YAML, EVENTS = "describe", "yaml", "events"

REDRAW_EVERY = 10.0
"""Seconds between two redraws for ages alone."""


class DetailPane(Vertical):
    """A title line and a text; :meth:`show` says what."""

    DEFAULT_CSS = """
    DetailPane { width: 1fr; height: 1fr; }
    """
    BLANK = True
    """Its children cover it."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.mode = DESCRIBE
        self._watch: ObjectWatch | None = None
        self._tasks = TaskSet(self._failed)
        self._resource: ApiResource | None = None
        self._place = ("", "")
        self._object: dict[str, Any] | None = None
        """The newest state; kept when the object is deleted, because that is when people want to read it."""
        self._events: list[Happening] | None = None
        self._related: dict[str, list[dict[str, Any]]] = {}
        self._trouble = ""
        self._drawn_at = 0.0
        self._wraps = {DESCRIBE: True, YAML: False, EVENTS: True}
        """Which texts break long lines; YAML lines mean something by where they begin."""
        self.managed_fields = False
        self.shown: tuple[str, str, str] = ("", "", "")
        """Kind id, namespace and name on show."""

        self.text = TextView(look, hangs=True, id="detail-text")
        """The text."""

    def compose(self) -> ComposeResult:
        """Title, text."""
        yield Bar(self._look, id="detail-title")
        yield self.text

    @property
    def k9(self) -> K9App:
        """The application."""
        return cast("K9App", self.app)

    def focus_text(self) -> None:
        """Give the keys to the text."""
        self.text.focus()

    # ------------------------------------------------------------------ what is shown

    def show(self, session: Session, resource: ApiResource, namespace: str, name: str, mode: str) -> None:
        """Show one object; the same object in another mode keeps its watch."""
        self.mode = mode
        self.text.set_wrap(self._wraps[mode])
        place = (resource.id, namespace, name)
        if place != self.shown:
            self.close()
            self.shown = place
            self._resource, self._place = resource, (namespace, name)
            self.text.set_lines([plain(f"Loading {name} {self._look.glyphs.ellipsis}", Tone.DIM)], keep_place=False)
            self._watch = session.watch_object(resource, namespace, name)
            self._watch.on_wake = lambda: self.k9.flushing.wake(self)
            self.k9.flushing.watch(self, lambda: self._flush(session))
        self._flush(session)

    def set_mode(self, mode: str) -> None:
        """Show the same object another way, from the top."""
        if mode != self.mode:
            self.mode = mode
            self.text.set_lines([], keep_place=False)
            self.text.set_wrap(self._wraps[mode])
            self._draw()

    def close(self) -> None:
        """Stop following the object."""
        self.shown = ("", "", "")
        self._events, self._related, self._trouble = None, {}, ""
        if self._watch is not None:
            self.k9.flushing.forget(self)
            self._watch.on_wake = None
            self._watch.close()
            self._watch = None
        self._object = None

    async def on_unmount(self) -> None:
        """Let go of everything."""
        self.close()
        await self._tasks.close()

    def _flush(self, session: Session) -> None:
        """Take a new version of the object, and read again what belongs to it."""
        watch = self._watch
        if watch is None:
            return
        if watch.drain() and watch.object is not None and self._resource is not None:
            self._object = watch.object
            self._tasks.start(self._read_around(session, self._resource, self._object, self.shown), name="detail")
        self._draw()

    async def _read_around(
        self, session: Session, resource: ApiResource, obj: dict[str, Any], shown: tuple[str, str, str]
    ) -> None:
        """Read the events of the object and the objects its description names."""
        try:
            events = await session.events_for(_reference(resource, obj), mirror_uid=_mirror_uid(obj))
            # Deferred with the descriptions of all kinds: 60 ms nobody waits for until something is described.
            from k9py.kube.gathering import gather_lists
            from k9py.resources.describe import wanted

            related, missing = await gather_lists(session, wanted(resource.id, obj))
            trouble = "; ".join(missing)
        except K9Error as error:
            events, related, trouble = self._events or [], self._related, error.with_remedy()
        if shown != self.shown:
            return
        self._events, self._related, self._trouble = events, related, trouble
        self._draw()

    def _failed(self, name: str, error: BaseException) -> None:
        self.k9.report_failure(name, error)

    # ------------------------------------------------------------------ drawing

    def tick(self, now: float) -> None:
        """Redraw now and then for the ages in the text."""
        if self._watch is not None and self.mode != YAML and now - self._drawn_at >= REDRAW_EVERY:
            self._draw()

    def _draw(self) -> None:
        watch, resource = self._watch, self._resource
        if watch is None or resource is None:
            return
        now = self._drawn_at = self.k9.now()
        obj = self._object
        if obj is not None:
            self.text.set_lines(self._lines(resource, obj, now))
        elif watch.gone:
            self.text.set_lines([plain(f"{resource.kind} {self._place[1]} does not exist any more", Tone.WARN)])
        elif watch.status.detail:
            self.text.set_lines([plain(watch.status.detail, Tone.BAD)])
        self._show_title()

    def _lines(self, resource: ApiResource, obj: dict[str, Any], now: float) -> list[Line]:
        from k9py.ui.documents import described, event_lines, yaml_lines

        head = [plain(self._trouble, Tone.WARN)] if self._trouble and self.mode != YAML else []
        if self.mode == YAML:
            return yaml_lines(obj, managed_fields=self.managed_fields)
        if self.mode == EVENTS:
            return head + event_lines(self._events, now)
        return head + described(resource, obj, self._events or [], self._related, now)

    def toggle_wrap(self) -> None:
        """Break the long lines of this text, or let them run on."""
        self._wraps[self.mode] = not self._wraps[self.mode]
        self.text.set_wrap(self._wraps[self.mode])

    def toggle_managed_fields(self) -> None:
        """Show or hide metadata.managedFields."""
        self.managed_fields = not self.managed_fields
        self._draw()

    def _show_title(self) -> None:
        if self._resource is None:
            return
        namespace, name = self._place
        gone = self._watch is not None and self._watch.gone
        left: Spans = (
            (f" {self.mode} ", Tone.ACCENT),
            (f"{self._resource.singular or self._resource.kind.lower()} ", Tone.DIM),
            (f"{namespace}/{name}" if namespace else name, Tone.PLAIN),
        )
        if gone:
            left = (*left, ("  deleted: this is its last state", Tone.WARN))
        first, last, count = self.text.place
        match, matches = self.text.match_place
        found = ((f"{match} of {matches} matches  ", Tone.ACCENT),) if matches else ()
        self.query_one("#detail-title", Bar).show(left, (*found, (f"{first}-{last} of {count} ", Tone.DIM)))

    def on_text_view_moved(self, event: TextView.Moved) -> None:
        """The title says where we are."""
        event.stop()
        self._show_title()

    # ------------------------------------------------------------------ search

    def search(self, pattern: str) -> int:
        """Mark what matches; raises FilterError when the pattern means nothing."""
        return self.text.search(pattern)


def _reference(resource: ApiResource, obj: dict[str, Any]) -> ObjectRef:
    meta = obj.get("metadata") or {}
    return ObjectRef(
        resource.kind, meta.get("namespace") or "", meta.get("name") or "", resource.api_version, meta.get("uid") or ""
    )


def _mirror_uid(obj: dict[str, Any]) -> str:
    """Return the uid under which the kubelet reports on a static pod."""
    from k9py.kube.happenings import MIRROR

    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(MIRROR) or "")
