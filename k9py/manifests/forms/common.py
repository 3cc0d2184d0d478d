"""Fields that many kinds share: identity, selectors, and the values people write in short."""

from __future__ import annotations

from typing import Any

from k9py.manifests.forms.fields import Codec, Field, Group, Input, Item, When

_KINDS = {
    "deployment": ("apps/v1", "Deployment"),
    "deploy": ("apps/v1", "Deployment"),
    "statefulset": ("apps/v1", "StatefulSet"),
    "sts": ("apps/v1", "StatefulSet"),
    "daemonset": ("apps/v1", "DaemonSet"),
    "ds": ("apps/v1", "DaemonSet"),
    "replicaset": ("apps/v1", "ReplicaSet"),
    "rs": ("apps/v1", "ReplicaSet"),
    "replicationcontroller": ("v1", "ReplicationController"),
    "job": ("batch/v1", "Job"),
    "cronjob": ("batch/v1", "CronJob"),
}


def _read_target(value: Any) -> Any:
    if isinstance(value, dict) and set(value) <= {"apiVersion", "kind", "name"}:
        short = str(value.get("kind", "")).lower()
        if _KINDS.get(short, ("",))[0] == value.get("apiVersion"):
            return f"{short}/{value.get('name', '')}"
    return value


def _write_target(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    kind, slash, name = text.partition("/")
    if not slash:
        kind, name = "deployment", text
    version, full = _KINDS.get(kind.lower().split(".")[0].removesuffix("s") if kind.lower() not in _KINDS else
                               kind.lower(), ("apps/v1", kind))  # fmt: skip
    return {"apiVersion": version, "kind": full, "name": name}


TARGET = Codec(_read_target, _write_target)
"""``deployment/web`` for a reference with version, kind and name."""


def _read_port(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        return value.get("number", value.get("name"))
    return value


def _write_port(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"number": value}
    return {"name": value} if isinstance(value, str) else value


SERVICE_PORT = Codec(_read_port, _write_port)
"""``80`` or ``http`` for an Ingress's reference to a port."""


def _read_presence(value: Any) -> Any:
    return True if isinstance(value, dict) else value


def _write_presence(value: Any) -> Any:
    return {} if value is True else None if value is False else value


PRESENCE = Codec(_read_presence, _write_presence)
"""Yes or no for a map whose being there is what counts, such as ``emptyDir: {}``; what is in it is left alone."""


def identity(*more_labels: str, app: tuple[str, ...] = (), namespaced: bool = True) -> Group:
    """Return name, namespace, labels and annotations.

    ``more_labels`` are maps that follow the labels while equal; ``app`` are texts that follow the name.
    """
    items: list[Item] = [
        Field("name", "metadata.name", "Name", "what the object is called; fixed once it is there",
              required=True, also=("metadata.labels.app", *app)),
    ]  # fmt: skip
    if namespaced:
        items.append(
            Field("namespace", "metadata.namespace", "Namespace", "where it lives; empty: the current one",
                  pick="namespaces")
        )  # fmt: skip
    items += [
        Field("labels", "metadata.labels", "Labels", "how other objects and people find it", Input.MAP,
              also=more_labels),
        Field("annotations", "metadata.annotations", "Annotations", "notes for tools and people", Input.MAP,
              basic=False),
    ]  # fmt: skip
    return Group("identity", "Identity", tuple(items))


def switch(id: str, path: str, label: str, why: str, *, basic: bool = False, when: When | None = None) -> Field:
    """Return a yes-or-no field."""
    return Field(id, path, label, why, Input.SWITCH, basic=basic, when=when)


def number(id: str, path: str, label: str, why: str, *, basic: bool = False, default: int | None = None) -> Field:
    """Return a field for a whole number."""
    return Field(id, path, label, why, Input.NUMBER, basic=basic, default=default)


def choice(
    id: str, path: str, label: str, why: str, *choices: str, basic: bool = False, default: str | None = None
) -> Field:
    """Return a field for one of a few words."""
    return Field(id, path, label, why, Input.CHOICE, basic=basic, choices=choices, default=default)
