"""A Secret as the server keeps it: the plain values of ``stringData`` under ``data``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from k9py.changes.model import Object
from k9py.core.diffs import is_secret


def as_kept(document: Object) -> Object:
    """Return a Secret to apply with its values where the server keeps them; anything else as it is.

    The server records owners of ``stringData``, which no object has: applied so, what somebody else writes into the
    same key is overwritten without a conflict, and a key that is left out later stays.
    """
    plain = document.get("stringData")
    data = document.get("data")
    if not is_secret(document) or not isinstance(plain, Mapping) or not isinstance(data or {}, Mapping):
        return document
    if not all(isinstance(value, str) for value in plain.values()):
        return document
    kept = {key: value for key, value in document.items() if key != "stringData"}
    encoded = {key: b64encode(value.encode(errors="surrogatepass")).decode() for key, value in plain.items()}
    return {**kept, "data": {**(data or {}), **encoded}}
