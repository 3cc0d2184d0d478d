"""Open the terminal interface on a cluster."""

from __future__ import annotations

import argparse
import difflib
import sys

from k9py.cli.flags import add_scope, add_selectors, overrides_of, scope_of
from k9py.cli.verbs import VERBS
from k9py.config.launch import UiOptions
from k9py.core import collector
from k9py.core.errors import UsageError

EXAMPLES = """
k9py
k9py pods -A
k9py deploy -n shop,web --context staging
k9py pods /api -l tier=front --readonly
"""

NEAR = 0.75
"""How much of a word has to be a verb's to be taken for a slip of the finger: ``gett``, ``aply``; not ``nodes``."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("kind", nargs="?", default="", metavar="KIND", help="kind to open: any name it has")
    parser.add_argument("words", nargs="*", metavar="WORDS", help="as typed behind the kind in the command prompt")
    add_scope(parser)
    add_selectors(parser)
    group = parser.add_argument_group("how")
    group.add_argument("--readonly", action="store_true", help="no key that changes the cluster")
    group.add_argument("--write", action="store_true", help="keys that change, even where settings say readonly")
    group.add_argument("--theme", metavar="NAME", default="", help="k9py config themes lists them")
    group.add_argument("--ascii", action="store_true", help="draw with ASCII signs only")
    group.add_argument("--fresh", action="store_true", help="forget where you were the last time")


def options_of(options: argparse.Namespace) -> UiOptions:
    """Return the wishes of the command line; raises UsageError for flags that exclude each other."""
    if options.readonly and options.write:
        raise UsageError("--readonly and --write exclude each other", remedy="Leave one of them out")
    scope = scope_of(options)
    return UiOptions(
        kind=options.kind,
        words=tuple(options.words),
        selector=options.selector,
        field_selector=options.field_selector,
        kubeconfig=options.kubeconfig,
        connection=overrides_of(options),
        namespaces=scope.namespaces if scope else (),
        all_namespaces=scope is not None and scope.all,
        readonly=True if options.readonly else False if options.write else None,
        theme=options.theme,
        ascii=options.ascii or None,
        fresh=options.fresh,
    )


def run(options: argparse.Namespace) -> int:
    """Open the interface; what is wrong with the kubeconfig or the cluster it says itself, and stays."""
    wishes = options_of(options)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("The interface needs a terminal", remedy=_instead(wishes.kind))
    collector.pause()
    try:
        # Deferred: textual, 300 ms; mistakes above are told at once.
        from k9py.ui.starting import run_ui

        return run_ui(wishes)
    finally:
        collector.resume()


def _instead(word: str) -> str:
    """Return what a command line without a terminal probably meant."""
    verbs = [verb.name for verb in VERBS.values() if verb.summary]
    near = difflib.get_close_matches(word, verbs, n=1, cutoff=NEAR)
    return f"Did you mean k9py {near[0]}?" if near else "In a script, k9py get prints the same rows"
