"""The little file system of a simulated container: enough to look around, read, write and copy."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

DIRECTORY = None
"""The content of a directory."""


class FileError(Exception):
    """What a command prints about a path: the part after ``name: path: ``."""


@dataclass(slots=True)
class Files:
    """Absolute paths and their bytes; None marks a directory."""

    entries: dict[str, bytes | None] = field(default_factory=lambda: {"/": DIRECTORY})
    read_only: bool = False
    """True for a read-only root; ``/tmp`` can still be written."""

    def add(self, path: str, content: bytes | None) -> None:
        """Put a file (or a directory) with the directories above it, whatever the permissions."""
        parent = posixpath.dirname(path)
        if parent not in self.entries:
            self.add(parent, DIRECTORY)
        self.entries[path] = content

    @staticmethod
    def resolve(path: str, directory: str) -> str:
        """Return the absolute form of a path."""
        return posixpath.normpath(posixpath.join(directory, path))

    def read(self, path: str) -> bytes:
        """Return a file's content; raises FileError."""
        if path not in self.entries:
            raise FileError("No such file or directory")
        content = self.entries[path]
        if content is None:
            raise FileError("Is a directory")
        return content

    def is_directory(self, path: str) -> bool:
        """Return True for a directory."""
        return path in self.entries and self.entries[path] is None

    def children(self, path: str) -> list[str]:
        """Return the names in a directory, sorted; raises FileError."""
        if path not in self.entries:
            raise FileError("No such file or directory")
        if self.entries[path] is not None:
            return [posixpath.basename(path)]
        return sorted(
            posixpath.basename(item) for item in self.entries if item != "/" and posixpath.dirname(item) == path
        )

    def write(self, path: str, content: bytes | None, *, append: bool = False) -> None:
        """Write a file or make a directory; raises FileError."""
        self._check(path)
        if posixpath.dirname(path) not in self.entries:
            raise FileError("No such file or directory")
        if content is not None and self.is_directory(path):
            raise FileError("Is a directory")
        before = self.entries.get(path) or b""
        self.entries[path] = before + content if append and content is not None else content

    def remove(self, path: str) -> None:
        """Remove a path and all below it; raises FileError."""
        self._check(path)
        if path not in self.entries:
            raise FileError("No such file or directory")
        for item in [item for item in self.entries if item == path or item.startswith(path + "/")]:
            del self.entries[item]

    def _check(self, path: str) -> None:
        if path.startswith("/proc") or (self.read_only and not (path + "/").startswith("/tmp/")):
            raise FileError("Read-only file system")


def container_files(*, hostname: str, ip: str, image: str, token: bool, mounts: dict[str, dict[str, bytes]]) -> Files:
    """Return the files of a fresh container; ``mounts`` maps mount paths to their files."""
    files = Files()
    for path in ("/bin", "/dev", "/etc", "/home", "/proc", "/root", "/tmp", "/usr/bin", "/var/log", "/app"):
        files.add(path, DIRECTORY)
    texts = {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n{ip}\t{hostname}\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
        "/etc/resolv.conf": "search default.svc.cluster.local svc.cluster.local cluster.local\n"
        "nameserver 10.96.0.10\noptions ndots:5\n",
        "/app/VERSION": f"{image}\n",
        "/proc/version": "Linux version 6.12.43+deb13-amd64 (debian-kernel) #1 SMP\n",
        "/proc/loadavg": "0.21 0.34 0.31 2/211 41\n",
    }
    for path, text in texts.items():
        files.add(path, text.encode())
    if token:
        account = "/var/run/secrets/kubernetes.io/serviceaccount"
        files.add(f"{account}/namespace", b"default")
        files.add(f"{account}/token", b"simulated-service-account-token")
        files.add(f"{account}/ca.crt", b"-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n")
    for path, contents in mounts.items():
        files.add(path.rstrip("/"), DIRECTORY)
        for name, content in contents.items():
            files.add(posixpath.join(path, name), content)
    return files
