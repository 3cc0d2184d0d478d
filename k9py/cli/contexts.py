"""List the contexts of the kubeconfig, or make one the current context."""

from __future__ import annotations

import argparse
import os

from k9py.cli.tables import print_table
from k9py.core.errors import UsageError
from k9py.kube.kubeconfig import Kubeconfig

EXAMPLES = """
k9py contexts
k9py contexts -o name
k9py contexts use staging
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="use NAME", help="write NAME as current-context")
    parser.add_argument("--kubeconfig", metavar="FILE", default="", help="this kubeconfig")
    parser.add_argument("-o", "--output", choices=("name",), help="names only")


def run(options: argparse.Namespace) -> int:
    """List, or write the current context: the only place that does."""
    config = Kubeconfig.load(options.kubeconfig or None, os.environ)
    if options.words:
        return _use(config, options.words)
    if options.output == "name":
        for context in config.contexts:
            print(context.name)
        return 0
    rows = [
        (
            "*" if context.name == config.current_context else "",
            context.name,
            context.cluster,
            context.user,
            context.namespace,
        )
        for context in config.contexts
    ]
    print_table(("CURRENT", "NAME", "CLUSTER", "USER", "NAMESPACE"), rows)
    return 0


def _use(config: Kubeconfig, words: list[str]) -> int:
    if words[0] != "use" or len(words) != 2:
        raise UsageError("not understood: contexts " + " ".join(words), remedy="Write: k9py contexts use NAME")
    # Deferred: only this writes to a kubeconfig.
    from k9py.kube.kubeconfig_edit import use_context

    path = use_context(config, words[1])
    print(f"{words[1]} is now the current context ({path})")
    return 0
