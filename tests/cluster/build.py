"""Builds the control plane from its published Go modules, once per content of the Go folder.

The cache key is a hash over every file of `go/` and the Go version, so that a changed pin or source never
meets an old binary. Binaries live outside the checkout, in `$XDG_CACHE_HOME/k9py-test-cluster/<hash>/`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError

GO_SOURCES = Path(__file__).parent / "go"
COMMON_GO = Path("/usr/local/go/bin/go")
"""Where Go's own installer puts it; looked at when PATH has no `go`."""

COMMANDS = ("control", "kubectl")
BUILDS_KEPT = 3
"""Each takes 190 MB; clusters made with an older one still run, but their parts cannot be started again."""

PROGRESS_SECONDS = 15
"""Between two progress lines of a build that takes minutes."""

VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The built programs: the control plane (one multi-call binary) and kubectl."""

    folder: Path

    @property
    def control(self) -> Path:
        return self.folder / "control"

    @property
    def kubectl(self) -> Path:
        return self.folder / "kubectl"

    @property
    def complete(self) -> bool:
        return self.control.exists() and self.kubectl.exists()


def cache_root() -> Path:
    """Return the folder that holds builds, one per content hash."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "k9py-test-cluster"


def find_go() -> Path | None:
    """Return the Go command, or None when the machine has none."""
    on_path = shutil.which("go")
    if on_path:
        return Path(on_path)
    return COMMON_GO if COMMON_GO.exists() else None


def go_needed() -> str | None:
    """Return the Go version to install when this machine's is missing or too old, else None."""
    pinned = re.search(r"^go (\d+\.\d+)", (GO_SOURCES / "go.mod").read_text(), re.MULTILINE)
    if pinned is None:
        raise ClusterError("go.mod pins no Go version")
    found = re.match(r"go(\d+)\.(\d+)", _go_version())
    new_enough = found is None or tuple(map(int, found.groups())) >= tuple(map(int, pinned[1].split(".")))
    return None if find_go() is not None and new_enough else pinned[1]


def kubernetes_version() -> str:
    """Return the pinned Kubernetes version, such as `v1.36.3`, read from go.mod."""
    pinned = re.search(r"^\s*k8s\.io/kubernetes (v\S+)$", (GO_SOURCES / "go.mod").read_text(), re.MULTILINE)
    if pinned is None:
        raise ClusterError("go.mod pins no k8s.io/kubernetes")
    return pinned.group(1)


def built() -> Binaries | None:
    """Return the binaries of the present sources when they are in the cache."""
    binaries = Binaries(folder=_build_folder())
    return binaries if binaries.complete else None


def build() -> Binaries:
    """Return the binaries of the present sources, building them first when the cache has none."""
    ready = built()
    if ready is not None:
        return ready
    go = find_go()
    if go is None:
        raise ClusterError("no Go found: install Go 1.26 or set K9PY_TEST_KUBECONFIG to an existing cluster")
    cache_root().mkdir(parents=True, exist_ok=True)
    with (cache_root() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = built()  # Another process may have built while this one waited.
        return ready if ready is not None else _fill_cache(go, _build_folder())


def _fill_cache(go: Path, folder: Path) -> Binaries:
    for abandoned in folder.parent.glob("building-*"):  # The lock is held: nobody is building there any more.
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        _compile(go, Path(scratch))
        folder.mkdir(exist_ok=True)
        for command in COMMANDS:
            os.replace(Path(scratch) / command, folder / command)
    builds = [path for path in cache_root().iterdir() if Binaries(folder=path).complete]
    for old in sorted(builds, key=lambda path: path.stat().st_mtime)[:-BUILDS_KEPT]:
        shutil.rmtree(old)
    return Binaries(folder=folder)


def _build_folder() -> Path:
    return cache_root() / _content_hash()


def _content_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted(GO_SOURCES.rglob("*")):
        if path.is_file() and (path.suffix == ".go" or path.name in ("go.mod", "go.sum")):
            digest.update(str(path.relative_to(GO_SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(_go_version().encode())
    return digest.hexdigest()[:16]


def _go_version() -> str:
    """Return the toolchain's version from the file beside it: asking `go` costs 50 ms a time."""
    go = find_go()
    version_file = go.resolve().parent.parent / "VERSION" if go else None
    if version_file is not None and version_file.exists():
        return version_file.read_text().splitlines()[0]
    return ""


def _link_flags() -> str:
    version = kubernetes_version()
    major, minor, _patch = version.removeprefix("v").split(".", 2)
    flags = ["-s", "-w"]
    for package in VERSION_PACKAGES:
        flags += [
            f"-X {package}.gitVersion={version}",
            f"-X {package}.gitMajor={major}",
            f"-X {package}.gitMinor={minor}",
            f"-X {package}.gitTreeState=clean",
        ]
    return " ".join(flags)


def _compile(go: Path, target: Path) -> None:
    """Compile every command into `target`, with a progress line now and then: it takes minutes from nothing."""
    began = time.monotonic()
    _say(f"building Kubernetes {kubernetes_version()} from its Go modules (several minutes the first time)")
    command = [str(go), "build", "-trimpath", "-ldflags", _link_flags(), "-o", f"{target}/", "./cmd/..."]
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=GO_SOURCES, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=PROGRESS_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    _say(f"still building, {time.monotonic() - began:.0f} s")
        finally:
            process.kill()
        output.seek(0)
        if code != 0:
            raise ClusterError("go build failed:\n" + output.read().decode(errors="replace")[-4000:])
    _say(f"built in {time.monotonic() - began:.0f} s")


def _say(line: str) -> None:
    print(f"tests.cluster: {line}", file=sys.stderr, flush=True)
