"""The validator of the gate: the rules of ``k9py.manifests`` on every document, then against what the cluster has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from k9py.changes.model import Object
from k9py.changes.surroundings import Surroundings
from k9py.manifests.crosschecks import check_surroundings, needs
from k9py.manifests.kinds import Kinds
from k9py.manifests.problems import Problem
from k9py.manifests.surroundings import beside
from k9py.manifests.validation import validate_object


class ManifestValidator:
    """Checks objects against the types and rules it knows; a kind it does not know is left to the server."""

    def __init__(self, load: Callable[[], Kinds], surroundings: Surroundings | None = None) -> None:
        """``load`` is called once, in a thread, when there is first something to check: it takes 0.3 s."""
        self._load = load
        self._kinds: Kinds | None = None
        self._surroundings = surroundings

    def take(self, kinds: Kinds) -> None:
        """Judge by these kinds from now on."""
        self._kinds = kinds

    async def check(self, documents: Sequence[Object]) -> Sequence[Sequence[Problem]]:
        """Return the problems of each document, in their order; the documents count as there for each other."""
        if self._kinds is None:
            self._kinds = await asyncio.to_thread(self._load)
        kinds = self._kinds
        found = [_checked(document, kinds) for document in documents]
        if self._surroundings is None:
            return found
        # Only what is well formed is compared with the cluster.
        sound = [not any(problem.is_error for problem in problems) for problems in found]
        wanted = [need for document, fine in zip(documents, sound, strict=True) if fine
                  for need in needs(document, kinds, namespace="", creating=False)]  # fmt: skip
        known = await self._surroundings.known(wanted, beside(documents, kinds, ""))
        for document, problems, fine in zip(documents, found, sound, strict=True):
            if fine:
                problems += check_surroundings(document, kinds, known, namespace="", creating=False)
        return found

    def forget(self, kind: str, namespace: str) -> None:
        """Something of a kind was written: look it up anew."""
        if self._surroundings is not None:
            self._surroundings.forget(kind, namespace)


def _checked(document: Object, kinds: Kinds) -> list[Problem]:
    if kinds.type_of(str(document.get("apiVersion")), str(document.get("kind"))) is None:
        return []
    return validate_object(document, kinds)
