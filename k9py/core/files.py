"""Files of ours: named after any text, private to their owner, replaced whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

_SLUG_LENGTH = 48
"""Characters of a name kept readable in a file name; far below the 255 bytes of file systems."""


def file_name(name: str) -> str:
    """Return a file name for any text: readable where it can be, and different for different texts.

    Context names are free text (ARNs, URLs with slashes), and some file systems ignore case.
    """
    import hashlib  # deferred: 3 ms for OpenSSL, and there is no name of a file before the first frame

    slug = re.sub(r"[^a-zA-Z0-9._-]+", "_", name)[:_SLUG_LENGTH].strip("._")
    return f"{slug or 'context'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def make_private(directory: Path) -> None:
    """Make a directory, and whichever of its parents are missing, readable by their owner only."""
    missing = [part for part in (directory, *directory.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, body: bytes) -> None:
    """Replace a file of ours whole or not at all, readable by its owner only; makes its directories."""
    make_private(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
