"""The validator of the gate: the rules of ``k9py.manifests`` on every document, before the server is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from k9py.changes.model import Object
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Problem
from k9py.manifests.validation import validate_object


class ManifestValidator:
    """Checks objects against the types and rules it knows; a kind it does not know is left to the server."""

    def __init__(self, load: Callable[[], Kinds]) -> None:
        """``load`` is called once, in a thread, when there is first something to check: it takes 0.3 s."""
        self._load = load
        self._kinds: Kinds | None = None

    async def __call__(self, documents: Sequence[Object]) -> Sequence[Sequence[Problem]]:
        """Return the problems of each document, in their order."""
        if self._kinds is None:
            self._kinds = await asyncio.to_thread(self._load)
        return [_checked(document, self._kinds) for document in documents]


def _checked(document: Object, kinds: Kinds) -> list[Problem]:
    if kinds.type_of(str(document.get("apiVersion")), str(document.get("kind"))) is None:
        return []
    return validate_object(document, kinds)
