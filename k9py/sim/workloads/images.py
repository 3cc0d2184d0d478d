"""The registry the nodes pull from: which images there are, what they run, and how a pull fails."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from k9py.sim.workloads.programs import IDLE, MIB, End, Program, with_command

_REFERENCE = re.compile(
    r"(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+|/)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_MISSING_WORDS = ("missing", "notfound", "not-found", "does-not-exist", "doesnotexist", "nope", "typo")
_BEHAVIOURS = re.compile(r"(?:.*/)?(crash|oom|missing|slow|complete|unready)")
_WITHHELD_WORDS = ("private", "forbidden")


@dataclass(frozen=True, slots=True)
class Image:
    """One image as a node sees it."""

    reference: str
    """As written in the pod."""
    program: Program
    size: int = 42 * MIB
    pull: float = 2.4
    """Seconds a pull takes, or until it fails."""
    error: str = ""
    """Why it cannot be pulled; empty when it can."""
    invalid: str = ""
    """Why the name is no image name; empty when it is one."""
    own: bool = False
    """True for an image a world describes: it does what it says there, whatever its name."""

    @property
    def canonical(self) -> str:
        """The full name with registry and tag or digest."""
        return canonical(self.reference)

    @property
    def image_id(self) -> str:
        """The repository with the digest of what was pulled."""
        name = self.canonical
        if "@" in name:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()
        return f"{_repository(name)}@sha256:{digest}"


def named(reference: str) -> str:
    """Return the behaviour an image's name begins with, empty for none."""
    found = _BEHAVIOURS.match(reference)
    return found[1] if found else ""


def canonical(reference: str) -> str:
    """Return a reference with its registry, ``library/`` and tag written out."""
    first, slash, _ = reference.partition("/")
    if not slash:
        reference = f"docker.io/library/{reference}"
    elif "." not in first and ":" not in first and first != "localhost":
        reference = f"docker.io/{reference}"
    last = reference.rsplit("/", 1)[-1]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def _repository(name: str) -> str:
    bare = name.split("@", 1)[0]
    head, _, last = bare.rpartition("/")
    return f"{head}/{last.split(':', 1)[0]}"


KNOWN: dict[str, tuple[Program, int, int]] = {
    "nginx": (Program("nginx", 0.4, ports=(80,), idle_cpu=0.001, memory=9 * MIB, request_cpu=0.0006), 72, 1),
    "httpd": (Program("nginx", 0.5, ports=(80,), idle_cpu=0.002, memory=14 * MIB, request_cpu=0.0008), 61, 2),
    "redis": (Program("redis", 0.3, ports=(6379,), idle_cpu=0.004, memory=11 * MIB, request_cpu=0.0002), 17, 8),
    "mysql": (
        Program("mysql", 7.0, ports=(3306,), idle_cpu=0.012, memory=388 * MIB, request_cpu=0.002, stop=2.5),
        246,
        9,
    ),
    "postgres": (
        Program("postgres", 2.5, ports=(5432,), idle_cpu=0.006, memory=62 * MIB, request_cpu=0.0015, stop=0.8),
        158,
        18,
    ),
    "mongo": (Program("quiet", 3.0, ports=(27017,), idle_cpu=0.011, memory=164 * MIB), 290, 8),
    "rabbitmq": (Program("quiet", 9.0, ports=(5672,), idle_cpu=0.02, memory=142 * MIB), 108, 4),
    "busybox": (Program(end=End(0.2, 0, spread=0), memory=1 * MIB, idle_cpu=0.0), 2, 1),
    "alpine": (Program(end=End(0.2, 0, spread=0), memory=1 * MIB, idle_cpu=0.0), 4, 3),
    "debian": (Program(end=End(0.2, 0, spread=0), memory=2 * MIB, idle_cpu=0.0), 48, 13),
    "ubuntu": (Program(end=End(0.2, 0, spread=0), memory=2 * MIB, idle_cpu=0.0), 30, 26),
    "python": (Program(end=End(0.3, 0, spread=0), memory=8 * MIB), 46, 3),
    "node": (Program(end=End(0.3, 0, spread=0), memory=22 * MIB), 380, 25),
    "pause": (Program(memory=1 * MIB, idle_cpu=0.0, shell=False), 1, 3),
}
"""Well-known repositories: program, size in MiB, highest major version there is."""
SYSTEM: dict[str, Program] = {
    "coredns": Program("coredns", 0.8, ports=(53, 8080, 8181, 9153), idle_cpu=0.003, memory=17 * MIB, shell=False),
    "metrics-server": Program("klog", 3.0, ports=(10250,), idle_cpu=0.006, memory=24 * MIB, shell=False),
    "kube-proxy": Program("klog", 0.9, idle_cpu=0.001, memory=19 * MIB),
    "kindnetd": Program("klog", 0.6, idle_cpu=0.001, memory=12 * MIB),
    "etcd": Program("etcd", 2.0, ports=(2379,), idle_cpu=0.031, memory=88 * MIB),
    "kube-apiserver": Program("klog", 4.0, ports=(6443,), idle_cpu=0.062, memory=294 * MIB, shell=False),
    "kube-controller-manager": Program("klog", 1.5, idle_cpu=0.021, memory=71 * MIB, shell=False),
    "kube-scheduler": Program("klog", 1.2, idle_cpu=0.008, memory=33 * MIB, shell=False),
    "local-path-provisioner": Program("klog", 0.8, idle_cpu=0.001, memory=11 * MIB),
}
"""What the cluster's own images run, by the last part of their name."""


class Registry:
    """Finds images: a world's own ones first, then the well-known, then anything that looks like a name."""

    def __init__(self, own: dict[str, Image] | None = None) -> None:
        self._own = own or {}

    def find(self, reference: str) -> Image:
        """Return what pulling and running ``reference`` is like; never raises."""
        found = self._own.get(reference)
        if found is not None:
            return replace(found, own=True)
        if not _REFERENCE.fullmatch(reference):
            why = "invalid reference format"
            if reference != reference.lower():
                why += ": repository name must be lowercase"
            text = f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": {why}'
            return Image(reference, IDLE, invalid=text)
        full = canonical(reference)
        repository = _repository(full)
        if any(word in full for word in _MISSING_WORDS):
            return Image(reference, IDLE, pull=1.6, error=not_there(full))
        if any(word in full for word in _WITHHELD_WORDS):
            return Image(reference, IDLE, pull=1.1, error=denied(full))
        return self._known(reference, full, repository)

    def _known(self, reference: str, full: str, repository: str) -> Image:
        name = repository.rsplit("/", 1)[-1]
        if name in SYSTEM:
            return Image(reference, SYSTEM[name], 34 * MIB, pull=1.4)
        known = KNOWN.get(name) if repository.startswith("docker.io/library/") or name == "pause" else None
        if known is None:
            if repository.startswith("docker.io/library/") and not named(reference):
                return Image(reference, IDLE, pull=1.2, error=denied(full))
            return Image(reference, _guess(name))
        program, size, newest = known
        tag = full.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
        major = re.match(r"v?(\d+)", tag)
        if major and int(major[1]) > newest:
            return Image(reference, program, pull=1.3, error=not_there(full))
        return Image(reference, program, size * MIB, pull=0.6 + size / 40)


def _guess(name: str) -> Program:
    """Return a program for an image nobody described: a small web service, unless its name says otherwise."""
    web = Program("access", 1.5, ports=(8080,), idle_cpu=0.003, memory=46 * MIB)
    if "crash" in name:
        return replace(web, voice="traceback", end=End(4.0, 1))
    if "oom" in name:
        return replace(web, voice="java_oom", leak=6.0 * MIB)
    if "job" in name or "migrate" in name or "backup" in name:
        return replace(web, voice="batch", end=End(12.0, 0))
    return web


def not_there(full: str) -> str:
    """Return containerd's error for a tag that does not exist."""
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {full}: not found'
    )


def denied(full: str) -> str:
    """Return containerd's error for a repository one may not read, or that is not there."""
    return (
        f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": pull access denied, '
        "repository does not exist or may require authorization: server message: insufficient_scope: "
        "authorization failed"
    )


def program_for(image: Image, container: dict[str, Any]) -> Program:
    """Return what a container runs: its image's program, changed by its command and args."""
    command, args = container.get("command") or [], container.get("args") or []
    return with_command(image.program, [str(word) for word in command], [str(word) for word in args])
