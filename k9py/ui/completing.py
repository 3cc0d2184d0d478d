"""What may follow what is typed behind ``:``: kinds, namespaces, contexts, themes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from k9py.core import fuzzy
from k9py.core.refs import ApiResource
from k9py.ui.commands import VERBS
from k9py.ui.prompt import Candidate

CANDIDATE_LIMIT = 50
"""Nobody walks further down; more only costs time per key."""

_ALL_WORDS = frozenset(word for words in VERBS.values() for word in words)

VERB_HINTS = {
    "quit": "leave k9py",
    "help": "what works here and now",
    "namespace": "namespaces",
    "context": "contexts",
    "can": "what u:USER, g:GROUP or sa:NAMESPACE/NAME may do",
    "login": "log in to the cluster again",
    "theme": "change the colours",
    "kinds": "every kind of this cluster",
    "tab": "open in a new tab",
    "new": "make an object or a bundle by form",
    "apply": "write manifests of a file, a directory or a kustomization",
    "edit": "edit an object, a file, or new YAML",
    "drafts": "what was typed and not written",
}


class Vocabulary(msgspec.Struct, frozen=True):
    """The words that exist here and now."""

    resources: Sequence[ApiResource] = ()
    namespaces: Sequence[str] = ()
    contexts: Sequence[str] = ()
    themes: Sequence[str] = ()
    aliases: Sequence[tuple[str, str]] = ()
    """The user's own words and the command each stands for."""
    known_aliases: Sequence[tuple[str, str]] = ()
    """Words people are used to, and the id of the kind each means."""
    recent: Sequence[str] = ()
    """Commands run before, newest first: what an empty line offers."""


def complete(line: str, vocabulary: Vocabulary) -> list[Candidate]:
    """Return what the line may become, best first."""
    text = line.lstrip(":").lstrip()
    head, space, rest = text.partition(" ")
    if not space:
        return _first_word(head, vocabulary)
    last = rest.split(" ")[-1]
    before = line[: len(line) - len(last)]
    if "/" in rest:
        return []
    if head in VERBS["context"]:
        return _words(last, before, ((context, "context") for context in vocabulary.contexts))
    if head in VERBS["edit"] and " " not in rest:
        kinds = _first_word(last, replace(vocabulary, aliases=(), recent=()))
        return [Candidate(one.text, f"{before}{one.line} ", one.hint) for one in kinds if one.line not in _ALL_WORDS]
    if head in VERBS["theme"]:
        return _words(last, before, ((theme, "theme") for theme in vocabulary.themes))
    if head in VERBS["tab"] and " " not in rest:
        return [
            Candidate(candidate.text, f"{head} {candidate.line}", candidate.hint)
            for candidate in _first_word(last, vocabulary)
        ]
    if head in VERBS["new"]:
        return _new(rest, before, vocabulary)
    if last.startswith("@"):
        return _words(last[1:], f"{before}@", ((context, "context") for context in vocabulary.contexts))
    listed, _, part = last.rpartition(",")
    prefix = f"{before}{listed}," if listed else before
    names = [("all", "every namespace")] if not listed else []
    return _words(part, prefix, [*names, *((name, "namespace") for name in vocabulary.namespaces)])


def _new(rest: str, before: str, vocabulary: Vocabulary) -> list[Candidate]:
    """Return what can be made: kinds, and bundles behind the word for them."""
    from k9py.manifests.bundles import BUNDLES  # deferred: nobody makes anything before the first frame

    first, space, last = rest.partition(" ")
    if space:
        return _words(last, before, ((b.id, b.why) for b in BUNDLES.values())) if first == "bundle" else []
    kinds = ((r.singular or r.gvr.resource, r.api_version) for r in vocabulary.resources if "create" in r.verbs)
    return _words(first, before, [("bundle", "several objects that agree"), *kinds])


def _first_word(word: str, vocabulary: Vocabulary) -> list[Candidate]:
    if not word:
        return [Candidate(line, line, "recent") for line in vocabulary.recent[:CANDIDATE_LIMIT]]
    scored: list[tuple[float, str, Candidate]] = []

    def offer(text: str, names: Iterable[str], hint: str, line: str) -> None:
        scores = [score for name in names if (score := _score(word, name)) is not None]
        if scores:
            scored.append((-max(scores), text, Candidate(text, line, hint)))

    plain = {resource.gvr.resource for resource in vocabulary.resources if not resource.gvr.group}
    for resource in vocabulary.resources:
        if "list" not in resource.verbs:
            continue
        plural = resource.gvr.resource
        text = resource.id if plural in plain and resource.gvr.group else plural
        hint = " · ".join(part for part in (",".join(resource.short_names), resource.api_version) if part)
        known_as = tuple(word for word, kind in vocabulary.known_aliases if kind == resource.id)
        offer(text, (plural, *resource.short_names, *known_as, resource.kind.lower()), hint, text)
    for verb, words in VERBS.items():
        offer(words[-1] if verb == "quit" else words[0], words, VERB_HINTS[verb], words[0])
    for alias, command in vocabulary.aliases:
        offer(alias, (alias,), command, alias)
    scored.sort(key=lambda item: item[:2])
    return [candidate for _, _, candidate in scored[:CANDIDATE_LIMIT]]


def _score(needle: str, word: str) -> float | None:
    """Rank whole words above beginnings above scattered letters; shorter words first among equals."""
    needle, word = needle.lower(), word.lower()
    if needle == word:
        return 1_000_000.0
    if word.startswith(needle):
        return 100_000.0 - len(word)
    found = fuzzy.match(needle, word)
    return None if found is None else float(found.score) - len(word)


def _words(part: str, before: str, words: Iterable[tuple[str, str]]) -> list[Candidate]:
    scored = [(score, word, hint) for word, hint in words if (score := _score(part, word) if part else 0.0) is not None]
    scored.sort(key=lambda item: -item[0])
    return [Candidate(word, f"{before}{word}", hint) for _, word, hint in scored[:CANDIDATE_LIMIT]]
