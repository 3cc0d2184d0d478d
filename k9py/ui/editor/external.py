"""A text in the person's own editor: the terminal is lent, the file is private and goes away with it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from k9py.core.errors import K9Error
from k9py.core.files import file_name
from k9py.ui.lending import SuspendedTerminal

if TYPE_CHECKING:
    from k9py.ui.app import K9App

LAST_RESORTS = ("vi", "nano", "vim", "ed")
"""Editors looked for when the environment names none."""

LOOK = 1.0
"""Seconds between two looks at the file: what the editor saved last may be lost with k9py itself for so long."""

_PREFIX = "k9py-edit-"
_IN_USE = ".in-use"
"""A file locked by us and by the editor: whatever ends both of them, the lock ends too."""


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
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_parent(environ)))  # mkdtemp makes it 0700


def remove_left_behind(environ: Mapping[str, str]) -> None:
    """Remove what runs that were killed left: a Secret's values may stand in it."""
    for directory in _parent(environ).glob(f"{_PREFIX}*"):
        try:
            if directory.lstat().st_uid != os.getuid():
                continue
            lock = os.open(directory / _IN_USE, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # being made, or removed by another run of ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # in use
        else:
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(lock)


def _parent(environ: Mapping[str, str]) -> Path:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return Path(
        runtime if runtime and os.path.isdir(runtime) and os.access(runtime, os.W_OK) else tempfile.gettempdir()
    )


def _locked(directory: Path) -> int:
    """Return the open lock of a new directory; the editor gets it too."""
    lock = os.open(directory / _IN_USE, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


async def _watch(path: Path, text: str, saved: Callable[[str], None]) -> None:
    """Hand over what the editor saves while it is open."""
    before, known = _look(path), text
    while True:
        await asyncio.sleep(LOOK)
        now = _look(path)
        if now == before:
            continue
        try:
            found = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue  # it is being written: looked at again
        before = now
        if found != known:
            known = found
            saved(found)


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None  # replaced at this moment
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


async def edit_outside(
    app: K9App, text: str, *, title: str, suffix: str, saved: Callable[[str], None], line: int = 0
) -> str:
    """Return the text as the person left it in their editor; raises K9Error when that did not go well.

    ``line`` (from 1) is where the editors that can be told begin. ``saved`` is told what they save while they are
    open, so that it can be kept: k9py may be killed before they end.
    """
    environ = os.environ
    command = editor_command(environ)
    directory = private_directory(environ)
    path = directory / f"{file_name(title)}{suffix}"
    lock = _locked(directory)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # Ends of lines are the text's own in both directions.
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        place = [f"+{line}"] if line and Path(command[0]).name in _TAKE_A_LINE else []
        async with SuspendedTerminal(app):
            try:
                process = await asyncio.create_subprocess_exec(*command, *place, str(path), pass_fds=(lock,))
            except OSError as error:
                raise K9Error(f"{command[0]} cannot be run: {error.strerror}", remedy="Name one in EDITOR") from error
            watching = asyncio.create_task(_watch(path, text, saved), name="what the editor saves")
            try:
                status = await process.wait()
            finally:
                watching.cancel()
        app.repaint_all()
        if status:
            raise K9Error(f"{command[0]} ended with status {status}: the text is as it was before")
        try:
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise K9Error(f"what {command[0]} left cannot be read: {error}") from error
    finally:
        os.close(lock)
        # The editor's own backups and swap files lie beside it and go as well.
        shutil.rmtree(directory, ignore_errors=True)


_TAKE_A_LINE = frozenset({"vi", "vim", "nvim", "nano", "emacs", "micro", "joe", "kak", "hx", "ed"} - {"ed", "hx"})
"""Editors that go to a line given as ``+N``."""
