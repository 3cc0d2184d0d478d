"""Server-side Tables: column definitions recorded from a real server, and what fills each cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import msgspec

from k9py.core.errors import InputError
from k9py.core.jsonpath import JsonPath
from k9py.sim.discovery import Served
from k9py.sim.objects import Object
from k9py.sim.printers import PRINTERS, default_cells
from k9py.sim.printers.pods import row_conditions
from k9py.sim.printers.texts import age
from k9py.sim.statuses import bad_request

Cells = list[Any]
_DEFAULT_COLUMNS = "default"


class Columns:
    """The columns of one kind."""

    def __init__(
        self,
        definitions: Sequence[Mapping[str, Any]],
        cells: Callable[[Object, float], Cells],
        conditions: Callable[[Object], list[dict[str, str]] | None] | None = None,
    ) -> None:
        self.definitions = definitions
        self.encoded = msgspec.json.encode(definitions)
        self.cells = cells
        self.conditions = conditions
        """What a row says of a finished object; pods only."""


class Tables:
    """Column definitions per resource; built once, custom resources as they come."""

    def __init__(self) -> None:
        raw = resources.files("k9py.sim").joinpath("data/tables.json").read_bytes()
        self._recorded: dict[str, list[dict[str, Any]]] = msgspec.json.decode(raw)
        self._built: dict[str, Columns] = {}

    def columns(self, served: Served) -> Columns:
        """Return the columns of a kind."""
        if served.custom is not None:
            return _custom_columns(served.custom)
        found = self._built.get(served.id)
        if found is None:
            definitions = self._recorded.get(served.id, self._recorded[_DEFAULT_COLUMNS])
            conditions = row_conditions if served.id == "pods" else None
            cells = PRINTERS.get(served.id, default_cells)
            found = self._built[served.id] = Columns(definitions, cells, conditions)
        return found


def _custom_columns(version: Mapping[str, Any]) -> Columns:
    printed = version.get("additionalPrinterColumns")
    name = {
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": _NAME_DESCRIPTION,
        "priority": 0,
    }
    if not printed:
        printed = [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
        printed[0]["description"] = _CREATED_DESCRIPTION
    definitions = [name]
    readers: list[Callable[[Object, float], Any]] = []
    for column in printed:
        description = column.get("description") or _CUSTOM_DESCRIPTION.format(column["jsonPath"])
        definitions.append(
            {
                "name": column["name"],
                "type": column["type"],
                "format": column.get("format", ""),
                "description": description,
                "priority": column.get("priority", 0),
            }
        )
        readers.append(_reader(column))

    def cells(obj: Object, now: float) -> Cells:
        return [obj["metadata"]["name"], *(read(obj, now) for read in readers)]

    return Columns(definitions, cells)


def scale_columns() -> Columns:
    """Return the columns of the Scale behind any kind."""
    columns = (
        ("Name", "string", _NAME_DESCRIPTION),
        ("Desired", "integer", "replicas is the desired number of instances for the scaled object."),
        ("Available", "integer", "replicas is the actual number of observed instances of the scaled object."),
        ("Age", "string", _CREATED_DESCRIPTION),
    )

    def cells(obj: Object, now: float) -> Cells:
        wanted = (obj.get("spec") or {}).get("replicas") or 0
        found = (obj.get("status") or {}).get("replicas") or 0
        since = age(obj["metadata"].get("creationTimestamp"), now)
        return [obj["metadata"]["name"], wanted, found, since]

    return Columns(
        [
            {"name": name, "type": kind, "format": "", "description": text, "priority": 0}
            for name, kind, text in columns
        ],
        cells,
    )


def _reader(column: Mapping[str, Any]) -> Callable[[Object, float], Any]:
    try:
        path = JsonPath(column["jsonPath"])
    except InputError as error:
        raise bad_request(f"invalid JSONPath {column['jsonPath']!r}") from error
    kind = column["type"]

    def read(obj: Object, now: float) -> Any:
        found = path.find(obj)
        if not found:
            return None
        if kind == "date":
            return age(found[0], now) if isinstance(found[0], str) else None
        if kind == "string":
            texts = [item if isinstance(item, str) else msgspec.json.encode(item).decode() for item in found]
            return ",".join(texts)
        fits = {"integer": (int,), "number": (int, float), "boolean": (bool,)}[kind]
        return found[0] if isinstance(found[0], fits) else None

    return read


_CUSTOM_DESCRIPTION = "Custom resource definition column (in JSONPath format): {}"
_NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may "
    "allow a client to request the generation of an appropriate name automatically. Name is primarily intended "
    "for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_CREATED_DESCRIPTION = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
    "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. "
    "It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More "
    "info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
