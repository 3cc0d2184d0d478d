"""A live object as a text to edit, and back: noise hidden and kept, the values of a Secret decoded or masked.

The text of a Secret has its values under ``stringData``, which is what Kubernetes calls values in plain text; what is
no text stays under ``data`` as a word that says its size and hash. A value that is still its mask, or its word, is kept
as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from k9py.changes import edits
from k9py.changes.model import Object, Wish
from k9py.core import yamldoc
from k9py.core.diffs import is_secret, quiet
from k9py.core.encoded import binary_word, decoded, encoded
from k9py.core.errors import InputError

DOT = "•"
HIDDEN = DOT * 6
"""Stands for a value of a Secret nobody asked to see; its length says nothing about the value's."""


@dataclass(frozen=True, slots=True)
class EditView:
    """One object as somebody edits it."""

    base: Object
    """As the server had it when the editing began, whole."""

    @property
    def is_secret(self) -> bool:
        """True when its values are masked."""
        return is_secret(self.base)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """API group, kind, namespace and name."""
        return identity_of(self.base)

    def shown(self, *, revealed: Collection[str] = ()) -> Object:
        """Return the object as it is shown; ``revealed`` are the keys of a Secret whose values are."""
        obj = quiet(self.base)
        if not self.is_secret:
            return obj
        data: Mapping[str, Any] = obj.get("data") or {}
        texts = {key: text for key, value in data.items() if (text := decoded(value)) is not None}
        words = {key: binary_word(value) for key, value in data.items() if key not in texts}
        plain = {key: text if key in revealed else HIDDEN for key, text in texts.items()}
        result: Object = {}
        for key, value in obj.items():
            if key != "data":
                result[key] = value
                continue
            result |= {name: part for name, part in (("stringData", plain), ("data", words)) if part}
        return result

    def text(self, *, revealed: Collection[str] = ()) -> str:
        """Return the text to edit."""
        return yamldoc.dump_object(self.shown(revealed=revealed))

    def value_of(self, key: str) -> str | None:
        """Return the text of a Secret's value, None when there is none or it is binary."""
        return decoded((self.base.get("data") or {}).get(key))

    def is_same(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document is still about this object."""
        group, kind, namespace, name = identity_of(document)
        return (group, kind, namespace or self.identity[2], name) == self.identity

    def read(self, document: Mapping[str, Any]) -> Object:
        """Return the whole object an edited document means: what was hidden is put back. Raises InputError."""
        mine: Object = dict(document)
        if self.is_secret:
            mine = self._with_values(mine)
        for part in ("status",):
            if part in self.base and part not in mine:
                mine[part] = self.base[part]
        mine["metadata"] = self._metadata(mine.get("metadata"))
        return mine

    def _metadata(self, edited: Any) -> Object:
        if not isinstance(edited, Mapping):
            raise InputError("metadata is a map with a name", remedy="Undo, or write metadata: and name: below it")
        whole, shown = self.base.get("metadata") or {}, self.shown().get("metadata") or {}
        meta = dict(edited)
        for key, value in whole.items():
            if key not in shown:
                meta.setdefault(key, value)
        hidden = {
            key: value
            for key, value in (whole.get("annotations") or {}).items()
            if key not in (shown.get("annotations") or {})
        }
        if hidden:
            annotations = meta.get("annotations")
            if annotations is None or isinstance(annotations, Mapping):
                meta["annotations"] = {**hidden, **(annotations or {})}
        return meta

    def _with_values(self, mine: Object) -> Object:
        """Return a Secret with its values encoded, masks and words replaced by what they stand for."""
        had: Mapping[str, Any] = self.base.get("data") or {}
        data: dict[str, Any] = {}
        for key, value in _part(mine, "data").items():
            _refuse_half_masks("data", key, value, had)
            data[key] = had[key] if key in had and value in (binary_word(had[key]), HIDDEN) else value
        for key, value in _part(mine, "stringData").items():
            _refuse_half_masks("stringData", key, value, had)
            if value == HIDDEN:
                data[key] = had[key]
            elif not isinstance(value, str):
                raise InputError(f"stringData.{key} is no text", remedy="Put it in quotes", path=("stringData", key))
            elif key in had and value == decoded(had[key]):
                data[key] = had[key]
            else:
                data[key] = encoded(value)
        ordered = {key: data[key] for key in (*(k for k in had if k in data), *(k for k in data if k not in had))}
        result: Object = {}
        for key, value in mine.items():
            if key not in ("data", "stringData"):
                result[key] = value
            elif "data" not in result and ordered:
                result["data"] = ordered
        if not ordered and "data" in self.base:
            result["data"] = {}
        return result

    def wish(self, document: Object, *, origin: str = "") -> Wish:
        """Return the wish an edited document is: an edit, or another object when it got another name."""
        mine = self.read(document)
        if self.is_same(document):
            meta = mine["metadata"]
            namespace = (self.base.get("metadata") or {}).get("namespace")
            if namespace and not meta.get("namespace"):
                mine = {**mine, "metadata": {**meta, "namespace": namespace}}
            return edits.edit(self.base, mine, origin=origin)
        return edits.apply(quiet(mine), origin=origin)


def _refuse_half_masks(part: str, key: str, value: Any, had: Mapping[str, Any]) -> None:
    """Raise InputError where dots would be written as a value: part of a mask, or one of nothing."""
    if not isinstance(value, str) or DOT not in value or (value == HIDDEN and key in had):
        return
    if DOT in (decoded(had.get(key)) or ""):
        return  # its own
    text = "stands for no value there was" if value == HIDDEN else "is part mask, part text"
    raise InputError(f"{part}.{key} {text}", remedy="Type the whole value, or show it first (f6)", path=(part, key))


def _part(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = obj.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise InputError(f"{name} is a map of keys and values", remedy=f"Write one key a line below {name}:")
    return part


def identity_of(document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return the API group, kind, namespace and name of an object; versions are ways to write the same one."""
    meta = document.get("metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    group = str(document.get("apiVersion") or "").rpartition("/")[0]
    return group, str(document.get("kind") or ""), str(meta.get("namespace") or ""), str(meta.get("name") or "")
