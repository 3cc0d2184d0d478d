"""Files written because a person asked for them: tables, texts, pictures. Private, never overwritten."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.cells import cell_len

from k9py.config.paths import Paths
from k9py.core.files import write_private

HARD_BLANK = "\u00a0"

_TEXT = re.compile(
    r'<text(?P<before>[^>]*) x="(?P<x>[\d.]+)"(?P<between>[^>]*) textLength="(?P<length>[\d.]+)"(?P<after>[^>]*)>'
    r"(?P<content>[^<]*)</text>"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def place_for(paths: Paths, name: str, suffix: str) -> Path:
    """Return a file name that is not taken, under the state directory."""
    stem = f"{_UNSAFE.sub('-', name).strip('-.') or 'k9py'}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = paths.state / "saved"
    path = folder / f"{stem}{suffix}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def save_text(paths: Paths, name: str, text: str, suffix: str = ".txt") -> Path:
    """Write a text and return where it is; raises OSError when the directory cannot be written."""
    path = place_for(paths, name, suffix)
    write_private(path, text.encode())
    return path


def without_edge_blanks(svg: str) -> str:
    """Return a picture whose texts begin and end with something to see, at the same places.

    The exported ones are padded with blanks that browsers draw and other viewers drop, moving everything to the left.
    """
    return _TEXT.sub(_trimmed, svg)


def _trimmed(match: re.Match[str]) -> str:
    import html  # deferred with csv: together 2 ms of the first frame

    text = html.unescape(match["content"])
    bare = text.strip()
    if not bare:
        return ""
    cell = float(match["length"]) / cell_len(text)
    x = float(match["x"]) + cell * (len(text) - len(text.lstrip()))
    content = html.escape(bare, quote=False).replace(HARD_BLANK, "&#160;")
    length = cell * cell_len(bare)
    return (
        f'<text{match["before"]} x="{x:g}"{match["between"]} textLength="{length:g}"{match["after"]}>{content}</text>'
    )


def save_csv(paths: Paths, name: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a table as comma-separated values and return where it is."""
    import csv

    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(titles)
    writer.writerows(rows)
    return save_text(paths, name, buffer.getvalue(), ".csv")
