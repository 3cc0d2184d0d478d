"""Answers the completion scripts: candidates for the last word, from files; names of objects from the server."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from k9py.cli.completion import FILES, SHELLS
from k9py.cli.flags import GLOBAL_VALUE_FLAGS, Parser, add_connection
from k9py.cli.verbs import VERBS, split_verb
from k9py.config.paths import Paths
from k9py.core.errors import K9Error, KubeconfigError

_KIND_VERBS = frozenset({"ui", "get", "describe", "logs"})
_NAMED_VERBS = frozenset({"get", "describe"})
"""Verbs that take names behind one kind, or KIND/NAME."""
_LOGGED = ("deployments/", "statefulsets/", "daemonsets/", "jobs/", "services/")
"""What has logs beside a pod, as far as ``k9py logs`` takes it."""
_FILE_FLAGS = frozenset({"--kubeconfig", "--certificate-authority", "--client-certificate", "--client-key"})


@dataclass(slots=True)
class Line:
    """A command line up to the caret."""

    verb: str
    words: list[str] = field(default_factory=list)
    """Finished words that are no flags and no values of flags, without the verb."""
    values: dict[str, str] = field(default_factory=dict)
    """Flag to the value it has."""
    waiting: str = ""
    """The flag whose value is being typed; empty for none."""
    partial: str = ""
    verb_said: bool = False
    every_namespace: bool = False


def run(words: Sequence[str]) -> int:
    """Print the candidates, one a line, an explanation after a tab; nothing at all on any trouble."""
    with suppress(K9Error, OSError):
        for candidate in complete(list(words) or [""]):
            print(candidate)
    return 0


def complete(words: Sequence[str]) -> list[str]:
    """Return what the last of the words may become."""
    line = read_line(words)
    head, _, partial = line.partial.rpartition(",") if line.waiting in ("-n", "--namespace") else ("", "", line.partial)
    found = [candidate for candidate in _candidates(line) if candidate == FILES or candidate.startswith(partial)]
    return [f"{head},{candidate}" for candidate in found] if head else found


def read_line(words: Sequence[str]) -> Line:
    """Take the words apart as the verbs would."""
    *finished, partial = words
    verb, rest = split_verb(finished)
    parser = _parser(verb)
    valued = {
        flag
        for action in parser.declared
        if action.nargs is None or action.nargs != 0
        for flag in action.option_strings
    }
    line = Line(verb, partial=partial, verb_said=len(rest) < len(finished))
    index = 0
    while index < len(rest):
        word = rest[index]
        name, joined, value = word.partition("=")
        if word.startswith("-") and joined:
            line.values[name] = value
        elif word in valued or word in GLOBAL_VALUE_FLAGS:
            following = rest[index + 1 : index + 3]
            # bash breaks words at "=" too: --context = prod
            value = following[1] if following[:1] == ["="] and len(following) > 1 else "".join(following[:1])
            index += 2 if following[:1] == ["="] else 1
            if index >= len(rest):
                line.waiting = word
            line.values[word] = value
        elif word in ("-A", "--all-namespaces"):
            line.every_namespace = True
        elif not word.startswith("-"):
            line.words.append(word)
        index += 1
    if partial.startswith("--") and "=" in partial:
        line.waiting, _, line.partial = partial.partition("=")
    elif partial == "=" and line.waiting:
        line.partial = ""
    return line


def _candidates(line: Line) -> list[str]:
    if line.waiting:
        return _values(line)
    if line.partial.startswith("-"):
        return _flags(line.verb)
    places: dict[str, Callable[[Line], Iterable[str]]] = {
        "contexts": lambda line: _contexts(line) if line.words == ["use"] else [] if line.words else ["use"],
        "config": lambda line: [] if line.words else _choices("config"),
        "demo": lambda line: [] if line.words else _worlds(),
        "top": lambda line: _names(line.words[0], line) if line.words else ["pods", "nodes"],
        "completion": lambda line: [] if line.words else SHELLS,
    }
    found: list[str] = []
    if not line.verb_said and not line.words:
        found += [f"{verb.name}\t{verb.summary}" for verb in VERBS.values() if verb.summary]
    if line.verb in places:
        return [*found, *places[line.verb](line)]
    if line.verb in _NAMED_VERBS | {"logs"} and "/" in line.partial:
        kind = line.partial.partition("/")[0]
        return [f"{kind}/{name}" for name in _names(kind, line)]
    if line.verb == "logs":
        return [*_names("pods", line), *_LOGGED] if not line.words else []
    if line.verb in _NAMED_VERBS and line.words and not any(sign in line.words[0] for sign in "/,"):
        return [name for name in _names(line.words[0], line) if name not in line.words[1:]]
    if line.verb in _KIND_VERBS and not line.words:
        found += _kinds(line)
    return found


def _names(kind: str, line: Line) -> list[str]:
    """Return the names of a kind's objects as the server has them now."""
    from k9py.cli.naming import names  # deferred: loads the client layer, which no other candidate needs

    return names(kind, line.values, every_namespace=line.every_namespace)


def _values(line: Line) -> list[str]:
    """Return what the value of the flag being typed may be."""
    flag = line.waiting
    if flag in _FILE_FLAGS:
        return [FILES]
    if flag == "--context":
        return _contexts(line)
    if flag in ("-n", "--namespace"):
        return _namespaces(line)
    if flag == "--theme":
        return _themes()
    if flag in ("-o", "--output") and line.verb == "get":
        from k9py.cli.formats import FORMATS

        return list(FORMATS)
    for action in _parser(line.verb).declared:
        if flag in action.option_strings and action.choices:
            return [str(choice) for choice in action.choices]
    return []


def _parser(verb: str) -> Parser:
    declared = VERBS[verb]
    parser = Parser(verb, None, "")
    module = importlib.import_module(f"k9py.cli.{declared.module}")
    if hasattr(module, "arguments"):
        module.arguments(parser)
    if declared.connects:
        add_connection(parser)
    return parser


def _flags(verb: str) -> list[str]:
    return [
        f"{flag}\t{action.help or ''}".replace("\n", " ")
        for action in _parser(verb).declared
        for flag in action.option_strings
        if flag.startswith("--")
    ]


def _choices(verb: str) -> list[str]:
    return [
        str(choice) for action in _parser(verb).declared if not action.option_strings for choice in action.choices or ()
    ]


def _contexts(line: Line) -> list[str]:
    from k9py.kube.kubeconfig import Kubeconfig

    config = Kubeconfig.load(line.values.get("--kubeconfig") or None, os.environ, required=False)
    return [context.name for context in config.contexts]


def _namespaces(line: Line) -> list[str]:
    """Return the server's namespaces, those the kubeconfig names, and those used before in the context."""
    # Deferred: msgspec and YAML are needed for this answer only.
    from k9py.config.state import recall
    from k9py.kube.kubeconfig import Kubeconfig

    config = Kubeconfig.load(line.values.get("--kubeconfig") or None, os.environ, required=False)
    context = line.values.get("--context") or config.current_context
    state = recall(Paths.of(os.environ), context).state
    named = [entry.namespace for entry in config.contexts if entry.namespace]
    used = [*state.favourites, *(state.namespaces or ()), *(name for tab in state.tabs for name in tab.namespaces)]
    return sorted({*named, *used, *_names("namespaces", line)} or {"default", "kube-system"})


def _kinds(line: Line) -> list[str]:
    """Return the kinds of the server as last seen: plural names, short names as the explanation."""
    from k9py.kube.discovery import cached_catalog
    from k9py.kube.kubeconfig import Kubeconfig

    try:
        config = Kubeconfig.load(line.values.get("--kubeconfig") or None, os.environ)
        target = config.target(context=line.values.get("--context") or None)
    except KubeconfigError:
        return []  # the verbs are offered all the same
    catalog = cached_catalog(Paths.of(os.environ).cache, target.server)
    if catalog is None:
        return []
    return [
        f"{resource.gvr.resource}\t{' '.join((*resource.short_names, resource.kind))}"
        for resource in catalog.resources
        if "list" in resource.verbs
    ]


def _themes() -> list[str]:
    from k9py.config.themes import theme_files

    return sorted(theme_files(Paths.of(os.environ).user_themes))


def _worlds() -> list[str]:
    from k9py.sim.demo import WORLDS

    return list(WORLDS)
