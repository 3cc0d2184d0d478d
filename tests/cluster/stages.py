"""kwok's stages: the YAML of `stages/` with its shared parts put in.

A stage's template cannot include another, and every pod stage needs the same beginning and end.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "stages"
PARTS = {"@begin@": "begin.tmpl", "@end@": "end.tmpl", "@jq@": "each.jq"}


def write_stages(target: Path) -> Path:
    """Write all stages into one file for kwok and return it."""
    parts = {marker: (FOLDER / file).read_text().splitlines() for marker, file in PARTS.items()}
    documents = [_expand(path.read_text(), parts) for path in sorted(FOLDER.glob("*.yaml"))]
    target.write_text("---\n".join(documents))
    return target


def _expand(text: str, parts: dict[str, list[str]]) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        marker = re.fullmatch(r"( *)(@\w+@)", line)
        if marker is None:
            lines.append(line)
        else:
            lines += [marker.group(1) + part for part in parts[marker.group(2)]]
    return "\n".join(lines) + "\n"
