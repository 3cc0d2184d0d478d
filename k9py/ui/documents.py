"""Objects and events as lines of text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from k9py.core import yamldoc
from k9py.core.ages import human
from k9py.core.refs import ApiResource
from k9py.core.text import safe_line, safe_lines
from k9py.kube.happenings import Happening
from k9py.resources.describe import describe, laid_out
from k9py.resources.model import Tone
from k9py.ui.textview import Line, plain

_KEY = re.compile(r"^(\s*(?:- )*)([^\s#'\"][^:]*:|'[^']*':|\"[^\"]*\":)(\s|$)")

MASK = "••••••"
"""Stands for a secret value; its length says nothing about the value's."""


def yaml_lines(obj: dict[str, Any], *, managed_fields: bool = False) -> list[Line]:
    """Return an object as YAML with its keys set apart; the values of a Secret are masked."""
    text = yamldoc.dump_object(masked(obj), managed_fields=managed_fields)
    return [_yaml_line(line) for line in safe_lines(text)]


def masked(obj: dict[str, Any]) -> dict[str, Any]:
    """Return a Secret with its values hidden, wherever kubectl keeps a copy of them; other kinds as they are."""
    if obj.get("kind") != "Secret":
        return obj
    hidden = dict(obj)
    for part in ("data", "stringData"):
        if isinstance(obj.get(part), dict):
            hidden[part] = dict.fromkeys(obj[part], MASK)
    meta = obj.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    if isinstance(meta, dict) and isinstance(annotations, dict):
        copy = "kubectl.kubernetes.io/last-applied-configuration"
        if copy in annotations:
            hidden["metadata"] = {**meta, "annotations": {**annotations, copy: MASK}}
    return hidden


def _yaml_line(line: str) -> Line:
    match = _KEY.match(line)
    if match is None:
        return plain(line)
    indent, key = match.group(1), match.group(2)
    return ((indent, Tone.DIM), (key, Tone.ACCENT), (line[len(indent) + len(key) :], Tone.PLAIN))


def event_lines(events: Sequence[Happening] | None, now: float) -> list[Line]:
    """Return events as a table, the newest first, since that is what one asks for; None means they are being read.

    Who said it stands behind what was said: a column of its own leaves a message a third of a narrow screen.
    """
    if events is None:
        return [plain("Reading events", Tone.DIM)]
    if not events:
        return [plain("No events: the cluster keeps them for an hour or so", Tone.DIM)]
    rows = [
        (
            _ago(event, now),
            event.type,
            event.reason,
            event.source,
            safe_line(event.message),
        )
        for event in reversed(events)
    ]
    titles = ("LAST SEEN", "TYPE", "REASON")
    widths = [max(len(titles[i]), *(len(row[i]) for row in rows)) for i in range(3)]
    lines: list[Line] = [plain("  ".join([*(titles[i].ljust(widths[i]) for i in range(3)), "MESSAGE"]), Tone.DIM)]
    for row in rows:
        tone = Tone.WARN if row[1] != "Normal" else Tone.PLAIN
        lines.append(
            (
                (f"{row[0].ljust(widths[0])}  ", Tone.DIM),
                (f"{row[1].ljust(widths[1])}  {row[2].ljust(widths[2])}  ", tone),
                (row[4], tone),
                (f" ({row[3]})" if row[3] else "", Tone.DIM),
            )
        )
    return lines


def _ago(event: Happening, now: float) -> str:
    if not event.last:
        return "unknown"
    last = human(max(0.0, now - event.last))
    if event.count > 1 and event.first:
        return f"{last} (x{event.count} over {human(max(0.0, now - event.first))})"
    return last


def described(
    resource: ApiResource,
    obj: dict[str, Any],
    events: Sequence[Happening],
    related: dict[str, list[dict[str, Any]]],
    now: float,
) -> list[Line]:
    """Return an object explained in words."""
    spans = laid_out(describe(resource.id, obj, events, related, now))
    return [((span.prefix, Tone.DIM), (span.text, span.tone)) for span in spans]
