"""Values that Kubernetes keeps in base64: their text where they are text, else a word that says what they are."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

HASH_DIGITS = 12
"""Hexadecimal digits of a binary value's hash that are shown; enough to tell two files apart."""


class Binary(str):
    """What is shown of a value that is no text; it carries the value, so that it goes back as it came."""

    encoded: Any
    """The base64, or whatever stands in its place."""

    __slots__ = ("encoded",)

    @classmethod
    def of(cls, value: Any) -> Binary:
        """Return what stands for a base64 value."""
        word = cls(binary_word(value))
        word.encoded = value
        return word


def decoded(value: Any) -> str | None:
    """Return the text of a base64 value, None when it is no text: then nobody can edit it as one."""
    if not isinstance(value, str):
        return None
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if all(char.isprintable() or char in "\n\t\r" for char in text) else None


def encoded(text: str) -> str:
    """Return the base64 of a text."""
    return base64.b64encode(text.encode()).decode()


def binary_word(value: Any) -> str:
    """Return what stands for a value that is no text: ``binary, 2345 bytes, sha256 0a1b…``."""
    try:
        body = base64.b64decode(str(value), validate=True)
    except binascii.Error:
        return f"not base64, {len(str(value))} characters"
    return f"binary, {len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()[:HASH_DIGITS]}"
