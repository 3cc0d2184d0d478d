"""Take back a change, or everything that was confirmed together with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from k9py.cli.changing import add_consent, add_following, add_namespace, at_desk
from k9py.core.errors import ChangeError

if TYPE_CHECKING:
    from k9py.changes.journal import JournalEntry

EXAMPLES = """
k9py undo
k9py undo 3fa9c1d2
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="of a change or a series; none is the last one")
    add_namespace(parser)
    add_consent(parser)
    add_following(parser)


def run(options: argparse.Namespace) -> int:
    """Take it back through the gate, as any other change."""
    from k9py.changes.undo import undo_of, undo_series
    from k9py.cli.runtime import run_async

    async def work() -> int:
        async with at_desk(options) as desk:
            journal = desk.gate.journal
            if options.id and not journal.series(options.id):
                undos = [undo_of(journal, journal.find(options.id))]
            else:
                undos = undo_series(journal, journal.series(options.id or _last_series(journal.entries())))
            return await desk.carry_out(await desk.plan([undo.wish for undo in undos]))

    return run_async(work)


def _last_series(entries: list[JournalEntry]) -> str:
    standing = [one for one in entries if one.state == "written" and not one.undone_by and not one.undoes]
    if not standing:
        raise ChangeError("there is nothing to take back", remedy="k9py history lists what was changed from here")
    return standing[-1].series
