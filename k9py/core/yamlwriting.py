"""Writing plain JSON values as block YAML without a tree of nodes: what PyYAML writes, in a fifth of the time.

Every difference that is shown is written so, twice. What is not plainly simple is left to PyYAML, piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Resolvers = Mapping[str | None, Sequence[tuple[str, re.Pattern[str]]]]
"""First letter to the patterns of texts that stand for something else, and so are quoted; None for any letter."""

_PLAIN = re.compile(r"[A-Za-z0-9_/](?:[A-Za-z0-9_./@+=-]|[: ](?=[A-Za-z0-9_/]))*(?<![: ])")
"""Texts that need no quotes anywhere in block YAML, unless they read as a number, a time, true …; no full list."""
_BLOCK = re.compile(r"[!-~](?:[ -~\n]*[!-~])?\n?")
"""Texts of several lines that are written as they stand: ASCII, with nothing at their ends that has to be said."""
_KEY_CELLS = 120
"""Longer keys are written another way."""
_BREAKS = ("\x85", "\u2028", "\u2029")
"""What YAML also takes for the end of a line."""


class _UnusualError(Exception):
    """Something whose lines cannot be moved to another depth."""


class Writer:
    """Writes values as one dumper of PyYAML would."""

    def __init__(self, resolvers: Resolvers, by_hand: Callable[[Any], str]) -> None:
        """``by_hand`` is PyYAML's own way."""
        self._resolvers = resolvers
        self._by_hand = by_hand

    def write(self, value: Any) -> str:
        """Return a value as YAML."""
        out: list[str] = []
        try:
            if isinstance(value, dict) and value:
                self._map(value, "", "", out)
            elif isinstance(value, list) and value:
                self._list(value, "", "", out)
            else:
                return self._by_hand(value)
        except _UnusualError:
            return self._by_hand(value)
        out.append("")
        return "\n".join(out)

    def _map(self, value: dict[Any, Any], lead: str, pad: str, out: list[str]) -> None:
        """Write a map; ``lead`` stands before its first line, ``pad`` before the others."""
        for key, item in value.items():
            name = self._scalar(key) if isinstance(key, str) and len(key) < _KEY_CELLS else None
            if name is None:
                self._moved(lead, self._by_hand({key: item}), pad, out)
            elif isinstance(item, dict) and item:
                out.append(f"{lead}{name}:")
                self._map(item, f"{pad}  ", f"{pad}  ", out)
            elif isinstance(item, list) and item:
                out.append(f"{lead}{name}:")
                self._list(item, pad, pad, out)
            else:
                text = self._scalar(item)
                if text is None and _is_block(item):
                    _block(f"{lead}{name}: ", item, pad, out)
                elif text is None:
                    self._moved(f"{lead}{name}", self._by_hand({"k": item})[1:], pad, out)
                else:
                    out.append(f"{lead}{name}: {text}")
            lead = pad

    def _list(self, value: list[Any], lead: str, pad: str, out: list[str]) -> None:
        for item in value:
            if isinstance(item, dict) and item:
                self._map(item, f"{lead}- ", f"{pad}  ", out)
            elif isinstance(item, list) and item:
                self._list(item, f"{lead}- ", f"{pad}  ", out)
            else:
                text = self._scalar(item)
                if text is None and _is_block(item):
                    _block(f"{lead}- ", item, pad, out)
                elif text is None:
                    self._moved(lead, self._by_hand([item]), pad, out)
                else:
                    out.append(f"{lead}- {text}")
            lead = pad

    def _scalar(self, value: Any) -> str | None:
        """Return a value without anything below it; None for one that is not plainly simple."""
        if isinstance(value, str):
            if not value:
                return "''"
            if _PLAIN.fullmatch(value) is None:
                return None
            for first in (value[0], None):
                for _, pattern in self._resolvers.get(first, ()):
                    if pattern.match(value):
                        return f"'{value}'"
            return value
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if type(value) is int:
            return str(value)
        if isinstance(value, dict | list) and not value:
            return "{}" if isinstance(value, dict) else "[]"
        return None

    @staticmethod
    def _moved(lead: str, text: str, pad: str, out: list[str]) -> None:
        """Add lines that were written at no depth."""
        # Behind a text with more than one end, PyYAML ends the document with dots.
        if text.endswith("\n...\n") or any(mark in text for mark in _BREAKS):
            raise _UnusualError
        first, *others = text.removesuffix("\n").split("\n")
        out.append(f"{lead}{first}")
        out.extend(f"{pad}{line}" if line else line for line in others)


def _is_block(value: Any) -> bool:
    # A blank at the end of a line is seen only within quotes.
    return isinstance(value, str) and "\n" in value and " \n" not in value and _BLOCK.fullmatch(value) is not None


def _block(head: str, text: str, pad: str, out: list[str]) -> None:
    """Add a text line by line below its key."""
    body = text.removesuffix("\n")
    out.append(f"{head}{'|' if body is not text else '|-'}")
    out.extend(f"{pad}  {line}" if line else line for line in body.split("\n"))
