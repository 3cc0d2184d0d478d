"""Files other programs read and write at the same time: noticing changes, locking, replacing whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from k9py.core.errors import KubeconfigError

LOCK_WAIT = 3.0
"""Seconds to wait for another program's lock; kubectl holds one for some milliseconds."""
LOCK_POLL = 0.02
"""Seconds between two looks at a lock that is held."""

_Look = tuple[int, int, int]


class FileStamps:
    """What some files looked like, to tell later whether their contents changed.

    A touch or a rewrite of the same bytes is no change; a file that appears or vanishes is one.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(dict.fromkeys(paths))
        self._looks: dict[str, _Look | None] = {}
        self._digests: dict[str, bytes] = {}
        for path in self._paths:
            self.accept(path)

    def accept(self, path: str) -> None:
        """Take what is there now as known."""
        if path in self._paths:
            self._looks[path] = _look(path)
            self._digests[path] = _digest(path)

    def changed(self) -> bool:
        """Return True while any file has contents other than the known ones; costs one stat per file."""
        for path in self._paths:
            look = _look(path)
            if look == self._looks[path]:
                continue
            if _digest(path) != self._digests[path]:
                return True
            self._looks[path] = look
        return False


def _look(path: str) -> _Look | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _digest(path: str) -> bytes:
    try:
        return hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:
        return b""


@contextlib.contextmanager
def kubectl_lock(path: Path) -> Iterator[None]:
    """Hold kubectl's lock on a kubeconfig: the file ``PATH.lock``, created exclusively. Blocks the thread."""
    lock = path.with_name(path.name + ".lock")
    deadline = time.monotonic() + LOCK_WAIT
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                raise KubeconfigError(
                    f"{path} is locked by another program",
                    remedy=f"If none is running, remove {lock}",
                ) from None
            time.sleep(LOCK_POLL)
        except OSError as error:
            raise KubeconfigError(f"{path} cannot be locked: {error.strerror}") from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all, keeping its mode and owner; a symlink keeps pointing where it did."""
    real = Path(os.path.realpath(path))
    try:
        status = real.stat()
        handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    except OSError as error:
        raise KubeconfigError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, status.st_mode & 0o7777)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):  # only root may give files away; the mode is kept
                os.chown(temporary, status.st_uid, status.st_gid)
        os.replace(temporary, real)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise KubeconfigError(f"{path} cannot be written: {error.strerror}") from error
