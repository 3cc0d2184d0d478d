"""What a refused change shows: the lines of the document that are wrong, with what stands around them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k9py.changes.model import Object, PlannedChange, Trouble
from k9py.core import yamldoc, yamlspans
from k9py.core.diffs import Path, masked, quiet
from k9py.core.text import safe_line
from k9py.resources.model import Tone
from k9py.ui.changing.difflines import yaml_path
from k9py.ui.glyphs import Glyphs
from k9py.ui.textview import Line

AROUND = 2
"""Lines shown before and after one that is wrong."""


def refused_lines(change: PlannedChange, glyphs: Glyphs, *, whole: bool) -> list[Line]:
    """Return the document that was refused, the wrong lines marked; only these and their surroundings unless ``whole``.

    Where nothing in the document is wrong by itself, such as without the right to write it, all of it is returned.
    """
    document = masked(quiet(change.sent or change.wish.document))
    text = yamldoc.dump_object(document)
    lines = text.splitlines()
    wrong = _wrong_lines(change.troubles, document, text)
    shown = set(range(len(lines)))
    if wrong and not whole:
        shown = {near for at in wrong for near in range(max(0, at - AROUND), min(len(lines), at + AROUND + 1))}
    found: list[Line] = []
    last = -1
    for at in sorted(shown):
        if at > last + 1:
            path = next((yaml_path(lines, one) for one in sorted(wrong) if one >= at), "")
            found.append(((f"  {glyphs.ellipsis} {safe_line(path)}".rstrip(), Tone.ACCENT),))
        sign, tone = (glyphs.bad, Tone.BAD) if at in wrong else (" ", Tone.DIM)
        found.append(((f"{sign} {safe_line(lines[at])}", tone),))
        last = at
    return found


def _wrong_lines(troubles: tuple[Trouble, ...], document: Object, text: str) -> set[int]:
    """Return the lines, counted from 0, of the fields that troubles name; of a missing one that of what it is in."""
    roots = yamlspans.compose(text)
    if not roots:
        return set()
    paths = [field_path(trouble.field, document) for trouble in troubles if trouble.field]
    return {yamlspans.nearest(roots[0], path).line - 1 for path in paths if path}


def field_path(field: str, obj: Any) -> Path:
    """Return the steps to a field as the server writes it, as far as an object has them.

    The text cannot be read without the object: in ``metadata.labels[a.example/b]`` the brackets hold a key, in
    ``spec.containers[0]`` a place.
    """
    path: list[str | int] = []
    rest = field
    while rest:
        step, rest = _step(rest, obj)
        if step is None:
            break
        path.append(step)
        obj = obj[step]
    return tuple(path)


def _step(rest: str, obj: Any) -> tuple[str | int | None, str]:
    """Return the next step that an object has, None when there is none, and what is left of the text."""
    if isinstance(obj, list):
        number, closed, left = rest.removeprefix("[").partition("]")
        if rest.startswith("[") and closed and number.isdigit() and int(number) < len(obj):
            return int(number), left
        return None, ""
    if not isinstance(obj, Mapping):
        return None, ""
    bracketed = rest.startswith("[")
    text = rest.removeprefix("[" if bracketed else ".")
    ends = "]" if bracketed else ".["
    keys = [key for key in map(str, obj) if text == key or (text.startswith(key) and text[len(key)] in ends)]
    if not keys:
        return None, ""
    key = max(keys, key=len)
    return key, text[len(key) + bracketed :]
