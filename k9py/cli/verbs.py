"""The table of verbs, and which of its words a command line names. Imports nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k9py.cli.flags import GLOBAL_VALUE_FLAGS


class Verb(NamedTuple):
    """One verb; its module has ``arguments(parser)`` and ``run(options) -> int``."""

    name: str
    module: str
    summary: str
    usage: str
    """What follows ``k9py`` in the usage line, without the flags every verb knows."""
    connects: bool = True
    """True when it takes the flags that choose a cluster and an identity."""
    failed: int = 1
    """Exit status of a failure, as kubectl's."""


VERBS = {
    verb.name: verb
    for verb in (
        Verb("ui", "browse", "open the terminal interface (the default)", "[ui] [KIND [WORDS]] [-n NS | -A]"),
        Verb("get", "get", "list objects as a table, JSON, YAML, names", "get KIND [NAME ...] [-o FORMAT] [-w]"),
        Verb("describe", "describe", "show one object with its events", "describe KIND NAME ... | KIND/NAME ..."),
        Verb("top", "top", "CPU and memory of pods or nodes", "top pods|nodes [NAME]"),
        Verb("logs", "logs", "log lines of a pod or a workload", "logs POD | KIND/NAME [-f]"),
        Verb(
            "generate",
            "generate",
            "make a manifest from a few values",
            "generate KIND NAME | bundle NAME [--set FIELD=VALUE]",
            connects=False,
        ),
        Verb("validate", "validate", "check manifests without a cluster", "validate -f FILE | - [-R]", connects=False),
        Verb("explain", "explain", "what a field is", "explain KIND[.FIELD...]", connects=False),
        Verb("apply", "apply", "make and change objects as manifests say", "apply -f FILE|- | -k DIR [--dry-run]"),
        Verb("diff", "diff", "what applying manifests would change", "diff -f FILE|- | -k DIR", failed=2),
        Verb("delete", "delete", "delete objects, saying what goes too", "delete KIND/NAME ... | -f FILE|- | -k DIR"),
        Verb(
            "inject",
            "inject",
            "hand a ConfigMap or Secret to a workload",
            "inject configmap/NAME|secret/NAME KIND/NAME [--env] [--key KEY] [--mount PATH]",
        ),
        Verb("history", "history", "the changes made from here", "history [KIND/NAME | ID]"),
        Verb("undo", "undo", "take back a change", "undo [ID]"),
        Verb("contexts", "contexts", "list contexts, or make one current", "contexts [use NAME]", connects=False),
        Verb("doctor", "doctor", "what works with this cluster and terminal", "doctor"),
        Verb("demo", "demo", "a simulated cluster to try things on", "demo [WORLD] [--serve]", connects=False),
        Verb(
            "config",
            "config",
            "settings: where, are they right, what holds",
            "config path|check|show|themes|keys",
            connects=False,
        ),
        Verb("version", "version", "versions of k9py and of the server", "version"),
        Verb("completion", "completion", "words completed by the shell", "completion bash|zsh|fish", connects=False),
        Verb("__complete", "completing", "", "__complete WORDS", connects=False),
    )
}
"""Every verb by its word, in the order of the help; one with no summary is for scripts and not listed."""


def split_verb(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the verb and its arguments; flags may stand before it, and with no verb it is ``ui``.

    ``k9py pods -A`` and ``k9py --context prod get pods`` both work, so the first word that is no flag decides.
    """
    index = 0
    while index < len(argv):
        word = argv[index]
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            if word in VERBS:
                return word, [*argv[:index], *argv[index + 1 :]]
            break
        index += 2 if word in GLOBAL_VALUE_FLAGS else 1
    return "ui", list(argv)
