"""Which kinds a server has, and which of them a person means by a word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, Gvr

SUGGESTIONS = 3
"""Nearest names an error offers."""


class Catalog:
    """The kinds of one server at one moment, in the server's order: the core group first, preferred versions first."""

    def __init__(self, every: Sequence[ApiResource] = (), problems: Mapping[str, str] | None = None) -> None:
        """``every`` holds all versions; ``problems`` maps a group and version that does not answer to the reason."""
        self.every = tuple(every)
        self.problems = dict(problems or {})
        preferred: dict[tuple[str, str], ApiResource] = {}
        for resource in self.every:
            preferred.setdefault((resource.gvr.group, resource.gvr.resource), resource)
        self.resources = tuple(preferred.values())
        """One entry per kind, in its preferred version."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Catalog):
            return NotImplemented
        return self.every == other.every and self.problems == other.problems

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def categories(self) -> Mapping[str, tuple[ApiResource, ...]]:
        """Category to the kinds in it, such as ``all``."""
        found: dict[str, list[ApiResource]] = {}
        for resource in self.resources:
            for category in resource.categories:
                found.setdefault(category, []).append(resource)
        return {name: tuple(members) for name, members in found.items()}

    def resolve(self, word: str) -> ApiResource:
        """Return the kind a word means, as kubectl reads it.

        A word is a plural, singular, short name or kind in any case, alone or followed by a group (``deploy.apps``)
        or a version and a group (``deployments.v1.apps``). Raises UsageError with the nearest names.
        """
        found = self._lookup(word.strip().lower())
        if found is not None:
            return found
        members = self.categories.get(word.strip().lower())
        if members:
            names = ", ".join(member.id for member in members)
            raise UsageError(f"{word} is a category of several kinds", remedy=f"Name one of {names}")
        raise self._unknown(word)

    def resolve_all(self, words: str) -> tuple[ApiResource, ...]:
        """Return the kinds of a list such as ``po,svc`` or of a category such as ``all``, each once."""
        found: dict[Gvr, ApiResource] = {}
        for word in filter(None, (word.strip() for word in words.split(","))):
            one = self._lookup(word.lower())
            members = (one,) if one is not None else self.categories.get(word.lower())
            if not members:
                raise self._unknown(word)
            for member in members:
                found.setdefault(member.gvr, member)
        if not found:
            raise UsageError("no kind is named", remedy="Name one, such as pods")
        return tuple(found.values())

    def find(self, gvr: Gvr) -> ApiResource | None:
        """Return the entry with exactly this group, version and resource."""
        return next((resource for resource in self.every if resource.gvr == gvr), None)

    def of_kind(self, api_version: str, kind: str) -> ApiResource | None:
        """Return the entry an object's ``apiVersion`` and ``kind`` name, else the kind in another version."""
        group = api_version.rpartition("/")[0]
        same = [entry for entry in self.every if entry.kind == kind and entry.gvr.group == group]
        exact = next((entry for entry in same if entry.api_version == api_version), None)
        return exact or (same[0] if same else None)

    def words(self) -> list[str]:
        """Return every word :meth:`resolve` accepts without a group, for completion."""
        words: dict[str, None] = {}
        for resource in self.resources:
            for word in (resource.gvr.resource, resource.singular, *resource.short_names, resource.kind.lower()):
                words.setdefault(word)
        return [word for word in words if word]

    def _lookup(self, word: str) -> ApiResource | None:
        if not word:
            return None
        name, _, rest = word.partition(".")
        if not rest:
            return _named(self.resources, name)
        version, _, group = rest.partition(".")
        exact = [entry for entry in self.every if entry.gvr.version == version and entry.gvr.group == group]
        within = [entry for entry in self.resources if entry.gvr.group == rest]
        partial = [entry for entry in self.resources if entry.gvr.group.startswith(rest)]
        return _named(exact, name) or _named(within, name) or _named(partial, name)

    def _unknown(self, word: str) -> UsageError:
        name = word.lower().partition(".")[0]
        nearest = difflib.get_close_matches(name, [*self.words(), *self.categories], n=SUGGESTIONS)
        remedy = f"Nearest: {', '.join(nearest)}" if nearest else "Completion (Tab) lists what there is"
        if self.problems:
            remedy += f". Not answering: {', '.join(sorted(self.problems))}"
        return UsageError(f"the server has no kind called {word!r}", remedy=remedy)


def _named(entries: Iterable[ApiResource], name: str) -> ApiResource | None:
    """Return the first entry with this plural, else singular, else short name, else kind."""
    entries = list(entries)
    for entry in entries:
        if name in (entry.gvr.resource, entry.singular):
            return entry
    for entry in entries:
        if name in entry.short_names:
            return entry
    return next((entry for entry in entries if entry.kind.lower() == name), None)
