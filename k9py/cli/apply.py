"""Make and change objects as manifests say, tried by the server first, and follow them until they run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from k9py.cli.changing import add_consent, add_following, add_manifests, add_namespace, at_desk, read_manifests

EXAMPLES = """
k9py apply -f web.yaml
k9py apply -f manifests/ -R -n shop --dry-run
k9py apply -k overlays/test --yes
k9py generate deployment web --set image=nginx | k9py apply -f - --yes
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="as -f")
    add_manifests(parser)
    add_namespace(parser)
    parser.add_argument(
        "--force-conflicts", action="store_true", help="take over fields of the manifest that others own"
    )
    add_consent(parser)
    add_following(parser)


def run(options: argparse.Namespace) -> int:
    """Apply what the flags name; 1 when something was refused or does not come to run."""
    documents = read_manifests(options, files=options.files)
    from k9py.changes import edits
    from k9py.changes.model import Wish
    from k9py.cli.runtime import run_async  # deferred: mistakes are told without loading anything

    wishes: Sequence[Wish] = [
        edits.apply(one.body, origin=one.origin, force=options.force_conflicts) for one in documents
    ]

    async def work() -> int:
        async with at_desk(options) as desk:
            return await desk.carry_out(await desk.plan(wishes))

    return run_async(work)
