"""What the interface remembers while it runs and between runs: places, filters, histories, favourite namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from k9py.config.launch import UiOptions
from k9py.config.paths import Paths
from k9py.config.settings import Settings
from k9py.config.state import ContextState, append_history, read_history, recall, remember
from k9py.core.refs import Scope
from k9py.ui.navigator import Tabs, View
from k9py.ui.remembering import noted, restore_tabs, state_of, with_memory
from k9py.ui.sources import LOCAL_VIEWS

FILTERS_KEPT = 100
"""Filters offered again while the program runs."""


class Memory:
    """The state of the context in use."""

    def __init__(self, paths: Paths, options: UiOptions, settings: Settings) -> None:
        self._paths = paths
        self._options = options
        self._settings = settings
        self.state = ContextState()
        self.scope = Scope()
        self.commands: list[str] = read_history(paths)
        self.filters: list[str] = []
        self._new_commands: list[str] = []

    def recall(self, context: str) -> str:
        """Read what is remembered of a context; returns what to tell the person when that was damaged."""
        self.state = ContextState(context=context)
        if not context or self._options.fresh or not self._settings.ui.remember:
            return ""
        recalled = recall(self._paths, context)
        self.state = recalled.state
        return recalled.message

    def tabs(self, namespace: str) -> Tabs:
        """Return the tabs to open, in the context's own namespace where nothing else is said."""
        tabs = restore_tabs(self.state, self._options, kind=self._settings.kind, namespace=namespace)
        self.scope = tabs.view.scope
        return tabs

    def forget_options(self) -> None:
        """The command line's kind and namespaces were meant for the context it started in."""
        self._options = UiOptions(fresh=self._options.fresh)

    def with_memory(self, view: View) -> View:
        """Return the view with the filter and order last used for its kind; drill-downs start unfiltered."""
        if view.title or view.parent is not None or view.label_selector or view.kind in LOCAL_VIEWS:
            remembered = with_memory(view, self.state)
            return replace(remembered, filter=view.filter)
        return with_memory(view, self.state)

    def note(self, view: View) -> None:
        """Take what a person chose in a view."""
        self.state = noted(self.state, view)

    def use(self, scope: Scope) -> None:
        """Use these namespaces from now on; they become the most recent ones."""
        self.scope = scope
        self.state = self.state.with_favourites(scope.namespaces)

    def note_command(self, text: str) -> None:
        """Add a command to the history."""
        self.commands = [known for known in self.commands if known != text] + [text]
        self._new_commands.append(text)

    def note_filter(self, text: str) -> None:
        """Add a filter to those offered again."""
        if text.strip():
            self.filters = [*(known for known in self.filters if known != text), text][-FILTERS_KEPT:]

    @property
    def recent(self) -> Sequence[str]:
        """The commands, newest first."""
        return self.commands[::-1]

    def save(self, tabs: Tabs) -> str:
        """Write everything; returns what went wrong, empty when nothing did."""
        if not self._settings.ui.remember or not self.state.context:
            return ""
        self.state = state_of(tabs, self.state)
        try:
            remember(self._paths, self.state)
            if self._new_commands:
                append_history(self._paths, self._new_commands)
                self._new_commands.clear()
        except OSError as error:
            return f"what was done here cannot be remembered: {error}"
        return ""
