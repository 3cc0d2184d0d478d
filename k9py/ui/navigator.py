"""Where a person is, was, and can go back to: views, their history and tabs, as plain data.

Nothing here knows a widget; the browser reads the current view and writes back what the person changed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from k9py.core.refs import ObjectRef, Scope
from k9py.kube.rows import Row

HISTORY_LIMIT = 50
"""Views kept per tab; more than anybody walks back through, small enough never to matter."""


@dataclass(frozen=True, slots=True)
class View:
    """One list somebody looks at: a kind in a scope with everything the person chose about it."""

    kind: str
    """ApiResource id such as ``pods``, or the id of a local view such as ``contexts`` or ``containers``."""
    scope: Scope = field(default_factory=Scope)
    label_selector: str = ""
    field_selector: str = ""
    keep: Callable[[Row], bool] | None = field(default=None, compare=False)
    """Rows for which it is false are not shown; for drill-downs no selector can express."""
    title: str = ""
    """What the drill-down is called, such as ``pods of deployment api``."""
    parent: ObjectRef | None = None
    """The object this view was entered from; containers need it, the title shows it."""
    filter: str = ""
    sort: tuple[str, bool] | None = None
    """Column id and whether it is descending; None is the kind's own order."""
    wide: bool = False
    problems_only: bool = False
    cursor: str = ""
    """uid under the cursor."""

    def same_place(self, other: View) -> bool:
        """True when both show the same list, whatever filter, order or cursor."""
        return (
            self.kind == other.kind
            and self.scope == other.scope
            and self.label_selector == other.label_selector
            and self.field_selector == other.field_selector
            and self.parent == other.parent
            and self.title == other.title
        )


class Trail:
    """The views of one tab: the current one, those behind and those ahead."""

    def __init__(self, view: View) -> None:
        self._behind: list[View] = []
        self._ahead: list[View] = []
        self.current = view

    @property
    def crumbs(self) -> tuple[View, ...]:
        """The way here, oldest first, the current view last."""
        return (*self._behind, self.current)

    @property
    def can_back(self) -> bool:
        """True when there is a view behind."""
        return bool(self._behind)

    @property
    def can_forward(self) -> bool:
        """True when there is a view ahead."""
        return bool(self._ahead)

    def update(self, view: View) -> None:
        """Replace the current view without making history: its filter, order or cursor changed."""
        self.current = view

    def go(self, view: View) -> None:
        """Open a view; what was ahead is forgotten. Going where we are only updates it."""
        if view.same_place(self.current):
            self.current = view
            return
        self._behind = [*self._behind, self.current][-HISTORY_LIMIT:]
        self._ahead.clear()
        self.current = view

    def back(self) -> bool:
        """Step back; False at the start of the trail."""
        if not self._behind:
            return False
        self._ahead.append(self.current)
        self.current = self._behind.pop()
        return True

    def forward(self) -> bool:
        """Step forward again; False when there is nothing ahead."""
        if not self._ahead:
            return False
        self._behind.append(self.current)
        self.current = self._ahead.pop()
        return True

    def swap_last(self) -> bool:
        """Change places with the view before this one, as ``cd -`` does; False when there is none."""
        if not self._behind:
            return False
        previous = self._behind.pop()
        self._behind.append(self.current)
        self.current = previous
        return True


class Tabs:
    """The open tabs, at least one."""

    def __init__(self, views: Sequence[View], active: int = 0) -> None:
        if not views:
            raise ValueError("a browser needs at least one tab")
        self.trails = [Trail(view) for view in views]
        self.active = min(max(0, active), len(views) - 1)

    @property
    def trail(self) -> Trail:
        """The trail of the active tab."""
        return self.trails[self.active]

    @property
    def view(self) -> View:
        """The view on screen."""
        return self.trail.current

    def open(self, view: View) -> None:
        """Open a tab right of the active one and make it active."""
        self.trails.insert(self.active + 1, Trail(view))
        self.active += 1

    def close(self) -> bool:
        """Close the active tab; False for the last one, which stays."""
        if len(self.trails) == 1:
            return False
        del self.trails[self.active]
        self.active = min(self.active, len(self.trails) - 1)
        return True

    def step(self, by: int) -> None:
        """Make the tab ``by`` places to the right active, around the end."""
        self.active = (self.active + by) % len(self.trails)

    def rescope(self, scope: Scope) -> None:
        """Move the current view to other namespaces; drill-down selectors belong to the old ones and go."""
        self.trail.go(
            replace(
                self.view,
                scope=scope,
                label_selector="",
                field_selector="",
                keep=None,
                title="",
                parent=None,
                cursor="",
            )
        )
