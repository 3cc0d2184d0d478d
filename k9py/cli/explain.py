"""Say what a field is: its type, what it does, the fields below it."""

from __future__ import annotations

import argparse

EXAMPLES = """
k9py explain deployment
k9py explain pod.spec.containers.livenessProbe
k9py explain hpa --recursive
k9py explain
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("word", nargs="?", default="", metavar="KIND[.FIELD...]", help="what; none: list the kinds")
    parser.add_argument("--recursive", action="store_true", help="the names of all fields below")
    parser.add_argument("--api-version", metavar="VERSION", default="", help="in this version, such as apps/v1")


def run(options: argparse.Namespace) -> int:
    """Print the explanation, or the list of kinds."""
    from k9py.manifests.explaining import explain, explained  # deferred: reads the schemas
    from k9py.manifests.kinds import bundled

    kinds = bundled()
    if options.word:
        found = explain(options.word, kinds, api_version=options.api_version)
        print(explained(found, recursive=options.recursive), end="")
        return 0
    width = max(len(resource.gvr.resource) for resource in kinds.resources)
    for resource in kinds.resources:
        print(f"{resource.gvr.resource:<{width}}  {resource.api_version:<32}  {resource.kind}")
    return 0
