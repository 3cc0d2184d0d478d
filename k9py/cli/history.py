"""List the changes made from here in this context, or show what one of them changed."""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import TYPE_CHECKING

from k9py.cli.changing import add_namespace, note, print_diff
from k9py.core.ages import human
from k9py.core.errors import UsageError
from k9py.core.text import safe_line

if TYPE_CHECKING:
    from k9py.changes.journal import JournalEntry

EXAMPLES = """
k9py history
k9py history deploy/web -n shop --diff
k9py history 3fa9c1d2
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words and flags of the verb."""
    parser.add_argument("what", nargs="?", metavar="KIND/NAME | ID", default="", help="only this object, or one change")
    add_namespace(parser)
    parser.add_argument("--diff", action="store_true", help="show what each change changed")
    parser.add_argument("-o", "--output", choices=("json",), default="", metavar="FORMAT", help="json")
    parser.add_argument("--limit", type=int, metavar="N", default=50, help="the newest N changes (50); 0 for all")


def run(options: argparse.Namespace) -> int:
    """Print the journal; the cluster is not asked."""
    if options.limit < 0:
        raise UsageError(f"--limit {options.limit} is no number of changes", remedy="0 shows them all")
    from k9py.changes.journal import Journal
    from k9py.cli.runtime import prepare
    from k9py.config.paths import Paths

    target, _ = prepare(options)
    journal = Journal(
        Paths.of(os.environ).journal_file(target.context), now=time.time, new_id=str, server=target.identity
    )
    entries = journal.entries()
    for server, count in journal.elsewhere().items():
        note(f"{count} more made in {target.context} when that was {server}")
    if options.what and "/" not in options.what:
        entry = journal.find(options.what)
        entries, options.diff = [entry], True
    elif options.what:
        entries = [entry for entry in entries if _is_about(entry, options.what, options.namespace)]
    elif options.namespace:
        entries = [entry for entry in entries if entry.ref.namespace in options.namespace]
    if options.limit:
        entries = entries[-options.limit :]
    if options.output == "json":
        print(json.dumps([_as_json(entry) for entry in entries], indent=2))
        return 0
    if not entries:
        print("No change was made from here.")
        return 0
    _table(entries, with_diffs=options.diff)
    return 0


def _is_about(entry: JournalEntry, words: str, namespaces: list[str]) -> bool:
    from k9py.manifests.kinds import bundled

    word, _, name = words.partition("/")
    try:
        kind = bundled().resolve(word).kind
    except UsageError:
        kind = word  # a kind of somebody's own
    same = entry.ref.kind.lower() == kind.lower() and entry.ref.name == name
    return same and (not namespaces or entry.ref.namespace in namespaces)


def _table(entries: list[JournalEntry], *, with_diffs: bool) -> None:
    now = time.time()
    rows = [("ID", "SERIES", "AGE", "NAMESPACE", "OBJECT", "CHANGE")]
    for entry in entries:
        rows.append(
            (entry.id, entry.series, human(now - entry.at), entry.ref.namespace or "-",
             f"{entry.ref.kind}/{entry.ref.name}", _change(entry))
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for index, row in enumerate(rows):
        print("   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        if with_diffs and index:
            print_diff(entries[index - 1].diff.unified(title=row[4]))


def _change(entry: JournalEntry) -> str:
    words = [entry.effect if entry.state == "written" else entry.state]
    if entry.state == "intent":
        words = [f"{entry.effect}? (the program ended before it knew)"]
    if entry.undoes:
        words.append(f"(takes back {entry.undoes})")
    if entry.undone_by:
        words.append(f"(taken back by {entry.undone_by})")
    if entry.text:
        words.append(safe_line(entry.text))
    return " ".join(words)


def _as_json(entry: JournalEntry) -> dict[str, object]:
    return {
        "id": entry.id, "series": entry.series, "at": entry.at, "deed": entry.deed.value, "state": entry.state,
        "context": entry.context, "user": entry.user, "apiVersion": entry.ref.api_version, "kind": entry.ref.kind,
        "namespace": entry.ref.namespace, "name": entry.ref.name, "uid": entry.ref.uid, "before": entry.before,
        "after": entry.after, "undoes": entry.undoes, "undoneBy": entry.undone_by, "text": entry.text,
    }  # fmt: skip
