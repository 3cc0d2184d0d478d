"""Delete objects, after saying what goes with them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from k9py.cli.changing import (
    Desk,
    add_consent,
    add_following,
    add_manifests,
    add_namespace,
    at_desk,
    read_manifests,
    tell_refusals,
)
from k9py.cli.targets import Wanted, parse_targets
from k9py.core.errors import NotFound, UsageError

if TYPE_CHECKING:
    from k9py.changes.model import PlannedChange, Wish

EXAMPLES = """
k9py delete deploy/web svc/web -n shop
k9py delete -f web.yaml --yes
k9py delete namespace shop
"""
PROPAGATION = ("background", "foreground", "orphan")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("words", nargs="*", metavar="KIND NAME ... | KIND/NAME | -", help="what to delete")
    add_manifests(parser)
    add_namespace(parser)
    parser.add_argument("--cascade", choices=PROPAGATION, default="background", metavar="HOW",
                        help="what happens to what it made: background, foreground, orphan")  # fmt: skip
    parser.add_argument("--grace-period", type=int, metavar="SECONDS", default=None, help="time to end; 0 for none")
    parser.add_argument("--ignore-not-found", action="store_true", help="an object that is not there is no error")
    add_consent(parser)
    add_following(parser)


def run(options: argparse.Namespace) -> int:
    """Delete what is named; 1 when something stays."""
    words = list(options.words)
    stdin = ["-"] if words == ["-"] else []
    if words and not stdin and (options.filename or options.kustomize):
        raise UsageError("names exclude -f and -k", remedy="Leave one of them out")
    wanted = parse_targets(words) if words and not stdin else []
    if any(not one.names for one in wanted):
        raise UsageError("no name is given", remedy="Name each object: KIND NAME or KIND/NAME")
    documents = read_manifests(options, files=stdin) if not wanted else []
    from k9py.changes import edits
    from k9py.cli.runtime import run_async  # deferred: mistakes are told without loading anything

    async def work() -> int:
        async with at_desk(options) as desk:
            gone = options.ignore_not_found
            wishes = [edits.delete(one.body, origin=one.origin, may_be_gone=gone) for one in documents]
            wishes += await _named(desk, wanted)
            plan = await desk.plan([_as_asked(wish, options) for wish in wishes])
            there = [index for index, change in enumerate(plan.changes) if not _is_gone(change)]
            # One that is gone already is told and no reason to keep the others.
            missing = tell_refusals(plan.only([index for index in range(len(plan.changes)) if index not in there]))
            status = await desk.carry_out(plan.only(there)) if there else 0
            return 1 if missing else status

    return run_async(work)


def _is_gone(change: PlannedChange) -> bool:
    return bool(change.troubles) and all(isinstance(one.error, NotFound) for one in change.troubles)


async def _named(desk: Desk, wanted: list[Wanted]) -> list[Wish]:
    """Return the deletions of objects named by words."""
    from k9py.changes import edits

    wishes = []
    for one in wanted:
        kind = await desk.client.kind(one.kind)
        for name in one.names:
            metadata = {"name": name}
            if kind.namespaced:
                metadata["namespace"] = desk.client.scope(desk.options).single
            document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
            wishes.append(edits.delete(document, may_be_gone=desk.options.ignore_not_found))
    return wishes


def _as_asked(wish: Wish, options: argparse.Namespace) -> Wish:
    from dataclasses import replace

    from k9py.changes.model import DeleteOptions, Propagation

    ways: dict[str, Propagation] = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
    return replace(wish, deletion=DeleteOptions(ways[options.cascade], options.grace_period))
