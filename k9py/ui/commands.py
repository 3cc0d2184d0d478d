"""What can be typed behind ``:``, parsed without a screen.

::

    KIND [NAMESPACE[,NAMESPACE…] | all] [!] [/FILTER] [LABEL=VALUE… | -l SELECTOR] [-f FUZZY] [@CONTEXT]
    ns [NAME[,NAME…] | all]      ctx [NAME]      theme [NAME]      kinds [WORDS]      tab [KIND …]
    new [KIND [NAME] | bundle NAME [NAME]]      can u:USER | g:GROUP | sa:NAMESPACE/NAME      login   help   q
    apply [-R] PATH      edit [KIND NAME [NAMESPACE] | KIND/NAME | PATH]      drafts
"""

from __future__ import annotations

import re
import shlex

import msgspec

from k9py.core.errors import UsageError
from k9py.core.refs import Scope

ALL_NAMESPACES = frozenset({"all", "*", "-A"})
"""Words that mean every namespace where a namespace is expected."""

VERBS: dict[str, tuple[str, ...]] = {
    "quit": ("q", "q!", "qa", "quit", "exit"),
    "help": ("h", "help", "?"),
    "namespace": ("ns", "namespace", "namespaces"),
    "context": ("ctx", "context", "contexts"),
    "can": ("can",),
    "login": ("login",),
    "theme": ("theme", "skin"),
    "kinds": ("a", "aliases", "kinds", "api-resources"),
    "tab": ("tab", "tabnew"),
    "new": ("new", "create"),
    "apply": ("apply",),
    "edit": ("edit",),
    "drafts": ("drafts",),
}
"""Commands that are no kind, each with the words that mean it."""

_VERB_OF = {word: verb for verb, words in VERBS.items() for word in words}
_SELECTOR = re.compile(r"^[^\s/@]+(=|!=|==)[^\s]*$|^.+\s(in|notin)\s\(.*\)$")


class VerbCommand(msgspec.Struct, frozen=True):
    """A command that is no kind: its verb (a key of VERBS) and the words behind it."""

    verb: str
    argument: str = ""


class OpenCommand(msgspec.Struct, frozen=True):
    """Open a kind."""

    kind: str
    """The word as typed."""
    scope: Scope | None = None
    """None keeps the namespaces of the current view."""
    filter: str = ""
    label_selector: str = ""
    context: str = ""
    """Switch to this context first; empty stays here."""
    problems: bool = False
    """Only what has a problem, as ``!`` does in a list."""


Command = VerbCommand | OpenCommand


def scope_of(word: str) -> Scope:
    """Read namespaces as typed: one, several with commas, or all."""
    if word in ALL_NAMESPACES:
        return Scope()
    return Scope(tuple(dict.fromkeys(part for part in word.split(",") if part)))


def parse_command(text: str) -> Command | None:
    """Read one line typed behind ``:``; None for an empty one. Raises UsageError for what means nothing."""
    line = text.strip().lstrip(":").strip()
    if not line:
        return None
    head, _, rest = line.partition(" ")
    rest = rest.strip()
    # A namespace named behind ``ns`` goes there; the bare words open the lists of namespaces and contexts.
    verb = _VERB_OF.get(head)
    if verb is not None:
        return VerbCommand(verb, rest)
    return _open_command(head, rest)


def _open_command(kind: str, rest: str) -> OpenCommand:
    """Read what follows a kind."""
    filter_text = ""
    match = re.search(r"(?:^|\s)/(.*)$", rest)
    if match:
        filter_text = match.group(1).strip()
        rest = rest[: match.start()].strip()
    try:
        words = shlex.split(rest)
    except ValueError:
        raise UsageError(
            f"a quote is not closed in {rest!r}", remedy="Close it, or type the selector without quotes"
        ) from None
    scope: Scope | None = None
    selectors: list[str] = []
    context = ""
    problems = False
    pending = iter(words)
    for word in pending:
        if word in ("-l", "-f"):
            value = next(pending, None)
            if value is None:
                meaning = "a label selector" if word == "-l" else "the text to look for"
                raise UsageError(f"{word} needs {meaning} behind it")
            if word == "-l":
                selectors.append(value)
            else:
                filter_text = f"~{value}"
        elif word == "!":
            problems = True
        elif word == "-A":
            scope = Scope()
        elif word == "-n":
            scope = scope_of(next(pending, "all"))
        elif word.startswith("@"):
            context = word[1:]
        elif _SELECTOR.match(word):
            selectors.append(word)
        elif scope is None:
            scope = scope_of(word)
        else:
            raise UsageError(
                f"{word!r} is one word too many",
                remedy="Write KIND [NAMESPACE] [!] [/FILTER] [LABEL=VALUE] [@CONTEXT]",
            )
    return OpenCommand(kind, scope, filter_text, ",".join(selectors), context, problems)
