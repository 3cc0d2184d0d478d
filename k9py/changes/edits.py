"""Wishes for what people do most: scale, restart, set an image, inject a ConfigMap or Secret, decide a conflict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from k9py.changes.model import Choice, Deed, Object, PlannedChange, Wish
from k9py.changes.secretdata import as_kept
from k9py.core.diffs import ABSENT, Path, path_text, value_at, with_value
from k9py.core.errors import ChangeError, UsageError

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""Annotation of a pod template by which every tool restarts a workload."""

_TEMPLATES: dict[str, Path] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Kind to where its pod template is."""
_RESTARTABLE = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_NOT_IN_A_NAME = re.compile("[^a-z0-9-]+")
NAME_LIMIT = 63
"""Characters of a volume's name."""


def scale(live: Object, replicas: int) -> Wish:
    """Return the wish for another number of replicas; raises UsageError for a negative one."""
    if replicas < 0:
        raise UsageError(f"{replicas} replicas cannot be", remedy="0 stops everything")
    return Wish(Deed.SCALE, {**_identity(live), "spec": {"replicas": replicas}})


def restart(live: Object, now: float) -> Wish:
    """Return the wish for new pods one after the other; ``now`` is Unix seconds. Raises UsageError."""
    kind = live.get("kind")
    if kind not in _RESTARTABLE:
        raise UsageError(f"a {kind} cannot be restarted", remedy=f"These can: {', '.join(sorted(_RESTARTABLE))}")
    if (live.get("spec") or {}).get("paused"):
        raise UsageError("its rollout is paused, so a restart would not start", remedy="Resume the rollout first")
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return edit(live, with_value(live, ("spec", "template", "metadata", "annotations", RESTARTED_AT), moment))


def set_image(live: Object, images: Mapping[str, str]) -> Wish:
    """Return the wish for other images, by container name. Raises UsageError naming the containers there are."""
    path = pod_path(live)
    changed = live
    for container, image in images.items():
        for part in ("containers", "initContainers"):
            place = (*path, "spec", part, f"[{container}]")
            if value_at(live, place) is not ABSENT:
                changed = with_value(changed, (*place, "image"), image)
                break
        else:
            names = ", ".join(images_of(live))
            raise UsageError(f"there is no container {container!r}", remedy=f"There are {names}")
    return edit(live, changed)


def edit(base: Object, mine: Object, *, origin: str = "") -> Wish:
    """Return the wish to write an edited object back; ``base`` is the object as its editing began."""
    return Wish(Deed.UPDATE, mine, base=base, origin=origin)


def apply(document: Object, *, origin: str = "", force: bool = False) -> Wish:
    """Return the wish to apply a manifest; one with a generated name can only be created."""
    metadata = document.get("metadata") or {}
    deed = Deed.CREATE if metadata.get("generateName") and not metadata.get("name") else Deed.APPLY
    return Wish(deed, document, origin=origin, force=force)


def delete(obj: Object, *, origin: str = "", may_be_gone: bool = False, uid: str = "") -> Wish:
    """Return the wish to delete an object, named by its manifest or by itself.

    With a ``uid`` only that very object is meant, and not another one that has its name by now.
    """
    base = {"metadata": {"uid": uid}} if uid else None
    return Wish(Deed.DELETE, _identity(obj), base=base, origin=origin, may_be_gone=may_be_gone)


def _identity(obj: Object) -> Object:
    metadata = obj.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "namespace") if metadata.get(key)}
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": kept}


def pod_path(obj: Object) -> Path:
    """Return where an object has its pod template; raises UsageError for one that makes no pods."""
    kind = str(obj.get("kind"))
    if kind not in _TEMPLATES:
        raise UsageError(f"a {kind} has no pod template", remedy=f"These have one: {', '.join(_TEMPLATES)}")
    return _TEMPLATES[kind]


def images_of(obj: Object) -> dict[str, str]:
    """Return the images of a workload's containers by name; raises UsageError for what makes no pods."""
    spec = value_at(obj, (*pod_path(obj), "spec")) or {}
    every = [one for part in ("containers", "initContainers") for one in spec.get(part) or ()]
    return {str(one.get("name")): str(one.get("image") or "") for one in every}


# inject


@dataclass(frozen=True, slots=True)
class Injection:
    """How a ConfigMap or Secret gets into a workload's containers."""

    kind: Literal["ConfigMap", "Secret"]
    name: str
    env: bool = False
    """Every key as an environment variable."""
    keys: tuple[tuple[str, str], ...] = ()
    """Single keys as variables: key and variable name."""
    prefix: str = ""
    """Before each variable's name (``env``)."""
    mount: str = ""
    """Directory in which each key is a file, or the path of a file when ``file`` names its key."""
    file: str = ""
    """The one key that is mounted as a file."""
    containers: tuple[str, ...] = ()
    """Empty for every container."""


def variable_name(key: str) -> str:
    """Return the customary variable name of a key: ``log.level`` becomes ``LOG_LEVEL``."""
    name = re.sub("[^A-Z0-9_]", "_", key.upper())
    return f"_{name}" if name[:1].isdigit() else name


def inject(workload: Object, what: Injection, known_keys: Iterable[str] | None = None) -> Wish:
    """Return the wish to hand a ConfigMap or Secret to a workload's containers.

    ``known_keys`` are the keys it has, None when they are not known. Raises UsageError for what cannot be.
    """
    if not (what.env or what.keys or what.mount):
        raise UsageError("how it gets in is not said", remedy="As variables (--env, --key KEY) or files (--mount PATH)")
    asked = [key for key, _ in what.keys] + ([what.file] if what.file else [])
    if known_keys is not None:
        keys = set(known_keys)
        for key in asked:
            if key not in keys:
                named = ", ".join(sorted(keys)) or "none"
                raise UsageError(f"{what.kind} {what.name} has no key {key!r}", remedy=f"It has {named}")
    if what.mount and not what.mount.startswith("/"):
        raise UsageError(f"{what.mount!r} is no absolute path", remedy="Begin it with /")
    path = (*pod_path(workload), "spec")
    spec = value_at(workload, path)
    names = [str(one["name"]) for one in spec.get("containers") or ()]
    wrong = [name for name in what.containers if name not in names]
    if wrong:
        raise UsageError(f"there is no container {wrong[0]!r}", remedy=f"There are {', '.join(names)}")
    volume = _volume_of(spec, what) if what.mount else ""
    containers = [
        _injected(one, what, volume) if not what.containers or one["name"] in what.containers else one
        for one in spec.get("containers") or ()
    ]
    changed = with_value(workload, (*path, "containers"), containers)
    if volume and volume not in [one.get("name") for one in spec.get("volumes") or ()]:
        changed = with_value(changed, (*path, "volumes"), [*(spec.get("volumes") or ()), _volume(volume, what)])
    return edit(workload, changed)


def _volume_of(spec: Mapping[str, Any], what: Injection) -> str:
    """Return the name of the volume to mount: the one there is, else a free one."""
    wanted = _volume("", what)
    taken = {}
    for volume in spec.get("volumes") or ():
        taken[volume.get("name")] = volume
        part = "configMap" if what.kind == "ConfigMap" else "secret"
        source = volume.get(part) or {}
        name = "name" if part == "configMap" else "secretName"
        if source.get(name) == what.name and not source.get("items") and not wanted.get("items"):
            return str(volume["name"])
    base = _NOT_IN_A_NAME.sub("-", what.name.lower()).strip("-")[: NAME_LIMIT - 4].rstrip("-") or "injected"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def _volume(name: str, what: Injection) -> Object:
    if what.kind == "ConfigMap":
        return {"name": name, "configMap": {"name": what.name}}
    return {"name": name, "secret": {"secretName": what.name}}


def _injected(container: Object, what: Injection, volume: str) -> Object:
    changed = dict(container)
    if what.env:
        ref = "configMapRef" if what.kind == "ConfigMap" else "secretRef"
        source: Object = {ref: {"name": what.name}}
        if what.prefix:
            source["prefix"] = what.prefix
        have = list(container.get("envFrom") or ())
        if source not in [_without_optional(one) for one in have]:
            changed["envFrom"] = [*have, source]
    if what.keys:
        ref = "configMapKeyRef" if what.kind == "ConfigMap" else "secretKeyRef"
        variables = list(container.get("env") or ())
        for key, variable in what.keys:
            entry = {"name": variable, "valueFrom": {ref: {"name": what.name, "key": key}}}
            same = [index for index, one in enumerate(variables) if one.get("name") == variable]
            if same:
                variables[same[0]] = entry
            else:
                variables.append(entry)
        changed["env"] = variables
    if volume:
        mount: Object = {"name": volume, "mountPath": what.mount, "readOnly": True}
        if what.file:
            mount["subPath"] = what.file
        mounts = list(container.get("volumeMounts") or ())
        at = [one for one in mounts if one.get("mountPath") == what.mount]
        if at and at[0].get("name") != volume:
            raise UsageError(f"{container['name']} mounts something else at {what.mount}", remedy="Choose another path")
        if not at:
            changed["volumeMounts"] = [*mounts, mount]
    return changed


def _without_optional(source: Mapping[str, Any]) -> Object:
    return {key: {k: v for k, v in value.items() if k != "optional"} if isinstance(value, dict) else value
            for key, value in source.items()}  # fmt: skip


# conflicts


def resolve(change: PlannedChange, choices: Mapping[Path, Choice]) -> Wish:
    """Return the wish with each conflict decided; raises ChangeError while one is not. Plan it again afterwards."""
    open_ones = [one for one in change.conflicts if one.path not in choices]
    if open_ones:
        raise ChangeError(f"{path_text(open_ones[0].path)} is not decided", remedy="Take, keep or force it")
    wish = change.wish
    if wish.deed is Deed.UPDATE:
        merged = change.sent if change.sent is not None else wish.document
        for conflict in change.conflicts:
            if choices[conflict.path] is Choice.FORCE:
                merged = with_value(merged, conflict.path, conflict.mine)
        return replace(wish, document=merged, base=change.live)
    document: Any = as_kept(wish.document)  # of a Secret the conflicts are in what was sent
    forced = wish.force
    for conflict in change.conflicts:
        choice = choices[conflict.path]
        if choice is Choice.FORCE:
            forced = True
        else:
            value = conflict.theirs if choice is Choice.TAKE else ABSENT
            document = with_value(document, conflict.path, value)
    return replace(wish, document=document, force=forced)


def resolve_all(change: PlannedChange, choice: Choice) -> Wish:
    """Return the wish with every conflict decided the same way."""
    return resolve(change, {conflict.path: choice for conflict in change.conflicts})
