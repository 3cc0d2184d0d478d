"""What of a cluster a manifest is checked against: objects by name, lists of a kind, and what cannot be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from k9py.manifests.kinds import Kinds

Object = Mapping[str, Any]


class Unknown(Enum):
    """The one value that says nobody knows: no rights, or nobody looked."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Need:
    """One look at the cluster."""

    id: str
    """Kind as ``deployments.apps`` or ``pods``."""
    namespace: str
    name: str = ""
    """Empty: the whole list of the namespace."""


class Lookup(Protocol):
    """Answers from what was fetched before; it never waits."""

    def get(self, id: str, namespace: str, name: str) -> Object | Unknown | None:
        """Return an object, None when there is none of this name."""

    def all(self, id: str, namespace: str) -> Sequence[Object] | Unknown:
        """Return every object of a kind in a namespace."""


class Recorder:
    """Knows nothing and writes down what it is asked: what a check of an object will need."""

    def __init__(self) -> None:
        self.needs: dict[Need, None] = {}

    def get(self, id: str, namespace: str, name: str) -> Object | Unknown | None:
        """Note the need."""
        self.needs[Need(id, namespace, name)] = None
        return UNKNOWN

    def all(self, id: str, namespace: str) -> Sequence[Object] | Unknown:
        """Note the need."""
        self.needs[Need(id, namespace)] = None
        return UNKNOWN


class Known:
    """Answers to needs; what was not answered is unknown, and objects of the same change count as there."""

    def __init__(
        self,
        objects: Mapping[Need, Object | None] | None = None,
        lists: Mapping[Need, Sequence[Object]] | None = None,
        beside: Iterable[tuple[str, str, Object]] = (),
    ) -> None:
        """``beside`` are (kind id, namespace, object) that will be written together with the one checked."""
        self._objects = dict(objects or {})
        self._lists = dict(lists or {})
        self._beside = list(beside)

    def with_beside(self, beside: Iterable[tuple[str, str, Object]]) -> Known:
        """Return the same answers with other objects written beside."""
        return Known(self._objects, self._lists, beside)

    def get(self, id: str, namespace: str, name: str) -> Object | Unknown | None:
        """Return what was fetched or is written beside."""
        for kind, where, obj in self._beside:
            if (kind, where) == (id, namespace) and (obj.get("metadata") or {}).get("name") == name:
                return obj
        need = Need(id, namespace, name)
        if need in self._objects:
            return self._objects[need]
        listed = self._lists.get(Need(id, namespace))
        if listed is None:
            return UNKNOWN
        return next((obj for obj in listed if (obj.get("metadata") or {}).get("name") == name), None)

    def is_told(self, need: Need) -> bool:
        """Return whether the cluster answered."""
        return need in self._objects or need in self._lists

    def all(self, id: str, namespace: str) -> Sequence[Object] | Unknown:
        """Return what was fetched and is written beside; unknown when it was not fetched."""
        listed = self._lists.get(Need(id, namespace))
        if listed is None:
            return UNKNOWN
        return [*listed, *(obj for kind, where, obj in self._beside if (kind, where) == (id, namespace))]


def beside(objects: Iterable[dict[str, Any]], kinds: Kinds, namespace: str) -> list[tuple[str, str, Object]]:
    """Return objects of one change as :class:`Known` takes them; ``namespace`` is for those that name none."""
    found: list[tuple[str, str, Object]] = []
    for obj in objects:
        resource = kinds.of(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
        if resource is not None:
            where = (obj.get("metadata") or {}).get("namespace") or namespace
            found.append((resource.id, where if resource.namespaced else "", obj))
    return found
