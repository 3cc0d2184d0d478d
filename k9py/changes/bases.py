"""What a field was when both writers began: for a conflict of an applied document, which says nothing of it itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from k9py.changes.journal import JournalEntry
from k9py.changes.model import PlannedChange
from k9py.changes.owners import last_applied
from k9py.core.diffs import ABSENT, value_at


def with_bases(change: PlannedChange, about: Callable[[str, str, str], Sequence[JournalEntry]]) -> PlannedChange:
    """Return a change whose conflicts know what was written last from here, or was applied last with kubectl.

    ``about`` returns the journal's entries of an object, oldest first.
    """
    if change.secret or not any(conflict.base is ABSENT for conflict in change.conflicts):
        return change
    ref = change.ref
    uid = ref.uid or str(((change.live or {}).get("metadata") or {}).get("uid") or "")
    ours = [one for one in about(ref.kind, ref.namespace, ref.name) if one.state == "written" and one.ref.uid == uid]
    base = ours[-1].after if ours else last_applied(change.live)
    if base is None:
        return change
    found = tuple(
        replace(one, base=value_at(base, one.path)) if one.base is ABSENT else one for one in change.conflicts
    )
    return replace(change, conflicts=found)
