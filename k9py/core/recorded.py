"""What a real API server says of itself, recorded: its discovery and its OpenAPI v3 documents.

The manifests know kinds by it without a cluster, and the simulated cluster serves it. ``python -m tests.record``
writes it anew.
"""

from __future__ import annotations

import lzma
from importlib import resources
from typing import Any

import msgspec


def discovery() -> dict[str, Any]:
    """Return the aggregated discovery documents under ``api`` and ``apis``."""
    found: dict[str, Any] = msgspec.json.decode(_read("discovery.json"))
    return found


def openapi() -> dict[str, msgspec.Raw]:
    """Return the OpenAPI v3 documents by name, such as ``apis/apps/v1``, each still encoded; takes about 30 ms."""
    return msgspec.json.decode(lzma.decompress(_read("openapi.json.xz")), type=dict[str, msgspec.Raw])


def _read(name: str) -> bytes:
    return resources.files("k9py.core").joinpath(f"data/{name}").read_bytes()
