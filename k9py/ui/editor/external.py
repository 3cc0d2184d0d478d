"""A text in the person's own editor: the terminal is lent, the file is private and goes away with it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from k9py.core.errors import K9Error
from k9py.core.files import file_name
from k9py.ui.lending import SuspendedTerminal

if TYPE_CHECKING:
    from k9py.ui.app import K9App

LAST_RESORTS = ("vi", "nano", "vim", "ed")
"""Editors looked for when the environment names none."""


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the person's editor as words; raises K9Error when there is none."""
    for name in ("K9PY_EDITOR", "KUBE_EDITOR", "VISUAL", "EDITOR"):
        if environ.get(name, "").strip():
            return shlex.split(environ[name])
    for program in LAST_RESORTS:
        if shutil.which(program, path=environ.get("PATH")):
            return [program]
    raise K9Error("there is no editor", remedy="Name one in EDITOR")


def private_directory(environ: Mapping[str, str]) -> Path:
    """Make a directory only its owner can look into, in memory where the system has such a place."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    parent = runtime if runtime and os.path.isdir(runtime) and os.access(runtime, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="k9py-", dir=parent))  # mkdtemp makes it 0700


async def edit_outside(app: K9App, text: str, *, title: str, suffix: str, line: int = 0) -> str:
    """Return the text as the person left it in their editor; raises K9Error when that did not go well.

    ``line`` (from 1) is where the editors that can be told begin.
    """
    environ = os.environ
    command = editor_command(environ)
    directory = private_directory(environ)
    path = directory / f"{file_name(title)}{suffix}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # Ends of lines are the text's own in both directions.
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        place = [f"+{line}"] if line and Path(command[0]).name in _TAKE_A_LINE else []
        async with SuspendedTerminal(app):
            try:
                process = await asyncio.create_subprocess_exec(*command, *place, str(path))
            except OSError as error:
                raise K9Error(f"{command[0]} cannot be run: {error.strerror}", remedy="Name one in EDITOR") from error
            status = await process.wait()
        app.repaint_all()
        if status:
            raise K9Error(f"{command[0]} ended with status {status}: the text is as it was before")
        try:
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise K9Error(f"what {command[0]} left cannot be read: {error}") from error
    finally:
        # The editor's own backups and swap files lie beside it and go as well.
        shutil.rmtree(directory, ignore_errors=True)


_TAKE_A_LINE = frozenset({"vi", "vim", "nvim", "nano", "emacs", "micro", "joe", "kak", "hx", "ed"} - {"ed", "hx"})
"""Editors that go to a line given as ``+N``."""
