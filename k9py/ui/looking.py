"""What is done with the one object under the cursor: explain it, show it, follow its logs, enter it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.core.refs import ApiResource
from k9py.resources.action import Named
from k9py.ui.carrying import Handler
from k9py.ui.detail import DESCRIBE, EVENTS, YAML
from k9py.ui.saving import save_text
from k9py.ui.sources import CONTAINERS

if TYPE_CHECKING:
    from k9py.ui.browse import BrowseScreen


class Looking:
    """Carries out the actions on one object; ``handlers`` maps an action's id to its method."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen
        self.handlers: dict[str, Handler] = {
            "describe": lambda: self.detail(DESCRIBE),
            "yaml": lambda: self.detail(YAML),
            "events": lambda: self.detail(EVENTS),
            "detail": self.follow,
            "pane.beside": lambda: self.split("beside"),
            "pane.below": lambda: self.split("below"),
            "logs": self.logs,
            "logs.previous": lambda: self.logs(previous=True),
            "shell": self.shell,
            "container.logs": self.container_logs,
            "container.previous": lambda: self.container_logs(previous=True),
            "container.shell": self.container_shell,
            "container.describe": lambda: self.detail(DESCRIBE),
            "container.yaml": lambda: self.detail(YAML),
            "text.find": screen.asking.search,
            "text.find-next": lambda: self.next_match(1),
            "text.find-previous": lambda: self.next_match(-1),
            "text.wrap": lambda: screen.detail.toggle_wrap(),
            "text.full": self.full,
            "text.copy": self.copy_text,
            "text.save": self.save_detail,
            "text.managed": lambda: screen.detail.toggle_managed_fields(),
            "text.describe": lambda: screen.detail.set_mode(DESCRIBE),
            "text.yaml": lambda: screen.detail.set_mode(YAML),
            "text.events": lambda: screen.detail.set_mode(EVENTS),
            **screen.detail.text.handlers("text"),
        }

    # ------------------------------------------------------------------ which one

    @property
    def resource(self) -> ApiResource | None:
        """The kind on screen; for containers, pods."""
        k9, view = self._screen.k9, self._screen.view
        if k9.session is None:
            return None
        if view.kind == CONTAINERS:
            return k9.session.discovery.resolve("pods")
        return k9.rooms.opener.resource(view)

    @property
    def target(self) -> tuple[ApiResource | None, Named | None, str]:
        """The kind and the object the cursor is on, and the container where it is on one."""
        view, row = self._screen.view, self._screen.table.cursor_row
        if view.kind == CONTAINERS:
            return self.resource, view.parent, row.name if row is not None else ""
        return self.resource, row, ""

    def _subject(self) -> tuple[ApiResource, str, str] | None:
        """Return kind, namespace and name of the object under the cursor."""
        resource, view, row = self.resource, self._screen.view, self._screen.table.cursor_row
        if resource is None or row is None:
            return None
        if view.kind == CONTAINERS:
            return (resource, view.parent.namespace, view.parent.name) if view.parent is not None else None
        return resource, row.namespace, row.name

    def detail(self, mode: str) -> None:
        """Show the object under the cursor in full."""
        if self._show_subject(mode):
            self._screen.show_detail(split="auto")
            self._screen.detail.focus_text()

    def split(self, where: str) -> None:
        """Open the detail beside or below the list, or close it when it is there."""
        screen = self._screen
        is_there = screen.body.has_class("-split") and screen.body.has_class("-beside") == (where == "beside")
        if is_there:
            screen.close_detail()
        elif self._show_subject(screen.detail.mode):
            screen.show_detail(split=where)
            screen.table.focus()

    def follow(self) -> None:
        """Keep a detail pane open that follows the cursor, or close it."""
        screen = self._screen
        if screen.body_is_split:
            screen.close_detail()
        else:
            self.split("beside" if screen.has_room_beside else "below")

    def follow_cursor(self) -> None:
        """Show the row the cursor rests on in the open detail pane."""
        if self._screen.body.has_class("-split"):
            self._show_subject(self._screen.detail.mode)

    def _show_subject(self, mode: str) -> bool:
        subject, session = self._subject(), self._screen.k9.session
        if subject is None or session is None:
            return False
        self._screen.detail.show(session, *subject, mode)
        return True

    def full(self) -> None:
        """Give the detail the whole screen, or return to the split."""
        screen = self._screen
        screen.show_detail(split="below" if screen.body.has_class("-full") else "full")
        screen.detail.focus_text()

    def next_match(self, step: int) -> None:
        """Go to the next match of the last search."""
        if not self._screen.detail.text.next_match(step):
            self._screen.k9.flash_text("Nothing is searched for; / searches")

    def copy_text(self) -> None:
        """Copy the text on show."""
        self._screen.k9.copy(self._screen.detail.text.text, "the text")

    def save_detail(self) -> None:
        """Write the text on show to a file."""
        _, _, name = self._screen.detail.shown
        path = save_text(self._screen.k9.paths, f"{name}-{self._screen.detail.mode}", self._screen.detail.text.text)
        self._screen.k9.flash_text(f"Written to {path}")

    # ------------------------------------------------------------------ editing

    def edit(self) -> None:
        """Edit the object under the cursor."""
        subject = self._subject()
        if subject is not None:
            self._screen.k9.rooms.editing.open_object(*subject)

    def edit_shown(self) -> None:
        """Edit the object on show in the detail pane."""
        detail = self._screen.detail
        kind, namespace, name = detail.shown
        session = self._screen.k9.session
        if kind and session is not None:
            self._screen.k9.rooms.editing.open_object(session.discovery.resolve(kind), namespace, name)

    # ------------------------------------------------------------------ logs and shells

    def logs(self, *, previous: bool = False) -> None:
        """Follow the logs of a pod or of every pod of a workload."""
        subject, row = self._subject(), self._screen.table.cursor_row
        if subject is not None and row is not None:
            self._screen.k9.rooms.pods.open_logs(subject[0], row, previous=previous)

    def container_logs(self, *, previous: bool = False) -> None:
        """Follow the logs of one container."""
        parent, row = self._screen.view.parent, self._screen.table.cursor_row
        if parent is not None and row is not None:
            self._screen.k9.rooms.pods.open_container_logs(parent, row.name, previous=previous)

    def shell(self) -> None:
        """Open a shell in a container of the pod under the cursor."""
        row = self._screen.table.cursor_row
        if row is not None:
            self._screen.k9.rooms.pods.open_shell(row.namespace, row.name, "")

    def container_shell(self) -> None:
        """Open a shell in the container under the cursor."""
        parent, row = self._screen.view.parent, self._screen.table.cursor_row
        if parent is not None and row is not None:
            self._screen.k9.rooms.pods.open_shell(parent.namespace, parent.name, row.name)
