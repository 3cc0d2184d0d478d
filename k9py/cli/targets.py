"""Which objects the words of a command name: ``pods``, ``pods web-1 web-2``, ``pod/web-1 svc/web``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from k9py.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind as typed, or several with commas between them, and names; no names means all."""

    kind: str
    names: tuple[str, ...] = ()


def parse_targets(words: Sequence[str]) -> list[Wanted]:
    """Return what the words name, kinds in the order they first came. Raises UsageError for a mixture of both forms."""
    if not words:
        raise UsageError("no kind is named", remedy="Name one, such as pods or deploy/web")
    if not any("/" in word for word in words):
        kind, *names = words
        if names and "," in kind:
            raise UsageError("names cannot follow several kinds", remedy="Write KIND/NAME for each object")
        return [Wanted(kind, tuple(dict.fromkeys(names)))]
    grouped: dict[str, list[str]] = {}
    for word in words:
        kind, slash, name = word.partition("/")
        if not slash or not kind or not name or "/" in name:
            raise UsageError(
                f"{word!r} is not KIND/NAME", remedy="Write every object as KIND/NAME, or one kind and its names"
            )
        names = grouped.setdefault(kind, [])
        if name not in names:
            names.append(name)
    return [Wanted(kind, tuple(names)) for kind, names in grouped.items()]
