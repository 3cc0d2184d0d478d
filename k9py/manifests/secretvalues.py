"""A Secret for people and as the server keeps it: texts under ``stringData``, what is no text under ``data``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k9py.core.diffs import is_secret
from k9py.core.encoded import decoded, encoded

Object = dict[str, Any]


def opened(obj: Object) -> Object:
    """Return a Secret with its texts in plain under ``stringData``; anything else as it is."""
    data = obj.get("data")
    if not is_secret(obj) or not isinstance(data, Mapping):
        return obj
    texts = {key: text for key, value in data.items() if (text := decoded(value)) is not None}
    if not texts:
        return obj
    others = {key: value for key, value in data.items() if key not in texts}
    result: Object = {}
    for key, value in obj.items():
        if key == "data":
            result |= {name: part for name, part in (("stringData", texts), ("data", others)) if part}
        elif key != "stringData":
            result[key] = value
    return result


def closed(obj: Object, live: Object) -> Object:
    """Return a Secret that was opened as the server keeps it, in the order ``live`` has; anything else as it is.

    A text that is as it was keeps its base64 to the letter.
    """
    plain, data = obj.get("stringData"), obj.get("data")
    if not is_secret(obj) or not isinstance(plain or {}, Mapping) or not isinstance(data or {}, Mapping):
        return obj
    had = live.get("data") or {}
    values = dict(data or {})
    for key, text in (plain or {}).items():
        if not isinstance(text, str):
            return obj  # the server says what is wrong with it
        values[key] = had[key] if key in had and decoded(had[key]) == text else encoded(text)
    ordered = {key: values[key] for key in (*(k for k in had if k in values), *(k for k in values if k not in had))}
    result = {key: value for key, value in obj.items() if key not in ("data", "stringData")}
    return {**result, "data": ordered} if ordered or "data" in live else result
