"""The only two writes to a kubeconfig: its current context, and refreshed OIDC tokens.

Both replace single scalars in the text, so comments, order and everything else stay byte for byte; the result is
read again and compared before it replaces the file, atomically and under kubectl's lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from k9py.core.errors import KubeconfigError
from k9py.kube.files import kubectl_lock, replace_file
from k9py.kube.kubeconfig import Kubeconfig

_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./@+-]|:(?=[A-Za-z0-9_./@+-]))*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Change:
    """A scalar to set: the keys that lead to its mapping, its own key, its new value."""

    way: tuple[str, ...]
    """Keys; below a list it is the item's ``name``."""
    key: str
    value: str


def use_context(config: Kubeconfig, name: str) -> Path:
    """Make a context the current one for every program; return the file that was written.

    As kubectl: the first file that exists is changed, since the first current context counts. Raises KubeconfigError
    when the context is not defined or the file cannot be written.
    """
    config.context(name)
    path = next(Path(path) for path in config.paths if Path(path).exists())
    with kubectl_lock(path):
        _write(path, [_Change((), "current-context", name)])
    config.accept(str(path))
    return path


def oidc_tokens(path: Path, user: str) -> tuple[str, str]:
    """Return a user's ID token and refresh token as the file has them now; empty where there are none."""
    config = _node_at(_root(_read(path), path), _oidc_way(user))
    return _scalar(config, "id-token"), _scalar(config, "refresh-token")


def save_oidc_tokens(path: Path, user: str, *, id_token: str, refresh_token: str, replaces: str) -> bool:
    """Write refreshed tokens into a user's entry; return False when another program has done so meanwhile.

    ``replaces`` is the refresh token the new ones were got with: no other one is overwritten.
    """
    way = _oidc_way(user)
    with kubectl_lock(path):
        if _scalar(_node_at(_root(_read(path), path), way), "refresh-token") != replaces:
            return False
        _write(path, [_Change(way, "id-token", id_token), _Change(way, "refresh-token", refresh_token)])
    return True


def _oidc_way(user: str) -> tuple[str, ...]:
    return "users", user, "user", "auth-provider", "config"


def _write(path: Path, changes: Sequence[_Change]) -> None:
    before = _read(path)
    after, expected = before, _data(before)
    for change in changes:
        after = _changed_text(after, change, path)
        _set(expected, change)
    if after == before:
        return
    if _data(after) != expected:
        raise KubeconfigError(
            f"{path} is written in a way that cannot be edited safely",
            remedy="Change it with an editor or with kubectl config",
        )
    replace_file(path, after.encode("utf-8"))


def _changed_text(text: str, change: _Change, path: Path) -> str:
    """Return the text with one scalar replaced, or added as the first key of its mapping."""
    newline = "\r\n" if "\r\n" in text else "\n"
    root = _root(text, path)
    if root is None:
        return f"{text}{change.key}: {_quoted(change.value)}{newline}"
    mapping = _node_at(root, change.way)
    if not isinstance(mapping, yaml.MappingNode):
        raise KubeconfigError(f"{path} no longer holds {' '.join(change.way)}")
    offset = 1 if text.startswith(_BOM) else 0
    for key, value in mapping.value:
        if key.value == change.key:
            start, end = value.start_mark.index + offset, value.end_mark.index + offset
            old = text[start:end]
            new = _quoted(change.value, "" if value.style in ("|", ">") else value.style or "", flow=mapping.flow_style)
            gap = " " if text[start - 1] == ":" else ""
            return text[:start] + gap + new + old[len(old.rstrip()) :] + text[end:]
    if mapping.flow_style:
        place = text.index("{", mapping.start_mark.index + offset) + 1
        pair = f"{json.dumps(change.key)}: {json.dumps(change.value, ensure_ascii=False)}"
        return f"{text[:place]}{pair}{', ' if mapping.value else ''}{text[place:]}"
    new = f"{change.key}: {_quoted(change.value)}"
    first = mapping.value[0][0].start_mark
    place = first.index + offset
    return f"{text[:place]}{new}{newline}{' ' * first.column}{text[place:]}"


def _quoted(value: str, style: str = "", *, flow: bool = False) -> str:
    """Write a scalar in the style of the one it replaces, where that can hold it."""
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style == '"' or flow or not _PLAIN.fullmatch(value) or value.lower() in _RESERVED:
        return json.dumps(value, ensure_ascii=False)
    return value


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise KubeconfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise KubeconfigError(f"{path} is not UTF-8 text") from None


def _root(text: str, path: Path) -> yaml.Node | None:
    loader = yaml.CSafeLoader(text.removeprefix(_BOM))
    try:
        return loader.get_node() if loader.check_node() else None
    except yaml.YAMLError:
        raise KubeconfigError(f"{path} is not YAML") from None
    finally:
        loader.dispose()


def _node_at(node: yaml.Node | None, way: Sequence[str]) -> yaml.Node | None:
    """Follow keys, and names of list items, from a node on; None where they lead nowhere."""
    for step in way:
        if isinstance(node, yaml.SequenceNode):
            node = next((item for item in node.value if _scalar(item, "name") == step), None)
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        else:
            return None
    return node


def _scalar(node: yaml.Node | None, key: str) -> str:
    found = _node_at(node, [key]) if isinstance(node, yaml.MappingNode) else None
    empty = not isinstance(found, yaml.ScalarNode) or found.tag == "tag:yaml.org,2002:null"
    return "" if found is None or empty else str(found.value)


def _data(text: str) -> list[Any]:
    """Return all documents with every scalar as text; an unreadable text equals nothing that is expected."""
    try:
        return list(yaml.load_all(text.removeprefix(_BOM), Loader=yaml.CBaseLoader))
    except yaml.YAMLError:
        return []


def _set(documents: list[Any], change: _Change) -> None:
    if not documents:
        documents.append({})
    place = documents[0]
    for step in change.way:
        items = {item["name"]: item for item in place} if isinstance(place, list) else place
        place = items[step]
    place[change.key] = change.value
