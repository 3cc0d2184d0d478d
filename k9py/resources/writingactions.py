"""The actions that make and change objects: on the rows of a list, in forms, in the editor, and around a review."""

from __future__ import annotations

from collections.abc import Iterator

from k9py.resources.action import Action, Danger, Need, Where

_G, _T, _X = Where.GLOBAL, Where.TABLE, Where.TEXT
_R, _Q, _B, _H, _E = Where.REVIEW, Where.CONFLICTS, Where.BOARD, Where.HISTORY, Where.EDITOR


def _changing() -> list[Action]:
    scaled = frozenset({"deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers"})
    restarted = frozenset({"deployments.apps", "statefulsets.apps", "daemonsets.apps"})
    imaged = restarted | {"replicasets.apps", "replicationcontrollers", "cronjobs.batch"}
    update, change = (Need("update"),), Danger.CHANGES
    return [
        Action("delete", ("ctrl+d",), _T, "delete", "Delete the marked objects, or the one under the cursor", "change",
               needs=(Need("delete"),), danger=Danger.DESTROYS, kubectl="kubectl delete {target}{ns}", footer=9),
        Action("scale", ("s",), _T, "scale", "Set the number of replicas", "change", scaled,
               (Need("patch", subresource="scale"),), danger=change,
               kubectl="kubectl scale {target}{ns} --replicas=N", footer=5),
        Action("restart", ("r",), _T, "restart", "Replace the pods one after the other", "change", restarted, update,
               danger=change, kubectl="kubectl rollout restart {target}{ns}", footer=16),
        Action("image", ("I",), _T, "set image", "Set the image of a container", "change", imaged, update,
               danger=change, kubectl="kubectl set image {target}{ns} CONTAINER=IMAGE", footer=17),
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
               needs=(Need("create"),), danger=change, kubectl="kubectl create -f FILE", footer=8),
        Action("new.like", ("D",), _T, "new from this", "Make another object like this one by form", "change",
               needs=(Need("get"), Need("create")), danger=change, kubectl="kubectl get {target}{ns} -o yaml"),
        Action("edit.form", ("F",), _T, "form", "Edit the object as a form beside its YAML", "change",
               needs=(Need("get"), Need("update")), danger=change, kubectl="kubectl edit {target}{ns}", footer=6),
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
        Action("form.value", ("ctrl+e",), where, "edit value",
               "Edit the value as a text of its own, with as many lines as it needs, or in $EDITOR", "form"),
        Action("form.reveal", ("f6",), where, "show value", "Show or hide the secret value of the field", "form"),
        Action("form.problem", ("f7",), where, "next problem", "Go to the next problem", "form", footer=7),
        Action("form.discard", ("f8",), where, "discard", "Leave and forget what was typed", "form"),
        Action("form.objects", ("f10",), where, "objects", "Choose which objects there are, and add others", "form"),
        Action("form.theirs", ("f12",), where, "take over", "Take in what somebody else changed meanwhile, or show it",
               "form"),
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
               kubectl="kubectl edit {target}{ns}", footer=14),
        Action("text.edit", ("e",), _X, "edit", "Edit the object as YAML", "change", needs=both, danger=change,
               kubectl="kubectl edit {target}{ns}", footer=6),
        Action("drafts", (), _G, "drafts", "List what was typed and kept (:drafts)", "change"),
        Action("editor.save", ("ctrl+s",), _E, "review", "See what would change, then write it", "edit", footer=1),
        Action("editor.write", ("ctrl+o",), _E, "write file", "Write the text back to the file it came from", "copy"),
        Action("editor.find", ("ctrl+f",), _E, "find", "Search in the text", "edit", footer=3),
        Action("editor.next", ("f3",), _E, "next match", "Go to the next match", "edit"),
        Action("editor.previous", ("shift+f3",), _E, "previous match", "Go to the match before", "edit"),
        Action("editor.replace", ("ctrl+r",), _E, "replace", "Replace every match of something, as one step", "edit"),
        Action("editor.replace-one", ("f9", "alt+r"), _E, "replace one",
               "Replace this match the same way and go to the next", "edit"),
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
        Action("review.apply", ("y", "ctrl+s"), _R, "write",
               "Write what is chosen; what changes or deletes something is asked about once more", "change",
               danger=change, footer=1),
        Action("review.decide", ("c",), _R, "decide conflicts", "Decide the fields that others own or changed",
               "change", danger=change, footer=2),
        Action("review.field", ("f",), _R, "go to field", "Go back to the field that is wrong", "change", footer=3),
        Action("review.retry", ("r",), _R, "try again", "Try again what is not written yet", "change", danger=change,
               footer=4),
        Action("review.anew", ("n",), _R, "make it anew", "Make an object that is gone again, as edited", "change",
               danger=change, footer=4),
        Action("review.onto", ("o",), _R, "lay it over", "Make the same edit of the object made anew meanwhile",
               "change", danger=change, footer=4),
        Action("review.pick", ("space",), _R, "leave out", "Leave this object out, or take it in again", "marks",
               footer=5),
        Action("review.pick-all", ("a",), _R, "all or none", "Take all objects in, or leave all out", "marks"),
        Action("review.sides", ("v",), _R, "other view", "Show the difference side by side, or one below the other",
               "look", footer=6),
        Action("review.whole", ("w",), _R, "whole object", "Show the whole object, or only what changes", "look"),
    ]  # fmt: skip


def writing_actions() -> Iterator[Action]:
    """Yield them in the order in which help lists them."""
    for some in (_changing, _reviewing, _after_changing, _forming, _editing):
        yield from some()
