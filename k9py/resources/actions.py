"""What a person can do, declared once: footer, help, palette, keymap, README and permissions all read it here."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from k9py.kube.rows import Row
from k9py.resources.action import Action, Actions, Danger, Need, Where
from k9py.resources.writingactions import writing_actions

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
               kubectl="kubectl describe {target}{ns}", footer=7),
        Action("yaml", ("y",), _T, "yaml", "Show the object as YAML", "look", needs=get,
               kubectl="kubectl get {target}{ns} -o yaml", footer=15),
        Action("events", ("E",), _T, "events", "Show what happened to the object", "look",
               needs=(Need("list", "events"),), kubectl="kubectl events --for {target}{ns}", footer=18),
        Action("detail", ("i",), _T, "detail", "Keep a detail pane open that follows the cursor", "look"),
        Action("logs", ("l",), _T, "logs", "Follow the logs", "look", PODS_OR_WORKLOADS, log,
               kubectl="kubectl logs {target}{ns} --follow", footer=2),
        Action("logs.previous", ("p",), _T, "previous logs", "Show the logs of the run before the restart", "look",
               frozenset({"pods"}), log, has_restarted, "It has not restarted: there is no run before this one",
               kubectl="kubectl logs {target}{ns} --previous", footer=20),
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


ON_CONTAINERS_TOO = frozenset(
    {"cursor.up", "cursor.down", "cursor.page-up", "cursor.page-down", "cursor.first", "cursor.last", "columns.left",
     "columns.right", "filter", "problems", "wide", "sort.name", "sort.age", "sort.column-left", "sort.column-right",
     "sort.flip", "mark", "mark.range", "mark.all", "mark.invert", "mark.clear", "copy.kubectl", "save.table",
     "refresh", "events", "edit"}
)  # fmt: skip
"""Actions of tables that make the same sense on the containers of a pod."""


def _all() -> Iterator[Action]:
    for action in (
        *_general(), *_moving(), *_tables(), *_looking(), *_containers(), *_texts(), *_logs(),
        *writing_actions(),
    ):  # fmt: skip
        yield replace(action, containers=True) if action.id in ON_CONTAINERS_TOO else action


ACTIONS = Actions(_all())
"""Everything a person can do in this version."""
