"""Who else writes an object: owners of fields, conflicts with them, and tools that will undo a change by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k9py.changes.model import FIELD_MANAGER, Conflict, Notice, NoticeKind, Object
from k9py.core.diffs import (
    ABSENT,
    LAST_APPLIED,
    Diff,
    Path,
    changes,
    children,
    is_secret,
    path_text,
    quiet,
    same,
    value_at,
    with_value,
)
from k9py.core.errors import ApiError

CONFLICT_REASON = "FieldManagerConflict"
"""Reason of the causes with which the server names fields others own."""

SHOWN = 5
"""Fields named in a notice; of more only the first."""

_MANAGER = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"')
_TOOLS = {
    "helm": "Helm", "helm-controller": "Flux (Helm)", "kustomize-controller": "Flux", "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD", "rancher": "Rancher", "pulumi-kubernetes": "Pulumi",
    "Terraform": "Terraform",
}  # fmt: skip
"""Field managers of tools that write an object again and again from their own source."""
_CLIENT_SIDE = "kubectl-client-side-apply"
"""What kubectl apply is called when it works out the difference itself."""
_CONTROLLERS = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet", "cloud-controller-manager"})
"""Field managers of Kubernetes' own, which keep the fields they wrote."""
REPLICAS = ("spec", "replicas")


# conflicts


def conflicts_of(error: ApiError, mine: Object, live: Object | None, base: Object | None = None) -> list[Conflict]:
    """Return what a refused apply says field by field; nothing when it was refused for another reason."""
    found: dict[Path, list[str]] = {}
    for cause in error.causes:
        if cause.reason != CONFLICT_REASON:
            continue
        match = _MANAGER.search(cause.message)
        path = locate(cause.field, mine) or locate(cause.field, live) or (cause.field.lstrip("."),)
        managers = found.setdefault(path, [])
        name = match[1] if match else cause.message
        if name not in managers:
            managers.append(name)
    secret = is_secret(mine)
    return [
        Conflict(
            path, tuple(managers), value_at(mine, path), value_at(live or {}, path),
            value_at(base, path) if base is not None else ABSENT, secret,
        )
        for path, managers in found.items()
    ]  # fmt: skip


def locate(text: str, obj: Any) -> Path | None:
    """Return the path a server's field text means in an object; None when the object has no such value.

    The text cannot be read without the object: ``.metadata.labels.app.kubernetes.io/name`` holds a key with dots.
    """
    if not text:
        return ()
    if text.startswith("."):
        if not isinstance(obj, Mapping):
            return None
        rest = text[1:]
        keys = [key for key in obj if rest == key or (rest.startswith(key) and rest[len(key)] in ".[")]
        for key in sorted(keys, key=len, reverse=True):
            below = locate(rest[len(key) :], obj[key])
            if below is not None:
                return (key, *below)
        return None
    if not text.startswith("["):
        return None
    found = _selector_end(text)
    return _locate_item(text[1:found], text[found + 1 :], obj)


def _selector_end(text: str) -> int:
    """Return where the bracket closes; brackets within quotes do not count."""
    quoted = False
    for index, char in enumerate(text):
        if char == '"' and text[index - 1] != "\\":
            quoted = not quoted
        elif char == "]" and not quoted:
            return index
    return len(text)


def _locate_item(selector: str, rest: str, obj: Any) -> Path | None:
    if not isinstance(obj, list):
        return None
    for index, item in enumerate(obj):
        if _selects(selector, index, item):
            below = locate(rest, item)
            if below is None:
                return None
            named = children(obj)
            step: str | int = f"[{item['name']}]" if named is not None and isinstance(item, Mapping) else index
            return (step, *below)
    return None


def _selects(selector: str, index: int, item: Any) -> bool:
    if selector.isdigit():
        return int(selector) == index
    if selector.startswith("="):
        return bool(item == _json(selector[1:]))
    pairs = re.findall(r'([^=,\s]+)=("(?:[^"\\]|\\.)*"|[^,\]]+)', selector)
    return isinstance(item, Mapping) and bool(pairs) and all(_same(item.get(key), _json(raw)) for key, raw in pairs)


def _same(value: Any, wanted: Any) -> bool:
    # A key that has a default, such as a port's protocol, may be left out of what was typed.
    return value is None or bool(value == wanted)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


# managed fields


def managers_of(obj: Object | None) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield name, operation and fields of each writer the server recorded; status writers are left out.

    Not those of other subresources: an autoscaler writes the replicas through ``scale``.
    """
    for entry in ((obj or {}).get("metadata") or {}).get("managedFields") or ():
        if entry.get("subresource") != "status":
            yield entry.get("manager", ""), entry.get("operation", ""), entry.get("fieldsV1") or {}


def owners_of(obj: Object | None, path: Sequence[str | int]) -> tuple[str, ...]:
    """Return who owns a field, as far as the server recorded it."""
    return tuple(dict.fromkeys(name for name, _ in _owning(obj, path)))


def _owning(obj: Object | None, path: Sequence[str | int]) -> list[tuple[str, str]]:
    """Return name and operation of each owner of a field.

    A writer recorded at a field above owns what is below only where that is one value. In a map of single fields,
    which others have some of, it owns no more than that the map is there.
    """
    found = []
    writers = list(managers_of(obj))
    for name, operation, fields in writers:
        depth = _depth(fields, path)
        above = path[:depth]
        if depth == len(path) or (depth >= 0 and not any(_below(other, above) for _, _, other in writers)):
            found.append((name, operation))
    return found


def _depth(fields: Mapping[str, Any], path: Sequence[str | int]) -> int:
    """Return after how many steps of a path a field is owned, at the latest after all of them; -1 for nowhere."""
    for depth, step in enumerate(path):
        if not fields:
            return depth or -1
        below = _step(fields, step)
        if below is None:
            return -1
        fields = below
    return len(path)


def _below(fields: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """Return what is recorded below a path; nothing where it ends before or there."""
    for step in path:
        fields = _step(fields, step) or {}
    return fields


def _step(fields: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    if isinstance(step, str) and not step.startswith("["):
        return fields.get(f"f:{step}")
    name = step[1:-1] if isinstance(step, str) else None
    return next((value for key, value in fields.items() if _key_names(key, name)), None)


def _key_names(key: str, name: str | None) -> bool:
    if not key.startswith("k:"):
        return False
    wanted = _json(key[2:])
    return isinstance(wanted, Mapping) and wanted.get("name") == name


def we_wrote(obj: Object | None) -> bool:
    """Return whether the server recorded a write of ours on the object."""
    return any(name == FIELD_MANAGER for name, _, _ in managers_of(obj))


# three sides


def merge_edit(base: Object, mine: Object, live: Object) -> tuple[Object, list[Conflict]]:
    """Lay what was edited between ``base`` and ``mine`` over ``live``; fields both changed are conflicts."""
    merged: Object = dict(live)
    found: list[Conflict] = []
    secret = is_secret(live) or is_secret(mine)
    quiet_live = quiet(live)
    for change in changes(quiet(base), quiet(mine)):
        now = value_at(quiet_live, change.path)
        if same(now, change.after):
            continue  # somebody did the same
        if same(now, change.before):
            merged = with_value(merged, change.path, change.after)
            continue
        theirs = owners_of(live, change.path)
        found.append(Conflict(change.path, theirs, change.after, now, change.before, secret))
    return merged, found


# tools and controllers behind an object


def managed_by(live: Object | None, mine: Object | None = None) -> list[Notice]:
    """Return a notice for each tool or owner that will write the object again."""
    notices: dict[str, Notice] = {}

    def add(who: str, text: str) -> None:
        notices.setdefault(who, Notice(NoticeKind.MANAGED, text))

    metadata = (live or mine or {}).get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    release = annotations.get("meta.helm.sh/release-name")
    if labels.get("helm.toolkit.fluxcd.io/name"):
        add("Flux", f"Flux manages it (HelmRelease {labels['helm.toolkit.fluxcd.io/name']}) and may undo the change")
    elif labels.get("kustomize.toolkit.fluxcd.io/name"):
        name = labels["kustomize.toolkit.fluxcd.io/name"]
        add("Flux", f"Flux manages it (Kustomization {name}) and undoes changes made here")
    if annotations.get("argocd.argoproj.io/tracking-id"):
        app = str(annotations["argocd.argoproj.io/tracking-id"]).partition(":")[0]
        add("Argo CD", f"Argo CD manages it (application {app}) and may undo the change")
    if release or labels.get("app.kubernetes.io/managed-by") == "Helm":
        named = f" (release {release})" if release else ""
        add("Helm", f"Helm manages it{named}; the next upgrade may undo the change")
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            text = f"{owner.get('kind')} {owner.get('name')} made it and may put back what is changed"
            add(f"owner {owner.get('name')}", text)
    for name, _, _ in managers_of(live):
        tool = _TOOLS.get(name)
        if tool and tool.split(" ")[0] not in {who.split(" ")[0] for who in notices}:
            add(tool, f"{tool} writes it too (field manager {name}) and may undo the change")
    return list(notices.values())


def last_applied(live: Object | None) -> Object | None:
    """Return what kubectl applied last on the client's side; None where it did not, or when that cannot be read."""
    text = (((live or {}).get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None  # somebody wrote into the annotation
    return found if isinstance(found, dict) else None


def stays_applied(live: Object, mine: Object) -> list[Notice]:
    """Return a notice of what kubectl applied and a document leaves out: kubectl would remove it, we do not own it."""
    applied = last_applied(live)
    if applied is None:
        return []
    gone = [one.path for one in changes(quiet(applied), quiet(mine)) if one.after is ABSENT]
    names = [path_text(path) for path in gone if value_at(live, path) is not ABSENT]
    if not names:
        return []
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return [Notice(NoticeKind.ADVICE, f"stays, since kubectl apply set it and owns it: {shown}; an edit removes it")]


def applied_by(live: Object | None, diff: Diff) -> list[Notice]:
    """Return a notice for each manager that owns a changed field and writes it again from a source of its own."""
    notices = []
    for name, operation, _ in managers_of(live):
        applies = (operation == "Apply" or name == _CLIENT_SIDE) and name != FIELD_MANAGER and name not in _TOOLS
        if not applies and name not in _CONTROLLERS:
            continue
        # Who sets the replicas through ``scale`` is an autoscaler, which scaled_by names.
        theirs = [
            change.field for change in diff.fields
            if (name, operation) in _owning(live, change.path) and change.path != REPLICAS
        ]  # fmt: skip
        if not theirs:
            continue
        listed = ", ".join(theirs[:SHOWN]) + (f" and {len(theirs) - SHOWN} more" if len(theirs) > SHOWN else "")
        who = "kubectl apply" if name == _CLIENT_SIDE else name
        will = "will set it back when it applies again" if applies else "keeps it as it sees fit"
        if len(theirs) > 1:
            will = will.replace(" it ", " them ", 1)
        text = f"{who} owns {listed} and {will}"
        notices.append(Notice(NoticeKind.MANAGED, text))
    return notices


def scaled_by(autoscalers: Iterable[Object], api_version: str, kind: str, name: str, diff: Diff) -> list[Notice]:
    """Return a notice for each autoscaler that sets the replicas this change sets too."""
    if not any(change.path == REPLICAS for change in diff.fields):
        return []
    notices = []
    group = api_version.rpartition("/")[0]
    for autoscaler in autoscalers:
        target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
        same_group = str(target.get("apiVersion") or "").rpartition("/")[0] == group
        if target.get("kind") == kind and target.get("name") == name and same_group:
            own = (autoscaler.get("metadata") or {}).get("name")
            least = (autoscaler.get("spec") or {}).get("minReplicas", 1)
            most = (autoscaler.get("spec") or {}).get("maxReplicas")
            text = f"HorizontalPodAutoscaler {own} sets the replicas itself ({least} to {most}) and will change them"
            notices.append(Notice(NoticeKind.MANAGED, text))
    return notices


def describe_conflict(conflict: Conflict) -> str:
    """Return one line: the field, who owns it, and the values unless they are secret."""
    who = ", ".join(conflict.managers) or "somebody else"
    if conflict.secret:
        return f"{path_text(conflict.path)}: owned by {who}; the values are secret"
    was = "" if conflict.base is ABSENT else f", it was {_shown(conflict.base)}"
    sides = f"theirs {_shown(conflict.theirs)}, mine {_shown(conflict.mine)}{was}"
    return f"{path_text(conflict.path)}: owned by {who}; {sides}"


def _shown(value: Any) -> str:
    return "(none)" if value is ABSENT else json.dumps(value, ensure_ascii=False, default=str)
