"""Encoding objects the way the server lays them out, and the small facts every object carries."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
MAX_GENERATED_BASE = 63 - _SUFFIX_LENGTH
"""Longest base of a generated name: longer ones are cut, so that the whole stays a label value."""

Object = dict[str, Any]


def encode(obj: Object, *, api_version: str, kind: str) -> bytes:
    """Encode an object: kind, apiVersion, metadata in the server's order, then the rest as it came."""
    metadata = obj["metadata"]
    ordered = {key: metadata[key] for key in _METADATA_ORDER if metadata.get(key) not in (None, {}, [])}
    body: Object = {"kind": kind, "apiVersion": api_version, "metadata": ordered}
    for key, value in obj.items():
        if key not in body:
            body[key] = value
    return msgspec.json.encode(body)


def timestamp(seconds: float) -> str:
    """Write a Unix time as the API does, whole seconds in UTC."""
    return _written(int(seconds))


@lru_cache(maxsize=4096)
def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(seconds: float) -> str:
    """Write a Unix time as a MicroTime."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_uid(source: random.Random) -> str:
    """Draw a version 4 UUID, so that one seed gives one cluster."""
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


def generated_name(base: str, source: random.Random) -> str:
    """Append five letters that spell no words, as generateName does."""
    return base[:MAX_GENERATED_BASE] + name_suffix(source)


def name_suffix(source: random.Random, length: int = _SUFFIX_LENGTH) -> str:
    """Draw letters as the server does for generated names."""
    return "".join(source.choice(_SUFFIX_LETTERS) for _ in range(length))


def meta(obj: Object) -> Object:
    """Return an object's metadata, adding an empty one where there is none."""
    found = obj.get("metadata")
    if not isinstance(found, dict):
        found = obj["metadata"] = {}
    return found
