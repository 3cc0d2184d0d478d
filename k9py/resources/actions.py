"""What a person can do, declared once: footer, help, palette, keymap, README and permissions all read it here.

An action is pure data; the screen that has it carries it out by its id. Keys are written as a person types them: one
character, or ``ctrl+x``, ``shift+left``, ``enter``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Need:
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


@dataclass(frozen=True, slots=True)
class Action:
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
        unknown = sorted(set(keys) - set(self._by_id))
        if unknown:
            raise SettingsError(f"there is no action {unknown[0]}", remedy="The help (?) lists them all")
        return Actions(
            replace(action, keys=keys[action.id]) if action.id in keys else action for action in self._by_id.values()
        )


WORKLOADS = frozenset(
    {"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch",
     "replicationcontrollers", "services"}
)  # fmt: skip
"""Kinds that stand for pods, besides pods."""

PODS_OR_WORKLOADS = WORKLOADS | {"pods"}

USED_KINDS = frozenset(
    {"configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts", "priorityclasses.scheduling.k8s.io"}
)
"""Kinds that pods refer to by name."""


def has_owner(row: Row) -> bool:
    """Return whether somebody made the object."""
    return bool(row.owners)


# Rows of pods and containers are read by attribute here: importing their modules would cost the first frame 80 ms.


def has_restarted(row: Row) -> bool:
    """Return whether a pod or container has had a run before this one."""
    return bool(getattr(row, "restarts", 1))


def has_place(row: Row) -> bool:
    """Return whether a pod is on a node: without one nothing runs; rows of other kinds pass."""
    return bool(getattr(row, "node", "?"))


def can_be_entered(row: Row) -> bool:
    """Return whether something may run in a pod: it is on a node and has not ended."""
    return has_place(row) and getattr(row, "phase", "") not in ("Succeeded", "Failed")


def runs(row: Row) -> bool:
    """Return whether a container runs."""
    return bool(getattr(row, "running", True))


_G, _T, _C, _X, _L = Where.GLOBAL, Where.TABLE, Where.CONTAINERS, Where.TEXT, Where.LOGS
_R, _Q, _B, _H, _E = Where.REVIEW, Where.CONFLICTS, Where.BOARD, Where.HISTORY, Where.EDITOR


def _general() -> list[Action]:
    return [
        Action("command", (":",), _G, "command", "Open a kind, a namespace, a context or any command", footer=90),
        Action("help", ("?", "f1"), _G, "all keys", "List the keys that work here and now", footer=99),
        Action("palette", ("ctrl+p",), _G, "palette", "Search everything that can be done here"),
        Action("jump", ("ctrl+o",), _G, "jump", "Put a letter on each part of the screen to move there"),
        Action("back", ("escape", "q"), _G, "back", "Clear what was typed, else return to where you came from"),
        Action("cancel", ("ctrl+c",), _G, "cancel", "Cancel; a second time quits"),
        Action("quit", (), _G, "quit", "Leave the program (:q)"),
        Action("repaint", ("ctrl+l",), _G, "repaint", "Draw the whole screen again"),
        Action("suspend", ("ctrl+z",), _G, "suspend", "Return to the shell; fg comes back"),
        Action("focus.next", ("tab",), _G, "next pane", "Move to the next pane", "panes"),
        Action("focus.previous", ("shift+tab",), _G, "previous pane", "Move to the previous pane", "panes"),
        Action("pane.beside", ("|",), _G, "split beside", "Open or close a pane beside this one", "panes"),
        Action("pane.below", ("_",), _G, "split below", "Open or close a pane below this one", "panes"),
        Action("tab.new", ("ctrl+t",), _G, "new tab", "Open a tab on the same view", "panes"),
        Action("tab.close", ("W",), _G, "close tab", "Close this tab", "panes"),
        Action("tab.next", ("}",), _G, "next tab", "Go to the next tab", "panes"),
        Action("tab.previous", ("{",), _G, "previous tab", "Go to the previous tab", "panes"),
        Action("history.back", ("[",), _G, "back", "Go back in the history of views", "move"),
        Action("history.forward", ("]",), _G, "forward", "Go forward in the history of views", "move"),
        Action("history.last", ("-",), _G, "last view", "Swap with the view before this one", "move"),
        Action("context.choose", ("ctrl+x",), _G, "context", "Choose another context", "move"),
        Action("namespace.choose", ("ctrl+n",), _G, "namespaces", "Choose one or several namespaces", "move"),
        Action("login", (), _G, "log in", "Log in to the cluster again with what the kubeconfig says (:login)"),
        Action("theme.choose", (), _G, "theme", "Choose another theme"),
        Action("picture", (), _G, "picture", "Save a picture of the screen as SVG"),
    ]  # fmt: skip


def _moving() -> list[Action]:
    return [
        Action("cursor.up", ("up", "k"), _T, "up", "Move up one row", "move"),
        Action("cursor.down", ("down", "j"), _T, "down", "Move down one row", "move"),
        Action("cursor.page-up", ("pageup", "ctrl+b"), _T, "page up", "Move up one page", "move"),
        Action("cursor.page-down", ("pagedown", "ctrl+f"), _T, "page down", "Move down one page", "move"),
        Action("cursor.first", ("home", "g"), _T, "first", "Move to the first row", "move"),
        Action("cursor.last", ("end", "G"), _T, "last", "Move to the last row", "move"),
        Action("columns.left", ("left",), _T, "left", "Show columns further left", "move"),
        Action("columns.right", ("right",), _T, "right", "Show columns further right", "move"),
        Action("namespace.all", ("0",), _T, "all namespaces", "Show every namespace", "move"),
        *(
            Action(f"namespace.{place}", (str(place),), _T, f"namespace {place}",
                   f"Show the recent namespace number {place}", "move")
            for place in range(1, 10)
        ),
        Action("namespace.warp", ("w",), _T, "same namespace", "Show only the row's namespace", "move"),
        Action("open", ("enter",), _T, "open", "Go to what belongs to the row, else describe it", "move", footer=1),
        Action("owner", ("J",), _T, "owner", "Go to the object that made this one", "move", predicate=has_owner,
               otherwise="Nobody owns this object",
               kubectl="kubectl get {target}{ns} -o jsonpath='{{.metadata.ownerReferences}}'"),
    ]  # fmt: skip


def _tables() -> list[Action]:
    return [
        Action("filter", ("/",), _T, "filter", "Show only matching rows", "table", footer=40),
        Action("problems", ("!",), _T, "problems", "Show only rows with a problem", "table", footer=41),
        Action("wide", ("ctrl+w",), _T, "wide", "Show all columns", "table"),
        Action("sort.name", ("N",), _T, "by name", "Sort by name, again to turn round", "table"),
        Action("sort.age", ("A",), _T, "by age", "Sort by age, again to turn round", "table"),
        Action("sort.status", ("S",), _T, "by status", "Sort by status, again to turn round", "table"),
        Action("sort.namespace", ("P",), _T, "by namespace", "Sort by namespace, again to turn round", "table"),
        Action("sort.column-left", ("shift+left", "<"), _T, "column left", "Choose the sort column to the left",
               "table"),
        Action("sort.column-right", ("shift+right", ">"), _T, "column right", "Choose the sort column to the right",
               "table"),
        Action("sort.flip", ("O",), _T, "turn round", "Sort by the chosen column, again to turn round", "table"),
        Action("mark", ("space",), _T, "mark", "Mark or unmark the row", "marks"),
        Action("mark.range", ("ctrl+space",), _T, "mark range", "Mark from the last mark to here", "marks"),
        Action("mark.all", ("*",), _T, "mark all", "Mark every row that is shown", "marks"),
        Action("mark.invert", ("%",), _T, "invert marks", "Mark what is not marked and the reverse", "marks"),
        Action("mark.clear", ("ctrl+backslash", "\\"), _T, "clear marks", "Unmark everything", "marks"),
        Action("copy.name", ("c",), _T, "copy name", "Copy the name, or the marked names", "copy"),
        Action("copy.namespace", ("n",), _T, "copy namespace", "Copy the namespace", "copy"),
        Action("copy.kubectl", ("K",), _T, "copy kubectl", "Copy the kubectl command that shows this row", "copy",
               kubectl="kubectl get {target}{ns}"),
        Action("save.table", ("ctrl+s",), _T, "save", "Write the shown rows to a file", "copy"),
        Action("refresh", ("ctrl+r",), _T, "refresh", "Read the list again", "table"),
    ]  # fmt: skip


def _looking() -> list[Action]:
    get = (Need("get"),)
    log = (Need("get", "pods", "log"),)
    pod_list = (Need("list", "pods"),)
    return [
        Action("describe", ("d",), _T, "describe", "Explain the object in words, with its events", "look", needs=get,
               kubectl="kubectl describe {target}{ns}", footer=10),
        Action("yaml", ("y",), _T, "yaml", "Show the object as YAML", "look", needs=get,
               kubectl="kubectl get {target}{ns} -o yaml", footer=11),
        Action("events", ("E",), _T, "events", "Show what happened to the object", "look",
               needs=(Need("list", "events"),), kubectl="kubectl events --for {target}{ns}", footer=12),
        Action("detail", ("i",), _T, "detail", "Keep a detail pane open that follows the cursor", "look"),
        Action("logs", ("l",), _T, "logs", "Follow the logs", "look", PODS_OR_WORKLOADS, log,
               kubectl="kubectl logs {target}{ns} --follow", footer=2),
        Action("logs.previous", ("p",), _T, "previous logs", "Show the logs of the run before the restart", "look",
               frozenset({"pods"}), log, has_restarted, "It has not restarted: there is no run before this one",
               kubectl="kubectl logs {target}{ns} --previous", footer=3),
        Action("shell", ("s",), _T, "shell", "Open a shell in a container", "look", frozenset({"pods"}),
               (Need("create", "pods", "exec"),), can_be_entered, "Nothing runs in it", danger=Danger.ENTERS,
               kubectl="kubectl exec {target}{ns} -it -- sh", footer=4),
        Action("go.node", ("o",), _T, "node", "Go to the node the pod runs on", "look", frozenset({"pods"}),
               (Need("list", "nodes"),), has_place, "It is on no node yet",
               kubectl="kubectl get {target}{ns} -o wide"),
        Action("go.replicasets", ("z",), _T, "replica sets", "Go to the replica sets of the deployment", "look",
               frozenset({"deployments.apps"}), (Need("list", "replicasets.apps"),)),
        Action("go.endpointslices", ("z",), _T, "endpoint slices", "Go to the endpoint slices of the service", "look",
               frozenset({"services"}), (Need("list", "endpointslices.discovery.k8s.io"),)),
        Action("go.users", ("u",), _T, "used by", "Go to the pods that use it", "look", USED_KINDS, pod_list),
    ]  # fmt: skip


def _containers() -> list[Action]:
    log = (Need("get", "pods", "log"),)
    return [
        Action("container.logs", ("enter", "l"), _C, "logs", "Follow the container's logs", "look", needs=log,
               kubectl="kubectl logs {target}{ns} -c {container} --follow", footer=1),
        Action("container.previous", ("p",), _C, "previous logs", "Show the logs of the run before the restart", "look",
               needs=log, predicate=has_restarted, otherwise="It has not restarted: there is no run before this one",
               kubectl="kubectl logs {target}{ns} -c {container} --previous", footer=2),
        Action("container.shell", ("s",), _C, "shell", "Open a shell in the container", "look",
               needs=(Need("create", "pods", "exec"),), predicate=runs, otherwise="It does not run",
               danger=Danger.ENTERS, kubectl="kubectl exec {target}{ns} -c {container} -it -- sh", footer=3),
        Action("container.copy", ("c",), _C, "copy name", "Copy the container's name", "copy"),
        Action("container.image", ("i",), _C, "copy image", "Copy the container's image", "copy"),
        Action("container.describe", ("d",), _C, "describe", "Explain the pod in words", "look", footer=4),
        Action("container.yaml", ("y",), _C, "yaml", "Show the pod as YAML", "look", footer=5),
    ]  # fmt: skip


def _reading(where: Where, name: str) -> list[Action]:
    end = "Go to the newest line and stay there" if where is _L else "Go to the last line"
    return [
        Action(f"{name}.up", ("up", "k"), where, "up", "Move up one line", "move"),
        Action(f"{name}.down", ("down", "j"), where, "down", "Move down one line", "move"),
        Action(f"{name}.page-up", ("pageup", "ctrl+b"), where, "page up", "Move up one page", "move"),
        Action(f"{name}.page-down", ("pagedown", "ctrl+f", "space"), where, "page down", "Move down one page", "move"),
        Action(f"{name}.first", ("home", "g"), where, "first", "Go to the first line", "move"),
        Action(f"{name}.last", ("end", "G"), where, "last", end, "move"),
        Action(f"{name}.left", ("left", "h"), where, "left", "Show what is further left", "move"),
        Action(f"{name}.right", ("right",), where, "right", "Show what is further right", "move"),
        Action(f"{name}.find", ("/",), where, "find", "Search in the text", "look", footer=1),
        Action(f"{name}.find-next", ("n",), where, "next", "Go to the next match", "look"),
        Action(f"{name}.find-previous", ("N",), where, "previous", "Go to the match before", "look"),
        Action(f"{name}.wrap", ("w",), where, "wrap", "Break long lines or let them run on", "look", footer=5),
        Action(f"{name}.full", ("f",), where, "full screen", "Give the pane the whole screen", "panes"),
        Action(f"{name}.copy", ("c",), where, "copy", "Copy the text", "copy"),
        Action(f"{name}.save", ("ctrl+s",), where, "save", "Write the text to a file", "copy"),
    ]


def _texts() -> list[Action]:
    return [
        *_reading(_X, "text"),
        Action("text.managed", ("m",), _X, "managed fields", "Show or hide managed fields in YAML", "look"),
        Action("text.describe", ("d",), _X, "describe", "Show the description", "look", footer=2),
        Action("text.yaml", ("y",), _X, "yaml", "Show the YAML", "look", footer=3),
        Action("text.events", ("E",), _X, "events", "Show the events", "look", footer=4),
    ]  # fmt: skip


def _logs() -> list[Action]:
    windows = ("tail", "from the start", "1 minute", "5 minutes", "15 minutes", "30 minutes", "1 hour")
    return [
        *_reading(_L, "logs"),
        Action("logs.follow", ("s",), _L, "follow", "Stay at the newest line or stand still", "look", footer=2),
        Action("logs.times", ("t",), _L, "times", "Show or hide the time of each line", "look", footer=3),
        Action("logs.earlier", ("p",), _L, "previous", "Show the run before the restart, or the present one", "look",
               footer=4),
        Action("logs.all", ("a",), _L, "all containers", "Show all containers or one", "look"),
        Action("logs.clear", ("C",), _L, "clear", "Forget the lines shown so far", "look"),
        Action("logs.mark", ("m",), _L, "mark", "Draw a line here", "look"),
        *(
            Action(f"logs.since-{index}", (str(index),), _L, title, f"Show the logs: {title}", "look")
            for index, title in enumerate(windows)
        ),
    ]  # fmt: skip


def _changing() -> list[Action]:
    scaled = frozenset({"deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers"})
    restarted = frozenset({"deployments.apps", "statefulsets.apps", "daemonsets.apps"})
    imaged = restarted | {"replicasets.apps", "replicationcontrollers", "cronjobs.batch"}
    update, change = (Need("update"),), Danger.CHANGES
    return [
        Action("delete", ("ctrl+d",), _T, "delete", "Delete the marked objects, or the one under the cursor", "change",
               needs=(Need("delete"),), danger=Danger.DESTROYS, kubectl="kubectl delete {target}{ns}", footer=30),
        Action("scale", ("s",), _T, "scale", "Set the number of replicas", "change", scaled,
               (Need("patch", subresource="scale"),), danger=change,
               kubectl="kubectl scale {target}{ns} --replicas=N", footer=5),
        Action("restart", ("r",), _T, "restart", "Replace the pods one after the other", "change", restarted, update,
               danger=change, kubectl="kubectl rollout restart {target}{ns}", footer=6),
        Action("image", ("I",), _T, "set image", "Set the image of a container", "change", imaged, update,
               danger=change, kubectl="kubectl set image {target}{ns} CONTAINER=IMAGE", footer=7),
        Action("undo", ("U",), _T, "undo", "Take back what was written last from here", "change", danger=change),
        Action("changes", ("H",), _T, "changes", "Show what was changed from here, with the differences", "change"),
    ]  # fmt: skip


def _after_changing() -> list[Action]:
    change = Danger.CHANGES
    return [
        *_moves(_Q, "conflicts"),
        Action("conflicts.take", ("t",), _Q, "take theirs", "Their value becomes mine too", "change", footer=1),
        Action("conflicts.keep", ("e",), _Q, "keep out", "Leave the field to its owner; mine says nothing of it",
               "change", footer=2),
        Action("conflicts.force", ("m",), _Q, "force mine", "Write my value and become the owner", "change", footer=3),
        Action("conflicts.take-all", ("T",), _Q, "take all", "Take theirs in every field", "change"),
        Action("conflicts.keep-all", ("E",), _Q, "keep out of all", "Leave every field to its owner", "change"),
        Action("conflicts.force-all", ("M",), _Q, "force all", "Write mine in every field", "change"),
        Action("conflicts.go-on", ("enter", "ctrl+s"), _Q, "plan again", "Plan it again as decided", "change",
               footer=4),
        *_moves(_B, "board"),
        Action("board.undo", ("u",), _B, "undo", "Take back what was just written", "change", danger=change, footer=1),
        Action("board.image", ("i",), _B, "set image", "Set another image", "change", danger=change, footer=2),
        Action("board.pod", ("enter", "p"), _B, "go there", "Go to the pod that shows what is wrong, or to the object",
               "move", footer=3),
        Action("board.logs", ("l",), _B, "logs", "Show what that pod writes", "look", footer=4),
        Action("board.events", ("e",), _B, "events", "Show what happened to it", "look", footer=5),
        *_moves(_H, "changes"),
        Action("changes.undo", ("u",), _H, "undo this", "Take back this change", "change", danger=change, footer=1),
        Action("changes.undo-series", ("U",), _H, "undo together", "Take back everything written together with it",
               "change", danger=change, footer=2),
        Action("changes.every", ("a",), _H, "object or all", "Show the changes of the object, or all of this context",
               "look", footer=3),
        Action("changes.sides", ("v",), _H, "other view", "Show the difference side by side, or one below the other",
               "look", footer=4),
        Action("changes.go", ("enter",), _H, "go to object", "Go to the object in its list", "move", footer=5),
    ]  # fmt: skip


def _forming() -> list[Action]:
    change, where = Danger.CHANGES, Where.FORM
    injected = frozenset({"configmaps", "secrets"})
    return [
        Action("new", ("+",), _T, "new", "Make an object of this kind by form (:new KIND, :new bundle NAME)", "change",
               needs=(Need("create"),), danger=change, kubectl="kubectl create -f FILE", footer=35),
        Action("new.like", ("D",), _T, "new from this", "Make another object like this one by form", "change",
               needs=(Need("get"), Need("create")), danger=change, kubectl="kubectl get {target}{ns} -o yaml"),
        Action("edit.form", ("F",), _T, "edit as form", "Edit the object as a form beside its YAML", "change",
               needs=(Need("get"), Need("update")), danger=change, kubectl="kubectl edit {target}{ns}"),
        Action("inject", ("B",), _T, "inject", "Hand its values to a workload, as variables or files", "change",
               injected, (Need("get"),), danger=change, kubectl="kubectl set env WORKLOAD --from={target}{ns}"),
        Action("form.review", ("ctrl+s",), where, "review", "See what would change, then write it", "form", footer=1),
        Action("form.search", ("ctrl+g",), where, "go to field",
               "Go to a field by its name, or add any field of the schema by its path", "form", footer=2),
        Action("form.choose", ("ctrl+space",), where, "choose", "List what may stand in the field", "form", footer=3),
        Action("form.switch", ("f9",), where, "YAML", "Go to the YAML, and back to the form", "form", footer=4),
        Action("form.level", ("f5",), where, "all fields", "Show every field, or those most people need", "form",
               footer=5),
        Action("form.sections", ("f3",), where, "sections", "List the sections, and go to one", "form", footer=6),
        Action("form.why", ("f1",), where, "why", "Explain the field, and every key of the form", "form", footer=99),
        Action("form.keys", ("f2",), where, "all keys", "List the keys that work here and now", "form"),
        Action("form.external", ("f4",), where, "$EDITOR", "Edit the YAML in $EDITOR and come back", "form", footer=8),
        Action("form.reveal", ("f6",), where, "show value", "Show or hide the secret value of the field", "form"),
        Action("form.problem", ("f7",), where, "next problem", "Go to the next problem", "form", footer=7),
        Action("form.discard", ("f8",), where, "discard", "Leave and forget what was typed", "form"),
        Action("form.objects", ("f10",), where, "objects", "Choose which objects there are, and add others", "form"),
        Action("form.presets", ("ctrl+t",), where, "presets", "Begin with the values of a preset", "form"),
        Action("form.add", ("ctrl+n", "insert"), where, "add item", "Add an item to the list the cursor is in", "form"),
        Action("form.remove", ("ctrl+d",), where, "remove", "Remove the key, the item or the value at the cursor",
               "form"),
        Action("form.item-up", ("alt+up",), where, "item up", "Move the item up in its list", "form"),
        Action("form.item-down", ("alt+down",), where, "item down", "Move the item down in its list", "form"),
        Action("form.undo", ("ctrl+z", "ctrl+u"), where, "undo", "Take back the last change, made on either side",
               "form"),
        Action("form.redo", ("ctrl+y",), where, "redo", "Do again what was taken back", "form"),
        Action("form.next", ("down", "enter", "tab"), where, "next field", "Take what was typed and go on", "move"),
        Action("form.previous", ("up", "shift+tab"), where, "field before", "Take what was typed and go back", "move"),
        Action("form.page-up", ("pageup",), where, "page up", "Go up one page", "move"),
        Action("form.page-down", ("pagedown",), where, "page down", "Go down one page", "move"),
        Action("form.first", ("ctrl+home",), where, "first field", "Go to the first field", "move"),
        Action("form.last", ("ctrl+end",), where, "last field", "Go to the last field", "move"),
    ]  # fmt: skip


def _editing() -> list[Action]:
    change = Danger.CHANGES
    both = (Need("get"), Need("update"))
    return [
        Action("edit", ("e",), _T, "edit", "Edit the object as YAML", "change", needs=both, danger=change,
               kubectl="kubectl edit {target}{ns}", footer=8),
        Action("text.edit", ("e",), _X, "edit", "Edit the object as YAML", "change", needs=both, danger=change,
               kubectl="kubectl edit {target}{ns}", footer=6),
        Action("drafts", (), _G, "drafts", "List what was typed and not written yet (:drafts)", "change"),
        Action("editor.save", ("ctrl+s",), _E, "review", "See what would change, then write it", "edit", footer=1),
        Action("editor.write", ("ctrl+o",), _E, "write file", "Write the text back to the file it came from", "copy"),
        Action("editor.find", ("ctrl+f",), _E, "find", "Search in the text", "edit", footer=3),
        Action("editor.next", ("f3",), _E, "next match", "Go to the next match", "edit"),
        Action("editor.previous", ("shift+f3",), _E, "previous match", "Go to the match before", "edit"),
        Action("editor.replace", ("ctrl+r",), _E, "replace", "Replace every match of something, as one step", "edit"),
        Action("editor.replace-one", ("f9",), _E, "replace one", "Replace this match the same way and go to the next",
               "edit"),
        Action("editor.go", ("ctrl+g",), _E, "go to", "Go to a line by its number, or to a field by its path", "edit",
               footer=4),
        Action("editor.complete", ("ctrl+space",), _E, "complete", "List what may stand here", "edit", footer=5),
        Action("editor.why", ("f1",), _E, "why", "Explain the field at the caret", "edit", footer=98),
        Action("editor.keys", ("f2",), _E, "all keys", "List the keys that work here and now", "edit", footer=99),
        Action("editor.external", ("f4",), _E, "$EDITOR", "Edit the text in $EDITOR and come back", "edit", footer=6),
        Action("editor.theirs", ("f5",), _E, "their change", "Show what somebody else changed meanwhile", "edit"),
        Action("editor.reveal", ("f6",), _E, "show value", "Show or hide the secret value at the caret", "edit",
               footer=2),
        Action("editor.value", ("ctrl+e",), _E, "edit value", "Edit the one value at the caret as a text of its own",
               "edit", footer=7),
        Action("editor.discard", ("f8",), _E, "discard", "Leave and forget what was typed", "edit"),
        Action("editor.undo", ("ctrl+z", "ctrl+u"), _E, "undo", "Take back the last step", "edit"),
        Action("editor.redo", ("ctrl+y",), _E, "redo", "Do again what was taken back", "edit"),
        Action("editor.cut", ("ctrl+x",), _E, "cut", "Cut what is selected, or the line", "copy"),
        Action("editor.copy", ("alt+c",), _E, "copy", "Copy the line, or what is selected as ctrl+c does", "copy"),
        Action("editor.paste", ("ctrl+v",), _E, "paste", "Paste what was copied here", "copy"),
        Action("editor.all", ("ctrl+a",), _E, "select all", "Select the whole text", "copy"),
        Action("editor.comment", ("ctrl+underscore", "alt+slash"), _E, "comment",
               "Comment the selected lines out or in", "edit"),
        Action("editor.delete-line", ("ctrl+k",), _E, "delete line", "Delete the line, or the selected lines", "edit"),
        Action("editor.duplicate", ("ctrl+d",), _E, "duplicate", "Write the line, or the selected lines, once more",
               "edit"),
        Action("editor.line-up", ("alt+up",), _E, "line up", "Move the line, or the selected lines, up", "edit"),
        Action("editor.line-down", ("alt+down",), _E, "line down", "Move the line, or the selected lines, down",
               "edit"),
        Action("editor.document-next", ("ctrl+pagedown", "alt+pagedown"), _E, "next document",
               "Go to the next document", "move"),
        Action("editor.document-previous", ("ctrl+pageup", "alt+pageup"), _E, "previous document",
               "Go to the document before", "move"),
        *_moves(Where.READING, "reading"),
        Action("reading.close", ("f5", "enter"), Where.READING, "close", "Go back to the text", "look", footer=1),
        Action("editor.problem", ("f7",), _E, "next problem", "Go to the next problem", "move"),
    ]  # fmt: skip


def _moves(where: Where, name: str) -> list[Action]:
    return [
        Action(f"{name}.up", ("up", "k"), where, "up", "Move up", "move"),
        Action(f"{name}.down", ("down", "j"), where, "down", "Move down", "move"),
        Action(f"{name}.page-up", ("pageup", "ctrl+b"), where, "page up", "Scroll the text up by a page", "move"),
        Action(f"{name}.page-down", ("pagedown", "ctrl+f"), where, "page down", "Scroll the text down by a page",
               "move"),
        Action(f"{name}.line-up", ("shift+up", "K"), where, "line up", "Scroll the text up by a line", "move"),
        Action(f"{name}.line-down", ("shift+down", "J"), where, "line down", "Scroll the text down by a line", "move"),
        Action(f"{name}.first", ("home", "g"), where, "first", "Go to the beginning of the text", "move"),
        Action(f"{name}.last", ("end", "G"), where, "last", "Go to the end of the text", "move"),
    ]  # fmt: skip


def _reviewing() -> list[Action]:
    change = Danger.CHANGES
    return [
        *_moves(_R, "review"),
        Action("review.apply", ("y", "ctrl+s"), _R, "write", "Write what is chosen, after a last question", "change",
               danger=change, footer=1),
        Action("review.decide", ("c",), _R, "decide conflicts", "Decide the fields that others own or changed",
               "change", danger=change, footer=2),
        Action("review.field", ("f",), _R, "go to field", "Go back to the field that is wrong", "change", footer=3),
        Action("review.retry", ("r",), _R, "try again", "Try again what is not written yet", "change", danger=change,
               footer=4),
        Action("review.anew", ("n",), _R, "make it anew", "Make an object that is gone again, as edited", "change",
               danger=change, footer=4),
        Action("review.pick", ("space",), _R, "leave out", "Leave this object out, or take it in again", "marks",
               footer=5),
        Action("review.pick-all", ("a",), _R, "all or none", "Take all objects in, or leave all out", "marks"),
        Action("review.sides", ("v",), _R, "other view", "Show the difference side by side, or one below the other",
               "look", footer=6),
        Action("review.whole", ("w",), _R, "whole object", "Show the whole object, or only what changes", "look"),
    ]  # fmt: skip


ON_CONTAINERS_TOO = frozenset(
    {"cursor.up", "cursor.down", "cursor.page-up", "cursor.page-down", "cursor.first", "cursor.last", "columns.left",
     "columns.right", "filter", "problems", "wide", "sort.name", "sort.age", "sort.column-left", "sort.column-right",
     "sort.flip", "mark", "mark.range", "mark.all", "mark.invert", "mark.clear", "copy.kubectl", "save.table",
     "refresh", "events", "edit"}
)  # fmt: skip
"""Actions of tables that make the same sense on the containers of a pod."""


def _all() -> Iterator[Action]:
    for action in (
        *_general(), *_moving(), *_tables(), *_looking(), *_containers(), *_texts(), *_logs(), *_changing(),
        *_reviewing(), *_after_changing(), *_forming(), *_editing(),
    ):  # fmt: skip
        yield replace(action, containers=True) if action.id in ON_CONTAINERS_TOO else action


ACTIONS = Actions(_all())
"""Everything a person can do in this version."""
