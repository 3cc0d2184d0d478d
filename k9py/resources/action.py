"""What an action is: one thing a person can do, as data.

An action is pure data; the screen that has it carries it out by its id. Keys are written as a person types them: one
character, or ``ctrl+x``, ``shift+left``, ``enter``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Protocol

import msgspec
from msgspec.structs import replace

from k9py.core.errors import SettingsError
from k9py.core.refs import ApiResource
from k9py.kube.rows import Row


class Where(Enum):
    """The part of the screen that has to have the focus. GLOBAL keys work everywhere."""

    GLOBAL = "global"
    TABLE = "table"
    CONTAINERS = "containers"
    TEXT = "text"
    """Describe, YAML and events."""
    LOGS = "logs"
    REVIEW = "review"
    """What would come of a change, before it is written, and what became of it."""
    CONFLICTS = "conflicts"
    """The fields on which two writers differ."""
    BOARD = "board"
    """What happens after a change."""
    HISTORY = "changes"
    """The changes made from here."""
    EDITOR = "editor"
    """A text somebody edits."""
    READING = "reading"
    """Something to read over the editor: a difference, what a field means."""
    FORM = "form"
    """A form somebody fills in."""


TYPING = frozenset({Where.EDITOR, Where.FORM})
"""Parts in which letters are text: there a part's own keys win over the global ones, and no letter is a key."""


class Danger(Enum):
    """How much an action can break, which decides how it is confirmed and whether read-only hides it."""

    NONE = "none"
    """Reads only."""
    ENTERS = "enters"
    """Runs something inside the cluster, such as a shell; read-only hides it."""
    CHANGES = "changes"
    DESTROYS = "destroys"


class Need(msgspec.Struct, frozen=True):
    """A permission an action needs."""

    verb: str
    resource: str = ""
    """Kind id; empty for the kind of the row."""
    subresource: str = ""


class Named(Protocol):
    """An object a command can be about: a row, or a reference."""

    @property
    def namespace(self) -> str:
        """Its namespace; empty for cluster-wide kinds."""

    @property
    def name(self) -> str:
        """Its name."""


class Action(msgspec.Struct, frozen=True):
    """One thing a person can do."""

    id: str
    keys: tuple[str, ...]
    """The first one is shown; () for the palette only."""
    where: Where
    title: str
    """Two words at most, for the footer."""
    help: str
    """One sentence."""
    group: str = "general"
    """Heading in the help."""
    kinds: frozenset[str] = frozenset()
    """Kind ids it applies to; empty for every kind."""
    needs: tuple[Need, ...] = ()
    predicate: Callable[[Row], bool] | None = None
    """False for a row on which it makes no sense."""
    otherwise: str = ""
    """What is said then."""
    danger: Danger = Danger.NONE
    confirm: str = ""
    """What is asked before it is done; empty when nothing is asked."""
    kubectl: str = ""
    """The equivalent command; ``{kind}``, ``{name}``, ``{ns}`` (an ``-n`` option or nothing), ``{target}``
    (``kind/name``) and ``{container}`` are filled in."""
    footer: int = 0
    """Place in the footer, lower first; 0 is not shown there."""
    containers: bool = False
    """An action of tables that works on the containers of a pod too."""

    def reaches(self, where: Where) -> bool:
        """Return whether the action belongs to a part of the screen, the global ones left aside."""
        return self.where is where or (self.containers and where is Where.CONTAINERS)

    def applies(self, kind_id: str, row: Row | None = None) -> bool:
        """Return whether the action makes sense for this kind and, when given, this row."""
        if self.kinds and kind_id not in self.kinds:
            return False
        return self.predicate is None or row is None or self.predicate(row)

    def kubectl_for(self, resource: ApiResource, subject: Named, container: str = "") -> str:
        """Return the equivalent kubectl command for an object, quoted for a shell; empty when there is none."""
        namespace = f" -n {shlex.quote(subject.namespace)}" if subject.namespace else ""
        name = shlex.quote(subject.name)
        return self.kubectl.format(
            kind=resource.id, name=name, ns=namespace, target=f"{resource.id}/{name}", container=shlex.quote(container)
        )


def overlap(first: Action, second: Action) -> bool:
    """Return whether a screen can exist on which both actions could be meant."""
    shared = any(first.reaches(where) and second.reaches(where) for where in Where)
    if not shared and (Where.GLOBAL not in (first.where, second.where) or TYPING & {first.where, second.where}):
        return False
    return not first.kinds or not second.kinds or not first.kinds.isdisjoint(second.kinds)


class Actions:
    """A set of actions in which no key means two things on one screen."""

    def __init__(self, actions: Iterable[Action]) -> None:
        """Raises SettingsError naming both actions when two of them want one key, or an id comes twice."""
        self._by_id: dict[str, Action] = {}
        by_key: dict[str, list[Action]] = {}
        for action in actions:
            if action.id in self._by_id:
                raise SettingsError(f"the action {action.id} is declared twice")
            self._by_id[action.id] = action
            for key in action.keys:
                for other in by_key.setdefault(key, []):
                    if overlap(action, other):
                        raise SettingsError(
                            f"the key {key} would mean both {other.id} and {action.id}",
                            remedy="Give one of them another key in the keymap",
                        )
                by_key[key].append(action)
        self._by_key = by_key

    def __iter__(self) -> Iterator[Action]:
        return iter(self._by_id.values())

    def get(self, action_id: str) -> Action | None:
        """Return the action of this id."""
        return self._by_id.get(action_id)

    def for_screen(self, where: Where, kind_id: str = "", row: Row | None = None) -> list[Action]:
        """Return what can be done here: the part's own actions first, then the global ones."""
        here = [action for action in self._by_id.values() if action.reaches(where) and action.applies(kind_id, row)]
        everywhere = [action for action in self._by_id.values() if action.where is Where.GLOBAL]
        if where in TYPING:
            everywhere = [
                replace(action, keys=tuple(key for key in action.keys if self.by_key(key, where) is action))
                for action in everywhere
            ]
        return here + everywhere

    def by_key(self, key: str, where: Where, kind_id: str = "") -> Action | None:
        """Return what a key means here, None when nothing."""
        is_typing = where in TYPING
        if is_typing and len(key) == 1:
            return None
        everywhere: Action | None = None
        for action in self._by_key.get(key, ()):
            if action.reaches(where) and action.applies(kind_id):
                return action
            if action.where is Where.GLOBAL:
                everywhere = action
        return everywhere

    def rebound(self, keys: Mapping[str, tuple[str, ...]]) -> Actions:
        """Return the same actions with other keys, by id; raises SettingsError for an unknown id or a clash."""
        if not keys:
            return self
        unknown = sorted(set(keys) - set(self._by_id))
        if unknown:
            raise SettingsError(f"there is no action {unknown[0]}", remedy="The help (?) lists them all")
        return Actions(
            replace(action, keys=keys[action.id]) if action.id in keys else action for action in self._by_id.values()
        )
