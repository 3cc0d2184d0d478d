"""What the actions of the registry do in the browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, ObjectRef, Scope
from k9py.kube.rows import Row
from k9py.resources.model import Drill, Target
from k9py.resources.rules import subject_of
from k9py.ui.commands import OpenCommand, VerbCommand, parse_command, scope_of
from k9py.ui.detail import DESCRIBE
from k9py.ui.looking import Looking
from k9py.ui.navigator import View
from k9py.ui.saving import save_csv
from k9py.ui.sources import CONTAINERS, CONTEXTS, KINDS, LOCAL_VIEWS, RIGHTS

if TYPE_CHECKING:
    from k9py.ui.browse import BrowseScreen

Handler = Callable[[], Awaitable[None] | None]

NEED_A_CLUSTER = frozenset({"namespace", "can", "kinds", "tab"})
"""Commands that wait for the connection when they are typed ahead of it."""


class BrowseActions:
    """Carries out actions on the browser's list and detail pane; ``handlers`` maps an action's id to its method."""

    def __init__(self, screen: BrowseScreen, looking: Looking) -> None:
        self._screen = screen
        self._looking = looking
        self.handlers: dict[str, Handler] = {
            "command": screen.asking.command,
            "back": self.back,
            "jump": self.jump,
            "filter": screen.asking.filter,
            "problems": self.problems,
            "wide": self.wide,
            "open": self.open_cursor,
            "owner": self.owner,
            "refresh": self.refresh,
            "focus.next": self.focus_other,
            "focus.previous": self.focus_other,
            "tab.new": self.new_tab,
            "tab.close": self.close_tab,
            "tab.next": lambda: self.step_tab(1),
            "tab.previous": lambda: self.step_tab(-1),
            "history.back": lambda: self.travel(lambda: screen.tabs.trail.back(), "Nothing behind this view"),
            "history.forward": lambda: self.travel(lambda: screen.tabs.trail.forward(), "Nothing ahead of this view"),
            "history.last": lambda: self.travel(lambda: screen.tabs.trail.swap_last(), "There was no view before this"),
            "namespace.all": lambda: screen.k9.use_scope(Scope()),
            "namespace.warp": self.warp,
            "sort.flip": self.sort_flip,
            "sort.column-left": lambda: self.sort_step(-1),
            "sort.column-right": lambda: self.sort_step(1),
            "copy.name": self.copy_names,
            "copy.namespace": self.copy_namespaces,
            "copy.kubectl": self.copy_kubectl,
            "save.table": self.save_table,
            "new": lambda: screen.k9.rooms.forms.new_here(),
            "new.like": lambda: screen.k9.rooms.forms.copy_here(),
            "edit.form": lambda: screen.k9.rooms.forms.edit_here(),
            "inject": lambda: screen.k9.rooms.forms.inject_here(),
            "delete": lambda: screen.k9.rooms.desk.direct.delete(*self._chosen()),
            "scale": lambda: screen.k9.rooms.desk.direct.scale(*self._chosen()),
            "restart": lambda: screen.k9.rooms.desk.direct.restart(*self._chosen()),
            "image": self.set_image,
            "undo": lambda: screen.k9.rooms.desk.undo_last(),
            "changes": self.changes,
            "edit": looking.edit,
            "text.edit": looking.edit_shown,
            "drafts": lambda: screen.k9.rooms.editing.choose_draft(),
            "container.copy": self.copy_names,
            "container.image": self.copy_image,
        }
        table_actions: dict[str, Callable[[], None]] = {
            "cursor.up": lambda: screen.table.action_move(-1),
            "cursor.down": lambda: screen.table.action_move(1),
            "cursor.page-up": lambda: screen.table.action_page(-1),
            "cursor.page-down": lambda: screen.table.action_page(1),
            "cursor.first": lambda: screen.table.action_first(),
            "cursor.last": lambda: screen.table.action_last(),
            "columns.left": lambda: screen.table.action_sideways(-1),
            "columns.right": lambda: screen.table.action_sideways(1),
            "mark": lambda: screen.table.action_mark(),
            "mark.range": lambda: screen.table.action_mark_range(),
            "mark.all": lambda: screen.table.action_mark_all(),
            "mark.invert": lambda: screen.table.action_mark_invert(),
            "mark.clear": lambda: screen.table.action_mark_none(),
        }
        self.handlers.update(table_actions)
        self.handlers.update(looking.handlers)
        for column in ("name", "age", "status", "namespace"):
            self.handlers[f"sort.{column}"] = lambda column=column: self.sort_by(column)  # type: ignore[misc]
        for place in range(1, 10):
            self.handlers[f"namespace.{place}"] = lambda place=place: self.favourite(place)  # type: ignore[misc]

    # ------------------------------------------------------------------ commands

    def command(self, text: str) -> None:
        """Carry out a line typed behind ``:``; raises UsageError for one that means nothing."""
        k9 = self._screen.k9
        text = k9.globals.expand_alias(text)
        command = parse_command(text)
        if command is None:
            return
        if isinstance(command, VerbCommand):
            self._verb(command)
        else:
            self._open(command)
        k9.memory.note_command(text)

    def _verb(self, command: VerbCommand) -> None:
        k9, screen = self._screen.k9, self._screen
        if k9.session is None and command.verb in NEED_A_CLUSTER:
            k9.do_when_connected(lambda: self._verb(command))
            return
        match command.verb:
            case "quit":
                k9.leave()
            case "help":
                k9.globals.show_help()
            case "namespace" if command.argument:
                k9.use_scope(scope_of(command.argument))
            case "namespace":
                screen.go(View("namespaces"))
            case "context" if command.argument:
                k9.switch_context(command.argument)
            case "context" if k9.session is None:
                k9.globals.choose_context()
            case "context":
                screen.go(View(CONTEXTS, cursor=f"name:{screen.k9.context_name}"))
            case "can":
                subject = subject_of(command.argument)
                screen.go(View(RIGHTS, parent=subject, title=f"rights of {subject}"))
            case "login":
                k9.globals.login()
            case "theme" if command.argument:
                k9.use_theme(command.argument)
            case "theme":
                k9.globals.choose_theme()
            case "new":
                k9.rooms.forms.command(command.argument)
            case "kinds":
                screen.go(View(KINDS, filter=command.argument))
            case "apply":
                k9.rooms.editing.apply(command.argument)
            case "edit":
                k9.rooms.editing.command(command.argument)
            case "drafts":
                k9.rooms.editing.choose_draft()
            case "tab":
                self.new_tab()
                if command.argument:
                    self.command(command.argument)

    def _open(self, command: OpenCommand) -> None:
        screen, k9 = self._screen, self._screen.k9
        if command.context and command.context != k9.context_name:
            rest = structs.replace(command, context="")
            k9.switch_context(command.context, then=lambda: self._open(rest))
            return
        if k9.session is None:
            k9.do_when_connected(lambda: self._open(command))
            return
        scope = command.scope if command.scope is not None else k9.scope
        view = View(command.kind, scope, label_selector=command.label_selector, filter=command.filter)
        settled = k9.rooms.opener.settle(view)
        if command.filter and settled.kind not in LOCAL_VIEWS:
            settled = replace(settled, filter=command.filter)
        if command.problems:
            settled = replace(settled, problems_only=True)
        if command.scope is not None:
            k9.memory.use(command.scope)
        screen.go(settled)

    # ------------------------------------------------------------------ moving

    def back(self) -> None:
        """Close what is open, clear what narrows the list, else return to where we came from."""
        screen = self._screen
        view = screen.view
        if screen.close_detail():
            return
        if screen.table.marked_rows:
            screen.table.clear_marks()
        elif view.filter or view.problems_only:
            screen.change_view(replace(view, filter="", problems_only=False))
        elif not screen.travel(screen.tabs.trail.back):
            screen.k9.flash_text("Nothing behind this view; :q quits")

    def travel(self, step: Callable[[], bool], otherwise: str) -> None:
        """Move along the history, or say that there is none that way."""
        if not self._screen.travel(step):
            self._screen.k9.flash_text(otherwise)

    def open_cursor(self) -> None:
        """Enter."""
        row = self._screen.table.cursor_row
        if row is not None:
            self.open_row(row)

    def open_row(self, row: Row) -> None:
        """Go to what belongs to a row, else describe it."""
        screen, k9 = self._screen, self._screen.k9
        kind, spec = screen.view.kind, screen.listing.spec
        if spec is None or k9.session is None:
            return
        if kind == CONTEXTS:
            k9.switch_context(row.name)
        elif kind == KINDS:
            screen.go(View(row.name, k9.scope))
        elif kind == CONTAINERS:
            self._looking.container_logs()
        elif kind == RIGHTS:
            k9.flash_text("A rule is no object of the cluster: there is nothing more to show of it")
        elif kind == "namespaces":
            k9.memory.use(Scope((row.name,)))
            screen.go(View("pods", Scope((row.name,))))
        elif spec.drill is not None:
            self.follow_drill(spec.drill, row)
        else:
            self._looking.detail(DESCRIBE)

    def follow_drill(self, drill: Drill, row: Row) -> None:
        """Go where a relation leads from this row."""
        target = drill.target(row)
        if target is None:
            self._screen.k9.flash_text(f"{row.name} leads to no {drill.title}")
            return
        self._go_to(target, row)

    def relation(self, action_id: str) -> None:
        """Follow the relation an action ``go.<id>`` names."""
        spec, row = self._screen.listing.spec, self._screen.table.cursor_row
        drill = next((d for d in spec.relations if f"go.{d.id}" == action_id), None) if spec else None
        if drill is not None and row is not None:
            self.follow_drill(drill, row)

    def _go_to(self, target: Target, row: Row) -> None:
        screen, k9 = self._screen, self._screen.k9
        parent = self._reference(row)
        if target.view == "containers":
            screen.go(View(CONTAINERS, Scope((row.namespace,)), parent=parent))
        elif target.view == "rights":
            screen.go(View(RIGHTS, Scope((row.namespace,) if row.namespace else ()), parent=parent, title=target.title))
        elif target.view == "logs":
            self._looking.logs()
        elif target.view == "describe":
            self._looking.detail(DESCRIBE)
        else:
            scope = k9.scope if target.namespace is None else Scope((target.namespace,) if target.namespace else ())
            resource = k9.rooms.opener.resource(View(target.resource))
            assert resource is not None
            view = View(
                resource.id,
                scope if resource.namespaced else Scope(),
                label_selector=target.label_selector,
                field_selector=target.field_selector,
                keep=target.keep,
                title=target.title,
                parent=parent if target.title else None,
                cursor=target.name and f"name:{target.name}",
            )
            screen.go(view)

    def _reference(self, row: Row) -> ObjectRef:
        resource = self._screen.k9.rooms.opener.resource(self._screen.view)
        kind = resource.kind if resource is not None else ""
        version = resource.api_version if resource is not None else ""
        return ObjectRef(kind, row.namespace, row.name, version, row.uid)

    def owner(self) -> None:
        """Go to the object that made this one."""
        screen, k9 = self._screen, self._screen.k9
        row = screen.table.cursor_row
        if row is None or not row.owners:
            k9.flash_text("Nobody owns this object")
            return
        kind, name = row.owners[0], row.owners[1]
        resource = k9.rooms.opener.of_kind(kind)
        scope = Scope((row.namespace,)) if resource.namespaced and row.namespace else Scope()
        screen.go(View(resource.id, scope, cursor=f"name:{name}"))

    def warp(self) -> None:
        """Show only the namespace of the row."""
        row = self._screen.table.cursor_row
        if row is not None and row.namespace:
            self._screen.k9.use_scope(Scope((row.namespace,)))

    def favourite(self, place: int) -> None:
        """Show the recent namespace of a number key."""
        k9 = self._screen.k9
        names = k9.memory.state.favourites
        if place > len(names):
            k9.flash_text(f"There is no recent namespace number {place} yet; ctrl+n chooses one")
        else:
            k9.use_scope(Scope((names[place - 1],)))

    def jump(self) -> None:
        """Put a letter on every visible row and pane."""
        from k9py.ui.jump import JumpScreen, Landing  # deferred: opened by a key

        screen = self._screen
        region = screen.table.content_region
        landings = [
            Landing(region.x, region.y + 1 + line, lambda row=row: screen.table.select(lambda r: r is row))  # type: ignore[misc]
            for line, row in enumerate(screen.table.visible_rows)
        ]
        if screen.detail.display:
            place = screen.detail.region
            landings.append(Landing(place.x, place.y, screen.detail.focus_text))
        crumbs = screen.query_one("#crumbs").region
        landings.append(Landing(crumbs.x, crumbs.y, screen.asking.command))
        screen.k9.push_screen(JumpScreen(screen.k9.look, landings))

    def focus_other(self) -> None:
        """Move between list and detail."""
        screen = self._screen
        if screen.table.has_focus and screen.detail.display:
            screen.detail.focus_text()
        elif screen.listing.display:
            screen.table.focus()

    def new_tab(self) -> None:
        """Open a tab on the same view."""
        self._screen.tabs.open(self._screen.view)
        self._screen.open_view()

    def close_tab(self) -> None:
        """Close this tab."""
        if self._screen.tabs.close():
            self._screen.open_view()
        else:
            self._screen.k9.flash_text("This is the only tab; :q quits")

    def step_tab(self, by: int) -> None:
        """Go to a neighbouring tab."""
        if len(self._screen.tabs.trails) > 1:
            self._screen.tabs.step(by)
            self._screen.open_view()
        else:
            self._screen.k9.flash_text("There is one tab; ctrl+t opens another")

    # ------------------------------------------------------------------ changing

    def _chosen(self) -> tuple[ApiResource, list[Row]]:
        """Return the kind and the rows a change is about: the marked ones, else the one under the cursor."""
        resource, rows = self._looking.resource, self._screen.table.chosen_rows
        if resource is None or not rows:
            raise UsageError("there is no row to do that with")
        return resource, rows

    def set_image(self) -> None:
        """Set the image of a container of the row under the cursor."""
        resource, row = self._looking.resource, self._screen.table.cursor_row
        if resource is not None and row is not None:
            self._screen.k9.rooms.desk.direct.image(resource, row)

    def changes(self) -> None:
        """Show the changes of the object under the cursor, or of the whole context where there is none."""
        row, resource = self._screen.table.cursor_row, self._looking.resource
        ref = self._reference(row) if row is not None and resource is not None else None
        self._screen.k9.rooms.desk.show_history(ref)

    # ------------------------------------------------------------------ the list

    def problems(self) -> None:
        """Show only problems, or everything again; before there is a list, in the one that comes."""
        k9, view, action = self._screen.k9, self._screen.view, self._screen.k9.actions.get("problems")
        if k9.session is None:
            k9.do_when_connected(self.problems)
            return
        if action is not None and (reason := k9.offering.reason(action)):
            raise UsageError(reason)  # asked for before the kind was known
        self._screen.change_view(replace(view, problems_only=not view.problems_only))

    def wide(self) -> None:
        """Show every column, or the usual ones again."""
        view = self._screen.view
        self._screen.change_view(replace(view, wide=not view.wide))

    def sort_by(self, column: str) -> None:
        """Sort by a column; again turns round."""
        screen = self._screen
        if column not in {known.id for known in screen.listing.columns}:
            screen.k9.flash_text(f"{screen.view.kind} have no column {column}")
            return
        current = screen.table.sorting
        descending = not current[1] if current is not None and current[0] == column else False
        screen.change_view(replace(screen.view, sort=(column, descending)))

    def sort_step(self, by: int) -> None:
        """Sort by the neighbouring column."""
        columns = [column.id for column in self._screen.table.columns]
        current = self._screen.table.sorting
        at = columns.index(current[0]) if current is not None and current[0] in columns else 0
        self._screen.change_view(replace(self._screen.view, sort=(columns[(at + by) % len(columns)], False)))

    def sort_flip(self) -> None:
        """Turn the order round."""
        current = self._screen.table.sorting
        if current is not None:
            self.sort_by(current[0])

    def refresh(self) -> None:
        """Try everything that waits at once."""
        session = self._screen.k9.session
        if session is None:
            self._screen.k9.connection.try_now()
        elif self._screen.k9.connection.refused:
            self._screen.k9.globals.login()
        else:
            session.retry_now()
            self._screen.k9.flash_text("Reading again")

    def copy_names(self) -> None:
        """Copy the chosen names, one a line."""
        self._copy([row.name for row in self._screen.table.chosen_rows], "name")

    def copy_namespaces(self) -> None:
        """Copy the chosen namespaces, each once."""
        self._copy(list(dict.fromkeys(row.namespace for row in self._screen.table.chosen_rows)), "namespace")

    def copy_image(self) -> None:
        """Copy the image of the container."""
        row = self._screen.table.cursor_row
        column = next((c for c in self._screen.listing.columns if c.id == "image"), None)
        if row is not None and column is not None:
            self._copy([column.text(row, self._screen.table.context)], "image")

    def copy_kubectl(self) -> None:
        """Copy the kubectl command that shows this row."""
        resource, subject, container = self._looking.target
        action = self._screen.k9.actions.get("copy.kubectl")
        if subject is not None and resource is not None and action is not None:
            self._copy([action.kubectl_for(resource, subject, container)], "command")

    def _copy(self, texts: list[str], what: str) -> None:
        if texts:
            self._screen.k9.copy("\n".join(texts), f"{len(texts)} {what}s" if len(texts) > 1 else texts[0])

    def save_table(self) -> None:
        """Write the shown rows to a file."""
        screen = self._screen
        context = screen.table.context
        columns = screen.listing.columns
        rows = [[column.text(row, context) for column in columns] for row in screen.table.rows]
        path = save_csv(screen.k9.paths, screen.view.kind, [column.title for column in columns], rows)
        screen.k9.flash_text(f"{len(rows)} rows written to {path}")
