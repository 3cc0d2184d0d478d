"""Show what applying manifests would change; 0 nothing, 1 something, 2 it could not be found out."""

from __future__ import annotations

import argparse

from k9py.cli.changing import add_manifests, add_namespace, at_desk, note, print_diff, read_manifests, tell_refusals

EXAMPLES = """
k9py diff -f web.yaml
k9py diff -k overlays/test
"""
DIFFERENT = 1
FAILED = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="as -f")
    add_manifests(parser)
    add_namespace(parser)
    parser.add_argument("--force-conflicts", action="store_true", help="as if fields that others own were taken over")


def run(options: argparse.Namespace) -> int:
    """Print the differences."""
    documents = read_manifests(options, files=options.files)
    from k9py.changes import edits
    from k9py.cli.runtime import run_async  # deferred: mistakes are told without loading anything

    wishes = [edits.apply(one.body, origin=one.origin, force=options.force_conflicts) for one in documents]

    async def work() -> int:
        async with at_desk(options) as desk:
            plan = await desk.plan(wishes)
            for change in plan.changes:
                print_diff(change.diff.unified(title=change.title) if change.ready else ())
                if change.dry_run.why_unseen:
                    note(f"{change.title}: {change.dry_run.why_unseen}")
            if tell_refusals(plan):
                return FAILED
            return DIFFERENT if plan.pending else 0

    return run_async(work)
