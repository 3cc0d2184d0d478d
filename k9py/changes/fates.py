"""What became of a draft: a program may end after its text was sent and before the draft was forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from k9py.changes.drafts import Draft
from k9py.changes.journal import JournalEntry
from k9py.changes.owners import merge_edit
from k9py.core import yamldoc
from k9py.core.diffs import is_secret, quiet, same
from k9py.core.errors import YamlError

SLACK = 1.0
"""Seconds a draft may be saved after its text was sent: it is written a moment after the last key."""


class Fate(Enum):
    """What the journal says of a text that was kept."""

    UNWRITTEN = "not written"
    SENT = "sent, perhaps written: look"
    PARTLY = "partly written"
    WRITTEN = "written since"


def fate_of(draft: Draft, entries: Iterable[JournalEntry]) -> Fate:
    """Return what became of a draft, by the changes of its cluster."""
    later = [one for one in entries if one.at >= draft.saved_at - SLACK and one.state != "failed"]
    if not later:
        return Fate.UNWRITTEN
    states = [_state(document, draft.base, later) for document in _documents(draft.text)]
    if not any(states):
        return Fate.UNWRITTEN
    if any(state not in ("", "written") for state in states):
        return Fate.SENT
    return Fate.WRITTEN if all(states) else Fate.PARTLY


def _documents(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        found = yamldoc.load_all(text)
    except YamlError:
        return ()  # half typed: nobody could send it
    return [one for one in found if isinstance(one, Mapping) and one.get("kind")]


def _state(document: Mapping[str, Any], base: dict[str, Any] | None, later: Iterable[JournalEntry]) -> str:
    """Return how the newest change that brought what is typed ended; empty when none did."""
    metadata = document.get("metadata")
    meta = metadata if isinstance(metadata, Mapping) else {}
    state = ""
    for entry in later:
        ref = entry.ref
        here = (ref.api_version, ref.kind, ref.name) == (document.get("apiVersion"), document["kind"], meta.get("name"))
        if here and meta.get("namespace") in (None, "", ref.namespace) and _brings(entry, document, base):
            state = entry.state
    return state


def _brings(entry: JournalEntry, document: Mapping[str, Any], base: dict[str, Any] | None) -> bool:
    """Return whether a change left the object with what was typed."""
    if entry.after is None:
        return False
    if is_secret(document):
        return True  # its values are kept nowhere, so they cannot be compared
    if base is None:
        return entry.before is None
    merged, conflicts = merge_edit(base, dict(document), entry.after)
    return not conflicts and same(quiet(merged), quiet(entry.after))
